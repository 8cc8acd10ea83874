"""The journal: every job is written down before it is posted, and every step after."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import JournalError
from .prediction import Prediction
from .request import AnimateDiffRequest

__all__ = ["Journal", "JournalEntry"]

logger = logging.getLogger(__name__)

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,      -- in the order of submission
    key TEXT NOT NULL UNIQUE,        -- ours, known before the server's
    created REAL NOT NULL,           -- seconds since the epoch
    endpoint TEXT NOT NULL,          -- where it was posted
    request TEXT NOT NULL,           -- the body, as posted
    state TEXT NOT NULL,             -- the Job's state
    prediction_id TEXT,
    answer TEXT,                     -- the last answer, as it came
    error TEXT,                      -- the sentence the person saw
    output TEXT,                     -- the animation's file
    size INTEGER,
    sha256 TEXT
);
CREATE INDEX unfinished ON jobs (number) WHERE state NOT IN ('succeeded', 'failed', 'canceled', 'accepted');
"""
_FINAL_STATES = ("succeeded", "failed", "canceled", "accepted")


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
        What was asked for, with its seed.
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


class Journal:
    """The record of all jobs, in the person's data folder; safe for several notebooks at once.

    Parameters
    ----------
    folder : path, optional
        Where to keep it. By default ``ANIMATEDIFF_WIDGET_HOME`` from the environment, else the place the system has for
        such data.

    Raises
    ------
    JournalError
        By every method, when the folder or the file cannot be used.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = Path(folder) if folder is not None else _home()

    def __repr__(self) -> str:
        return f"<Journal {self.folder}>"

    @property
    def animations(self) -> Path:
        """The folder of the animations."""
        return self.folder / "animations"

    def begin(self, request: AnimateDiffRequest, endpoint: str) -> str:
        """Write a job down before it is posted.

        Parameters
        ----------
        request : AnimateDiffRequest
            What will be posted, its seed drawn.
        endpoint : str
            The url it will be posted to.

        Returns
        -------
        str
            The job's key in the journal.
        """
        key = uuid.uuid4().hex
        with self._open() as database:
            database.execute(
                "INSERT INTO jobs (key, created, endpoint, request, state) VALUES (?, ?, ?, ?, 'submitting')",
                (key, time.time(), endpoint, json.dumps(request.body(), ensure_ascii=False)),
            )
        return key

    def note(
        self,
        key: str,
        state: str,
        *,
        prediction: Prediction | None = None,
        error: str | None = None,
        output: Path | None = None,
        size: int | None = None,
        sha256: str | None = None,
    ) -> None:
        """Write down a job's new state, and what has become known with it; what is None stays as it was.

        Parameters
        ----------
        key : str
            From `begin`.
        state : str
            The job's state.
        prediction : Prediction, optional
            The last answer.
        error : str, optional
            What went wrong.
        output : pathlib.Path, optional
            The animation's file, whole and on the disk.
        size : int, optional
            Its size in bytes.
        sha256 : str, optional
            Its digest, in hexadecimal.
        """
        known = {
            "prediction_id": prediction.id if prediction else None,
            "answer": json.dumps(prediction.raw) if prediction else None,  # in ASCII: broken UTF-16 is kept as it came
            "error": error,
            "output": os.fspath(output) if output else None,
            "size": size,
            "sha256": sha256,
        }
        news = {name: value for name, value in known.items() if value is not None}
        columns = "".join(f", {name} = ?" for name in news)
        with self._open() as database:
            database.execute(f"UPDATE jobs SET state = ?{columns} WHERE key = ?", (state, *news.values(), key))  # noqa: S608

    def jobs(self, limit: int = 100) -> list[JournalEntry]:
        """List the last jobs, the newest first.

        Parameters
        ----------
        limit : int
            The most to list.
        """
        return self._select("ORDER BY number DESC LIMIT ?", limit)

    def unfinished(self) -> list[JournalEntry]:
        """List the jobs whose end is not known, the newest first."""
        states = ", ".join(f"'{state}'" for state in _FINAL_STATES)
        return self._select(f"WHERE state NOT IN ({states}) ORDER BY number DESC")

    def get(self, key: str) -> JournalEntry | None:
        """Find one job.

        Parameters
        ----------
        key : str
            Its key in the journal, or its id at the endpoint.
        """
        found = self._select("WHERE key = ? OR prediction_id = ? ORDER BY number DESC LIMIT 1", key, key)
        return found[0] if found else None

    def _select(self, clause: str, *values: Any) -> list[JournalEntry]:
        with self._open() as database:
            rows = database.execute(f"SELECT * FROM jobs {clause}", values).fetchall()  # noqa: S608
        return [_entry(row) for row in rows]

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the database for one transaction. Opening takes less than a millisecond, and leaves nothing to close."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.closing(sqlite3.connect(self.folder / "journal.sqlite3", timeout=30)) as database:
                database.row_factory = sqlite3.Row
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = FULL")
                if database.execute("PRAGMA user_version").fetchone()[0] < _SCHEMA_VERSION:
                    _create(database)
                with database:
                    yield database
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"The journal in {self.folder} cannot be used ({error}). Make the folder writable, or set "
                "ANIMATEDIFF_WIDGET_HOME to one that is."
            ) from None


def _create(database: sqlite3.Connection) -> None:
    """Make the tables; of several processes that try at once, one does."""
    with database:
        database.execute("BEGIN IMMEDIATE")
        if database.execute("PRAGMA user_version").fetchone()[0] < _SCHEMA_VERSION:
            for statement in _SCHEMA.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")


def _entry(row: sqlite3.Row) -> JournalEntry:
    return JournalEntry(
        key=row["key"],
        created=row["created"],
        endpoint=row["endpoint"],
        request=AnimateDiffRequest.from_body(json.loads(row["request"])),
        state=row["state"],
        prediction=Prediction.from_json(json.loads(row["answer"])) if row["answer"] else None,
        error=row["error"],
        output=Path(row["output"]) if row["output"] else None,
        sha256=row["sha256"],
    )


def _home() -> Path:
    given = os.environ.get("ANIMATEDIFF_WIDGET_HOME")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("animatediff-widget", appauthor=False))
