"""What a person wants of a job while it runs, and the waits that heed it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["GRACE", "Control", "beside"]

_T = TypeVar("_T")

GRACE = 2.0
"""What a cancellation leaves to an exchange, in seconds: the answer to a POST names the job that is to be canceled."""


class Control:
    """The time as a job knows it, and what a person wants of the job meanwhile. Safe to use from any thread."""

    def __init__(self) -> None:
        self.presses = 0  # how often it was to be canceled
        self.on_cancel: Callable[[], object] = lambda: None  # called then, in the thread that cancels
        self._heeded = 0  # of those, the ones that have ended a wait
        self._changed = threading.Condition()

    def now(self) -> float:
        """Give the time, in seconds on the monotonic clock."""
        return time.monotonic()

    def wall(self) -> float:
        """Give the system's time, in seconds since the epoch; it may be set while a job runs."""
        return time.time()

    def cancel(self) -> None:
        """Want the job canceled, and end its present wait."""
        with self._changed:
            self.presses += 1
            self._changed.notify_all()
        self.on_cancel()

    def wait(self, seconds: float) -> None:
        """Wait; a cancellation ends one wait."""
        self._wait_for(lambda: False, seconds)

    def wait_for(self, exchange: Future[_T], seconds: float) -> bool:
        """Wait for an exchange, after a cancellation for a moment only; give whether it has ended."""
        exchange.add_done_callback(lambda _: self._notify())
        begun = time.monotonic()
        if not self._wait_for(exchange.done, seconds):
            self._wait_for(exchange.done, min(GRACE, begun + seconds - time.monotonic()))
        return exchange.done()

    def _wait_for(self, done: Callable[[], bool], seconds: float) -> bool:
        with self._changed:
            self._changed.wait_for(
                lambda: done() or self.presses > self._heeded, min(max(seconds, 0.0), threading.TIMEOUT_MAX)
            )
            if not done():
                self._heeded = self.presses
            return done()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


def beside(act: Callable[[], _T]) -> Future[_T]:
    """Do something in a thread of its own, for which the end of the process does not wait."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(act())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="animatediff-beside", daemon=True).start()
    return future
