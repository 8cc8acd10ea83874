"""One prediction, as the store keeps it."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from animatediff_widget.engines import Output
from animatediff_widget.model.request import AnimateDiffRequest

__all__ = ["Entry", "now"]

_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def now() -> str:
    """Write the time as the API does: UTC, ISO 8601, with microseconds and a Z."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _new_id() -> str:
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(26))


@dataclass(eq=False)
class Entry:
    """A prediction as the store keeps it; read and written only under the store's lock.

    Parameters
    ----------
    number : int
        Its place in the order of creation.
    request : AnimateDiffRequest or None
        What to draw; None once it ended.
    input : dict
        The input as it was sent.
    size : int
        How many bytes it holds: its body, and later its output.
    **more
        The API's fields, and what the store needs to know of its run.
    """

    number: int
    request: AnimateDiffRequest | None
    input: dict[str, Any]
    size: int
    id: str = field(default_factory=_new_id)
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    created_at: str = field(default_factory=now)
    status: str = "starting"
    started_at: str | None = None
    completed_at: str | None = None
    started: float = 0.0
    ended: float = 0.0
    predict_time: float | None = None
    logs: list[str] = field(default_factory=list)
    output: Output | None = None
    error: str | None = None
    removed: bool = False
    model: str = ""
    version: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def file_name(self) -> str | None:
        """The last part of the output's path."""
        return f"animation.{self.output.suffix}" if self.output else None

    def snapshot(self) -> dict[str, Any]:
        """Give the prediction as the API shows it, but for its urls: ``output`` is a path."""
        return {
            "id": self.id,
            "model": self.model,
            "version": self.version,
            "input": self.input,
            "logs": "".join(self.logs),
            "output": self.output and f"/files/{self.key}/{self.file_name}",
            "data_removed": self.removed,
            "error": self.error,
            "status": self.status,
            "created_at": self.created_at,
            "started_at": self.started_at,
            "completed_at": self.completed_at,
            "metrics": {} if self.predict_time is None else {"predict_time": self.predict_time},
        }
