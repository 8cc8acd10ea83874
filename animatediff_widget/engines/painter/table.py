"""Things that fit on a table, large in the foreground."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas
from .craft import TURN, bob, column, drawn, foot, is_dark, puffs, turns
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import lit
from .things import glow

__all__ = ["book", "cake", "cup", "ghost", "guitar", "piano"]

_WOOD = {"t": (0.66, 0.46, 0.32), "T": (0.50, 0.33, 0.24)}
_TABLE = (
    "tttttttttttttttttttttttttt",
    "TTTTTTTTTTTTTTTTTTTTTTTTTT",
    "..tT..................tT..",
    "..tT..................tT..",
    "..tT..................tT..",
)


def _table(canvas: Canvas, scene: Scene, name: str) -> tuple[int, int]:
    """Stand a small table; give the left edge and the row of its top."""
    x, y = column(scene, name, 28), foot(scene) - 6
    canvas.blit(drawn(canvas, "table", _TABLE, _WOOD, glow=0.2), x, y, 0.9)
    return x, y


_CAKE = (
    "....ccccccccccccc...",
    "..ccccccccccccccccc.",
    ".ccrccccrccccrccccrc",
    ".cppcppcppcppcppcppc",
    ".ppppppppppppppppppp",
    ".pspppspppspppspppsp",
    ".ccccccccccccccccccc",
    ".bbbbbbbbbbbbbbbbbbb",
    ".bbBbbbBbbbBbbbBbbbb",
    ".ccccccccccccccccccc",
    ".pppppppppppppppppPP",
    ".pppppppppppppppPPPP",
    "wwwwwwwwwwwwwwwwwwwww",
    "..WWWWWWWWWWWWWWWWW..",
)


def cake(canvas: Canvas, scene: Scene) -> None:
    """Serve a cake with strawberries, whose candles flicker."""
    pink = (1.0, 0.74, 0.80)
    colors = {"c": (1.0, 0.97, 0.92), "p": pink, "P": lit(pink, -0.15), "r": (0.92, 0.22, 0.28),
              "s": (0.62, 0.80, 0.95),
              "b": (0.93, 0.76, 0.50), "B": (0.78, 0.56, 0.36), "w": (0.94, 0.96, 1.0),
              "W": (0.74, 0.78, 0.88)}  # fmt: skip
    x, y = _table(canvas, scene, "cake")
    y -= 15
    dark = is_dark(scene)
    glow(canvas, x + 13, y - 4, 15, (1.0, 0.75, 0.38), 0.6 if dark else 0.3)
    for index, at in enumerate((7, 11, 15, 19)):
        wax = ((0.55, 0.78, 0.95), (1.0, 0.86, 0.50), (0.95, 0.60, 0.78), (0.60, 0.85, 0.65))[index]
        canvas.dots(np.full(5, x + at), y - 3 + np.arange(5), wax, depth=0.9, glow=0.3)
        canvas.dots(np.full(2, x + at + 1), y - 2 + np.arange(2) * 2, lit(wax, 0.5), depth=0.9, glow=0.3)
        lean = np.rint(0.7 * canvas.motion.wind * np.sin(2 * PHASE + index * 1.9))[:, None]
        for dy, tint, share in (
            (-4, (1.0, 0.62, 0.22), 1.0),
            (-5, (1.0, 0.92, 0.55), 1.0),
            (-6, (1.0, 0.85, 0.42), 0.8),
        ):
            canvas.dots(x + at + lean * (dy < -4), [y + dy], tint, opacity=share, depth=0.9, glow=1.0)
        tall = (np.sin(3 * PHASE + index) > 0.2)[:, None] * 0.8
        canvas.dots(x + at + lean, [y - 7], (1.0, 0.70, 0.30), opacity=tall, depth=0.9, glow=1.0)
    canvas.blit(drawn(canvas, "cake", _CAKE, colors), x + 2, y, 0.9)


_CUP = (
    ".ddddddddddddd....",
    "ddooooooooooodd...",
    "wwdddddddddddwwww.",
    "wwwwwwwwwwwwwww.ww",
    "wbwwwwwwwwwwwsw..w",
    "wbbwbbwbbwbbwsw..w",
    "wwbbwbbwbbwbwsw.ww",
    "wwwwwwwwwwwwwswww.",
    ".wwwwwwwwwwwsw....",
    ".wwwwwwwwwwwsw....",
    "..wwwwwwwwwss.....",
    "wwwwwwwwwwwwwwwww.",
    ".SSSSSSSSSSSSSSS..",
)


def cup(canvas: Canvas, scene: Scene) -> None:
    """Set a cup on its saucer, hot and steaming."""
    rng = scene.chance("cup")
    drink = ((0.42, 0.26, 0.18), (0.72, 0.46, 0.22))[int(rng.integers(0, 2))]
    colors = {"w": (0.97, 0.97, 0.98), "s": (0.82, 0.84, 0.90), "S": (0.70, 0.73, 0.82), "d": (0.88, 0.89, 0.94),
              "o": drink, "b": ((0.36, 0.52, 0.82), (0.86, 0.40, 0.44))[int(rng.integers(0, 2))]}  # fmt: skip
    x, y = _table(canvas, scene, "cup")
    for side in (6, 10, 14):
        puffs(canvas, x + side, y - 15, (1.0, 1.0, 1.0), count=7, rise=17, wide=2.6, depth=0.9, opacity=0.6)
    canvas.blit(drawn(canvas, ("cup", drink, colors["b"]), _CUP, colors), x + 3, y - 14, 0.9)


_BOOK = (
    "..wwwww.........wwwww..",
    ".wwwwwwww.....wwwwwwww.",
    "rwlllwwwwww.wwwwwlllwwr",
    "rwwwwlllwwwwwwwlllwwwwr",
    "rwlllwwlllwwwlllwwlllwr",
    "rwwwwlllwwwswwwlllwwwwr",
    "rwlllwwlllwswlllwwlllwr",
    "rwwwwlllwwwswwwlllwwwwr",
    "rwwwwwwlllwswlllwwwwwwr",
    "rrrwwwwwwwwswwwwwwwwrrr",
    "..rrrrwwwwwswwwwwrrrr..",
    "......rrrrrrrrrrr......",
)
_LEAVES = (
    (
        "ww.......",
        "wlww.....",
        "wwlwww...",
        "wlwwlww..",
        "wwlwwww..",
        "wlwwlww..",
        "wwlwwww..",
        ".wwwlww..",
        "..wwwww..",
    ),
    (
        "...w.....",
        "..www....",
        ".wwlww...",
        ".wlwlw...",
        ".wwlww...",
        ".wlwlw...",
        ".wwlww...",
        ".wwwww...",
        "..www....",
    ),
    (
        ".......ww",
        ".....wwlw",
        "...wwwlww",
        "..wwlwwlw",
        "..wwwwlww",
        "..wwlwwlw",
        "..wwwwlww",
        "..wwlwww.",
        "..wwwww..",
    ),
)


def book(canvas: Canvas, scene: Scene) -> None:
    """Open a book that turns its own pages while letters of light rise from it."""
    rng = scene.chance("book")
    cover = ((0.62, 0.24, 0.28), (0.26, 0.36, 0.62), (0.28, 0.48, 0.38))[int(rng.integers(0, 3))]
    colors = {"w": (0.99, 0.96, 0.88), "l": (0.70, 0.66, 0.64), "s": (0.80, 0.76, 0.70), "r": cover}
    x, y = _table(canvas, scene, "book")
    canvas.blit(drawn(canvas, ("book", cover), _BOOK, colors), x + 1, y - 12, 0.9)
    leaves = [drawn(canvas, ("leaf", k), rows, colors, glow=0.4) for k, rows in enumerate(_LEAVES)]
    turning = turns(leaves, (2, 2, 1, 1, 0, 0, 0, 0))
    out = np.array([0 if t // 2 < 5 else 200 for t in range(FRAMES)])
    shift = np.array([4, 4, 0, 0, -4, -4, -4, -4])[np.arange(FRAMES) // 2]
    canvas.blit(turning, x + 8, y - 17, 0.9, dx=shift, dy=out)
    count = 12
    age = (rng.random(count) + TURN[:, None]) % 1.0
    side = rng.uniform(-9, 9, count)
    for dx, share in ((0, 1.0), (1, 0.5)):
        canvas.dots(x + 12 + dx + side * (0.5 + age) + np.sin(6.28 * age), y - 12 - 20 * age, (1.0, 0.90, 0.50),
                    opacity=np.sin(np.pi * age) * share, depth=0.9, glow=1.0)  # fmt: skip


def _notes(canvas: Canvas, scene: Scene, name: str, x: float, y: float) -> None:
    """Let notes of music float up."""
    rng = scene.chance(f"{name}'s notes")
    tints = ((1.0, 0.92, 0.55), (0.75, 0.92, 1.0), (1.0, 0.72, 0.82))
    rows = (("..nn", "..n.", "..n.", "nnn.", "nn.."), (".nnnn", ".n..n", ".n..n", "nn.nn", "nn.nn"))
    for index in range(3):
        note = drawn(canvas, ("note", index), rows[index % 2], {"n": tints[index]}, glow=1.0)
        age = (TURN + index / 3 + rng.uniform(-0.08, 0.08)) % 1.0
        dx = np.rint(9 * (index - 1) * (0.3 + age) + 2 * np.sin(6.28 * age)).astype(int)
        frames = [note.faded(float(share)) for share in np.clip(2.2 * np.sin(np.pi * age), 0, 1)]
        canvas.blit(frames, x, y, 0.9, dx=dx, dy=-np.rint(20 * age).astype(int))


_GUITAR = (
    ".......kk....",
    "......kkky...",
    "......ykk....",
    "......kkky...",
    "......dld....",
    "......dld....",
    "......dwd....",
    "......dld....",
    "......dwd....",
    "......dld....",
    "......dwd....",
    "..ooo.dld.oo.",
    ".oOOOOdldOOOo",
    ".oOOOOdldOOOo",
    "..oOOkklkkOo.",
    "..oOkkklkkko.",
    "..oOkkklkkko.",
    ".oOOOkklkkOOo",
    "oOOOOOOlOOOOo",
    "oOOOOOOlOOOOO",
    "oOOOdddddddOo",
    "oOOOOOOOOOOOo",
    ".oOOOOOOOOOo.",
    "..ooooooooo..",
)


def guitar(canvas: Canvas, scene: Scene) -> None:
    """Stand a guitar whose strings tremble while notes float up."""
    rng = scene.chance("guitar")
    wood = ((0.90, 0.62, 0.32), (0.76, 0.36, 0.24), (0.36, 0.48, 0.72))[int(rng.integers(0, 3))]
    colors = {"O": wood, "o": lit(wood, -0.35), "k": (0.24, 0.17, 0.17), "d": (0.38, 0.25, 0.20),
              "l": (0.95, 0.92, 0.85),
              "w": (0.90, 0.84, 0.70), "y": (0.96, 0.82, 0.42)}  # fmt: skip
    trembling = tuple(row.replace("dld", "ddl" if k % 2 else "ldd") for k, row in enumerate(_GUITAR))
    poses = [drawn(canvas, ("guitar", wood, k), rows, colors) for k, rows in enumerate((_GUITAR, trembling))]
    x, y = column(scene, "guitar", 15), foot(scene) - 25
    canvas.blit(turns(poses, (0, 1, 0, 1)), x, y, 0.9)
    _notes(canvas, scene, "guitar", x + 5, y + 6)


_PIANO = (
    "...............bbb.........",
    "............bbbBBBbb.......",
    ".........bbbBBBBBBBBbb.....",
    "......bbbBBBlBBBBBBBBBb....",
    "...bbbBBBBBBBlBBBBBBBBBb...",
    ".bbBBBBBBBBBBBlBBBBBBBBBb..",
    ".bbbbbbbbbbbbbbbbbbbbbbbbb.",
    "..k.yyyyyyyyyyyyyyyyyyy.b..",
    "..k.sysysysysysysysysys.b..",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "bwkwkwwkwkwkwwkwkwwkwkwkwwb",
    "bwwwwwwwwwwwwwwwwwwwwwwwwwb",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "sbbbbbbbbbbbbbbbbbbbbbbbbbs",
    ".bbb.........bb........bbb.",
    "..b..........bb.........b..",
    "..b..........yy.........b..",
    "..b.....................b..",
    "..y.....................y..",
)


def piano(canvas: Canvas, scene: Scene) -> None:
    """Stand a grand piano whose keys move by themselves while notes float up."""
    body = (0.20, 0.18, 0.24)
    colors = {"b": body, "B": lit(body, 0.22), "s": lit(body, 0.35), "l": lit(body, 0.6), "w": (0.99, 0.98, 0.95),
              "k": (0.12, 0.11, 0.15),
              "y": (0.93, 0.75, 0.38)}  # fmt: skip
    x, y = column(scene, "piano", 29), foot(scene) - 20
    canvas.blit(drawn(canvas, "piano", _PIANO, colors, glow=0.4), x, y, 0.9)
    melody = (2, 8, 12, 8, 16, 12, 8, 21)
    pressed = np.array([melody[t // 2] for t in range(FRAMES)])
    for dx, dy in ((0, 0), (1, 0), (0, -1), (1, -1)):
        canvas.dots((x + 1 + pressed + dx)[:, None], [y + 12 + dy], (0.55, 0.72, 0.98), depth=0.9, glow=0.5)
    _notes(canvas, scene, "piano", x + 12, y - 2)


_GHOST = (
    "....wwwwww....",
    "..wwwwwwwwww..",
    ".wwwwwwwwwwww.",
    ".wwwwwwwwwwws.",
    "wwwkkwwwkkwwws",
    "wwwkkwwwkkwwws",
    "wwwkkwwwkkwwws",
    "wwppwwwwwppwws",
    "wwwwwkkwwwwwws",
    "wwwwwkkwwwwwss",
    "wwwwwwwwwwwwss",
    "wwwwwwwwwwwwss",
    "wwwwwwwwwwwsss",
    "wwwwwwwwwwwsss",
)
_HEMS = (("www.wwww.wsss.", "ww...ww...ss.."), ("ww.wwww.wwwsss", "...www...ww.ss"))


def ghost(canvas: Canvas, scene: Scene) -> None:
    """Let a friendly ghost hover, through which one can see a little."""
    rng = scene.chance("ghost")
    colors = {"w": (0.96, 0.97, 1.0), "s": (0.76, 0.80, 0.96), "k": (0.16, 0.15, 0.26), "p": (1.0, 0.74, 0.80)}
    poses = [drawn(canvas, ("ghost", k), (*_GHOST, *hem), colors, glow=0.75).faded(0.86) for k, hem in enumerate(_HEMS)]
    x, y = column(scene, "ghost", 16), foot(scene) - 30
    glow(canvas, x + 8, y + 9, 15, (0.75, 0.82, 1.0), 0.35)
    dx, dy = canvas.motion.sway(rng.uniform(0, 6.28), 2.0), bob(2.6, rng.uniform(0, 6.28))
    canvas.blit(turns(poses, (0, 0, 1, 1) * 2), x, y, 0.85, dx=dx, dy=dy)
