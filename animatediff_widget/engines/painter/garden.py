"""What the seasons bring: snowmen, pumpkins, toadstools, a decorated tree, lotus."""

from __future__ import annotations

from functools import partial

import numpy as np

from .canvas import SIZE, Canvas
from .craft import TURN, bob, column, drawn, foot, is_dark, turns
from .motions import FRAMES
from .scene import Scene
from .sprites import Sprite, art, blank, lit, padded, put, rgb
from .things import glow

__all__ = ["christmas_tree", "lotus", "mushroom", "pumpkin", "snowman"]

_SNOWMAN = (
    "......kkkkk.......",
    "......kkkkk.......",
    "......rrrrr.......",
    "....kkkkkkkkk.....",
    ".....wwwwwww......",
    "....wwewwweww.....",
    "....wwwwowwwws....",
    "....wwwwoooows....",
    "....wwkwwwkwws....",
    ".....wwkkkwws.....",
    "....rrrrrrrrr.....",
    "...wwrrrrrwwws....",
    "b.wwwwwwwwwwwws..b",
    ".bbwwwwkwwwwwwsbb.",
    "..bwwwwwwwwwwwsb..",
    "..wwwwwkwwwwwwws..",
    "..wwwwwwwwwwwwss..",
    "..wwwwwkwwwwwsss..",
    "...wwwwwwwwssss...",
    "....wwwwwssss.....",
)
_SCARF = (
    ("rr..", "rrr.", ".rr.", ".rry", "..yy"),
    ("rrr.", ".rrr", "..rr", "...y", "...."),
)


def snowman(canvas: Canvas, scene: Scene) -> None:
    """Build a snowman whose scarf flies in the wind."""
    colors = {"w": (0.98, 0.99, 1.0), "s": (0.78, 0.84, 0.95), "k": (0.20, 0.19, 0.26), "e": (0.12, 0.11, 0.16),
              "o": (0.98, 0.58, 0.20), "r": (0.88, 0.26, 0.28), "y": (1.0, 0.86, 0.46),
              "b": (0.46, 0.32, 0.24)}  # fmt: skip
    x, y = column(scene, "snowman", 20), foot(scene) - 21
    nod = (canvas.motion.sway(0.4, 0.7) > 0).astype(int)
    tilted = (*("." + row[:-1] for row in _SNOWMAN[:4]), *_SNOWMAN[4:])
    poses = [drawn(canvas, ("snowman", k), rows, colors) for k, rows in enumerate((_SNOWMAN, tilted))]
    canvas.blit([poses[int(k)] for k in nod], x, y, 0.9)
    scarf = [drawn(canvas, ("scarf", k), rows, colors) for k, rows in enumerate(_SCARF)]
    canvas.blit(turns(scarf, (0, 0, 1, 1) if canvas.motion.gust < 2 else (0, 1, 0, 1)), x + 12, y + 10, 0.9)


_PUMPKIN = (
    "........gg.........",
    ".......gg..........",
    "...oooOggoOooo.....",
    ".oolooOooooOoooo...",
    "ooloooOooooOooooo..",
    "oloffoOooooOoffooo.",
    "oloffffooooffffoos.",
    "oloofffOooOfffooos.",
    "oloooooofooOoooooos",
    "oloooooffooOooooos.",
    "oofoooOooooOoofoos.",
    "oofffffoffofffffs..",
    ".oofffffffffffoss..",
    "..ooofffofffoosss..",
    "...ssssssssssss....",
)


def pumpkin(canvas: Canvas, scene: Scene) -> None:
    """Set a pumpkin lantern with a grin, a candle flickering inside, and a small one beside it."""
    dark = is_dark(scene)
    skin = (0.96, 0.56, 0.16)
    x, y = column(scene, "pumpkin", 26), foot(scene) - 16
    flicker = (0, 1, 0, 2, 1, 0, 1, 2)
    poses = []
    for k in range(3):
        fire = (1.0, (0.88, 0.80, 0.72)[k], 0.40 - 0.08 * k)
        colors = {"o": skin, "O": lit(skin, -0.24), "s": lit(skin, -0.4), "l": lit(skin, 0.35), "g": (0.40, 0.52, 0.26),
                  "f": rgb(fire) / canvas.light if dark else rgb(fire) * np.float32(0.9)}  # fmt: skip
        poses.append(drawn(canvas, ("pumpkin", k, dark), _PUMPKIN, colors, glow=0.2))
    glow(canvas, x + 10, y + 9, 16, (1.0, 0.68, 0.28), 0.6 if dark else 0.2)
    small = ("...gg...", ".ooOgoo.", "oloOooOo", "oloOooOs", "oloOooOs", ".ssssss.")
    calm = {"o": skin, "O": lit(skin, -0.24), "s": lit(skin, -0.4), "l": lit(skin, 0.35), "g": (0.40, 0.52, 0.26)}
    canvas.blit(drawn(canvas, "small pumpkin", small, calm, glow=0.2), x + 17, y + 9, 0.9)
    canvas.blit(turns(poses, flicker), x, y, 0.9)


_TOADSTOOLS = (
    "......rrrrr...............",
    "....rrrrwwrrr.............",
    "...rwwrrwwrrrr............",
    "..rrwwrrrrrrwwr....rrr....",
    "..rrrrrrwwrrwwrr..rwrrr...",
    ".rrwwrrrwwrrrrrR.rrrrwrr..",
    ".rrwwrrrrrrrwrRR.rrwrrrR..",
    "..ssssssssssssR..sssssRR..",
    "....ssccccss.......cc.....",
    "......cccs........ccs.....",
    "......cccs........ccs.....",
    "......ccss..rr....ccs.....",
    ".....cccss.rrwr...ccs.....",
    ".....cccss..cs...ccss.....",
    "....ggccsggg.csg.ggcsgg...",
    "...gggggggggggggggggggg...",
)


def mushroom(canvas: Canvas, scene: Scene) -> None:
    """Grow a group of toadstools from which glowing spores rise."""
    rng = scene.chance("mushroom")
    dark = is_dark(scene)
    red = ((0.88, 0.26, 0.24), (0.62, 0.40, 0.82), (0.92, 0.52, 0.22))[int(rng.integers(0, 3))]
    colors = {"r": red, "R": lit(red, -0.3), "w": (1.0, 0.97, 0.92), "c": (0.98, 0.92, 0.82), "s": (0.82, 0.74, 0.66),
              "g": (0.36, 0.60, 0.30) if scene.season != "winter" else (0.94, 0.96, 1.0)}  # fmt: skip
    x, y = column(scene, "mushroom", 26), foot(scene) - 16
    if dark:
        glow(canvas, x + 9, y + 6, 15, (0.60, 0.85, 1.0), 0.4)
    group = drawn(canvas, ("toadstools", red, scene.season), _TOADSTOOLS, colors, glow=0.35 if dark else 0.2)
    canvas.blit(group, x, y, 0.88)
    count = 16
    age = (rng.random(count) + TURN[:, None]) % 1.0
    side = rng.uniform(0, 24, count)
    canvas.dots(x + side + 2.5 * np.sin(6.28 * age + side), y + 10 - 22 * age,
                (0.75, 0.95, 1.0) if dark else (1.0, 0.97, 0.80),
                opacity=np.sin(np.pi * age), depth=0.88, glow=1.0)  # fmt: skip


def christmas_tree(canvas: Canvas, scene: Scene) -> None:
    """Decorate a fir with baubles, lights that blink in turn and a shining star; gifts lie below."""
    rng = scene.chance("christmas_tree")
    snowy = scene.season == "winter"
    height, width = 47, 33

    def make() -> Sprite:
        sprite = blank(height, width)
        y, x = np.mgrid[:height, :width]
        away = x - 16
        put(sprite, (np.abs(away) < 2) & (y > 38) & (y < 44), (0.42, 0.28, 0.24))
        green = (0.16, 0.46, 0.30)
        for tip, low, reach in ((20, 41, 13.0), (12, 31, 10.5), (5, 21, 7.5)):
            half = (y - tip) / (low - tip) * reach
            tier = (y >= tip) & (y <= low - (np.abs(away) % 4 < 1.5) * 1.0) & (np.abs(away) <= half)
            put(sprite, tier, green)
            put(sprite, tier & (away < -half * 0.25), lit(green, 0.16))
            put(sprite, tier & (y > low - 3), lit(green, -0.28))
            garland = tier & (np.abs(y - low + 6 - away * away / 60 + away * 0.12) < 0.6)
            put(sprite, garland, (0.97, 0.84, 0.46))
            if snowy:
                put(sprite, tier & (y > low - 4) & (y < low - 1) & (x % 3 > 0) & (away < 1), (0.95, 0.97, 1.0))
        for left, top, wide, tint, band in ((4, 39, 6, (0.86, 0.28, 0.32), (1.0, 0.88, 0.50)),
                                            (20, 38, 7, (0.34, 0.52, 0.86), (0.96, 0.96, 0.98)),
                                            (26, 41, 4, (0.40, 0.70, 0.42), (0.94, 0.34, 0.36))):  # fmt: skip
            box = (x >= left) & (x < left + wide) & (y >= top) & (y < 45)
            put(sprite, box, tint)
            put(sprite, box & (np.abs(x - left - wide // 2) < 1), band)
            put(sprite, box & (y == top), lit(tint, 0.35))
        return sprite

    x, y = column(scene, "christmas_tree", width), foot(scene) - height + 2
    canvas.blit(canvas.sprite(("christmas tree", snowy), make, glow=0.25), x, y, 0.75)
    dark = is_dark(scene)
    glow(canvas, x + 16, y + 4, 10, (1.0, 0.90, 0.50), 0.6 if dark else 0.3)
    star = ("...y...", "...y...", "yyywyyy", ".ywwwy.", "..ywy..", ".yy.yy.")
    canvas.blit(
        drawn(canvas, "star", star, {"y": (1.0, 0.84, 0.32), "w": (1.0, 0.97, 0.78)}, glow=1.0), x + 12, y - 1, 0.75
    )
    tints = rgb([(1.0, 0.36, 0.36), (1.0, 0.86, 0.40), (0.45, 0.80, 1.0), (0.98, 0.55, 0.90)])
    rows = np.array([14, 16, 19, 23, 24, 27, 29, 33, 34, 36, 38, 38, 26, 18])
    side = np.array([-1, 3, -4, 4, -2, 1, -7, 5, -4, 9, 0, -9, 7, 0])
    on = 0.45 + 0.55 * ((np.arange(FRAMES)[:, None] // 2 + np.arange(14)) % 4 < 2)
    shift = int(rng.integers(0, 4))
    for dx, dy, share in ((0, 0, 1.0), (1, 0, 0.7), (0, 1, 0.7), (1, 1, 0.5)):
        canvas.dots(x + 16 + side + dx, y + rows + dy, tints[(np.arange(14) + shift) % 4], opacity=on * share,
                    depth=0.75, glow=1.0)  # fmt: skip


_LOTUS = (
    "......p......",
    "..p..plp..p..",
    "..pp.plp.pp..",
    "p.plpplpplp.p",
    "pppllplpllppp",
    ".pplplplplpp.",
    "..pplyyylpp..",
    "...dppppdd...",
)
_BUD = ("..p..", ".ppl.", ".ppl.", "ppplp", ".ddd.", "..g..", "..g..", "..g..")


def lotus(canvas: Canvas, scene: Scene) -> None:
    """Float lotus flowers and their pads on the water, rocking in its rings."""
    rng = scene.chance("lotus")
    pink = ((1.0, 0.62, 0.76), (0.98, 0.94, 0.97), (0.86, 0.60, 0.92))[int(rng.integers(0, 3))]
    colors = {"p": pink, "l": lit(pink, 0.55), "d": lit(pink, -0.3), "y": (1.0, 0.86, 0.40), "g": (0.34, 0.58, 0.34)}

    def pad() -> Sprite:
        sprite = blank(8, 19)
        y, x = np.mgrid[:8, :19]
        away = np.hypot((x - 9) / 8.2, (y - 3.5) / 3.0)
        leaf = (away <= 1) & ~((np.abs(x - 9 - (y - 3.5) * 1.5) < 1) & (y > 3))
        put(sprite, leaf, (0.34, 0.62, 0.38))
        put(sprite, leaf & (away > 0.82), (0.50, 0.76, 0.44))
        put(
            sprite,
            leaf & (np.abs((x - 9) * 0.36) - np.abs(y - 3.5) < 0.3) & (away < 0.8) & (x % 2 > 0),
            (0.26, 0.50, 0.34),
        )
        return sprite

    low = SIZE if scene.ground >= SIZE else scene.ground
    spots = [
        (7, low - 14, 1),
        (25, low - 7, 0),
        (47, low - 12, 1),
        (59, low - 6, 2),
        (36, low - 17, 0),
        (13, low - 4, 2),
    ]
    for index, (x, y, kind) in enumerate(spots):
        x, y = x + int(rng.integers(-3, 4)), max(y, scene.horizon + 4)
        rock = bob(0.7, rng.uniform(0, 6.28))
        ring = np.arange(-11, 12)
        reach = ((TURN + index / 6) % 1.0)[:, None]
        canvas.dots(x + ring * (0.8 + 0.4 * reach), y + 3 + 1.5 * reach, (0.92, 0.98, 1.0),
                    opacity=0.5 * (1 - reach) * (ring % 3 > 0), depth=0.5)  # fmt: skip
        canvas.blit(canvas.sprite("lotus pad", pad, glow=0.15), x - 9, y - 2, 0.5, dy=rock)
        if kind == 1:
            canvas.blit(drawn(canvas, ("lotus", pink), _LOTUS, colors, glow=0.35), x - 7, y - 8, 0.5, dy=rock)
        elif kind == 0:
            sways = canvas.motion.sway(rng.uniform(0, 6.28), 0.9)
            bud = canvas.swaying(("bud", pink), partial(art, padded(_BUD), colors), sways, glow=0.35)
            canvas.blit(bud, x - 3, y - 8, 0.5, dy=rock)
