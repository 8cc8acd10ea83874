"""Land, water and fire at their grandest."""

from __future__ import annotations

from functools import partial

import numpy as np

from .canvas import MARGIN, SIZE, WIDE, Canvas
from .craft import TURN, column, drawn, foot, is_dark
from .motions import FRAMES, PHASE
from .scene import Scene
from .sky import zenith
from .sprites import Color, Sprite, art, blank, ellipse, lit, mix, padded, put, rgb
from .things import glow

__all__ = ["cactus", "desert", "island", "volcano", "waterfall"]


def volcano(canvas: Canvas, scene: Scene) -> None:
    """Raise a volcano that spits sparks and smoke, with lava running down."""
    rng = scene.chance("volcano")
    haze = zenith(scene)[2]
    rock = mix((0.34, 0.26, 0.32), haze, 0.16 if scene.time != "night" else 0.0)
    x = scene.places["mountain"]
    peak = 15

    def make() -> Sprite:
        sprite = blank(SIZE, 80)
        yy, xx = np.mgrid[:SIZE, :80]
        away = xx - 39.5
        half = 6.0 + np.maximum(yy - peak, 0) ** 1.22 * 0.72
        rim = peak + 1.2 * np.sin(away * 1.3)
        cone = (yy >= rim) & (np.abs(away) <= half)
        put(sprite, cone, rock)
        put(sprite, cone & (away > (yy - peak) * 0.1 + 1.5 * np.sin(yy * 0.8)), lit(rock, -0.35))
        put(sprite, cone & ((away * 2 + yy * 3) % 11 < 1), lit(rock, 0.2))
        if scene.season == "winter":
            put(sprite, cone & (yy > peak + 5 + 2 * np.sin(away)) & (yy < peak + 11) & (away < 2), (0.94, 0.96, 1.0))
        return sprite

    shine = 0.75 if is_dark(scene) else 0.5
    glow(canvas, x, peak - 1, 17, (1.0, 0.45, 0.20), shine)
    age = (np.arange(18)[None, :] + TURN[:, None]) / 18
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1), (-1, 0), (0, -1), (2, 0), (0, 2), (-1, 1), (2, 1), (1, 2)):
        canvas.dots(x + dx + (9 + 4 * canvas.motion.wind) * age**1.5 + 3 * age * np.sin(age * 9),
                    peak - 1 + dy - 17 * age,
                    mix((0.40, 0.36, 0.42), haze, 0.25), opacity=0.55 * (1 - age), depth=0.2, glow=0.3)  # fmt: skip
    canvas.blit(canvas.sprite(("volcano", scene.season, rock), make), x - 40, 0, 0.2)
    # Lava: bright places run down three winding ways.
    for way, reach in ((-0.34, 20), (0.05, 24), (0.42, 17)):
        down = np.arange(reach)
        flow = 0.62 + 0.38 * np.sin(down * 0.9 - 2 * PHASE[:, None])
        tint = rgb((1.0, 0.85, 0.35)) + (rgb((0.90, 0.22, 0.12)) - rgb((1.0, 0.85, 0.35))) * (down / reach)[:, None]
        for dx in (0, 1) if way > 0 else (0,):
            canvas.dots(x + dx + way * down + 1.4 * np.sin(down * 0.6 + way * 9), peak + down, tint.astype(np.float32),
                        opacity=flow * np.clip((reach - down) / 5, 0, 1), depth=0.2, glow=1.0)  # fmt: skip
    rim = np.arange(-5, 6)
    canvas.dots(x + rim, peak + 1.2 * np.sin(rim * 1.3), (1.0, 0.62, 0.22), opacity=0.9, depth=0.2, glow=1.0)
    count = 16
    age = (rng.random(count) + TURN[:, None]) % 1.0
    side, up = rng.uniform(-13, 13, count), rng.uniform(20, 34, count)
    for dx in (0, 1):
        canvas.dots(x + dx + side * age, peak - up * age + 30 * age**2, (1.0, 0.72, 0.28), opacity=1 - 0.7 * age,
                    depth=0.2, glow=1.0)  # fmt: skip


def waterfall(canvas: Canvas, scene: Scene) -> None:
    """Let a waterfall pour over a cliff into a pool, where spray rises."""
    rng = scene.chance("waterfall")
    left = bool(rng.random() < 0.5)
    snowy = scene.season == "winter"
    rock = (0.50, 0.47, 0.52)
    moss = {"autumn": (0.72, 0.52, 0.26), "winter": (0.94, 0.96, 1.0)}.get(scene.season, (0.38, 0.62, 0.32))
    top, low = 12, scene.horizon + 8
    middle = 22 if left else 42

    def make() -> Sprite:
        sprite = blank(SIZE, WIDE)
        y, x = np.mgrid[:SIZE, :WIDE]
        away = x - MARGIN - middle
        outer = away if not left else -away
        # The cliff falls off towards the middle of the picture.
        wall = (y >= top - 2 + 1.5 * np.sin(x / 3) - np.clip(outer, 0, 40) * 0.12) & (y < low)
        wall &= outer > -13 + 1.8 * np.sin(y / 2.6) - (y - top) * 0.12
        put(sprite, wall, rock)
        put(sprite, wall & ((x * 2 + y) % 9 < 2) & ((y + x // 4) % 7 < 4), lit(rock, -0.25))
        put(sprite, wall & ((x + y * 2) % 13 < 1), lit(rock, 0.25))
        put(sprite, wall & (y < top + 2 + 1.6 * np.sin(x / 3 + 1) - np.clip(outer, 0, 40) * 0.12), moss)
        put(sprite, wall & ((np.sin(x * 0.9) + np.sin(y * 0.7 + x * 0.3)) > 1.45), lit(moss, -0.2))
        pool = ellipse(SIZE, WIDE, low, middle + MARGIN, 5.0, 21) & (y >= low - 3)
        put(sprite, pool, (0.72, 0.86, 0.96) if snowy else (0.24, 0.58, 0.76))
        put(sprite, pool & ~ellipse(SIZE, WIDE, low - 0.8, middle + MARGIN, 4.2, 19.5), lit(moss, -0.25))
        return sprite

    canvas.blit(canvas.sprite(("waterfall", left, scene.season, low), make), -MARGIN, 0, 0.5)
    rows, columns = np.arange(top, low + 1), np.arange(-5, 6)
    x = np.repeat(columns, len(rows))
    y = np.tile(rows, len(columns))
    shape = np.random.default_rng(3)
    offset = np.repeat(shape.uniform(0, 8, len(columns)), len(rows))
    speed = np.repeat(shape.integers(1, 3, len(columns)), len(rows))
    # Every column is a pattern of eight rows that runs down whole times a loop.
    stream = (y - top + offset - speed * 8 * TURN[:, None] * 2) % 8
    tones = rgb([(0.97, 0.99, 1.0), (0.78, 0.90, 0.98), (0.58, 0.80, 0.94)])
    for k, tone in enumerate(tones):
        shown = (np.floor(stream / 2.7) == k) & (np.abs(x) <= 3.6 + (y - top) * 0.05)
        canvas.dots(middle + x, y, tone, opacity=shown * 1.0, depth=0.5, glow=0.25)
    spray = 26
    age = (rng.random(spray) + 2 * TURN[:, None]) % 1.0
    side = rng.uniform(-9, 9, spray)
    for dx, dy in ((0, 0), (1, 0), (0, 1)):
        canvas.dots(middle + side * (0.6 + age) + dx, low - 1 - 7 * age + 5 * age**2 + dy, (0.96, 0.99, 1.0),
                    opacity=0.75 * (1 - age), depth=0.5, glow=0.35)  # fmt: skip
    ring = np.arange(-16, 17)
    for k in range(2):
        reach = ((TURN + k / 2) % 1.0)[:, None]
        canvas.dots(middle + ring * (0.5 + 0.6 * reach), low + 1 + 2.2 * reach, (0.90, 0.97, 1.0),
                    opacity=(np.abs(ring) > 5) * 0.6 * (1 - reach) * (ring % 3 > 0), depth=0.5)  # fmt: skip


def desert(canvas: Canvas, scene: Scene) -> None:
    """Roll dunes to the horizon, over which the wind drives sand."""
    rng = scene.chance("desert")
    haze = zenith(scene)[2]
    snowy = scene.season == "winter"
    sand: Color = (0.95, 0.76, 0.46) if not snowy else (0.92, 0.86, 0.78)
    kind = int(rng.integers(0, 4))
    x = np.arange(WIDE)
    for row, (rise, depth) in enumerate(((-4, 0.25), (3, 0.45), (11, 0.75))):
        if row < 2 and "sea" in scene.things:
            continue
        top = scene.horizon + rise + (4.5 - row) * np.sin(x / (12 - 1.5 * row) + kind * 1.7 + row * 2) + row
        color = mix(sand, haze, 0.3 - 0.15 * row if scene.time != "night" else 0.04)

        def make(top: np.ndarray = top, color: Color = color, row: int = row) -> Sprite:
            sprite = blank(SIZE, WIDE)
            y = np.arange(SIZE)[:, None]
            # The shadow of a crest falls aslant.
            down = np.clip(y - top[None, :], 0, None)
            slope = np.interp(x[None, :] - 1.1 * down, x, np.gradient(top))
            dune = y >= top[None, :]
            put(sprite, dune, color)
            put(sprite, dune & (slope > 0.12) & (y < top + 9 + 3 * row), lit(color, -0.22))
            put(sprite, dune & (y < top + 1.2), lit(color, 0.3))
            ripple = (y + np.round(1.5 * np.sin(x / 3.0 + y / 2.0))) % (4 + row) < 1
            put(sprite, dune & ripple & (y > top + 3) & (slope <= 0.12), lit(color, -0.1))
            return sprite

        key = ("dune", row, kind, scene.horizon, scene.time, scene.season)
        canvas.blit(canvas.sprite(key, make, outline=0.4), -MARGIN, 0, depth)
    count = 26
    start = rng.uniform(0, WIDE, count)
    way = 1 + (canvas.motion.wind > 1.5)
    sx = (start + way * WIDE * TURN[:, None]) % WIDE - MARGIN
    sy = rng.uniform(scene.horizon + 2, SIZE - 3, count) + 1.2 * np.sin(2 * PHASE[:, None] + start)
    for k in range(3):
        canvas.dots(sx - k, sy, lit(sand, 0.5), opacity=0.55 - 0.15 * k, depth=0.75)


_CACTUS = (
    "......ggG......",
    ".....gglgG.....",
    ".....glggG.....",
    ".....gglgG..gG.",
    ".gG..glggG.gglG",
    "gglG.gglgG.glgG",
    "glgG.glggG.gglG",
    "gglG.gglgG.glgG",
    "glgG.glggG.gglG",
    "gglG.gglgGgglGG",
    "glgggglgggglGG.",
    ".gglgggglgGGG..",
    "..ggGGglggG....",
    ".....gglgG.....",
    ".....glggG.....",
    ".....gglgG.....",
    ".....glggG.....",
    ".....gglgG.....",
    ".....glggG.....",
    "....sssssss....",
)


def cactus(canvas: Canvas, scene: Scene) -> None:
    """Grow a cactus with a flower, past which tumbleweed rolls."""
    rng = scene.chance("cactus")
    snowy = scene.season == "winter"
    colors = {"g": (0.34, 0.62, 0.36), "G": (0.22, 0.44, 0.30), "l": (0.52, 0.76, 0.46), "s": (0.72, 0.55, 0.36)}
    x, y = column(scene, "cactus", 17), foot(scene) - 21
    canvas.blit(drawn(canvas, "cactus", _CACTUS, colors, glow=0.15), x, y, 0.8)
    tip = drawn(canvas, ("cactus flower", snowy), (".p.", "pyp", "ppp") if not snowy else ("www", "www", "w.w"),
                {"p": (1.0, 0.50, 0.66), "y": (1.0, 0.88, 0.42), "w": (0.96, 0.98, 1.0)}, glow=0.2)  # fmt: skip
    canvas.blit(tip, x + 6, y - 2, 0.8)
    weed = {"b": (0.66, 0.48, 0.30), "B": (0.48, 0.33, 0.24)}
    poses = [drawn(canvas, ("tumbleweed", k), rows, weed) for k, rows in enumerate((
        (".bBb.", "bB.bB", "B.b.b", "bB.Bb", ".bbB."), (".Bbb.", "b.BbB", "bB.bB", "Bb.b.", ".bBb.")))]  # fmt: skip
    # It rolls in on the one side and out on the other.
    at = (rng.uniform(0, 96) + 96 * TURN) % 96 - 16
    hop = -np.abs(np.rint(4 * np.sin(4 * PHASE / 2 + 1)))
    canvas.blit([poses[t % 2] for t in range(FRAMES)], 0, foot(scene) - 4, 0.85, dx=np.rint(at).astype(int),
                dy=hop.astype(int))  # fmt: skip


_PALM = (
    "......gggg...ggg.......",
    "...gggGgggg.ggGggg.....",
    "..ggGGG.gggggGgGGggg...",
    ".ggG...ggGgGggggg.Ggg..",
    ".gG..gggGcbbcGGggg..gg.",
    ".G..gGGG.cbbc..GGgg..g.",
    "...gGG....bb.....Ggg...",
    "...gG.....bt......Gg...",
    "...G......bt.......G...",
    "..........bb...........",
    ".........bt............",
    ".........bb............",
    ".........bt............",
    "........bbb............",
    "........bt.............",
    "........bb.............",
    "........bt.............",
    ".......bbb.............",
)


def island(canvas: Canvas, scene: Scene) -> None:
    """Put a small island with a palm into the sea, its leaves in the wind and surf around it."""
    rng = scene.chance("island")
    afloat = scene.things & {"boat", "ship", "whale", "dolphin", "swan"}
    x = (64 - scene.places["boat"] if afloat else scene.places["boat"]) - 13
    y = min(scene.horizon + int(rng.integers(7, 11)), SIZE - 6)
    colors = {"g": (0.36, 0.68, 0.34), "G": (0.22, 0.50, 0.30), "b": (0.60, 0.42, 0.28), "t": (0.44, 0.30, 0.22),
              "c": (0.44, 0.28, 0.20)}  # fmt: skip

    def sand() -> Sprite:
        sprite = blank(9, 34)
        yy, xx = np.mgrid[:9, :34]
        put(sprite, ellipse(9, 34, 7, 16.5, 5.5, 15.5) & (yy < 7), (0.96, 0.86, 0.62))
        put(sprite, ellipse(9, 34, 7, 16.5, 5.5, 15.5) & (yy == 6), (0.82, 0.70, 0.48))
        put(sprite, ellipse(9, 34, 4, 12, 2.0, 6.0), (0.50, 0.72, 0.38))
        put(sprite, (yy == 5) & (xx > 20) & (xx < 24), (0.90, 0.44, 0.36))
        return sprite

    foam = np.arange(-2, 36)
    surf = np.sin(foam * 0.7 + PHASE[:, None])
    canvas.blit(canvas.sprite("island", sand, glow=0.15), x - 4, y - 6, 0.5)
    canvas.dots(x - 4 + foam, y + 1 + (surf > 0.4), (1.0, 1.0, 1.0), opacity=(np.abs(surf) > 0.15) * 0.8, depth=0.5)
    sways = canvas.motion.sway(rng.uniform(0, 6.28), 1.6)
    palm = canvas.swaying("palm", partial(art, padded(_PALM), colors), sways, power=1.2, glow=0.15)
    canvas.blit(palm, x - 2, y - 22, 0.5)
