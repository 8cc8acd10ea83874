"""The sky and what is in it."""

from __future__ import annotations

import numpy as np

from .canvas import MARGIN, SIZE, WIDE, Canvas
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import Color, Floats, Sprite, blank, ellipse, lit, mix, put, rgb, stamp

__all__ = ["LIGHTS", "aurora", "clouds", "fireworks", "fog", "rainbow", "sky", "stars", "sun_or_moon", "zenith"]

# The colour everything is multiplied by.
LIGHTS: dict[str, Color] = {
    "day": (1.0, 1.0, 1.0),
    "dawn": (1.0, 0.88, 0.90),
    "sunset": (0.98, 0.76, 0.70),
    "night": (0.42, 0.48, 0.74),
}
# From the top of the sky down to the horizon.
_SKIES: dict[str, tuple[Color, Color, Color]] = {
    "day": ((0.30, 0.60, 0.93), (0.52, 0.79, 0.97), (0.87, 0.95, 0.98)),
    "dawn": ((0.42, 0.50, 0.80), (0.93, 0.70, 0.78), (1.0, 0.90, 0.72)),
    "sunset": ((0.30, 0.22, 0.50), (0.86, 0.40, 0.44), (1.0, 0.76, 0.42)),
    "night": ((0.04, 0.05, 0.17), (0.10, 0.13, 0.36), (0.25, 0.28, 0.56)),
}
_SEASONS: dict[str, Color] = {
    "spring": (1.0, 0.86, 0.92),
    "summer": (0.75, 0.95, 1.0),
    "autumn": (1.0, 0.90, 0.75),
    "winter": (0.86, 0.90, 0.96),
}
SUNS: dict[str, Color] = {
    "day": (1.0, 0.95, 0.60),
    "dawn": (1.0, 0.80, 0.62),
    "sunset": (1.0, 0.62, 0.32),
    "night": (1.0, 0.90, 0.60),
}
_WEATHER = frozenset({"rain", "fog", "snow", "lightning"})
MOON: Color = (0.99, 0.96, 0.82)


def zenith(scene: Scene) -> tuple[Color, Color, Color]:
    """Return the three colours of the sky, from the top to the horizon."""
    top, middle, low = _SKIES[scene.time]
    share = 0.12 if scene.time == "night" else 0.28
    season = _SEASONS[scene.season]
    if scene.time == "night":
        season = mix(season, (0.2, 0.2, 0.5), 0.7)
    top, middle, low = mix(top, season, share / 2), mix(middle, season, share), mix(low, season, share)
    if scene.things & _WEATHER:
        gray = (0.24, 0.27, 0.38) if scene.time == "night" else (0.66, 0.71, 0.80)
        veil = 0.5 if "rain" in scene.things else 0.35
        top, middle, low = mix(top, gray, veil), mix(middle, gray, veil), mix(low, gray, veil)
    return top, middle, low


def sky(canvas: Canvas, scene: Scene) -> None:
    """Paint the gradient everything stands on."""

    def make() -> Floats:
        bands = canvas.style.bands
        down = np.clip(np.arange(SIZE) / max(scene.horizon, 1), 0, 1)
        if bands:
            down = np.floor(down * bands + 0.001) / bands
        colors = rgb(zenith(scene))
        column = np.stack([np.interp(down, (0, 0.55, 1), colors[:, k]) for k in range(3)], axis=-1)
        return np.broadcast_to(canvas.style.grade(column.astype(np.float32))[:, None], (SIZE, WIDE, 3))

    key = ("sky", scene.time, scene.season, scene.horizon, *sorted(scene.things & _WEATHER))
    canvas.backdrop(canvas.workshop.keep(key, make))


def stars(canvas: Canvas, scene: Scene) -> None:
    """Paint twinkling stars, a few of them as small crosses."""
    rng = scene.chance("stars")
    count = 46
    x, y = rng.uniform(-MARGIN, SIZE + MARGIN, count), rng.uniform(0, scene.horizon - 2, count)
    phase, pace = rng.uniform(0, 2 * np.pi, count), rng.integers(1, 3, count)
    shine = 0.55 + 0.45 * np.sin(pace * PHASE[:, None] + phase)
    bright = np.where(np.arange(count) < 7, 1.0, rng.uniform(0.3, 0.8, count))
    tint = np.where(rng.random((count, 1)) < 0.3, rgb((1.0, 0.85, 0.7)), rgb((0.9, 0.95, 1.0)))
    fade = 1.0 if scene.time == "night" else 0.75
    canvas.dots(x, y, tint, opacity=shine * bright * fade, depth=0.05, glow=1.0)
    arms = np.clip(shine[:, :7] * 1.6 - 0.9, 0, 0.6)
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        canvas.dots(x[:7] + dx, y[:7] + dy, tint[:7], opacity=arms * fade, depth=0.05, glow=1.0)


def sun_or_moon(canvas: Canvas, scene: Scene) -> None:
    """Paint the sun, the moon or a crescent, with a halo."""
    rng = scene.chance("light")
    moon = "moon" in scene.things
    low = scene.time in ("sunset", "dawn") and not moon
    x = scene.places["light"]
    y = scene.horizon - int(rng.integers(6, 10)) if low else int(rng.integers(10, 17))
    crescent = "crescent" in scene.things
    radius = 7.4 if low else 6.4
    tint = MOON if moon else SUNS[scene.time]

    def make() -> Sprite:
        box = 41
        sprite = blank(box, box, tint)
        yy, xx = np.mgrid[:box, :box] - box // 2
        far = np.hypot(yy, xx)
        sprite.alpha[:] = np.clip(1 - far / (box // 2), 0, 1) ** 2 * (0.45 if moon else 0.65)
        if canvas.style.bands:
            sprite.alpha[:] = np.round(sprite.alpha * 9) / 9
        disc = ellipse(box, box, box // 2, box // 2, radius, radius)
        if crescent:
            disc &= ~ellipse(box, box, box // 2 - 2, box // 2 + 3.2, radius - 0.6, radius - 0.4)
        put(sprite, disc, lit(tint, 0.25))
        if moon and not crescent:
            for cy, cx, size in ((-2, -2, 2.0), (2, 1, 1.6), (-1, 3, 1.1)):
                put(
                    sprite,
                    ellipse(box, box, box // 2 + cy, box // 2 + cx, size, size),
                    mix(tint, (0.75, 0.74, 0.7), 0.6),
                )
        return sprite

    key = ("light", moon, crescent, scene.time, low)
    canvas.blit(canvas.sprite(key, make, glow=1.0, outline=0.0), x - 20, y - 20, 0.08)


def clouds(canvas: Canvas, scene: Scene) -> None:
    """Paint a few clouds that drift."""
    rng = scene.chance("clouds")
    _, middle, low = zenith(scene)
    top = {"day": (1.0, 1.0, 1.0), "night": (0.30, 0.33, 0.56)}.get(scene.time, mix(low, (1, 1, 1), 0.35))
    under = mix(top, middle, 0.45)
    storm = "rain" in scene.things
    for index in range(4 if storm else 3):
        kind = int(rng.integers(0, 4))

        def make(kind: int = kind) -> Sprite:
            shape = np.random.default_rng(kind)
            height, width = 13, 30
            sprite = blank(height, width)
            humps = [(8.0, 6 + 6 * k + shape.uniform(-1, 1), shape.uniform(2.6, 5.2)) for k in range(4)]
            for cy, cx, r in humps:
                put(sprite, ellipse(height, width, cy, cx, r, r * 1.25), under)
            for cy, cx, r in humps:
                put(sprite, ellipse(height, width, cy - 1.2, cx - 0.6, r - 0.9, r * 1.15) & (sprite.alpha > 0), top)
            sprite.alpha[10:] = 0
            sprite.alpha[10:11, 4:-5] = 0.5
            return sprite

        color = ("cloud", kind, scene.time, scene.season, storm, *sorted(scene.things & _WEATHER))
        sprite = canvas.sprite(color, make, glow=1.0, outline=0.0)
        x = rng.uniform(-14, 8) + index * 25
        y = rng.uniform(0, 14) if index % 2 else rng.uniform(6, 20)
        drift = canvas.motion.sway(rng.uniform(0, 6.28), 2.6)
        canvas.blit(sprite, x, y, 0.15, dx=drift)


def rainbow(canvas: Canvas, scene: Scene) -> None:
    """Paint an arc over the land."""
    center = SIZE // 2 + MARGIN + int(scene.chance("rainbow").integers(-10, 11))

    def make() -> Sprite:
        sprite = blank(SIZE, WIDE)
        y, x = np.ogrid[:SIZE, :WIDE]
        far = np.hypot((x - center) / 1.05, y - 46)
        for k, color in enumerate(
            (
                (0.65, 0.4, 0.9),
                (0.35, 0.55, 1.0),
                (0.3, 0.85, 0.5),
                (1.0, 0.95, 0.35),
                (1.0, 0.65, 0.25),
                (1.0, 0.3, 0.35),
            )
        ):
            band = (far >= 31 + 1.7 * k) & (far < 32.7 + 1.7 * k)
            sprite.color[band] = color
            sprite.alpha[band] = 0.7
        sprite.alpha[:] *= np.clip((50 - y) / 20, 0, 1)
        return sprite

    shine = canvas.sprite(("rainbow", center), make, glow=1.0, outline=0.0)
    frames = [shine.faded(float(0.85 + 0.15 * np.sin(p))) for p in PHASE]
    canvas.blit(frames, -MARGIN, 0, 0.1)


def aurora(canvas: Canvas, scene: Scene) -> None:
    """Paint waving curtains of light."""
    phase = scene.chance("aurora").uniform(0, 6.28)
    x = np.arange(WIDE)[None, None, :]
    y = np.arange(40)[None, :, None]
    t = PHASE[:, None, None]
    foot = 24 + 5 * np.sin(x / 9 + t + phase) + 3 * np.sin(x / 5 - t)
    height = (foot - y) / 20
    glow = np.where((height > 0) & (height < 1), np.clip(1 - height, 0, 1) ** 1.3, 0) * (
        0.6 + 0.4 * np.sin(x / 2.3 + t * 2 + phase)
    )
    green, violet = rgb((0.35, 1.0, 0.65)), rgb((0.65, 0.4, 1.0))
    color = green + (violet - green) * np.clip(height, 0, 1)[..., None].astype(np.float32)
    color = canvas.color(color, glow=1.0)
    alpha = (glow * 0.8).astype(np.float32)
    canvas.blit([stamp(Sprite(color[k], alpha[k])) for k in range(FRAMES)], -MARGIN, 0, 0.1)


def fireworks(canvas: Canvas, scene: Scene) -> None:
    """Paint bursts that open and fade, one after another."""
    rng = scene.chance("fireworks")
    palette = rgb([(1.0, 0.45, 0.5), (1.0, 0.85, 0.4), (0.5, 0.85, 1.0), (0.85, 0.6, 1.0), (0.5, 1.0, 0.65)])
    for index in range(5):
        rays = 20
        x, y = 10 + index * 23 % 53 + rng.uniform(-4, 4), rng.uniform(8, 20)
        size, tint = rng.uniform(8, 14), palette[(index + int(rng.integers(0, 5))) % 5]
        age = ((np.arange(FRAMES) + index * 3) % FRAMES / FRAMES)[:, None]
        angle = np.arange(rays)[None, :] * (2 * np.pi / rays) + index
        flash = np.clip(1 - age * 4, 0, 1)
        for dy, dx in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)):
            canvas.dots(np.array([x + dx]), y + dy, (1.0, 0.97, 0.85), opacity=flash, depth=0.1, glow=1.0)
        # Every ray draws a tail behind it; every other one is shorter.
        spread = (1 - (1 - np.minimum(age * 1.5, 1)) ** 2) * np.where(np.arange(rays) % 2, 1.0, 0.72)
        for share, strength in ((0.70, 0.30), (0.80, 0.5), (0.90, 0.75), (1.0, 1.0)):
            reach = size * spread * share
            canvas.dots(
                x + reach * np.cos(angle),
                y + reach * np.sin(angle) + 5 * age**2,
                mix(tint, (1, 1, 1), 0.5 * share**4),
                opacity=np.clip(1.7 - 1.75 * age, 0, 1) * strength,
                depth=0.1,
                glow=1.0,
            )


def fog(canvas: Canvas, scene: Scene) -> None:
    """Lay veils over the land, thicker below."""
    rng = scene.chance("fog")
    pale = mix(zenith(scene)[2], (1, 1, 1), 0.25 if scene.time != "night" else 0.1)
    for index in range(4):
        y = scene.horizon - 8 + index * 6 + int(rng.integers(-2, 3))

        def make(y: int = y) -> Sprite:
            sprite = blank(9, WIDE + 16, pale)
            wave = 2.2 * np.sin(np.arange(WIDE + 16) / 7 + y)
            away = np.abs(np.arange(9)[:, None] - 4 - wave[None, :] * 0.7) / 4
            sprite.alpha[:] = np.round(np.clip(1 - away, 0, 1) * 4) / 4 * 0.75
            return sprite

        sprite = canvas.sprite(
            ("fog", y, scene.time, scene.season, *sorted(scene.things & _WEATHER)), make, glow=1.0, outline=0.0
        )
        drift = canvas.motion.sway(rng.uniform(0, 6.28), 3.2)
        canvas.blit(sprite, -MARGIN - 8, y, 0.3 + 0.1 * index, dx=drift)
