"""What swims: in the sea, on the lake and, over them, what leaps out."""

from __future__ import annotations

import numpy as np

from .canvas import SIZE, Canvas
from .craft import TURN, bob, drawn, turns
from .motions import PHASE
from .scene import Scene
from .sprites import Color, Stamp, lit, rgb

__all__ = ["dolphin", "fish", "swan", "whale"]

_INK = (0.14, 0.12, 0.18)


def _row(scene: Scene, near: int) -> int:
    """Give a row of the water, `near` rows before the horizon, that the ground does not hide."""
    return min(scene.horizon + near, (SIZE if scene.ground >= SIZE else scene.ground) - 3)


def _foam(canvas: Canvas, x: float, y: float, width: int, phase: float = 0.0) -> None:
    """Draw foam where something lies in the water."""
    at = np.arange(width)
    crest = np.sin(at * 0.8 + 2 * PHASE[:, None] + phase)
    canvas.dots(x + at, y + (crest > 0.3), (1.0, 1.0, 1.0), opacity=(np.abs(crest) > 0.2) * 0.8, depth=0.5)


_WHALE = (
    "...........bbbbbbbb...........",
    "........bbbbbbbbbbbbbb........",
    "......bblbbbbbbbbbbbbbbb......",
    "....bbbllbbbbbbbbbbbbbbbb.....",
    "...bbbbbbbbbbbbbbbbbbbbbbb....",
    "..bbbbbbbbbbbbbbbbbbbbbbbbb...",
    ".bbbbbiebbbbbbbbbbbbbbbbbbbb..",
    ".bbbbbeebbbbbbbbbbbbbbbbbbbbb.",
    "bwwwbbbbbbbsbbbbbbbbbbbbbbbbbb",
    "bwsswwwbbbbsssbbbbbbbbbbbbbbbb",
    ".wwwsswwwwbbsssbbbbbbbbbbbbbb.",
)
_FLUKES = (
    ("bb....bb", "bbb..bbb", ".bbbbbb.", "..bbbb..", "...bb...", "...bbb..", "....bb.."),
    ("........", "bbb..bbb", "bbbbbbbb", "..bbbb..", "...bb...", "...bbb..", "....bb.."),
)


def whale(canvas: Canvas, scene: Scene) -> None:
    """Let a whale lie in the waves, blow its fountain and lift its tail."""
    rng = scene.chance("whale")
    flip = bool(rng.random() < 0.5)
    skin = (0.26, 0.36, 0.58)
    colors = {
        "b": skin,
        "l": lit(skin, 0.45),
        "s": lit(skin, -0.3),
        "w": (0.93, 0.95, 0.98),
        "e": _INK,
        "i": (1.0, 1.0, 1.0),
    }
    y, x = _row(scene, 14), min(max(scene.places["boat"] - 19, 1), SIZE - 40)
    heave = bob(0.8, rng.uniform(0, 6.28))
    flukes = [drawn(canvas, ("flukes", k), rows, colors, flip=flip) for k, rows in enumerate(_FLUKES)]
    canvas.blit(turns(flukes, (0, 0, 0, 1)), x + (0 if flip else 29), y - 9, 0.5, dy=heave)
    canvas.blit(drawn(canvas, "whale", _WHALE, colors, flip=flip), x + (6 if flip else 0), y - 11, 0.5, dy=heave)
    blow = x + (25 if flip else 11)
    # The fountain rises for half of the loop.
    strength = np.clip(1.3 * np.sin(PHASE), 0, 1)[:, None]
    drops = np.arange(20)
    age = (drops / 20 + 2 * TURN[:, None]) % 1.0
    side = np.sin(drops * 2.4) * 9
    for dx, dy in ((0, 0), (1, 0), (0, 1)):
        canvas.dots(blow + dx + side * age, y - 11 + dy - strength * (13 * np.sin(np.pi * np.minimum(age * 1.2, 1))),
                    (0.92, 0.98, 1.0), opacity=(strength > 0.1) * (1 - age * 0.6), depth=0.5, glow=0.4)  # fmt: skip
    _foam(canvas, x - 1, y, 40)


_DOLPHIN = (
    ".........bb........",
    ".......bbbbbbb.....",
    ".....bbbbbbbbbb....",
    "...bbbebbbbbbbbb...",
    ".bbbbbbwwwwbbbbbb..",
    "bwwwwwwwwwwwwbbbb..",
    "...ww.bb.....wbbbb.",
    ".......bb......bbb.",
    "................bb.",
    "...............bbbb",
    "...............b..b",
)


def dolphin(canvas: Canvas, scene: Scene) -> None:
    """Let dolphins leap out of the water in turn, with a splash."""
    skin = (0.46, 0.58, 0.74)
    colors = {"b": skin, "w": (0.95, 0.97, 1.0), "e": _INK}
    y = _row(scene, 15)
    middle = min(max(scene.places["boat"], 14), 50)
    poses = [drawn(canvas, ("dolphin", k), rows, colors) for k, rows in enumerate((_rising(_DOLPHIN, 3), _DOLPHIN,
                                                                                    _rising(_DOLPHIN,
                                                                                            -3)))]  # fmt: skip
    for index, (shift, near) in enumerate(((0.0, 0), (0.5, 5))):
        age = (TURN + shift + 0.2) % 1.0
        # In the air for half of the loop, from right to left.
        leap = np.clip(age / 0.55, 0, 1)
        out = age < 0.55
        dx = np.rint(15 - 30 * leap).astype(int)
        dy = np.rint(9 - 27 * np.sin(np.pi * leap)).astype(int)
        pose = [poses[0 if a < 0.33 else 1 if a < 0.66 else 2] for a in leap]
        low = min(y + near, SIZE - 2)
        # What is below the surface is not painted: the sprite is cut at the water's row.
        frames = [_above(stamp, low - (low - 6 + int(d))) for stamp, d in zip(pose, dy, strict=True)]
        x = middle - 10 + (index * 14 - 7)
        canvas.blit(frames, x, low - 6, 0.5, dx=dx, dy=np.where(out, dy, 200))
        for at, when in ((15 + 10, 0.0), (-15 + 8, 0.5)):
            splash = np.clip(1 - np.abs((age - when - 0.06 + 0.5) % 1.0 - 0.5) / 0.13, 0, 1)[:, None]
            drops = np.arange(9)
            canvas.dots(x + at + (drops - 4) * (0.6 + 0.6 * splash), low - splash * (4 - np.abs(drops - 4) * 0.8),
                        (0.95, 0.99, 1.0), opacity=(splash > 0) * 0.9, depth=0.5)  # fmt: skip


def _rising(rows: tuple[str, ...], by: int) -> tuple[str, ...]:
    """Slant a drawing, its head up by so many rows, or down."""
    width, height = len(rows[0]), len(rows) + abs(by)
    grid = [["."] * width for _ in range(height)]
    for y, row in enumerate(rows):
        for x, letter in enumerate(row):
            share = x / (width - 1) if by > 0 else 1 - x / (width - 1)
            grid[y + round(abs(by) * share)][x] = letter
    return tuple("".join(line) for line in grid)


_KOI = (
    "......aa.......",
    "b...aaaawwaaa..",
    "bb.awwaaaawwaa.",
    ".bbwwwaaawwwwea",
    "bb.awwwaawwwaa.",
    "b...aawwwwaaa..",
    "......aa.......",
)
_KOI_BENT = (
    "b.....aa.......",
    "bb..aaaawwaaa..",
    ".bbawwaaaawwaa.",
    "bbbwwwaaawwwwea",
    "b..awwwaawwwaa.",
    "....aawwwwaaa..",
    "......aa.......",
)


def fish(canvas: Canvas, scene: Scene) -> None:
    """Let koi swim in the clear water, their tails beating, rings above them."""
    rng = scene.chance("fish")
    coats: tuple[tuple[Color, Color], ...] = (((0.98, 0.46, 0.20), (1.0, 0.95, 0.90)),
                                              ((0.96, 0.78, 0.32), (1.0, 0.93, 0.72)),
                                              ((0.93, 0.26, 0.24), (0.98, 0.96, 0.96)))  # fmt: skip
    low = SIZE if scene.ground >= SIZE else scene.ground
    for index in range(4):
        one, other = coats[(index + int(rng.integers(0, 3))) % 3]
        colors = {"a": one, "w": other, "b": lit(one, 0.3), "e": _INK}
        flip = bool(rng.random() < 0.5)
        poses = [drawn(canvas, ("koi", one, k), rows, colors, flip=flip) for k, rows in enumerate((_KOI, _KOI_BENT))]
        poses = [pose.faded(0.88) for pose in poses]
        x = (4, 40, 18, 50)[index] + rng.uniform(-4, 4) - 4
        y = scene.horizon + 4 + (low - scene.horizon - 11) * (0.95, 0.75, 0.4, 0.15)[index]
        phase, way = rng.uniform(0, 6.28), -1 if flip else 1
        dx = np.rint(way * 3.2 * np.sin(PHASE + phase)).astype(int)
        shadow = rgb((0.05, 0.12, 0.25))
        canvas.dots(x + 4 + np.arange(10) + dx[:, None], y + 9, shadow, opacity=0.28, depth=0.5)
        canvas.blit(turns(poses, (0, 1) * 4), x, y, 0.5, dx=dx, dy=bob(0.8, phase, 1))
        ring = np.arange(24) * 2 * np.pi / 24
        reach = (TURN + index / 4)[:, None] % 1.0
        canvas.dots(x + 8 + (3 + 9 * reach) * np.cos(ring), y + 3 + (1 + 3.4 * reach) * np.sin(ring), (0.93, 0.98, 1.0),
                    opacity=0.6 * (1 - reach), depth=0.5)  # fmt: skip


_SWAN = (
    "...www................",
    "..wwwww...............",
    "..wweww...............",
    "oookwww...............",
    ".oo..www.......ww.....",
    "......ww.....wwwwww...",
    "......ww...wwwwwwwwww.",
    ".....www.wwwwswwwwwwww",
    "....wwwwwwwwwwswwwwww.",
    "....wwwwwwwwswwwswww..",
    "....wwwwwwwwwwswwww...",
    ".....wwwwwwwwwwwww....",
    "......ssssssssss......",
)


def swan(canvas: Canvas, scene: Scene) -> None:
    """Let a pair of swans glide over the water, mirrored in it."""
    rng = scene.chance("swan")
    colors = {"w": (0.99, 0.99, 1.0), "s": (0.80, 0.84, 0.93), "o": (0.98, 0.58, 0.20), "e": _INK, "k": _INK}
    y = _row(scene, 15)
    middle = min(max(scene.places["boat"], 22), 42)
    for index, flip in enumerate((False, True)):
        x, row = middle + (-22, 3)[index], y - 4 * index
        glide = np.rint(1.6 * np.sin(PHASE + rng.uniform(-0.4, 0.4))).astype(int) * (-1 if flip else 1)
        rock = bob(0.6, rng.uniform(0, 6.28), 2)
        swimming = drawn(canvas, "swan", _SWAN, colors, flip=flip, glow=0.35)
        mirrored = swimming._replace(color=swimming.color[::-1], alpha=swimming.alpha[::-1] * np.float32(0.3))
        canvas.blit(mirrored, x, row, 0.5, dx=glide + canvas.motion.sway(1.0, 0.8))
        canvas.blit(swimming, x, row - 13, 0.5, dx=glide, dy=rock)
        wake = np.arange(-6, 24)
        shown = (np.abs(wake - 9) > 9) & (np.sin(wake * 0.9 + 2 * PHASE[:, None]) > 0)
        canvas.dots(x + 2 + wake + glide[:, None], row + 1, (1.0, 1.0, 1.0), opacity=shown * 0.7, depth=0.5)


def _above(stamp: Stamp, rows: int) -> Stamp:
    """Cut off what is lower than so many rows."""
    keep = max(rows - stamp.top, 0)
    return stamp._replace(color=stamp.color[:keep], alpha=stamp.alpha[:keep])
