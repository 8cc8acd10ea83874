"""What a file is, by its bytes, and turning one animated format into another."""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import operator
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import MissingExtra, OutputError
from animatediff_widget.texts import Message

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MIMES", "animated_png", "convert", "decode", "encode_images", "sniff", "still"]

MIMES = {
    "webp": "image/webp",
    "gif": "image/gif",
    "png": "image/png",
    "jpg": "image/jpeg",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
"""The formats that are recognized, by suffix."""

_PILLOW = ("PIL.Image", "pillow_missing")
_FFMPEG = ("imageio_ffmpeg", "ffmpeg_missing")
_WRITABLE = ("webp", "gif", "png", "mp4")
_STILL_QUALITIES = ((1, 85), (1, 70), (2, 80), (2, 60), (4, 70), (8, 60))  # how much smaller, at which JPEG quality


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


def decode(data: bytes, suffix: str, most: int | None = None) -> tuple[list[Image], float]:
    """Decode an animation, or its first frames; give them, mode RGB, and how many milliseconds one is shown on average.

    `MissingExtra` where what it needs is not installed, `OutputError` where the file is damaged or of no known format.
    """
    if suffix in ("mp4", "webm"):
        return _decode_video(data, suffix, most)
    image = _library(*_PILLOW)
    try:
        with image.open(io.BytesIO(data)) as source:
            frames, durations = [], []
            for index in range(most or int(getattr(source, "n_frames", 1))):
                source.seek(index)
                frames.append(source.convert("RGB"))
                durations.append(source.info.get("duration") or 125)
    except Exception as error:  # a damaged file makes Pillow raise whatever its readers stumble over
        raise OutputError(Message("not_decoded", why=error)) from None
    return frames, sum(durations) / len(durations)


def still(data: bytes, suffix: str, limit: int = 12_000) -> tuple[str, bytes] | None:
    """Make a small still picture of an animation, its first frame; give its media type and its bytes.

    It is a PNG where that is small enough, which drawn frames are, else a JPEG; None where no frame can be decoded
    here, or none is small enough.
    """
    try:
        [frame] = decode(data, suffix, most=1)[0]
    except (MissingExtra, OutputError):
        return None
    file = io.BytesIO()
    frame.save(file, "PNG")
    if file.tell() <= limit:
        return "image/png", file.getvalue()
    for smaller, quality in _STILL_QUALITIES:
        file = io.BytesIO()
        frame.reduce(smaller).save(file, "JPEG", quality=quality)
        if file.tell() <= limit:
            return "image/jpeg", file.getvalue()
    return None


def convert(data: bytes, suffix: str, to: str) -> bytes:
    """Turn an animation into another format out of `_WRITABLE`, with every frame; raises as `decode`."""
    if to not in _WRITABLE:
        formats = ", ".join(f".{name}" for name in dict.fromkeys((suffix, *_WRITABLE)))
        raise OutputError(Message("no_such_format", suffix=to, formats=formats))
    frames, duration = decode(data, suffix)
    if to == "mp4":
        return _encode_video(frames, duration)
    return encode_images(frames, duration, to, **({"lossless": True} if to == "webp" else {}))


def animated_png(data: bytes, suffix: str, limit: int, *, loops: bool = True) -> bytes | None:
    """Turn an animation into an animated PNG without any loss; None where it cannot be decoded here, or is too large.

    A drawing whose pixels were enlarged has them enlarged less where the limit asks for that.
    """
    try:
        frames, duration = decode(data, suffix)
    except (MissingExtra, OutputError):
        return None
    while True:
        png = encode_images(frames, duration, "png", loop=0 if loops else 1)
        if len(png) <= limit:
            return png
        size = frames[0].size
        halves = [frame.reduce(2) for frame in frames]
        again = (half.resize(size, 0).tobytes() for half in halves)
        if any(side % 2 for side in size) or any(map(operator.ne, again, (frame.tobytes() for frame in frames))):
            return None
        frames = halves


def encode_images(frames: list[Image], duration: float, to: str, **options: Any) -> bytes:
    """Encode frames in one of Pillow's formats; they are shown again and again where `options` do not say otherwise."""
    file = io.BytesIO()
    options = {"loop": 0, "duration": round(duration), **options}
    frames[0].save(file, to.upper(), save_all=True, append_images=frames[1:], **options)
    return file.getvalue()


def _library(name: str, missing: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtra(Message(missing)) from None


def _decode_video(data: bytes, suffix: str, most: int | None) -> tuple[list[Image], float]:
    image, ffmpeg = _library(*_PILLOW), _library(*_FFMPEG)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"animation.{suffix}")
            path.write_bytes(data)
            with contextlib.closing(ffmpeg.read_frames(str(path))) as reader:
                about = next(reader)
                frames = [image.frombytes("RGB", about["size"], frame) for frame in itertools.islice(reader, most)]
    except (OSError, RuntimeError, StopIteration, KeyError) as error:
        raise OutputError(Message("video_not_decoded", why=str(error).strip()[-200:])) from None
    if not frames:
        raise OutputError(Message("video_empty"))
    return frames, 1000 / (about.get("fps") or 8)


def _encode_video(frames: list[Image], duration: float) -> bytes:
    ffmpeg = _library(*_FFMPEG)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "animation.mp4")
            with contextlib.closing(
                ffmpeg.write_frames(str(path), frames[0].size, fps=1000 / duration, codec="libx264", quality=8)
            ) as writer:
                writer.send(None)
                for frame in frames:
                    writer.send(frame.tobytes())
            return path.read_bytes()
    except (OSError, RuntimeError) as error:
        raise OutputError(Message("video_not_encoded", why=str(error).strip()[-200:])) from None
