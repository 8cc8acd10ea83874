"""What a job goes through, from the POST to the animation on disk: what to do next, and nothing else.

`Steps.run` is a generator: it yields actions and is sent their answers, or has their errors thrown in, as the
``auth_flow`` of httpx is. There is no thread, no sleep, no HTTP and no SQL here; a driver (`drivers`) does the actions.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Generator
from typing import Any

from animatediff_widget.backends.http.answers import shorten
from animatediff_widget.errors import (
    AnimateDiffError,
    AnswerLost,
    ApiError,
    ConnectionFailed,
    EndpointError,
    EndpointGone,
    JobCanceled,
    JobError,
    JobFailed,
    JobTimeout,
    JournalError,
    NothingToFollow,
    OutputError,
    OutputNotAllowed,
    StorageError,
)
from animatediff_widget.journal import JournalEntry
from animatediff_widget.media.animation import Animation
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.status import FINAL_STATES
from animatediff_widget.texts import Message

from .actions import Action, Fetch, Flow, Recall
from .context import Context
from .following import Following
from .submission import Submission

__all__ = ["Steps"]

_REFUSALS = (400, 401, 403, 404, 410)  # what stores of files answer where a file was deleted, or is not yet there


class Steps(Context):
    """The steps of one job; how it stands, its `view`, changes between actions."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._submission = Submission(self)
        self._following = Following(self, self._submission)

    def run(self) -> Flow:
        """Yield the actions of the job, one after another, to its end."""
        now = self.control.now()
        self.deadline = now + self.timeout
        self.show(started=now)
        try:
            if self.entry is None:
                yield from self._submission.submit()
            else:
                yield from self._take_up(self.entry)
            if not self.view.finished:
                yield from self._following.follow()
                yield from self._finish()
        except AnimateDiffError as error:
            yield from self._end(self._state_after(error), error)
        except Exception as error:
            yield from self._end("left", JobError(Message("unforeseen", error=repr(error))))
            raise

    def _take_up(self, entry: JournalEntry) -> Flow:
        entry, animations = yield Recall(entry)
        if animations:
            if entry.state != "succeeded" or entry.output is None:
                yield from self.record("succeeded", **_known(animations[0]))
            self.show(prediction=entry.prediction, animations=animations)
            yield from self._end("succeeded")
            return
        prediction = entry.prediction
        if prediction is None:
            if entry.state in FINAL_STATES:
                error = entry.error or Message("never_created")
                raise (JobCanceled if entry.state == "canceled" else JobFailed)(error)
            if entry.damaged:
                raise JobFailed(Message("record_damaged"))
            if self.abilities.free:
                yield from self._submission.submit()
                return
            if self.adopt is None:
                prediction = yield from self._submission.search(ConnectionFailed(Message("cut_off")))
                assert prediction is not None
            else:
                prediction = yield from self._submission.adopt(self.adopt)
        if self.abilities.free:  # its server, with its files, may be gone: it is asked first
            prediction = dataclasses.replace(prediction, outputs=())
        yield from self.record("running", prediction=prediction)
        self.show(prediction=prediction, state="running", notice=None)

    def _finish(self) -> Flow:
        prediction = self.prediction()
        status = prediction.status
        if status == "canceled":
            raise JobCanceled(Message("canceled"))
        if status == "aborted":
            raise JobFailed(Message("gave_up"))
        if status == "failed":
            why = shorten(prediction.error) if prediction.error else Message("no_reason")
            raise JobFailed(Message("model_failed", why=why))
        if not prediction.outputs:
            raise OutputError(Message("gone"))
        took = None if self.posted is None else self.schedule.took
        if took is not None and self.abilities.runs:  # without the time that it waited there for others
            took = prediction.predict_time or took
        yield from self.record("downloading")
        self.show(state="downloading")
        # The first one last: once its file has its name, all of them are on the disk.
        animations: list[Animation] = []
        for number in reversed(range(len(prediction.outputs))):
            try:
                animations.insert(0, (yield from self._fetch(prediction, number)))
            except OutputError as error:
                if not number or error.passing or isinstance(error, StorageError):
                    raise
                self.show(notice=error.message)  # nothing is fetched from where it lies, now or later
        yield from self.record("succeeded", prediction=prediction, seconds=took, **_known(animations[0]))
        self.show(animations=tuple(animations))
        yield from self._end("succeeded")

    def _fetch(self, prediction: Prediction, number: int) -> Generator[Action, Any, Animation]:
        first_fault = None
        for attempt in itertools.count(1):
            try:
                animation: Animation = yield Fetch(prediction, number)
                return animation
            except EndpointError as error:
                if self.canceled:
                    raise JobTimeout(Message("canceled_fetching")) from None
                first_fault = self.control.now() if first_fault is None else first_fault
                if error.params.get("status") in _REFUSALS and self.is_late():
                    raise OutputError(Message("gone")) from None
                if not error.passing or self.tried(first_fault):
                    raise
                yield from self.wait_out(error, attempt)
        raise AssertionError

    def _end(self, state: str, error: AnimateDiffError | None = None) -> Flow:
        if error is not None:
            yield from self.record(state, prediction=self.view.prediction, error=error.message)
        self.show(state=state, error=error, notice=None, preview=None, ended=self.control.now())

    def _state_after(self, error: AnimateDiffError) -> str:
        """Give the state in which an error leaves the job."""
        if isinstance(error, JobCanceled):
            return "canceled"
        if isinstance(error, NothingToFollow):
            return "accepted"
        if isinstance(error, AnswerLost):
            return "unknown"
        if isinstance(error, (JobTimeout, StorageError, OutputNotAllowed, EndpointGone)):
            return "left"
        if isinstance(error, JournalError) and self.view.state != "new":
            return "left"
        if self.view.state in ("running", "downloading") and isinstance(error, EndpointError):
            deleted = isinstance(error, ApiError) and error.status in (404, 410) and self.is_late()
            no_output = isinstance(error, OutputError) and not error.passing
            return "failed" if deleted or no_output else "left"
        return "failed"


def _known(animation: Animation) -> dict[str, Any]:
    """Give what the journal keeps of an animation."""
    digest = hashlib.sha256(animation.data).hexdigest()
    return {"output": animation.path, "size": len(animation.data), "sha256": digest}
