"""Views on their way from one thread to another."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from animatediff_widget.interrupts import uninterrupted

from .view import JobView

__all__ = ["Mailbox"]


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
