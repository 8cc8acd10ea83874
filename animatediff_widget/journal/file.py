"""The journal's file: opening it, bringing an older one up to date, setting a damaged one aside."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from animatediff_widget.errors import JournalError
from animatediff_widget.texts import TEXTS

from .locks import gate

__all__ = ["FINAL_STATES", "PICK_UP", "UNFINISHED", "JournalFile"]

logger = logging.getLogger(__name__)

FINAL_STATES = ("succeeded", "failed", "canceled", "accepted")
"""The states of a `Job` after which nothing more is to be done."""

UNFINISHED = "state NOT IN ('succeeded', 'failed', 'canceled', 'accepted')"
PICK_UP = f"({UNFINISHED} AND (seen = 0 OR state <> 'unknown') OR state = 'succeeded' AND seen = 0)"
"""What a person is offered again. A query is answered from a partial index when it says the same words."""

MIGRATIONS = (
    """
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
        output TEXT,                     -- the animation's file, relative to the journal's folder where it lies in it
        size INTEGER,
        sha256 TEXT
    );
    CREATE INDEX unfinished ON jobs (number) WHERE state NOT IN ('succeeded', 'failed', 'canceled', 'accepted');
    """,
    """
    -- The endpoint's kind, and whether the person has seen how the job ended.
    ALTER TABLE jobs ADD COLUMN kind TEXT;
    ALTER TABLE jobs ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
    UPDATE jobs SET seen = 1 WHERE state = 'succeeded';
    CREATE INDEX by_prediction ON jobs (prediction_id) WHERE prediction_id IS NOT NULL;
    CREATE INDEX to_pick_up ON jobs (number) WHERE (
        state NOT IN ('succeeded', 'failed', 'canceled', 'accepted') AND (seen = 0 OR state <> 'unknown')
        OR state = 'succeeded' AND seen = 0
    );
    """,
)
"""What brings a journal from each version to the next; its version is its ``user_version``. Only ever add to it."""

_T = TypeVar("_T")
_Act = Callable[[sqlite3.Connection], _T]
# What SQLite says when the tables are not ours.
_FOREIGN = re.compile(r"no such (table|column|index)|has no column|already exists|duplicate column")
_RENAME_TRIES = 50


class JournalFile:
    """One SQLite file, opened for each transaction anew. Opening takes a fraction of a millisecond and leaves nothing.

    Parameters
    ----------
    folder : pathlib.Path
        Where it lies; made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "journal.sqlite3"
        # In use by many at once, or being rebuilt by one: SQLite's own locks do not outlast a rename.
        self._gate = folder / "locks" / "journal"

    @property
    def report(self) -> str:
        """What had to be done about a damaged file since this process began; empty when nothing."""
        return _reports.get(str(self.path), "")

    def read(self, act: _Act[_T]) -> _T:
        """Do something with the database that changes nothing.

        Parameters
        ----------
        act : callable
            Called with the connection; again when the file had to be replaced.

        Raises
        ------
        JournalError
            When the folder or the file cannot be used.
        """
        return self._do(act)

    def write(self, act: _Act[_T]) -> _T:
        """Do something with the database in one transaction; on the disk when this returns. As `read` else."""

        def transact(database: sqlite3.Connection) -> _T:
            database.execute("BEGIN IMMEDIATE")
            result = act(database)
            database.execute("COMMIT")
            return result

        return self._do(transact)

    def _do(self, act: _Act[_T]) -> _T:
        try:
            try:
                return self._attempt(act)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._replace(error)
                return self._attempt(act)
        except (sqlite3.Error, OSError) as error:
            problem = error
        busy = isinstance(problem, TimeoutError) or "locked" in str(problem)
        raise JournalError(
            TEXTS["journal_busy" if busy else "journal_unusable"].format(folder=self.folder, why=problem)
        )

    def _attempt(self, act: _Act[_T]) -> _T:
        with gate(self._gate, shared=True), self._connect() as database:
            if self._version(database) == len(MIGRATIONS):
                return act(database)
        with gate(self._gate, shared=False), self._connect() as database:
            self._migrate(database)
        with gate(self._gate, shared=True), self._connect() as database:
            return act(database)

    @contextlib.contextmanager
    def _connect(self, path: Path | None = None) -> Iterator[sqlite3.Connection]:
        # Transactions are begun and ended by hand.
        with contextlib.closing(sqlite3.connect(path or self.path, timeout=30, isolation_level=None)) as database:
            database.row_factory = sqlite3.Row
            database.text_factory = _text  # bytes that are no UTF-8 would break a whole listing
            database.execute("PRAGMA synchronous = FULL")
            yield database

    def _version(self, database: sqlite3.Connection) -> int:
        version = int(database.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise JournalError(TEXTS["journal_newer"].format(folder=self.folder))
        return version

    def _migrate(self, database: sqlite3.Connection) -> None:
        """Make the tables, or bring them up to date; of several processes that try at once, one does."""
        if self._version(database) == len(MIGRATIONS):
            return
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("BEGIN IMMEDIATE")
        for migration in MIGRATIONS[self._version(database) :]:
            for statement in migration.split(";\n"):
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        database.execute("COMMIT")

    def _replace(self, why: Exception) -> None:
        """Set a damaged file aside, and carry into a new one what can be read of it."""
        with gate(self._gate, shared=False):
            if self._is_sound():  # another process was faster
                return
            stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{time.monotonic_ns() % 10**6:06d}"
            aside = self.folder / f"journal-damaged-{stamp}.sqlite3"
            # The log first: should it end here, a new file must not meet the old one's log.
            for tail in ("-wal", "-shm", ""):
                _move(Path(f"{self.path}{tail}"), Path(f"{aside}{tail}"))
            with self._connect() as database:
                self._migrate(database)
                carried = self._carry_over(aside, database)
        report = TEXTS["journal_set_aside"].format(why=why, aside=aside, count=carried)
        _reports[str(self.path)] = report
        logger.warning("%s", report)

    def _is_sound(self) -> bool:
        try:
            with self._connect() as database:
                version = self._version(database)
                if [row[0] for row in database.execute("PRAGMA integrity_check(1)")] != ["ok"]:
                    return False
                if version:
                    database.execute("SELECT number, key, state FROM jobs LIMIT 1")
                if version == len(MIGRATIONS):
                    database.execute("SELECT seen, kind FROM jobs LIMIT 1")
                return version > 0
        except sqlite3.DatabaseError as error:
            if _is_damage(error):
                return False
            raise

    def _carry_over(self, aside: Path, database: sqlite3.Connection) -> int:
        """Copy the rows that can be read, from both ends."""
        carried = 0
        with contextlib.suppress(sqlite3.Error), self._connect(aside) as old:
            ours = {row["name"] for row in database.execute("PRAGMA table_info(jobs)")}
            names = [row["name"] for row in old.execute("PRAGMA table_info(jobs)") if row["name"] in ours]
            columns, places = ", ".join(names), ", ".join("?" * len(names))
            database.execute("BEGIN IMMEDIATE")
            for order in ("ASC", "DESC") if names else ():
                with contextlib.suppress(sqlite3.Error):
                    for row in old.execute(f"SELECT {columns} FROM jobs NOT INDEXED ORDER BY number {order}"):  # noqa: S608
                        with contextlib.suppress(sqlite3.Error):
                            insert = f"INSERT OR IGNORE INTO jobs ({columns}) VALUES ({places})"  # noqa: S608
                            carried += database.execute(insert, tuple(row)).rowcount
            database.execute("COMMIT")
        return carried


_reports: dict[str, str] = {}


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is at fault. Only damage has the base class itself: what may pass has one of its own."""
    return type(error) is sqlite3.DatabaseError or _FOREIGN.search(str(error)) is not None


def _move(source: Path, target: Path) -> None:
    for attempt in range(1, _RENAME_TRIES + 1):
        try:
            os.replace(source, target)
        except FileNotFoundError:
            return
        except PermissionError:  # Windows, where another process has it open
            if attempt == _RENAME_TRIES or os.name != "nt":
                raise
            time.sleep(0.1)
        else:
            return
