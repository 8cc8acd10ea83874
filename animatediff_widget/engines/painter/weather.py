"""What falls from the sky, without a seam: each flake ends the loop where the next one began it."""

from __future__ import annotations

import numpy as np

from .canvas import MARGIN, SIZE, Canvas
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import lit, rgb

__all__ = ["leaves", "near_petals", "petals", "rain", "snow"]

_SPAN = SIZE + 8


def _falling(
    canvas: Canvas, rng: np.random.Generator, paths: int, on_each: int, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return columns and rows of falling things, shape (16, paths * on_each).

    `on_each` of them follow each other on every path, so that a loop moves each by one place only.
    """
    place = (np.arange(on_each)[None, None, :] + np.arange(FRAMES)[:, None, None] / FRAMES) / on_each
    share = (place + rng.random((1, paths, 1))) % 1.0
    start, angle = rng.uniform(-MARGIN, SIZE + MARGIN, (1, paths, 1)), rng.uniform(0, 6.28, (1, paths, 1))
    # The way sideways depends on the height only, and on the loop's own phase.
    sway = reach * np.sin(2 * np.pi * 2 * share + angle) + 0.6 * reach * np.sin(PHASE[:, None, None] + angle)
    width = SIZE + 2 * MARGIN
    # A whole width per fall (or a part of it that the next path takes over) keeps the wind seamless.
    x = (start + sway + canvas.motion.drift * on_each * share + MARGIN) % width - MARGIN
    shape = (FRAMES, paths * on_each)
    return np.broadcast_to(x, (FRAMES, paths, on_each)).reshape(shape), (share * _SPAN - 4).reshape(shape)


def petals(canvas: Canvas, scene: Scene) -> None:
    """Let petals sway down, behind whoever is in front."""
    _petals(canvas, scene, scene.chance("petals"), 15)


def near_petals(canvas: Canvas, scene: Scene) -> None:
    """Let a few petals fall in front of everything: few, for the face's sake."""
    _petals(canvas, scene, scene.chance("near petals"), 3)


def _petals(canvas: Canvas, scene: Scene, rng: np.random.Generator, paths: int) -> None:
    x, y = _falling(canvas, rng, paths, 2, 3.0)
    color = (0.96, 0.55, 0.70) if "plum" in scene.things and "cherry" not in scene.things else (1.0, 0.78, 0.87)
    tones = rgb([color if k % 3 else lit(color, 0.5) for k in range(x.shape[1])])
    x, y = np.round(x), np.round(y)
    turn = np.sin(2 * PHASE[:, None] + rng.uniform(0, 6.28, x.shape[1]))
    canvas.dots(x + 1, y + 1, lit(color, -0.25), depth=0.95, glow=0.35, opacity=0.8)
    canvas.dots(x, y, tones, depth=0.95, glow=0.4)
    canvas.dots(x + 1, y, tones, depth=0.95, glow=0.4, opacity=(turn > -0.3) * 1.0)
    canvas.dots(x, y + 1, tones, depth=0.95, glow=0.4, opacity=(turn < 0.3) * 1.0)


def leaves(canvas: Canvas, scene: Scene) -> None:
    """Let autumn leaves whirl down."""
    rng = scene.chance("leaves")
    x, y = _falling(canvas, rng, 12, 2, 4.5)
    tones = rgb([(0.92, 0.42, 0.16), (0.96, 0.70, 0.22), (0.80, 0.26, 0.18)])[np.arange(x.shape[1]) % 3]
    x, y = np.round(x), np.round(y)
    turn = np.sin(2 * PHASE[:, None] + rng.uniform(0, 6.28, x.shape[1])) > 0
    canvas.dots(x, y, tones, depth=0.95, glow=0.3)
    canvas.dots(x + 1, y, lit(tones[0], 0.2), depth=0.95, glow=0.3)
    for dx, dy in ((0, 1), (0, -1)):
        canvas.dots(x + dx, y + dy, tones, depth=0.95, glow=0.3, opacity=turn * 1.0)
    for dx, dy in ((-1, 0), (2, 0)):
        canvas.dots(x + dx, y + dy, tones * np.float32(0.85), depth=0.95, glow=0.3, opacity=1.0 - turn)


def snow(canvas: Canvas, scene: Scene) -> None:
    """Let snow fall: small flakes far away, larger ones near."""
    rng = scene.chance("snow")
    x, y = _falling(canvas, rng, 26, 3, 1.5)
    canvas.dots(x, y, (0.93, 0.95, 1.0), depth=0.4, glow=0.75, opacity=0.8)
    x, y = _falling(canvas, rng, 11, 2, 2.5)
    x, y = np.round(x), np.round(y)
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        canvas.dots(x + dx, y + dy, (1.0, 1.0, 1.0), depth=0.95, glow=0.8)


def rain(canvas: Canvas, scene: Scene) -> None:
    """Let rain streak down, and splash where it lands."""
    rng = scene.chance("rain")
    count = 46
    t = np.arange(FRAMES)[:, None] / FRAMES
    share = (rng.random(count) + 2 * t) % 1.0
    slant = 0.12 + 0.14 * (canvas.motion.wind - 1)
    y = share * (SIZE + 12) - 6
    x = rng.uniform(-MARGIN, SIZE + MARGIN, count) - slant * y
    near = np.where(np.arange(count) % 3 == 0, 0.85, 0.45)
    for k in range(5):
        canvas.dots(x - slant * k, y + k, (0.82, 0.90, 1.0), depth=0.8, glow=0.6, opacity=near * (0.4 + 0.12 * k))
    drops = 14
    sx, sy = rng.uniform(0, SIZE, drops), rng.uniform(min(scene.ground, 58), SIZE - 1, drops)
    age = (rng.random(drops) + 2 * t) % 1.0
    for dx, dy in ((-1, 0), (1, 0), (-2, -1), (2, -1)):
        wide = (age < 0.35) if abs(dx) == 1 else (age >= 0.35) & (age < 0.6)
        canvas.dots(sx + dx, sy + dy, (0.92, 0.96, 1.0), depth=0.85, glow=0.6, opacity=wide * 0.8)
