"""What an interrupt must not cut short."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from .view import JobView

__all__ = ["Mailbox", "uninterrupted"]


@contextlib.contextmanager
def uninterrupted() -> Iterator[bool]:
    """Hold an interrupt back until the context ends; it comes then.

    Gives whether this is the main thread, which alone can be interrupted.
    """
    held: list[Any] = []
    try:
        before = signal.signal(signal.SIGINT, lambda *arguments: held.append(arguments))
    except ValueError:
        yield False
        return
    try:
        yield True
    finally:
        signal.signal(signal.SIGINT, before)
    if held and callable(before):
        before(*held[0])


class Mailbox:
    """Views on their way from the thread that drives a job to the thread that shows them. An interrupt loses none."""

    def __init__(self) -> None:
        self._views: deque[JobView] = deque()
        self._came = threading.Event()

    def put(self, view: JobView) -> None:
        """Add a view."""
        self._views.append(view)
        self._came.set()

    def take(self, show: Callable[[JobView], None], seconds: float) -> None:
        """Wait at most so long for a view, and show all that came."""
        self._came.wait(seconds)
        self._came.clear()
        while self._views:
            with uninterrupted():
                try:
                    show(self._views[0])
                finally:
                    self._views.popleft()
