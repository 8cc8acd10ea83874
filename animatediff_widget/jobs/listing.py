"""Listing an endpoint's jobs, once for many that look for theirs, and no longer than somebody answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait
from typing import Any, cast

from animatediff_widget.backends.base import Backend
from animatediff_widget.errors import ConnectionFailed
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

from .control import beside

__all__ = ["Listing", "SharedList"]

_LONGEST_SILENCE = 8.0  # from one job in the list to the next: a page of a hundred takes about a second
_EARLIER = 2 * 24 * 3600.0  # before the oldest job: a lost one is looked for since a day before it was posted


class Listing:
    """What an endpoint lists, as it comes, in a thread of its own; any number of threads may iterate over it."""

    def __init__(self, backend: Backend, since: float) -> None:
        self.backend = backend
        self._found: list[Prediction] = []
        self._heard = time.monotonic()
        self._ended = beside(lambda: self._read(since))

    def _read(self, since: float) -> None:
        for prediction in self.backend.list(since):
            self._found.append(prediction)
            self._heard = time.monotonic()

    def __iter__(self) -> Iterator[Prediction]:
        """Yield the jobs, the newest first; raise where the endpoint failed after them, or keeps silent."""
        while (left := self._heard + _LONGEST_SILENCE - time.monotonic()) > 0:
            if wait([self._ended], left).done:
                break
        yield from tuple(self._found)
        if not self._ended.done():
            raise ConnectionFailed(Message("cut_short", who=self.backend.endpoint.label), passing=True)
        self._ended.result()


class SharedList:
    """Lists the jobs of an endpoint once, for all jobs of an earlier session that are taken up there together."""

    def __init__(self, oldest: float) -> None:
        self._since = min(oldest, time.time()) - _EARLIER
        self._listing: Listing | None = None
        self._lock = threading.Lock()

    def over(self, backend: Backend) -> Backend:
        """Give a backend that lists from here, and does all else by itself."""
        return cast("Backend", _Sharing(backend, self))

    def listing(self, backend: Backend) -> Listing:
        """Give the list; the first one to ask fetches it."""
        with self._lock:
            self._listing = self._listing or Listing(backend, self._since)
            return self._listing


class _Sharing:
    def __init__(self, backend: Backend, shared: SharedList) -> None:
        self._backend, self._shared = backend, shared

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    @property
    def clock_ahead(self) -> float:
        return self._shared.listing(self._backend).backend.clock_ahead

    def list(self, since: float | None = None) -> Iterator[Prediction]:
        return iter(self._shared.listing(self._backend))
