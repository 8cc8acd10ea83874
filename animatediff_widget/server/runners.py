"""Runners: where the engine runs. Here the protocol, and the runner for this machine's cores."""

from __future__ import annotations

import logging
import pickle
import threading
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from animatediff_widget.engines import Engine, Output
from animatediff_widget.engines.drawing import Drawn, draw
from animatediff_widget.engines.previews import Preview
from animatediff_widget.errors import InvalidArgument
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .processes import Process, cores

__all__ = ["LocalRunner", "Reports", "Run", "Runner", "check_copied", "report_end"]

_log = logging.getLogger(__name__)

CLOSE_SECONDS = 10.0
"""How long `LocalRunner.close` waits for an engine that does not stop."""

IDLE_SECONDS = 60.0
"""After how long without a run a process ends."""

MAX_DEATHS = 3
"""How often the process of one run may die before the run has failed."""


class Reports(Protocol):
    """Who a runner reports to; callable from any thread, but not while the runner holds a lock of its own."""

    def begin(self, run_id: str) -> bool:
        """Report that a run begins; False when it was canceled while it waited: it must not run then."""

    def log(self, run_id: str, text: str) -> None:
        """Report text for a run's log."""

    def preview(self, run_id: str, data: bytes) -> None:
        """Report a picture of how a run stands, which takes the place of the one before."""

    def end(self, run_id: str, result: Output | str | None) -> None:
        """Report a run's end: its output, a sentence that says why it failed, or None when it was canceled."""


@dataclass(frozen=True)
class Run:
    """One run of an engine: the prediction's id, what to draw from which seed, and who to report to."""

    id: str
    request: AnimateDiffRequest
    seed: int
    reports: Reports
    previews: bool = False  # whether they are wanted
    stop: threading.Event = field(default_factory=threading.Event, init=False)

    @property
    def preview(self) -> Preview | None:
        """What the engine is given for them."""
        return Preview(partial(self.reports.preview, self.id)) if self.previews else None


class Runner(Protocol):
    """What the store asks of a runner. None of it may report back before it returns."""

    def start(self, run: Run) -> None:
        """Queue a run."""

    def cancel(self, run_id: str) -> None:
        """Drop a run that waits, or stop one that runs; do nothing when there is no such run, and never wait."""

    def close(self) -> None:
        """Cancel all runs and wait until they have stopped."""

    def abandon(self) -> None:
        """Let go of what a fork's child has of its parent's runner, which goes on there."""


def report_end(run: Run, drawn: Drawn) -> None:
    """Report a run's end; the traceback goes into this process's log only."""
    if drawn.fault:
        _log.error("The engine failed on prediction %s.\n%s", run.id, drawn.fault)
    run.reports.end(run.id, drawn.result)


def check_copied(engine: Engine) -> None:
    """Raise `InvalidArgument` where an engine cannot be used in another process."""
    try:
        if type(engine).__module__ == "__main__":  # a process that starts anew has no such module
            raise TypeError
        pickle.dumps(engine)
    except Exception:  # whatever an engine's own parts raise
        raise InvalidArgument(Message("engine_not_copied", engine=type(engine).__name__)) from None


class LocalRunner:
    """Runs an engine in a thread of this process, and beside it in others, as many runs at once as `workers`.

    A process costs a third of a second and some 120 MB, so none starts before two runs want to run at the same time,
    and it ends when nothing has run in it for `IDLE_SECONDS`. Runs begin in their order. One whose process died is
    drawn again: it is free and gives the same bytes.
    """

    def __init__(self, engine: Engine, workers: int = 1) -> None:
        self._engine = engine
        self._workers = workers
        self._changed = threading.Condition()  # guards all that follows
        self._waiting: dict[str, Run] = {}
        self._running: dict[str, tuple[Run, Process | None]] = {}
        self._deaths: Counter[str] = Counter()
        self._processes: dict[threading.Thread, Process | None] = {}  # by the thread that feeds it; None: it starts
        self._idle = 0  # processes that are ready and have nothing to do
        self._closed = False
        self._thread = threading.Thread(target=self._work_here, name="animatediff-engine", daemon=True)
        self._thread.start()

    def start(self, run: Run) -> None:
        """See `Runner.start`."""
        with self._changed:
            self._waiting[run.id] = run
            self._grow()
            self._changed.notify_all()

    def _grow(self) -> None:
        """Start the processes that would have work now; with the lock held."""
        useful = min(len(self._waiting) + len(self._running), self._workers)
        while self._waiting and useful > 1 and len(self._processes) < useful:
            feeder = threading.Thread(target=self._feed, name="animatediff-process", daemon=True)
            try:
                feeder.start()
            except RuntimeError:  # no further thread can be had here
                self._workers = max(1, len(self._processes))
                return
            self._processes[feeder] = None

    def cancel(self, run_id: str) -> None:
        """See `Runner.cancel`."""
        with self._changed:
            run, process = self._running.get(run_id, (self._waiting.get(run_id), None))
            if run_id not in self._deaths:  # one whose process died has begun: whoever takes it up reports its end
                self._waiting.pop(run_id, None)
            if run:
                run.stop.set()
            if process:
                process.cancel(run_id)

    def close(self) -> None:
        """Cancel all runs, end all processes, and wait until the engine has stopped here, or `CLOSE_SECONDS`."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            for run, _ in self._running.values():
                run.stop.set()
            for process in self._processes.values():
                if process:
                    process.kill()
            self._changed.notify_all()
            threads = [self._thread, *self._processes]
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(CLOSE_SECONDS)

    def abandon(self) -> None:
        """See `Runner.abandon`."""
        for process in self._processes.values():
            if process:
                process.abandon()

    def _next(self, process: Process | None) -> Run | None:
        """Wait for the next run, in a process or in this one's thread; None when there shall be no more for it.

        An idle process goes before this one's thread, so that the notebook stays quick while many runs are drawn.
        """
        with self._changed:
            self._idle += process is not None
            try:
                while not self._closed and (process is None or process.alive):
                    if self._waiting and len(self._running) < self._workers and (process or not self._idle):
                        run_id = next(iter(self._waiting))
                        run = self._waiting.pop(run_id)
                        self._running[run_id] = run, process
                        return run
                    woken = self._changed.wait(IDLE_SECONDS if process else None)
                    if not woken and process and not self._waiting:
                        break
                return None
            finally:
                self._idle -= process is not None
                self._changed.notify_all()

    def _done(self, run: Run, drawn: Drawn | None) -> None:
        with self._changed:
            self._running.pop(run.id, None)
            self._deaths.pop(run.id, None)
            self._changed.notify_all()
        if drawn:
            report_end(run, drawn)

    def _begins(self, run: Run) -> bool:
        return run.id in self._deaths or run.reports.begin(run.id)

    def _work_here(self) -> None:
        while run := self._next(None):
            drawn = None
            if self._begins(run):
                log = partial(run.reports.log, run.id)
                drawn = draw(self._engine, run.request, run.seed, log, run.stop.is_set, run.preview)
            self._done(run, drawn)
        self._engine.close()

    def _feed(self) -> None:
        """Start a process and hand it one run after the other, until it is idle or dies."""
        feeder, process = threading.current_thread(), None
        try:
            process = Process(self._engine, max(1, cores() // self._workers))
            with self._changed:
                self._processes[feeder] = process
                if self._closed:
                    return
            process.wait_ready()
            while run := self._next(process):
                drawn = None
                if self._begins(run):
                    try:
                        drawn = process.draw(run)
                    except Exception:
                        self._died(run)
                        return
                self._done(run, drawn)
        except Exception as error:  # no further process can be had here; the thread draws where there is none
            _log.info("A process to draw in cannot be had: %r", error)
            with self._changed:
                self._workers = max(1, len(self._processes) - 1)
        finally:
            if process:
                process.close()
            with self._changed:
                del self._processes[feeder]
                self._grow()

    def _died(self, run: Run) -> None:
        """Let the run of a process that died be drawn again, the first to come; or fail it, if that happened before."""
        with self._changed:
            self._deaths[run.id] += 1
            again = self._deaths[run.id] < MAX_DEATHS and not (run.stop.is_set() or self._closed)
            if again:
                del self._running[run.id]
                self._waiting = {run.id: run, **self._waiting}
        if again:
            run.reports.log(run.id, "\nThe process that drew this has ended; it is drawn again.\n")
            with self._changed:
                self._changed.notify_all()
        elif run.stop.is_set():
            self._done(run, Drawn(None))
        else:
            self._done(run, Drawn(f"The process that drew this ended {MAX_DEATHS} times, perhaps for want of memory."))
