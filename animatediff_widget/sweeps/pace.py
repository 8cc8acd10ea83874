"""Looking at what changes often, now and then: a page is told of it at a pace that it can follow."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

__all__ = ["Pace"]

logger = logging.getLogger(__name__)


class Pace:
    """Calls `look` soon after it was asked for, and at most once in so many seconds.

    `look` gives whether it has more to do. It is called in a thread that ends when nothing is asked for; without one
    (`beside` False), by `idle`, in the thread that calls that.
    """

    def __init__(self, look: Callable[[], bool], seconds: float, *, beside: bool = True) -> None:
        self._look, self._seconds, self._beside = look, seconds, beside
        self._lock = threading.Lock()
        self._asked, self._hurry = False, threading.Event()
        self._thread: threading.Thread | None = None
        self._next = 0.0  # when it may look again
        self._closed = False

    def ask(self, *, now: bool = False) -> None:
        """Ask for a look; `now`, without waiting for its turn, as a person who pressed something does not."""
        with self._lock:
            self._asked = True
            if now:
                self._hurry.set()
            if self._beside and self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="animatediff sheet", daemon=True)
                self._thread.start()
        if now and not self._beside:
            self._once()

    def idle(self) -> None:
        """Look, where that was asked for and its turn has come; does nothing where a thread looks."""
        if not self._beside and self._asked and time.monotonic() >= self._next:
            self._once()

    def finish(self) -> None:
        """Look until nothing is left to do, where no thread does."""
        while not self._beside and self._asked and not self._closed:
            self._once()

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        self._hurry.set()

    def _run(self) -> None:
        while True:
            self._hurry.wait(max(0.0, self._next - time.monotonic()))
            self._hurry.clear()
            with self._lock:
                if self._closed or not self._asked:
                    self._thread = None
                    return
            self._once()

    def _once(self) -> None:
        """Look; what is asked for meanwhile is asked for again."""
        self._asked = False
        try:
            more = not self._closed and self._look()
        except Exception:
            logger.exception("a bug in animatediff_widget")
            more = False
        self._next = time.monotonic() + self._seconds
        if more:
            self._asked = True
