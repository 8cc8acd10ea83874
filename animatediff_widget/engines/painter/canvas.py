"""The canvas: 16 frames of 64x64 that a camera moves over, and a shelf that keeps finished sprites."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .motions import FRAMES, Motion
from .sprites import Floats, Sprite, Stamp, rgb, sheared, stamp
from .styles import Style

__all__ = ["MARGIN", "SIZE", "WIDE", "Canvas", "Workshop"]

SIZE = 64
# What lies left and right of the picture, for the camera to pan over.
MARGIN = 8
WIDE = SIZE + 2 * MARGIN
_STILL = np.zeros(FRAMES, dtype=np.int64)


@dataclass
class Workshop:
    """A style, a motion and the sprites finished so far: shared by all clips of one run.

    Parameters
    ----------
    style : Style
        How things look.
    motion : Motion
        How things move.
    """

    style: Style
    motion: Motion
    _shelf: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def keep(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what was made for this key before, or make it."""
        if key not in self._shelf:
            self._shelf[key] = make()
        return self._shelf[key]


class Canvas:
    """Sixteen frames to paint on, from back to front.

    Parameters
    ----------
    workshop : Workshop
        The style, the motion and the shelf.
    light : tuple of float
        The colour of the light; what is painted is multiplied by it.

    Attributes
    ----------
    pixels : numpy.ndarray
        Shape (16, 64, 64, 3), float32 in [0, 1].
    """

    def __init__(self, workshop: Workshop, light: tuple[float, float, float]) -> None:
        self.workshop = workshop
        self.style = workshop.style
        self.motion = workshop.motion
        self.light = rgb(light)
        self.pixels: Floats = np.empty((FRAMES, SIZE, SIZE, 3), dtype=np.float32)
        self._key = tuple(light)

    def color(self, rgb: Any, glow: float = 0.0) -> Floats:
        """Return a colour as it looks here; `glow` 1 ignores the light."""
        return self.style.grade(np.float32(rgb) * (self.light + (1 - self.light) * np.float32(glow)))

    def sprite(self, key: Hashable, make: Callable[[], Sprite], *, glow: float = 0.0, outline: float = 1.0) -> Stamp:
        """Return a sprite finished in this style and light, from the shelf when it was made before."""
        shelf = (key, glow, self._key, "stamp")
        return self.workshop.keep(shelf, lambda: stamp(self._finished(key, make, glow, outline)))  # type: ignore[no-any-return]

    def swaying(
        self,
        key: Hashable,
        make: Callable[[], Sprite],
        sways: NDArray[np.int64],
        *,
        hanging: bool = False,
        power: float = 1.5,
        glow: float = 0.0,
        outline: float = 1.0,
    ) -> list[Stamp]:
        """Return one sprite for each frame, bent by the wind: at its top, or at its bottom when it is `hanging`."""

        def bent(sway: int) -> Stamp:
            still = self._finished(key, make, glow, outline)
            height = len(still.alpha)
            along = np.linspace(0, 1, height) if hanging else np.linspace(1, 0, height)
            return stamp(sheared(still, np.round(sway * along**power).astype(np.int64)))

        shelf = (key, glow, self._key, "bent", power)
        return [self.workshop.keep((*shelf, sway), partial(bent, sway)) for sway in sways.tolist()]

    def _finished(self, key: Hashable, make: Callable[[], Sprite], glow: float, outline: float) -> Sprite:
        def finished() -> Sprite:
            plain = make()
            light = self.light + (1 - self.light) * np.float32(glow)
            return self.style.finish(Sprite(plain.color * light, plain.alpha), outline=outline)

        return self.workshop.keep((key, glow, self._key), finished)  # type: ignore[no-any-return]

    def backdrop(self, image: Floats, depth: float = 0.0) -> None:
        """Cover everything with a graded picture of shape (64, 80, 3)."""
        for frame, shift in zip(self.pixels, self.motion.shift(depth), strict=True):
            frame[:] = image[:, MARGIN - shift : MARGIN - shift + SIZE]

    def blit(self, sprite: Stamp | Sequence[Stamp], x: float, y: float, depth: float, dx: Any = 0, dy: Any = 0) -> None:
        """Paint a sprite (or one for each frame) with its upper left corner at (x, y), moved by whole pixels.

        Parameters
        ----------
        sprite : Stamp or sequence of Stamp
            What to paint.
        x, y : float
            Where, in pixels of the picture; rounded.
        depth : float
            0 far to 1 near: how much the camera's way moves it.
        dx, dy : int or numpy.ndarray
            Where it goes in each frame, shape (16,).
        """
        lefts = (self.motion.shift(depth) + (round(x) + dx)).tolist()
        tops = (_STILL + (round(y) + dy)).tolist()
        stamps = [sprite] * FRAMES if isinstance(sprite, Stamp) else sprite
        start = 0
        # Frames that follow each other with the same thing in the same place are painted at once.
        for index in range(1, FRAMES + 1):
            if (
                index == FRAMES
                or lefts[index] != lefts[start]
                or tops[index] != tops[start]
                or stamps[index] is not stamps[start]
            ):
                self._press(slice(start, index), stamps[start], lefts[start], tops[start])
                start = index

    def _press(self, frames: slice, inked: Stamp, x: int, y: int) -> None:
        color, alpha, top, left = inked
        height, width = alpha.shape[:2]
        top, left = top + y, left + x
        y0, y1 = max(top, 0), min(top + height, SIZE)
        x0, x1 = max(left, 0), min(left + width, SIZE)
        if y0 >= y1 or x0 >= x1:
            return
        cut = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        under = self.pixels[frames, y0:y1, x0:x1]
        if alpha.dtype == np.bool_:
            np.copyto(under, color[cut], where=alpha[cut])
        else:
            under += (color[cut] - under) * alpha[cut]

    def dots(self, x: Any, y: Any, color: Any, *, opacity: Any = 1.0, depth: float = 0.0, glow: float = 0.0) -> None:
        """Paint single pixels.

        Parameters
        ----------
        x, y : numpy.ndarray
            Where, shape (16, n) or (n,), in pixels; what is outside is left out.
        color : array_like
            Shape (3,) or (n, 3).
        opacity : float or numpy.ndarray
            0 to 1, shape (16, n) or less.
        depth : float
            0 far to 1 near.
        glow : float
            1 ignores the light.
        """
        count = np.shape(x)[-1]
        rows = np.empty((FRAMES, count), dtype=np.int64)
        columns = np.empty((FRAMES, count), dtype=np.int64)
        rows[:] = np.rint(y)
        columns[:] = np.rint(x)
        columns += self.motion.shift(depth)[:, None]
        inside = (rows >= 0) & (rows < SIZE) & (columns >= 0) & (columns < SIZE)
        frames, which = np.nonzero(inside)
        at = (frames * SIZE + rows[inside]) * SIZE + columns[inside]
        colors = self.color(color, glow)
        if colors.ndim == 2:
            colors = colors[which]
        share = np.float32(opacity)
        if share.ndim:
            full = np.empty((FRAMES, count), dtype=np.float32)
            full[:] = share
            share = full[inside][:, None]
        flat = self.pixels.reshape(-1, 3)
        under = flat[at]
        flat[at] = under + (colors - under) * share

    def zoom(self, y: float) -> None:
        """Let the camera come nearer to a point at height `y` and go back, as the motion module says."""
        for index, scale in enumerate(self.motion.magnification().tolist()):
            if scale > 1.001:
                rows = np.clip(np.round((np.arange(SIZE) - y) / scale + y), 0, SIZE - 1).astype(int)
                middle = (SIZE - 1) / 2
                columns = np.clip(np.round((np.arange(SIZE) - middle) / scale + middle), 0, SIZE - 1).astype(int)
                self.pixels[index] = self.pixels[index][rows][:, columns]
