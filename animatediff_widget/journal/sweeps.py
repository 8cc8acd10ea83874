"""One sweep as the journal knows it: what its cells vary, and over which axes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from animatediff_widget.model.body import Body

__all__ = ["SELECT", "SweepEntry", "insert_sweep", "read_sweep"]


SELECT = (
    "SELECT *, (SELECT count(DISTINCT cell) FROM jobs WHERE sweep = sweeps.key AND state = 'succeeded') AS succeeded "
    "FROM sweeps"
)
"""The beginning of every question for sweeps; `read_sweep` reads what comes."""


@dataclass(frozen=True)
class SweepEntry:
    """One sweep as the journal knows it."""

    key: str
    created: float  # when it was submitted, in seconds since the epoch
    endpoint: str  # the url its cells are posted to
    kind: str | None  # the `Endpoint`'s
    body: Body  # what the cells vary
    axes: Mapping[str, tuple[Any, ...]]  # by name, in the order given
    options: Mapping[str, Any] = field(default_factory=dict)  # what else it was started with
    succeeded: int = 0  # how many of its cells have an animation
    state: str = "open"  # to be taken up where nobody runs it; or "stopped" by the person, or "finished"

    @property
    def size(self) -> int:
        """How many cells it has."""
        size = 1
        for values in self.axes.values():
            size *= len(values)
        return size


def insert_sweep(database: sqlite3.Connection, sweep: SweepEntry) -> None:
    """Write a sweep into the table ``sweeps``; one that is there already gets its options, and is open again."""
    database.execute(
        "INSERT INTO sweeps (key, created, endpoint, kind, request, axes, options, state) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 'open') "
        "ON CONFLICT (key) DO UPDATE SET options = excluded.options, state = 'open'",
        (
            *(sweep.key, sweep.created, sweep.endpoint, sweep.kind, sweep.body.text),
            *(json.dumps(each, ensure_ascii=False) for each in (dict(sweep.axes), dict(sweep.options))),
        ),
    )


def read_sweep(row: sqlite3.Row) -> SweepEntry:
    """Read a row of the table ``sweeps``; what cannot be read of it is left out."""
    axes = _object(row["axes"])
    return SweepEntry(
        key=str(row["key"]),
        created=float(row["created"]) if isinstance(row["created"], (int, float)) else 0.0,
        endpoint=str(row["endpoint"]),
        kind=row["kind"] if isinstance(row["kind"], str) else None,
        body=Body(str(row["request"])),
        axes={name: tuple(values) for name, values in axes.items() if isinstance(values, list)},
        options=_object(row["options"]),
        succeeded=row["succeeded"],
        state=str(row["state"]),
    )


def _object(text: Any) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
