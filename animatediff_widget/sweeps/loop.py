"""The loop of a sweep: begins cells while there is room, takes in how they stand, heeds what the person wants."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.interrupts import uninterrupted
from animatediff_widget.jobs.job import Job
from animatediff_widget.jobs.view import JobView

from .running import CellRunner

__all__ = ["Loop", "Owner"]

logger = logging.getLogger(__name__)

_TICK = 0.1  # a press is noticed before it feels unheard


class Owner(Protocol):
    """What the loop asks of its sweep."""

    at_once: int

    def make_job(self, number: int) -> Job:
        """Make the job of a cell."""

    def show_cell(self, number: int, view: JobView) -> None:
        """Take in how a cell stands."""

    def show(self, state: str | None = None, *, running: int = 0) -> None:
        """Let the traits follow."""


class Loop:
    """Runs what is pending of a sweep; `run` is called in the thread that is to see the changes."""

    def __init__(self, owner: Owner, pending: Iterable[int]) -> None:
        self._owner = owner
        self._pending = deque(pending)
        self._events: queue.SimpleQueue[tuple[int, JobView] | None] = queue.SimpleQueue()
        self._runner = CellRunner(lambda number, view: self._events.put((number, view)))
        self._running: set[int] = set()
        self._state = "running"
        self._wanted: deque[str] = deque()  # what the person asked for, in turn
        self.ended = threading.Event()

    def want(self, what: str) -> None:
        """Ask for ``"pause"``, ``"resume"``, ``"stop"`` or ``"cancel"``, from any thread."""
        self._wanted.append(what)
        self._events.put(None)

    def run(self, idle: Callable[[], object] | None = None) -> bool:
        """Run the cells to the end; give whether an interrupt canceled them. A second interrupt is raised."""
        interrupts = 0
        try:
            while True:
                try:
                    if not self._step():
                        return interrupts > 0
                    if idle is not None:
                        idle()
                except KeyboardInterrupt:
                    interrupts += 1
                    self.want("cancel")
                    if interrupts > 1:
                        raise
        finally:
            self._runner.close()

    def _step(self) -> bool:
        """Do what is to be done now, and wait for a moment; give whether to go on."""
        with uninterrupted():
            self._heed()
            if self._state == "running":
                while self._pending and len(self._running) < self._owner.at_once:
                    self._begin(self._pending.popleft())
            if not self._running and (self._state == "stopping" or not self._pending):
                return False
            self._take()
        return True

    def _heed(self) -> None:
        while self._wanted:
            what = self._wanted.popleft()
            state = self._state
            if what == "cancel":
                self._runner.cancel()
            if what in ("stop", "cancel"):
                state = "stopping"
            elif state != "stopping":
                state = "paused" if what == "pause" else "running"
            if state != self._state:
                self._state = state
                self._owner.show(state, running=len(self._running))

    def _begin(self, number: int) -> None:
        self._running.add(number)
        try:
            self._runner.begin(number, self._owner.make_job(number))
        except AnimateDiffError as error:
            self._events.put((number, JobView(state="left", error=error)))

    def _take(self) -> None:
        """Wait for a change, and take in all there are; a cell's last one of a moment stands for those before."""
        seconds, views = _TICK, {}
        with contextlib.suppress(queue.Empty):
            while True:
                event = self._events.get(timeout=seconds)
                if event is not None:
                    views[event[0]] = event[1]
                    if event[1].finished:
                        self._running.discard(event[0])
                seconds = 0.0
        for number, view in views.items():
            self._owner.show_cell(number, view)
        if views:
            self._owner.show(running=len(self._running))
