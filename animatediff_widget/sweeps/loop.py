"""The loop of a sweep: begins cells while there is room, takes in how they stand, heeds what the person wants."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.interrupts import uninterrupted
from animatediff_widget.jobs.view import JobView
from animatediff_widget.texts import Message

from .batch import Batch
from .holding import Holding, ends_all, was_turned_away
from .progress import SweepProgress
from .running import CellRunner
from .settling import Settling

__all__ = ["TICK", "Loop"]

TICK = 0.1
"""How long a wait may take before a press is heeded, in seconds: it is noticed before it feels unheard."""


class Loop:
    """Runs what is pending of a sweep, in the thread that calls `run`; `show` is given the state and the progress."""

    def __init__(self, batch: Batch, show: Callable[[str, SweepProgress], None]) -> None:
        self.ended = threading.Event()
        self.is_wanted = False  # whether a person, or the budget, ended it
        self._batch, self._standing, self._show = batch, batch.standing, show
        # What was begun first: neither a budget nor an endpoint that takes nothing new keeps it from its end.
        self._pending = deque(sorted(batch.pending(), key=lambda number: self._standing.state(number) == "new"))
        self._expected = batch.plan().seconds
        self._began = time.monotonic()
        self._done = 0  # in this run
        self._events: queue.SimpleQueue[tuple[int, JobView] | None] = queue.SimpleQueue()
        self._runner = CellRunner(lambda number, view: self._events.put((number, view)), self._say, batch.at_once)
        self._running: set[int] = set()
        self._state = "running"
        self._wanted: deque[str] = deque()  # what the person asked for, in turn
        self._holding, self._settling = Holding(), Settling(batch)
        self._notice: Message | str | None = None  # why it ends early
        self._said: Message | None = None  # what the runner says
        self._told: object = None
        self._adding, self._is_ending = threading.Lock(), False

    def want(self, what: str) -> None:
        """Ask for ``"pause"``, ``"resume"``, ``"stop"`` or ``"cancel"``, from any thread."""
        self._wanted.append(what)
        self._events.put(None)

    def add(self, numbers: Iterable[int]) -> bool:
        """Run further cells, after the others, also where it was stopping; False where it is just ending.

        From any other thread.
        """
        with self._adding:
            if not self._is_ending:
                self._pending.extend(numbers)
                self.want("go on")
            return not self._is_ending

    def _ends(self) -> bool:
        with self._adding:
            self._is_ending = not self._wanted and (self._state == "stopping" or not self._pending)
            return self._is_ending

    def run(self, idle: Callable[[], object] | None = None) -> bool:
        """Run the cells to the end; give whether an interrupt canceled them. A second interrupt is raised."""
        interrupts = 0
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

    def _step(self) -> bool:
        """Do what is to be done now, and wait for a moment; give whether to go on."""
        with uninterrupted():
            self._heed()
            self._begin()
            done = not self._running and (self._state == "stopping" or not (self._pending or self._settle()))
            if done and self._ends():
                return False
            if self._told != (self._state, self._why()):
                self.tell()
            self._take()
        return True

    def finish(self) -> None:
        """Show that it has ended."""
        self._state = "finished"
        try:
            self.tell()
        finally:  # an observer may raise an interrupt
            self.ended.set()

    def _heed(self) -> None:
        while self._wanted:
            what = self._wanted.popleft()
            if what == "cancel":
                self._runner.cancel()
            if what in ("stop", "cancel"):
                self._state, self.is_wanted = "stopping", True
            elif what == "go on":
                if self._state == "stopping":
                    self._state, self.is_wanted, self._notice = "running", False, None
            elif self._state != "stopping":
                self._state = "paused" if what == "pause" else "running"

    def _begin(self) -> None:
        """Begin cells while there is room."""
        batch, standing = self._batch, self._standing
        counted = batch.budget.seconds is not None  # what a job took is known when it has ended
        while self._state == "running" and self._pending:
            if (len(self._running) if counted else self._runner.busy) >= batch.at_once:
                return
            number = self._pending[0]
            is_new = standing.state(number) == "new"
            if is_new and batch.budget.is_reached(standing.posted, standing.spent):
                self._state, self.is_wanted = "stopping", True
                self._notice = Message("budget_reached", count=len(self._pending))
                return
            if is_new and not self._holding.may_begin(number):
                return
            self._pending.popleft()
            self._running.add(number)
            try:
                self._runner.begin(number, batch.job(number))
                standing.posted += is_new
            except AnimateDiffError as error:
                self._events.put((number, JobView(state="left", error=error)))

    def _settle(self) -> bool:
        """Begin the cells again whose jobs were lost and never created; give whether to go on."""
        again = self._settling.settle()
        for number in again or ():
            self._batch.send_again(number)
            self._pending.append(number)
        return again is not None

    def _take(self) -> None:
        """Wait for a change, and take in all there are; a cell's last one of a moment stands for those before."""
        seconds, views = TICK, {}
        with contextlib.suppress(queue.Empty):
            while True:
                event = self._events.get(timeout=seconds)
                if event is not None:
                    views[event[0]] = event[1]
                seconds = 0.0
        for number, view in views.items():
            self._heed_view(number, view)
        if views:
            self.tell()

    def _heed_view(self, number: int, view: JobView) -> None:
        if view.prediction is not None:
            self._holding.taken(number)
        self._standing.show(number, view)
        if not view.finished:
            return
        self._running.discard(number)
        self._holding.ended(number)
        turned_away = was_turned_away(view)
        if turned_away:
            self._batch.send_again(number)
            self._pending.appendleft(number)
        else:
            self._done += 1
        if ends_all(view.error):
            self._state, self._notice = "stopping", None if view.error is None else view.error.message
        elif turned_away:
            self._holding.hold(view.error)

    def _say(self, notice: Message | None) -> None:
        self._said = notice
        self._events.put(None)

    def tell(self) -> None:
        """Show how far it is."""
        self._told = self._state, self._why()
        self._show(self._state, SweepProgress.of(self._standing, self._runner.running, self._left(), self._why()))

    def _why(self) -> Message | str | None:
        """Give why it waits, or ended early."""
        waits = self._holding.notice or self._settling.notice or self._said
        return self._notice or (None if self._state == "finished" else waits)

    def _left(self) -> float | None:
        """Give how long the rest takes, in whole seconds: by what was done so far, else by the journal's times."""
        if self._state not in ("running", "stopping") or self._holding.notice:
            return None
        took = time.monotonic() - self._began
        waiting = len(self._pending) if self._state == "running" else 0
        if self._done >= self._batch.at_once:
            return float(round(took / self._done * (waiting + len(self._running))))
        return None if self._expected is None else float(max(round(self._expected - took), 0))
