"""Writing a clip as an animated file: enlarged without blur, looping, every frame kept, always the same bytes.

Frames are compressed one by one and joined here, because the usual writers drop a frame that equals the one before it.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

__all__ = ["FRAME_MS", "SCALE", "SUFFIXES", "encode", "enlarged", "to_frames"]

SCALE = 8
FRAME_MS = 125
SUFFIXES = {"webp": "image/webp", "gif": "image/gif"}

Frames = NDArray[np.uint8]


def encode(clip: NDArray[np.floating[Any]], suffix: str) -> bytes:
    """Write a clip, shape (frames, height, width, 3), as an animated file, its suffix one of `SUFFIXES`.

    Values outside 0..1 are clipped. It is `SCALE` times as wide and as high, `FRAME_MS` a frame, looping for ever.
    """
    frames = to_frames(clip)
    return _gif(frames) if suffix == "gif" else _webp(frames)


def to_frames(clip: NDArray[np.floating[Any]]) -> Frames:
    """Round values from 0 to 1, and what lies outside, to those of a picture."""
    return np.asarray(np.round(np.clip(clip, 0.0, 1.0) * 255.0), dtype=np.uint8)


def enlarged(frame: Frames) -> Frames:
    """Make a frame `SCALE` times as wide and as high, without blur."""
    return np.repeat(np.repeat(frame, SCALE, axis=0), SCALE, axis=1)


def _webp(frames: Frames) -> bytes:
    """Write lossless WebP: ``VP8X``, ``ANIM`` and one ``ANMF`` per frame.

    See https://developers.google.com/speed/webp/docs/riff_container.
    """
    height, width = frames.shape[1] * SCALE, frames.shape[2] * SCALE
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = _chunk(b"VP8X", bytes([0x02, 0, 0, 0]) + size)
    body += _chunk(b"ANIM", struct.pack("<IH", 0xFF000000, 0))
    # 0x02: do not blend with the frame before.
    head = bytes(6) + size + struct.pack("<I", FRAME_MS)[:3] + bytes([0x02])
    return _chunk(b"RIFF", b"WEBP" + body + _compressed(frames, lambda _, image: _chunk(b"ANMF", head + _still(image))))


def _still(image: Image.Image) -> bytes:
    """Return the picture chunk of one lossless frame."""
    file = io.BytesIO()
    image.save(file, "WEBP", lossless=True, quality=0, method=0)
    return file.getvalue()[12:]


def _chunk(name: bytes, payload: bytes) -> bytes:
    return name + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) % 2)


def _gif(frames: Frames) -> bytes:
    """Write GIF with one palette of up to 256 colours."""
    height, width = frames.shape[1:3]
    strip = Image.fromarray(frames.reshape(-1, width, 3)).quantize(
        256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    palette = bytes(strip.getpalette() or [])[:768].ljust(768, b"\0")
    head = b"GIF89a" + struct.pack("<HHBBB", width * SCALE, height * SCALE, 0xF7, 0, 0) + palette
    head += b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"

    def block(index: int, image: Image.Image) -> bytes:
        # Delays are hundredths of a second: 12 and 13 by turns are 125 ms on average.
        return b"".join(GifImagePlugin.getdata(image, duration=120 + index % 2 * 10, disposal=1))

    return head + _compressed(np.asarray(strip).reshape(-1, height, width), block) + b"\x3b"


def _compressed(frames: Frames, write: Callable[[int, Image.Image], bytes]) -> bytes:
    """Enlarge and write frames, two at a time where there is room: the compressors run outside the interpreter's lock.

    ``OMP_NUM_THREADS`` is heeded, by which Dask and this package tell each worker process how many cores are its own.
    """
    images = map(Image.fromarray, map(enlarged, frames))
    if os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip() == "1":
        return b"".join(map(write, range(len(frames)), images))
    with ThreadPoolExecutor(2) as pool:
        return b"".join(pool.map(write, range(len(frames)), images))
