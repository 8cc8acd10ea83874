"""Small looping pictures of animations, made once and kept beside the journal."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from animatediff_widget.errors import AnimateDiffError

from .files import save_work
from .formats import BUDGET, decoded_bytes, each_frame, encode_images, sniff

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["kept_thumbnail", "thumbnail", "thumbnails_beside"]

_SIZE = 96
_one_at_a_time = threading.Lock()  # each decodes a whole animation


def thumbnail(path: Path, key: str, folder: Path) -> bytes | None:
    """Give a small looping picture of an animation's file: an animated WebP of at most 96 x 96 pixels.

    It is kept in `folder` under `key`. None where there is no animation, or it cannot be decoded here.
    """
    kept = kept_thumbnail(key, folder)
    if kept is not None:
        return kept
    try:
        data = _shrink(path.read_bytes())
    except (OSError, AnimateDiffError):
        return None
    save_work(_kept(key, folder), data)
    return data


def kept_thumbnail(key: str, folder: Path) -> bytes | None:
    """Give the picture that `folder` has under `key`."""
    with contextlib.suppress(OSError):
        return _kept(key, folder).read_bytes()
    return None


def thumbnails_beside(
    wanted: Iterable[tuple[str, Path]], folder: Path, deliver: Callable[[str, bytes | None], bool]
) -> None:
    """Make pictures of files, by their keys, in a thread; of all such threads one at a time.

    `deliver` gets each in that thread, and says whether to go on.
    """

    def make() -> None:
        for key, path in wanted:
            with _one_at_a_time:
                data = thumbnail(path, key, folder)
            if not deliver(key, data):
                return

    threading.Thread(target=make, name="animatediff thumbnails", daemon=True).start()


def _kept(key: str, folder: Path) -> Path:
    return folder / f"{key}.webp"


def _shrink(data: bytes) -> bytes:
    frames: list[Image] = []
    durations, decoded = [], 0
    with contextlib.closing(each_frame(data, sniff(data[:16]))) as all_frames:
        for frame, duration in all_frames:
            decoded += decoded_bytes(frame.size)
            if frames and decoded > BUDGET:  # its beginning is enough
                break
            frame.thumbnail((_SIZE, _SIZE))
            frames.append(frame)
            durations.append(duration)
    return encode_images(frames, sum(durations) / len(durations), "webp", quality=40, method=4)
