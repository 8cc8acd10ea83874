"""How much memory decoded frames may take: a file of few bytes can hold very many pixels."""

from __future__ import annotations

from animatediff_widget.errors import OutputError
from animatediff_widget.texts import Message

__all__ = ["BUDGET", "FRAME_BUDGET", "check_size", "decoded_bytes"]

BUDGET = 256 * 2**20
"""Of the frames that are held at once, in bytes."""

FRAME_BUDGET = BUDGET // 4
"""Of one frame, in bytes: the decoders hold several."""


def decoded_bytes(size: tuple[int, int]) -> int:
    """How many bytes a frame takes: Pillow holds four a pixel, and some kilobytes beside them."""
    return size[0] * size[1] * 4 + 4096


def check_size(size: tuple[int, int], count: int, budget: float, suffix: str) -> None:
    """Raise `OutputError` where so many frames of this size are beyond `budget`, or one is beyond its own."""
    one = decoded_bytes(size)
    if one > FRAME_BUDGET:
        formats = f".{suffix}"
    elif one * count > budget:
        formats = " / ".join(dict.fromkeys((f".{suffix}", ".mp4")))
    else:
        return
    raise OutputError(Message("too_many_pixels", width=size[0], height=size[1], limit=BUDGET >> 20, formats=formats))
