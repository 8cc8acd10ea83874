"""Small looping pictures of animations, made once and kept beside the journal."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from animatediff_widget.errors import AnimateDiffError

from .files import write_file
from .formats import decode, sniff

__all__ = ["thumbnail"]

_SIZE = 96


def thumbnail(path: Path | None, key: str, folder: Path) -> bytes | None:
    """Give a small looping picture of an animation.

    Parameters
    ----------
    path : pathlib.Path or None
        The animation's file; None where a job has none.
    key : str
        What the thumbnail is kept under, such as the job's key in the journal.
    folder : pathlib.Path
        Where thumbnails are kept.

    Returns
    -------
    bytes or None
        An animated WebP of at most 96 x 96 pixels; None where there is no animation, or it cannot be decoded here.
    """
    kept = folder / f"{key}.webp"
    with contextlib.suppress(OSError):
        return kept.read_bytes()
    if path is None:
        return None
    try:
        data = _shrink(path.read_bytes())
    except (OSError, AnimateDiffError):
        return None
    with contextlib.suppress(OSError):  # it is only a saving
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_file(kept, data, private=True)
    return data


def _shrink(data: bytes) -> bytes:
    frames, duration = decode(data, sniff(data[:16]))
    for frame in frames:
        frame.thumbnail((_SIZE, _SIZE))
    file = io.BytesIO()
    frames[0].save(
        file, "WEBP", save_all=True, append_images=frames[1:], duration=round(duration), loop=0, quality=40, method=4
    )
    return file.getvalue()
