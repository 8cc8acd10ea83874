"""What a file is, by its bytes, and turning one animated format into another."""

from __future__ import annotations

import contextlib
import io
import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import MissingExtra, OutputError
from animatediff_widget.texts import TEXTS

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MIMES", "animated_png", "convert", "decode", "first_frame", "sniff", "still"]

MIMES = {
    "webp": "image/webp",
    "gif": "image/gif",
    "png": "image/png",
    "jpg": "image/jpeg",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
"""The formats that are recognized, by suffix."""

_WRITABLE = ("webp", "gif", "png", "mp4")
_STILL_QUALITIES = ((1, 85), (1, 70), (2, 80), (2, 60), (4, 70), (8, 60))  # how much smaller, at which JPEG quality


def sniff(head: bytes) -> str:
    """Tell what a file is by its first bytes, whatever its name says.

    Parameters
    ----------
    head : bytes
        At least its first 16 bytes.

    Returns
    -------
    str
        A suffix out of `MIMES`, or ``"bin"``.
    """
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


def decode(data: bytes, suffix: str) -> tuple[list[Image], float]:
    """Decode an animation.

    Parameters
    ----------
    data : bytes
        The file.
    suffix : str
        What it is, from `sniff`.

    Returns
    -------
    frames : list of PIL.Image.Image
        Every frame, mode RGB.
    duration : float
        How long a frame is shown, in milliseconds, on average.

    Raises
    ------
    MissingExtra
        When what it needs is not installed.
    OutputError
        When the file is damaged or of no known format.
    """
    if suffix in ("mp4", "webm"):
        return _decode_video(data, suffix)
    image = _pillow()
    try:
        with image.open(io.BytesIO(data)) as source:
            frames, durations = [], []
            for index in range(getattr(source, "n_frames", 1)):
                source.seek(index)
                frames.append(source.convert("RGB"))
                durations.append(source.info.get("duration") or 125)
    except Exception as error:  # a damaged file makes Pillow raise whatever its readers stumble over
        raise OutputError(TEXTS["not_decoded"].format(why=error)) from None
    return frames, sum(durations) / len(durations)


def first_frame(data: bytes, suffix: str) -> Image:
    """Decode the first frame only.

    Parameters
    ----------
    data : bytes
        The file.
    suffix : str
        What it is, from `sniff`.

    Returns
    -------
    PIL.Image.Image
        The frame, mode RGB.

    Raises
    ------
    MissingExtra, OutputError
        As for `decode`.
    """
    if suffix in ("mp4", "webm"):
        return _decode_video(data, suffix, most=1)[0][0]
    image: Any = _pillow()
    try:
        with image.open(io.BytesIO(data)) as source:
            frame: Image = source.convert("RGB")
            return frame
    except Exception as error:  # a damaged file makes Pillow raise whatever its readers stumble over
        raise OutputError(TEXTS["not_decoded"].format(why=error)) from None


def still(data: bytes, suffix: str, limit: int = 12_000) -> tuple[str, bytes] | None:
    """Make a small still picture of an animation: its first frame.

    Parameters
    ----------
    data : bytes
        The file.
    suffix : str
        What it is, from `sniff`.
    limit : int
        The most bytes the picture may have.

    Returns
    -------
    tuple of str and bytes, or None
        Its media type (``image/png`` where that is small enough, which drawn frames are, else ``image/jpeg``) and its
        bytes; None where no frame can be decoded here, or none is small enough.
    """
    try:
        frame = first_frame(data, suffix)
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
    """Turn an animation into another format.

    Parameters
    ----------
    data : bytes
        The file.
    suffix : str
        What it is.
    to : str
        ``"webp"``, ``"gif"``, ``"png"`` (animated) or ``"mp4"`` (H.264).

    Returns
    -------
    bytes
        The new file, with every frame.

    Raises
    ------
    MissingExtra, OutputError
        As for `decode`; also when `to` is none of the formats.
    """
    if to not in _WRITABLE:
        formats = ", ".join(f".{name}" for name in dict.fromkeys((suffix, *_WRITABLE)))
        raise OutputError(TEXTS["no_such_format"].format(suffix=to, formats=formats))
    frames, duration = decode(data, suffix)
    return _encode_video(frames, duration) if to == "mp4" else _encode_images(frames, duration, to)


def animated_png(data: bytes, suffix: str, limit: int, *, loops: bool = True) -> bytes | None:
    """Turn an animation into an animated PNG of a bounded size, without any loss.

    Parameters
    ----------
    data : bytes
        The file.
    suffix : str
        What it is, from `sniff`.
    limit : int
        The most bytes the PNG may have.
    loops : bool
        Whether it plays for ever; once, when not.

    Returns
    -------
    bytes or None
        The PNG, with every frame. A drawing whose pixels were enlarged has them enlarged less where the limit asks for
        that. None where it cannot be decoded here, or is too large.
    """
    try:
        frames, duration = decode(data, suffix)
    except (MissingExtra, OutputError):
        return None
    while True:
        png = _encode_images(frames, duration, "png", plays=0 if loops else 1)
        if len(png) <= limit:
            return png
        width, height = frames[0].size
        halves = [frame.reduce(2) for frame in frames]
        if (
            width % 2
            or height % 2
            or any(
                half.resize((width, height), 0).tobytes() != frame.tobytes()
                for half, frame in zip(halves, frames, strict=True)
            )
        ):
            return None
        frames = halves


def _encode_images(frames: list[Image], duration: float, to: str, plays: int = 0) -> bytes:
    file = io.BytesIO()
    options: dict[str, Any] = {"lossless": True} if to == "webp" else {}
    frames[0].save(
        file, to.upper(), save_all=True, append_images=frames[1:], duration=round(duration), loop=plays, **options
    )
    return file.getvalue()


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra(TEXTS["pillow_missing"]) from None
    return Image


def _ffmpeg() -> Any:
    try:
        import imageio_ffmpeg
    except ImportError:
        raise MissingExtra(TEXTS["ffmpeg_missing"]) from None
    return imageio_ffmpeg


def _decode_video(data: bytes, suffix: str, most: int | None = None) -> tuple[list[Image], float]:
    image, ffmpeg = _pillow(), _ffmpeg()
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"animation.{suffix}")
            path.write_bytes(data)
            with contextlib.closing(ffmpeg.read_frames(str(path))) as reader:
                about = next(reader)
                frames = [image.frombytes("RGB", about["size"], frame) for frame in itertools.islice(reader, most)]
    except (OSError, RuntimeError, StopIteration, KeyError) as error:
        raise OutputError(TEXTS["video_not_decoded"].format(why=str(error).strip()[-200:])) from None
    if not frames:
        raise OutputError(TEXTS["video_empty"])
    return frames, 1000 / (about.get("fps") or 8)


def _encode_video(frames: list[Image], duration: float) -> bytes:
    ffmpeg = _ffmpeg()
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
        raise OutputError(TEXTS["video_not_encoded"].format(why=str(error).strip()[-200:])) from None
