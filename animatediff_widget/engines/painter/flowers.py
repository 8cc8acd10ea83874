"""Flowers, on the ground and hanging."""

from __future__ import annotations

import numpy as np

from .canvas import MARGIN, SIZE, Canvas
from .scene import Scene
from .sprites import Color, Sprite, art, blank, lit, put, rgb

__all__ = ["FLOWERS", "flowers", "sunflowers", "wisteria"]

FLOWERS: dict[str, Color] = {
    "white": (0.99, 0.98, 0.96),
    "black": (0.20, 0.16, 0.24),
    "red": (0.92, 0.22, 0.25),
    "blue": (0.36, 0.52, 0.95),
    "green": (0.55, 0.85, 0.45),
    "pink": (1.0, 0.62, 0.76),
    "purple": (0.66, 0.42, 0.88),
    "yellow": (1.0, 0.85, 0.30),
    "brown": (0.60, 0.40, 0.26),
    "orange": (1.0, 0.58, 0.22),
}
_BLOSSOM = {
    0: (".p.", "php", ".p."),
    1: (".pp..", "pphpp", ".ppp.", "..d.."),
    2: (".pp.pp.", "ppppppp", ".pphpp.", "..phhp.", ".ppppp.", ".pp.pp."),
}
_SUNFLOWER = (
    "...y.y.y...", ".y.yyyyy.y.", "..yyoooyy..", ".yyobbboyy.", "yyobbkbboyy", ".yobkbkboy.", "yyobbkbboyy",
    ".yyobbboyy.", "..yyoooyy..", ".y.yyyyy.y.", "...ygy.y...", ".....g.....", "..gg.g.....", ".gggggg.gg.",
    ".....ggggg.", ".....g.gg..", ".....g.....", ".....g.....", ".....g.....", ".....g.....",
)  # fmt: skip  # fmt: skip


def wisteria(canvas: Canvas, scene: Scene) -> None:
    """Hang long clusters of blossoms from the upper edge."""
    rng = scene.chance("wisteria")
    x = -MARGIN - 4.0
    while x < SIZE + MARGIN:
        kind = int(rng.integers(0, 4))
        # Clusters are short in the middle, where there is something to see.
        middle = abs(x + 5 - 32) < 18
        length = (9, 11, 12, 14)[kind] if middle else (15, 18, 21, 24)[kind]

        def make(kind: int = kind, length: int = length) -> Sprite:
            return _cluster(kind, length)

        sways = canvas.motion.sway(rng.uniform(0, 6.28), 1.5)
        sprites = canvas.swaying(
            ("wisteria", kind, length), make, sways, hanging=True, power=1.3, glow=0.15, outline=0.0
        )
        canvas.blit(sprites, x, -1, 1.0)
        x += float(rng.uniform(4.5, 8.5))


def _cluster(kind: int, length: int) -> Sprite:
    shape = np.random.default_rng([kind, length])
    height, width = length + 3, 11
    sprite = blank(height, width)
    y, x = np.mgrid[:height, :width]
    down = (y - 2) / length
    half = np.where(down < 0.25, 1.5 + down * 12, 4.3 * (1.05 - down) ** 0.8)
    inside = (y >= 2) & (down <= 1) & (np.abs(x - 5) <= half) & (shape.random((height, width)) > 0.10)
    deep, pale = rgb((0.48, 0.32, 0.78)), rgb((0.88, 0.78, 1.0))
    put(sprite, inside, 0)
    ramp = np.clip(down + 0.25 * (x < 5) + shape.uniform(-0.22, 0.22, (height, width)), 0, 1)[..., None]
    sprite.color[inside] = (deep + (pale - deep) * ramp.astype(np.float32))[inside]
    leaves = (y < 3) & (np.abs(x - 5) < 5) & (shape.random((height, width)) > 0.2)
    put(sprite, leaves & ~inside, (0.40, 0.64, 0.34))
    put(sprite, leaves & (y == 0), (0.55, 0.76, 0.40))
    return sprite


def flowers(canvas: Canvas, scene: Scene) -> None:
    """Scatter flowers over the ground, larger when nearer."""
    rng = scene.chance("flowers")
    names = scene.colors["flower"].split() if "flower" in scene.colors else ["pink", "white", "yellow", "red", "purple"]
    picks = rng.permutation(len(names))
    palette = [names[int(p)] for p in picks][:3]
    top = scene.ground + 3 if scene.ground < SIZE else scene.horizon + 4
    many = 24
    rows = np.sort(rng.uniform(top, SIZE - 1, many))
    columns = (np.arange(many) * 37 % 80) - MARGIN + rng.uniform(-3, 3, many)
    lean = canvas.motion.sway(rng.uniform(0, 6.28), 0.9)
    for y, x in zip(rows, columns, strict=True):
        name = palette[int(rng.integers(0, len(palette)))]
        size = 0 if y < top + 3 else 1 if y < top + 9 else 2
        petal = FLOWERS[name]

        def make(size: int = size, petal: Color = petal) -> Sprite:
            heart = (1.0, 0.80, 0.25) if petal[2] > 0.4 else (0.98, 0.95, 0.6)
            rows = [f".{row}." for row in _BLOSSOM[size]]
            width = len(rows[0])
            stem = "." * (width // 2) + "s" + "." * (width - width // 2 - 1)
            rows = ["." * width, *rows, *[stem] * (size + 1)]
            return art(rows, {"p": petal, "h": heart, "d": lit(petal, -0.2), "s": (0.30, 0.55, 0.28)})

        sprite = canvas.sprite(("flower", name, size), make, glow=0.15, outline=0.0)
        canvas.blit(sprite, x - 2, y - 4 - size * 2, 0.85, dx=lean if size else 0)


def sunflowers(canvas: Canvas, scene: Scene) -> None:
    """Plant a row of sunflowers in front."""
    rng = scene.chance("sunflower")

    def make() -> Sprite:
        return art(
            ["." * 13, *(f".{row}." for row in _SUNFLOWER)],
            {"y": (1.0, 0.80, 0.12), "o": (0.96, 0.60, 0.10), "b": (0.45, 0.27, 0.12), "k": (0.28, 0.16, 0.10),
             "g": (0.32, 0.60, 0.26)},
        )  # fmt: skip

    figure = scene.places.get("figure")
    for index in range(6):
        x = index * 13 - 9 + rng.uniform(-2, 2)
        y = 43 + (index % 2) * 5 + rng.uniform(-2, 2)
        if figure is not None and abs(x + 6 - figure) < 10:
            y += 8
        sways = canvas.motion.sway(rng.uniform(0, 6.28), 1.1)
        canvas.blit(canvas.swaying("sunflower", make, sways, glow=0.1), x, y, 0.95)
