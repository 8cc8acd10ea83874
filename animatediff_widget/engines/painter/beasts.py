"""Large animals of the savannah, the wood and the meadow."""

from __future__ import annotations

import numpy as np

from .animals import blinks, shut
from .canvas import Canvas
from .craft import bob, column, drawn, foot, turns
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import lit

__all__ = ["deer", "elephant", "lion", "sheep"]

_INK = (0.16, 0.12, 0.16)

_ELEPHANT = (
    ".......aaaaaaa............",
    "..gggggaaaaaaaagggggg.....",
    ".ggggggaapppaaagggggggg...",
    "ggggggaapppppaaggggggggg..",
    "ggieggaapppppaagggggggggg.",
    "ggeeggaappppaaaggggggggggg",
    "ggggggaapppaaagggggggggggg",
    ".gggggsaaaaaagggggggggggg.",
    ".wwggggssaasgggggggggggggt",
    "..wwgg.gsssggggggggggggg.t",
    "...w....gggggggggggggggg.t",
    "........ggggssssssgggggg.k",
    "........gggg.....sggggg..k",
    "........gggg.....sgggg....",
    "........gggs.....sggg.....",
    "........gggs.....sggg.....",
    "........nnnn.....nnnn.....",
)
_TRUNKS = (
    ("gg....", "ggg...", "ggg...", "ggs...", ".gg...", ".ggg..", "..gggg", "...ggg"),
    ("gg....", "ggg...", "ggg...", "ggs...", "ggg...", "ggg...", "ggg...", ".gg..."),
    ("..gg..", "..ggg.", "..ggg.", "..ggs.", ".ggg..", "ggg...", "gg....", "ggg..."),
)


def elephant(canvas: Canvas, scene: Scene) -> None:
    """Stand an elephant in the foreground that swings its trunk and flaps its ears."""
    skin = (0.60, 0.63, 0.72)
    colors = {"g": skin, "a": lit(skin, -0.16), "s": lit(skin, -0.28), "p": (0.80, 0.62, 0.66), "e": _INK,
              "i": (1.0, 1.0, 1.0), "w": (0.99, 0.96, 0.88), "t": lit(skin, -0.2), "k": (0.26, 0.22, 0.28),
              "n": (0.88, 0.84, 0.82)}  # fmt: skip
    flapped = tuple(row.replace("aap", "ap").replace("paaag", "paaggg"[:5]).ljust(26, ".") for row in _ELEPHANT)
    bodies = [drawn(canvas, ("elephant", k), rows, colors)
              for k, rows in enumerate((_ELEPHANT, flapped, shut(_ELEPHANT, "g", "s")))]  # fmt: skip
    trunks = [drawn(canvas, ("elephant's trunk", k), rows, colors) for k, rows in enumerate(_TRUNKS)]
    x, y = column(scene, "elephant", 30), foot(scene) - 18
    shown = blinks(scene, "elephant")
    canvas.blit([bodies[2] if shown[t] else bodies[t // 4 % 2] for t in range(FRAMES)], x + 2, y, 0.9)
    swing = np.rint(1 - 1.2 * np.sin(PHASE)).clip(0, 2).astype(int)
    canvas.blit([trunks[int(k)] for k in swing], x, y + 8, 0.9, dx=np.where(swing == 2, -2, 0))


_LION = (
    "....mmmmmmmm......",
    "..mmmmmmmmmmmm....",
    ".mmomMMMMMMmomm...",
    ".mMooccccccooMm...",
    "mmMccccccccccMmm..",
    "mMMccccccccccMMm..",
    "mMciecccccciecMm..",
    "mMceeccwwcceecMm..",
    "mMccccwwwwccccMm..",
    "mmMccwwnnwwccMmm..",
    ".mMMcwwwnwwcMMm...",
    ".mmMMwwkkwwMMmm...",
    "..mmMMwwwwMMmm....",
    "...mmMMMMMMmmc....",
    "....cmmMMmmccccc..",
    "....cccmmcccccccc.",
    "...ccccccccccccccc",
    "...ccsccccscccsccc",
    "...ccsccccscccscc.",
    "..wwwsccccswwwswww",
    "..www.wwww.www.ww.",
)
_LION_TAILS = (
    ("..mm.", ".mmmm", ".mMm.", "..cc.", "..c..", ".cc..", ".c...", "cc..."),
    (".....", "...mm", "..mmm", "..cMm", ".cc..", ".c...", ".c...", "cc..."),
)


def lion(canvas: Canvas, scene: Scene) -> None:
    """Sit a lion in the foreground, its mane in the wind."""
    coat, mane = (0.94, 0.72, 0.38), (0.66, 0.36, 0.18)
    colors = {"c": coat, "s": lit(coat, -0.25), "m": mane, "M": lit(mane, -0.25), "o": lit(coat, -0.3),
              "w": (1.0, 0.93, 0.80), "e": _INK, "i": (1.0, 1.0, 1.0), "n": (0.36, 0.18, 0.18),
              "k": (0.50, 0.24, 0.22)}  # fmt: skip
    ruffled = tuple(row[:-1] if k in (1, 4, 6, 8, 10) else row for k, row in enumerate(_LION))
    ruffled = tuple((" " + row if k in (1, 11) else row) for k, row in enumerate(ruffled))
    poses = [drawn(canvas, ("lion", k), [row.ljust(18, ".") for row in rows], colors)
             for k, rows in enumerate((_LION, ruffled, shut(_LION, "c", "o")))]  # fmt: skip
    tails = [drawn(canvas, ("lion's tail", k), rows, colors) for k, rows in enumerate(_LION_TAILS)]
    x, y = column(scene, "lion", 22), foot(scene) - 22
    canvas.blit(turns(tails, (0, 0, 1, 1)), x + 16, y + 9, 0.9)
    shown = blinks(scene, "lion")
    wind = (canvas.motion.sway(0.0, 1.0) > 0).astype(int).tolist()
    canvas.blit([poses[2] if shown[t] else poses[wind[t]] for t in range(FRAMES)], x, y, 0.9)


_DEER = (
    "..a..a....a..a........",
    "..a.a......a.a........",
    "..aaa......aaa........",
    "...aa.....aa..........",
    "....aa...aa...........",
    ".cc..ccccc..cc........",
    ".cpccccccccpc.........",
    "...cieccciec..........",
    "...ceeccceec..........",
    "...ccccccccc..........",
    "....cwwwwwc...........",
    "....wwnnnww...........",
    ".....wwwww............",
    ".....cccccc...........",
    ".....ccwcccccccccc.ww.",
    "....cccwwccscccsccwww.",
    "....cccwwcccccsccccw..",
    "....cccwwcscccccsccc..",
    ".....ccwwcccccccccc...",
    ".....cccwwwwwwwcccc...",
    ".....cc.cc....cc.cc...",
    ".....cc.cs....cs.cc...",
    ".....cc.cs....cs.cc...",
    ".....cc.cs....cs.cc...",
    ".....kk.kk....kk.kk...",
)


def deer(canvas: Canvas, scene: Scene) -> None:
    """Stand a deer in the foreground that flicks its ears and lifts its head."""
    coat = (0.76, 0.50, 0.30)
    colors = {"c": coat, "s": lit(coat, 0.6), "w": lit(coat, 0.75), "p": (0.98, 0.70, 0.66), "a": (0.52, 0.36, 0.26),
              "e": _INK, "i": (1.0, 1.0, 1.0), "n": (0.20, 0.14, 0.16), "k": (0.28, 0.20, 0.20)}  # fmt: skip
    flip = bool(scene.chance("deer").random() < 0.5)
    ears = {5: "cc...ccccc...cc.......", 6: ".pcccccccccccp........"}
    flicked = tuple(ears.get(k, row) for k, row in enumerate(_DEER))
    poses = [drawn(canvas, ("deer", k), rows, colors, flip=flip)
             for k, rows in enumerate((_DEER, flicked, shut(_DEER, "c", "k")))]  # fmt: skip
    x, y = column(scene, "deer", 24), foot(scene) - 26
    shown = blinks(scene, "deer")
    canvas.blit([poses[2] if shown[t] else poses[int(t % 8 in (2, 4))] for t in range(FRAMES)], x, y, 0.9)


_SHEEP = (
    "......wwww.wwww......",
    "....wwwwwwwwwwwww....",
    "..wwwlwwwwlwwwwwww...",
    "..wwwwwwwwwwwwlwwww..",
    ".fwwwffwwwwlwwwwwww..",
    "ffffffffwwwwwwwwlwww.",
    ".feffefwwwlwwwwwwwww.",
    ".feffefwwwwwwwlwwwww.",
    "..ffffffwwwwwwwwwwsw.",
    "..fffffwwwwlwwwwwsww.",
    "...fnfwwwwwwwwwwssw..",
    "....wwwsswwsswwsww...",
    "......sswssswssww....",
    "......ff.ff.ff.ff....",
    "......ff.ff.ff.ff....",
    "......kk.kk.kk.kk....",
)


def sheep(canvas: Canvas, scene: Scene) -> None:
    """Stand a sheep in the foreground that nods and chews, its wool trembling."""
    colors = {"w": (0.98, 0.97, 0.94), "l": (0.86, 0.85, 0.88), "s": (0.78, 0.76, 0.82), "f": (0.34, 0.30, 0.36),
              "e": (0.98, 0.98, 0.98), "i": (0.98, 0.98, 0.98), "n": (0.80, 0.52, 0.54),
              "k": (0.20, 0.17, 0.20)}  # fmt: skip
    trembling = tuple(row.replace("wl", "lw") for row in _SHEEP)
    flip = bool(scene.chance("sheep").random() < 0.5)
    poses = [drawn(canvas, ("sheep", k), rows, colors, flip=flip)
             for k, rows in enumerate((_SHEEP, trembling, shut(trembling, "f")))]  # fmt: skip
    x, y = column(scene, "sheep", 23), foot(scene) - 17
    shown = blinks(scene, "sheep")
    canvas.blit([poses[2] if shown[t] else poses[t // 4 % 2] for t in range(FRAMES)], x, y, 0.9, dy=bob(0.6, pace=2))
