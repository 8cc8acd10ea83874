"""Trees."""

from __future__ import annotations

import numpy as np

from .canvas import SIZE, Canvas
from .scene import Scene
from .sprites import Color, Sprite, blank, ellipse, lit, mix, put

__all__ = ["bamboo", "pine", "tree"]

_CROWNS: dict[str, Color] = {
    "cherry": (1.0, 0.72, 0.82),
    "plum": (0.93, 0.40, 0.56),
    "spring": (0.52, 0.76, 0.36),
    "summer": (0.28, 0.60, 0.28),
    "autumn": (0.92, 0.50, 0.20),
    "winter": (0.90, 0.94, 1.0),
}
_BARK: Color = (0.42, 0.28, 0.24)


def _crown(sprite: Sprite, color: Color, blobs: list[tuple[float, float, float]], speckle: np.random.Generator) -> None:
    """Paint a crown of round clusters, lit from above on the left, with single blossoms picked out."""
    height, width = sprite.alpha.shape
    crown = np.zeros((height, width), dtype=bool)
    for cy, cx, r in blobs:
        shape = ellipse(height, width, cy, cx, r, r * 1.12)
        put(sprite, shape, lit(color, -0.22))
        put(sprite, ellipse(height, width, cy - 0.8, cx - 0.6, r - 0.8, r), color)
        crown |= shape
    for cy, cx, r in blobs:
        put(sprite, ellipse(height, width, cy - r * 0.38, cx - r * 0.35, r * 0.5, r * 0.62) & crown, lit(color, 0.3))
    dice = speckle.random((height, width))
    put(sprite, crown & (dice < 0.10), lit(color, 0.6))
    put(sprite, crown & (dice > 0.93), lit(color, -0.38))
    # A ragged edge reads as leaves.
    core = crown.copy()
    core[1:-1, 1:-1] = crown[1:-1, 1:-1] & crown[:-2, 1:-1] & crown[2:, 1:-1] & crown[1:-1, :-2] & crown[1:-1, 2:]
    sprite.alpha[crown & ~core & (dice < 0.35)] = 0


def tree(canvas: Canvas, scene: Scene, name: str) -> None:
    """Paint a tree: cherry and plum in blossom, others as the season has them."""
    rng = scene.chance(name)
    kind = int(rng.integers(0, 3))
    blossom = name in ("cherry", "plum")
    color = _CROWNS[name if blossom else scene.season]
    height, width = 58 if blossom else 48, 54 if blossom else 40

    def make() -> Sprite:
        shape = np.random.default_rng([kind, *name.encode()])
        sprite = blank(height, width)
        y, x = np.mgrid[:height, :width]
        middle = width / 2
        bend = 2.2 * np.sin((y - height) / 9 + kind * 2)
        half = 2.0 + np.maximum(y - height + 9, 0) ** 1.3 * 0.22 + (0.6 if blossom else 0)
        trunk = (np.abs(x - middle - bend) <= half) & (y > height * 0.32)
        bark = (0.30, 0.20, 0.22) if name == "plum" else _BARK
        put(sprite, trunk, bark)
        put(sprite, trunk & (x - middle - bend < -0.8), lit(bark, 0.22))
        put(sprite, trunk & (x - middle - bend > 1.2), lit(bark, -0.3))
        for side, start, reach in ((-1, 0.62, 15), (1, 0.56, 16), (-1, 0.44, 10)):
            along = np.linspace(0, 1, 40)
            by = (height * start - along * 11).round().astype(int)
            bx = (middle + side * along * reach).round().astype(int)
            for k in (0, 1):
                put(sprite, (_points((height, width), by + k, bx)), bark)
        blobs = []
        rings = 9 if blossom else 7
        for index in range(rings):
            angle = index * 2 * np.pi / rings + shape.uniform(-0.25, 0.25)
            blobs.append(
                (
                    height * 0.30 + np.sin(angle) * height * 0.155,
                    middle + np.cos(angle) * width * 0.29,
                    float(shape.uniform(5.6, 8.2)),
                )
            )
        blobs += [(height * 0.27, middle, 9.5), (height * 0.2, middle - 5, 7.5), (height * 0.22, middle + 6, 7.0)]
        _crown(sprite, color, blobs, shape)
        return sprite

    sways = canvas.motion.sway(rng.uniform(0, 6.28), 1.2)
    key = (name, kind, scene.season)
    foot = scene.ground + 7 if scene.ground < SIZE else scene.horizon + 4
    sprites = canvas.swaying(key, make, sways, power=1.4, glow=0.12)
    canvas.blit(sprites, scene.places[name] - width // 2, foot - height, 0.7)


def _points(shape: tuple[int, int], y: np.ndarray, x: np.ndarray) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
    mask[y[inside], x[inside]] = True
    return mask


def pine(canvas: Canvas, scene: Scene) -> None:
    """Paint a fir with tiers, and snow on them in winter."""
    rng = scene.chance("pine")
    height, width = 44, 27

    def make() -> Sprite:
        sprite = blank(height, width)
        y, x = np.mgrid[:height, :width]
        middle = (width - 1) / 2
        put(sprite, (np.abs(x - middle) < 2) & (y > 36), _BARK)
        green = (0.16, 0.42, 0.32)
        for tip, foot, reach in ((14, 39, 12.0), (7, 28, 9.5), (1, 18, 7.0)):
            half = (y - tip) / (foot - tip) * reach
            tier = (y >= tip) & (y <= foot - (np.abs(x - middle) % 4 < 1.5) * 1.0) & (np.abs(x - middle) <= half)
            put(sprite, tier, green)
            put(sprite, tier & (x - middle < -half * 0.25), lit(green, 0.16))
            put(sprite, tier & (y > foot - 3), lit(green, -0.25))
            if scene.season == "winter":
                put(sprite, tier & (y < tip + 6 - np.abs(np.sin(x * 1.1)) * 2), (0.95, 0.97, 1.0))
                put(sprite, tier & (y > foot - 5) & (y < foot - 2) & (x % 3 > 0) & (x < middle + 2), (0.95, 0.97, 1.0))
        return sprite

    sways = canvas.motion.sway(rng.uniform(0, 6.28), 1.1)
    foot = scene.ground + 6 if scene.ground < SIZE else scene.horizon + 3
    canvas.blit(canvas.swaying(("pine", scene.season), make, sways), scene.places["pine"] - 13, foot - height, 0.7)


def bamboo(canvas: Canvas, scene: Scene) -> None:
    """Paint a few tall canes with leaves."""
    rng = scene.chance("bamboo")
    for index in range(4):
        kind = int(rng.integers(0, 3))

        def make(kind: int = kind) -> Sprite:
            shape = np.random.default_rng([kind, 11])
            height, width = 62, 20
            sprite = blank(height, width)
            green = mix((0.42, 0.70, 0.32), (0.60, 0.74, 0.30), kind / 3)
            sprite.alpha[:, 9:12] = 1
            sprite.color[:, 9], sprite.color[:, 10], sprite.color[:, 11] = lit(green, 0.3), green, lit(green, -0.3)
            for y in range(4 + kind * 2, height, 9):
                sprite.color[y, 9:12] = lit(green, -0.45)
                sprite.color[y + 1 : y + 2, 9:12] = lit(green, 0.45)
                side = 1 if shape.random() < 0.5 else -1
                for k in range(7):
                    for drop in (0, 1):
                        ly, lx = y + k // 2 + drop * (k > 1), 10 + side * (2 + k)
                        if 0 <= ly < height and 0 <= lx < width and y < 44:
                            sprite.color[ly, lx] = lit(green, 0.1 - 0.3 * drop)
                            sprite.alpha[ly, lx] = 1
            return sprite

        x = scene.places["bamboo"] + (-9, -2, 5, 11)[index] - 10
        foot = (scene.ground if scene.ground < SIZE else scene.horizon) + 3 + index % 2 * 3
        sways = canvas.motion.sway(rng.uniform(0, 1.5), 1.8)
        canvas.blit(canvas.swaying(("bamboo", kind), make, sways), x, foot - 62, 0.7)
