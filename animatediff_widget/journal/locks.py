"""Locks between processes that no death of a process leaves behind: who runs a job, who rebuilds the journal."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["Claim", "claim", "gate", "is_claimed", "sweep"]

_TRIES = 8  # another process that only looks whether a job is claimed holds its lock for a moment
_PAUSE = 0.01
_GATE_PATIENCE = 30.0
_CONTENDED = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)

_guard = threading.RLock()  # a claim may be garbage collected, and so released, while it is held
_held: dict[str, weakref.ref[Claim]] = {}
"""The claims of this process, by path; they hold where a file system knows no locks."""

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int, *, shared: bool = False) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _unlock(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(handle: int, *, shared: bool = False) -> None:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _try_lock(handle: int, *, shared: bool = False) -> bool:
    """Lock a file; False where another one has it. A file system without locks counts as locked."""
    try:
        _lock(handle, shared=shared)
    except OSError as error:
        return error.errno not in _CONTENDED
    return True


class Claim:
    """The right to run one job, held until `release` or the end of the process, however that comes.

    Parameters
    ----------
    path : pathlib.Path
        The lock file.
    handle : int
        Its open and locked descriptor.
    """

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle: int | None = handle

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()

    def release(self) -> None:
        """Give the job free; does nothing the second time."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        with contextlib.suppress(OSError):
            if sys.platform == "win32":  # an open file cannot be removed there, nor one that another has opened
                _unlock(handle)
                os.close(handle)
                os.unlink(self._path)
            else:  # removed while it is locked: whoever waits for this very file finds that it has no name any more
                try:
                    if _is_at(handle, self._path):
                        os.unlink(self._path)
                finally:
                    os.close(handle)
        with _guard:
            known = _held.get(str(self._path))
            if known is not None and known() in (self, None):
                del _held[str(self._path)]

    def _let_go(self) -> None:
        """Close the copy that a fork made; the parent goes on holding the claim."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):
                os.close(handle)


def claim(path: Path) -> Claim | None:
    """Claim what a lock file stands for.

    Parameters
    ----------
    path : pathlib.Path
        The lock file; made, and removed at the release.

    Returns
    -------
    Claim or None
        None when a living process, this one included, holds it.

    Raises
    ------
    OSError
        When the file cannot be made.
    """
    _make_folder(path.parent)
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        if (claimed := _try_claim(path)) is not None:
            return claimed
        with _guard:
            if str(path) in _held:
                return None
    return None


def _make_folder(locks: Path) -> None:
    """Make the folder of the locks in the journal's, both for the person alone: prompts are private."""
    locks.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    locks.mkdir(exist_ok=True, mode=0o700)


def _try_claim(path: Path) -> Claim | None:
    with _guard:
        known = _held.get(str(path))
        if known is not None and known() is not None:
            return None
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not (_try_lock(handle) and _is_at(handle, path)):
                os.close(handle)
                return None
        except BaseException:
            os.close(handle)
            raise
        claimed = Claim(path, handle)
        _held[str(path)] = weakref.ref(claimed)
        return claimed


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open file still has its name; its owner may have removed it between our opening and our locking."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def is_claimed(path: Path) -> bool:
    """Whether a living process, this one included, holds a claim.

    Parameters
    ----------
    path : pathlib.Path
        The lock file.
    """
    with _guard:
        known = _held.get(str(path))
        if known is not None and known() is not None:
            return True
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(handle, shared=True)
    finally:
        os.close(handle)


def sweep(paths: Iterable[Path]) -> None:
    """Remove the lock files that dead processes left.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        Lock files; those that a living process holds stay.
    """
    for path in paths:
        with contextlib.suppress(OSError):
            if (claimed := _try_claim(path)) is not None:
                claimed.release()


@contextlib.contextmanager
def gate(path: Path, *, shared: bool) -> Iterator[None]:
    """Hold a lock file while the context lasts: many at once where it is shared, else one alone.

    Parameters
    ----------
    path : pathlib.Path
        The lock file; it stays.
    shared : bool
        Whether others that share it may be in, too.

    Raises
    ------
    OSError
        When the file cannot be made, or somebody else is in for longer than 30 seconds.
    """
    if sys.platform == "win32" and shared:  # no shared locks there; but files that are open cannot be renamed either
        yield
        return
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        _make_folder(path.parent)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + _GATE_PATIENCE
        while not _try_lock(handle, shared=shared):
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, "another process does not let go of it")
            time.sleep(_PAUSE / 2)
        yield
    finally:
        os.close(handle)


def _after_fork() -> None:
    global _guard
    _guard = threading.RLock()  # another thread of the parent may have held it
    for known in _held.values():
        if (claimed := known()) is not None:
            claimed._let_go()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
