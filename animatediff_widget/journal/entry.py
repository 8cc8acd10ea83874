"""One job as the journal knows it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.request import AnimateDiffRequest

if TYPE_CHECKING:
    from animatediff_widget.media.animation import Animation

__all__ = ["JournalEntry", "read_row"]


@dataclass(frozen=True)
class JournalEntry:
    """One job as the journal knows it.

    Parameters
    ----------
    key : str
        The journal's own name for the job.
    created : float
        When it was submitted, in seconds since the epoch.
    endpoint : str
        The url it was posted to.
    request : AnimateDiffRequest
        What was asked for, with its seed; the defaults with an empty prompt where the record is `damaged`.
    state : str
        The state of the `Job`.
    prediction : Prediction or None
        The last answer.
    error : str or None
        What went wrong, as it was told.
    output : pathlib.Path or None
        The animation's file.
    sha256 : str or None
        The file's digest, in hexadecimal.
    size : int or None
        The file's size, in bytes.
    number : int
        The job's place in the order of submission.
    seen : bool
        Whether the person has seen how it ended.
    kind : str or None
        The `Endpoint`'s kind, where it was written down.
    damaged : bool
        Whether the request could not be read.
    """

    key: str
    created: float
    endpoint: str
    request: AnimateDiffRequest
    state: str
    prediction: Prediction | None
    error: str | None
    output: Path | None
    sha256: str | None
    size: int | None = None
    number: int = 0
    seen: bool = False
    kind: str | None = None
    damaged: bool = False

    @property
    def body(self) -> Any:
        """Shim."""
        from animatediff_widget.model.body import Body

        return Body.of(self.request)

    @property
    def seed(self) -> int | None:
        """The seed: the one the server names, else the one that was sent."""
        return self.prediction.seed if self.prediction and self.prediction.seed is not None else self.request.seed

    def animation(self) -> Animation | None:
        """Load the animation.

        Returns
        -------
        Animation or None
            None when there is no file, or it is not what was written: its size and its digest are checked.
        """
        from animatediff_widget.media.animation import Animation

        if self.output is None:
            return None
        try:
            if self.size is not None and self.output.stat().st_size != self.size:
                return None
            data = self.output.read_bytes()
        except OSError:
            return None
        if self.sha256 is not None and hashlib.sha256(data).hexdigest() != self.sha256:
            return None
        return Animation(data, self.request, self.prediction, self.output)


def read_row(row: sqlite3.Row, folder: Path) -> JournalEntry:
    """Read a row of the journal; what cannot be read of it is left out.

    Parameters
    ----------
    row : sqlite3.Row
        All columns of the table ``jobs``.
    folder : pathlib.Path
        The journal's folder.
    """
    try:
        request = AnimateDiffRequest.from_body(_json(row["request"]))
        damaged = False
    except AnimateDiffError:
        request, damaged = AnimateDiffRequest(prompt=""), True
    answer = _json(row["answer"])
    if not isinstance(answer, dict) and row["prediction_id"]:
        answer = {"id": row["prediction_id"]}
    return JournalEntry(
        key=str(row["key"]),
        created=_number(row["created"]),
        endpoint=str(row["endpoint"]),
        request=request,
        state=str(row["state"]),
        prediction=Prediction.from_json(answer) if isinstance(answer, dict) else None,
        error=None if row["error"] is None else str(row["error"]),
        output=_path(row["output"], folder),
        sha256=row["sha256"] if isinstance(row["sha256"], str) else None,
        size=row["size"] if isinstance(row["size"], int) else None,
        number=row["number"],
        seen=bool(row["seen"]),
        kind=row["kind"] if isinstance(row["kind"], str) else None,
        damaged=damaged,
    )


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _path(value: Any, folder: Path) -> Path | None:
    if not isinstance(value, str) or not value or "\0" in value:
        return None
    return folder / value  # an absolute path stays what it is
