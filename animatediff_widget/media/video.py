"""Reading and writing mp4 with ffmpeg, frame by frame."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from animatediff_widget.errors import MissingExtra, OutputError
from animatediff_widget.texts import Message

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["encode_video", "find_ffmpeg", "video_frames"]

_NEEDED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_FPS = re.compile(rb"(\d+(?:\.\d+)?) fps")
_FASTEST = 240


def find_ffmpeg() -> str:
    """Find ffmpeg: the one that the environment names, that a wheel carries, or that is installed."""
    found = os.environ.get("IMAGEIO_FFMPEG_EXE")
    with contextlib.suppress(ImportError):
        import imageio_ffmpeg

        folder = Path(imageio_ffmpeg.__file__).parent / "binaries"
        found = found or next(map(str, folder.glob("ffmpeg-*")), None)
    found = found or shutil.which("ffmpeg")
    if not found:
        raise MissingExtra(Message("ffmpeg_missing"))
    return found


@contextlib.contextmanager
def _ffmpeg(log: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run ffmpeg without the environment, where keys may be, but for what finds its libraries.

    It has a session of its own, so that an interrupt of the terminal reaches it through this process alone.
    """
    with (
        log.open("wb") as file,
        subprocess.Popen(  # noqa: S603 - no shell; the arguments are this module's
            [find_ffmpeg(), "-hide_banner", "-nostats", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            env={name: os.environ[name] for name in _NEEDED if name in os.environ},
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()  # nobody reads on


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace").strip()[-200:]


def video_frames(data: bytes, suffix: str, most_pixels: int) -> Iterator[tuple[Image, float]]:
    """Decode a video whose frames have no more pixels than that; see `formats.each_frame`."""
    from PIL import Image

    try:
        with tempfile.TemporaryDirectory() as folder:
            path, log = Path(folder, f"animation.{suffix}"), Path(folder, "log")
            path.write_bytes(data)
            limits = ("-threads", "2", "-max_pixels", str(most_pixels))
            with _ffmpeg(log, *limits, "-i", path, "-f", "image2pipe", "-vcodec", "ppm", "-") as process:
                assert process.stdout
                duration = 0.0
                while process.stdout.readline():  # P6, then the size, then the largest value, each on a line
                    width, height = map(int, process.stdout.readline().split())
                    process.stdout.readline()
                    pixels = process.stdout.read(width * height * 3)
                    if not duration:
                        said = _FPS.search(log.read_bytes())  # written before the first frame
                        duration = 1000 / ((said and min(float(said[1]), _FASTEST)) or 8)
                    yield Image.frombytes("RGB", (width, height), pixels), duration
                if not duration:
                    raise OutputError(Message("video_not_decoded", why=_tail(log)))
    except (OSError, ValueError) as error:
        raise OutputError(Message("video_not_decoded", why=error)) from None


def encode_video(frames: Iterable[Image], duration: float) -> bytes:
    """Make an mp4 of frames that are shown for so many milliseconds each; one frame is held at a time."""
    frames = iter(frames)
    first = next(frames)
    fps = min(1000 / duration, _FASTEST)
    given = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{first.width}x{first.height}", "-r", f"{fps:.6f}")
    even = "scale=ceil(iw/2)*2:ceil(ih/2)*2"  # players want 4:2:0, which needs even sides
    try:
        with tempfile.TemporaryDirectory() as folder:
            path, log = Path(folder, "animation.mp4"), Path(folder, "log")
            wanted = ("-vf", even, "-vcodec", "libx264", "-pix_fmt", "yuv420p", "-crf", "10", path)
            with _ffmpeg(log, *given, "-i", "-", *wanted) as process:
                assert process.stdin
                with contextlib.suppress(BrokenPipeError), process.stdin:  # its exit status says more
                    for frame in itertools.chain((first,), frames):
                        process.stdin.write(frame.resize(first.size).tobytes())
                if process.wait():
                    raise OutputError(Message("video_not_encoded", why=_tail(log)))
            return path.read_bytes()
    except OSError as error:
        raise OutputError(Message("video_not_encoded", why=error)) from None
