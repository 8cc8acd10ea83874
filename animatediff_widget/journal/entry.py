"""One job as the journal knows it."""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import hashlib
import json
import re
import sqlite3
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import InvalidRequest, check
from animatediff_widget.model.body import Body
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

if TYPE_CHECKING:
    from animatediff_widget.media.animation import Animation
    from animatediff_widget.model.request import AnimateDiffRequest

__all__ = ["JournalEntry", "Part", "read_row", "without_data", "write_answer", "write_columns"]

# A string of JSON that holds a file (RFC 2397). No quotation mark stands in it, or it is left as it is.
_DATA = re.compile(r'"(data:[^",\\]{0,200},)([^"]{1000,})(?<!\\)"', re.IGNORECASE)
_NUMBERED = re.compile(r"-(\d{1,9})", re.ASCII)
_CUT = re.compile(r"data:[^,]{0,200},\(\d+ characters\)", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """Which part of a sweep a job is."""

    sweep: str  # the sweep's key
    cell: int  # its number


@dataclass(frozen=True)
class JournalEntry:
    """One job as the journal knows it."""

    key: str  # the journal's own name for the job
    created: float  # when it was submitted, in seconds since the epoch
    endpoint: str  # the url it was posted to
    body: Body
    state: str  # the `Job`'s
    kind: str | None = None  # the `Endpoint`'s, where it was recorded
    prediction_id: str | None = None  # the job's id at the endpoint
    answer: str | None = field(default=None, repr=False)  # the last one, as JSON; `prediction` reads it
    error: Message | str | None = None  # text where version 0.1 recorded it
    output: Path | None = None  # the animation's file
    sha256: str | None = None  # its digest, in hexadecimal
    size: int | None = None  # in bytes
    number: int = 0  # the job's place in the order of submission
    seen: bool = False  # whether the person has seen how it ended
    adopted: bool = False  # whether it was found at the endpoint after its answer was lost; see `JobView.adopted`
    seconds: float | None = None  # how long the endpoint took
    part: Part | None = None  # which cell of which sweep it is

    @cached_property
    def prediction(self) -> Prediction | None:
        """The last answer, read when it is first asked for; only an id where it cannot be read."""
        answer = _json(self.answer)
        if not isinstance(answer, dict):
            return Prediction.from_json({"id": self.prediction_id}) if self.prediction_id else None
        prediction = Prediction.from_json(answer)
        # Of a file that came inside the answer only the length is stored: such a job is asked for its outputs again.
        whole = not any(map(_CUT.fullmatch, prediction.outputs))
        outputs = prediction.outputs if whole else ()
        return dataclasses.replace(prediction, id=self.prediction_id or prediction.id, outputs=outputs)

    @property
    def request(self) -> AnimateDiffRequest:
        """What was asked for, a new request each time; raises `InvalidRequest` when the record is `damaged`."""
        return self.body.request()

    @cached_property
    def damaged(self) -> bool:
        """Whether the request cannot be read."""
        try:
            return self.request is None
        except InvalidRequest:
            return True

    @property
    def seed(self) -> int | None:
        """The seed: the one the server names, else the one that was sent."""
        return self.prediction.seed if self.prediction and self.prediction.seed is not None else self.body.seed

    def animation(self) -> Animation | None:
        """Load the animation; None when there is no file, or it is not what was written, by its digest."""
        from animatediff_widget.media.animation import Animation

        if self.output is None:
            return None
        try:
            data = self.output.read_bytes()
        except OSError:
            return None
        if self.sha256 is not None and hashlib.sha256(data).hexdigest() != self.sha256:
            return None
        return Animation(data, self.body, self.prediction, self.output)

    def animations(self) -> tuple[Animation, ...]:
        """Load all animations, in the model's order; most often one, and none where `animation` gives None.

        The files of further ones bear the first one's name and their number: ``KEY.webp``, ``KEY-2.webp``.
        """
        from animatediff_widget.media.animation import Animation

        first = self.animation()
        if first is None or self.output is None:
            return ()
        stem = self.output.stem
        numbers = {
            int(found[1]): path
            for path in self.output.parent.glob(f"{glob.escape(stem)}-*.*")
            if (found := _NUMBERED.fullmatch(path.stem[len(stem) :]))
        }
        animations = [first]
        for _, path in sorted(numbers.items()):
            with contextlib.suppress(OSError):
                animations.append(Animation(path.read_bytes(), self.body, self.prediction, path))
        return tuple(animations)


def read_row(row: sqlite3.Row, folder: Path) -> JournalEntry:
    """Read a row of the table ``jobs``; what cannot be read of it is left out."""
    return JournalEntry(
        key=str(row["key"]),
        created=float(row["created"]) if isinstance(row["created"], (int, float)) else 0.0,
        endpoint=str(row["endpoint"]),
        body=Body(_text(row["request"]) or ""),
        state=str(row["state"]),
        kind=_text(row["kind"]),
        prediction_id=None if row["prediction_id"] is None else str(row["prediction_id"]),
        answer=_text(row["answer"]),
        error=_error(row["error"]),
        output=_path(row["output"], folder),
        sha256=_text(row["sha256"]),
        size=row["size"] if isinstance(row["size"], int) else None,
        number=row["number"],
        seen=bool(row["seen"]),
        adopted=bool(row["adopted"]),
        seconds=row["seconds"] if isinstance(row["seconds"], float) else None,
        part=_part(row["sweep"], row["cell"]),
    )


def write_columns(
    folder: Path,
    prediction: Prediction | None,
    error: Message | str | None,
    output: Path | None,
    size: int | None,
    sha256: str | None,
    seconds: float | None,
) -> dict[str, Any]:
    """Write what has become known of a job as columns of the table, without what is None; `read_row` reads them."""
    check(Prediction, none=True, prediction=prediction)
    check(Message if isinstance(error, Message) else str, none=True, error=error)
    check(Path, none=True, output=output)
    check(int, none=True, size=size)
    check(str, none=True, sha256=sha256)
    check(float, none=True, seconds=seconds)
    columns = {
        "prediction_id": prediction and prediction.id,
        "answer": prediction and write_answer(prediction),
        "error": json.dumps(error.to_json(), ensure_ascii=False) if isinstance(error, Message) else error,
        "output": None if output is None else _stored(Path(output).absolute(), folder),
        "size": size,
        "sha256": sha256,
        "seconds": seconds,
    }
    return {name: value for name, value in columns.items() if value is not None}


def write_answer(prediction: Prediction) -> str:
    """Write an answer in ASCII, which keeps broken UTF-16 as it came, and without the files in it."""
    return without_data(json.dumps(prediction.raw))


def _stored(output: Path, folder: Path) -> str:
    """Write a path so that it stays true when the journal's folder is moved."""
    stored = output.relative_to(folder).as_posix() if output.is_relative_to(folder) else str(output)
    check(str, output=stored)
    return stored


def without_data(answer: str) -> str:
    """Replace the files in an answer's JSON, which are stored as files, by their lengths.

    A ``data:`` URI of at least 1000 characters becomes ``"data:image/webp;base64,(123456 characters)"``.
    """
    return _DATA.sub(lambda found: f'"{found[1]}({len(found[2])} characters)"', answer)


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _error(value: Any) -> Message | str | None:
    if value is None:
        return None
    return (Message.from_json(_json(value)) if str(value).startswith('{"code"') else None) or str(value)


def _part(sweep: Any, cell: Any) -> Part | None:
    return Part(sweep, cell) if isinstance(sweep, str) and isinstance(cell, int) else None


def _path(value: Any, folder: Path) -> Path | None:
    if not isinstance(value, str) or not value or "\0" in value:
        return None
    return folder / value  # an absolute path stays what it is
