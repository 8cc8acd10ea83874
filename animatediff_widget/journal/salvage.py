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

_MISSES = 10_000  # so many numbers in a row that cannot be read, and the end is reached
_BATCH = 500  # so many rows are added in one transaction, which others wait for


@dataclass(frozen=True)
class Salvaged:
    """What came of a damaged journal."""

    found: int  # how many jobs could be read
    added: int  # how many of them were not in the present journal
    file: Path  # where the damaged one is now


def salvage(damaged: Path, journal: JournalFile) -> Salvaged:
    """Add the jobs that can be read of a damaged database to a journal.

    The damaged file is read from a copy, and renamed from ``journal-damaged-*`` to ``journal-salvaged-*`` at the end. A
    second run, after a crash in the middle, adds what the first one did not.
    """
    rows: dict[str, _Row] = {}
    uses: set[tuple[str, str]] = set()
    sweeps: dict[str, _Row] = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            # With its logs there are jobs more in it; where a log is damaged, without it.
            for number, logs in enumerate((LOGS, ())):
                copy = Path(folder) / f"{number}.sqlite3"
                shutil.copyfile(damaged, copy)
                for tail in logs:
                    with contextlib.suppress(FileNotFoundError):
                        shutil.copyfile(f"{damaged}{tail}", f"{copy}{tail}")
                with contextlib.closing(connect(copy)) as database:
                    for row in _read(database):
                        rows.setdefault(str(row.get("key")), row)
                    with contextlib.suppress(sqlite3.Error):  # that no key is taken to another relay after a damage
                        for fingerprint, origin in database.execute("SELECT fingerprint, origin FROM keys"):
                            uses.add((str(fingerprint), str(origin)))
                    with contextlib.suppress(sqlite3.Error, IndexError):  # another's table of that name
                        for row in database.execute("SELECT * FROM sweeps NOT INDEXED"):
                            sweeps.setdefault(str(row["key"]), {**dict(row), "number": None})
        newest_first = sorted(rows.values(), key=lambda row: int(row["number"]), reverse=True)
        batches = (newest_first[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
        added = sum(journal.write(partial(_insert, batch)) for batch in batches)
        journal.write(lambda database: database.executemany("INSERT OR IGNORE INTO keys VALUES (?, ?)", uses))
        journal.write(lambda database: _insert_rows("sweeps", [*sweeps.values()], database))
        kept = damaged
        if damaged.name.startswith("journal-damaged-"):
            kept = free_name(damaged.with_name(damaged.name.replace("-damaged-", "-salvaged-", 1)))
            rename_database(damaged, kept)
    except (OSError, ValueError) as error:  # pathlib's own for what cannot be a name
        why = getattr(error, "strerror", None) or error
        raise JournalError(Message("not_salvaged", file=damaged, why=why)) from None
    return Salvaged(len(rows), added, kept)


def _read(database: sqlite3.Connection) -> Iterator[_Row]:
    """Read the rows upwards, number by number past what is damaged; then downwards, for those behind a wide gap."""
    with contextlib.suppress(sqlite3.Error):
        database.execute("PRAGMA writable_schema = ON")  # a schema that names missing pages is read all the same
    for clause, number, step in (("> ? ORDER BY number", -(2**63), 1), ("< ? ORDER BY number DESC", 2**63 - 1, -1)):
        # No index is used: it may be damaged where the rows are not.
        query, misses = f"SELECT * FROM jobs NOT INDEXED WHERE number {clause}", 0  # noqa: S608
        while misses < _MISSES:
            try:
                for row in database.execute(query, (number,)):
                    yield dict(row)
                    number, misses = row["number"], 0
                return
            except sqlite3.Error:
                number, misses = number + step, misses + 1


def _insert(rows: list[_Row], database: sqlite3.Connection) -> int:
    """Add jobs, the newest first, with numbers below those of the journal's own: they are older."""
    number = database.execute("SELECT coalesce(min(number), 1) FROM jobs").fetchone()[0]
    added = 0
    for row in rows:
        if _insert_rows("jobs", [{**row, "number": number - 1}], database):
            added, number = added + 1, number - 1
    return added


def _insert_rows(table: str, rows: list[_Row], database: sqlite3.Connection) -> int:
    """Add the rows whose keys a table does not have, as far as it has their columns; give how many were added."""
    ours = {column["name"] for column in database.execute(f"PRAGMA table_info({table})")}
    added = 0
    for row in rows:
        values = {name: value for name, value in row.items() if name in ours}
        insert = f"INSERT OR IGNORE INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"  # noqa: S608
        added += database.execute(insert, tuple(values.values())).rowcount
    return added
