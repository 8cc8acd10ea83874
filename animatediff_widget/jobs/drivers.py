"""Driving the steps of one job in a thread of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from animatediff_widget.backends.http.exchange import Permit
from animatediff_widget.errors import AnimateDiffError, ConnectionFailed, JobError, JournalError
from animatediff_widget.texts import Message

from . import actions
from .control import beside
from .executor import Executor
from .steps import Steps
from .view import JobView

if TYPE_CHECKING:
    from .job import Job

__all__ = ["LEAST", "Driver"]

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5  # a picture that takes longer is not waited for

LEAST = 1.0
"""What an exchange is given also where the job's time is over: a last look for a job whose answer is lost."""


class Driver:
    """Drives the steps of one job, in the thread that calls `drive`; `deliver` gets every view, and must not raise."""

    def __init__(self, job: Job, steps: Steps, deliver: Callable[[JobView], None]) -> None:
        self._steps = steps
        self._control = steps.control
        self._deliver = deliver
        self._executor = Executor(job, job.key, job.client.backend, steps)

    def drive(self) -> None:
        """Drive the job to its end, while no other process does."""
        is_new, journal, key = self._steps.entry is None, self._executor.job.journal, self._executor.key
        view = dataclasses.replace(self._steps.view, state="failed" if is_new else "left", ended=time.monotonic())
        try:
            with journal.claim(key) or contextlib.nullcontext() as claim:
                # While this process holds the claim, no other begins the job: a process and its fork have the same job.
                was_run = is_new and claim is not None and journal.get(key) is not None
                if claim is None or was_run:
                    why = Message("was_run" if was_run else "runs_elsewhere")
                    view = dataclasses.replace(view, state="left", error=JobError(why))
                else:
                    self._run()
                    self._executor.backend.close()
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
        if isinstance(action, actions.Wait):
            return self._control.wait(action.seconds)
        if isinstance(action, actions.Record):
            try:
                return self._executor.write(action)
            except JournalError as error:
                logger.warning("%s", error)
                return error
        if isinstance(action, (actions.Begin, actions.Adopt)):
            return self._executor.write(action)
        if isinstance(action, actions.Recall):
            return self._executor.recall(action.entry)
        if isinstance(action, actions.Look):
            return self._look(action)
        permit = Permit()
        exchange = beside(lambda: permit.run(lambda: self._executor.exchange(action)))
        if self._control.wait_for(exchange, max(self._steps.left(), LEAST)):
            return exchange.result()
        # It is left to its thread: a cancellation goes on there, and so does a POST that has begun. One that has not
        # begun never will.
        arrived = True
        if isinstance(action, actions.Create):
            arrived = not permit.withdraw()
            if arrived:
                exchange.add_done_callback(self._executor.came_late)
        label = self._executor.backend.endpoint.label
        raise ConnectionFailed(Message("cut_short", who=label), arrived=arrived, passing=True)

    def _look(self, action: actions.Look) -> bytes | None:
        """Fetch a picture; that there is none is no fault, as the next one, or the animation, comes soon."""
        look = beside(lambda: self._executor.exchange(action))
        if self._control.wait_for(look, _LOOK_SECONDS):
            with contextlib.suppress(AnimateDiffError):
                picture: bytes = look.result()
                return picture
        return None
