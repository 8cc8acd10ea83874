"""The predictions: their queue, the thread that works it off, and for how long what they made is kept."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.model.request import AnimateDiffRequest, draw_seed

from .entry import Entry, now
from .validation import identify

__all__ = ["Closed", "Page", "QueueFull", "Store"]

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())

PAGE = 100
"""Predictions on one page of the list."""

MAX_HELD = 128 * 2**20
"""Inputs and outputs kept at once, in bytes; beyond it the oldest go before their time."""

_STOP_PATIENCE = 10.0


class QueueFull(Exception):
    """No place is left in the queue.

    Parameters
    ----------
    seconds : int
        After how many seconds there may be one.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Closed(Exception):
    """The server is shutting down and takes nothing more."""


@dataclass(frozen=True)
class Page:
    """One page of the list, newest first.

    Parameters
    ----------
    results : list of dict
        The predictions' snapshots.
    newer, older : int or None
        The number of the page's first and last prediction, where there are newer and older ones beyond it.
    """

    results: list[dict[str, Any]]
    newer: int | None
    older: int | None


class Store:
    """Every prediction of one server. Safe to use from any thread.

    Parameters
    ----------
    engine : Engine
        What draws.
    queue_size : int
        How many predictions may wait behind the running one.
    output_lifetime : float
        For how many seconds after its end a prediction's input, logs and output are kept.
    keep : int
        How many ended predictions are remembered.
    on_end : callable
        Called with a prediction's id when it ended, with the lock held: it must return at once.
    """

    def __init__(
        self, engine: Engine, *, queue_size: int, output_lifetime: float, keep: int, on_end: Callable[[str], None]
    ) -> None:
        self._engine = engine
        self._queue_size = queue_size
        self._lifetime = output_lifetime
        self._keep = keep
        self._on_end = on_end
        self._changed = threading.Condition()
        self._entries: dict[str, Entry] = {}  # in the order of creation
        self._files: dict[str, Entry] = {}
        self._queue: deque[Entry] = deque()
        self._ended: deque[Entry] = deque()  # in the order of their end
        self._holding: deque[Entry] = deque()  # those of _ended that still have their data
        self._held = 0
        self._running: Entry | None = None
        self._closing = False
        self._count = 0
        self._last_run = 1.0
        self._worker = threading.Thread(target=self._work, name="animatediff-engine", daemon=True)

    def start(self) -> None:
        """Start the thread that runs the engine."""
        self._worker.start()

    def close(self) -> None:
        """Cancel everything, and wait until the engine has stopped."""
        with self._changed:
            self._closing = True
            while self._queue:
                self._end(self._queue.popleft(), "canceled")
            if self._running:
                self._running.stop.set()
            self._changed.notify_all()
        if self._worker.ident is not None and self._worker is not threading.current_thread():
            self._worker.join(_STOP_PATIENCE)

    def create(self, request: AnimateDiffRequest, given: dict[str, Any], size: int) -> dict[str, Any]:
        """Queue a prediction.

        Parameters
        ----------
        request : AnimateDiffRequest
            What to draw.
        given : dict
            The input as it was sent.
        size : int
            How many bytes that took.

        Returns
        -------
        dict
            The prediction's first snapshot.

        Raises
        ------
        QueueFull
            When too many wait already.
        Closed
            When the server is shutting down.
        """
        model, version = identify(request.version)
        with self._changed:
            self._tidy()
            if self._closing:
                raise Closed
            if len(self._queue) >= self._queue_size:
                raise QueueFull(min(30, max(1, math.ceil(self._last_run))))
            self._count += 1
            entry = Entry(self._count, request, given, size, model=model, version=version)
            self._entries[entry.id] = entry
            self._queue.append(entry)
            self._changed.notify_all()
            return entry.snapshot()

    def get(self, prediction_id: str) -> dict[str, Any] | None:
        """Look at a prediction.

        Parameters
        ----------
        prediction_id : str
            Its id.

        Returns
        -------
        dict or None
            Its snapshot, with the output's path in the place of its url; None when there is no such prediction.
        """
        with self._changed:
            self._tidy()
            entry = self._entries.get(prediction_id)
            return entry.snapshot() if entry else None

    def cancel(self, prediction_id: str, *, late: bool = False) -> dict[str, Any] | None:
        """Cancel a prediction: at once if it waits, as soon as the engine stops if it runs.

        Parameters
        ----------
        prediction_id : str
            Its id.
        late : bool
            Whether this is because its deadline passed; one that never started is then ``aborted``.

        Returns
        -------
        dict or None
            Its snapshot now; None when there is no such prediction.
        """
        with self._changed:
            self._tidy()
            entry = self._entries.get(prediction_id)
            if entry is None:
                return None
            if entry.status == "starting":
                self._queue.remove(entry)
                self._end(entry, "aborted" if late else "canceled")
            elif entry is self._running:
                entry.stop.set()
            return entry.snapshot()

    def page(self, *, before: int | None = None, after: int | None = None) -> Page:
        """List predictions, newest first.

        Parameters
        ----------
        before, after : int, optional
            Only those created before, or next after, the one with this number.
        """
        with self._changed:
            self._tidy()
            entries = list(self._entries.values())
            if after is not None:
                chosen = [entry for entry in entries if entry.number > after][:PAGE]
            else:
                chosen = [entry for entry in entries if before is None or entry.number < before][-PAGE:]
            if not chosen:
                return Page([], None, None)
            newer = chosen[-1].number if entries[-1] is not chosen[-1] else None
            older = chosen[0].number if entries[0] is not chosen[0] else None
            return Page([entry.snapshot() for entry in reversed(chosen)], newer, older)

    def knows_file(self, key: str) -> bool:
        """Tell whether a file's secret is, or lately was, a good one.

        Parameters
        ----------
        key : str
            The secret in its path.
        """
        with self._changed:
            return key in self._files

    def file(self, key: str, name: str) -> Output | None:
        """Fetch an output file.

        Parameters
        ----------
        key : str
            The secret in its path.
        name : str
            Its name.

        Returns
        -------
        Output or None
            The file; None when it is not there, or no longer.
        """
        with self._changed:
            self._tidy()
            entry = self._files.get(key)
            return entry.output if entry and entry.file_name == name else None

    def tidy(self) -> None:
        """Remove what has outlived its time."""
        with self._changed:
            self._tidy()

    def _tidy(self) -> None:
        moment = time.monotonic()
        while self._holding and (
            moment >= self._holding[0].ended + self._lifetime or (self._held > MAX_HELD and len(self._holding) > 1)
        ):
            self._remove_data(self._holding.popleft())
        while len(self._ended) > self._keep:
            entry = self._ended.popleft()
            del self._entries[entry.id]
            self._files.pop(entry.key, None)
            if not entry.removed:
                self._holding.popleft()  # both are in the order of their end
                self._held -= entry.size

    def _remove_data(self, entry: Entry) -> None:
        self._held -= entry.size
        entry.input, entry.logs, entry.output, entry.removed = {}, [], None, True

    def _work(self) -> None:
        while True:
            with self._changed:
                while not (self._queue or self._closing):
                    self._changed.wait()
                if self._closing:
                    return
                entry = self._running = self._queue.popleft()
                entry.status = "processing"
                entry.started_at, entry.started = now(), time.monotonic()
            self._run(entry)

    def _run(self, entry: Entry) -> None:
        def append(text: str) -> None:
            with self._changed:
                if entry.status == "processing":
                    entry.logs.append(text)

        request = entry.request
        assert request is not None
        output: Output | None = None
        error: str | None = None
        status = "succeeded"
        try:
            output = self._engine.run(request, seed=request.seed or draw_seed(), log=append, canceled=entry.stop.is_set)
        except Canceled:
            status = "canceled"
        except (ValueError, AnimateDiffError) as refusal:
            status, error = "failed", str(refusal)
        except BaseException as fault:  # whatever an engine throws must not end this thread
            log.exception("The engine failed on prediction %s.", entry.id)
            status = "failed"
            error = (
                f"The engine stopped with an internal error ({type(fault).__name__}); the server's log has the details."
            )
        with self._changed:
            self._running = None
            self._end(entry, status, output, error)

    def _end(self, entry: Entry, status: str, output: Output | None = None, error: str | None = None) -> None:
        """Set everything an end sets, in one moment."""
        entry.ended = time.monotonic()
        if entry.started_at is not None:
            entry.predict_time = round(entry.ended - entry.started, 6)
            self._last_run = entry.predict_time
        if entry.stop.is_set():  # whoever was told that it is being canceled must not find it succeeded
            status, output, error = "canceled", None, None
        entry.status, entry.output, entry.error, entry.completed_at = status, output, error, now()
        entry.request = None
        entry.logs = ["".join(entry.logs)]
        entry.size += len(output.data) if output else 0
        if output:
            self._files[entry.key] = entry
        self._held += entry.size
        self._ended.append(entry)
        self._holding.append(entry)
        self._tidy()
        self._on_end(entry.id)
