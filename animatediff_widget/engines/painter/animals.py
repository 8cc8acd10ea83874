"""Animals that sit and stand in the foreground, each with a way of moving of its own."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas
from .craft import bob, column, drawn, foot, turns
from .creatures import COATS
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import lit

__all__ = ["bear", "dog", "fox", "panda", "rabbit"]

_INK = (0.16, 0.12, 0.16)
_PINK = (0.98, 0.60, 0.64)


def blinks(scene: Scene, name: str) -> list[int]:
    """Give for each frame whether the eyes are shut: two frames a loop, when chance has it."""
    start = int(scene.chance(f"{name} blinks").integers(0, FRAMES))
    return [int((t - start) % FRAMES < 2) for t in range(FRAMES)]


def shut(rows: tuple[str, ...], skin: str, lid: str = "") -> tuple[str, ...]:
    """Shut the eyes `e` of a drawing: the lowest row of them becomes a line of `lid`."""
    last = max(k for k, row in enumerate(rows) if "e" in row)
    return tuple(row.replace("e", lid or skin if k == last else skin).replace("i", skin) for k, row in enumerate(rows))


_DOG = (
    "...dd........dd...",
    "..dddccccccccddd..",
    ".ddccccccccccccdd.",
    ".ddcccccwwcccccdd.",
    ".ddcccccwwcccccdd.",
    ".ddccieccwcciecdd.",
    ".ddcceecwwcceecdd.",
    "..dccccwwwwccccd..",
    "...ccwwwnnwwwcc...",
    "...cwwwwnnwwwwc...",
    "....wwwnwwnwww....",
    "......wwttww......",
    "....rrrrttrrrr....",
    "...ccrrryyrrrcc...",
    "...cccwwyywwccc...",
    "..ccccwwwwwwcccc..",
    "..ccccwwwwwwcccc..",
    ".scccccwwwwcccccs.",
    ".scccscwwwwcscccs.",
    ".sccsscwsswcssccs.",
    "..wwwwwwsswwwwww..",
)
_DOG_TAILS = (
    ("...cc", "..cww", ".ccc.", ".ccc.", "ccc..", "cc..."),
    (".....", "ww...", "ccw..", ".ccc.", ".ccc.", "ccc.."),
)


def dog(canvas: Canvas, scene: Scene) -> None:
    """Sit a dog in the foreground that wags its tail and pants."""
    rng = scene.chance("dog")
    name = scene.colors.get("dog") or ("orange", "brown", "yellow", "white")[int(rng.integers(0, 4))]
    coat = COATS[name]
    colors = {"c": coat, "s": lit(coat, -0.25), "d": lit(coat, -0.38), "w": lit(coat, 0.8), "e": _INK,
              "i": (1.0, 1.0, 1.0), "n": (0.20, 0.14, 0.18), "t": _PINK, "r": (0.86, 0.24, 0.28),
              "y": (1.0, 0.84, 0.35)}  # fmt: skip
    closed = tuple(row.replace("t", "w") if k == 11 else row.replace("t", "r") for k, row in enumerate(_DOG))
    poses = [drawn(canvas, ("dog", name, k), rows, colors)
             for k, rows in enumerate((_DOG, shut(_DOG, "c", "d"), closed))]  # fmt: skip
    tails = [drawn(canvas, ("dog's tail", name, k), rows, colors) for k, rows in enumerate(_DOG_TAILS)]
    x, y = column(scene, "dog", 20), foot(scene) - 22
    canvas.blit(turns(tails, (0, 1) * 4), x + 16, y + 12, 0.9)
    shown = blinks(scene, "dog")
    canvas.blit([poses[1] if shown[t] else poses[0 if t % 8 < 5 else 2] for t in range(FRAMES)], x, y, 0.9)


_FOX = (
    ".k........k........",
    ".kk......kk........",
    ".kokk..kkok........",
    ".koopoopook........",
    ".oooooooooo........",
    "ooooooooooooo......",
    "ooieoooooieoo......",
    "wooeooooooeow......",
    "wwwwooooowwww......",
    ".wwwwwowwwww.......",
    "..wwwwnnwww........",
    "....wwwwww.........",
    "....oowwoo.........",
    "...oowwwwoo........",
    "...oowwwwooo.......",
    "...ooowwwoooo......",
    "...ooowwooooo......",
    "...oosowosoooo.....",
    "...oosoooosooo.....",
    "...kks.okksoos.....",
    "...kkk..kkkkkk.....",
)
_FOX_TAIL = (
    ".....ww...",
    "....wwww..",
    "...wwwwww.",
    "..owwwwwo.",
    "..oowwooo.",
    ".oooooooo.",
    ".oooooooo.",
    "oooooooos.",
    "oooooooss.",
    "oooooooss.",
    "ooooooss..",
    "oooooss...",
    ".oooss....",
    "..ss......",
)


def fox(canvas: Canvas, scene: Scene) -> None:
    """Sit a fox in the foreground, its brush in the wind."""
    coat = (0.94, 0.52, 0.20)
    if scene.season == "winter":
        coat = (0.90, 0.56, 0.34)
    colors = {"o": coat, "s": lit(coat, -0.3), "k": (0.30, 0.18, 0.18), "p": lit(coat, -0.2), "w": (1.0, 0.96, 0.90),
              "e": _INK, "i": (1.0, 0.95, 0.8), "n": _INK}  # fmt: skip
    flip = bool(scene.chance("fox").random() < 0.5)
    body = [drawn(canvas, ("fox", scene.season, k), rows, colors, flip=flip)
            for k, rows in enumerate((_FOX, shut(_FOX, "o", "k")))]  # fmt: skip
    x, y = column(scene, "fox", 24), foot(scene) - 22
    brush = [drawn(canvas, ("fox's brush", scene.season, k), [" " * k + row for row in _FOX_TAIL[:8]]
                   + [row if k < 2 else " " + row for row in _FOX_TAIL[8:]], colors, flip=flip)
             for k in range(3)]  # fmt: skip
    sway = (canvas.motion.sway(0.0, 1.0) + 1).clip(0, 2).tolist()
    wide = [len(brush[k].color[0]) - 10 for k in sway]
    dx = np.array([-w if flip else 0 for w in wide])
    canvas.blit([brush[k] for k in sway], x - 1 if flip else x + 12, y + 7, 0.9, dx=dx)
    canvas.blit(turns(body, blinks(scene, "fox")), x + 5 if flip else x, y, 0.9)


_RABBIT = (
    "...cc....cc...",
    "..cpc....cpc..",
    "..cpc....cpc..",
    "..cpc....cpc..",
    "..cppc..cppc..",
    "...cpc..cpc...",
    "...cccccccc...",
    "..cccccccccc..",
    ".ccieccccciec.",
    ".cceeccccceec.",
    ".cbccwnnwccbc.",
    ".ccwwwwwwwwcc.",
    "..ccwwwwwwcc..",
    "...cccwwccc...",
    "..cccwwwwccc..",
    ".ccccwwwwcccc.",
    ".ccscwwwwcscc.",
    ".cccswwwwsccc.",
    "..cwwccccwwc..",
    "..wwww..wwww..",
)
_RABBIT_BENT = ("..............", "..cc..........", ".cppcc....cc..", ".cccpc...cpc..")


def rabbit(canvas: Canvas, scene: Scene) -> None:
    """Let a rabbit hop on the spot, one ear bent when it lands."""
    rng = scene.chance("rabbit")
    name = scene.colors.get("rabbit") or ("white", "brown", "yellow", "blue")[int(rng.integers(0, 4))]
    coat = COATS[name]
    colors = {"c": coat, "s": lit(coat, -0.25), "w": lit(coat, 0.7), "p": _PINK, "b": (1.0, 0.72, 0.74), "e": _INK,
              "i": (1.0, 1.0, 1.0), "n": (0.90, 0.42, 0.48)}  # fmt: skip
    up, bent = [drawn(canvas, ("rabbit", name, k), rows, colors)
                for k, rows in enumerate((_RABBIT, (*_RABBIT_BENT, *_RABBIT[4:])))]  # fmt: skip
    x, y = column(scene, "rabbit", 16), foot(scene) - 21
    hop = -np.array([0, 0, 0, 2, 4, 5, 4, 2, 0, 0, 0, 2, 4, 5, 4, 2])
    canvas.dots(x + np.arange(3, 14), y + 21, (0.15, 0.20, 0.15), opacity=0.22, depth=0.9)
    canvas.blit([bent if t % 8 < 2 else up for t in range(FRAMES)], x, y, 0.9, dy=hop)


_PANDA = (
    "..kk..........kk..",
    ".kkkkwwwwwwwwkkkk.",
    ".kkwwwwwwwwwwwwkk.",
    "..wwwwwwwwwwwwww..",
    ".wwwwwwwwwwwwwwww.",
    ".wwkkkwwwwwwkkkww.",
    ".wkkiekwwwwkiekkw.",
    ".wkkeekwnnwkeekkw.",
    ".wwkkkwwnnwwkkkww.",
    "..wbwwwwmmwwwwbw..",
    "...wwwwmwwmwwww...",
    "..kkkkwwwwwwkkkk..",
    ".kkkkkkkkkkkkkkkk.",
    ".kkkkwwwwwwwwkkkk.",
    ".kkkwwwwwwwwwwkkk.",
    "..kwwwwwwwwwwwwk..",
    ".kkkwwwwwwwwwwkkk.",
    "kkkkkwwwwwwwwkkkkk",
    "kkggkkwwwwwwkkggkk",
    "kkggkk......kkggkk",
    ".kkkk........kkkk.",
)
_SPRIG = (
    "......g.g",
    ".....g.gg",
    "....ggggg",
    "...yg.gg.",
    "...yGg...",
    "..yG.....",
    "..yG.....",
    ".yG......",
    ".y.......",
)


def panda(canvas: Canvas, scene: Scene) -> None:
    """Sit a panda in the foreground that eats a sprig of bamboo."""
    colors = {"w": (0.98, 0.97, 0.95), "k": (0.19, 0.18, 0.24), "e": (0.05, 0.04, 0.08), "i": (1.0, 1.0, 1.0),
              "n": (0.12, 0.10, 0.14), "m": (0.70, 0.36, 0.38), "b": (1.0, 0.78, 0.78), "g": (0.42, 0.72, 0.34),
              "G": (0.30, 0.54, 0.26), "y": (0.62, 0.74, 0.34)}  # fmt: skip
    chewing = tuple(row.replace("mwwm", "wmmw").replace("wmmw", "wwww") if k == 9 else row
                    for k, row in enumerate(_PANDA))  # fmt: skip
    colors_of_pads = {**colors, "g": (0.42, 0.38, 0.46)}
    poses = [drawn(canvas, ("panda", k), rows, colors_of_pads)
             for k, rows in enumerate((_PANDA, chewing, shut(_PANDA, "k")))]  # fmt: skip
    x, y = column(scene, "panda", 20), foot(scene) - 22
    shown = blinks(scene, "panda")
    canvas.blit([poses[2] if shown[t] else poses[t // 2 % 2] for t in range(FRAMES)], x, y, 0.9)
    munch = np.array([0, 0, 1, 1] * 4)
    canvas.blit(drawn(canvas, "panda's sprig", _SPRIG, colors), x + 10, y + 7, 0.9, dx=munch, dy=-munch)
    paw = drawn(canvas, "panda's paw", ("kkk", "kkkk", ".kkk"), colors)
    canvas.blit(paw, x + 9, y + 13, 0.9, dy=-munch)


_BEAR = (
    "..bb.........bb...",
    ".bpbb.......bbpb..",
    ".bbbbbbbbbbbbbbb..",
    "..bbbbbbbbbbbbb...",
    ".bbbbbbbbbbbbbbb..",
    ".bbiebbbbbbbiebb..",
    ".bbeebwwwwwbeebb..",
    ".bbbbwwnnnwwbbbb..",
    "..bbbwwwnwwwbbb...",
    "...bbwwmmmwwbb....",
    "..bbbbwwwwwbbbb...",
    ".bbbbbbbbbbbbbbbb.",
    ".bbbbllllllbbbbbb.",
    "bbbblllllllllbbbbb",
    "bbbblllllllllbbbbb",
    "sbbblllllllllbbbbs",
    "sbbbblllllllbbbbbs",
    ".sbbbbblllbbbbbbs.",
    ".wwsbbbbsbbbbsww..",
    ".wwwsss...sssww...",
)


def bear(canvas: Canvas, scene: Scene) -> None:
    """Sit a bear in the foreground that breathes deeply and waves a paw."""
    rng = scene.chance("bear")
    coat = ((0.56, 0.38, 0.26), (0.46, 0.32, 0.26), (0.72, 0.52, 0.34))[int(rng.integers(0, 3))]
    if scene.season == "winter":
        coat = (0.93, 0.94, 0.96)
    colors = {"b": coat, "s": lit(coat, -0.3), "l": lit(coat, 0.3), "w": lit(coat, 0.6), "p": lit(coat, 0.35),
              "e": _INK, "i": (1.0, 1.0, 1.0), "n": _INK, "m": (0.55, 0.24, 0.26)}  # fmt: skip
    poses = [drawn(canvas, ("bear", coat, k), rows, colors)
             for k, rows in enumerate((_BEAR, shut(_BEAR, "b", "s")))]  # fmt: skip
    x, y = column(scene, "bear", 20), foot(scene) - 21
    canvas.blit(turns(poses, blinks(scene, "bear")), x, y, 0.9)
    paws = [drawn(canvas, ("bear's paw", coat, k), rows, colors)
            for k, rows in enumerate((("..bb", ".bbb", "bbbs", "bbs."), ("wb..", "bbb.", ".bbb", "..bb")))]  # fmt: skip
    waving = (np.sin(2 * PHASE) > 0).astype(int).tolist()
    canvas.blit([paws[k] for k in waving], x + 15, y + 8, 0.9, dy=bob(0.6, pace=2))
