"""What is seen in the sky once in a while."""

from __future__ import annotations

from functools import partial

import numpy as np

from .canvas import MARGIN, SIZE, WIDE, Canvas
from .craft import TURN, bob, drawn
from .motions import FRAMES, PHASE
from .scene import Scene
from .sprites import Floats, Sprite, blank, lit, mix, put, rgb, stamp

__all__ = ["galaxy", "lightning", "meteor", "planet", "ufo"]


def galaxy(canvas: Canvas, scene: Scene) -> None:
    """Lay the milky way across the sky, its dust glimmering."""
    rng = scene.chance("galaxy")
    slope, at = rng.uniform(0.35, 0.6) * (1 if rng.random() < 0.5 else -1), rng.uniform(14, 20)
    kind = int(rng.integers(0, 3))
    tints = rgb(((0.55, 0.45, 0.95), (0.95, 0.55, 0.80), (0.45, 0.75, 1.0)))
    y, x = np.mgrid[: scene.horizon, :WIDE].astype(np.float32)
    along, across = x - WIDE / 2, y - at - slope * (x - WIDE / 2)
    wave = 2.5 * np.sin(along / 9 + kind) + 1.5 * np.sin(along / 4.3)
    share = np.clip(1 - np.abs(across + wave) / (8 + 2 * np.sin(along / 7 + 1)), 0, 1)
    lane = np.clip(1 - np.abs(across + wave * 0.4) / 2.2, 0, 1)
    hue = np.clip(0.5 + 0.5 * np.sin(along / 13 + kind * 2), 0, 1)[..., None].astype(np.float32)
    color = tints[kind] + (tints[(kind + 1) % 3] - tints[kind]) * hue

    def frame(turn: float) -> Sprite:
        glimmer = 0.85 + 0.15 * np.sin(along / 5 - turn) * np.cos(across / 3 + turn)
        alpha = np.round(share * glimmer * (1 - 0.55 * lane) * 8) / 8 * 0.7
        return Sprite(canvas.color(color, 1.0), alpha.astype(np.float32))

    canvas.blit([stamp(frame(float(turn))) for turn in PHASE], -MARGIN, 0, 0.05)
    count = 70
    sx = rng.uniform(-WIDE / 2, WIDE / 2, count)
    sy = at + slope * sx + rng.normal(0, 4.0, count) - 2.5 * np.sin(sx / 9 + kind)
    shine = np.where(sy < scene.horizon - 1, 0.5 + 0.5 * np.sin(PHASE[:, None] * rng.integers(1, 3, count) + sx), 0)
    canvas.dots(sx + WIDE / 2 - MARGIN, sy, (1.0, 0.96, 0.98), opacity=shine * 0.9, depth=0.05, glow=1.0)


def planet(canvas: Canvas, scene: Scene) -> None:
    """Hang a planet with a ring in the sky, around which a moon runs."""
    rng = scene.chance("planet")
    tint = ((0.93, 0.70, 0.46), (0.62, 0.76, 0.93), (0.86, 0.56, 0.72))[int(rng.integers(0, 3))]
    x, y = 64 - scene.places["light"] + int(rng.integers(-4, 5)), int(rng.integers(13, 17))
    height, width, radius = 29, 45, 8.6

    def ring(yy: Floats, xx: Floats) -> Floats:
        return np.asarray(np.hypot(xx / 19.5, (yy + xx * 0.24) / 5.2))

    def make(front: bool) -> Sprite:
        sprite = blank(height, width)
        yy, xx = np.mgrid[:height, :width].astype(np.float32)
        yy, xx = yy - 14, xx - 22
        if not front:
            disc = np.hypot(yy, xx) <= radius
            bands = np.floor((yy + xx * 0.24 + 0.6 * np.sin(xx / 2)) / 2.4) % 3
            for k, share in enumerate((0.0, 0.35, -0.14)):
                put(sprite, disc & (bands == k), lit(tint, share))
            put(sprite, disc & (np.hypot(yy + 2.5, xx + 3) > radius), lit(tint, -0.42))
            put(sprite, disc & (np.hypot(yy + 4, xx + 4) < 2), lit(tint, 0.6))
        away = ring(yy, xx)
        band = (away < 1) & (away > 0.62) & ((yy + xx * 0.24 >= 0) == front)
        if not front:
            band &= np.hypot(yy, xx) > radius
        put(sprite, band, mix(tint, (1.0, 0.95, 0.85), 0.55))
        put(sprite, band & (np.abs(away - 0.8) < 0.06), lit(tint, -0.3))
        return sprite

    moon = drawn(canvas, "planet's moon", (".w.", "wws", ".s."),
                 {"w": (0.97, 0.95, 0.90), "s": (0.70, 0.68, 0.72)}, glow=1.0)  # fmt: skip
    round_x, round_y = (
        np.rint(26 * np.cos(PHASE)).astype(int),
        np.rint(8 * np.sin(PHASE) - 3 * np.cos(PHASE)).astype(int),
    )
    behind = np.sin(PHASE) < 0
    away = np.where(behind, 0, 200)
    canvas.blit(moon, x - 2, y - 2, 0.08, dx=round_x, dy=round_y + away)
    for front in (False, True):
        canvas.blit(canvas.sprite(("planet", tint, front), partial(make, front), glow=0.9), x - 22, y - 14, 0.08)
    canvas.blit(moon, x - 2, y - 2, 0.08, dx=round_x, dy=round_y + 200 - away)


def meteor(canvas: Canvas, scene: Scene) -> None:
    """Let shooting stars fall one after another, each with a tail."""
    rng = scene.chance("meteor")
    for index in range(4):
        x, y = rng.uniform(18, 74), rng.uniform(-4, 12)
        age = (TURN + index / 4 + rng.uniform(-0.06, 0.06)) % 1.0
        gone = age[:, None] * 46
        tail = np.arange(15)
        fade = np.clip(1 - tail / 15, 0, 1) * np.clip(np.minimum(age * 6, 2.6 - 3.4 * age), 0, 1)[:, None]
        tint = rgb((1.0, 0.98, 0.90)) + (rgb((0.50, 0.70, 1.0)) - rgb((1.0, 0.98, 0.90))) * (tail / 15)[:, None]
        shown = np.where(y + (gone - tail) * 0.62 < scene.horizon, fade, 0)
        canvas.dots(
            x - gone + tail, y + (gone - tail) * 0.62, tint.astype(np.float32), opacity=shown, depth=0.05, glow=1.0
        )
        head = np.where(y + gone * 0.62 < scene.horizon, fade[:, :1], 0) * 0.8
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            canvas.dots(x - gone + dx, y + gone * 0.62 + dy, (1.0, 0.95, 0.80), opacity=head, depth=0.05, glow=1.0)


def lightning(canvas: Canvas, scene: Scene) -> None:
    """Darken the sky with storm clouds, and let two flashes of lightning strike in each loop."""
    rng = scene.chance("lightning")

    def veil() -> Sprite:
        sprite = blank(SIZE, WIDE, (0.20, 0.20, 0.32))
        y, x = np.mgrid[:SIZE, :WIDE]
        edge = 13 + 3.2 * np.sin(x / 5.0) + 2.2 * np.sin(x / 2.3 + 1)
        sprite.alpha[:] = np.where(y < edge, 0.92, np.clip(0.55 - (y - edge) / 70, 0, 1) * (y < scene.horizon))
        sprite.color[(y < edge) & (y > edge - 2.4)] = (0.34, 0.34, 0.48)
        lumps = np.sin(x / 3.1 + y / 2.0) + np.sin(x / 4.7 - y / 1.7)
        sprite.color[(y < edge - 2.4) & (lumps > 0.9)] = (0.27, 0.27, 0.40)
        return sprite

    clouds = canvas.sprite(("storm", scene.horizon), veil, glow=0.5, outline=0.0)
    canvas.blit(clouds, -MARGIN, 0, 0.1, dx=canvas.motion.sway(0.0, 1.4))
    for strike in (2, 9):
        x, y = rng.uniform(10, 54), 10.0
        xs, ys = [x], [y]
        while y < scene.horizon + 1:
            x, y = x + rng.uniform(-2.2, 2.2), y + 1
            xs.append(x)
            ys.append(y)
        path, down = np.array(xs), np.array(ys)
        fork = min(8, len(path) - 1)
        branch = np.arange(1, 9)
        light = np.zeros((FRAMES, 1))
        light[[strike, strike + 1, strike + 2]] = ((1.0,), (0.45,), (0.9,))
        canvas.dots(
            path[fork] + branch, down[fork] + branch * 0.9, (0.85, 0.85, 1.0), opacity=light * 0.8, depth=0.1, glow=1.0
        )
        for dx, share in ((0, 1.0), (1, 0.75), (-1, 0.35), (2, 0.25)):
            canvas.dots(path + dx, down, (1.0, 0.98, 0.86) if share == 1 else (0.78, 0.78, 1.0),
                        opacity=light * share, depth=0.1, glow=1.0)  # fmt: skip
        shine = stamp(Sprite(canvas.color(np.full((SIZE, WIDE, 3), (0.80, 0.82, 1.0), dtype=np.float32), 1.0),
                             np.ones((SIZE, WIDE), dtype=np.float32)))  # fmt: skip
        for frame, share in ((strike, 0.30), (strike + 2, 0.22)):
            canvas.pixels[frame] += (shine.color[:, :SIZE] - canvas.pixels[frame]) * np.float32(share)


_SAUCER = (
    ".........gggg.........",
    ".......ggwwggg........",
    "......ggwgeegggg......",
    ".....ggwggeeggggg.....",
    ".....gggaaaaaaggg.....",
    "...mmmmmmmmmmmmmmmm...",
    ".mmllllllllllllmmmmmm.",
    "mmmmmmmmmmmmmmmmmmmmmm",
    ".sssssssssssssssssss..",
    "...dddddddddddddddd...",
    "......dddddddddd......",
)


def ufo(canvas: Canvas, scene: Scene) -> None:
    """Let a flying saucer hover, its lamps running around and a beam reaching down."""
    rng = scene.chance("ufo")
    colors = {"g": (0.52, 0.86, 0.80), "w": (0.92, 1.0, 0.98), "a": (0.50, 0.82, 0.40), "e": (0.10, 0.16, 0.14),
              "m": (0.74, 0.76, 0.86), "l": (0.94, 0.95, 1.0), "s": (0.52, 0.54, 0.68),
              "d": (0.36, 0.36, 0.50)}  # fmt: skip
    x, y = int(rng.integers(8, 33)), int(rng.integers(5, 11))
    dy, dx = bob(1.6), canvas.motion.sway(1.0, 1.6)
    foot = scene.horizon + 4
    rows, columns = np.mgrid[: foot - y - 11, :41]
    share = rows / max(len(rows) - 1, 1)
    inside = np.abs(columns - 20) <= 4 + share * 12
    frames = []
    for turn in PHASE:
        alpha = inside * (0.62 - 0.38 * share) * (0.8 + 0.2 * np.sin(2 * turn + rows / 2.5))
        color = canvas.color(np.full((*rows.shape, 3), (0.72, 1.0, 0.78), dtype=np.float32), 1.0)
        frames.append(stamp(Sprite(color, alpha.astype(np.float32))))
    canvas.blit(frames, x - 8, y + 12, 0.3, dx=dx, dy=dy)
    canvas.blit(drawn(canvas, "saucer", _SAUCER, colors, glow=0.45), x, y, 0.3, dx=dx, dy=dy)
    lamps = np.arange(6)
    tints = rgb([(1.0, 0.45, 0.45), (1.0, 0.90, 0.45), (0.50, 0.95, 1.0)])
    for step in range(3):
        on = ((np.arange(FRAMES)[:, None] // 2 + lamps) % 4 != step) * 1.0
        canvas.dots(
            x + 3 + lamps * 3.3 + dx[:, None], (y + 9 + dy)[:, None], tints[lamps % 3], opacity=on, depth=0.3, glow=1.0
        )
