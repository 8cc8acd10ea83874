"""The predictions of one server: what is known of each, and for how long what it made is kept."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from animatediff_widget.engines import Output
from animatediff_widget.model.fields import draw_seed
from animatediff_widget.model.request import AnimateDiffRequest

from .entry import Entry, Snapshot, now
from .runners import Run, Runner
from .validation import identify

__all__ = ["Closed", "Page", "QueueFull", "Store"]

PAGE = 100
"""Predictions on one page of the list."""

MAX_HELD = 128 * 2**20
"""Inputs and outputs kept at once, in bytes; beyond it the oldest are removed before their time."""


class QueueFull(Exception):
    """Too many predictions wait already.

    Parameters
    ----------
    seconds : int
        After how many seconds one more may be taken.
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
    results : list of Snapshot
        The predictions.
    newer, older : int or None
        The number of the page's first and last prediction, where there are newer and older ones beyond it.
    """

    results: list[Snapshot]
    newer: int | None
    older: int | None


class Store:
    """Every prediction of one server. Safe to use from any thread; it has none itself.

    Parameters
    ----------
    runner : Runner
        What runs them. It reports back with `begin`, `log` and `end`.
    queue_size : int
        How many predictions may wait to be run.
    output_lifetime : float
        For how many seconds after its end a prediction's input, log and output are kept.
    keep : int
        How many ended predictions are remembered.
    on_change : callable
        Called with a prediction's id after each change, with the lock held: it must return at once.
    """

    def __init__(
        self, runner: Runner, *, queue_size: int, output_lifetime: float, keep: int, on_change: Callable[[str], None]
    ) -> None:
        self._runner = runner
        self._queue_size = queue_size
        self._lifetime = output_lifetime
        self._keep = keep
        self._on_change = on_change
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}  # in the order of creation
        self._files: dict[str, Entry] = {}
        self._ended: deque[Entry] = deque()  # in the order of their end
        self._holding: deque[Entry] = deque()  # those of _ended that still have their data
        self._held = 0
        self._closed = False
        self._count = 0
        self._last_run = 1.0

    def close(self) -> None:
        """Cancel everything, and wait until the runner has stopped."""
        with self._lock:
            self._closed = True
            for entry in list(self._entries.values()):
                self._cancel(entry, "canceled")
        self._runner.close()  # without the lock: the runner reports the ends

    def create(self, request: AnimateDiffRequest, given: dict[str, Any], size: int) -> Snapshot:
        """Queue a prediction.

        Parameters
        ----------
        request : AnimateDiffRequest
            What to draw.
        given : dict
            The input as it was sent.
        size : int
            How many bytes that took.

        Raises
        ------
        QueueFull
            When too many wait already.
        Closed
            When the server is shutting down.
        """
        model, version = identify(request.version)
        with self._lock:
            if self._closed:
                raise Closed
            self.tidy()
            if sum(entry.status == "starting" for entry in self._entries.values()) >= self._queue_size:
                raise QueueFull(min(30, max(1, math.ceil(self._last_run))))
            self._count += 1
            entry = Entry(self._count, given, size, model, version)
            self._entries[entry.id] = entry
            self._runner.start(Run(entry.id, request, request.seed or draw_seed(), self))
            return entry.snapshot()

    def get(self, prediction_id: str) -> Snapshot | None:
        """Read a prediction; None when there is no such one."""
        with self._lock:
            self.tidy()
            entry = self._entries.get(prediction_id)
            return entry.snapshot() if entry else None

    def tag(self, prediction_id: str) -> str | None:
        """Read a prediction's ETag alone; None when there is no such one."""
        with self._lock:
            entry = self._entries.get(prediction_id)
            return entry.tag if entry else None

    def cancel(self, prediction_id: str, *, late: bool = False) -> Snapshot | None:
        """Cancel a prediction: at once if it waits, as soon as the engine stops if it runs.

        Parameters
        ----------
        prediction_id : str
            Its id.
        late : bool
            Whether this is because its deadline passed; one that never started is then ``aborted``.

        Returns
        -------
        Snapshot or None
            The prediction now; None when there is no such one.
        """
        with self._lock:
            self.tidy()
            entry = self._entries.get(prediction_id)
            if entry is None:
                return None
            self._cancel(entry, "aborted" if late else "canceled")
            return entry.snapshot()

    def page(self, *, before: int | None = None, after: int | None = None) -> Page:
        """List predictions, newest first.

        Parameters
        ----------
        before, after : int, optional
            Only those created before, or next after, the one with this number.
        """
        with self._lock:
            self.tidy()
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

    def has_file(self, key: str) -> bool:
        """Whether the secret in a file's path is that of a prediction, even if its data is removed."""
        with self._lock:
            return key in self._files

    def file(self, key: str, name: str) -> Output | None:
        """Read an output file by the secret and the name in its path; None when it is not there, or no longer."""
        with self._lock:
            self.tidy()
            entry = self._files.get(key)
            return entry.output if entry and entry.file_name == name else None

    # What the runner reports

    def begin(self, run_id: str) -> bool:
        """Note that a prediction begins to run; False when it was canceled while it waited."""
        with self._lock:
            entry = self._entries.get(run_id)
            if entry is None or entry.status != "starting":
                return False
            entry.status, entry.started_at, entry.started = "processing", now(), time.monotonic()
            self._on_change(run_id)
            return True

    def log(self, run_id: str, text: str) -> None:
        """Add text to a running prediction's log."""
        with self._lock:
            entry = self._entries.get(run_id)
            if entry and entry.status == "processing":
                entry.append(text)
                self._on_change(run_id)

    def end(self, run_id: str, result: Output | str | None) -> None:
        """Note a running prediction's end: its output, why it failed, or None when it was canceled."""
        with self._lock:
            entry = self._entries.get(run_id)
            if entry is None or entry.status != "processing":
                return
            self._last_run = entry.predict_time = round(time.monotonic() - entry.started, 6)
            if result is None or entry.canceling:  # one that was said to be canceled must not succeed after all
                self._end(entry, "canceled")
            elif isinstance(result, str):
                entry.error = result
                self._end(entry, "failed")
            else:
                entry.output = result
                entry.size += len(result.data)
                self._files[entry.file_key] = entry
                self._end(entry, "succeeded")

    def _cancel(self, entry: Entry, status: str) -> None:
        if entry.status == "starting":
            self._end(entry, status)
        entry.canceling = True
        self._runner.cancel(entry.id)

    def _end(self, entry: Entry, status: str) -> None:
        entry.status, entry.completed_at, entry.ended = status, now(), time.monotonic()
        self._held += entry.size
        self._ended.append(entry)
        self._holding.append(entry)
        self.tidy()
        self._on_change(entry.id)

    def tidy(self) -> None:
        """Remove the data, and then the entries, that are kept no longer."""
        moment = time.monotonic()
        with self._lock:
            while self._holding and (
                moment >= self._holding[0].ended + self._lifetime or (self._held > MAX_HELD and len(self._holding) > 1)
            ):
                entry = self._holding.popleft()
                self._held -= entry.size
                entry.remove_data()
            while len(self._ended) > self._keep:
                entry = self._ended.popleft()
                del self._entries[entry.id]
                self._files.pop(entry.file_key, None)
                if not entry.removed:
                    self._holding.popleft()  # both are in the order of their end
                    self._held -= entry.size
