"""The files of a job's animations, while they come and once they are there."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from animatediff_widget.media.formats import MIMES

__all__ = ["find_file", "put_in_place", "tidy"]

_SCRAP_AGE = 24 * 3600.0


def put_in_place(part: Path, name: str, suffix: str) -> Path:
    """Give a downloaded file its name, for good: a file with that name is whole and on the disk."""
    path = part.with_name(f"{name}.{suffix}")
    os.replace(part, path)
    if os.name != "nt":  # a folder cannot be opened there; its file system writes renames down itself
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some network file systems cannot
                os.fsync(handle)
        finally:
            os.close(handle)
    return path


def tidy(folder: Path, key: str) -> None:
    """Remove what a killed process left in the middle of a download."""
    with contextlib.suppress(OSError):
        for part in folder.glob(f"{key}*.part"):
            part.unlink(missing_ok=True)
        for scrap in folder.glob(".part-*"):  # the owner is unknown, but a download ends within hours
            if time.time() - scrap.stat().st_mtime > _SCRAP_AGE:
                scrap.unlink(missing_ok=True)


def find_file(folder: Path, name: str) -> Path | None:
    """Find a file by its name without a suffix."""
    paths = (folder / f"{name}.{suffix}" for suffix in (*MIMES, "bin"))
    return next(filter(Path.is_file, paths), None)
