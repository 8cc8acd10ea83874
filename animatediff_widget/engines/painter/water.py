"""What lies on the water and lives in it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .canvas import MARGIN, SIZE, WIDE, Canvas
from .craft import is_dark, turns
from .motions import PHASE
from .scene import Scene
from .sprites import Sprite, art, blank, lit, padded, put

__all__ = ["bridge", "ship"]

_SHIP = (
    "...............kff............",
    "...............kfff...........",
    "......kff......k........kff...",
    "......k......wwkww......k.....",
    "....wwkww...wwwkwww...wwkww...",
    "...wwwkwww..swwkwww..wwwkwww..",
    "...sssksss..sssksss..sssksss..",
    "......k........k........k.....",
    "..wwwwkwww.wwwwkwwww.wwwkwww..",
    "..wwwwkwww.wwwrrrwww.wwwkwwww.",
    "..swwwkwww.swwrrrwww.swwkwwww.",
    "..sswwkwww.sswwrwwww.sswkwwww.",
    "..sssskss..sssskssss.ssskssss.",
    "......k........k........k.....",
    "hhh...k........k........k..hhh",
    "HhhhyhkhhhhhhhhkhhhhhhhhkhhhyH",
    ".HhhhhhhhhhhhhhhhhhhhhhhhhhhH.",
    ".HHdoHHdoHHdoHHdoHHdoHHdoHHH..",
    "..HHHHHHHHHHHHHHHHHHHHHHHHHH..",
    "...ddddddddddddddddddddddddd..",
    "....dddddddddddddddddddddd....",
)


def ship(canvas: Canvas, scene: Scene) -> None:
    """Sail a tall ship that pitches on the waves, its flag flying and foam at its bow."""
    rng = scene.chance("ship")
    flip = bool(rng.random() < 0.5)
    colors = {"k": (0.40, 0.27, 0.20), "w": (0.98, 0.94, 0.84), "s": (0.84, 0.78, 0.70), "r": (0.84, 0.28, 0.26),
              "h": (0.72, 0.46, 0.28), "H": (0.54, 0.32, 0.22), "d": (0.36, 0.20, 0.18), "o": (0.95, 0.80, 0.42),
              "y": (0.95, 0.78, 0.35), "f": (0.86, 0.24, 0.26)}  # fmt: skip
    streaming = ("...............k..f...........", "...............kfff...........", "......kf.......k........kf....",
                 *_SHIP[3:])  # fmt: skip
    poses = [canvas.sprite(("ship", k, flip), partial(_mirrored, rows, colors, flip), glow=0.2)
             for k, rows in enumerate((_SHIP, streaming))]  # fmt: skip
    depth = 64 if scene.ground >= SIZE else scene.ground
    y = min(scene.horizon + int(rng.integers(6, 10)), depth - 3) - 21
    x = min(max(scene.places["boat"] - 15, 1), SIZE - 33)
    pitch = canvas.motion.sway(rng.uniform(0, 6.28), 1.2)
    canvas.blit(turns(poses, (0, 0, 1, 1) * 2), x, y, 0.5, dy=pitch)
    foam = np.arange(-1, 32)
    crest = np.sin(foam * 0.9 + 2 * PHASE[:, None])
    canvas.dots(x + foam, y + 21 + (crest > 0.3), (1.0, 1.0, 1.0), opacity=(np.abs(crest) > 0.2) * 0.75, depth=0.5)
    if is_dark(scene):
        canvas.dots(x + np.array([4, 27]), (y + 16 + pitch)[:, None], (1.0, 0.86, 0.45), depth=0.5, glow=1.0)


def _mirrored(rows: tuple[str, ...], colors: dict[str, Any], flip: bool) -> Sprite:
    sprite = art(padded(rows), colors)
    return Sprite(sprite.color[:, ::-1], sprite.alpha[:, ::-1]) if flip else sprite


def bridge(canvas: Canvas, scene: Scene) -> None:
    """Span a red arched bridge over the water, which mirrors it; its lamps are lit when it is dark."""
    height = 26
    x = np.arange(WIDE) - WIDE / 2

    def make() -> Sprite:
        sprite = blank(height, WIDE)
        rows = np.arange(height)[:, None]
        deck = 8 + (x / 40) ** 2 * 15
        red, wood = (0.86, 0.28, 0.22), (0.52, 0.30, 0.24)
        pier = (np.abs(np.abs(x) - 13) < 1.5) & (rows > deck) & (rows < 24)
        put(sprite, pier, lit(red, -0.4))
        put(sprite, (rows >= deck) & (rows < deck + 3), wood)
        put(sprite, (rows >= deck) & (rows < deck + 1), lit(wood, 0.35))
        post = (np.abs((x + 44) % 8 - 4) < 1) & (rows >= deck - 6) & (rows < deck)
        put(sprite, post | ((rows >= deck - 5) & (rows < deck - 3.8)), red)
        put(sprite, (rows >= deck - 2.6) & (rows < deck - 1.6), lit(red, -0.2))
        put(sprite, post & (rows < deck - 5), (0.95, 0.78, 0.36))
        return sprite

    def mirrored() -> Sprite:
        sprite = make()
        fade = np.linspace(0.1, 0.5, height, dtype=np.float32)[::-1, None] * (np.arange(height)[:, None] % 3 != 2)
        return Sprite(sprite.color[::-1] * np.float32(0.8), sprite.alpha[::-1] * fade)

    y = scene.horizon - 13
    ripple = canvas.motion.sway(1.0, 1.0)
    canvas.blit(canvas.sprite("bridge below", mirrored, outline=0.0), -MARGIN, y + 22, 0.5, dx=ripple)
    canvas.blit(canvas.sprite("bridge", make, glow=0.15), -MARGIN, y, 0.5)
    if is_dark(scene):
        lamps = np.arange(-36, 37, 8)
        top = y + 2 + (lamps / 40) ** 2 * 15
        flicker = 0.8 + 0.2 * np.sin(2 * PHASE[:, None] + lamps)
        for dx, dy, share in ((0, 0, 1.0), (1, 0, 0.5), (-1, 0, 0.5), (0, 1, 0.5), (0, -1, 0.5)):
            canvas.dots(lamps + 31 + dx, top + dy, (1.0, 0.80, 0.40), opacity=flicker * share, depth=0.5, glow=1.0)
