"""Doing what the steps of one job ask for, whoever waits for it: at its endpoint, in its journal, on the disk."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from animatediff_widget.backends.base import Backend
from animatediff_widget.errors import AnimateDiffError, EndpointError, JournalError, StorageError
from animatediff_widget.journal import JournalEntry
from animatediff_widget.media.animation import Animation
from animatediff_widget.media.formats import sniff
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

from . import actions
from .files import find_file, put_in_place, tidy
from .listing import Listing
from .recovery import Found, is_same_job
from .steps import Steps

if TYPE_CHECKING:
    from .job import Job

__all__ = ["Executor"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Executor:
    """Does the actions of one job; every method gives the action's answer or raises its error."""

    job: Job
    key: str
    backend: Backend
    steps: Steps

    def write(self, action: actions.Begin | actions.Record | actions.Adopt) -> Any:
        """Do what the journal alone is needed for."""
        if isinstance(action, actions.Begin):
            return self.job.journal.begin(self.job.body, self.backend.endpoint, key=self.key, part=self.job.part)
        if isinstance(action, actions.Adopt):
            return self.job.journal.adopt(self.key, action.prediction, named=action.named)
        return self._record(action)

    def _record(self, action: actions.Record) -> None:
        """Write in the journal; one that was set aside meanwhile gets the whole record again."""
        if not self.job.journal.record(self.key, action.state, **action.known):
            self.job.journal.begin(self.job.body, self.backend.endpoint, key=self.key, part=self.job.part)
            known = {"prediction": self.steps.view.prediction, **action.known}
            self.job.journal.record(self.key, action.state, **known)

    def recall(self, entry: JournalEntry) -> tuple[JournalEntry, tuple[Animation, ...]]:
        """Look at what the journal and the disk have now; another process may have brought the job further."""
        with contextlib.suppress(JournalError):
            entry = self.job.journal.get(entry.key) or entry
        folder = self.job.journal.animations
        tidy(folder, entry.key)
        animations = entry.animations()
        if entry.output is None:  # a kill may have come after the file got its name and before the journal knew
            animations = dataclasses.replace(entry, output=find_file(folder, entry.key)).animations()
        return entry, animations

    def exchange(self, action: actions.Exchange) -> Any:
        """Do what takes the network."""
        backend = self.backend
        if isinstance(action, actions.Create):
            return backend.create(self.job.body, self.key, action.cancel_after, previews=action.previews)
        if isinstance(action, actions.Search):
            return self._search(action.since)
        if isinstance(action, actions.Fetch):
            return self._fetch(action)
        if isinstance(action, actions.Look):
            return backend.preview(action.url)
        assert action.prediction.id is not None
        if isinstance(action, actions.Cancel):
            return backend.cancel(action.prediction.id)
        return backend.watch(action.prediction.id, action.prediction, action.at_most)

    def came_late(self, created: Future[Prediction]) -> None:
        """Write down which job a POST has made that was no longer waited for, and cancel it where that was wanted."""
        prediction = None if created.exception() else created.result()
        if prediction is None or prediction.id is None:
            return
        try:
            entry = self.job.journal.get(self.key)
            if entry is not None and entry.prediction_id is None:
                self.job.journal.adopt(self.key, prediction, named=True)
            if self.steps.control.presses:
                self.backend.cancel(prediction.id)
        except AnimateDiffError as error:
            logger.warning("%s", error)

    def _search(self, since: float) -> list[Found]:
        listing = self.job.listing or Listing(since)
        found: list[Found] = []
        try:
            for prediction in listing.read(self.backend):
                found += self.look_at([prediction], listing.clock_ahead)
        except EndpointError:
            if not found:  # a further page that fails takes nothing from what an earlier one had
                raise
        return found

    def look_at(self, listed: Iterable[Prediction], clock_ahead: float) -> Iterator[Found]:
        """Yield what may be this job of those that are listed: no other job of this endpoint has its id."""
        for prediction in listed:
            tells = "input" in prediction.raw  # some relays list none
            if is_same_job(self.job.body, prediction) or not tells:
                known = self.job.journal.get(prediction.id or "", endpoint=self.backend.endpoint.url)
                if known is None or known.key == self.key:
                    yield Found(prediction, clock_ahead, tells)

    def _fetch(self, action: actions.Fetch) -> Animation:
        folder, number = self.job.journal.animations, action.number
        name = f"{self.key}-{number + 1}" if number else self.key
        path = find_file(folder, name) if number else None  # an attempt before may have had it
        try:
            if path is None:
                scrap = folder / f"{name}-{uuid.uuid4().hex}.part"
                part = self.backend.fetch(action.prediction.outputs[number], scrap)
                path = put_in_place(part, name, sniff(part.read_bytes()))
            return Animation(path.read_bytes(), self.job.body, action.prediction, path)
        except OSError as error:
            raise StorageError(Message("not_read_again", folder=folder, why=error.strerror or error)) from None
