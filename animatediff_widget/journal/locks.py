"""Locks between processes, by the package filelock: who runs a job, and who uses the journal's file."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

__all__ = ["FileClaim", "claim", "gate", "is_claimed"]

_PAUSE = 0.005
_TRIES = 15  # whoever only looks whether a job is claimed holds its lock for a moment
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)

_guard = threading.RLock()  # reentrant: a claim may be garbage collected, and so released, while this is held
_held: weakref.WeakValueDictionary[str, FileClaim] = weakref.WeakValueDictionary()
"""The claims of this process, by path; the only ones that are known where a file system has no locks."""

# Nobody holds the guard at the moment of a fork: its holder would not exist in the child. Registered after filelock's
# own hooks, and so run before them: who holds the guard may need filelock's locks to go on.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_guard.acquire, after_in_parent=_guard.release, after_in_child=_guard.release)


class FileClaim(contextlib.AbstractContextManager["FileClaim"]):
    """The right to run one job, by an acquired lock on a file; see `Claim`."""

    def __init__(self, path: Path, lock: BaseFileLock) -> None:
        self._path = path
        self._lock = lock
        self._process: int | None = os.getpid()

    def __exit__(self, *exc: object) -> None:
        self.release()

    def __del__(self) -> None:
        # Garbage is collected anywhere, also where this thread holds filelock's own locks, for which whoever holds the
        # guard may wait: it is not waited for. Then filelock releases the lock, and whoever finds the file removes it.
        if self.held and _guard.acquire(blocking=False):
            try:
                self.release()
            finally:
                _guard.release()

    @property
    def held(self) -> bool:
        """Whether this process holds it; the child of a fork does not hold its parent's."""
        return self._process == os.getpid()

    def release(self) -> None:
        """Give the job free; does nothing the second time, and nothing in the child of a fork."""
        with _guard:
            if not self.held:
                return
            self._process = None
            with contextlib.suppress(OSError):
                # Removed while it is locked: filelock tells whoever waits for it that the file has no name any more.
                # Windows removes no open file; there, filelock removes it after the release.
                if os.name != "nt":
                    os.unlink(self._path)
            with contextlib.suppress(OSError):
                self._lock.release(force=True)


def claim(path: Path, tries: int = _TRIES) -> FileClaim | None:
    """Claim what a lock file stands for, which is removed at the release; None when a living process holds it.

    Tried so many times, 5 ms apart. `OSError` when the file cannot be made.
    """
    _make_folder(path.parent)
    for attempt in range(tries):
        if attempt:
            time.sleep(_PAUSE)
        with _guard:
            if _holds(path):
                return None
            lock = _new_lock(path)
            if _acquire(lock, 0):
                claimed = _held[str(path)] = FileClaim(path, lock)
                return claimed
    return None


def is_claimed(path: Path, tries: int = 3) -> bool:
    """Whether a living process, this one included, holds a claim. The lock file of a dead process is removed."""
    if not _holds(path) and not path.exists():
        return False
    with contextlib.suppress(OSError):
        claimed = claim(path, tries)
        if claimed is None:
            return True
        claimed.release()
    return False


@contextlib.contextmanager
def gate(path: Path, timeout: float) -> Iterator[None]:
    """Hold a lock file, which stays; `TimeoutError` when somebody else holds it for longer than `timeout` seconds."""
    _make_folder(path.parent)
    lock = _new_lock(path)
    if not _acquire(lock, timeout):
        raise TimeoutError(errno.ETIMEDOUT, "another process does not let go of it")
    try:
        yield
    finally:
        lock.release()


def _make_folder(locks: Path) -> None:
    """Make the folder of the locks in the journal's, both for the person alone: prompts are private."""
    if not locks.is_dir():
        locks.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        locks.mkdir(exist_ok=True, mode=0o700)


def _new_lock(path: Path) -> BaseFileLock:
    """Make a lock. A soft one in place of none would outlast the death of its process on another machine."""
    return FileLock(path, mode=0o600, thread_local=False, fallback_to_soft=False)


def _acquire(lock: BaseFileLock, timeout: float) -> bool:
    """Acquire a lock; False where somebody else has it. A file system without locks counts as locked."""
    try:
        lock.acquire(timeout=timeout, poll_interval=_PAUSE)
    except Timeout:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _holds(path: Path) -> bool:
    claimed = _held.get(str(path))
    return claimed is not None and claimed.held
