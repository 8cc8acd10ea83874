"""What a file is, by its bytes, and turning one animated format into another."""

from __future__ import annotations

import contextlib
import io
import math
import operator
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import MissingExtra, OutputError
from animatediff_widget.texts import Message

from .video import encode_video, video_frames

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "BUDGET",
    "MIMES",
    "WRITABLE",
    "TooLarge",
    "animated_png",
    "convert",
    "decode",
    "decoded_bytes",
    "each_frame",
    "encode_images",
    "sniff",
    "still",
]

MIMES = {
    "webp": "image/webp",
    "gif": "image/gif",
    "png": "image/png",
    "jpg": "image/jpeg",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
"""The formats that are recognized, by suffix."""

WRITABLE = ("webp", "gif", "png", "mp4")
"""The formats that an animation can be saved in."""

_JPEGS = ((1, 85), (1, 70), (2, 80), (2, 60), (4, 70), (8, 60))  # how much smaller, at which quality
_STILLS = (("png", 1, 0), *(("jpeg", *each) for each in _JPEGS))

BUDGET = 256 * 2**20
"""How many bytes decoded frames may take at once: a file of few bytes can hold very many pixels."""

_SHOWN_BUDGET = 96 * 2**20  # for what a kernel waits for: it takes two seconds at most

FRAME_BUDGET = BUDGET // 4
"""How many bytes one frame may take: the decoders hold several."""


def sniff(head: bytes) -> str:
    """Tell what a file is by its first 16 bytes: a suffix out of `MIMES`, or ``"bin"``, whatever its name says."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return "mp4"
    for start, suffix in (
        (b"GIF8", "gif"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff", "jpg"),
        (b"\x1aE\xdf\xa3", "webm"),
    ):
        if head.startswith(start):
            return suffix
    return "bin"


def decoded_bytes(size: tuple[int, int]) -> int:
    """How many bytes a frame takes: Pillow holds four a pixel, and some kilobytes beside them."""
    return size[0] * size[1] * 4 + 4096


def _check_size(size: tuple[int, int], count: int, budget: float, suffix: str) -> None:
    """Refuse so many frames of this size where they are beyond `budget`, or one is beyond its own."""
    one = decoded_bytes(size)
    if one > FRAME_BUDGET or one * count > budget:
        formats = dict.fromkeys((f".{suffix}", *((".mp4",) if one <= FRAME_BUDGET else ())))
        limits = {"limit": BUDGET >> 20, "formats": " / ".join(formats)}
        raise OutputError(Message("too_many_pixels", width=size[0], height=size[1], **limits))


def each_frame(data: bytes, suffix: str, budget: float = math.inf) -> Generator[tuple[Image, float], None, None]:
    """Decode an animation frame by frame: each in mode RGB, and for how many milliseconds it is shown.

    `MissingExtra` where what it needs is not installed, `OutputError` where the file is damaged or of no known format,
    where all its frames take more bytes than `budget`, or one more than `FRAME_BUDGET`: told before they are decoded.
    """
    try:
        import PIL.Image
    except ImportError:
        raise MissingExtra(Message("pillow_missing")) from None
    if suffix in ("mp4", "webm"):
        for count, (frame, duration) in enumerate(video_frames(data, suffix, FRAME_BUDGET // 4), 1):
            _check_size(frame.size, count, budget, suffix)
            yield frame, duration
        return
    try:
        with PIL.Image.open(io.BytesIO(data)) as source:
            count = int(getattr(source, "n_frames", 1))
            for index in range(count):
                source.seek(index)
                _check_size(source.size, count, budget, suffix)  # a frame of a GIF can enlarge it
                yield source.convert("RGB"), source.info.get("duration") or 125
    except OutputError:
        raise
    except Exception as error:  # a damaged file makes Pillow raise whatever its readers stumble over
        raise OutputError(Message("not_decoded", why=error)) from None


def decode(data: bytes, suffix: str, budget: int | None = None) -> tuple[list[Image], float]:
    """Decode an animation whole, within `BUDGET` or less: its frames, and for how many milliseconds one is shown."""
    frames, durations = zip(*each_frame(data, suffix, budget or BUDGET), strict=True)
    return list(frames), sum(durations) / len(durations)


def still(data: bytes, suffix: str, limit: int = 12_000) -> tuple[str, bytes] | None:
    """Make a small still picture of an animation, its first frame; give its media type and its bytes.

    It is a PNG where that is small enough, which drawn frames are, else a JPEG; None where no frame can be decoded
    here, or none is small enough.
    """
    try:
        with contextlib.closing(each_frame(data, suffix)) as frames:
            frame, _ = next(frames)
    except (MissingExtra, OutputError):
        return None
    for kind, smaller, quality in _STILLS:
        file = io.BytesIO()
        frame.reduce(smaller).save(file, kind, quality=quality)
        if file.tell() <= limit:
            return f"image/{kind}", file.getvalue()
    return None


def convert(data: bytes, suffix: str, to: str) -> bytes:
    """Turn an animation into another format out of `WRITABLE`, with every frame; raises as `each_frame`."""
    if to not in WRITABLE:
        formats = ", ".join(f".{name}" for name in dict.fromkeys((suffix, *WRITABLE)))
        raise OutputError(Message("no_such_format", suffix=to, formats=formats))
    if to == "mp4":  # frame by frame, in two passes: ffmpeg is told first for how long a frame is shown
        durations = [duration for _, duration in each_frame(data, suffix)]
        return encode_video((frame for frame, _ in each_frame(data, suffix)), sum(durations) / len(durations))
    frames, duration = decode(data, suffix)
    return encode_images(frames, duration, to, lossless=True)  # which WebP alone could be otherwise


def animated_png(data: bytes, suffix: str, limit: int, *, loops: bool = True) -> bytes | None:
    """Turn an animation into an animated PNG without any loss; None where it cannot be decoded here, or is too large.

    A drawing whose pixels were enlarged has them enlarged less where the limit asks for that.
    """
    try:
        frames, duration = decode(data, suffix, _SHOWN_BUDGET)
    except (MissingExtra, OutputError):
        return None
    while True:
        with contextlib.suppress(TooLarge):
            return encode_images(frames, duration, "png", limit, loop=0 if loops else 1)
        size = frames[0].size
        halves = [frame.reduce(2) for frame in frames]
        again = (half.resize(size, 0).tobytes() for half in halves)
        if any(side % 2 for side in size) or any(map(operator.ne, again, (frame.tobytes() for frame in frames))):
            return None
        frames = halves


class TooLarge(Exception):
    """A file has come to its limit."""


class _Limited(io.BytesIO):
    """A file that stops whoever writes more than `limit` bytes: an encoder may take many seconds for the rest."""

    limit: float

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self.limit:
            raise TooLarge
        return super().write(data)


def encode_images(frames: list[Image], duration: float, to: str, limit: float = math.inf, **options: Any) -> bytes:
    """Encode frames in one of Pillow's formats; they are shown again and again where `options` do not say otherwise."""
    file = _Limited()
    file.limit = limit
    options = {"loop": 0, "duration": round(duration), **options}
    frames[0].save(file, to.upper(), save_all=True, append_images=frames[1:], **options)
    return file.getvalue()
