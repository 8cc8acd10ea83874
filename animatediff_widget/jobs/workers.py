"""Threads that do one thing after another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["Workers"]

_T = TypeVar("_T")

_IDLE = 2.0  # seconds after which a thread that nobody needs ends


class Workers:
    """As many threads as there are things to do at once; the end of the process waits for none of them.

    There is no bound here: one that a silent endpoint keeps must not keep others waiting. They end when nothing is to
    be done any more.
    """

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()

    def do(self, act: Callable[[], _T]) -> Future[_T]:
        """Do something in one of the threads."""
        future: Future[_T] = Future()
        with self._lock:
            self._tasks.put((future, act))
            if self._idle:
                self._idle -= 1  # that one takes it
            else:
                threading.Thread(target=self._work, name="animatediff-exchange", daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            try:
                future, act = self._tasks.get(timeout=_IDLE)
            except queue.Empty:
                with self._lock:
                    if self._idle:
                        self._idle -= 1
                        return
                continue  # something was just left for it
            try:
                result = act()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)
            del future, act  # not kept while it waits
            with self._lock:
                self._idle += 1
