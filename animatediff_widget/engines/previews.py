"""Pictures of a run that goes on: the first frame as it stands, seldom and small enough to be sent each time."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_BYTES", "MIME", "SECONDS", "SUFFIX", "Preview"]

SECONDS = 0.25
"""The shortest time between two pictures."""

MAX_BYTES = 30_000
"""The largest picture, in bytes."""

SUFFIX, MIME = "jpg", "image/jpeg"

_SIDE = 512
_QUALITIES = (85, 70, 50)  # what does not fit then is made half as wide and high


class Preview:
    """Takes pictures of one run and sends them on. A clock gives seconds."""

    def __init__(self, send: Callable[[bytes], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._clock = clock
        self._next = -math.inf

    def due(self) -> bool:
        """Whether a picture would be sent now: the first at once, each further one `SECONDS` later."""
        return self._clock() >= self._next

    def show(self, frame: NDArray[Any]) -> None:
        """Send a picture, uint8 of shape (height, width, 3), in at most `MAX_BYTES`; drop it where none is `due`."""
        if self.due():
            self._next = self._clock() + SECONDS
            self._send(_encode(frame))


def _encode(frame: NDArray[Any]) -> bytes:
    """Write a JPEG, the quickest of the formats that every browser reads; small pictures are not enlarged."""
    from PIL import Image

    image = Image.fromarray(frame)
    image.thumbnail((_SIDE, _SIDE))
    while True:
        for quality in _QUALITIES:
            file = io.BytesIO()
            image.save(file, "JPEG", quality=quality, subsampling=0)
            if file.tell() <= MAX_BYTES:
                return file.getvalue()
        image = image.reduce(2)
