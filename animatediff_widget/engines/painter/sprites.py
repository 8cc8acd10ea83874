"""Sprites: small pictures with a soft or hard edge, and the few shapes they are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Color",
    "Floats",
    "Sprite",
    "Stamp",
    "art",
    "blank",
    "ellipse",
    "lit",
    "mix",
    "padded",
    "put",
    "rgb",
    "sheared",
    "stamp",
]

Floats: TypeAlias = NDArray[np.float32]
Color: TypeAlias = tuple[float, float, float]


class Sprite(NamedTuple):
    """A picture with an edge.

    Parameters
    ----------
    color : numpy.ndarray
        Shape (height, width, 3), float32 in [0, 1].
    alpha : numpy.ndarray
        Shape (height, width), float32 in [0, 1]; 0 is transparent.
    """

    color: Floats
    alpha: Floats


class Stamp(NamedTuple):
    """A finished sprite without its empty border, in the shape that is quickest to paint with.

    Parameters
    ----------
    color : numpy.ndarray
        Shape (height, width, 3), float32.
    alpha : numpy.ndarray
        The same shape: bool when the sprite has hard edges only, else float32.
    top, left : int
        Where it lies in the sprite it was made from.
    """

    color: Floats
    alpha: NDArray[Any]
    top: int
    left: int

    def faded(self, share: float) -> Stamp:
        """Return it with less opacity, `share` between 0 and 1."""
        return self._replace(alpha=self.alpha * np.float32(share))


def stamp(sprite: Sprite) -> Stamp:
    """Cut away a sprite's empty border and prepare it for painting."""
    rows, columns = np.flatnonzero(sprite.alpha.any(axis=1)), np.flatnonzero(sprite.alpha.any(axis=0))
    if not len(rows):
        return Stamp(sprite.color[:0, :0], sprite.color[:0, :0], 0, 0)
    cut = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    # numpy is several times quicker when nothing has to be broadcast over the three channels.
    alpha = np.repeat(sprite.alpha[cut][..., None], 3, axis=-1)
    hard = bool(((alpha == 0) | (alpha == 1)).all())
    color = np.ascontiguousarray(sprite.color[cut], dtype=np.float32)
    return Stamp(color, alpha > 0.5 if hard else alpha, int(rows[0]), int(columns[0]))


def rgb(color: Any) -> Floats:
    """Return one or more colours as a float32 array."""
    return np.asarray(color, dtype=np.float32)


def mix(one: Any, other: Any, share: float) -> Color:
    """Blend two colours; `share` 0 is the first, 1 the other."""
    return tuple(float(a + (b - a) * share) for a, b in zip(one, other, strict=True))  # type: ignore[return-value]


def lit(color: Any, amount: float) -> Color:
    """Make a colour lighter (`amount` above 0, towards white) or darker (below 0, towards a deep plum)."""
    return mix(color, (1.0, 1.0, 0.97), amount) if amount >= 0 else mix(color, (0.12, 0.07, 0.22), -amount)


def blank(height: int, width: int, color: Any = (0.0, 0.0, 0.0)) -> Sprite:
    """Return a transparent sprite."""
    return Sprite(
        np.broadcast_to(np.float32(color), (height, width, 3)).copy(), np.zeros((height, width), dtype=np.float32)
    )


def ellipse(height: int, width: int, y: float, x: float, ry: float, rx: float) -> NDArray[np.bool_]:
    """Return the mask of an ellipse with its centre at (y, x), shape (height, width)."""
    rows, columns = np.ogrid[:height, :width]
    return np.asarray(((rows - y) / ry) ** 2 + ((columns - x) / rx) ** 2 <= 1.0)


def put(sprite: Sprite, mask: NDArray[np.bool_], color: Any) -> None:
    """Colour a part of a sprite and make it solid."""
    sprite.color[mask] = color
    sprite.alpha[mask] = 1.0


def art(rows: Sequence[str], colors: Mapping[str, Any]) -> Sprite:
    """Read a drawing made of letters.

    Parameters
    ----------
    rows : sequence of str
        One letter a pixel; a dot or a space is transparent.
    colors : mapping
        The colour of each letter.

    Returns
    -------
    Sprite
        As wide as the longest row.
    """
    sprite = blank(len(rows), max(map(len, rows)))
    for y, row in enumerate(rows):
        for x, letter in enumerate(row):
            if letter not in ". ":
                sprite.color[y, x] = colors[letter]
                sprite.alpha[y, x] = 1.0
    return sprite


def padded(rows: Sequence[str]) -> list[str]:
    """Leave a free pixel all around a drawing made of letters, for the outline."""
    wide = max(map(len, rows)) + 2
    return ["." * wide, *(f".{row}".ljust(wide, ".") for row in rows), "." * wide]


def sheared(sprite: Sprite, shifts: NDArray[np.integer[Any]]) -> Sprite:
    """Move each row sideways by a whole number of pixels; what leaves the sprite is lost.

    Parameters
    ----------
    sprite : Sprite
        The picture.
    shifts : numpy.ndarray
        Shape (height,), integers; positive moves to the right.
    """
    height, width = sprite.alpha.shape
    columns = np.arange(width)[None, :] - shifts[:, None]
    inside = (columns >= 0) & (columns < width)
    rows = np.arange(height)[:, None]
    columns = columns.clip(0, width - 1)
    return Sprite(sprite.color[rows, columns], np.where(inside, sprite.alpha[rows, columns], 0).astype(np.float32))
