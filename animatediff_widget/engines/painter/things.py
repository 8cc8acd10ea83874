"""Things people made."""

from __future__ import annotations

import numpy as np

from .canvas import SIZE, Canvas
from .flowers import FLOWERS
from .motions import PHASE
from .scene import Scene
from .sprites import Sprite, art, blank, ellipse, lit, put, rgb, stamp

__all__ = ["balloon", "boat", "foreground", "glow", "house", "lantern", "lighthouse", "torii"]


def _foot(scene: Scene) -> int:
    return scene.ground + 5 if scene.ground < SIZE else scene.horizon + 5


def foreground(scene: Scene) -> int:
    """Give the row on which things in the foreground stand."""
    return min(scene.ground + 9 if scene.ground < SIZE else scene.horizon + 12, SIZE - 2)


def glow(canvas: Canvas, x: float, y: float, radius: int, color: tuple[float, float, float], strength: float) -> None:
    """Let a light shine around it, flickering a little."""

    def make() -> Sprite:
        side = 2 * radius + 1
        sprite = blank(side, side, color)
        yy, xx = np.mgrid[:side, :side] - radius
        sprite.alpha[:] = np.round(np.clip(1 - np.hypot(yy, xx) / radius, 0, 1) ** 1.5 * 6) / 6
        return sprite

    still = canvas.sprite(("glow", radius, color), make, glow=1.0, outline=0.0)
    flicker = strength * (0.88 + 0.12 * np.sin(2 * PHASE + x))
    canvas.blit([still.faded(float(f)) for f in flicker], x - radius, y - radius, 0.75)


_BOAT = (
    "............k...........",
    "............kww.........",
    "............kwww........",
    "...........skwwww.......",
    "..........sskwwwww......",
    ".........ssskwwwwww.....",
    "........sssskwwwwwww....",
    ".......ssssskrrrrrrrr...",
    "......sssssskwwwwwwwww..",
    ".....ssssssskwwwwwwwwww.",
    "............k...........",
    ".hhhhhhhhhhhhhhhhhhhhhh.",
    "..HHHHHHHHHHHHHHHHHHHH..",
    "...dddddddddddddddddd...",
    "....dddddddddddddddd....",
)


def boat(canvas: Canvas, scene: Scene) -> None:
    """Sail a boat that bobs on the water, with its reflection."""
    rng = scene.chance("boat")
    colors = {"k": (0.42, 0.28, 0.20), "w": (0.99, 0.97, 0.92), "s": (0.88, 0.86, 0.90), "r": (0.90, 0.30, 0.28),
              "h": (0.86, 0.58, 0.34), "H": (0.66, 0.38, 0.24), "d": (0.46, 0.25, 0.20)}  # fmt: skip
    flip = bool(rng.random() < 0.5)

    def make() -> Sprite:
        sprite = art(["." * 26, *(f".{row}." for row in _BOAT), "." * 26], colors)
        return Sprite(sprite.color[:, ::-1], sprite.alpha[:, ::-1]) if flip else sprite

    def mirrored() -> Sprite:
        sprite = make()
        fade = np.linspace(0.55, 0.1, 17, dtype=np.float32)[:, None] * (np.arange(17)[:, None] % 3 != 2)
        return Sprite(sprite.color[::-1] * np.float32(0.8), sprite.alpha[::-1] * fade)

    depth = 64 if scene.ground >= SIZE else scene.ground
    y = min(scene.horizon + int(rng.integers(5, 9)), depth - 4) - 15
    x = scene.places["boat"] - 13
    bob = canvas.motion.sway(rng.uniform(0, 6.28), 1.0)
    ripple = canvas.motion.sway(1.0, 0.8)
    canvas.blit(canvas.sprite(("boat shadow", flip), mirrored, outline=0.0), x, y + 14, 0.5, dx=ripple)
    canvas.blit(canvas.sprite(("boat", flip), make, glow=0.2), x, y, 0.5, dy=bob)
    if scene.time == "night":
        canvas.dots(
            x + rgb([10, 16]), (y + 13 + bob)[:, None] * np.ones((1, 2)), (1.0, 0.85, 0.45), depth=0.5, glow=1.0
        )


_HOUSE = (
    "..............cc......",
    "......rrrrrrrrcCr.....",
    ".....rrrrrrrrrcCrr....",
    "....rRrrrRrrrRrrrRr...",
    "...rrrrrrrrrrrrrrrrr..",
    "..rrRrrrRrrrRrrrRrrrr.",
    ".RRRRRRRRRRRRRRRRRRRRR",
    "..wwwwwwwwwwwwwwwwwww.",
    "..wwLLLLwwwwwwLLLLwww.",
    "..wwLyLywwddwwLyLywww.",
    "..wwLLLLwDDDDwLLLLwww.",
    "..wwyLyLwDDDDwyLyLwww.",
    "..wwwwwwwDDDkwwwwwwww.",
    "..WWWWWWWDDDDWWWWWWWW.",
    "..WWWWWWWDDDDWWWWWWWW.",
)


def house(canvas: Canvas, scene: Scene) -> None:
    """Build a cottage with a smoking chimney; its windows are lit when it is dark."""
    dark = scene.time in ("night", "sunset")
    snowy = scene.season == "winter"
    pane = (1.0, 0.85, 0.42) if dark else (0.62, 0.84, 0.95)

    def make() -> Sprite:
        # Lit windows are painted brighter than white: the night's light takes the rest away.
        boost = (1 / canvas.light if dark else 1.0) * rgb(pane)
        roof = (0.93, 0.95, 1.0) if snowy else (0.80, 0.34, 0.28)
        colors = {"c": (0.72, 0.52, 0.45), "C": (0.55, 0.38, 0.35), "r": roof, "R": lit(roof, -0.22),
                  "w": (0.97, 0.92, 0.82), "W": (0.86, 0.78, 0.66), "L": boost, "y": boost * np.float32(0.85),
                  "d": (0.45, 0.28, 0.20), "D": (0.55, 0.35, 0.24), "k": (0.95, 0.80, 0.40)}  # fmt: skip
        small = art(_HOUSE, colors)
        return Sprite(np.pad(small.color, ((1, 1), (1, 1), (0, 0))), np.pad(small.alpha, 1))

    x, y = scene.places["house"] - 12, _foot(scene) - 16
    canvas.blit(canvas.sprite(("house", dark, snowy), make), x, y, 0.65)
    puffs = 6
    rise = (np.arange(puffs)[None, :] + np.arange(16)[:, None] / 16) / puffs
    sway = 2.0 * canvas.motion.wind * np.sin(rise * 6 + PHASE[:, None])
    for dy, dx in ((0, 0), (0, 1), (-1, 0), (-1, 1)):
        canvas.dots(
            x + 15 + dx + sway * rise,
            y - rise * 13 + dy,
            (0.92, 0.92, 0.95),
            opacity=0.75 * (1 - rise),
            depth=0.65,
            glow=0.3,
        )
    if dark:
        for wx in (6, 16):
            glow(canvas, x + wx, y + 11, 9, (1.0, 0.75, 0.35), 0.38)


def torii(canvas: Canvas, scene: Scene) -> None:
    """Set up a red shrine gate."""

    def make() -> Sprite:
        red, dark = (0.88, 0.26, 0.18), (0.24, 0.16, 0.20)
        height, width = 28, 32
        sprite = blank(height, width)
        y, x = np.mgrid[:height, :width]
        curve = np.round(((x - 15.5) / 15.5) ** 2 * 2)
        beam = (y >= 4 - curve) & (y < 6 - curve) & (x > 0) & (x < 31)
        put(sprite, beam, dark)
        put(sprite, (y >= 6 - curve) & (y < 9 - curve) & (x > 1) & (x < 30), red)
        put(sprite, (y >= 12) & (y < 14) & (x > 3) & (x < 28), red)
        put(sprite, (y >= 8) & (y < 12) & (np.abs(x - 15.5) < 2), dark)
        put(sprite, (y >= 8) & (np.abs(np.abs(x - 15.5) - 9 - (y > 18) * 0.5) < 1.8), red)
        put(sprite, (y >= 8) & (sprite.color[..., 0] > 0.8) & ((x == 6) | (x == 24)), lit(red, 0.25))
        put(sprite, (y > 25) & (sprite.alpha > 0), dark)
        return sprite

    canvas.blit(canvas.sprite("torii", make, glow=0.15), scene.places["torii"] - 16, _foot(scene) - 27, 0.65)


def lantern(canvas: Canvas, scene: Scene) -> None:
    """Hang paper lanterns on a line, glowing and swinging."""
    rng = scene.chance("lantern")
    dark = scene.time in ("night", "sunset")

    def make() -> Sprite:
        height, width = 13, 11
        sprite = blank(height, width)
        red = (0.95, 0.35, 0.22)
        put(sprite, ellipse(height, width, 6, 5, 4.3, 4.2), red)
        put(sprite, ellipse(height, width, 6, 5, 3.2, 2.4), (1.0, 0.66, 0.32))
        put(sprite, ellipse(height, width, 6, 5, 2.2, 1.2), (1.0, 0.90, 0.62))
        sprite.color[2:3, 3:8] = sprite.color[10:11, 3:8] = (0.25, 0.16, 0.16)
        sprite.alpha[2:3, 3:8] = sprite.alpha[10:11, 3:8] = 1
        sprite.color[11:13, 5] = (0.95, 0.75, 0.25)
        sprite.alpha[11:13, 5] = 1
        return sprite

    line = np.arange(-10, 76)
    sag = 8 + 5 * np.sin((line + 10) / 86 * np.pi)
    canvas.dots(line, sag, (0.22, 0.16, 0.20), depth=0.75)
    for index in range(4):
        x = 3 + index * 18 + rng.uniform(-3, 3)
        y = float(np.interp(x + 5, line, sag))
        if dark:
            glow(canvas, x + 5, y + 6, 13, (1.0, 0.62, 0.28), 0.6)
        sways = canvas.motion.sway(rng.uniform(0, 6.28), 1.2)
        canvas.blit(canvas.swaying("lantern", make, sways, hanging=True, glow=1.0), x, y - 1, 0.75)


def lighthouse(canvas: Canvas, scene: Scene) -> None:
    """Build a striped lighthouse on a rock; its beam turns when it is dark."""
    dark = scene.time != "day"
    x = scene.places["lighthouse"]
    foot = scene.horizon + 8
    top = foot - 35

    def make() -> Sprite:
        height, width = 42, 22
        sprite = blank(height, width)
        y, xx = np.mgrid[:height, :width]
        away = np.abs(xx - 10.5)
        put(sprite, ellipse(height, width, 40, 10.5, 7, 10), (0.42, 0.40, 0.46))
        put(sprite, ellipse(height, width, 38, 8.5, 3.5, 6), (0.55, 0.53, 0.58))
        tower = (y >= 11) & (y < 36) & (away < 2.6 + (y - 11) * 0.09)
        put(sprite, tower, (0.97, 0.96, 0.93))
        put(sprite, tower & ((y - 11) % 10 >= 5), (0.86, 0.25, 0.24))
        put(sprite, tower & (xx > 12), rgb((0.72, 0.66, 0.70)))
        put(sprite, tower & (xx > 12) & ((y - 11) % 10 >= 5), (0.64, 0.16, 0.20))
        put(sprite, (y >= 9) & (y < 11) & (away < 5), (0.30, 0.26, 0.32))
        put(sprite, (y >= 5) & (y < 9) & (away < 3), rgb((1.0, 0.92, 0.55)) / canvas.light)
        put(sprite, (y >= 2) & (y < 5) & (away < y - 0.5), (0.75, 0.22, 0.24))
        return sprite

    if dark:
        side = np.cos(PHASE)
        yy, far = np.mgrid[-9:10, 0:44]
        frames = []
        for turn in side:
            reach = abs(float(turn)) * 44
            beam = (np.abs(yy) <= 1 + far * 0.17) & (far < reach)
            alpha = (beam * np.clip(1 - far / max(reach, 1.0), 0, 1) * 0.6).astype(np.float32)
            both = np.concatenate([alpha[:, ::-1] * (turn < 0), alpha * (turn >= 0)], axis=1)
            frames.append(stamp(Sprite(np.broadcast_to(canvas.color((1.0, 0.95, 0.7), 1.0), (19, 88, 3)), both)))
        canvas.blit(frames, x - 44, top + 6 - 9, 0.5)
    canvas.blit(canvas.sprite(("lighthouse", dark), make, glow=0.1), x - 10, top, 0.5)


def balloon(canvas: Canvas, scene: Scene) -> None:
    """Let a hot air balloon float by."""
    rng = scene.chance("balloon")
    name = scene.colors.get("balloon", "red")
    one, other = FLOWERS[name], (1.0, 0.93, 0.78) if name not in ("white", "yellow") else (0.92, 0.45, 0.35)

    def make() -> Sprite:
        height, width = 27, 21
        sprite = blank(height, width)
        y, x = np.mgrid[:height, :width]
        envelope = ellipse(height, width, 9.5, 10, 8.8, 8.8) | (
            (y >= 10) & (y < 21) & (np.abs(x - 10) < 13.5 - y * 0.55)
        )
        envelope &= ellipse(height, width, 9.5, 10, 12, 9.2)
        stripe = np.floor((x - 10) / (1.0 + 8.6 * np.sqrt(np.clip(1 - ((y - 9.5) / 10.5) ** 2, 0.05, 1))) * 2.5 + 0.5)
        put(sprite, envelope, one)
        put(sprite, envelope & (stripe % 2 != 0), other)
        put(sprite, envelope & (x < 6) & (y < 12) & (stripe % 2 == 0), lit(one, 0.25))
        put(sprite, (y == 21) & ((x == 8) | (x == 12)), (0.35, 0.25, 0.2))
        put(sprite, (y >= 22) & (y < 26) & (np.abs(x - 10) < 3), (0.62, 0.42, 0.24))
        put(sprite, (y == 22) & (np.abs(x - 10) < 3), (0.78, 0.58, 0.36))
        return sprite

    x = 64 - scene.places["light"] - 10 + rng.uniform(-4, 4)
    bob = canvas.motion.sway(rng.uniform(0, 6.28), 1.4)
    drift = canvas.motion.sway(rng.uniform(0, 6.28), 1.0)
    canvas.blit(canvas.sprite(("balloon", name), make, glow=0.25), x, rng.uniform(3, 10), 0.3, dx=drift, dy=bob)
