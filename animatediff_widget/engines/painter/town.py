"""A street of houses."""

from __future__ import annotations

import numpy as np

from .canvas import MARGIN, SIZE, WIDE, Canvas
from .craft import is_dark, pane
from .scene import Scene
from .sprites import Color, Sprite, blank, lit, put, rgb
from .things import glow

__all__ = ["street"]

_FACADES: tuple[Color, ...] = (
    (0.93, 0.74, 0.56), (0.72, 0.82, 0.86), (0.94, 0.86, 0.66), (0.84, 0.58, 0.52), (0.76, 0.80, 0.64),
    (0.88, 0.72, 0.78),
)  # fmt: skip
# How far from the middle the houses of a street begin, from the nearest to the farthest; they shrink evenly.
_CORNERS = 58.0 * 0.66 ** np.arange(7)


def street(canvas: Canvas, scene: Scene) -> None:
    """Lead a street between houses into the distance, with bunting across it and lamps that are lit when it is dark."""
    rng = scene.chance("street")
    dark, snowy = is_dark(scene), scene.season == "winter"
    kind, far, seaside = int(rng.integers(0, 4)), scene.horizon - 3, "sea" in scene.things

    def make() -> Sprite:
        shape = np.random.default_rng([kind, 5])
        sprite = blank(SIZE, WIDE)
        y, x = np.mgrid[:SIZE, :WIDE]
        away, down = np.abs(x - WIDE / 2 + 0.5), y - far
        stone, path = ((0.84, 0.87, 0.93), (0.94, 0.96, 1.0)) if snowy else ((0.56, 0.52, 0.56), (0.74, 0.70, 0.68))
        put(sprite, (down >= 0) & (away <= 4 + down * 1.55), path)
        road = (down >= 0) & (away <= 2 + down * 0.95)
        put(sprite, road, stone)
        rows = np.log2(np.maximum(down, 1)) * 3
        put(sprite, road & (rows % 1 < 0.25), lit(stone, 0.16))
        put(sprite, road & (away < down * 0.05 + 0.6) & (rows % 1 > 0.5), lit(stone, 0.5))
        _houses(canvas, sprite, far, shape, dark, snowy, (-1,) if seaside else (-1, 1))
        return sprite

    key = ("street", kind, far, dark, snowy, seaside)
    canvas.blit(canvas.sprite(key, make, outline=0.35), -MARGIN, 0, 0.6)
    if not seaside:
        _bunting(canvas, far)
    for nearness, side in ((9.0, -1), (9.0, 1), (20.0, -1), (20.0, 1)):
        x, top, low = SIZE / 2 + side * nearness, far - nearness * 0.62, far + nearness * 0.74
        pole = np.arange(round(top), round(low))
        for dx in (0, 1) if nearness > 12 else (0,):
            canvas.dots(np.full(len(pole), x + dx), pole, (0.24, 0.25, 0.32), depth=0.6)
        size = 1 if nearness > 12 else 0
        bulb = (1.0, 0.90, 0.60) if dark else (0.98, 0.97, 0.92)
        for dx in range(-size, 2 + size):
            for dy in range(1 + size):
                canvas.dots([x + dx], [top - 1 - dy], bulb, depth=0.6, glow=1.0 if dark else 0.2)
        if dark:
            glow(canvas, x + 0.5, top - 1, round(5 + nearness * 0.45), (1.0, 0.80, 0.42), 0.6)


def _houses(
    canvas: Canvas,
    sprite: Sprite,
    far: int,
    shape: np.random.Generator,
    dark: bool,
    snowy: bool,
    sides: tuple[int, ...],
) -> None:
    """Build both rows of houses: in perspective everything grows with the distance from the middle."""
    y, x = np.mgrid[:SIZE, :WIDE]
    side, away = np.sign(x - WIDE / 2 + 0.5), np.abs(x - WIDE / 2 + 0.5)
    down = y - far
    for left in sides:
        for k in range(6):
            outer, inner = _CORNERS[k], _CORNERS[k + 1]
            house = (side == left) & (away <= outer) & (away > inner)
            face = _FACADES[int(shape.integers(0, 6))]
            face = lit(face, -0.12 if left > 0 else 0.05)
            storeys = float(shape.uniform(0.62, 1.0))
            up, across = -down / away, np.log(np.maximum(away, 0.1) / inner) / np.log(outer / inner)
            wall = house & (up <= storeys) & (down <= away * 0.64)
            put(sprite, wall, face)
            put(sprite, wall & (up > storeys - 0.12), (0.95, 0.97, 1.0) if snowy else lit(face, -0.42))
            put(sprite, wall & (across < 0.06), lit(face, -0.3))
            for storey in (0.18, 0.48):
                if storey + 0.3 < storeys:
                    for at in (0.2, 0.6):
                        window = wall & (np.abs(across - at - 0.1) < 0.11) & (np.abs(up - storey) < 0.09)
                        on = dark and shape.random() < 0.7
                        put(sprite, window, pane(canvas, on, (1.0, 0.82, 0.45)) if on or not dark
                            else (0.34, 0.38, 0.52))  # fmt: skip
            tint = ((0.86, 0.32, 0.30), (0.30, 0.56, 0.50), (0.92, 0.66, 0.28))[int(shape.integers(0, 3))]
            awning = wall & (up < -0.02) & (up > -0.17) & (across > 0.1) & (across < 0.9)
            put(sprite, awning, tint)
            put(sprite, awning & ((across * 6) % 2 < 1), (0.97, 0.94, 0.88))
            shop = wall & (up <= -0.2) & (up > -0.5) & (across > 0.45) & (across < 0.85)
            put(sprite, shop, pane(canvas, dark, (1.0, 0.86, 0.55)))
            put(sprite, wall & (up <= -0.2) & (across > 0.12) & (across < 0.34), lit(face, -0.5))


def _bunting(canvas: Canvas, far: int) -> None:
    """Hang little flags across a street, in the wind."""
    tints = rgb([(0.92, 0.34, 0.34), (1.0, 0.84, 0.40), (0.40, 0.70, 0.86), (0.97, 0.97, 0.95)])
    for half, drop in ((27, 20), (14, 9)):
        line = np.arange(-half, half + 1)
        sag = far - drop + 4 * (1 - (line / half) ** 2)
        canvas.dots(line + 32, sag, (0.90, 0.88, 0.86), depth=0.6)
        flags = line[1 : -1 : 4 if half > 20 else 3]
        lean = canvas.motion.sway(half * 0.5, 1.0)[:, None]
        hang = np.interp(flags, line, sag)
        tones = tints[np.arange(len(flags)) % 4]
        for dx, dy, move in ((0, 1, 0), (1, 1, 0), (0, 2, 1)) if half > 20 else ((0, 1, 1),):
            canvas.dots(flags + 32 + dx + lean * move, hang + dy, tones, depth=0.6, glow=0.2)
