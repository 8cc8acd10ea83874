"""One prediction, as the store keeps it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from animatediff_widget.engines import Output

__all__ = ["Entry", "Snapshot", "now"]

_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def now() -> str:
    """Write the time as the API does: UTC, ISO 8601, with microseconds and a Z."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _new_id() -> str:
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(26))


@dataclass(frozen=True)
class Snapshot:
    """A prediction at one moment.

    Parameters
    ----------
    id : str
        Its id.
    tag : str
        Its ETag: ``"STATUS-N"``, N being the log's length; different whenever the fields are.
    fields : dict
        The prediction as the API has it, but for its urls: ``output`` is a path.
    """

    id: str
    tag: str
    fields: dict[str, Any]


@dataclass(eq=False)
class Entry:
    """A prediction as the store keeps it; read and written only under the store's lock.

    Parameters
    ----------
    number : int
        Its place in the order of creation.
    input : dict
        The input as it was sent.
    size : int
        How many bytes it holds: its body, and later its output.
    model, version : str
        What it runs.
    **more
        The API's fields, and what the store needs to know of its run.
    """

    number: int
    input: dict[str, Any]
    size: int
    model: str
    version: str
    id: str = field(default_factory=_new_id)
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
    error: str | None = None
    canceling: bool = False
    removed: bool = False

    @property
    def file_name(self) -> str | None:
        """The last part of the output's path."""
        return f"animation.{self.output.suffix}" if self.output else None

    @property
    def tag(self) -> str:
        """The ETag, without the cost of a snapshot: the log may be long."""
        return f'"{"removed" if self.removed else self.status}-{self.log_length}"'

    def append(self, text: str) -> None:
        """Add text to the log."""
        self.logs.append(text)
        self.log_length += len(text)

    def remove_data(self) -> None:
        """Drop the input, the log and the output, as the hosted API does an hour after the end."""
        self.input, self.logs, self.log_length, self.output, self.removed = {}, [], 0, None, True

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
        return Snapshot(self.id, self.tag, fields)
