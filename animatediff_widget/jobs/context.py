"""What all steps of one job share."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from animatediff_widget.backends.base import Abilities
from animatediff_widget.errors import EndpointError, JobTimeout
from animatediff_widget.journal import JournalEntry
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

from .actions import Flow, Record, Wait
from .control import Control
from .polling import Schedule
from .view import JobView

__all__ = ["Context"]

_LONGEST_BACKOFF = 30.0
_UNCONFIRMED = 2.0  # how long a canceled job is waited for where nothing comes; an exchange had as long before
_LAST_LOOK = 1.0  # before the job's time is over, whatever the endpoint asked to wait
_PATIENCE = 120.0  # a copy of the endpoint's records, or a gateway, may be late by that much
_KEPT = 3600.0 + 600.0  # an endpoint keeps what was made for about an hour


@dataclass(eq=False)
class Context:
    """One job as its steps see it: where it runs, when to ask, what the person wants, and how it stands (`view`)."""

    endpoint: Endpoint
    abilities: Abilities
    schedule: Schedule
    control: Control
    timeout: float
    entry: JournalEntry | None = None
    adopt: str | None = None  # the id of the job at the endpoint that the person says is this one
    previews: bool = False  # whether to look at the first frame while it is drawn
    view: JobView = field(init=False)
    deadline: float = field(default=0.0, init=False)
    posted: float | None = field(default=None, init=False)  # on the clock that never jumps
    _heard: float = field(default=0.0, init=False)  # the endpoint's last answer, or when a cancellation was noticed
    _noticed: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.view = JobView() if self.entry is None else JobView.of(self.entry)

    @property
    def canceled(self) -> bool:
        """Whether to cancel the job; one that was found in a list may be another person's: it takes two presses."""
        return self.control.presses > self.view.adopted

    def remind(self) -> None:
        """Say that a job that was found takes another cancellation."""
        if self.view.adopted and self.control.presses == 1 and self.view.notice is None:
            self.show(notice=Message("cancel_adopted"))

    def prediction(self) -> Prediction:
        """Give the last answer, which there is."""
        assert self.view.prediction is not None
        return self.view.prediction

    def show(self, **changes: Any) -> None:
        """Change what the job shows."""
        self.view = dataclasses.replace(self.view, **changes)

    def answered(self) -> None:
        """Say that the endpoint answers."""
        self._heard = self.control.now()

    def accept(self, prediction: Prediction) -> Flow:
        """Take in an answer: written down where it changes something, then shown."""
        self.schedule.heard(prediction, self.control.now())
        before = self.view.prediction
        self.show(notice=None)
        self.remind()
        if before is None or (before.id, before.status) != (prediction.id, prediction.status):
            yield from self.record("running", prediction=prediction)
        self.show(prediction=prediction, state="running")

    def record(self, state: str, **known: Any) -> Flow:
        """Write in the journal. Once the job is posted, a journal that fails no longer stops it."""
        if self.view.state == "new":
            return
        problem = yield Record(state, {name: value for name, value in known.items() if value is not None})
        if problem is not None:
            self.show(notice=problem.message)

    def tried(self, first_fault: float) -> bool:
        """Whether something that was first refused at that time was asked for long enough."""
        return self.is_late() or self.control.now() - first_fault >= _PATIENCE

    def is_late(self) -> bool:
        """Whether the endpoint has deleted by now what an earlier session's job made."""
        if self.entry is None:
            return False
        answer = self.view.prediction
        created, completed = (answer.created_at, answer.completed_at) if answer else (None, None)
        took = max(completed - created, 0.0) if created and completed else 0.0  # by one clock, the endpoint's
        return self.control.wall() - self.entry.created - took > _KEPT

    def left(self) -> float:
        """How much of the job's time is left, in seconds: of the person's, and once it is canceled, of a moment."""
        now = self.control.now()
        if not self.canceled:
            return self.deadline - now
        if not self._noticed:
            self._noticed, self._heard = True, now
        return min(self.deadline, self._heard + _UNCONFIRMED) - now

    def wait_out(self, error: EndpointError, count: int, *, obey: bool = False) -> Flow:
        """Wait before asking again after a fault that may pass.

        An endpoint that wants to be asked no sooner than the job's time is over is asked once more before, unless it is
        to be obeyed.
        """
        wait = min(0.5 * 2.0 ** min(count, 10), _LONGEST_BACKOFF)
        if error.retry_after is not None:
            wait = error.retry_after if obey else min(error.retry_after, self.left() - _LAST_LOOK)
            wait = max(wait, 1.0)  # an endpoint that says "now" again and again is not asked in a loop
        self.show(notice=Message("asking_again", error=error, seconds=f"{max(wait, 1):.0f}"))
        yield from self.wait(wait)

    def wait(self, seconds: float) -> Flow:
        """Wait; raise `JobTimeout` where the job's time is over."""
        self.check_time()
        yield Wait(min(seconds, self.left()))

    def check_time(self) -> None:
        """Raise `JobTimeout` where the job's time is over."""
        if self.left() <= 0:
            late = self.deadline <= self.control.now()
            raise JobTimeout(
                Message("timed_out", seconds=f"{self.timeout:g}") if late else Message("cancel_unconfirmed")
            )
