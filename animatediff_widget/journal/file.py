"""The journal's file: opening it, bringing an older one up to date, setting a damaged one aside."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import logging
import os
import re
import sqlite3
import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from animatediff_widget.errors import JournalError
from animatediff_widget.interrupts import uninterrupted
from animatediff_widget.texts import Message

from .locks import gate
from .migrations import bring_up_to_date

__all__ = ["LOGS", "JournalFile", "connect", "free_name", "rename_database"]

logger = logging.getLogger(__name__)

LOGS = ("-wal", "-shm", "-journal")
"""What SQLite calls the files beside a database that belong to it, by the ends of their names."""

# A person's limit for the panel to open or a list to come is about 2 s. A job is written down before it is posted, and
# Cancel must be seen to act within 5 s; what is written after that holds it up for a moment at most. In seconds;
# another process's write takes about 10 ms.
_READ_WITHIN = 2.0
_WRITE_WITHIN = 4.0
_WRITE_SOON_WITHIN = 1.5
_WRITE_LATE_WITHIN = 0.1
_WRITE_LATE_EVERY = 1.0

_T = TypeVar("_T")
_Act = Callable[[sqlite3.Connection], _T]
# What SQLite says when the tables are not ours.
_FOREIGN = re.compile(r"no such (table|column|index)|has no column|already exists|duplicate column")

_lock = threading.Lock()
"""Held while a connection of this process is in use, and across a fork, so that a child inherits only idle ones."""

if hasattr(os, "register_at_fork"):  # after filelock's own hooks, as in locks.py
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


class JournalFile:
    """One SQLite file in a folder, kept open. Of all threads and processes, one at a time uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "journal.sqlite3"
        # SQLite's own locks do not outlast a rename, and a log is found by its name alone.
        self._gate = folder / "locks" / "journal"
        self._database: sqlite3.Connection | None = None
        self._opened: object = None
        self._closing: Callable[[], object] = lambda: None
        # What others kept from being written, by process: a fork's child leaves what it inherited to its parent.
        self._late: defaultdict[int, list[_Act[Any]]] = defaultdict(list)
        self._together: int | None = None  # the thread that is inside `together`

    @property
    def report(self) -> Message | None:
        """What is to be done about a damaged file that lies in the folder; None when there is none."""
        with contextlib.suppress(OSError):
            damaged = sorted(self.folder.glob("journal-damaged-*.sqlite3"))
            if damaged:
                return Message("journal_set_aside", file=damaged[-1])
        return None

    def read(self, act: _Act[_T]) -> _T:
        """Do something with the database that changes nothing; once more when the file had to be replaced.

        `JournalError` when the file cannot be used, or others hold it for longer than 2 s.
        """
        return self._join(act) if self._joins() else self._do(act, _READ_WITHIN)

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Ask the database; else as `read`."""
        return self.read(lambda database: database.execute(query, values).fetchall())

    def write(self, act: _Act[_T]) -> _T:
        """Do something in one transaction, which is on the disk when this returns; else as `read`, for 4 s."""
        return self._join(act) if self._joins() else self._write(act, _WRITE_WITHIN)

    def together(self, acts: Sequence[Callable[[], _T]]) -> list[_T]:
        """Do things that call the methods here, all in one transaction, which is on the disk when this returns.

        They may be called once more, where the file had to be replaced. Where one fails, nothing of all is written.
        """

        def join(_: sqlite3.Connection) -> list[_T]:
            self._together = threading.get_ident()
            try:
                return [act() for act in acts]
            finally:
                self._together = None

        return self.write(join)

    def _joins(self) -> bool:
        return self._together == threading.get_ident()

    def _join(self, act: _Act[_T]) -> _T:
        assert self._database is not None
        return act(self._database)

    def write_soon(self, act: _Act[_T]) -> _T:
        """As `write`, for 1.5 s; what others keep from being written then is written with the next, or by itself."""
        if self._joins():
            return self._join(act)
        late = self._late[os.getpid()]
        try:
            return self._write(act, _WRITE_LATE_WITHIN if late else _WRITE_SOON_WITHIN)
        except JournalError as error:
            if error.code == "journal_busy":
                late.append(act)
                if len(late) == 1:
                    self._write_later()
            raise

    def _write(self, act: _Act[_T], within: float) -> _T:
        def transact(database: sqlite3.Connection) -> _T:
            database.execute("BEGIN IMMEDIATE")
            late = self._late[os.getpid()]
            written = [each(database) for each in late]
            result = act(database)
            database.execute("COMMIT")
            del late[: len(written)]
            return result

        return self._do(transact, within, _WRITE_WITHIN)

    def _write_later(self) -> None:
        timer = threading.Timer(_WRITE_LATE_EVERY, self._write_late)
        timer.daemon = True  # what a process that ends leaves unwritten is found out by the next that resumes the job
        timer.start()

    def _write_late(self) -> None:
        with contextlib.suppress(JournalError):
            self._write(lambda _: None, _WRITE_LATE_WITHIN)
        if self._late[os.getpid()]:
            self._write_later()

    def _do(self, act: _Act[_T], within: float, own: float = 0.0) -> _T:
        """Do something `within` so many seconds; this process's own threads, which write in turn, get `own` of them."""
        try:
            with uninterrupted(), self._turn(max(within, own), within) as deadline:
                try:
                    return act(self._connect(deadline))
                except sqlite3.DatabaseError as error:
                    if not _is_damage(error):
                        raise
                    self._set_aside(str(error))
                    return act(self._connect(deadline))
        except (sqlite3.Error, OSError) as error:
            problem = error
        busy = isinstance(problem, TimeoutError) or "locked" in str(problem)
        raise JournalError(Message("journal_busy" if busy else "journal_unusable", folder=self.folder, why=problem))

    @contextlib.contextmanager
    def _turn(self, own: float, within: float) -> Iterator[float]:
        """Wait for the other threads, then `within` for other processes; give the deadline. No transaction is left."""
        deadline = time.monotonic() + own
        if not _lock.acquire(timeout=own):
            raise TimeoutError("another thread does not let go of it")
        try:
            deadline = min(deadline, time.monotonic() + within)
            with gate(self._gate, max(0.0, deadline - time.monotonic())):
                try:
                    yield deadline
                except BaseException:
                    self.close()
                    raise
                if os.name == "nt":  # an open file can be neither renamed nor removed there
                    self.close()
        finally:
            _lock.release()

    def _connect(self, deadline: float) -> sqlite3.Connection:
        """Give the connection to the file that bears the journal's name now, in this process."""
        database = self._database
        if database is None or self._opened != (os.getpid(), _identity(self.path)):
            self.close()
            return self._open(deadline)
        database.execute(f"PRAGMA busy_timeout = {max(0, round(1000 * (deadline - time.monotonic())))}")
        return database

    def _open(self, deadline: float) -> sqlite3.Connection:
        if self.path.exists() and _has_logs(self._aside()):
            self._set_aside("a process ended while it set it aside")
        elif not _size(self.path) and (_has_logs(self.path) or self._was_emptied()):
            self._set_aside("it is empty")
        if not _size(self.path):
            self._create()
        self._database = database = connect(self.path, max(0.0, deadline - time.monotonic()))
        self._closing = closing = weakref.finalize(self, database.close)  # also when the journal is garbage collected
        closing.atexit = False
        _open_files.add(self)
        self._opened = (os.getpid(), _identity(self.path))
        database.execute("PRAGMA synchronous = FULL")  # what is committed is on the disk
        bring_up_to_date(database, self.folder)
        with contextlib.suppress(sqlite3.OperationalError):  # one of version 0.1 stays in WAL while others have it open
            database.execute("PRAGMA journal_mode = PERSIST")
        return database

    def close(self) -> None:
        """Close the connection, with `_lock` held. A fork's child inherits only idle ones, so this changes nothing."""
        self._database = None
        self._closing()

    def _create(self) -> None:
        """Make a new database under another name first, so that nobody ever finds half of one."""
        new = self.folder / "journal-new.sqlite3"
        for tail in ("", *LOGS):  # of a process that was killed here
            Path(f"{new}{tail}").unlink(missing_ok=True)
        with contextlib.closing(connect(new)) as database:
            bring_up_to_date(database, self.folder)
        os.replace(new, self.path)

    def _set_aside(self, why: str) -> None:
        """Rename a damaged file, whole and with its logs. Nothing is read of it, copied or deleted."""
        if os.name == "nt":
            self.close()
        aside = self._aside()
        rename_database(self.path, aside)
        self.close()  # after it, because SQLite removes a log that it cannot use, by its name
        logger.warning("The journal %s is damaged (%s) and was renamed to %s", self.path, why, aside)

    def _aside(self) -> Path:
        """Give the name for the file when it is set aside.

        It follows from the file's last change, so that who finds it after a crash in the middle gives it the same name
        as the logs that were renamed before it.
        """
        changed = self.path.stat().st_mtime_ns if self.path.exists() else time.time_ns()
        stamp = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(changed // 10**9))}-{changed % 10**9:09d}"
        return free_name(self.folder / f"journal-damaged-{stamp}.sqlite3")

    def _was_emptied(self) -> bool:
        """Whether there were jobs, so that an empty file is no new one."""
        with contextlib.suppress(OSError):
            return self.path.exists() and any((self.folder / "animations").iterdir())
        return False


_open_files: weakref.WeakSet[JournalFile] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close what is open at the end of the process, but under no thread that is inside: SQLite's module would crash."""
    if _lock.acquire(timeout=_READ_WITHIN):
        try:
            for file in [*_open_files]:
                file.close()
        finally:
            _lock.release()


def connect(path: Path, timeout: float = 0.0) -> sqlite3.Connection:
    """Open a database for any thread, its transactions begun and ended by hand."""
    database = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    database.row_factory = sqlite3.Row
    database.text_factory = lambda data: data.decode("utf-8", "replace")  # broken UTF-8 would break a whole listing
    return database


def rename_database(source: Path, target: Path) -> None:
    """Rename a database, its logs first: a crash in between cannot leave them to a new database."""
    for tail in (*LOGS, ""):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{source}{tail}", f"{target}{tail}")


def free_name(path: Path) -> Path:
    """Give a database's name, with a number in it where another database has that name."""
    names = itertools.chain([path], (path.with_stem(f"{path.stem}-{count}") for count in itertools.count(2)))
    return next(name for name in names if not name.exists())


def _has_logs(path: Path) -> bool:
    return any(os.path.exists(f"{path}{tail}") for tail in LOGS)


def _identity(path: Path) -> tuple[int, int] | None:
    """Tell a file from another of the same name; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is at fault. Only damage has the base class itself: what may pass has one of its own."""
    return type(error) is sqlite3.DatabaseError or _FOREIGN.search(str(error)) is not None
