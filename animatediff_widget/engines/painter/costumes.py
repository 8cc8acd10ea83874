"""What makes a person a wizard, a witch, a princess, a knight, a samurai or a ninja."""

from __future__ import annotations

from functools import partial

import numpy as np

from .canvas import Canvas
from .craft import TURN
from .figure import anchor
from .motions import PHASE
from .scene import Scene
from .sprites import Color, Floats, Sprite, art, lit, padded, put, rgb
from .worn import DEPTH, GLOW, GOLD, box, put_on, sparkle

__all__ = ["knight", "ninja", "princess", "samurai", "witch", "wizard"]

_STEEL: Color = (0.72, 0.75, 0.84)


def _pointed_hat(cloth: Color, band: Color, bend: float) -> Sprite:
    sprite, y, x = box()
    put(sprite, ((y - 7.5) / 3.4) ** 2 + (x / 20) ** 2 <= 1, lit(cloth, -0.28))
    put(sprite, ((y - 6.8) / 2.8) ** 2 + (x / 19.5) ** 2 <= 1, cloth)
    # The tip bends to the side.
    middle = np.clip(4 - y, 0, 20) ** 1.5 * 0.09 * bend
    half = 10.2 * np.clip((y + 12.5) / 19, 0, 1) ** 0.85 + 0.4
    cone = (y >= -12) & (y < 8) & (np.abs(x - middle) <= half)
    put(sprite, cone, cloth)
    put(sprite, cone & (x - middle < -half * 0.45), lit(cloth, 0.2))
    put(sprite, cone & (x - middle > half * 0.5), lit(cloth, -0.25))
    put(sprite, cone & (y >= 4) & (y < 7), band)
    return sprite


def wizard(canvas: Canvas, scene: Scene) -> None:
    """Put on a wizard's pointed hat with stars that twinkle."""
    put_on(canvas, scene, "wizard", partial(_pointed_hat, (0.30, 0.32, 0.66), GOLD, 1.0))
    sparkle(canvas, scene, "wizard", [(-4, -1), (3, 2), (2, -5), (-1, 3), (6, 1)], (1.0, 0.93, 0.55))


def witch(canvas: Canvas, scene: Scene) -> None:
    """Put on a witch's hat with a buckle; magic glimmers around it."""

    def make() -> Sprite:
        sprite = _pointed_hat((0.30, 0.22, 0.36), (0.62, 0.36, 0.74), -1.0)
        _, y, x = box()
        buckle = (y >= 3) & (y < 8) & (np.abs(x) < 3.2)
        put(sprite, buckle, GOLD)
        put(sprite, buckle & (y >= 4.5) & (y < 6.5) & (np.abs(x) < 1.7), (0.40, 0.24, 0.48))
        return sprite

    put_on(canvas, scene, "witch", partial(make))
    sparkle(canvas, scene, "witch", [(-17, 2), (16, -3), (-12, -7), (19, 8), (10, -10)], (0.86, 0.66, 1.0))


def princess(canvas: Canvas, scene: Scene) -> None:
    """Put on a tiara and a necklace whose jewels flash."""

    def make() -> Sprite:
        sprite, y, x = box()
        arc = 7.5 + x**2 * 0.018
        band = (np.abs(x) < 10.5) & (y >= arc - 2) & (y < arc)
        spikes = (np.abs(x) < 10.5) & (y < arc - 1) & (y >= arc - 2 - np.clip(5.5 - np.abs(x) * 0.45, 0, 6)
                                                       + 2.2 * np.abs((x + 20) % 4 - 2))  # fmt: skip
        put(sprite, spikes | band, GOLD)
        put(sprite, (spikes | band) & (x < -3), lit(GOLD, 0.4))
        put(sprite, (np.abs(x) < 1.3) & (y >= 3.5) & (y < 6), (0.94, 0.34, 0.56))
        put(sprite, (np.abs(np.abs(x) - 5.5) < 0.8) & (np.abs(y - arc + 2) < 0.8), (0.45, 0.75, 1.0))
        pearls = (np.abs(y - 30 - np.clip(3.4 - x**2 * 0.12, 0, 4)) < 0.8) & (np.abs(x) < 5.6)
        put(sprite, pearls, (0.99, 0.97, 0.94))
        put(sprite, (np.abs(x) < 1.2) & (y >= 34) & (y < 36.5), (0.94, 0.34, 0.56))
        return sprite

    put_on(canvas, scene, "princess", partial(make))
    sparkle(canvas, scene, "princess", [(0, 3), (-6, 5), (6, 5), (0, 35)], (1.0, 1.0, 0.92))


def _plates(sprite: Sprite, y: Floats, x: Floats, metal: Color, trim: Color) -> None:
    """Put plates of armour over breast and shoulders."""
    shoulder = 5.6 + 6.8 * np.sqrt(np.clip((y - 30.5) / 6, 0, 1)) + np.maximum(y - 37, 0) * 0.18
    breast = (y >= 30.5) & (np.abs(x) <= shoulder)
    put(sprite, breast, metal)
    put(sprite, breast & (x > shoulder * 0.5), lit(metal, -0.22))
    put(sprite, breast & (np.abs(x) < 0.7), lit(metal, 0.45))
    put(sprite, breast & (y % 5 < 1) & (y > 38) & (np.abs(x) < 8), lit(metal, -0.3))
    for side in (-1, 1):
        pad = ((y - 36) / 5) ** 2 + ((x - side * 12) / 5.2) ** 2 <= 1
        put(sprite, pad, lit(metal, 0.12))
        put(sprite, pad & (y > 38), lit(metal, -0.25))
        put(sprite, pad & (np.abs(y - 37.5) < 0.7), trim)


def knight(canvas: Canvas, scene: Scene) -> None:
    """Put on a knight's armour and helmet, its plume in the wind and light running over the steel."""

    def make() -> Sprite:
        sprite, y, x = box()
        _plates(sprite, y, x, _STEEL, GOLD)
        dome = ((y - 13) / 12.2) ** 2 + (x / 12.4) ** 2 <= 1
        helm = (dome & (y < 15)) | ((y >= 12) & (y < 30) & (np.abs(x) <= 12.2 - np.maximum(y - 22, 0) * 0.35))
        open_face = (y >= 14) & (y < 25) & (np.abs(x) <= 8.2)
        helm &= ~open_face
        put(sprite, helm, _STEEL)
        put(sprite, helm & (x < -6), lit(_STEEL, 0.35))
        put(sprite, helm & (x > 7), lit(_STEEL, -0.28))
        put(sprite, helm & (np.abs(y - 13 + np.abs(x) * 0.12) < 1.1), GOLD)
        put(sprite, helm & (np.abs(x) < 1) & (y < 12), lit(_STEEL, 0.5))
        put(sprite, helm & (y >= 26) & (np.abs(x) % 3 < 0.9) & (np.abs(x) < 7) & (y < 29), (0.28, 0.28, 0.36))
        return sprite

    plume = ("...rrr........", "..rrrrrrr.....", ".rrRrrrrrrr...", "rrRrrRrrrrrr..", "rRrrRrrrRrrrr.", ".rr..rrRrrrRrr",
             "......rrrrRrrr", "........rrrrrr", ".........rr.rr", "............r.")  # fmt: skip
    x, y, breath = anchor(canvas, scene)
    red = (0.88, 0.26, 0.30)
    sways = canvas.motion.sway(scene.chance("knight").uniform(0, 6.28), 1.6)
    feathers = canvas.swaying("plume", partial(art, padded(plume), {"r": red, "R": lit(red, -0.3)}), sways,
                              hanging=True,
                              glow=GLOW)  # fmt: skip
    canvas.blit(feathers, x + 19, y - 7, DEPTH, dy=breath)
    put_on(canvas, scene, "knight", partial(make))
    run = np.rint(-14 + 30 * TURN).astype(int)
    for k in range(5):
        canvas.dots((x + 22 + run - k // 2)[:, None], y + 4 + k + breath[:, None], (1.0, 1.0, 1.0),
                    opacity=(np.abs(run) < 8)[:, None] * 0.6, depth=DEPTH, glow=1.0)  # fmt: skip


def samurai(canvas: Canvas, scene: Scene) -> None:
    """Put on a samurai's armour and helmet with a golden crest."""

    def make() -> Sprite:
        sprite, y, x = box()
        lacquer = (0.34, 0.22, 0.30)
        _plates(sprite, y, x, (0.66, 0.22, 0.24), GOLD)
        bowl = ((y - 10) / 10) ** 2 + (x / 12.2) ** 2 <= 1
        put(sprite, bowl & (y < 11), lacquer)
        put(sprite, bowl & (y < 11) & (np.abs((x + 30) % 5 - 2.5) < 0.6), lit(lacquer, 0.3))
        flare = (y >= 9) & (y < 25) & (np.abs(x) > 9.4) & (np.abs(x) <= 10 + (y - 8) * 0.42)
        put(sprite, flare, (0.66, 0.22, 0.24))
        put(sprite, flare & (np.floor(y) % 4 == 0), GOLD)
        put(sprite, (y >= 9) & (y < 12) & (np.abs(x) < 12.5), lit(lacquer, -0.2))
        put(sprite, (np.abs(y - 9) < 0.6) & (np.abs(x) < 12.5), GOLD)
        crest = (x / 11.5) ** 2 + ((y + 1) / 9.5) ** 2
        horns = (crest <= 1) & ((x / 8.6) ** 2 + ((y + 3.4) / 8.6) ** 2 > 1) & (y > -8)
        put(sprite, horns, GOLD)
        put(sprite, horns & (x < -2), lit(GOLD, 0.4))
        put(sprite, ((y - 6) / 2.4) ** 2 + (x / 2.4) ** 2 <= 1, (0.90, 0.30, 0.28))
        return sprite

    put_on(canvas, scene, "samurai", partial(make))
    sparkle(canvas, scene, "samurai", [(-9, 0), (9, 0), (0, 6), (-12, 37)], (1.0, 0.97, 0.80))


def ninja(canvas: Canvas, scene: Scene) -> None:
    """Mask the face and tie a headband, whose ends fly in the wind."""
    cloth = (0.25, 0.26, 0.38)

    def make() -> Sprite:
        sprite, y, x = box()
        half = 9.6 - np.maximum(y - 20, 0) ** 1.75 * 0.16
        mask = (y >= 22) & (y < 31) & (np.abs(x) <= np.where(y < 28, half, 4.4))
        put(sprite, mask, cloth)
        put(sprite, mask & ((y + x * 0.4) % 3 < 0.9), lit(cloth, 0.16))
        put(sprite, mask & (y < 23), lit(cloth, 0.3))
        band = (y >= 10) & (y < 14) & (np.abs(x) < 10.6)
        put(sprite, band, (0.80, 0.24, 0.28))
        plate = (y >= 10) & (y < 14) & (np.abs(x) < 5)
        put(sprite, plate, _STEEL)
        put(sprite, plate & (y < 11), lit(_STEEL, 0.4))
        put(sprite, plate & (np.hypot(y - 12, x) < 1.4), lit(_STEEL, -0.45))
        return sprite

    put_on(canvas, scene, "ninja", partial(make))
    x, y, breath = anchor(canvas, scene)
    along = np.arange(15)
    red = rgb((0.80, 0.24, 0.28))
    for k in range(2):
        wave = 1.8 * np.sin(along / 2.6 - 2 * PHASE[:, None] + k) * along / 9
        for thick in (0, 1):
            canvas.dots(x + 33 + along, y + 11 + k * 2 + along * (0.2 + 0.35 * k) + wave + thick + breath[:, None],
                        red * np.float32(1 - 0.2 * thick), depth=DEPTH, glow=GLOW)  # fmt: skip
