"""Runners: where the engine runs. One with processes, or on a cluster, is one more class here."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import Protocol

from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Texts

__all__ = ["Reports", "Run", "Runner", "ThreadRunner"]

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())

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
    """One run of an engine.

    Parameters
    ----------
    id : str
        The prediction's id.
    request : AnimateDiffRequest
        What to draw.
    seed : int
        The seed to draw from.
    reports : Reports
        Who to report to.
    """

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
    """Runs an engine in one thread of this process, one run after the other.

    Parameters
    ----------
    engine : Engine
        What draws.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._waiting: dict[str, Run] = {}  # in the order of their start
        self._current: Run | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="animatediff-engine", daemon=True)
        self._thread.start()

    def start(self, run: Run) -> None:
        """Queue a run."""
        with self._changed:
            self._waiting[run.id] = run
            self._changed.notify()

    def cancel(self, run_id: str) -> None:
        """Drop a run that waits, or stop one that runs."""
        with self._changed:
            self._waiting.pop(run_id, None)
            if self._current and self._current.id == run_id:
                self._current.stop.set()

    def close(self) -> None:
        """Cancel all runs and wait until the engine has stopped, or `CLOSE_SECONDS`."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            if self._current:
                self._current.stop.set()
            self._changed.notify()
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_SECONDS)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._current = None
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                self._current = run = self._waiting.pop(next(iter(self._waiting)))
            if run.reports.begin(run.id):
                run.reports.end(run.id, self._draw(run))

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
