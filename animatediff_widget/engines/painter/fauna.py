"""Animals of the night, the ice and the sea, and one of fables."""

from __future__ import annotations

import numpy as np

from .animals import blinks, shut
from .canvas import Canvas
from .craft import bob, column, drawn, foot, turns
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import art, lit, padded

__all__ = ["owl", "penguin", "turtle", "unicorn"]

_INK = (0.16, 0.12, 0.16)

_OWL = (
    "bb........bb",
    "bbbb....bbbb",
    ".bbbbbbbbbb.",
    ".bwwwbbwwwb.",
    "bwyyywwyyywb",
    "bwykywwykywb",
    "bwyyywwyyywb",
    "bbwwwoowwwbb",
    "bbbwwoowwbbb",
    "sbbllllllbbs",
    "sbblclclcbbs",
    "sbbllllllbbs",
    "sbblclclcbbs",
    "ssbllllllbss",
    ".ssblllllss.",
    "..sooso.oo..",
)
_STUMP = (
    ".......dddddd.........",
    ".g....dldlldld....g...",
    "ggg...dddddddd...ggg..",
    ".gdd..dDdDdDDd.ddg....",
    "...ddddDdDdDDdddd.....",
    ".....ddDdDdDDdd.......",
    "......dDdDdDDd........",
    "......dDdDdDDd........",
    ".....ddDdDdDDdd.......",
    "....dddDDdDDDddd......",
)


def owl(canvas: Canvas, scene: Scene) -> None:
    """Perch an owl on a stump that blinks and turns its eyes."""
    colors = {"b": (0.52, 0.38, 0.30), "s": (0.38, 0.27, 0.24), "w": (0.93, 0.85, 0.72), "y": (1.0, 0.82, 0.25),
              "k": (0.10, 0.08, 0.12), "o": (0.96, 0.62, 0.20), "l": (0.84, 0.72, 0.56), "c": (0.60, 0.45, 0.34),
              "g": (0.40, 0.62, 0.34), "d": (0.42, 0.30, 0.25), "D": (0.30, 0.21, 0.20)}  # fmt: skip
    aside = tuple(row.replace("yky", "yyk") for row in _OWL)
    closed = tuple(row.replace("yyy", "bbb") if k == 4 else row.replace("yky", "bbb") if k == 5
                   else row.replace("yyy", "kkk") for k, row in enumerate(_OWL))  # fmt: skip
    poses = [drawn(canvas, ("owl", k), rows, colors, glow=0.45) for k, rows in enumerate((_OWL, aside, closed))]
    x, y = column(scene, "owl", 24), foot(scene) - 26
    canvas.blit(drawn(canvas, "owl's stump", _STUMP, colors, glow=0.2), x, y + 15, 0.9)
    shown = blinks(scene, "owl")
    look = [poses[2] if shown[t] else poses[int(t % 8 > 4)] for t in range(FRAMES)]
    canvas.blit(look, x + 4, y, 0.9, dy=bob(0.6).clip(-1, 0))


_PENGUIN = (
    "....kkkkkk....",
    "...kkkkkkkk...",
    "..kkwwkkwwkk..",
    "..kwiewwiewk..",
    "..kweewweewk..",
    "..kwwwoowwwk..",
    "..kkwoooowkk..",
    ".kkkwwwwwwkkk.",
    ".kkwwwwwwwwkk.",
    "kkkwwwwwwwwkkk",
    "kk.wwwwwwww.kk",
    "kk.wwwwwwww.kk",
    "k..kwwwwwwk..k",
    "...kkwwwwkk...",
    "..oooo..oooo..",
)


def penguin(canvas: Canvas, scene: Scene) -> None:
    """Let a penguin waddle from foot to foot, and its chick beside it."""
    colors = {"k": (0.18, 0.20, 0.30), "w": (0.98, 0.98, 1.0), "o": (0.98, 0.64, 0.18), "e": _INK,
              "i": (1.0, 1.0, 1.0)}  # fmt: skip
    young = {**colors, "k": (0.56, 0.60, 0.68)}
    small = (".kkkk..", "kwwwwk.", "kewwek.", "kwoowk.", "kkwwkkk", "kwwwwkk", "kwwwwk.", ".oo.oo.")
    left = (*(row[1:] for row in _PENGUIN[:7]), *_PENGUIN[7:14], "..oooo")
    right = (*("." + row[:-1] for row in _PENGUIN[:7]), *_PENGUIN[7:14], "........oooo")
    poses = [drawn(canvas, ("penguin", k), rows, colors) for k, rows in enumerate((_PENGUIN, left, right))]
    x, y = column(scene, "penguin", 24), foot(scene) - 16
    canvas.blit(turns(poses, (1, 1, 0, 0, 2, 2, 0, 0) * 2), x, y, 0.9)
    canvas.blit(drawn(canvas, "chick", small, young), x + 15, y + 7, 0.9, dy=-np.abs(bob(1.2, 0.8, 2)))


_TURTLE = (
    "........GGGGGG........",
    "......GGlGGGGlGG......",
    ".....GlGGGllGGGlGG....",
    "....GGGGGlGGlGGGGGG...",
    "...GlGGlGGGGGGlGGlGG..",
    "...GGGGGGlGGlGGGGGGG..",
    "...yyyyyyyyyyyyyyyyy..",
    "....gggsssssssssggg.t.",
    "...gggg.........gggg..",
    "...ggg...........ggg..",
)
_HEAD = ("..gggg.", ".gggggg", "gieggg.", "geeggg.", "ggggggg", ".nn.ggg", "....ggg")


def turtle(canvas: Canvas, scene: Scene) -> None:
    """Let a turtle stretch its neck and draw it in again."""
    skin, shell = (0.58, 0.76, 0.42), (0.34, 0.50, 0.30)
    colors = {"G": shell, "l": lit(shell, 0.3), "g": skin, "s": lit(skin, -0.3), "y": (0.90, 0.80, 0.50), "t": skin,
              "e": _INK, "i": (1.0, 1.0, 1.0), "n": lit(skin, -0.4)}  # fmt: skip
    flip = bool(scene.chance("turtle").random() < 0.5)
    heads = [drawn(canvas, ("turtle's head", k), rows, colors, flip=flip)
             for k, rows in enumerate((_HEAD, shut(_HEAD, "g", "n")))]  # fmt: skip
    x, y = column(scene, "turtle", 28), foot(scene) - 11
    reach = np.rint(2.4 + 2.4 * np.sin(PHASE)).astype(int)
    shown = blinks(scene, "turtle")
    canvas.blit(turns(heads, shown), x + (21 if flip else 3), y - 1, 0.9, dx=(reach - 5 if flip else 3 - reach),
                dy=2 - reach // 2)  # fmt: skip
    canvas.blit(drawn(canvas, "turtle", _TURTLE, colors, flip=flip), x + (0 if flip else 5), y, 0.9)


_UNICORN = (
    "y.........................",
    ".yy.k.....................",
    "..yyhhv...................",
    "...hhhhvv.................",
    "..hhhhhbbv................",
    ".hhehhhhbbb...............",
    "hhhhhhhhgbb...............",
    "nhhhhhhhhggv..............",
    ".nn..hhhhhyyg.............",
    ".....hhhhhhoyhhhhhhhh.....",
    ".....hhhhhhhrhhlllhhhh....",
    "......hhhhhhhhlllhhhhhh...",
    "......hhhhhhhhhhhhhhhhh...",
    "......hhhhhhhhhhhhhhhhs...",
    "......hhhhssssssshhhhhs...",
    "......hhs.........hhssh...",
    "......hh.s.........hh.s...",
    "......hh.ss........hh.ss..",
    "......hh..s........hh..s..",
    "......hh..s........hh..s..",
    "......dd..d........dd..d..",
)
_UNICORN_TAIL = ("vb....", "vbbg..", ".vbgg.", "..bgy.", "..bgyy", "..bgyo", ".vbgyo", ".vbgy.", "..bg..", "..b...")


def unicorn(canvas: Canvas, scene: Scene) -> None:
    """Stand a unicorn in the foreground, its tail in the wind, stars about its horn."""
    rng = scene.chance("unicorn")
    coat = (0.99, 0.97, 1.0)
    colors = {"h": coat, "s": (0.82, 0.80, 0.92), "l": (1.0, 1.0, 1.0), "k": (0.95, 0.80, 0.88), "e": _INK,
              "n": (0.96, 0.74, 0.80), "d": (0.86, 0.70, 0.40), "y": (1.0, 0.86, 0.40), "v": (0.72, 0.50, 0.92),
              "b": (0.46, 0.66, 0.98), "g": (0.50, 0.86, 0.62), "o": (1.0, 0.66, 0.36),
              "r": (0.98, 0.48, 0.58)}  # fmt: skip
    x, y = column(scene, "unicorn", 30), foot(scene) - 22
    sways = canvas.motion.sway(rng.uniform(0, 6.28), 1.4)
    tails = canvas.swaying("unicorn's tail", lambda: art(padded(_UNICORN_TAIL), colors), sways, hanging=True, glow=0.3)
    canvas.blit(tails, x + 21, y + 9, 0.85)
    canvas.blit(drawn(canvas, "unicorn", _UNICORN, colors), x, y, 0.85)
    count = 9
    angle = rng.uniform(0, 6.28, count)
    shine = np.clip(np.sin(PHASE[:, None] + angle), 0, 1)
    sx, sy = x + rng.uniform(-4, 10, count), y + rng.uniform(-8, 6, count)
    for dx, dy, share in ((0, 0, 1.0), (1, 0, 0.5), (-1, 0, 0.5), (0, 1, 0.5), (0, -1, 0.5)):
        canvas.dots(sx + dx, sy + dy, (1.0, 0.95, 0.70), opacity=shine**2 * share, depth=0.85, glow=1.0)
