"""Writing a clip as an animated file: enlarged without blur, looping, every frame kept, always the same bytes.

Frames are compressed one by one and joined here, because the usual writers drop a frame that equals the one before it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["FRAME_MS", "SCALE", "SUFFIXES", "encode", "to_gif", "to_webp"]

SCALE = 8
FRAME_MS = 125
SUFFIXES = {"webp": "image/webp", "gif": "image/gif"}

Frames = NDArray[np.uint8]


def encode(clip: NDArray[np.floating[Any]], suffix: str) -> bytes:
    """Write a clip as an animated file.

    Parameters
    ----------
    clip : numpy.ndarray
        Shape (frames, height, width, 3), any float type; values outside 0..1 are clipped.
    suffix : str
        One of `SUFFIXES`.

    Returns
    -------
    bytes
        The file, `SCALE` times as wide and as high, `FRAME_MS` milliseconds a frame, looping for ever.
    """
    frames = np.round(np.clip(clip, 0.0, 1.0) * 255.0).astype(np.uint8)
    return to_gif(frames) if suffix == "gif" else to_webp(frames)


def to_webp(frames: Frames) -> bytes:
    """Write frames as lossless animated WebP.

    Parameters
    ----------
    frames : numpy.ndarray
        Shape (frames, height, width, 3), uint8.

    Returns
    -------
    bytes
        A RIFF file: ``VP8X``, ``ANIM`` and one ``ANMF`` per frame
        (https://developers.google.com/speed/webp/docs/riff_container).
    """
    height, width = frames.shape[1] * SCALE, frames.shape[2] * SCALE
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = _chunk(b"VP8X", bytes([0x02, 0, 0, 0]) + size)
    body += _chunk(b"ANIM", struct.pack("<IH", 0xFF000000, 0))
    # 0x02: do not blend with the frame before.
    head = bytes(6) + size + struct.pack("<I", FRAME_MS)[:3] + bytes([0x02])
    for still in _in_parallel(frames, _still_webp):
        body += _chunk(b"ANMF", head + still)
    return _chunk(b"RIFF", b"WEBP" + body)


def to_gif(frames: Frames) -> bytes:
    """Write frames as an animated GIF with one palette of up to 256 colours.

    Parameters
    ----------
    frames : numpy.ndarray
        Shape (frames, height, width, 3), uint8.

    Returns
    -------
    bytes
        A GIF89a file that loops for ever.
    """
    height, width = frames.shape[1:3]
    strip = Image.fromarray(frames.reshape(-1, width, 3)).quantize(256, Image.Quantize.MEDIANCUT, dither=_NO_DITHER)
    palette = bytes(strip.getpalette() or [])[:768].ljust(768, b"\0")
    indexed = np.asarray(strip).reshape(-1, height, width)
    out = b"GIF89a" + struct.pack("<HHBBB", width * SCALE, height * SCALE, 0xF7, 0, 0) + palette
    out += b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    # Delays are hundredths of a second: 12 and 13 by turns are 125 ms on average.
    delays = [12 + index % 2 for index in range(len(indexed))]
    stills = _in_parallel(indexed, lambda frame: _still_gif(frame, palette))
    for delay, still in zip(delays, stills, strict=True):
        out += b"\x21\xf9\x04\x04" + struct.pack("<H", delay) + b"\x00\x00" + still
    return out + b"\x3b"


_NO_DITHER = Image.Dither.NONE


def _enlarged(frame: Frames) -> Image.Image:
    return Image.fromarray(np.repeat(np.repeat(frame, SCALE, axis=0), SCALE, axis=1))


def _still_webp(frame: Frames) -> bytes:
    """Return the picture chunk of one lossless frame."""
    file = io.BytesIO()
    _enlarged(frame).save(file, "WEBP", lossless=True, quality=0, method=0)
    return file.getvalue()[12:]


def _still_gif(frame: Frames, palette: bytes) -> bytes:
    """Return the image block of one frame, with the colour table it was written with."""
    image = _enlarged(frame)
    image.putpalette(palette)
    file = io.BytesIO()
    image.save(file, "GIF", optimize=False, interlace=0)
    data = file.getvalue()
    table = 3 * 2 ** ((data[10] & 7) + 1)
    at = 13 + table
    while data[at] == 0x21:  # extensions in front of the picture
        at += 2
        while data[at]:
            at += data[at] + 1
        at += 1
    if data[13:at][:table] == palette:
        return data[at:-1]
    # Pillow renumbered the colours: carry its own table along with the picture.
    descriptor = data[at : at + 9] + bytes([0x80 | (data[10] & 7)])
    return descriptor + data[13 : 13 + table] + data[at + 10 : -1]


def _chunk(name: bytes, payload: bytes) -> bytes:
    return name + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) % 2)


def _in_parallel(frames: Frames, write: Any) -> Sequence[bytes]:
    # The compressors run outside the interpreter's lock.
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(write, frames))
