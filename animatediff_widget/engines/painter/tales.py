"""What tales tell of: a castle, a dragon, a horse and a fire."""

from __future__ import annotations

from functools import partial

import numpy as np

from .canvas import SIZE, Canvas
from .creatures import COATS
from .flowers import FLOWERS
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import Sprite, art, blank, lit, padded, put, rgb, stamp
from .things import foreground, glow

__all__ = ["castle", "dragon", "fire", "horse"]


def castle(canvas: Canvas, scene: Scene) -> None:
    """Build a castle on the horizon, with a flag in the wind and windows that are lit when it is dark."""
    dark = scene.time in ("night", "sunset")
    snowy = scene.season == "winter"
    height, width = 40, 43

    def make() -> Sprite:
        sprite = blank(height, width)
        y, x = np.mgrid[:height, :width]
        wall, roof = (0.80, 0.77, 0.82), (0.93, 0.95, 1.0) if snowy else (0.36, 0.44, 0.74)
        pane = rgb((1.0, 0.82, 0.42)) / canvas.light if dark else rgb((0.34, 0.38, 0.52))

        def block(left: int, right: int, top: int) -> None:
            body = (x >= left) & (x <= right) & (y >= top)
            put(sprite, body, wall)
            put(sprite, body & (x <= left + 1), lit(wall, 0.4))
            put(sprite, body & (x >= right - (right - left) // 3), lit(wall, -0.22))
            put(sprite, body & (y % 6 == 3) & ((x + y // 6 * 3) % 7 == 2), lit(wall, -0.32))

        def battlements(left: int, right: int, top: int) -> None:
            put(
                sprite, (x >= left) & (x <= right) & (y >= top - 2) & (y < top) & ((x - left) % 4 < 2), lit(wall, -0.05)
            )

        def cone(middle: int, half: int, top: int, foot: int) -> None:
            inside = (y >= top) & (y < foot) & (np.abs(x - middle) <= (y - top + 1) / (foot - top) * half)
            put(sprite, inside, roof)
            put(sprite, inside & (x < middle - 1), lit(roof, 0.25))
            put(sprite, inside & (x > middle + 1), lit(roof, -0.25))

        block(6, 36, 25)
        battlements(6, 36, 25)
        block(15, 27, 14)
        battlements(14, 28, 14)
        for left in (2, 33):
            block(left, left + 7, 18)
            cone(left + 3, 5, 7, 18)
        cone(21, 6, 3, 13)
        put(sprite, (np.abs(x - 21) <= 3) & (y >= 32) | ((x - 21) ** 2 + (y - 32) ** 2 <= 11), (0.36, 0.24, 0.22))
        put(sprite, (np.abs(x - 21) == 1) & (y >= 31), (0.24, 0.15, 0.16))
        for wx, wy in ((5, 22), (36, 22), (18, 19), (24, 19), (11, 29), (31, 29)):
            put(sprite, (np.abs(x - wx) < 1) & (y >= wy) & (y < wy + 3), pane)
        sprite.alpha[:, :1] = sprite.alpha[:, -1:] = 0
        return sprite

    x, y = min(max(scene.places["castle"] - width // 2, -2), SIZE - width + 2), scene.horizon + 5 - height
    canvas.blit(canvas.sprite(("castle", dark, snowy), make, glow=0.1), x, y, 0.5)
    wave = np.round(0.8 * np.sin(2 * PHASE[:, None] - np.arange(5))).astype(int)
    canvas.dots(np.full(4, x + 21), y + np.arange(-3, 1) + 2, (0.40, 0.30, 0.28), depth=0.5)
    for row in range(3):
        canvas.dots(
            x + 22 + np.arange(5 - row), y - 1 + row + wave[:, : 5 - row], (0.90, 0.26, 0.30), depth=0.5, glow=0.2
        )


_DRAGON_UP = (
    "..............w...w.............",
    ".............ww..ww..w..........",
    "............wwW.wwW.ww..........",
    "...........wwwWwwwWwwW..........",
    "..h..h.....wwwwWwwwWww..........",
    "..gh.gh.....wwwwWwwwWw..........",
    ".gggggg......wwwwWwwW...........",
    "gggegggg......wwwwWW............",
    "ggggggggg....sggWWWggsgs........",
    "nggggbggggsggsgggggggggggs......",
    ".ggg..bggggggggggggggggggggs....",
    ".......bbbbbbbbbbbbbb..gggggg...",
    "........bbbbbbbbbbb......gggggs.",
    "..........gg....gg.........gggss",
    "..........cc....cc............ss",
)
_DRAGON_DOWN = (
    "................................",
    "................................",
    "................................",
    "................................",
    "..h..h..........................",
    "..gh.gh.........................",
    ".gggggg.........................",
    "gggegggg........................",
    "ggggggggg....sggsggsgs..........",
    "nggggbggggsggsgWWWwgggggs.......",
    ".ggg..bggggggwwwWwwWgggggggs....",
    ".......bbbbbwwwWwwwWww.gggggg...",
    "........bbbbwwWwwwWwww...gggggs.",
    "...........wwwWwwWwww......gggss",
    "...........ww.wwW.ww..........ss",
    "............w..ww..w............",
    "................w...............",
)


def dragon(canvas: Canvas, scene: Scene) -> None:
    """Let a dragon fly by, beating its wings and breathing fire."""
    rng = scene.chance("dragon")
    name = scene.colors.get("dragon") or ("green", "red", "purple", "blue")[int(rng.integers(0, 4))]
    hide = lit(FLOWERS[name], -0.15)
    colors = {"g": hide, "s": lit(hide, -0.45), "b": lit(hide, 0.55), "w": lit(hide, 0.25),
              "W": lit(hide, -0.3), "h": (0.96, 0.92, 0.80), "e": (1.0, 0.92, 0.35), "n": lit(hide, -0.5),
              "c": (0.95, 0.92, 0.84)}  # fmt: skip
    poses = [
        canvas.sprite(("dragon", name, k), partial(art, padded(rows), colors), glow=0.35)
        for k, rows in enumerate((_DRAGON_UP, _DRAGON_DOWN))
    ]
    beat = [poses[t // 4 % 2] for t in range(FRAMES)]
    x, y = rng.uniform(22, 30), rng.uniform(4, 9)
    dy = np.round(1.6 * np.cos(2 * PHASE)).astype(int) + np.array([0, 0, 0, 0, -1, -1, -1, -1] * 2)
    sway = canvas.motion.sway(rng.uniform(0, 6.28), 1.0)
    canvas.blit(beat, x, y, 0.3, dx=sway, dy=dy)
    # Sparks leave the mouth and end where the loop does.
    age = (np.arange(18)[None, :] / 18 + np.arange(FRAMES)[:, None] / FRAMES) % 1.0
    spread = np.sin(np.arange(18) * 2.4)
    fire = (
        rgb((1.0, 0.95, 0.55)) + (rgb((0.95, 0.30, 0.12)) - rgb((1.0, 0.95, 0.55))) * (np.arange(18) % 3 / 2)[:, None]
    )
    for k in (0, 1):
        sx = round(x) - 1 - 16 * age + sway[:, None]
        sy = round(y) + 11 + k + 4.5 * spread * age + 2 * age + dy[:, None]
        canvas.dots(sx, sy, fire.astype(np.float32), opacity=1 - 0.8 * age, depth=0.3, glow=1.0)


_HORSE = (
    "....k.k...................",
    "...hhkk...................",
    "..hhhhkk..................",
    ".hhehhhkk.................",
    "hhhhhhhhkk................",
    "nhhhhhhhhkk...............",
    ".nn..hhhhhkk..............",
    ".....hhhhhhkkhhhhhhhhh....",
    ".....hhhhhhhhhlllllhhhh...",
    "......hhhhhhhlllllhhhhhh..",
    "......hhhhhhhhhhhhhhhhhh..",
    "......hhhhhhhhhhhhhhhhhs..",
    "......hhhhssssssssshhhhs..",
    "......hhs..........shhss..",
    "......hh.s..........hh.s..",
    "......hh.ss.........hh.ss.",
    "......hh..s.........hh..s.",
    "......ww..w.........ww..w.",
    "......dd..d.........dd..d.",
)
_TAIL = ("kk....", "kkk...", ".kkk..", "..kk..", "..kkk.", "..kkk.", "..kk..", "..kk..", "...k..")


def horse(canvas: Canvas, scene: Scene) -> None:
    """Stand a horse in the foreground, its tail in the wind."""
    rng = scene.chance("horse")
    name = scene.colors.get("horse") or ("brown", "white", "black", "orange")[int(rng.integers(0, 4))]
    coat = COATS[name]
    mane = lit(coat, -0.55) if name != "black" else (0.55, 0.50, 0.60)
    colors = {"h": coat, "s": lit(coat, -0.28), "l": lit(coat, 0.2), "k": mane, "e": (0.10, 0.08, 0.12),
              "n": lit(coat, -0.35), "w": (0.96, 0.94, 0.92), "d": (0.25, 0.20, 0.22)}  # fmt: skip
    x, y = min(max(scene.places["horse"] - 13, 1), SIZE - 33), foreground(scene) - 20
    tail = partial(art, padded(_TAIL), colors)
    sways = canvas.motion.sway(rng.uniform(0, 6.28), 1.4)
    canvas.blit(canvas.swaying(("horse's tail", name), tail, sways, hanging=True, glow=0.2), x + 22, y + 7, 0.85)
    canvas.blit(canvas.sprite(("horse", name), partial(art, padded(_HORSE), colors), glow=0.2), x, y, 0.85)


_LOGS = (
    "..dd..........dd..",
    "..dDDd......dDDd..",
    "....dDDDddDDDDd...",
    "..dddDDDDDDDddd...",
    "dDDDDDdddddDDDDDDd",
    "dllDDd.....ddDDlld",
)


def fire(canvas: Canvas, scene: Scene) -> None:
    """Light a campfire that flickers, throws sparks and a warm light around it."""
    rng = scene.chance("fire")
    x, y = min(max(scene.places["fire"], 12), SIZE - 12), foreground(scene)
    glow(canvas, x, y - 9, 20, (1.0, 0.62, 0.28), 0.55 if scene.time in ("night", "sunset") else 0.3)
    colors = {"d": (0.30, 0.19, 0.17), "D": (0.50, 0.32, 0.24), "l": (0.82, 0.62, 0.42)}
    height, width = 21, 19
    rows, columns = np.mgrid[:height, :width]
    up = (height - rows) / height
    frames = []
    for turn in PHASE:
        lean = 1.6 * canvas.motion.wind * up * np.sin(turn + 3 * up) + 0.8 * np.sin(2 * turn + 9 * up)
        flame = blank(height, width)
        for share, color in ((1.0, (0.93, 0.32, 0.14)), (0.72, (1.0, 0.62, 0.18)), (0.42, (1.0, 0.93, 0.58))):
            top = share * (0.90 + 0.10 * np.sin(3 * turn + 5 * share))
            half = 7.2 * share * np.sqrt(np.clip(up * 3.2, 0, 1)) * np.clip(1 - up / top, 0, 1) ** 0.75
            put(flame, np.abs(columns - width // 2 - lean) < half, color)
        frames.append(stamp(Sprite(canvas.color(flame.color, 1.0), flame.alpha)))
    canvas.blit(frames, x - width // 2, y - 3 - height, 0.85)
    canvas.blit(canvas.sprite("logs", partial(art, padded(_LOGS), colors), glow=0.35), x - 10, y - 7, 0.85)
    age = (rng.random(9)[None, :] + np.arange(FRAMES)[:, None] / FRAMES) % 1.0
    sparks = rng.uniform(-6, 6, 9)
    canvas.dots(x + sparks * (0.4 + age) + 2 * np.sin(6.28 * age), y - 14 - 22 * age, (1.0, 0.75, 0.35),
                opacity=1 - age, depth=0.85, glow=1.0)  # fmt: skip
