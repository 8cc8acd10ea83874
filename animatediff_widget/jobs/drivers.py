"""Doing what the steps of a job ask for."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from animatediff_widget.backends.http.connection import Permit
from animatediff_widget.errors import (
    AnimateDiffError,
    ConnectionFailed,
    EndpointError,
    JobError,
    JournalError,
    StorageError,
)
from animatediff_widget.journal import JournalEntry
from animatediff_widget.media.animation import Animation
from animatediff_widget.media.formats import sniff
from animatediff_widget.texts import Message

from . import actions
from .control import beside
from .files import find_file, put_in_place, tidy
from .listing import Listing
from .recovery import Found, is_same_job
from .steps import Steps
from .view import JobView

if TYPE_CHECKING:
    from .job import Job

__all__ = ["Driver"]

logger = logging.getLogger(__name__)

_LEAST = 1.0  # what an exchange is given also where the job's time is over: a last look for a job whose answer is lost


class Driver:
    """Drives the steps of one job, in the thread that calls `drive`; `deliver` gets every view, and must not raise."""

    def __init__(self, job: Job, steps: Steps, deliver: Callable[[JobView], None]) -> None:
        self._steps = steps
        self._control = steps.control
        self._deliver = deliver
        self._listing = job.listing
        self._body, self._key, self._backend, self._journal = job.body, job.key, job.client.backend, job.journal
        self._part = job.part

    def drive(self) -> None:
        """Drive the job to its end, while no other process does."""
        is_new = self._steps.entry is None
        view = dataclasses.replace(self._steps.view, state="failed" if is_new else "left", ended=time.monotonic())
        try:
            with self._journal.claim(self._key) or contextlib.nullcontext() as claim:
                # While this process holds the claim, no other begins the job: a process and its fork have the same job.
                was_run = is_new and claim is not None and self._journal.get(self._key) is not None
                if claim is None or was_run:
                    why = Message("was_run" if was_run else "runs_elsewhere")
                    view = dataclasses.replace(view, state="left", error=JobError(why))
                else:
                    self._run()
                    self._backend.close()
                    view = self._steps.view
        except JournalError as error:
            view = dataclasses.replace(view, error=error)
        self._deliver(view)

    def _run(self) -> None:
        flow = self._steps.run()
        answer: Any = None
        failure: AnimateDiffError | None = None
        delivered: JobView | None = None
        with contextlib.suppress(StopIteration):
            while True:
                action = flow.send(answer) if failure is None else flow.throw(failure)
                if self._steps.view is not delivered and not self._steps.view.finished:
                    delivered = self._steps.view
                    self._deliver(delivered)
                answer, failure = None, None
                try:
                    answer = self._do(action)
                except AnimateDiffError as error:
                    failure = error

    def _do(self, action: actions.Action) -> Any:
        """Do one action; give its answer or raise its error."""
        backend, journal, key = self._backend, self._journal, self._key
        if isinstance(action, actions.Wait):
            return self._control.wait(action.seconds)
        if isinstance(action, actions.Record):
            return self._record(action)
        if isinstance(action, actions.Begin):
            return journal.begin(self._body, backend.endpoint, key=key, part=self._part)
        if isinstance(action, actions.Adopt):
            return journal.adopt(key, action.prediction, named=action.named)
        if isinstance(action, actions.Recall):
            return self._recall(action.entry)
        permit = Permit()
        exchange = beside(lambda: permit.run(lambda: self._exchange(action)))
        if self._control.wait_for(exchange, max(self._steps.left(), _LEAST)):
            return exchange.result()
        # It is left to its thread: a cancellation goes on there, and so does a POST that has begun. One that has not
        # begun never will.
        arrived = True
        if isinstance(action, actions.Create):
            arrived = not permit.withdraw()
            if arrived:
                exchange.add_done_callback(self._came_late)
        raise ConnectionFailed(Message("cut_short", who=backend.endpoint.label), arrived=arrived, passing=True)

    def _exchange(self, action: actions.Exchange) -> Any:
        """Do what takes the network; in a thread of its own."""
        backend = self._backend
        if isinstance(action, actions.Create):
            return backend.create(self._body, self._key, action.cancel_after)
        if isinstance(action, actions.Search):
            return self._search(action.since)
        if isinstance(action, actions.Fetch):
            return self._fetch(action)
        assert action.prediction.id is not None
        if isinstance(action, actions.Cancel):
            return backend.cancel(action.prediction.id)
        return backend.watch(action.prediction.id, action.prediction, action.at_most)

    def _came_late(self, created: Future[Any]) -> None:
        """Write down which job a POST has made that was no longer waited for, and cancel it where that was wanted."""
        prediction = None if created.exception() else created.result()
        if prediction is None or prediction.id is None:
            return
        try:
            entry = self._journal.get(self._key)
            if entry is not None and entry.prediction_id is None:
                self._journal.adopt(self._key, prediction, named=True)
            if self._control.presses:
                self._backend.cancel(prediction.id)
        except AnimateDiffError as error:
            logger.warning("%s", error)

    def _record(self, action: actions.Record) -> JournalError | None:
        """Write in the journal; one that was set aside meanwhile gets the whole record again."""
        try:
            if not self._journal.record(self._key, action.state, **action.known):
                self._journal.begin(self._body, self._backend.endpoint, key=self._key, part=self._part)
                known = {"prediction": self._steps.view.prediction, **action.known}
                self._journal.record(self._key, action.state, **known)
        except JournalError as error:
            logger.warning("%s", error)
            return error
        return None

    def _search(self, since: float) -> list[Found]:
        """List what may be this job: no other job of this endpoint has its id."""
        found: list[Found] = []
        listing = self._listing or Listing(since)
        try:
            for prediction in listing.read(self._backend):
                tells = "input" in prediction.raw  # some relays list none
                if is_same_job(self._body, prediction) or not tells:
                    known = self._journal.get(prediction.id or "", endpoint=self._backend.endpoint.url)
                    if known is None or known.key == self._key:
                        found.append(Found(prediction, listing.clock_ahead, tells))
        except EndpointError:
            if not found:  # a further page that fails takes nothing from what an earlier one had
                raise
        return found

    def _fetch(self, action: actions.Fetch) -> Animation:
        folder, number = self._journal.animations, action.number
        name = f"{self._key}-{number + 1}" if number else self._key
        path = find_file(folder, name) if number else None  # an attempt before may have had it
        try:
            if path is None:
                scrap = folder / f"{name}-{uuid.uuid4().hex}.part"
                part = self._backend.fetch(action.prediction.outputs[number], scrap)
                path = put_in_place(part, name, sniff(part.read_bytes()))
            return Animation(path.read_bytes(), self._body, action.prediction, path)
        except OSError as error:
            raise StorageError(Message("not_read_again", folder=folder, why=error.strerror or error)) from None

    def _recall(self, entry: JournalEntry) -> tuple[JournalEntry, tuple[Animation, ...]]:
        """Look at what the journal and the disk have now; another process may have brought the job further."""
        with contextlib.suppress(JournalError):
            entry = self._journal.get(entry.key) or entry
        folder = self._journal.animations
        tidy(folder, entry.key)
        animations = entry.animations()
        if entry.output is None:  # a kill may have come after the file got its name and before the journal knew
            animations = dataclasses.replace(entry, output=find_file(folder, entry.key)).animations()
        return entry, animations
