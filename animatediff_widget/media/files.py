"""Writing a file so that nobody ever finds half of it."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterable
from pathlib import Path

__all__ = ["save_work", "write_file"]


def write_file(path: Path, data: bytes | Iterable[bytes], *, private: bool = False) -> None:
    """Write a file whole, or leave what was there: under another name first, onto the disk, then under its own.

    A link is followed; what is no file (``/dev/stdout``) is written to as it is.
    """
    pieces = [data] if isinstance(data, bytes) else data
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            file.writelines(pieces)
        return
    path = Path(os.path.realpath(path))
    part = path.with_name(f".part-{uuid.uuid4().hex}")
    mode = 0o600 if private else 0o666
    try:
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def save_work(path: Path, data: bytes) -> None:
    """Keep what can be made again, to save the work; where it cannot be written, nothing is lost."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_file(path, data, private=True)
