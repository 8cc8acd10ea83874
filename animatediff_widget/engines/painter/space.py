"""What people build to go far: a robot, a rocket and an astronaut."""

from __future__ import annotations

from functools import partial

import numpy as np

from .canvas import SIZE, Canvas
from .creatures import COATS
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import art, lit, padded, rgb
from .things import foreground

__all__ = ["astronaut", "robot", "rocket"]


_ROBOT = (
    ".......r.......",
    ".......d.......",
    "..mmmmmmmmmmm..",
    ".mlllllllllmms.",
    ".mlvvvvvvvvvms.",
    "dmlveevvveevmsd",
    "dmlveevvveevmsd",
    ".mlvvvvvvvvvms.",
    ".mlvvvgggvvvms.",
    ".mmssssssssss..",
    "......ddd......",
    "..mmmmmmmmmmm..",
    "mlmllllllllmsms",
    "ml.mlrlylclms.s",
    "ml.mllllllllm.s",
    "ml.mldddddlms.s",
    "dd.mllllllsms.d",
    "...mmssssssss..",
    "....mls..mls...",
    "....mls..mls...",
    "...ddddd.dddd..",
)


def robot(canvas: Canvas, scene: Scene) -> None:
    """Stand a robot in the foreground that bobs, blinks and signals."""
    rng = scene.chance("robot")
    name = scene.colors.get("robot") or ("blue", "orange", "green", "white")[int(rng.integers(0, 4))]
    metal = lit(COATS[name], 0.1)
    colors = {"m": metal, "l": lit(metal, 0.35), "s": lit(metal, -0.3), "d": (0.34, 0.34, 0.42),
              "v": (0.14, 0.16, 0.26), "e": (0.45, 1.0, 0.95), "g": (0.45, 1.0, 0.95), "r": (0.95, 0.35, 0.32),
              "y": (1.0, 0.86, 0.35), "c": (0.40, 0.85, 0.55)}  # fmt: skip
    shut = [row.replace("e", "v") if index == 5 else row for index, row in enumerate(_ROBOT)]
    poses = [
        canvas.sprite(("robot", name, k), partial(art, padded(tuple(rows)), colors), glow=0.35)
        for k, rows in enumerate((_ROBOT, shut))
    ]
    blinks = (np.arange(FRAMES) - int(rng.integers(0, FRAMES))) % FRAMES < 2
    x, y = min(max(scene.places["robot"] - 8, 1), SIZE - 18), foreground(scene) - 22
    bob = np.where(np.arange(FRAMES) // 4 % 2, 1, 0) * (0 if canvas.motion.wind < 0.5 else 1)
    canvas.blit([poses[int(k)] for k in blinks], x, y, 0.9, dy=bob)
    shine = np.clip(np.sin(2 * PHASE), 0, 1)[:, None]
    for dx, dy in ((0, 0), (-1, 0), (1, 0), (0, -1)):
        canvas.dots([x + 8 + dx], (y + 1 + dy + bob)[:, None], (1.0, 0.55, 0.45), opacity=shine, depth=0.9, glow=1.0)


_ROCKET = (
    ".....r.....",
    "....rrR....",
    "...rrrRR...",
    "...wwwws...",
    "..wwwwwss..",
    "..wwddwss..",
    "..wdcCdss..",
    "..wdCCdss..",
    "..wwddwss..",
    "..wwwwwss..",
    "..wwwwwss..",
    ".rwwwrwssR.",
    "rrwwwrwssRR",
    "rrwwwrwssRR",
    "rr.wwrws.RR",
    "r...ddd...R",
)


def rocket(canvas: Canvas, scene: Scene) -> None:
    """Let a rocket climb on a flickering flame, its smoke behind it."""
    rng = scene.chance("rocket")
    colors = {"r": (0.92, 0.30, 0.28), "R": (0.66, 0.18, 0.24), "w": (0.97, 0.96, 0.98), "s": (0.74, 0.74, 0.84),
              "d": (0.36, 0.38, 0.48), "c": (0.75, 0.95, 1.0), "C": (0.36, 0.70, 0.92)}  # fmt: skip
    x, y = int(rng.integers(14, 40)), int(rng.integers(4, 9))
    dx, dy = canvas.motion.sway(rng.uniform(0, 6.28), 1.2), np.round(1.5 * np.sin(PHASE)).astype(int)
    puffs = 14
    age = (np.arange(puffs)[None, :] / puffs + np.arange(FRAMES)[:, None] / FRAMES) % 1.0
    side = np.sin(np.arange(puffs) * 2.4)
    for ox, oy in ((0, 0), (1, 0), (0, 1), (1, 1), (-1, 0), (0, -1)):
        canvas.dots(x + 6 + ox + 5 * side * age, y + 20 + oy + 22 * age, (0.93, 0.92, 0.95),
                    opacity=0.75 * (1 - age), depth=0.25, glow=0.4)  # fmt: skip
    for row in range(8):
        half = np.clip(3.2 - row * 0.45 + 0.9 * np.sin(4 * PHASE + row), 0, 3)[:, None]
        tint = rgb((1.0, 0.97, 0.70)) if row < 3 else rgb((1.0, 0.70, 0.25)) if row < 6 else rgb((0.95, 0.40, 0.20))
        across = np.arange(-3, 4)
        canvas.dots(x + 6 + across + dx[:, None], (y + 17 + row + dy)[:, None], tint,
                    opacity=(np.abs(across) <= half) * 1.0, depth=0.25, glow=1.0)  # fmt: skip
    canvas.blit(canvas.sprite("rocket", partial(art, padded(_ROCKET), colors), glow=0.4), x, y, 0.25, dx=dx, dy=dy)


_ASTRONAUT = (
    "....wwwwwww....",
    "...wwwwwwwws...",
    "..wwvvvvvvvss..",
    "..wvllvvvvvvs..",
    "..wvlvvvvvvvs..",
    "..wvvvvvvvlvs..",
    "..wwvvvvvvvss..",
    "...wwwwwwwss...",
    ".wwbwwwwwwwbws.",
    "wwwbwwwwwwsbwws",
    "wws.wrwycws.wws",
    "wws.wwwwwws.wws",
    "bb..wwggggs..bb",
    "gg..wwwwwws..gg",
    "....wwwswwws...",
    "...wwws.wwws...",
    "...wws...wws...",
    "...bbb...bbb...",
    "...ggg...ggg...",
)


def astronaut(canvas: Canvas, scene: Scene) -> None:
    """Let an astronaut float, weightless, with light running over the visor."""
    rng = scene.chance("astronaut")
    colors = {"w": (0.97, 0.97, 0.99), "s": (0.74, 0.76, 0.86), "v": (0.16, 0.22, 0.42), "l": (0.70, 0.88, 1.0),
              "b": (0.92, 0.50, 0.25), "g": (0.46, 0.48, 0.58), "r": (0.92, 0.30, 0.30), "y": (0.98, 0.82, 0.35),
              "c": (0.40, 0.78, 0.50)}  # fmt: skip
    x, y = min(max(scene.places["astronaut"] - 8, 1), SIZE - 18), int(rng.integers(18, 26))
    dy = np.round(2.4 * np.sin(PHASE + rng.uniform(0, 6.28))).astype(int)
    dx = np.round(1.4 * np.cos(PHASE)).astype(int)
    body = canvas.sprite("astronaut", partial(art, padded(_ASTRONAUT), colors), glow=0.45)
    canvas.blit(body, x, y, 0.6, dx=dx, dy=dy)
    run = np.round(4 + 7 * (np.arange(FRAMES) / FRAMES)).astype(int)
    for k in range(3):
        canvas.dots((x + 1 + run + dx)[:, None], (y + 4 + k + dy)[:, None], (0.85, 0.95, 1.0),
                    opacity=(run < 11)[:, None] * 0.6, depth=0.6, glow=1.0)  # fmt: skip
