"""Whether jobs whose answers were lost were ever created: looked up in the endpoint's list once that must show them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

from animatediff_widget.errors import JournalError
from animatediff_widget.jobs.control import beside
from animatediff_widget.jobs.recovery import is_same_job
from animatediff_widget.jobs.status_line import lasting
from animatediff_widget.journal import JournalEntry
from animatediff_widget.texts import Message

from .batch import Batch

__all__ = ["Settling"]

_LISTED_AFTER = 120.0  # seconds: the POST of a job has ended by then, and what it made is in the list
_TRIES, _AGAIN = 4, 1.0  # a list that cannot be read is asked for again, after so many seconds and later and later
_CLOCK_SKEW = 900.0  # the endpoint's clock may be off by that much


class Settling:
    """Settles, at the end of a sweep, which of its lost jobs were never created, once the endpoint must list them."""

    def __init__(self, batch: Batch) -> None:
        self.notice: Message | None = None
        self._batch = batch
        self._lost: list[JournalEntry] = []
        self._looked_for: set[str] = set()
        self._certain_at = self._look_at = 0.0
        self._is_last = False
        self._faults = 0
        self._look: Future[list[JournalEntry] | None] | None = None

    def settle(self) -> list[int] | None:
        """Give the cells that are to be begun again: none while it is not known yet, None where nothing is to be known.

        It returns at once, and is called again and again.
        """
        now = time.monotonic()
        if not self._lost:
            with contextlib.suppress(JournalError):
                self._lost = [entry for entry in self._batch.lost() if entry.key not in self._looked_for]
            if not self._lost:
                return None
            # When they were posted nobody knows: a job may be held back for long after it is written down.
            self._certain_at, self._look_at = now + _LISTED_AFTER, now
            self.notice = Message("settling", count=len(self._lost), time=lasting(_LISTED_AFTER))
        if self._look is None and now >= self._look_at:
            self._look_at = self._certain_at  # the first look only tells whether the list tells anything
            self._is_last = now >= self._certain_at
            self._look = beside(partial(_find_never_created, self._lost, self._batch))
        if self._look is None or not self._look.done():
            return []
        look, self._look = self._look, None
        if look.exception() is not None and self._faults < _TRIES:
            self._look_at = now + _AGAIN * 2.0**self._faults
            self._faults += 1
            return []
        never = None if look.exception() else look.result()
        if never is not None and not self._is_last:
            return []
        self._looked_for |= {entry.key for entry in self._lost}
        self._lost, self.notice, self._faults = [], None, 0
        return [entry.part.cell for entry in never or () if entry.part]


def _find_never_created(lost: Sequence[JournalEntry], batch: Batch) -> list[JournalEntry] | None:
    """Give those of the jobs that certainly were never created; None where the list does not tell.

    Some relays have a list that stays empty, is cut short, or does not say what jobs were made from. So it must show
    the other jobs of the sweep as what they are, and no job unknown here that may be a lost one.
    """
    where, journal = batch.client.endpoint.url, batch.journal
    if not batch.client.backend.abilities.list or any(entry.endpoint != where for entry in lost):
        return None
    since = min(entry.created for entry in lost) - _CLOCK_SKEW
    listed = {job.id: job for job in batch.client.backend.list(since)}
    still = {entry.key for entry in batch.lost()}  # an answer may have come meanwhile, or a person named the job
    lost = [entry for entry in lost if entry.key in still]
    others = [entry for entry in journal.cells(batch.key) if entry.prediction_id and entry.created > since]
    shown = [entry.prediction_id in listed and is_same_job(entry.body, listed[entry.prediction_id]) for entry in others]
    strangers = [job for job in listed.values() if journal.get(job.id or "", endpoint=where) is None]
    tells = all(isinstance(job.raw.get("input"), dict) for job in strangers)
    if not shown or not all(shown) or not tells:
        return None
    return [entry for entry in lost if not any(is_same_job(entry.body, job) for job in strangers)]
