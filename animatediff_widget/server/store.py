"""The predictions of one server: what is known of each, and for how long what it made is kept."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple

from animatediff_widget.engines import Output, previews
from animatediff_widget.model.fields import draw_seed
from animatediff_widget.model.request import AnimateDiffRequest

from .problem import Problem, throttled
from .runners import Run, Runner
from .validation import identify

__all__ = ["Page", "Snapshot", "Store", "now"]

PAGE = 100
"""Predictions on one page of the list."""

MAX_HELD = 128 * 2**20
"""Inputs and outputs kept at once, in bytes; beyond it the oldest are removed before their time."""

_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def now() -> str:
    """Write the time as the API does: UTC, ISO 8601, with microseconds and a Z."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Snapshot(NamedTuple):
    """A prediction at one moment."""

    id: str
    tag: str
    """Its ETag: ``"STATUS-N"``, N growing with the log and with each preview; different whenever the fields are."""
    fields: dict[str, Any]
    """The prediction as the API has it, but for its urls: ``output`` is a path."""
    preview: str | None
    """The path of the first frame as it stands, where that was asked for and is there."""


class Page(NamedTuple):
    """One page of the list, newest first; where there are newer or older ones, from which number they go on."""

    results: list[Snapshot]
    newer: int | None
    older: int | None


@dataclass(eq=False)
class _Entry:
    """A prediction as the store keeps it; read and written only under the store's lock."""

    number: int  # its place in the order of creation
    input: dict[str, Any]
    size: int  # how many bytes it holds: its body, and later its output
    model: str
    version: str
    id: str = field(default_factory=lambda: "".join(secrets.choice(_ID_ALPHABET) for _ in range(26)))
    file_key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    created_at: str = field(default_factory=now)
    status: str = "starting"
    started_at: str | None = None
    completed_at: str | None = None
    started: float = 0.0
    ended: float = 0.0
    predict_time: float | None = None
    logs: list[str] = field(default_factory=list)
    log_length: int = 0
    output: Output | None = None
    previews: int = 0  # how many there were
    preview: bytes = b""  # the last one, while it runs
    error: str | None = None
    canceling: bool = False
    removed: bool = False

    @property
    def file_name(self) -> str | None:
        """The last part of the output's path."""
        return f"animation.{self.output.suffix}" if self.output else None

    @property
    def preview_name(self) -> str | None:
        """The last part of the preview's path, another one for each picture."""
        return f"preview-{self.previews}.{previews.SUFFIX}" if self.preview else None

    @property
    def tag(self) -> str:
        """The ETag, without the cost of a snapshot: the log may be long."""
        return f'"{"removed" if self.removed else self.status}-{self.log_length + self.previews}"'

    def remove_data(self) -> None:
        """Drop the input, the log and the output, as the hosted API does an hour after the end."""
        self.input, self.logs, self.log_length, self.output, self.size, self.removed = {}, [], 0, None, 0, True

    def snapshot(self) -> Snapshot:
        """Copy what the API has of the prediction."""
        fields = {
            "id": self.id,
            "model": self.model,
            "version": self.version,
            "input": self.input,
            "logs": "".join(self.logs),
            "output": self.output and f"/files/{self.file_key}/{self.file_name}",
            "data_removed": self.removed,
            "error": self.error,
            "status": self.status,
            "created_at": self.created_at,
            "started_at": self.started_at,
            "completed_at": self.completed_at,
            "metrics": {} if self.predict_time is None else {"predict_time": self.predict_time},
        }
        preview = self.preview_name and f"/files/{self.file_key}/{self.preview_name}"
        return Snapshot(self.id, self.tag, fields, preview)


class Store:
    """Every prediction of one server. Safe to use from any thread; it has none itself.

    The parameters are those of `LocalServer`, and a runner, which reports back: see `Reports`.
    `on_change` is called with a prediction's id after each change, with the lock held: it must return at once.
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
        self._entries: dict[str, _Entry] = {}  # in the order of creation
        self._files: dict[str, _Entry] = {}
        self._ended: deque[_Entry] = deque()  # in the order of their end
        self._closed = False
        self._count = 0
        self._last_run = 1.0

    def close(self) -> None:
        """Cancel everything, and wait until the runner has stopped."""
        with self._lock:
            self._closed = True
            for prediction_id in list(self._entries):
                self.cancel(prediction_id)
        self._runner.close()  # without the lock: the runner reports the ends

    def create(
        self, request: AnimateDiffRequest, given: dict[str, Any], size: int, *, previews: bool = False
    ) -> Snapshot:
        """Queue a prediction of an input as it was sent, and of how many bytes that took; or a `Problem`.

        With `previews` it has the first frame as it stands while it is drawn.
        """
        model, version = identify(request.version)
        with self._lock:
            if self._closed:
                raise Problem(503, "Service unavailable", "The server is shutting down.")
            if sum(entry.status == "starting" for entry in self._entries.values()) >= self._queue_size:
                raise throttled(min(30, max(1, math.ceil(self._last_run))))
            self._count += 1
            entry = _Entry(self._count, given, size, model, version)
            self._entries[entry.id] = entry
            self._runner.start(Run(entry.id, request, request.seed or draw_seed(), self, previews))
            return entry.snapshot()

    def get(self, prediction_id: str) -> Snapshot | None:
        """Read a prediction; None when there is no such one."""
        with self._lock:
            entry = self._entries.get(prediction_id)
            return entry.snapshot() if entry else None

    def tag(self, prediction_id: str) -> str | None:
        """Read a prediction's ETag alone; None when there is no such one."""
        with self._lock:
            entry = self._entries.get(prediction_id)
            return entry.tag if entry else None

    def cancel(self, prediction_id: str, *, late: bool = False) -> Snapshot | None:
        """Cancel a prediction: at once if it waits, as soon as the engine stops if it runs. None: there is no such one.

        With `late`, its deadline has passed: one that never started is then ``aborted``.
        """
        with self._lock:
            entry = self._entries.get(prediction_id)
            if entry is None:
                return None
            if entry.status == "starting":
                self._end(entry, "aborted" if late else "canceled")
            entry.canceling = True
            self._runner.cancel(prediction_id)
            return entry.snapshot()

    def page(self, *, before: int | None = None, after: int | None = None) -> Page:
        """List predictions, newest first: those created before, or next after, the one with a number."""
        with self._lock:
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
        """Read an output or a preview by the secret and the name in its path; None when it is not there (any more)."""
        with self._lock:
            entry = self._files.get(key)
            if entry and entry.preview_name == name:
                return Output(entry.preview, previews.SUFFIX, previews.MIME)
            return entry.output if entry and entry.file_name == name else None

    def begin(self, run_id: str) -> bool:
        """See `Reports.begin`."""
        with self._lock:
            entry = self._entries.get(run_id)
            if entry is None or entry.status != "starting":
                return False
            entry.status, entry.started_at, entry.started = "processing", now(), time.monotonic()
            self._on_change(run_id)
            return True

    def log(self, run_id: str, text: str) -> None:
        """See `Reports.log`."""
        with self._lock:
            entry = self._entries.get(run_id)
            if entry and not entry.completed_at:
                entry.logs.append(text)
                entry.log_length += len(text)
                self._on_change(run_id)

    def preview(self, run_id: str, data: bytes) -> None:
        """See `Reports.preview`."""
        with self._lock:
            entry = self._entries.get(run_id)
            if entry and entry.status == "processing":
                entry.preview = data
                entry.previews += 1
                self._files[entry.file_key] = entry
                self._on_change(run_id)

    def end(self, run_id: str, result: Output | str | None) -> None:
        """See `Reports.end`."""
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

    def _end(self, entry: _Entry, status: str) -> None:
        entry.status, entry.completed_at, entry.ended, entry.preview = status, now(), time.monotonic(), b""
        self._ended.append(entry)
        self.tidy()
        self._on_change(entry.id)

    def tidy(self) -> None:
        """Remove the entries, and the data of others, that are kept no longer."""
        with self._lock:
            while len(self._ended) > self._keep:
                entry = self._ended.popleft()
                del self._entries[entry.id]
                self._files.pop(entry.file_key, None)
            latest = time.monotonic() - self._lifetime
            held = sum(entry.size for entry in self._ended)
            for entry in self._ended:
                if not entry.removed and (entry.ended <= latest or (held > MAX_HELD and entry is not self._ended[-1])):
                    held -= entry.size
                    entry.remove_data()
