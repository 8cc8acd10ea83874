"""What carries people: on rails and roads and in the air."""

from __future__ import annotations

from functools import partial

import numpy as np

from .canvas import MARGIN, SIZE, WIDE, Canvas
from .craft import TURN, bob, column, drawn, foot, is_dark, pane, turns
from .creatures import COATS
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import Sprite, Stamp, art, blank, lit, padded

__all__ = ["airplane", "bicycle", "car", "train"]

_WHEELS = (
    (".ooo.", "oowoo", "owwwo", "oowoo", ".ooo."),
    (".ooo.", "owowo", "oowoo", "owowo", ".ooo."),
)
_RIMS = {"o": (0.20, 0.18, 0.24), "w": (0.72, 0.74, 0.80)}


def _rolling(canvas: Canvas, wheel: tuple[tuple[str, ...], ...] = _WHEELS) -> list[Stamp]:
    """Turn a wheel, one pose a frame."""
    big = len(wheel[0]) > 5
    poses = [canvas.sprite(("wheel", k, big), partial(art, padded(rows), _RIMS), outline=0.0 if big else 1.0)
             for k, rows in enumerate(wheel)]  # fmt: skip
    return turns(poses, (0, 1) * 8)


def _road(canvas: Canvas, scene: Scene, y: int, ahead: int) -> None:
    """Lay a road whose line runs by: whoever drives there stays in the picture."""
    snowy = scene.season == "winter"

    def make() -> Sprite:
        road = blank(9, WIDE, (0.74, 0.78, 0.86) if snowy else (0.42, 0.42, 0.50))
        road.alpha[:] = 1
        road.color[0] = road.color[-1] = (0.98, 0.98, 1.0) if snowy else (0.86, 0.84, 0.78)
        return road

    canvas.blit(canvas.sprite(("road", snowy), make, outline=0.0), -MARGIN, y - 4, 0.85)
    dashes = (np.arange(0, WIDE)[None, :] - ahead * 4 * np.arange(FRAMES)[:, None]) % WIDE - MARGIN
    shown = np.arange(WIDE) % 16 < 7
    canvas.dots(dashes, y, (0.98, 0.90, 0.60), opacity=shown * 0.9, depth=0.85)


_CAR = (
    "......gggggggg........",
    ".....gwwwgwwwwg.......",
    "....gwwwwgwwwwwg......",
    "...gwwwwwgwwwwwwg.....",
    ".ccccccccccccccccccc..",
    "rcllllllllllllllllccy.",
    "rcccccccchhcccccccccy.",
    "cccccccccccccccccccccc",
    "cccccccccccccccccccccc",
    "sssssssssssssssssssss.",
)


def car(canvas: Canvas, scene: Scene) -> None:
    """Let a car drive along a road, its wheels turning, its lamps lit when it is dark."""
    rng = scene.chance("car")
    name = scene.colors.get("car") or ("red", "blue", "yellow", "green")[int(rng.integers(0, 4))]
    paint = lit(COATS[name], -0.05) if name not in ("red", "blue") else {"red": (0.88, 0.26, 0.26),
                                                                         "blue": (0.28, 0.52, 0.88)}[name]  # fmt: skip
    dark, flip = is_dark(scene), bool(rng.random() < 0.5)
    colors = {"c": paint, "l": lit(paint, 0.4), "s": lit(paint, -0.4), "g": lit(paint, -0.2), "w": (0.68, 0.86, 0.96),
              "h": lit(paint, -0.45), "y": pane(canvas, dark, (1.0, 0.94, 0.70)), "r": (0.80, 0.16, 0.20)}  # fmt: skip
    x, y = column(scene, "car", 24), foot(scene) - 2
    ahead = -1 if flip else 1
    _road(canvas, scene, y, ahead)
    shake = np.array([0, 0, 0, -1] * 4)
    canvas.dots(x + np.arange(3, 22), y + 1, (0.15, 0.15, 0.22), opacity=0.45, depth=0.9)
    canvas.blit(drawn(canvas, ("car", name, dark), _CAR, colors, flip=flip), x, y - 12, 0.9, dy=shake)
    for at in (2, 14) if not flip else (4, 16):
        canvas.blit(_rolling(canvas), x + at, y - 5, 0.9)
    if dark:
        far = np.arange(1, 17)
        for row in range(-2, 4):
            inside = np.abs(row - far * 0.1) <= far * 0.22
            canvas.dots(x + (23 + far if not flip else -far), y - 5 + row, (1.0, 0.95, 0.70),
                        opacity=inside * (0.5 - far * 0.028), depth=0.9, glow=1.0)  # fmt: skip


_RIDER = (
    "......hhh.......",
    ".....hhhhh......",
    ".....hfff.......",
    "......fff.......",
    ".....ccc........",
    "....cccccc......",
    "....ccc..ff.....",
    "....ccc...f.b...",
    "....ccc....bb...",
    "....ppp....b....",
    "...kkpppbbbb....",
    "....b.pp...b....",
    "....bb.pb..b....",
    "...b.b.pbb..b...",
    "...b..bpb...b...",
)
_BIG_WHEELS = (
    ("..ooo..", ".o.w.o.", "o..w..o", "owwwwwo", "o..w..o", ".o.w.o.", "..ooo.."),
    ("..ooo..", ".ow.wo.", "ow...wo", "o..w..o", "ow...wo", ".ow.wo.", "..ooo.."),
)


def bicycle(canvas: Canvas, scene: Scene) -> None:
    """Let somebody ride a bicycle along a road, treading the pedals."""
    rng = scene.chance("bicycle")
    flip = bool(rng.random() < 0.5)
    shirt = COATS[("red", "yellow", "blue", "green")[int(rng.integers(0, 4))]]
    colors = {"h": (0.36, 0.24, 0.20), "f": (1.0, 0.84, 0.74), "c": shirt, "p": (0.32, 0.36, 0.56),
              "k": (0.24, 0.20, 0.24), "b": (0.24, 0.62, 0.62)}  # fmt: skip
    treading = tuple(row if k < 10 else row.replace("pb", "pp").replace(".pp", "pp.") for k, row in enumerate(_RIDER))
    poses = [drawn(canvas, ("rider", shirt, k), rows, colors, flip=flip) for k, rows in enumerate((_RIDER, treading))]
    x, y = column(scene, "bicycle", 20), foot(scene) - 2
    _road(canvas, scene, y, -1 if flip else 1)
    wheel = _rolling(canvas, _BIG_WHEELS)
    for at in (0, 10) if not flip else (2, 12):
        canvas.blit(wheel, x + at, y - 7, 0.9)
    canvas.blit(turns(poses, (0, 0, 1, 1) * 4), x + 1, y - 19, 0.9, dy=-(np.arange(FRAMES) // 4 % 2))


_LOCOMOTIVE = (
    "................kkkk....",
    ".rrrrrrrrr......kyyk....",
    ".rrrrrrrrr.......kk.....",
    "..bwwbwwb........kk.....",
    "..bwwbwwb..yy....kk.....",
    "..bwwbwwb.gyyggggggggg..",
    "..bbbbbbbgggggggggggggy.",
    "..bbbbbbbgllllllllllggy.",
    "..bbbbbbbgggggggggggggg.",
    "..bbbbbbbGGGGGGGGGGGGG..",
    "rrrrrrrrrrrrrrrrrrrrrrr.",
    "dddddddddddddddddddddrrr",
    "......................rr",
)
_CARRIAGE = (
    ".rrrrrrrrrrrrrrrrrr.",
    "rrrrrrrrrrrrrrrrrrrr",
    ".cccccccccccccccccc.",
    ".cwwwcwwwcwwwcwwwcc.",
    ".cwwwcwwwcwwwcwwwcc.",
    ".cwwwcwwwcwwwcwwwcc.",
    ".cccccccccccccccccc.",
    ".yyyyyyyyyyyyyyyyyy.",
    ".CCCCCCCCCCCCCCCCCC.",
    "ddddddddddddddddddddd",
)


def train(canvas: Canvas, scene: Scene) -> None:
    """Let a steam train roll along, with turning wheels, smoke that streams back and sleepers that run by."""
    rng = scene.chance("train")
    dark, flip = is_dark(scene), bool(rng.random() < 0.5)
    body = ((0.22, 0.46, 0.40), (0.30, 0.36, 0.62), (0.62, 0.24, 0.28))[int(rng.integers(0, 3))]
    colors = {"k": (0.22, 0.20, 0.26), "y": (0.95, 0.78, 0.35), "r": (0.72, 0.24, 0.24), "b": lit(body, -0.1),
              "g": body, "G": lit(body, -0.35), "l": lit(body, 0.4), "w": pane(canvas, dark, (1.0, 0.85, 0.45)),
              "c": (0.86, 0.48, 0.34), "C": (0.66, 0.32, 0.28), "d": (0.24, 0.21, 0.27)}  # fmt: skip
    way = -1 if flip else 1
    y = foot(scene) - 6
    sleepers = (np.arange(0, WIDE, 4)[None, :] - way * 3 * np.arange(FRAMES)[:, None]) % WIDE - MARGIN
    for dx, dy in ((0, 3), (1, 3), (0, 4), (1, 4)):
        canvas.dots(sleepers + dx, y + dy, (0.44, 0.32, 0.26), depth=0.75)
    canvas.dots(np.arange(-MARGIN, SIZE + MARGIN), y + 2, (0.66, 0.66, 0.72), depth=0.75)
    nose = 58 if not flip else 6
    shake = np.array([0, 0, -1, 0] * 4)
    stack = nose - way * 7
    age = (np.arange(16)[None, :] + TURN[:, None] * 2) / 16
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1), (-1, 0), (0, -1), (2, 1), (1, 2)):
        canvas.dots(stack - way * 46 * age + dx, y - 13 - 13 * age**0.6 + dy + 1.5 * np.sin(9 * age),
                    (0.95, 0.95, 0.97), opacity=(1 - age) * 0.8, depth=0.75, glow=0.3)  # fmt: skip
    for number in (0, 1):
        left = nose - way * (24 + 21 * number) - (20 if not flip else 0)
        carriage = drawn(canvas, ("carriage", dark), _CARRIAGE, colors, flip=flip)
        canvas.blit(carriage, left, y - 11, 0.75, dy=np.roll(shake, 2 * number + 1))
        for at in (3, 13):
            canvas.blit(_rolling(canvas), left + at, y - 4, 0.75)
    left = nose - (24 if not flip else 0)
    canvas.blit(drawn(canvas, ("locomotive", body, dark), _LOCOMOTIVE, colors, flip=flip), left, y - 13, 0.75, dy=shake)
    for at in (2, 9, 15) if not flip else (4, 10, 17):
        canvas.blit(_rolling(canvas), left + at, y - 4, 0.75)


_AIRPLANE = (
    "rr......................",
    "rrr.....................",
    "rrrr........ww..........",
    "rrrrrrrrrrrwwwwrrrr.....",
    "RrrrrrrrrrrrrrrrrrrrrD..",
    ".RccccccccccccccccccrD..",
    "..RRRRRaaaaaaaaRRRRR....",
    ".......AAAAAAAAA........",
    "..........d.....d.......",
    ".........ddd...ddd......",
)


def airplane(canvas: Canvas, scene: Scene) -> None:
    """Fly a small airplane with a whirling propeller, a trail of cloud behind it."""
    rng = scene.chance("airplane")
    flip = bool(rng.random() < 0.5)
    red = (0.90, 0.30, 0.26)
    colors = {"r": red, "R": lit(red, -0.3), "c": (0.99, 0.96, 0.88), "w": (0.70, 0.90, 1.0), "D": (0.40, 0.36, 0.42),
              "a": (1.0, 0.86, 0.50), "A": (0.80, 0.62, 0.34), "d": (0.24, 0.20, 0.26)}  # fmt: skip
    x, y, way = int(rng.integers(16, 30)), int(rng.integers(6, 14)), -1 if flip else 1
    if "balloon" in scene.things:
        x = scene.places["light"] - 13
    dy = bob(1.6, rng.uniform(0, 6.28))
    tail = x + (2 if not flip else 22)
    age = (np.arange(12)[None, :] + TURN[:, None] * 3) / 12
    for dx, up in ((0, 0), (1, 0), (0, 1), (1, 1)):
        canvas.dots(tail - way * 34 * age + dx, y + 6 + up + dy[:, None] * (1 - age) + np.sin(age * 7 + PHASE[:, None]),
                    (1.0, 1.0, 1.0), opacity=(1 - age) * 0.65, depth=0.25, glow=0.7)  # fmt: skip
    canvas.blit(drawn(canvas, "airplane", _AIRPLANE, colors, flip=flip, glow=0.35), x, y, 0.25, dy=dy)
    blades = np.arange(-4, 5)
    shown = np.where((np.arange(FRAMES) % 2 == 0)[:, None], np.abs(blades) > 1, np.abs(blades) < 3)
    canvas.dots(np.full(9, x + (23 if not flip else 2)), y + 6 + blades + dy[:, None], (0.88, 0.88, 0.94),
                opacity=shown * 0.85, depth=0.25, glow=0.35)  # fmt: skip
