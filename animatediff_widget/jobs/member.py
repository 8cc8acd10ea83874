"""One of many jobs, and what it waits for."""

from __future__ import annotations

import math
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from animatediff_widget.backends.http.exchange import Permit
from animatediff_widget.errors import ConnectionFailed, EndpointError, JobError
from animatediff_widget.journal import Claim
from animatediff_widget.texts import Message

from .actions import Action, Adopt, Begin, Cancel, Create, Fetch, Flow, Recall, Record, Search, Watch
from .executor import Executor
from .poller import Watched
from .site import Open, Site
from .steps import Steps
from .view import JobView

if TYPE_CHECKING:
    from .job import Job
    from .runner import Runner

__all__ = ["Member", "NotOurs"]


class NotOurs(JobError):
    """Another process runs the job, or has."""


@dataclass(eq=False)
class Member:
    """One of the jobs, and what it waits for. All times are seconds on the jobs' clock."""

    job: Job
    runner: Runner
    site: Site
    steps: Steps
    executor: Executor
    watched: Watched
    flow: Flow
    action: Action | Open = Open()  # noqa: RUF009 - it is frozen
    claim: Claim | None = None
    exchange: Future[Any] | None = None  # where the action is being done
    permit: Permit | None = None
    since: float = 0.0  # when the action began, or was sent
    until: float = math.inf  # when its wait is over, or the patience for its exchange
    delivered: JobView | None = None
    heeded: int = 0  # cancellations
    begun: bool = False  # in the journal
    named: bool = False  # in the journal, by the endpoint's id
    unwritten: int = 0  # records
    ended: bool = False  # its steps have; what they recorded may still have to be written
    over: bool = False  # at the endpoint
    _created: float | None = None

    @property
    def created(self) -> float | None:
        """When it was created, by the endpoint's clock; read once, for it is asked for at each look into the list."""
        if self._created is None and self.steps.view.prediction is not None:
            self._created = self.steps.view.prediction.created_at
        return self._created

    def act(self) -> Any:
        """Do what it waits for, where that takes the network or the disk."""
        action = self.action
        if isinstance(action, Open):
            return self.take()
        if isinstance(action, Recall):
            return self.executor.recall(action.entry)
        assert isinstance(action, (Create, Watch, Cancel, Search, Fetch))
        return self.executor.exchange(action)

    def take(self) -> None:
        """Claim the job, lest another process begin it; `NotOurs` where one has."""
        if self.claim is None:
            self.claim = self.job.journal.claim(self.runner.key)
            if self.claim is None:
                raise NotOurs(Message("runs_elsewhere"))

    def write(self, action: Begin | Record | Adopt) -> Any:
        """Write in the journal; `NotOurs` where the job was run before, by a process and its fork."""
        is_first = isinstance(action, Begin) and self.runner.entry is None and not self.begun
        if is_first and self.job.journal.get(self.runner.key) is not None:
            return NotOurs(Message("was_run"))
        return self.executor.write(action)

    def cut_short(self, *, arrived: bool = True) -> EndpointError:
        """Say that its exchange is waited for no longer, and whether something may have arrived."""
        label = self.site.backend.endpoint.label
        return ConnectionFailed(Message("cut_short", who=label), arrived=arrived, passing=True)

    def abandon(self) -> EndpointError:
        """Leave its exchange to its thread: a cancellation goes on there, and so does a POST that has begun.

        One that has not begun never will.
        """
        exchange, self.exchange = self.exchange, None
        if not isinstance(self.action, Create):
            return self.cut_short()
        arrived = self.permit is not None and not self.permit.withdraw()
        if arrived and exchange is not None:
            exchange.add_done_callback(self.executor.came_late)
        return self.cut_short(arrived=arrived)
