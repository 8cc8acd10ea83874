"""Submitting a job: posted once, and looked for where its answer was lost."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from typing import Any

from animatediff_widget.errors import AnswerLost, ApiError, EndpointError, JobCanceled, JobTimeout
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

from .actions import Action, Adopt, Begin, Create, Flow, Search, Wait
from .context import Context

__all__ = ["Submission"]

_TRIES = 4
_SEARCHES = (0.5, 2.0, 5.0)  # seconds before each: what was just created may not be listed at once
_CLOCK_SKEW = 300.0


class Submission:
    """The steps from the body to the endpoint's first answer."""

    def __init__(self, job: Context) -> None:
        self._job = job

    def submit(self) -> Flow:
        """Post the job; its first answer stands in the view then."""
        if self._job.canceled():
            raise JobCanceled(Message("canceled_unsent"))
        yield Begin()
        self._job.show(state="submitting")
        for attempt in itertools.count(1):
            self._job.posted = self._job.clock.now()
            self._job.schedule.asked(self._job.posted)
            try:
                prediction = yield Create(self._job.timeout)
            except EndpointError as error:
                if error.arrived:
                    prediction = yield from self.search(error)
                    if prediction is None and attempt >= _TRIES:
                        raise
                else:
                    yield from self._wait_to_repeat(error, attempt)
                    prediction = None
                    if isinstance(error, ApiError) and self._job.abilities.list:
                        prediction = yield from self._search_once(self._job.posted)
            if prediction is not None:
                yield from self._job.accept(prediction)
                return

    def _wait_to_repeat(self, error: EndpointError, attempt: int) -> Flow:
        """Wait before a POST that certainly created nothing is repeated; raise where it is not worth it."""
        throttled = isinstance(error, ApiError)
        if not error.passing or (attempt >= _TRIES and not throttled):
            raise error
        try:
            yield from self._job.wait_out(error, attempt)
        except JobTimeout:  # it was never taken, so this is what went wrong
            raise error from None
        if self._job.canceled():
            raise JobCanceled(Message("canceled_untaken"))

    def search(self, error: EndpointError) -> Generator[Action, Any, Prediction | None]:
        """Look for a job whose answer was lost. It is never posted again where it may cost money already."""
        self._job.show(notice=Message("looking", error=error))
        for wait in _SEARCHES if self._job.abilities.list else ():
            yield Wait(wait)
            found = yield from self._search_once(self._job.posted)
            if found is not None:
                return found
        if self._job.abilities.free:
            return None
        raise AnswerLost(Message("perhaps_created", error=error), passing=True)

    def _search_once(self, posted: float | None) -> Generator[Action, Any, Prediction | None]:
        # By the system's clock as it stands now, which may have been set since the POST.
        if posted is not None:
            since = self._job.clock.wall() - (self._job.clock.now() - posted)
        else:
            assert self._job.entry is not None
            since = self._job.entry.created
        try:
            candidates = yield Search(since - _CLOCK_SKEW)
        except EndpointError:
            return None
        for candidate in candidates:
            if (yield Adopt(candidate)):  # else another job was faster
                return candidate  # type: ignore[no-any-return]
        return None
