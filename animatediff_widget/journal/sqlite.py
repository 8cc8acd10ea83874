"""The journal in SQLite, in the person's data folder."""

from __future__ import annotations

import itertools
import os
import re
import sqlite3
import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from animatediff_widget.errors import JournalError, check
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.model.status import FINAL_STATES
from animatediff_widget.paths import data_folder
from animatediff_widget.texts import Message

from .base import JournalProtocol
from .entry import JournalEntry, Part, read_row, write_answer, write_columns
from .file import JournalFile
from .locks import FileClaim, claim, is_claimed
from .salvage import Salvaged, salvage
from .sweep_records import SweepRecords
from .sweeps import SELECT, SweepEntry, read_sweep

__all__ = ["Journal", "JournalEntry"]

_T = TypeVar("_T")
_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
# A query is answered from a partial index when it says the same words as the index.
_UNFINISHED = f"state NOT IN {FINAL_STATES}"
_PICK_UP = f"({_UNFINISHED} AND (seen = 0 OR state <> 'unknown') OR state = 'succeeded' AND seen = 0)"
# A cell is taken up with its sweep, while that is open; one that succeeded is seen in it.
_ALONE = (
    "(sweep IS NULL OR state <> 'succeeded' "
    "AND NOT EXISTS (SELECT 1 FROM sweeps WHERE sweeps.key = jobs.sweep AND sweeps.state = 'open'))"
)
_LAST_ONES = 5


@guarded_class
class Journal(SweepRecords, JournalProtocol):
    """The record of all jobs, in the person's data folder; safe for several notebooks at once.

    What a method does, and what it takes, is in `JournalProtocol`. A damaged journal is set aside under another name,
    and work goes on with a new one; `report` says so until `salvage` has read it.

    Parameters
    ----------
    folder : path, optional
        Where to keep it. By default ``ANIMATEDIFF_WIDGET_HOME`` from the environment, else the place the system has for
        such data.

    Raises
    ------
    JournalError
        By every method, when the folder or the file cannot be used; when others hold it for longer than 2 s, or 4 s for
        a method that writes. What `record` and `see` could not write within 1.5 s is written when it is free.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        check(Path, none=True, folder=folder)
        try:
            self.folder = Path(folder).absolute() if folder is not None else data_folder()
        except OSError as error:
            message = Message("journal_unusable", folder=error.filename or folder or "", why=error.strerror or error)
            raise JournalError(message) from None
        self._locks = self.folder / "locks"
        self._file = JournalFile(self.folder)

    def __repr__(self) -> str:
        return f"<Journal {getattr(self, 'folder', '(not made)')}>"

    @property
    def animations(self) -> Path:
        """See `JournalProtocol.animations`."""
        return self.folder / "animations"

    @property
    def report(self) -> Message | None:
        """See `JournalProtocol.report`."""
        return self._file.report

    @staticmethod
    def new_key() -> str:
        """See `JournalProtocol.new_key`."""
        return uuid.uuid4().hex

    def begin(
        self,
        body: AnimateDiffRequest | Body,
        endpoint: Endpoint,
        *,
        key: str | None = None,
        part: Part | None = None,
    ) -> str:
        """See `JournalProtocol.begin`."""
        check(Endpoint, endpoint=endpoint)
        check(str, none=True, key=key)
        check(Part, none=True, part=part)
        key, body = key or self.new_key(), Body.of(body)
        belongs = (part.sweep, part.cell) if part else (None, None)
        values = (key, time.time(), endpoint.url, endpoint.kind, body.text, body.version, body.steps, *belongs)
        self._file.write(
            lambda database: database.execute(
                "INSERT INTO jobs (key, created, endpoint, kind, request, version, steps, sweep, cell, state) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'submitting') "
                "ON CONFLICT (key) DO NOTHING",  # an interrupt may have fallen between this and the news of it
                values,
            )
        )
        return key

    def record(
        self,
        key: str,
        state: str,
        *,
        prediction: Prediction | None = None,
        error: Message | str | None = None,
        output: Path | None = None,
        size: int | None = None,
        sha256: str | None = None,
        seconds: float | None = None,
    ) -> bool:
        """See `JournalProtocol.record`."""
        check(str, key=key, state=state)
        news = write_columns(self.folder, prediction, error, output, size, sha256, seconds)
        if state == "succeeded":
            news.setdefault("error", None)
        columns = "".join(f", {name} = ?" for name in news)
        # What the person saw was another state.
        update = f"UPDATE jobs SET seen = (seen AND state = ?), state = ?{columns} WHERE key = ?"  # noqa: S608
        values = (state, state, *news.values(), key)
        return self._file.write_soon(lambda database: database.execute(update, values).rowcount > 0)

    def adopt(self, key: str, prediction: Prediction, *, named: bool = False) -> bool:
        """See `JournalProtocol.adopt`."""
        check(str, key=key)
        check(Prediction, prediction=prediction)

        def adopt(database: sqlite3.Connection) -> bool:
            taken = database.execute(
                "SELECT 1 FROM jobs WHERE prediction_id = ? AND key <> ? "
                "AND endpoint = (SELECT endpoint FROM jobs WHERE key = ?) LIMIT 1",
                (prediction.id, key, key),
            ).fetchone()
            if taken is None:
                database.execute(
                    "UPDATE jobs SET state = 'running', seen = 0, prediction_id = ?, answer = ?, adopted = ? "
                    "WHERE key = ?",
                    (prediction.id, write_answer(prediction), not named, key),
                )
            return taken is None

        return self._file.write(adopt)

    def together(self, acts: Sequence[Callable[[], _T]]) -> list[_T]:
        """See `JournalProtocol.together`."""
        return self._file.together(acts)

    def see(self, key: str) -> None:
        """See `JournalProtocol.see`."""
        check(str, key=key)
        self._file.write_soon(lambda database: database.execute("UPDATE jobs SET seen = 1 WHERE key = ?", (key,)))

    def claim(self, key: str) -> FileClaim | None:
        """See `JournalProtocol.claim`."""
        try:
            return claim(_lock_file(self._locks, key))
        except OSError as error:
            raise JournalError(Message("journal_unusable", folder=self.folder, why=error)) from None

    def claimed(self, key: str) -> bool:
        """See `JournalProtocol.claimed`."""
        return is_claimed(_lock_file(self._locks, key))

    def jobs(self, limit: int = 100, before: str | None = None, *, cells: bool = True) -> list[JournalEntry]:
        """See `JournalProtocol.jobs`."""
        check(int, limit=limit)
        check(str, none=True, before=before)
        return _page(self._file, "TRUE" if cells else "sweep IS NULL", limit, before)

    def unfinished(self, limit: int = 100) -> list[JournalEntry]:
        """See `JournalProtocol.unfinished`."""
        check(int, limit=limit)
        return _page(self._file, _UNFINISHED, limit)

    def to_pick_up(self, limit: int = 20) -> list[JournalEntry]:
        """See `JournalProtocol.to_pick_up`."""
        check(int, limit=limit)
        found: list[JournalEntry] = []
        before: str | None = None
        while len(found) < limit:
            page = _page(self._file, f"{_PICK_UP} AND {_ALONE}", limit, before)
            found += [entry for entry in page if not (_KEY.fullmatch(entry.key) and self.claimed(entry.key))]
            if len(page) < limit:
                break
            before = page[-1].key
        for lock in self._locks.glob("*"):
            if _KEY.fullmatch(lock.name):
                is_claimed(lock, tries=1)  # removes it when its process is dead
        return found[:limit]

    def get(self, key: str, endpoint: str | None = None) -> JournalEntry | None:
        """See `JournalProtocol.get`."""
        check(str, key=key)
        check(str, none=True, endpoint=endpoint)
        found = _select(
            self._file,
            "key = ? OR prediction_id = ? AND (? IS NULL OR endpoint = ?) ORDER BY number DESC LIMIT 1",
            *(key, key, endpoint, endpoint),
        )
        return found[0] if found else None

    def find(self, beginning: str, limit: int = 100) -> list[JournalEntry]:
        """See `JournalProtocol.find`."""
        check(str, beginning=beginning)
        check(int, limit=limit)
        return _select(self._file, "key >= ? AND key < ? LIMIT ?", beginning, f"{beginning}\U0010ffff", limit)

    def sweeps_to_pick_up(self, limit: int = 20) -> list[SweepEntry]:
        """See `JournalProtocol.sweeps_to_pick_up`."""
        check(int, limit=limit)
        rows = self._file.rows(f"{SELECT} WHERE state = 'open' ORDER BY number DESC")
        free = (sweep for sweep in map(read_sweep, rows) if _KEY.fullmatch(sweep.key) and not self.claimed(sweep.key))
        return [*itertools.islice(free, limit)]

    def key_uses(self) -> set[tuple[str, str]]:
        """See `JournalProtocol.key_uses`."""
        rows = self._file.rows("SELECT fingerprint, origin FROM keys")
        return {(str(fingerprint), str(origin)) for fingerprint, origin in rows}

    def note_key_use(self, fingerprint: str, origin: str) -> None:
        """See `JournalProtocol.note_key_use`."""
        values = (fingerprint, origin)
        self._file.write(lambda database: database.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", values))

    def typical_seconds(self, body: AnimateDiffRequest | Body, endpoint: Endpoint) -> float | None:
        """See `JournalProtocol.typical_seconds`."""
        check(Endpoint, endpoint=endpoint)
        body = Body.of(body)
        rows = self._file.rows(
            "SELECT seconds FROM jobs WHERE endpoint = ? AND version IS ? AND steps IS ? AND state = 'succeeded' "
            "AND seconds IS NOT NULL ORDER BY number DESC LIMIT ?",
            *(endpoint.url, body.version, body.steps, _LAST_ONES),
        )
        seconds = [row["seconds"] for row in rows if isinstance(row["seconds"], float)]
        return statistics.median(seconds) if seconds else None

    def salvage(self, file: str | os.PathLike[str]) -> Salvaged:
        """Add the jobs that can be read of a damaged journal to this one.

        Parameters
        ----------
        file : path
            The database that was set aside. It is renamed when it was read, and kept.

        Returns
        -------
        Salvaged
            How many jobs could be read, how many of them were not here yet, and where the file is now.
        """
        check(Path, file=file)
        return salvage(Path(file).absolute(), self._file)


def _page(file: JournalFile, condition: str, limit: int, before: str | None = None) -> list[JournalEntry]:
    """Read the newest jobs of those that fulfil a condition and were submitted before the one with that key."""
    below = "CASE WHEN ?1 IS NULL THEN 9223372036854775807 ELSE (SELECT number FROM jobs WHERE key = ?1) END"
    return _select(file, f"{condition} AND number < {below} ORDER BY number DESC LIMIT ?2", before, limit)


def _select(file: JournalFile, condition: str, *values: Any) -> list[JournalEntry]:
    rows = file.rows(f"SELECT * FROM jobs WHERE {condition}", *values)  # noqa: S608
    return [read_row(row, file.folder) for row in rows]


def _lock_file(locks: Path, key: str) -> Path:
    check(str, key=key)
    if not _KEY.fullmatch(key):  # it becomes the name of a file
        raise JournalError(Message("not_a_journal_key", key=repr(key[:80])))
    return locks / key
