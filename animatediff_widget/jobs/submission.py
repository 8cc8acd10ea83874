"""Submitting a job: posted once, and looked for where its answer was lost."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from typing import Any

from animatediff_widget.errors import AnswerLost, ApiError, EndpointError, JobCanceled, JobTimeout
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

from .actions import Action, Adopt, Begin, Create, Flow, Search, Wait, Watch
from .context import Context
from .recovery import Found, is_same_job, list_jobs

__all__ = ["Submission"]

_TRIES = 4
_SEARCHES = (0.5, 2.0, 5.0)  # seconds before each: what was just created may not be listed at once
_LISTED_BY = 60.0  # seconds after its creation, a job is in the list
_CLOCK_SKEW = 900.0  # a gateway's clock, by which the list's times are corrected, may be off by ten minutes
_LONG_AGO = 24 * 3600.0  # by so much this machine's clock may have been ahead in an earlier session
_MOST_CANDIDATES = 10
_LONGEST_POST = 60.0  # that an earlier session waited for its answer


class Submission:
    """The steps from the body to the endpoint's first answer."""

    def __init__(self, job: Context) -> None:
        self._job = job
        self._began = self._ended = (0.0, 0.0)  # when the last POST did, on the clock that never jumps and the system's
        self._candidates: list[Found] = []  # what the last look found

    def submit(self) -> Flow:
        """Post the job; its first answer stands in the view then."""
        if self._job.canceled:
            raise JobCanceled(Message("canceled_unsent"))
        yield Begin()
        self._job.show(state="submitting")
        for attempt in itertools.count(1):
            self._began = self._times()
            self._job.posted = self._began[0]
            self._job.schedule.asked(self._job.posted)
            prediction, failure = None, None
            try:
                prediction = yield Create(self._job.timeout, self._job.previews)
            except EndpointError as error:
                failure = error
            self._ended = self._times()
            if failure is not None and failure.arrived:
                prediction = yield from self.search(failure)
                if prediction is None and attempt >= _TRIES:
                    raise failure
            elif failure is not None:
                yield from self._wait_to_repeat(failure, attempt)
                if isinstance(failure, ApiError) and self._job.abilities.list:
                    prediction = yield from self._look()
            if prediction is not None:
                yield from self._job.accept(prediction)
                return

    def _times(self) -> tuple[float, float]:
        """Give the time on both clocks."""
        return self._job.control.now(), self._job.control.wall()

    def _wait_to_repeat(self, error: EndpointError, attempt: int) -> Flow:
        """Wait before a POST that certainly created nothing is repeated; raise where it is not worth it."""
        throttled = isinstance(error, ApiError)
        if not error.passing or (attempt >= _TRIES and not throttled):
            raise error
        if self._job.canceled:
            raise JobCanceled(Message("canceled_untaken"))
        try:
            yield from self._job.wait_out(error, attempt, obey=True)
        except JobTimeout:  # it was never taken, so this is what went wrong
            raise error from None
        if self._job.canceled:
            raise JobCanceled(Message("canceled_untaken"))

    def search(self, error: EndpointError) -> Generator[Action, Any, Prediction | None]:
        """Look for a job whose answer was lost. It is never posted again where it may cost money already."""
        found = yield from self._look_repeatedly(Message("looking", error=error))
        if found is not None or self._job.abilities.free:
            return found
        raise self._lost(error)

    def find_unnamed(self) -> Generator[Action, Any, Prediction | None]:
        """Look for a job that was accepted with no id; None where it is not in a list."""
        found = yield from self._look_repeatedly(Message("looking_unnamed"))
        if found is None and self._candidates:
            raise self._lost(Message("unnamed"))
        return found

    def adopt(self, prediction_id: str) -> Generator[Action, Any, Prediction]:
        """Take the job that the person has named, of those that may be this one."""
        assert self._job.entry is not None
        try:
            prediction: Prediction = yield Watch(Prediction.from_json({"id": prediction_id}), 0.0)
        except EndpointError as error:
            raise AnswerLost(error.message) from None
        if "input" in prediction.raw and not is_same_job(self._job.entry.body, prediction):
            raise AnswerLost(Message("of_another_request", id=prediction_id))
        if not (yield Adopt(prediction, named=True)):
            raise AnswerLost(Message("of_another_job", id=prediction_id))
        return prediction

    def _lost(self, why: EndpointError | Message) -> AnswerLost:
        """Say that a job is lost; show which jobs it may be."""
        candidates = tuple(found.prediction for found in self._candidates[:_MOST_CANDIDATES])
        self._job.show(candidates=candidates)
        code = "perhaps_one_of" if candidates else "perhaps_created"
        return AnswerLost(Message(code, error=why, jobs=list_jobs(candidates)), passing=True)

    def _look_repeatedly(self, notice: Message) -> Generator[Action, Any, Prediction | None]:
        self._job.show(notice=notice)
        entry = self._job.entry if self._job.posted is None else None
        # A job of an earlier session is in the list by now, or it will never be.
        late = entry is not None and self._job.control.wall() - entry.created > _LISTED_BY
        waits = (0.0,) if late else _SEARCHES
        for wait in waits if self._job.abilities.list else ():
            yield Wait(min(wait, max(self._job.left(), _SEARCHES[0])))
            found = yield from self._look()
            if found is not None or self._job.left() <= 0:
                return found
        return None

    def _look(self) -> Generator[Action, Any, Prediction | None]:
        """Look into the list once; adopt the job there that was made during the POST, where it is the only one."""
        windows, since = self._windows()
        try:
            listed: list[Found] = yield Search(since)
        except EndpointError:
            return None
        during = [found for found in listed if any(found.fits(*each) for each in windows)]
        self._candidates = [found for found in listed if found.tells or found in during]
        fitting = [found.prediction for found in during if found.tells]
        if len(fitting) != 1 or not (yield Adopt(fitting[0])):  # else another job of the journal was faster
            return None
        self._job.show(adopted=True)
        return fitting[0]

    def _windows(self) -> tuple[list[tuple[float, float]], float]:
        """Give between when the job was posted by the system's clock, and since when to list."""
        now, wall = self._times()
        if self._job.posted is None:
            assert self._job.entry is not None
            created = self._job.entry.created
            return [(created, created + _LONGEST_POST)], min(created, wall) - _LONG_AGO
        # As it stood then, and as it stands now: it may have been set, and the other one stops while a laptop sleeps.
        (began, began_wall), (ended, ended_wall) = self._began, self._ended
        windows = [(began_wall, ended_wall), (wall - (now - began), wall - (now - ended))]
        return windows, min(start for start, _ in windows) - _CLOCK_SKEW
