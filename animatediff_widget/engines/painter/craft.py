"""What the painters of things share: poses from letters, places to stand, and ways to move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import SIZE, Canvas
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import Color, Floats, Stamp, art, padded, rgb

__all__ = ["TURN", "bob", "column", "drawn", "foot", "is_dark", "pane", "puffs", "turns"]

TURN = np.arange(FRAMES) / FRAMES
"""The loop as a share, 0 to 15/16."""


def drawn(
    canvas: Canvas,
    key: object,
    rows: Sequence[str],
    colors: Mapping[str, Any],
    *,
    glow: float = 0.3,
    flip: bool = False,
) -> Stamp:
    """Finish a drawing made of letters, mirrored if wanted."""
    lines = padded(rows)
    if flip:
        lines = [line[::-1] for line in lines]
    return canvas.sprite((key, flip), partial(art, lines, colors), glow=glow)


def column(scene: Scene, name: str, width: int) -> int:
    """Give the left edge of what stands somewhere and is so wide, within the picture."""
    return min(max(scene.places[name] - width // 2, 1), SIZE - width - 1)


def foot(scene: Scene, near: int = 0) -> int:
    """Give the row on which a thing in the foreground stands, `near` rows nearer to the viewer."""
    return min(scene.ground + 9 + near if scene.ground < SIZE else scene.horizon + 12 + near, SIZE - 2)


def is_dark(scene: Scene) -> bool:
    """Say whether lamps are lit."""
    return scene.time in ("night", "sunset")


def pane(canvas: Canvas, lamp_lit: bool, tint: Color) -> Floats:
    """Give the colour of a window: that of the lamp behind it, which the night does not darken, or of the sky."""
    return rgb(tint) / canvas.light if lamp_lit else rgb((0.66, 0.86, 0.96))


def bob(reach: float, phase: float = 0.0, pace: int = 1) -> NDArray[np.int64]:
    """Move up and down by whole pixels, `pace` times a loop; shape (16,)."""
    return np.asarray(np.rint(reach * np.sin(pace * PHASE + phase)), dtype=np.int64)


def turns(stamps: Sequence[Stamp], pattern: Sequence[int]) -> list[Stamp]:
    """Show poses one after another, by their numbers, as often as a loop needs."""
    return [stamps[pattern[t * len(pattern) // FRAMES]] for t in range(FRAMES)]


def puffs(
    canvas: Canvas, x: float, y: float, color: Any, *, count: int = 6, rise: float = 13, wide: float = 2,
    depth: float = 0.65, opacity: float = 0.75,
) -> None:  # fmt: skip
    """Let smoke or steam rise, sway in the wind and thin out."""
    age = (np.arange(count)[None, :] + TURN[:, None]) / count
    sway = wide * canvas.motion.wind * np.sin(age * 6 + PHASE[:, None])
    for dy, dx in ((0, 0), (0, 1), (-1, 0), (-1, 1)):
        canvas.dots(x + dx + sway * age, y - rise * age + dy, color, opacity=opacity * (1 - age), depth=depth, glow=0.3)
