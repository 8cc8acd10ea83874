"""Film strips: a clip's frames side by side in one picture, which a page plays in step with others by CSS alone."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from animatediff_widget.errors import AnimateDiffError

from .files import save_work
from .formats import BUDGET, decoded_bytes, each_frame, sniff

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["LARGEST_STRIP", "Strip", "keep_strip", "kept_strip", "make_strip", "sample", "strip"]

LARGEST_STRIP = 29_000
"""How many bytes a strip takes at the most: 39 KB where it stands in a page, in base64."""

_FRAMES = 16
_TRIES = ((128, 75), (128, 60), (128, 40), (96, 40), (96, 20), (64, 20), (48, 10), (32, 5))  # side in pixels, quality
_DESCRIPTION = 270  # the tag of EXIF that says what a picture is; how a strip is played stands there
_SAID = re.compile(r"(\d+) frames of (\d+) x (\d+), ([\d.]+) s")


@dataclass(frozen=True)
class Strip:
    """A clip as one WebP picture: `count` frames of `size` (width, height) side by side, which take `seconds`."""

    data: bytes
    count: int
    size: tuple[int, int]
    seconds: float

    def frames(self, side: int) -> tuple[list[Image], float]:
        """Take it apart: its frames within side x side pixels, and its length in seconds."""
        from PIL import Image

        width, height = self.size
        with Image.open(io.BytesIO(self.data)) as picture:
            row = picture.convert("RGB")
        frames = [row.crop((index * width, 0, (index + 1) * width, height)) for index in range(self.count)]
        for frame in frames:
            frame.thumbnail((side, side))
        return frames, self.seconds


def sample(data: bytes, side: int, count: int = _FRAMES) -> tuple[list[Image], float]:
    """Decode at most `count` frames, spread evenly over a clip, within side x side pixels; and its length in seconds.

    Raises as `formats.each_frame`; of a clip that takes too much memory, its beginning is enough.
    """
    frames: list[Image] = []
    milliseconds, decoded = 0.0, 0
    with contextlib.closing(each_frame(data, sniff(data[:16]))) as all_frames:
        for frame, duration in all_frames:
            decoded += decoded_bytes(frame.size)
            if frames and decoded > BUDGET:
                break
            frame.thumbnail((side, side))
            frames.append(frame)
            milliseconds += duration
    count = min(count, len(frames))
    return [frames[index * len(frames) // count] for index in range(count)], milliseconds / 1000


def make_strip(data: bytes, limit: int = LARGEST_STRIP) -> Strip:
    """Make a clip's strip, as large and good as `limit` allows in bytes; raises as `formats.each_frame`."""
    return _encode(*sample(data, _TRIES[0][0]), limit)


def _encode(frames: list[Image], seconds: float, limit: int) -> Strip:
    from PIL import Image

    for side, quality in _TRIES:
        for frame in frames:
            frame.thumbnail((side, side))
        width, height = frames[0].size
        picture = Image.new("RGB", (width * len(frames), height))
        for index, frame in enumerate(frames):
            picture.paste(frame, (index * width, 0))
        exif = Image.Exif()
        exif[_DESCRIPTION] = f"{len(frames)} frames of {width} x {height}, {seconds:.3f} s"
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=quality, method=2, exif=exif)  # 4 takes twice as long for a tenth less
        if file.tell() <= limit:
            break
    return Strip(file.getvalue(), len(frames), (width, height), seconds)


def strip(path: Path, key: str, folder: Path) -> Strip | None:
    """Give the strip of an animation's file, which is kept in `folder` under `key`; None where none can be made."""
    try:
        return keep_strip(path, key, folder)
    except (OSError, AnimateDiffError):
        return None


def keep_strip(path: Path, key: str, folder: Path, limit: int = LARGEST_STRIP) -> Strip:
    """Give the strip of an animation's file, of at most `limit` bytes, from the one that `folder` keeps under `key`.

    It is made where there is none. `OSError` where the file cannot be read, else as `make_strip`.
    """
    kept = kept_strip(key, folder)
    if kept is None:
        kept = make_strip(path.read_bytes())
        save_work(_kept(key, folder), kept.data)
    return kept if len(kept.data) <= limit else _encode(*kept.frames(_TRIES[0][0]), limit)


def kept_strip(key: str, folder: Path) -> Strip | None:
    """Give the strip that `folder` has under `key`."""
    from PIL import Image

    try:
        data = _kept(key, folder).read_bytes()
        with Image.open(io.BytesIO(data)) as picture:
            said = _SAID.fullmatch(str(picture.getexif().get(_DESCRIPTION)))
    except Exception:  # not there, or damaged: another one is made
        return None
    if said is None or len(data) > LARGEST_STRIP:
        return None
    return Strip(data, int(said[1]), (int(said[2]), int(said[3])), float(said[4]))


def _kept(key: str, folder: Path) -> Path:
    return folder / f"{key}-strip.webp"
