"""What a job goes through, from the POST to the animation on disk: what to do next, and nothing else.

`Steps.run` is a generator: it yields actions and is sent their answers, or has their errors thrown in, as the
``auth_flow`` of httpx is. There is no thread, no sleep, no HTTP and no SQL here; a driver (`drivers`) does the actions.
"""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from animatediff_widget.backends.base import Abilities
from animatediff_widget.backends.http.answers import shorten
from animatediff_widget.errors import (
    AnimateDiffError,
    AnswerError,
    AnswerLost,
    ApiError,
    ConnectionFailed,
    EndpointError,
    JobCanceled,
    JobError,
    JobFailed,
    JobTimeout,
    JournalError,
    NothingToFollow,
    OutputError,
    StorageError,
)
from animatediff_widget.journal import JournalEntry
from animatediff_widget.media.animation import Animation
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.status import FINAL_STATES
from animatediff_widget.texts import Message

from .polling import Schedule
from .view import JobView

__all__ = [
    "Action",
    "Adopt",
    "Begin",
    "Cancel",
    "Clock",
    "Create",
    "Fetch",
    "Fetched",
    "Recall",
    "Record",
    "Search",
    "Steps",
    "Wait",
    "Watch",
]

_SUBMIT_TRIES = 4
_SEARCHES = (0.5, 2.0, 5.0)  # seconds before each: what was just created may not be listed at once
_CLOCK_SKEW = 300.0
_REFUSALS = 3  # answers such as 404 that end the following; the first can be a matter of a moment
_FETCH_TRIES = 6
_LONGEST_BACKOFF = 30.0
_HOLD = 1.0  # how long a pushing server may hold an answer: a cancellation waits for it
_AT_ONCE = 0.05  # an unchanged answer that came quicker was not held


@dataclass(frozen=True)
class Begin:
    """Write the body in the journal; a `JournalError` is thrown in."""


@dataclass(frozen=True)
class Record:
    """Write a state in the journal, with what is known beside it; answered with a `JournalError` or None."""

    state: str
    known: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recall:
    """Look into the journal and on the disk; answered with the entry as it is now, and its animation or None."""

    entry: JournalEntry


@dataclass(frozen=True)
class Create:
    """Post the body; the endpoint is to cancel the job after so many seconds."""

    cancel_after: float


@dataclass(frozen=True)
class Watch:
    """Ask how the job stands, or wait at most so many seconds until that changed."""

    prediction: Prediction
    at_most: float


@dataclass(frozen=True)
class Cancel:
    """Cancel the job at the endpoint."""

    prediction: Prediction


@dataclass(frozen=True)
class Search:
    """List the jobs with this body that are no other job's, created since then (seconds since the epoch, our clock)."""

    since: float


@dataclass(frozen=True)
class Adopt:
    """Write down that a job that was found is this one; answered with whether it was still free."""

    prediction: Prediction


@dataclass(frozen=True)
class Fetch:
    """Fetch the output; answered with `Fetched`."""

    prediction: Prediction


@dataclass(frozen=True)
class Wait:
    """Wait, or until a cancellation is wanted."""

    seconds: float


Action = Begin | Record | Recall | Create | Watch | Cancel | Search | Adopt | Fetch | Wait
_Flow = Generator[Action, Any, None]


@dataclass(frozen=True)
class Fetched:
    """An animation that lies on the disk, whole."""

    animation: Animation
    sha256: str

    def known(self) -> dict[str, Any]:
        """Give what the journal keeps of it."""
        path: Path | None = self.animation.path
        return {"output": path, "size": len(self.animation.data), "sha256": self.sha256}


@dataclass(frozen=True)
class Clock:
    """The time: a clock that never jumps, and the system's."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


class Steps:
    """The steps of one job.

    Parameters
    ----------
    endpoint : Endpoint
        Where it runs; for the words.
    abilities : Abilities
        What the endpoint can do.
    schedule : Schedule
        When to ask.
    canceled : callable
        Whether the person wants the job canceled.
    timeout : float
        The longest to wait for its end, in seconds.
    entry : JournalEntry, optional
        What an earlier session left, where the job is taken up again.
    clock : Clock
        The time.

    Attributes
    ----------
    view : JobView
        How the job stands; changed between actions.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        abilities: Abilities,
        schedule: Schedule,
        canceled: Callable[[], bool],
        timeout: float,
        entry: JournalEntry | None = None,
        clock: Clock = Clock(),
    ) -> None:
        self.view = JobView()
        if entry is not None:
            state = "submitting" if entry.prediction is None else "running"
            self.view = JobView(state=state, prediction=entry.prediction)
        self.schedule = schedule
        self._endpoint = endpoint
        self._abilities = abilities
        self._canceled = canceled
        self._timeout = timeout
        self._entry = entry
        self._clock = clock
        self._deadline = 0.0
        self._posted: float | None = None  # on the clock that never jumps
        self._cancel_sent = False
        self._empty_answers = 0

    def run(self) -> _Flow:
        """Yield the actions of the job, one after another, to its end."""
        now = self._clock.now()
        self._deadline = now + self._timeout
        self._show(started=now)
        try:
            if self._entry is None:
                yield from self._submit()
            else:
                yield from self._take_up(self._entry)
            if not self.view.finished:
                yield from self._follow()
                yield from self._finish()
        except AnimateDiffError as error:
            yield from self._end(self._state_after(error), error)
        except Exception as error:
            yield from self._end("left", JobError(Message("unforeseen", error=repr(error))))
            raise

    # Submitting.

    def _submit(self) -> _Flow:
        if self._canceled():
            raise JobCanceled(Message("canceled_unsent"))
        yield Begin()
        self._show(state="submitting")
        for attempt in itertools.count(1):
            self._posted = self._clock.now()
            self.schedule.asked(self._posted)
            try:
                prediction = yield Create(self._timeout)
            except EndpointError as error:
                if error.arrived:
                    prediction = yield from self._search(error)
                    if prediction is None and attempt >= _SUBMIT_TRIES:
                        raise
                else:
                    yield from self._wait_to_repeat(error, attempt)
                    prediction = None
                    if isinstance(error, ApiError) and self._abilities.list:
                        prediction = yield from self._search_once(self._posted)
            if prediction is not None:
                yield from self._accept(prediction)
                return

    def _wait_to_repeat(self, error: EndpointError, attempt: int) -> _Flow:
        """Wait before a POST that certainly created nothing is repeated; raise where it is not worth it."""
        throttled = isinstance(error, ApiError)
        if not error.passing or (attempt >= _SUBMIT_TRIES and not throttled):
            raise error
        try:
            yield from self._wait_out(error, attempt)
        except JobTimeout:  # it was never taken, so this is what went wrong
            raise error from None
        if self._canceled():
            raise JobCanceled(Message("canceled_untaken"))

    def _search(self, error: EndpointError) -> Generator[Action, Any, Prediction | None]:
        """Look for a job whose answer was lost. It is never posted again where it may cost money already."""
        self._show(notice=Message("looking", error=error))
        for wait in _SEARCHES if self._abilities.list else ():
            yield Wait(wait)
            found = yield from self._search_once(self._posted)
            if found is not None:
                return found
        if self._abilities.free:
            return None
        raise AnswerLost(Message("perhaps_created", error=error), passing=True)

    def _search_once(self, posted: float | None) -> Generator[Action, Any, Prediction | None]:
        # By the system's clock as it stands now, which may have been set since the POST.
        if posted is not None:
            since = self._clock.wall() - (self._clock.now() - posted)
        else:
            assert self._entry is not None
            since = self._entry.created
        try:
            candidates = yield Search(since - _CLOCK_SKEW)
        except EndpointError:
            return None
        for candidate in candidates:
            if (yield Adopt(candidate)):  # else another job was faster
                return candidate  # type: ignore[no-any-return]
        return None

    # Taking up what an earlier session left.

    def _take_up(self, entry: JournalEntry) -> _Flow:
        entry, fetched = yield Recall(entry)
        if fetched is not None:
            if entry.state != "succeeded" or entry.output is None:
                yield from self._record("succeeded", **fetched.known())
            self._show(prediction=entry.prediction, animation=fetched.animation)
            yield from self._end("succeeded")
            return
        prediction = entry.prediction
        if prediction is None:
            if entry.state in FINAL_STATES:
                error = entry.error or Message("never_created")
                raise (JobCanceled if entry.state == "canceled" else JobFailed)(error)
            if entry.damaged:
                raise JobFailed(Message("record_damaged"))
            if self._abilities.free:
                yield from self._submit()
                return
            prediction = yield from self._search(ConnectionFailed(Message("cut_off")))
            assert prediction is not None
        yield from self._record("running", prediction=prediction)
        self._show(prediction=prediction, state="running", notice=None)

    # Following.

    def _follow(self) -> _Flow:
        faults = refusals = 0
        at_once = False
        while not self._is_over(prediction := self._prediction()):
            if prediction.id is None:
                raise NothingToFollow(Message("no_id"))
            if not (at_once or self._cancel_is_due()):
                yield from self._wait(self.schedule.delay(self._clock.now()))
            asked = self._clock.now()
            try:
                answer = yield from self._ask(prediction)
            except EndpointError as error:
                at_once = False
                gone = isinstance(error, ApiError) and error.status in (404, 410)
                if gone and self._abilities.free:  # its server ended; the same body gives the same animation
                    self._show(prediction=None)
                    yield from self._submit()
                    continue
                faults += 1
                if isinstance(error, (AnswerError, ApiError)) and not error.passing:
                    refusals += 1
                    if refusals >= _REFUSALS:
                        raise self._no_longer_known(error) from None
                yield from self._wait_out(error, faults)
                continue
            faults = refusals = 0
            is_new = answer != prediction
            if is_new or self.view.notice:
                yield from self._accept(answer)
            # Where the place pushes, the next question is held until there is something to say.
            at_once = self._abilities.pushes and (is_new or self._clock.now() - asked > _AT_ONCE)

    def _cancel_is_due(self) -> bool:
        return self._canceled() and not self._cancel_sent

    def _ask(self, prediction: Prediction) -> Generator[Action, Any, Prediction]:
        """Do the one exchange that is due: send the cancellation, or ask how the job stands."""
        self.schedule.asked(self._clock.now())
        if self._cancel_is_due():
            self._cancel_sent = True
            try:
                answer: Prediction = yield Cancel(prediction)
            except EndpointError as error:
                self._cancel_sent = not error.passing
                if error.passing:
                    raise
                self._show(notice=Message("cannot_cancel", error=error))
                return prediction
            self.schedule.canceled(self._clock.now())
            if answer.status:  # some relays answer with an empty object
                return answer
        answer = yield Watch(prediction, _HOLD if self._abilities.pushes else 0.0)
        return answer

    def _is_over(self, prediction: Prediction) -> bool:
        """Whether a prediction has ended; a success is given a moment to name its output."""
        if prediction.status == "succeeded" and not prediction.outputs and not prediction.raw.get("data_removed"):
            self._empty_answers += 1
            return self._empty_answers > _REFUSALS
        return prediction.done

    def _no_longer_known(self, error: EndpointError) -> EndpointError:
        """Say in words what it means that an endpoint refuses to tell of a job of an earlier session."""
        if self._entry is None or not isinstance(error, ApiError) or error.status not in (404, 410):
            return error
        message = Message("no_longer_known", who=self._endpoint.label, status=error.status)
        return ApiError(message, status=error.status, body=error.body)

    # The end.

    def _finish(self) -> _Flow:
        prediction = self._prediction()
        status = prediction.status
        if status == "canceled":
            raise JobCanceled(Message("canceled"))
        if status == "aborted":
            raise JobFailed(Message("gave_up"))
        if status == "failed":
            why = shorten(prediction.error) if prediction.error else Message("no_reason")
            raise JobFailed(Message("model_failed", why=why))
        if not prediction.outputs:
            raise OutputError(Message("gone" if prediction.raw.get("data_removed") else "no_output"))
        took = None if self._posted is None else self.schedule.took
        yield from self._record("downloading")
        self._show(state="downloading")
        for attempt in itertools.count(1):
            try:
                fetched = yield Fetch(prediction)
                break
            except EndpointError as error:
                if not error.passing or attempt == _FETCH_TRIES:
                    raise
                yield from self._wait_out(error, attempt)
        yield from self._record("succeeded", prediction=prediction, seconds=took, **fetched.known())
        self._show(animation=fetched.animation)
        yield from self._end("succeeded")

    def _end(self, state: str, error: AnimateDiffError | None = None) -> _Flow:
        if error is not None:
            yield from self._record(state, prediction=self.view.prediction, error=error.message)
        self._show(state=state, error=error, notice=None, ended=self._clock.now())

    def _state_after(self, error: AnimateDiffError) -> str:
        """Give the state in which an error leaves the job."""
        if isinstance(error, JobCanceled):
            return "canceled"
        if isinstance(error, NothingToFollow):
            return "accepted"
        if isinstance(error, AnswerLost):
            return "unknown"
        begun = self.view.state != "new"
        if isinstance(error, (JobTimeout, StorageError)) or (isinstance(error, JournalError) and begun):
            return "left"
        if self.view.state in ("running", "downloading") and isinstance(error, EndpointError):
            gone = isinstance(error, ApiError) and error.status in (404, 410)
            return "failed" if gone or (isinstance(error, OutputError) and not error.passing) else "left"
        return "failed"

    # What the steps share.

    def _prediction(self) -> Prediction:
        assert self.view.prediction is not None
        return self.view.prediction

    def _show(self, **changes: Any) -> None:
        self.view = dataclasses.replace(self.view, **changes)

    def _accept(self, prediction: Prediction) -> _Flow:
        """Take in an answer: written down where it changes something, then shown."""
        self.schedule.heard(prediction, self._clock.now())
        before = self.view.prediction
        self._show(notice=None)
        if before is None or (before.id, before.status) != (prediction.id, prediction.status):
            yield from self._record("running", prediction=prediction)
        self._show(prediction=prediction, state="running")

    def _record(self, state: str, **known: Any) -> _Flow:
        """Write in the journal. Once the job is posted, a journal that fails no longer stops it."""
        if self.view.state == "new":
            return
        problem = yield Record(state, {name: value for name, value in known.items() if value is not None})
        if problem is not None:
            self._show(notice=problem.message)

    def _wait_out(self, error: EndpointError, count: int) -> _Flow:
        """Wait before asking again after a fault that may pass."""
        wait = min(0.5 * 2.0 ** min(count, 10), _LONGEST_BACKOFF)
        if error.retry_after is not None:
            wait = max(error.retry_after, 1.0)  # an endpoint that says "now" again and again is not asked in a loop
        self._show(notice=Message("asking_again", error=error, seconds=f"{max(wait, 1):.0f}"))
        yield from self._wait(wait)

    def _wait(self, seconds: float) -> _Flow:
        left = self._deadline - self._clock.now()
        if left <= 0:
            raise JobTimeout(Message("timed_out", seconds=f"{self._timeout:g}"))
        yield Wait(min(seconds, left))
