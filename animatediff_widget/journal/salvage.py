"""What can be read of a damaged journal is added to the present one, offline, when a person asks for it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from animatediff_widget.errors import JournalError
from animatediff_widget.texts import Message

from .file import LOGS, JournalFile, connect, free_name, rename_database

__all__ = ["Salvaged", "salvage"]

_Row = dict[str, Any]

_MISSES = 10_000  # so many numbers in a row without a readable row, and the end is reached
_BATCH = 500  # so many rows are added in one transaction, which others wait for


@dataclass(frozen=True)
class Salvaged:
    """What came of a damaged journal.

    Parameters
    ----------
    found : int
        How many jobs could be read.
    added : int
        How many of them were not in the present journal.
    file : pathlib.Path
        Where the damaged file is now.
    """

    found: int
    added: int
    file: Path


def salvage(damaged: Path, journal: JournalFile) -> Salvaged:
    """Add the jobs that can be read of a damaged database to a journal.

    The damaged file is read from a copy, and renamed from ``journal-damaged-*`` to ``journal-salvaged-*`` at the end. A
    second run, after a crash in the middle, adds what the first one did not.

    Parameters
    ----------
    damaged : pathlib.Path
        The database; its logs lie beside it.
    journal : JournalFile
        The present journal.

    Raises
    ------
    JournalError
        When the file cannot be read or copied, or the journal cannot be used.
    """
    rows: dict[str, _Row] = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            # With its logs there are jobs more in it; where a log is damaged, without it.
            for number, logs in enumerate((LOGS, ())):
                copy = Path(folder) / f"{number}.sqlite3"
                shutil.copyfile(damaged, copy)
                for tail in logs:
                    with contextlib.suppress(FileNotFoundError):
                        shutil.copyfile(f"{damaged}{tail}", f"{copy}{tail}")
                for row in _read(copy):
                    rows.setdefault(str(row.get("key")), row)
        added = _add(sorted(rows.values(), key=lambda row: int(row["number"]), reverse=True), journal)
        kept = damaged
        if damaged.name.startswith("journal-damaged-"):
            kept = free_name(damaged.with_name(damaged.name.replace("-damaged-", "-salvaged-", 1)))
            rename_database(damaged, kept)
    except (OSError, ValueError) as error:  # pathlib's own for what cannot be a name
        why = getattr(error, "strerror", None) or error
        raise JournalError(Message("not_salvaged", file=damaged, why=why)) from None
    return Salvaged(len(rows), added, kept)


def _read(copy: Path) -> Iterator[_Row]:
    """Read the rows from both ends to where each meets damage, and one by one between these places."""
    with contextlib.closing(connect(copy)) as database:
        with contextlib.suppress(sqlite3.Error):
            database.execute("PRAGMA writable_schema = ON")  # a schema that names missing pages is read all the same
        last = highest = 0
        for row in _query(database, "ORDER BY number"):
            last = int(row["number"])
            yield row
        first = None
        for row in _query(database, "ORDER BY number DESC"):
            first = int(row["number"])
            highest = max(highest, first)
            if first <= last:
                return
            yield row
        number, misses = last + 1, 0
        while misses < _MISSES and (first is None or number < first):
            found = list(_query(database, "WHERE number = ?", number))
            yield from found
            misses = 0 if found else misses + 1
            number += 1


def _query(database: sqlite3.Connection, clause: str, *values: int) -> Iterator[_Row]:
    """Read rows until the end or the first damage. No index is used: it may be damaged where the rows are not."""
    with contextlib.suppress(sqlite3.Error):
        for row in database.execute(f"SELECT * FROM jobs NOT INDEXED {clause}", values):  # noqa: S608
            if isinstance(row["number"], int):
                yield dict(row)


def _add(rows: list[_Row], journal: JournalFile) -> int:
    """Add rows, the newest first, with numbers below those of the journal's own: they are older."""
    batches = (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
    return sum(journal.write(partial(_insert, batch)) for batch in batches)


def _insert(rows: list[_Row], database: sqlite3.Connection) -> int:
    ours = {column["name"] for column in database.execute("PRAGMA table_info(jobs)")}
    number = database.execute("SELECT coalesce(min(number), 1) FROM jobs").fetchone()[0]
    added = 0
    for row in rows:
        values = {name: value for name, value in row.items() if name in ours} | {"number": number - 1}
        insert = f"INSERT OR IGNORE INTO jobs ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"  # noqa: S608
        if database.execute(insert, tuple(values.values())).rowcount:
            added, number = added + 1, number - 1
    return added
