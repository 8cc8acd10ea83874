"""Runners: where the engine runs. One with processes, or on a cluster, is one more class here."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Protocol

from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Texts

__all__ = ["Reports", "Run", "Runner", "ThreadRunner"]

log = logging.getLogger(__name__)

CLOSE_SECONDS = 10.0
"""How long `ThreadRunner.close` waits for an engine that does not stop."""

_ENGLISH = Texts("en")  # the hosted API's language, whatever the panel speaks


class Reports(Protocol):
    """Who a runner reports to; callable from any thread, but not while the runner holds a lock of its own."""

    def begin(self, run_id: str) -> bool:
        """Report that a run begins; False when it was canceled while it waited: it must not run then."""

    def log(self, run_id: str, text: str) -> None:
        """Report text for a run's log."""

    def end(self, run_id: str, result: Output | str | None) -> None:
        """Report a run's end: its output, a sentence that says why it failed, or None when it was canceled."""


@dataclass(frozen=True)
class Run:
    """One run of an engine: the prediction's id, what to draw from which seed, and who to report to."""

    id: str
    request: AnimateDiffRequest
    seed: int
    reports: Reports
    stop: threading.Event = field(default_factory=threading.Event, init=False)


class Runner(Protocol):
    """What the store asks of a runner. None of it may report back before it returns."""

    def start(self, run: Run) -> None:
        """Queue a run."""

    def cancel(self, run_id: str) -> None:
        """Drop a run that waits, or stop one that runs; do nothing when there is no such run, and never wait."""

    def close(self) -> None:
        """Cancel all runs and wait until they have stopped."""


class ThreadRunner:
    """Runs an engine in one thread of this process, one run after the other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._runs: dict[str, Run] = {}  # those that wait, and the current one
        self._order: SimpleQueue[str | None] = SimpleQueue()  # ids, also of dropped runs; None at the end
        self._thread = threading.Thread(target=self._work, name="animatediff-engine", daemon=True)
        self._thread.start()

    def start(self, run: Run) -> None:
        """See `Runner.start`."""
        self._runs[run.id] = run
        self._order.put(run.id)

    def cancel(self, run_id: str) -> None:
        """See `Runner.cancel`."""
        run = self._runs.pop(run_id, None)
        if run:
            run.stop.set()

    def close(self) -> None:
        """Cancel all runs and wait until the engine has stopped, or `CLOSE_SECONDS`."""
        for run_id in reversed(list(self._runs)):  # the current one last, or the next might begin
            self.cancel(run_id)
        self._order.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_SECONDS)

    def _work(self) -> None:
        while (run_id := self._order.get()) is not None:
            run = self._runs.get(run_id)
            if run and run.reports.begin(run_id):
                run.reports.end(run_id, self._draw(run))
            self._runs.pop(run_id, None)

    def _draw(self, run: Run) -> Output | str | None:
        try:
            return self._engine.run(
                run.request, seed=run.seed, log=lambda text: run.reports.log(run.id, text), canceled=run.stop.is_set
            )
        except Canceled:
            return None
        except AnimateDiffError as error:
            return _ENGLISH.say(error)
        except ValueError as error:
            return str(error)
        except BaseException as error:  # nothing that an engine raises may end this thread
            log.exception("The engine failed on prediction %s.", run.id)
            kind = type(error).__name__
            return f"The engine stopped with an internal error ({kind}); the server's log has the details."
