"""What a person wears or carries."""

from __future__ import annotations

from functools import partial

import numpy as np

from .canvas import SIZE, Canvas
from .craft import TURN, drawn
from .figure import HAIR, anchor
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import Color, Floats, Sprite, blank, lit, put

__all__ = ["cat_ears", "flower_crown", "headphones", "scarf", "sunglasses", "sword", "twintails", "wings"]

_HEIGHT, _WIDTH, _MIDDLE = 62, 58, 28.5
# The sprites of this file reach beyond a person's: so much to the left and above.
_LEFT, _UP = 6, 12
GLOW, DEPTH = 0.6, 0.95
GOLD: Color = (0.96, 0.78, 0.34)


def box() -> tuple[Sprite, Floats, Floats]:
    """Give an empty sprite, and its rows and columns as a person's: 0 is the top of the box, x 0 the nose."""
    y, x = np.mgrid[:_HEIGHT, :_WIDTH].astype(np.float32)
    return blank(_HEIGHT, _WIDTH), y - _UP, x - _MIDDLE


def put_on(canvas: Canvas, scene: Scene, name: str, make: partial[Sprite], key: object = None) -> None:
    """Paint what moves as the head does."""
    x, y, breath = anchor(canvas, scene)
    worn = canvas.sprite((name, key), make, glow=GLOW)
    canvas.blit(worn, x - _LEFT, y - _UP, DEPTH, dy=breath)


def sparkle(canvas: Canvas, scene: Scene, name: str, spots: list[tuple[float, float]], color: Color) -> None:
    """Let a few places flash in turn; they are given as a person's columns and rows."""
    x, y, breath = anchor(canvas, scene)
    at = np.array(spots)
    on = np.clip(np.sin(PHASE[:, None] + np.arange(len(at)) * 2.1 + scene.chance(name).uniform(0, 6)), 0, 1) ** 3
    for dx, dy, share in ((0, 0, 1.0), (1, 0, 0.6), (-1, 0, 0.6), (0, 1, 0.6), (0, -1, 0.6)):
        canvas.dots(x + 22.5 + at[:, 0] + dx, y + at[:, 1] + dy + breath[:, None], color, opacity=on * share,
                    depth=DEPTH, glow=1.0)  # fmt: skip


def wings(canvas: Canvas, scene: Scene) -> None:
    """Spread feathered wings behind the shoulders, beating slowly."""

    def make(lift: int) -> Sprite:
        sprite, y, x = box()
        away = np.abs(x)
        along = np.clip((away - 4) / 19, 0, 1)
        for k, (tone, share) in enumerate(
            (((0.78, 0.83, 0.95), 1.0), ((0.90, 0.93, 1.0), 0.78), ((1.0, 1.0, 1.0), 0.54))
        ):
            top = 33 - (15 + 1.5 * lift) * np.sin(along * np.pi / 2) ** 0.9
            feathers = 1.6 * np.abs(np.sin(away * 0.75 + k))
            low = top + share * (5 + 17 * np.clip(np.sin(along * np.pi), 0, 1) ** 0.6) + feathers - lift * along
            outer = 27.5 - (1 - share) * 6 - np.maximum(y - top - 3, 0) ** 1.5 * 0.16
            put(sprite, (away > 4) & (away < outer) & (y > top + np.maximum(away - 22, 0)) & (y < low), tone)
        return sprite

    x, y, _ = anchor(canvas, scene)
    beat = np.rint(2 + 2 * np.sin(PHASE)).astype(int)
    poses = {lift: canvas.sprite(("wings", lift), partial(make, lift), glow=0.7) for lift in range(5)}
    canvas.blit([poses[int(lift)] for lift in beat], x - _LEFT, y - _UP, DEPTH)


def twintails(canvas: Canvas, scene: Scene) -> None:
    """Tie the hair in two tails that swing in the wind."""
    assert scene.figure is not None
    color = HAIR[scene.figure.hair]

    def make(side: int) -> Sprite:
        sprite = blank(48, 24)
        y, x = np.mgrid[:48, :24].astype(np.float32)
        away = (x - 11.5) * side
        middle = -2 + 4.5 * np.sin(y / 17)
        half = 1.4 + 3.6 * np.clip(np.sin((y - 2) / 40 * np.pi), 0, 1) ** 0.7
        tail = (y >= 2) & (y < 43) & (np.abs(away - middle) <= half)
        put(sprite, tail, color)
        put(sprite, tail & (away - middle < -half * 0.3), lit(color, -0.2))
        put(sprite, tail & ((away * 1.0 - middle + y * 0.15) % 3.5 < 0.9), lit(color, -0.14))
        put(sprite, tail & (np.abs(y - 13) < 2) & (away > middle), lit(color, 0.5))
        put(sprite, (y < 3) & (np.abs(away + 2) < 2.6), (0.92, 0.34, 0.44))
        return sprite

    x, y, _ = anchor(canvas, scene)
    phase = scene.chance("figure").uniform(0, 6.28)
    for side in (-1, 1):
        sways = canvas.motion.sway(phase + side * 0.5, 2.6)
        tails = canvas.swaying(("twintail", side, scene.figure.hair), partial(make, side), sways, hanging=True,
                               power=1.6,
                               glow=GLOW)  # fmt: skip
        canvas.blit(tails, x + 22 + side * 13 - 11, y + 6, DEPTH)


def cat_ears(canvas: Canvas, scene: Scene) -> None:
    """Put a cat's ears on the head, that twitch."""
    assert scene.figure is not None
    color = HAIR[scene.figure.hair]

    def make(left: int, right: int) -> Sprite:
        sprite, y, x = box()
        for side, bent in ((-1, left), (1, right)):
            away = x * side - 8.2 - bent * (8 - y) * 0.12
            ear = (y >= -4 + bent) & (y < 8) & (np.abs(away - (y - 3) * 0.12) <= (y + 4 - bent) * 0.46)
            put(sprite, ear, lit(color, -0.1))
            inner = (y >= -1 + bent) & (y < 8) & (np.abs(away - (y - 3) * 0.12) <= (y + 1 - bent) * 0.34)
            put(sprite, inner, (1.0, 0.68, 0.72))
            put(sprite, inner & (y > 5), color)
        return sprite

    x, y, breath = anchor(canvas, scene)
    poses = [canvas.sprite(("cat ears", scene.figure.hair, *bent), partial(make, *bent), glow=GLOW)
             for bent in ((0, 0), (2, 0), (0, 2))]  # fmt: skip
    start = int(scene.chance("cat_ears").integers(0, 8))
    twitch = [poses[{2: 1, 3: 1, 6: 2}.get((t + start) % 8, 0)] for t in range(FRAMES)]
    canvas.blit(twitch, x - _LEFT, y - _UP, DEPTH, dy=breath)


def headphones(canvas: Canvas, scene: Scene) -> None:
    """Put on headphones, whose lights beat to the music."""
    x, y, breath = anchor(canvas, scene)
    tint = ((0.94, 0.42, 0.52), (0.36, 0.62, 0.94), (0.98, 0.98, 1.0))[int(scene.chance("headphones").integers(0, 3))]

    def make() -> Sprite:
        sprite, yy, xx = box()
        arc = np.hypot((yy - 13) / 12.8, xx / 13.2)
        put(sprite, (arc > 0.93) & (arc < 1.1) & (yy < 14), tint)
        put(sprite, (arc > 1.02) & (arc < 1.1) & (yy < 9) & (xx < 0), lit(tint, 0.5))
        for side in (-1, 1):
            shell = ((yy - 19) / 5.6) ** 2 + ((xx - side * 12.2) / 3.3) ** 2 <= 1
            put(sprite, shell, tint)
            put(sprite, shell & (xx * side < 11.2), (0.26, 0.25, 0.32))
            put(sprite, shell & (yy > 22), lit(tint, -0.25))
        return sprite

    put_on(canvas, scene, "headphones", partial(make), key=tint)
    beat = np.clip(np.cos(2 * PHASE), 0, 1)[:, None]
    for side in (-1, 1):
        for dx, dy in ((0, 0), (0, 1), (0, -1)):
            canvas.dots([x + 22.5 + side * 13.5 + dx], y + 18 + dy + breath[:, None], (0.70, 1.0, 0.95), opacity=beat,
                        depth=DEPTH, glow=1.0)  # fmt: skip


def sunglasses(canvas: Canvas, scene: Scene) -> None:
    """Put on sunglasses over which a gleam runs."""

    def make() -> Sprite:
        sprite, y, x = box()
        away = np.abs(x)
        lens = (away >= 1.6) & (away <= 8.8) & (y >= 15) & (y < 22 - np.maximum(away - 6.4, 0) * 1.2)
        lens &= y < 20 + np.minimum(away - 1, 3)
        put(sprite, lens, (0.15, 0.13, 0.20))
        put(sprite, lens & (y < 17), (0.26, 0.22, 0.34))
        put(sprite, (np.abs(y - 15.5) < 0.6) & (away < 10.2), (0.10, 0.08, 0.12))
        return sprite

    put_on(canvas, scene, "sunglasses", partial(make))
    x, y, breath = anchor(canvas, scene)
    run = np.rint(-13 + 36 * TURN).astype(int)
    for k in range(5):
        at = run - k
        seen = (np.abs(at) >= 2) & (np.abs(at) <= 7)
        canvas.dots((x + 22.5 + at)[:, None], y + 16 + k + breath[:, None], (0.80, 0.90, 1.0),
                    opacity=seen[:, None] * 0.75,
                    depth=DEPTH, glow=1.0)  # fmt: skip


def scarf(canvas: Canvas, scene: Scene) -> None:
    """Wind a scarf around the neck, its end flying in the wind."""
    tint = ((0.86, 0.28, 0.30), (0.30, 0.52, 0.72), (0.94, 0.70, 0.30))[int(scene.chance("scarf").integers(0, 3))]

    def make() -> Sprite:
        sprite, y, x = box()
        for k in (0, 1):
            wrap = ((y - 31.5 - 2.6 * k) / 3.0) ** 2 + (x / (8.6 + k)) ** 2 <= 1
            put(sprite, wrap, lit(tint, -0.14 * k))
            put(sprite, wrap & ((x + y) % 5 < 1.2), lit(tint, -0.34))
            put(sprite, wrap & (y < 30.5 + 2.6 * k), lit(tint, 0.2))
        return sprite

    def end() -> Sprite:
        sprite = blank(24, 14)
        y, x = np.mgrid[:24, :14]
        cloth = (x >= 4) & (x < 10) & (y < 20)
        put(sprite, cloth, tint)
        put(sprite, cloth & (y % 6 > 3), (0.98, 0.95, 0.90))
        put(sprite, cloth & (x > 8), lit(tint, -0.3))
        put(sprite, (x >= 4) & (x < 10) & (y >= 20) & (y < 23) & (x % 2 == 0), lit(tint, -0.2))
        return sprite

    x, y, _ = anchor(canvas, scene)
    sways = canvas.motion.sway(scene.chance("scarf").uniform(0, 6.28), 2.2)
    canvas.blit(canvas.swaying(("scarf's end", tint), end, sways, hanging=True, glow=GLOW), x + 24, y + 33, DEPTH)
    put_on(canvas, scene, "scarf", partial(make), key=tint)


def flower_crown(canvas: Canvas, scene: Scene) -> None:
    """Put on a wreath of flowers from which a petal falls now and then."""
    tints = ((1.0, 0.62, 0.76), (0.99, 0.97, 0.92), (1.0, 0.84, 0.42), (0.72, 0.58, 0.94))

    def make() -> Sprite:
        sprite, y, x = box()
        arc = 8.5 - np.clip(1 - (x / 11.5) ** 2, 0, 1) * 2.6
        put(sprite, (np.abs(y - arc) < 1.4) & (np.abs(x) < 11.6), (0.38, 0.62, 0.34))
        for k, at in enumerate((-10.5, -6.5, -2.2, 2.2, 6.5, 10.5)):
            middle = 8.0 - max(1 - (at / 11.5) ** 2, 0) * 2.6
            flower = np.hypot(y - middle, x - at)
            put(sprite, flower < 2.9, tints[k % 4])
            put(sprite, (flower < 2.9) & (y > middle + 1), lit(tints[k % 4], -0.16))
            put(sprite, flower < 1.1, (1.0, 0.80, 0.30) if k % 4 != 2 else (0.90, 0.46, 0.24))
        return sprite

    put_on(canvas, scene, "flower crown", partial(make))
    x, y, _ = anchor(canvas, scene)
    for k, side in enumerate((-9, 8, 1)):
        age = (TURN + k / 3) % 1.0
        fall_x, fall_y = x + 22 + side + 3 * np.sin(6.28 * age + k), y + 10 + 38 * age
        for dx in (0, 1):
            canvas.dots((fall_x + dx)[:, None], fall_y[:, None], tints[k], opacity=np.sin(np.pi * age)[:, None],
                        depth=DEPTH,
                        glow=GLOW)  # fmt: skip


_SWORD = (
    "...w...", "..wws..", "..wws..", "..wws..", "..wws..", "..wws..", "..wws..", "..wws..", "..wws..", "..wws..",
    "..wws..",
    "..wws..", "..wws..", "..wws..", "..wws..", "..wws..", "..wws..", "..wws..", "..wws..", "..wws..", "..wws..",
    "..wws..",
    "ggggggg", ".ggrgg.", "..bbb..", ".hhhhh.", ".hhhhh.", "..hhh..", "..bbb..", "..ggg..",
)  # fmt: skip


def sword(canvas: Canvas, scene: Scene) -> None:
    """Hold a sword upright, along whose blade light runs."""
    colors = {"w": (0.93, 0.96, 1.0), "s": (0.62, 0.68, 0.80), "g": GOLD, "r": (0.88, 0.24, 0.32),
              "b": (0.44, 0.28, 0.24),
              "h": (1.0, 0.84, 0.74)}  # fmt: skip
    x, y, breath = anchor(canvas, scene)
    side = -20 if scene.places["figure"] > SIZE // 2 else 13
    at, top = x + 22 + side, y + 14
    canvas.blit(drawn(canvas, "sword", _SWORD, colors, glow=GLOW), at, top, DEPTH, dy=breath)
    run = np.rint(22 - 30 * TURN).astype(int)
    for dx, dy, share in ((0, 0, 1.0), (1, 0, 0.7), (-1, 0, 0.7), (0, 1, 0.7), (0, -1, 0.7)):
        canvas.dots([at + 3 + dx], (top + 1 + run + dy + breath)[:, None], (1.0, 1.0, 1.0),
                    opacity=(run >= 0)[:, None] * share,
                    depth=DEPTH, glow=1.0)  # fmt: skip
