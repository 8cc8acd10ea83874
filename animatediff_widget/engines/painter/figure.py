"""A person: head and shoulders in the foreground, with hair in the wind and eyes that blink."""

from __future__ import annotations

import numpy as np

from .canvas import SIZE, Canvas
from .motions import FRAMES
from .scene import Figure, Scene
from .sprites import Color, Sprite, blank, ellipse, lit, mix, put

__all__ = ["HAIR", "anchor", "figure"]

HAIR: dict[str, Color] = {
    "white": (0.93, 0.93, 0.98),
    "black": (0.20, 0.18, 0.26),
    "red": (0.80, 0.26, 0.22),
    "blue": (0.36, 0.52, 0.90),
    "green": (0.38, 0.70, 0.48),
    "pink": (0.98, 0.62, 0.76),
    "purple": (0.60, 0.42, 0.80),
    "yellow": (0.98, 0.82, 0.45),
    "brown": (0.52, 0.33, 0.24),
    "orange": (0.96, 0.55, 0.25),
}
EYES: dict[str, Color] = {
    "white": (0.80, 0.84, 0.92),
    "black": (0.10, 0.08, 0.12),
    "red": (0.85, 0.18, 0.22),
    "blue": (0.20, 0.45, 0.90),
    "green": (0.20, 0.62, 0.38),
    "pink": (0.95, 0.45, 0.65),
    "purple": (0.52, 0.28, 0.78),
    "yellow": (0.92, 0.70, 0.15),
    "brown": (0.48, 0.28, 0.16),
    "orange": (0.92, 0.48, 0.15),
}
DRESS: dict[str, Color] = {
    "white": (0.97, 0.96, 0.98),
    "black": (0.20, 0.19, 0.26),
    "red": (0.84, 0.25, 0.28),
    "blue": (0.30, 0.46, 0.80),
    "green": (0.34, 0.62, 0.44),
    "pink": (0.97, 0.66, 0.76),
    "purple": (0.56, 0.40, 0.74),
    "yellow": (0.97, 0.82, 0.42),
    "brown": (0.55, 0.40, 0.30),
    "orange": (0.95, 0.60, 0.30),
}
SKIN: Color = (1.0, 0.87, 0.78)
_BOX_H, _BOX_W = 50, 46
_MIDDLE = 22.5
_LASH: Color = (0.16, 0.10, 0.16)


def _box() -> tuple[Sprite, np.ndarray, np.ndarray]:
    y, x = np.mgrid[:_BOX_H, :_BOX_W]
    return blank(_BOX_H, _BOX_W), y, x - _MIDDLE


def _back_hair(person: Figure) -> Sprite:
    sprite, y, x = _box()
    color = HAIR[person.hair]
    put(sprite, ellipse(_BOX_H, _BOX_W, 15.5, _MIDDLE, 12.8, 12.6), lit(color, -0.22))
    if person.long:
        flow = (y > 14) & (y < 46 - np.abs(x) * 0.25) & (np.abs(x) < 12.4 + np.maximum(y - 22, 0) * 0.16)
        put(sprite, flow, lit(color, -0.22))
        put(sprite, flow & ((x * 1.0 + y * 0.22) % 5 < 1.2), lit(color, -0.36))
        put(sprite, flow & (np.abs(np.abs(x) - 11.5 - np.maximum(y - 22, 0) * 0.1) < 1.1), color)
        tips = (y > 40) & ((x + 40) % 5 < (y - 40) * 0.7)
        sprite.alpha[tips] = 0
    return sprite


def _body(person: Figure) -> Sprite:
    sprite, y, x = _box()
    cloth = DRESS[person.dress]
    shade = lit(cloth, -0.2)
    shoulder = 5.0 + 6.2 * np.sqrt(np.clip((y - 31) / 6, 0, 1)) + np.maximum(y - 37, 0) * 0.16
    torso = (y >= 31) & (np.abs(x) <= shoulder)
    put(sprite, torso, cloth)
    put(sprite, torso & (x > shoulder * 0.55), shade)
    put(sprite, (y >= 36) & (np.abs(np.abs(x) - 8.2 - (y - 36) * 0.04) < 0.6), lit(cloth, -0.32))
    put(sprite, (y >= 26) & (y < 33) & (np.abs(x) <= 2.6), lit(SKIN, -0.16))
    if "kimono" in person.extras:
        put(sprite, (y >= 30) & (y < 37) & (np.abs(x) < (37 - y) * 0.75), SKIN)
        for k, tone in ((0.0, (0.99, 0.97, 0.95)), (1.6, lit(cloth, -0.35))):
            left = np.abs(x + (37.5 - y) * 0.75 + k) < 0.9
            right = np.abs(x - (37.5 - y) * 0.75 - k) < 0.9
            put(sprite, torso & (y < 43) & (left | right) & (y >= 31), tone)
        put(sprite, (y >= 42) & (y < 48) & (np.abs(x) < 7.6), (0.93, 0.74, 0.36))
        put(sprite, (y >= 44) & (y < 46) & (np.abs(x) < 7.6), (0.80, 0.32, 0.32))
        put(sprite, torso & (((x * 3 + y * 5) % 13) < 1.2) & (np.abs(x) > 4), lit(cloth, 0.6))
    elif person.kind == "boy":
        put(sprite, (y >= 31) & (y < 36) & (np.abs(x) < (36 - y) * 0.8), SKIN)
        put(sprite, (y >= 31) & (y < 37) & (np.abs(np.abs(x) - (36.5 - y) * 0.85) < 1.1), lit(cloth, 0.45))
        put(sprite, (y >= 37) & (np.abs(x) < 0.6) & (y % 3 > 0), shade)
    else:
        put(sprite, (y >= 31) & (y < 35) & (np.abs(x) < 4.6 - (y - 31) * 0.8), SKIN)
        collar = (0.99, 0.98, 0.97) if person.dress != "white" else (0.62, 0.72, 0.92)
        put(sprite, (y >= 32) & (y < 37) & (np.abs(np.abs(x) - 4.6 + (y - 32) * 0.5) < 1.5) & torso, collar)
        bow = (0.90, 0.30, 0.38) if person.dress not in ("red", "pink") else (0.36, 0.46, 0.84)
        put(sprite, (np.abs(y - 37) <= np.abs(x) * 0.6) & (np.abs(x) < 3.6) & (np.abs(y - 37) < 2), bow)
        put(sprite, (y >= 36) & (y < 39) & (np.abs(x) < 0.8), lit(bow, -0.25))
        put(sprite, (y > 38) & (y < 42) & (np.abs(np.abs(x) - 1.5 - (y - 38) * 0.4) < 0.7), bow)
    return sprite


def _face(person: Figure, blink: bool) -> Sprite:
    sprite, y, x = _box()
    half = np.where(y < 20, 9.3, 9.3 - np.maximum(y - 20, 0) ** 1.75 * 0.19)
    face = (y >= 8) & (y < 29) & (np.abs(x) <= half)
    put(sprite, face, SKIN)
    put(sprite, face & (x > half - 1.6), lit(SKIN, -0.09))
    put(sprite, face & (y < 14), lit(SKIN, -0.10))
    iris = EYES[person.eyes]
    tall = 5 if person.kind == "girl" else 4
    for side in (-1, 1):
        at = np.round(x + _MIDDLE).astype(int) - (17 if side < 0 else 26)  # columns 0..2 of the eye
        inner = (at >= 0) & (at <= 2)
        if blink:
            put(sprite, inner & (y == 20), _LASH)
            put(sprite, (at == (-1 if side < 0 else 3)) & (y == 19), _LASH)
        else:
            put(sprite, inner & (y >= 17) & (y < 17 + tall), iris)
            put(
                sprite,
                inner & (y >= 17 + tall - 2) & (y < 17 + tall),
                mix(iris, (1, 1, 1), 0.30 if max(iris) > 0.2 else 0.16),
            )
            put(sprite, (at == 1) & (y >= 18) & (y < 20), lit(iris, -0.45))
            put(sprite, inner & (y == 16), _LASH)
            put(sprite, (at == (-1 if side < 0 else 3)) & (y >= 16) & (y < 18), _LASH)
            put(sprite, (at == 0) & (y >= 17) & (y < 19), (1.0, 1.0, 1.0))
            put(sprite, (at == 2) & (y == 15 + tall), mix(iris, (1, 1, 1), 0.7))
        put(sprite, inner & (y == 13), lit(HAIR[person.hair], -0.35))
        put(sprite, (np.abs(x - side * 6.5) < 1.6) & (y >= 22) & (y < 24), mix(SKIN, (1.0, 0.50, 0.50), 0.5))
    put(sprite, (np.abs(x) < 0.6) & (y == 22), lit(SKIN, -0.14))
    if person.extras & {"beard", "old", "wizard"}:
        _beard(sprite, lit(HAIR[person.hair], -0.08))
    if "glasses" in person.extras:
        _glasses(sprite)
    lips = (0.80, 0.34, 0.36)
    if "smile" in person.extras:
        put(sprite, (np.abs(np.abs(x) - 2.5) < 0.6) & (y == 24), lips)
        put(sprite, (np.abs(x) < 2.1) & (y == 25), (0.62, 0.20, 0.26))
        put(sprite, (np.abs(x) < 1.1) & (y == 26), (0.95, 0.55, 0.55))
    else:
        put(sprite, (np.abs(x) < 1.1) & (y == 25), lips)
    return sprite


def _beard(sprite: Sprite, color: Color) -> None:
    _, y, x = _box()
    x = np.abs(x)
    half = np.where(y < 25, 9.3 - np.maximum(y - 20, 0) ** 1.75 * 0.08, np.sqrt(np.clip(36 - y, 0, 11)) * 2.6)
    beard = (y >= 21) & (x <= half) & ((x > 9.5 - (y - 20) * 1.1) | (y >= 27))
    moustache = (y >= 23) & (y <= 24) & (x < 5.2 - (24 - y) * 1.5)
    put(sprite, beard, color)
    put(sprite, beard & ((x * 1.0 + y * 0.3) % 4 < 1.2), lit(color, -0.16))
    put(sprite, beard & (x > half - 1.2), lit(color, -0.22))
    put(sprite, moustache, lit(color, 0.2))


def _glasses(sprite: Sprite) -> None:
    _, y, x = _box()
    at = np.round(x + _MIDDLE).astype(int)
    for left in (15, 24):
        wide, tall = (at >= left) & (at <= left + 6), (y >= 15) & (y <= 22)
        rim = (wide & ((y == 15) | (y == 22)) & (at > left) & (at < left + 6)) | (
            tall & ((at == left) | (at == left + 6)) & (y > 15) & (y < 22)
        )
        put(sprite, rim, (0.34, 0.22, 0.26))
    put(sprite, (y == 18) & (at > 21) & (at < 24), (0.34, 0.22, 0.26))


def _front_hair(person: Figure) -> Sprite:
    sprite, y, x = _box()
    color = HAIR[person.hair]
    scalp = ellipse(_BOX_H, _BOX_W, 13.5, _MIDDLE, 12.0, 11.9) & (y < 14)
    put(sprite, scalp, color)
    # Bangs: pointed locks of different lengths.
    lock = (x + 33.0) % 5.2 - 2.6
    length = 14.8 - np.abs(lock) * 1.25 + np.abs(x) * 0.13 + 0.8 * np.sin(x * 1.3)
    bangs = (y >= 8) & (y <= length) & (np.abs(x) < 10.2)
    put(sprite, bangs, color)
    put(sprite, (bangs | scalp) & (lock > 1.5) & (y > 5), lit(color, -0.15))
    for side in (-1, 1):
        reach = (27 if person.kind == "girl" else 19) + (7 if person.long else 0)
        strand = (
            (y >= 11)
            & (y < reach)
            & (np.abs(x - side * (10.3 + np.sin(y * 0.22) * 0.7)) < 2.0 - np.maximum(y - reach + 6, 0) * 0.3)
        )
        put(sprite, strand, color)
        put(sprite, strand & (side * x < 9.5), lit(color, -0.15))
    # A band of light over the hair.
    shine = scalp & (np.abs(y - 6.2 - np.abs(x) ** 2 * 0.035 - 0.7 * np.sin(x * 2.1)) < 1.1) & (np.abs(x) < 8.5)
    put(sprite, shine, lit(color, 0.55 if person.hair != "white" else 0.9))
    if person.hair == "white":
        put(sprite, (bangs | scalp) & (lock > 1.5) & (y > 5), (0.78, 0.79, 0.90))
    if person.kind == "girl" and "hat" not in person.extras:
        _hairpin(sprite)
    return sprite


def _hairpin(sprite: Sprite) -> None:
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        sprite.color[9 + dy, 32 + dx] = (1.0, 0.55, 0.70)
        sprite.alpha[9 + dy, 32 + dx] = 1
    sprite.color[9, 32] = (1.0, 0.88, 0.45)
    sprite.alpha[9, 32] = 1


def _hat() -> Sprite:
    sprite, y, x = _box()
    straw = (0.95, 0.80, 0.48)
    put(sprite, ellipse(_BOX_H, _BOX_W, 8.5, _MIDDLE, 3.4, 18.0), lit(straw, -0.22))
    put(sprite, ellipse(_BOX_H, _BOX_W, 7.8, _MIDDLE, 2.8, 17.5), straw)
    put(sprite, ellipse(_BOX_H, _BOX_W, 6.5, _MIDDLE, 6.0, 9.8) & (y < 8), straw)
    put(sprite, (y >= 5) & (y < 8) & (np.abs(x) < 9.8), (0.86, 0.30, 0.34))
    put(sprite, (y < 5) & (np.abs(x + 3) < 2.5) & (sprite.alpha > 0), lit(straw, 0.4))
    put(sprite, (sprite.alpha > 0) & ((x + y * 2) % 4 < 1) & ((y < 5) | (y > 8)), lit(straw, -0.12))
    return sprite


def _crown() -> Sprite:
    sprite, y, x = _box()
    gold = (0.98, 0.80, 0.32)
    points = 2.6 * np.abs((x + 8.5) % 5.6 - 2.8)
    crown = (y >= 1 + np.clip(points, 0, 5)) & (y < 9) & (np.abs(x) < 8.6)
    put(sprite, crown, gold)
    put(sprite, crown & (x < -3), lit(gold, 0.35))
    put(sprite, crown & (x > 4), lit(gold, -0.25))
    put(sprite, (y == 8) & (np.abs(x) < 8.6), lit(gold, -0.3))
    put(sprite, (np.abs(x) < 1.1) & (y >= 5) & (y < 7), (0.88, 0.22, 0.32))
    put(sprite, (np.abs(np.abs(x) - 5.5) < 0.6) & (y == 6), (0.30, 0.60, 0.90))
    return sprite


def _umbrella() -> Sprite:
    sprite = blank(64, 58)
    y, x = np.mgrid[:64, :58]
    x = x - 28.5
    put(sprite, (np.abs(x - 15) < 1) & (y > 10) & (y < 56), (0.42, 0.28, 0.22))
    dome = ellipse(64, 58, 18, 28.5, 16, 26.5) & (y < 19 - 2.2 * np.abs(np.sin((x + 26.5) / 53 * np.pi * 5)))
    red = (0.90, 0.33, 0.36)
    put(sprite, dome, red)
    panel = np.floor((x / np.sqrt(np.clip(1 - ((y - 18) / 16.5) ** 2, 0.03, 1))) / 10.6 + 0.5)
    put(sprite, dome & (panel % 2 != 0), (0.99, 0.90, 0.86))
    put(sprite, dome & (y < 7) & (x < -3) & (panel % 2 == 0), lit(red, 0.3))
    put(sprite, (np.abs(x) < 1) & (y < 4), (0.42, 0.28, 0.22))
    return sprite


def anchor(canvas: Canvas, scene: Scene) -> tuple[int, int, np.ndarray]:
    """Give the person's left and upper edge, and how far the breath lowers the head in each frame."""
    phase = scene.chance("figure").uniform(0, 6.28)
    return scene.places["figure"] - 23, SIZE - 47, (canvas.motion.sway(phase, 0.6) < 0).astype(int)


def figure(canvas: Canvas, scene: Scene) -> None:
    """Paint the person: hair behind, body, face, hair in front."""
    person = scene.figure
    if person is None:
        return
    rng = scene.chance("figure")
    x, y, breath = anchor(canvas, scene)
    key = ("figure", person)
    glow, depth = 0.6, 0.95
    phase = rng.uniform(0, 6.28)
    blinks = (np.arange(FRAMES) - int(rng.integers(0, FRAMES))) % FRAMES < 2
    if "umbrella" in person.extras:
        umbrella = canvas.sprite("umbrella", _umbrella, glow=glow)
        canvas.blit(umbrella, x - 6, y - 13, depth, dx=canvas.motion.sway(phase, 0.7))
    back = canvas.swaying((*key, "back"), lambda: _back_hair(person), canvas.motion.sway(phase, 2.4), hanging=True,
                          power=2.0, glow=glow)  # fmt: skip
    canvas.blit(back, x, y, depth, dy=breath)
    canvas.blit(canvas.sprite((*key, "body"), lambda: _body(person), glow=glow), x, y, depth, dy=breath // 2)
    open_eyes = canvas.sprite((*key, "face"), lambda: _face(person, False), glow=glow)
    shut_eyes = canvas.sprite((*key, "blink"), lambda: _face(person, True), glow=glow)
    canvas.blit([shut_eyes if shut else open_eyes for shut in blinks], x, y, depth, dy=breath)
    front = canvas.swaying((*key, "front"), lambda: _front_hair(person), canvas.motion.sway(phase + 0.6, 1.4),
                           hanging=True, power=2.5, glow=glow, outline=1.0)  # fmt: skip
    canvas.blit(front, x, y, depth, dy=breath)
    if "crown" in person.extras:
        canvas.blit(canvas.sprite("crown", _crown, glow=glow), x, y, depth, dy=breath)
    if "hat" in person.extras:
        canvas.blit(canvas.sprite("hat", _hat, glow=glow), x, y, depth, dy=breath)
