"""Listing an endpoint's jobs, once for many that look for theirs, and no longer than somebody answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait

from animatediff_widget.backends.base import Backend
from animatediff_widget.errors import ConnectionFailed
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

from .control import beside

__all__ = ["Listing"]

_LONGEST_SILENCE = 8.0  # from one job in the list to the next: a page of a hundred takes about a second


class Listing:
    """What an endpoint lists, as it comes, in a thread of its own; any number of threads may read it."""

    def __init__(self, since: float) -> None:
        self.clock_ahead = 0.0  # the endpoint's against ours, as its last answer said
        self._since = since
        self._found: list[Prediction] = []
        self._heard = 0.0
        self._ended: Future[None] | None = None
        self._lock = threading.Lock()

    def _fetch(self, backend: Backend) -> None:
        for prediction in backend.list(self._since):
            self._found.append(prediction)
            self._heard, self.clock_ahead = time.monotonic(), backend.clock_ahead

    def read(self, backend: Backend) -> Iterator[Prediction]:
        """Yield the jobs, the newest first; raise where the endpoint failed after them, or keeps silent.

        The list is fetched over the `backend` of the first to read it.
        """
        with self._lock:
            if self._ended is None:
                self._heard = time.monotonic()
                self._ended = beside(lambda: self._fetch(backend))
        while (left := self._heard + _LONGEST_SILENCE - time.monotonic()) > 0:
            if wait([self._ended], left).done:
                break
        yield from tuple(self._found)
        if not self._ended.done():
            raise ConnectionFailed(Message("cut_short", who=backend.endpoint.label), passing=True)
        self._ended.result()
