"""The jobs of a sweep: which are to be run, how each is made, and what the journal is told."""

from __future__ import annotations

import contextlib
import logging
import time
import weakref
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from functools import partial
from typing import Any

from animatediff_widget.backends.client import Client
from animatediff_widget.backends.registry import is_free
from animatediff_widget.errors import AnimateDiffError, JobError, JournalError
from animatediff_widget.jobs.control import beside
from animatediff_widget.jobs.job import Job
from animatediff_widget.journal import Claim, JournalEntry, JournalProtocol, Part, SweepEntry
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.status import ENDED_STATES, FINAL_STATES
from animatediff_widget.texts import Message

from .cells import Grid, cell_key, order
from .plan import Budget, SweepPlan, estimate
from .standing import Ended, Standing

__all__ = ["Batch", "Jobs"]

logger = logging.getLogger(__name__)

_SENT_AGAIN = "sent_again"


class Batch:
    """The jobs of a sweep, and how they stand."""

    def __init__(
        self, key: str | None, grid: Grid, client: Client, journal: JournalProtocol, at_once: int | None, timeout: float
    ) -> None:
        # The cells of which the journal may know something, None for all: it is not asked about what nobody else knows.
        self._recorded: set[int] | None = set() if key is None else None
        key = key or journal.new_key()
        self.key, self.grid, self.client, self.journal, self.timeout = key, grid, client, journal, timeout
        self.is_free = client.backend.abilities.free
        self.at_once = at_once or client.backend.abilities.at_once
        self.budget = Budget()
        self.standing = Standing(grid.cells(key), journal)
        self.is_confirmed = False
        self._created = time.time()
        self._asked: set[str] = set()  # the jobs for whose logs was asked
        self._order = order(grid.axes)
        self._attempts: dict[int, int] = {}  # of cells that were run more than once, how often before
        self._made: weakref.WeakValueDictionary[int, Job] = weakref.WeakValueDictionary()

    def recall(self, sweep: SweepEntry, jobs: list[JournalEntry]) -> None:
        """Take in what the journal has; of a cell that was run again, the last time. May be called again."""
        self._created = sweep.created
        self.is_confirmed = sweep.endpoint == self.client.endpoint.url
        last: dict[int, JournalEntry] = {}
        counts: Counter[int] = Counter()
        ended: dict[str, Ended] = {}
        for entry in jobs:
            number = -1 if entry.part is None else entry.part.cell
            if 0 <= number < len(self.standing.cells):
                last[number] = entry
                counts[number] += 1
                if entry.state in ENDED_STATES:
                    ended[entry.key] = Ended.recorded(entry)
        for number, entry in last.items():
            if self._attempts.get(number, 0) >= counts[number]:  # it is to be begun anew here, and nobody has
                continue
            self._attempts[number] = counts[number] - 1
            made = self._made.get(number)
            if made is not None and made.finished and entry.key not in ended:  # its end could not be written down
                del self._made[number]
            self.standing.recall(number, entry, ended.get(entry.key))
            if _is_sent_again(entry):  # its process was killed before it did
                self.reset(number)
        self.standing.posted = sum(not _is_sent_again(entry) for entry in jobs)
        self.standing.spent = sum(each.spent for each in ended.values())

    def refresh(self) -> None:
        """Take in what another process has done since; does nothing where none can have."""
        sweep = self.journal.sweep(self.key) if self._recorded is None else None
        if sweep is not None:
            self.recall(sweep, self.journal.cells(self.key))

    def options(self) -> dict[str, Any]:
        """Give what the sweep is run with, for the journal; the arguments of `Sweep` by their names."""
        return {"at_once": self.at_once, "timeout": self.timeout, "budget": asdict(self.budget)}

    def open(self) -> Claim:
        """Write the sweep in the journal; give the right to run it, which no other process has."""
        claim = self.journal.claim(self.key)
        if claim is None:
            raise JobError(Message("sweep_runs_elsewhere"))
        try:
            self.refresh()
            where = self.client.endpoint
            axes: Mapping[str, tuple[Any, ...]] = dict(self.grid.axes)
            self.journal.begin_sweep(
                SweepEntry(self.key, self._created, where.url, where.kind, self.grid.body, axes, self.options())
            )
        except BaseException:
            claim.release()
            raise
        self.is_confirmed = True
        return claim

    def close(self, is_wanted: bool) -> None:
        """Write in the journal how the sweep was left; one that ended early and not by a person stays open."""
        self._recorded = None
        if all(self.standing.state(number) in ENDED_STATES for number in self._order):
            self.journal.end_sweep(self.key, "finished")
        elif is_wanted:
            self.journal.end_sweep(self.key, "stopped")

    def close_left(self) -> None:
        """Close what a process left open that was killed after the last cell had ended."""
        sweep = self.journal.sweep(self.key)
        claim = self.journal.claim(self.key) if sweep is not None and sweep.state == "open" else None
        if claim is not None:
            with claim:
                self.close(False)

    def pending(self) -> list[int]:
        """Give the cells that are to be begun or taken up, in the order of running."""
        return [number for number in self._order if self.standing.state(number) not in FINAL_STATES]

    def plan(self, numbers: list[int] | None = None) -> SweepPlan:
        """Say what posting these cells takes, or all that were never begun."""
        if numbers is None:
            numbers = [number for number in self._order if self.standing.state(number) == "new"]
        cells = (self.standing.cells[number] for number in numbers)
        side_by_side = min(self.at_once, self.client.backend.abilities.runs or self.at_once)
        seconds = estimate(cells, side_by_side, self.journal, self.client.endpoint) if numbers else 0.0
        return SweepPlan(len(numbers), self.client.endpoint, self.at_once, seconds, not self.is_free)

    def failed(self) -> list[int]:
        """Give the cells that failed or were canceled: of none of them an animation will come."""
        return [number for number in self._order if self.standing.state(number) in ("failed", "canceled")]

    def lost(self) -> list[JournalEntry]:
        """Give the jobs of which nobody knows whether they were created."""
        unknown = (cell.key for cell in self.standing.cells if self.standing.state(cell.number) == "unknown")
        entries = filter(None, map(self.journal.get, unknown))
        return [entry for entry in entries if entry.part and entry.prediction_id is None]

    def fetch_log(self, number: int) -> Future[bool] | None:
        """Ask once, beside, for the log of a cell whose end only a list told: lists have none.

        Gives whether the journal has it then; None where there is nothing to ask for.
        """
        entry = self.journal.get(self.standing.cells[number].key)
        if entry is None or entry.prediction is None or entry.state not in FINAL_STATES or entry.key in self._asked:
            return None
        if "logs" in entry.prediction.raw or entry.endpoint != self.client.endpoint.url:
            return None
        self._asked.add(entry.key)
        return beside(partial(self._fetch_log, number, entry, entry.prediction))

    def _fetch_log(self, number: int, entry: JournalEntry, known: Prediction) -> bool:
        try:
            answer = self.client.backend.watch(known.id or "", known)
            is_news = bool(answer.logs) and answer.status == known.status  # its endpoint may have deleted all of it
            if is_news:
                self.journal.record(entry.key, entry.state, prediction=answer)
        except AnimateDiffError as error:
            logger.info("%s", error)
            return False
        self.standing.touch(number)
        return is_news

    def send_again(self, number: int) -> None:
        """Let a cell be begun anew whose job was certainly never created, after a kill too."""
        with contextlib.suppress(JournalError):
            self.journal.record(self.standing.cells[number].key, "failed", error=Message(_SENT_AGAIN))
        self.standing.posted -= 1
        self.reset(number)

    def reset(self, number: int) -> None:
        """Let a cell be begun anew, under another key where the journal knows the one before."""
        key, entry = self.standing.cells[number].key, None
        self._made.pop(number, None)  # the journal may not know it, and the next one then has the same key
        with contextlib.suppress(JournalError):
            entry = self.journal.get(key)
        if entry is not None:
            attempt = self._attempts[number] = self._attempts.get(number, 0) + 1
            key = cell_key(self.key, number, attempt)
        self.standing.reset(number, key)

    def job(self, number: int) -> Job:
        """Give the job of a cell: the one that somebody has, or a new one, or one of the journal."""
        cell = self.standing.cells[number]
        job = self._made.get(number)
        if job is None or job.key != cell.key or (job.finished and job.state not in FINAL_STATES):
            is_known = self._recorded is None or number in self._recorded
            entry = self.journal.get(cell.key) if is_known else None
            if entry is None:
                part = Part(self.key, number)
                job = Job(cell.body, self.client, journal=self.journal, timeout=self.timeout, key=cell.key, part=part)
            else:
                # What is free is not bound to the place where it was begun, which may be gone.
                is_here = entry.endpoint == self.client.endpoint.url or (self.is_free and is_free(entry.kind))
                job = Job.resume(entry, self.client if is_here else None, journal=self.journal, timeout=self.timeout)
            self._made[number] = job
            if self._recorded is not None:
                self._recorded.add(number)
        return job


def _is_sent_again(entry: JournalEntry) -> bool:
    """Whether a job was certainly never created, so that its cell is begun anew under another key."""
    return isinstance(entry.error, Message) and entry.error.code == _SENT_AGAIN


class Jobs(Sequence[Job]):
    """The jobs of a sweep, in the order of its cells, made when they are asked for."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __len__(self) -> int:
        return len(self._batch.standing.cells)

    def __getitem__(self, place: Any) -> Any:
        numbers = range(len(self))[place]
        return self._batch.job(numbers) if isinstance(numbers, int) else [*map(self._batch.job, numbers)]
