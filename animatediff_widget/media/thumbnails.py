"""Small looping pictures of animations, made once and kept beside the journal."""

from __future__ import annotations

import contextlib
from pathlib import Path

from animatediff_widget.errors import AnimateDiffError

from .files import write_file
from .formats import decode, encode_images, sniff

__all__ = ["thumbnail"]

_SIZE = 96


def thumbnail(path: Path | None, key: str, folder: Path) -> bytes | None:
    """Give a small looping picture of an animation's file: an animated WebP of at most 96 x 96 pixels.

    It is kept in `folder` under `key`. None where there is no animation, or it cannot be decoded here.
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
    return encode_images(frames, duration, "webp", quality=40, method=4)
