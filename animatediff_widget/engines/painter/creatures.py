"""Animals."""

from __future__ import annotations

from functools import partial

import numpy as np

from .canvas import SIZE, Canvas
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import Color, art, lit

__all__ = ["COATS", "birds", "butterflies", "cat", "fireflies"]

_CAT = (
    "..b......b...............",
    ".bcb....bcb..............",
    ".bcpb..bpcb..............",
    ".bccbbbbccb..............",
    ".bcccccccccb.............",
    ".bcccccccccb.............",
    ".bcegccegccb.............",
    ".bceeccceecb.............",
    ".bwwwpnpwwwb.............",
    "..bwwwwwwwbbbbbbb........",
    "...bwwwwwbccsccsccb......",
    "...bcwwwccccsccsccccb....",
    "...bcwwwcccccccccccccb...",
    "...bcwwcccccccccccccccb..",
    "...bcwwcccccccccccccccb..",
    "...bccwcccccccccccccccb..",
    "...bcccbccccccccccbcccb..",
    "...bwwwbwwwbbbwwwwbwwwb..",
)
_TAILS = (
    ("..bb.", ".bccb", ".bccb", "..bcb", ".bccb", "bccb.", "bccb.", "bcb.."),
    (".bb..", "bccb.", "bcccb", ".bccb", ".bccb", "bccb.", "bccb.", "bcb.."),
)
COATS: dict[str, Color] = {
    "orange": (0.96, 0.66, 0.34),
    "black": (0.30, 0.28, 0.36),
    "white": (0.97, 0.95, 0.93),
    "brown": (0.64, 0.46, 0.34),
    "yellow": (0.97, 0.80, 0.48),
    "blue": (0.56, 0.62, 0.74),
    "red": (0.86, 0.48, 0.30),
    "pink": (0.98, 0.74, 0.80),
    "green": (0.60, 0.76, 0.52),
    "purple": (0.66, 0.54, 0.78),
}


def cat(canvas: Canvas, scene: Scene) -> None:
    """Sit a cat in the foreground that flicks its tail."""
    rng = scene.chance("cat")
    name = scene.colors.get("cat") or ("orange", "black", "white", "brown")[int(rng.integers(0, 4))]
    coat = COATS[name]
    colors = {"c": coat, "b": lit(coat, -0.45), "s": lit(coat, -0.22), "w": lit(coat, 0.55), "p": (1.0, 0.62, 0.66),
              "n": (0.55, 0.25, 0.28), "e": (0.18, 0.14, 0.18), "g": (0.95, 1.0, 0.75)}  # fmt: skip

    def padded(rows: tuple[str, ...]) -> list[str]:
        return ["." * (len(rows[0]) + 2), *(f".{row}." for row in rows)]

    blinks = (np.arange(FRAMES) - int(rng.integers(0, FRAMES))) % FRAMES < 2
    shut = [row.replace("e", "c").replace("g", "c") for row in _CAT]
    shut[7] = _CAT[7].replace("g", "e")
    body = canvas.sprite(("cat", name), lambda: art(padded(_CAT), colors), glow=0.3)
    asleep = canvas.sprite(("cat", name, "blink"), lambda: art(padded(tuple(shut)), colors), glow=0.3)
    tails = [canvas.sprite(("tail", name, k), partial(art, padded(_TAILS[k]), colors), glow=0.3) for k in (0, 1)]
    x, y = min(max(scene.places["cat"] - 12, 1), SIZE - 27), SIZE - 20
    flick = canvas.motion.sway(rng.uniform(0, 6.28), 1.0) > 0
    canvas.blit([tails[int(k)] for k in flick], x + 20, y + 4, 0.9)
    canvas.blit([asleep if k else body for k in blinks], x, y, 0.9)


def birds(canvas: Canvas, scene: Scene) -> None:
    """Let a small flock fly, beating its wings."""
    rng = scene.chance("birds")
    dark = scene.time == "night"
    color = (0.80, 0.84, 0.95) if dark else (0.99, 0.99, 1.0) if "sea" in scene.things else (0.20, 0.19, 0.30)
    ink = {"w": color, "b": lit(color, -0.25)}
    poses = (
        ("w.....w", ".w...w.", "..wbw..", "...b..."),
        (".......", "ww...ww", "..wbw..", "...b..."),
        (".......", ".......", ".wwbww.", "w..b..w"),
    )
    sprites = [canvas.sprite(("bird", color, k), partial(art, poses[k], ink), glow=0.6, outline=0.0) for k in range(3)]
    x, y = rng.uniform(8, 38), rng.uniform(6, 18)
    for index in range(int(rng.integers(3, 6))):
        beat = [sprites[(0, 1, 2, 1)[(t + index) % 4]] for t in range(FRAMES)]
        angle = rng.uniform(0, 6.28)
        dx = np.round(3.5 * np.sin(PHASE + angle)).astype(int)
        dy = np.round(1.5 * np.sin(2 * PHASE + angle)).astype(int)
        canvas.blit(beat, x + (index % 2) * 8 + index * 3.5 - 6, y + index * 3.2 * (-1) ** index, 0.25, dx=dx, dy=dy)


def butterflies(canvas: Canvas, scene: Scene) -> None:
    """Let butterflies dance in figures of eight."""
    rng = scene.chance("butterflies")
    wide = (".......", ".aa.aa.", ".aobao.", "..aba..", ".ao.oa.", ".a...a.")
    thin = (".......", "..a.a..", "..oba..", "...b...", "..o.a..", ".......")
    palette = ((1.0, 0.62, 0.20), (0.45, 0.68, 1.0), (1.0, 0.92, 0.50), (0.98, 0.55, 0.78))
    for index in range(4):
        name = int(rng.integers(0, 4))
        ink = {"a": palette[name], "o": lit(palette[name], 0.5), "b": (0.22, 0.16, 0.22)}
        pair = [
            canvas.sprite(("butterfly", name, k), partial(art, rows, ink), glow=0.4)
            for k, rows in enumerate((wide, thin))
        ]
        x, y = rng.uniform(2, 22) + index % 2 * 32, rng.uniform(22, 46)
        angle = rng.uniform(0, 6.28)
        dx = np.round(4 * np.sin(PHASE + angle)).astype(int)
        dy = np.round(3 * np.sin(2 * PHASE + angle)).astype(int)
        canvas.blit([pair[(t + index) // 2 % 2] for t in range(FRAMES)], x, y, 0.9, dx=dx, dy=dy)


def fireflies(canvas: Canvas, scene: Scene) -> None:
    """Let fireflies float and glow."""
    rng = scene.chance("fireflies")
    count = 22
    angle, pace = rng.uniform(0, 6.28, count), rng.integers(1, 3, count)
    x = rng.uniform(0, SIZE, count) + 3 * np.sin(PHASE[:, None] + angle)
    y = rng.uniform(scene.horizon - 12, SIZE, count) + 2.5 * np.cos(PHASE[:, None] * pace + angle)
    shine = np.clip(0.35 + 0.8 * np.sin(PHASE[:, None] * pace + 2 * angle), 0, 1)
    x, y = np.round(x), np.round(y)
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        canvas.dots(x + dx, y + dy, (0.80, 1.0, 0.35), opacity=shine * 0.5, depth=0.9, glow=1.0)
    canvas.dots(x, y, (1.0, 1.0, 0.72), opacity=shine, depth=0.9, glow=1.0)
