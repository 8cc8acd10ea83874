"""The land, the city and the sea."""

from __future__ import annotations

from typing import Any

import numpy as np

from .canvas import MARGIN, SIZE, WIDE, Canvas
from .motions import PHASE
from .scene import Scene
from .sky import MOON, SUNS, zenith
from .sprites import Color, Floats, Sprite, blank, lit, mix, put, rgb

__all__ = ["city", "forest", "ground", "hills", "mountain", "sea"]

GREENS: dict[str, tuple[Color, Color]] = {
    "spring": ((0.50, 0.76, 0.40), (0.36, 0.64, 0.38)),
    "summer": ((0.36, 0.68, 0.30), (0.22, 0.53, 0.31)),
    "autumn": ((0.80, 0.62, 0.28), (0.66, 0.45, 0.24)),
    "winter": ((0.92, 0.95, 0.99), (0.74, 0.82, 0.92)),
}


def _profile(
    canvas: Canvas, key: tuple[object, ...], top: Floats, color: Color, depth: float, rim: float = 0.0
) -> None:
    """Fill everything below a line, with a lighter rim along it."""

    def make() -> Sprite:
        sprite = blank(SIZE, WIDE, color)
        y = np.arange(SIZE)[:, None]
        sprite.alpha[:] = y >= top[None, :]
        shade = np.clip((y - top[None, :]) / 22, 0, 1)[..., None]
        sprite.color[:] = rgb(color) * (1 - 0.22 * shade)
        if rim:
            edge = (y >= top[None, :]) & (y < top[None, :] + 2)
            sprite.color[edge] = lit(color, rim)
        return sprite

    canvas.blit(canvas.sprite((*key, scene_key(color)), make, outline=0.45), -MARGIN, 0, depth)


def scene_key(color: Color) -> tuple[float, ...]:
    """Return a colour as a key that survives rounding."""
    return tuple(round(float(part), 4) for part in color)


def mountain(canvas: Canvas, scene: Scene) -> None:
    """Paint a snow-capped volcano, and a lower ridge before it."""
    rng = scene.chance("mountain")
    haze = zenith(scene)[2]
    blue = mix((0.33, 0.40, 0.62), haze, 0.38 if scene.time != "night" else 0.1)
    peak = int(rng.integers(14, 19))
    kind = int(rng.integers(0, 3))

    def make() -> Sprite:
        height, width = SIZE, 76
        sprite = blank(height, width)
        y, x = np.mgrid[:height, :width]
        middle = width / 2
        half = 4.0 + np.maximum(y - peak, 0) ** 1.18 * 1.0
        inside = (y >= peak) & (np.abs(x - middle + 0.5) <= half)
        put(sprite, inside, blue)
        right = inside & (x - middle > (y - peak) * 0.12 + 1.5 * np.sin(y * 0.9))
        put(sprite, right, mix(blue, (0.15, 0.15, 0.35), 0.28))
        cap = 8 + (3 if scene.season == "winter" else 0) - (2 if scene.season == "summer" else 0)
        snow = inside & (y - peak < cap + 2.4 * np.sin(x * 1.35 + kind) + 1.5 * np.sin(x * 0.6))
        put(sprite, snow, (0.97, 0.97, 1.0))
        put(sprite, snow & right, (0.76, 0.82, 0.95))
        return sprite

    key = ("mountain", peak, kind, scene.season, scene_key(blue))
    x = scene.places["mountain"] - 38
    canvas.blit(canvas.sprite(key, make), x, 0, 0.2)
    ridge = np.arange(WIDE)
    top = scene.horizon - 2 + 2.4 * np.sin(ridge / 8 + kind) + 1.4 * np.sin(ridge / 3.7)
    near = mix(mix(GREENS[scene.season][1], (0.25, 0.38, 0.50), 0.55), haze, 0.2 if scene.time != "night" else 0)
    _profile(canvas, ("ridge", kind, scene.horizon), top.astype(np.float32), near, 0.3)


def hills(canvas: Canvas, scene: Scene) -> None:
    """Paint two rows of rolling hills."""
    rng = scene.chance("hills")
    haze = zenith(scene)[2]
    x = np.arange(WIDE)
    light, dark = GREENS[scene.season]
    for row, depth in enumerate((0.25, 0.45)):
        kind = int(rng.integers(0, 4))
        base = scene.horizon - 4 + row * 5
        top = base + (4 - row) * np.sin(x / (11 - 3 * row) + kind * 1.7) + 1.5 * np.sin(x / 5.3 + kind)
        color = mix(mix(dark, light, 0.35 + 0.3 * row), haze, 0.42 - 0.25 * row if scene.time != "night" else 0.05)
        _profile(canvas, ("hill", row, kind, scene.horizon), top.astype(np.float32), color, depth, rim=0.14)


def forest(canvas: Canvas, scene: Scene) -> None:
    """Paint two rows of firs along the horizon."""
    rng = scene.chance("forest")
    haze = zenith(scene)[2]
    for row, depth in enumerate((0.35, 0.55)):
        kind = int(rng.integers(0, 3))
        color = mix((0.20, 0.42, 0.33) if row else (0.30, 0.50, 0.44), haze, 0.06 + 0.22 * (1 - row))
        if scene.season == "autumn":
            color = mix(color, (0.75, 0.42, 0.18), 0.55)

        def make(kind: int = kind, row: int = row, color: Color = color) -> Sprite:
            shape = np.random.default_rng([kind, row])
            sprite = blank(SIZE, WIDE)
            y, x = np.mgrid[:SIZE, :WIDE]
            for cx in range(-2, WIDE + 4, 5):
                middle = cx + shape.uniform(-1.4, 1.4)
                tip = scene.horizon - 13 + row * 6 + shape.uniform(-4, 3)
                tier = (y - tip) % 4
                half = np.maximum(y - tip, 0) * 0.22 + tier * 0.45
                tree = (y >= tip) & (np.abs(x - middle) <= half)
                put(sprite, tree, color)
                put(sprite, tree & (x < middle - half * 0.2), lit(color, 0.13))
                if scene.season == "winter":
                    put(sprite, tree & (tier < 1.5) & (x <= middle), (0.93, 0.96, 1.0))
            put(sprite, y >= scene.horizon + 5 + row * 3, lit(color, -0.15))
            return sprite

        key = ("forest", kind, row, scene.horizon, scene.season, scene_key(color))
        canvas.blit(canvas.sprite(key, make, outline=0.35), -MARGIN, 0, depth)


def city(canvas: Canvas, scene: Scene) -> None:
    """Paint a skyline with windows that are lit when it is dark."""
    rng = scene.chance("city")
    haze = zenith(scene)[2]
    dark = scene.time in ("night", "sunset")
    for row, depth in enumerate((0.2, 0.4)):
        kind = int(rng.integers(0, 3))
        color = mix((0.42, 0.48, 0.66) if row else (0.56, 0.62, 0.78), haze, 0.1 + 0.35 * (1 - row))
        if scene.time == "night":
            color = (0.30, 0.33, 0.56) if row else (0.38, 0.42, 0.66)

        def make(kind: int = kind, row: int = row, color: Color = color) -> Sprite:
            shape = np.random.default_rng([kind, row, 7])
            sprite = blank(SIZE, WIDE)
            at = -1
            while at < WIDE:
                wide = int(shape.integers(5, 10))
                top = scene.horizon - int(shape.integers(9, 27 if not row else 19))
                face = lit(color, float(shape.uniform(-0.12, 0.12)))
                x0 = max(at, 0)
                sprite.color[top:, x0 : at + wide] = face
                sprite.alpha[top:, x0 : at + wide] = 1
                sprite.color[top:, at + wide - 1 : at + wide] = lit(face, -0.25)
                if shape.random() < 0.3:
                    sprite.color[top - 4 : top, at + wide // 2] = face
                    sprite.alpha[top - 4 : top, at + wide // 2] = 1
                for y in range(top + 2, scene.horizon + 4, 3):
                    for x in range(at + 1, at + wide - 2, 2):
                        if x >= 0 and x < WIDE and shape.random() < 0.6:
                            # Far brighter than white, so that the night's light leaves a warm window.
                            sprite.color[y, x] = (2.2, 1.55, 0.72) if dark else lit(face, 0.45)
                at += wide
            sprite.alpha[scene.horizon + 6 :] = 1
            sprite.color[scene.horizon + 6 :] = lit(color, -0.2)
            return sprite

        key = ("city", kind, row, scene.horizon, scene.time, scene_key(color))
        canvas.blit(canvas.sprite(key, make, outline=0.6), -MARGIN, 0, depth)
    if dark:
        x, y = rng.integers(-MARGIN, SIZE + MARGIN, 12), scene.horizon - rng.integers(0, 12, 12)
        on = np.sin(PHASE[:, None] + rng.uniform(0, 6.28, 12)) > 0.3
        canvas.dots(x, y, (1.0, 0.8, 0.45), opacity=on * 0.9, depth=0.4, glow=1.0)


def sea(canvas: Canvas, scene: Scene) -> None:
    """Paint water with running glints, and the light's path on it."""
    rng = scene.chance("sea")
    _, middle, low = zenith(scene)
    near = {"day": (0.10, 0.42, 0.70), "dawn": (0.40, 0.42, 0.66), "sunset": (0.32, 0.20, 0.42)}.get(
        scene.time, (0.05, 0.08, 0.24)
    )
    far = mix(mix(middle, low, 0.5), near, 0.45)
    rows = SIZE - scene.horizon
    down = np.linspace(0, 1, rows)
    if canvas.style.bands:
        down = np.floor(down * canvas.style.bands) / canvas.style.bands
    water = canvas.style.grade(rgb(far) + rgb(down[:, None]) * (rgb(near) - rgb(far)))
    pixels = canvas.pixels[:, scene.horizon :]
    pixels[:] = water[None, :, None]
    # Waves get longer and livelier towards the viewer.
    y = np.arange(rows)[None, :, None].astype(np.float32)
    x = np.arange(WIDE)[None, None, :].astype(np.float32)
    t = PHASE[:, None, None]
    rush = 2 if canvas.motion.gust > 1 else 1
    offset = rng.uniform(0, 6.28, rows)[None, :, None].astype(np.float32)
    wave = np.sin(
        x * (1.25 - 0.75 * y / rows) + offset + rush * t * np.where(np.arange(rows) % 2, 1, -1)[None, :, None]
    )
    crest = wave + 0.35 * np.sin(x * 0.31 - t + y)
    shifts = canvas.motion.shift(0.45)
    cut = np.stack([crest[k, :, MARGIN - s : MARGIN - s + SIZE] for k, s in enumerate(shifts)])
    glint = canvas.style.grade(rgb(mix(far, lit(low, 0.3), 0.8)))
    deep = canvas.style.grade(rgb(lit(near, -0.12)))
    pixels += (glint - pixels) * ((cut > 1.0) * np.float32(0.6))[..., None]
    pixels += (deep - pixels) * ((cut < -1.0) * np.float32(0.55))[..., None]
    if scene.things & {"sun", "moon"}:
        tint = MOON if "moon" in scene.things else SUNS[scene.time]
        column = np.arange(SIZE)[None, None, :] - scene.places["light"] - canvas.motion.shift(0.08)[:, None, None]
        width = 2.5 + y * 0.22 + 1.5 * np.sin(y * 1.7 + rush * t + offset)
        path = (np.abs(column) < width) & (cut > -0.35)
        pixels += (canvas.color(lit(tint, 0.2), glow=1.0) - pixels) * (path * np.float32(0.72))[..., None]
    if "fireworks" in scene.things:
        pixels += rgb((0.10, 0.05, 0.10)) * (0.5 + 0.5 * np.sin(2 * PHASE))[:, None, None, None].astype(np.float32)


def ground(canvas: Canvas, scene: Scene) -> None:
    """Paint the near ground: grass, snow or sand, with tufts that move."""
    rng = scene.chance("ground")
    if scene.ground >= SIZE:
        return
    sand = "beach" in scene.things
    light, dark = GREENS[scene.season]
    color = (0.96, 0.85, 0.62) if sand else mix(light, dark, 0.15)
    kind = int(rng.integers(0, 3))
    x = np.arange(WIDE)
    top = scene.ground + 1.3 * np.sin(x / 9 + kind * 2)
    _profile(canvas, ("ground", kind, scene.ground, sand), top.astype(np.float32), color, 0.8, rim=0.18)
    count = 40
    gx, gy = rng.uniform(-MARGIN, SIZE + MARGIN, count), rng.uniform(scene.ground + 4, SIZE + 1, count)
    if sand:
        canvas.dots(gx, gy, lit(color, -0.14), depth=0.8)
        foam = canvas.motion.sway(0.0, 1.4)
        row = np.round(scene.ground - 1 + 1.3 * np.sin(x / 9 + kind * 2))
        canvas.dots(x - MARGIN, row[None, :] + foam[:, None], (1, 1, 1), opacity=0.85, depth=0.8)
        return
    canvas.dots(gx, gy, lit(color, -0.2 if scene.season != "winter" else -0.08), depth=0.8)
    lean = canvas.motion.sway(float(kind), 0.8)[:, None]
    if "meadow" in scene.things:
        _tall_grass(canvas, scene, color, lean)
    if scene.season != "winter":
        canvas.dots(gx + lean, gy - 1, lit(color, 0.2), depth=0.8)
        canvas.dots(gx[:20] + lean, gy[:20] - 2, lit(color, 0.3), opacity=0.7, depth=0.8)
    else:
        sparkle = np.sin(PHASE[:, None] + rng.uniform(0, 6.28, count)) > 0.75
        canvas.dots(gx, gy - 1, (1, 1, 1), opacity=sparkle, depth=0.8, glow=0.7)


def _tall_grass(canvas: Canvas, scene: Scene, color: Color, lean: Any) -> None:
    """Paint blades along the edge of the ground and in front, with their tips in the wind."""
    rng = scene.chance("meadow")
    count = 44
    x = np.linspace(-MARGIN, SIZE + MARGIN, count) + rng.uniform(-1, 1, count)
    foot = np.where(np.arange(count) % 3 == 0, SIZE - 1, scene.ground + 2) + rng.uniform(-1, 2, count)
    tall = rng.integers(2, 6, count)
    for k in range(5):
        tip = (k >= tall - 2) * lean
        tone = lit(color, -0.12 + 0.07 * k)
        canvas.dots(x + tip, foot - k, tone, opacity=(k < tall) * 1.0, depth=0.8)
