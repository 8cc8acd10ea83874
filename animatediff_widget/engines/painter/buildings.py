"""Buildings, of which each has something that moves."""

from __future__ import annotations

from functools import partial

import numpy as np

from .canvas import SIZE, Canvas
from .craft import column, foot, is_dark, pane
from .motions import FRAMES
from .scene import Scene
from .sprites import Color, Sprite, blank, lit, mix, put, rgb
from .things import glow

__all__ = ["ferris_wheel", "pagoda", "tent", "windmill"]


def windmill(canvas: Canvas, scene: Scene) -> None:
    """Build a windmill whose sails turn, faster in a strong wind."""
    dark, snowy = is_dark(scene), scene.season == "winter"
    height, width = 36, 25

    def make() -> Sprite:
        sprite = blank(height, width)
        y, x = np.mgrid[:height, :width]
        away = x - 12
        tower = (y >= 10) & (y < 35) & (np.abs(away) <= 4.2 + (y - 10) * 0.17)
        put(sprite, tower, (0.95, 0.90, 0.82))
        put(sprite, tower & (away > 2 + (y - 10) * 0.05), (0.80, 0.74, 0.72))
        put(sprite, tower & (y % 6 == 3) & ((x + y) % 5 < 2), (0.84, 0.77, 0.70))
        cap = (y >= 3) & (y < 11) & (np.abs(away) <= 5.8 - (np.maximum(8 - y, 0) / 2.2) ** 2)
        put(sprite, cap, (0.94, 0.96, 1.0) if snowy else (0.70, 0.32, 0.26))
        put(sprite, cap & (away > 2), (0.80, 0.85, 0.94) if snowy else (0.52, 0.22, 0.22))
        put(sprite, (y >= 21) & (y < 23) & (np.abs(away) <= 8), (0.50, 0.34, 0.26))
        put(sprite, (y >= 18) & (y < 21) & (np.abs(away) <= 8) & (x % 3 == 0), (0.50, 0.34, 0.26))
        put(sprite, (y >= 28) & (np.abs(away) <= 2), (0.46, 0.29, 0.22))
        put(sprite, (y >= 14) & (y < 17) & (np.abs(away) <= 1), pane(canvas, dark, (1.0, 0.82, 0.42)))
        put(sprite, (y >= 25) & (y < 28) & (np.abs(np.abs(away) - 4.5) < 1), pane(canvas, dark, (1.0, 0.82, 0.42)))
        return sprite

    x, y = column(scene, "windmill", width), foot(scene) - height
    canvas.blit(canvas.sprite(("windmill", dark, snowy), make, glow=0.1), x, y, 0.7)
    quarter = np.pi / 2 * (2 if canvas.motion.wind > 1.5 else 1)

    def sails(angle: float) -> Sprite:
        side = 33
        sprite = blank(side, side)
        yy, xx = np.mgrid[:side, :side] - side // 2
        for k in range(4):
            turn = angle + k * np.pi / 2
            along, across = xx * np.cos(turn) + yy * np.sin(turn), yy * np.cos(turn) - xx * np.sin(turn)
            cloth = (along > 4) & (along < 15.5) & (across > 0) & (across < 4.2)
            put(sprite, cloth, (0.98, 0.96, 0.90))
            put(sprite, cloth & ((along % 4 < 1) | (np.abs(across - 2.2) < 0.5)), (0.78, 0.70, 0.62))
            put(sprite, (along >= 0) & (along < 15.5) & (np.abs(across) < 0.9), (0.42, 0.28, 0.22))
        put(sprite, np.hypot(xx, yy) < 2, (0.30, 0.22, 0.22))
        return sprite

    frames = [canvas.sprite(("sails", round(quarter, 2), t), partial(sails, quarter * t / FRAMES), glow=0.15)
              for t in range(FRAMES)]  # fmt: skip
    canvas.blit(frames, x + 12 - 16, y + 8 - 16, 0.7)


def pagoda(canvas: Canvas, scene: Scene) -> None:
    """Build a pagoda of four storeys whose bells swing at the eaves."""
    dark, snowy = is_dark(scene), scene.season == "winter"
    height, width = 45, 33

    def make() -> Sprite:
        sprite = blank(height, width)
        y, x = np.mgrid[:height, :width]
        away = np.abs(x - 16)
        tile = (0.93, 0.96, 1.0) if snowy else (0.28, 0.38, 0.46)
        red = (0.80, 0.28, 0.24)
        put(sprite, (y >= 42) & (away <= 12), (0.66, 0.62, 0.64))
        put(sprite, (y >= 41) & (y < 42) & (away <= 11), (0.80, 0.76, 0.76))
        for storey in range(4):
            top, half = 7 + storey * 9, 5.0 + storey * 1.5
            wall = (y >= top + 4) & (y < top + 9) & (away <= half)
            put(sprite, wall, (0.95, 0.88, 0.78))
            put(sprite, wall & (x > 16 + half * 0.4), (0.84, 0.74, 0.68))
            put(sprite, wall & ((away > half - 1) | (y == top + 4) | (np.abs(away - half * 0.45) < 0.5)), red)
            put(sprite, wall & (away <= 1) & (y >= top + 5), pane(canvas, dark, (1.0, 0.80, 0.40)))
            put(sprite, wall & (np.abs(away - half * 0.72) < 0.9) & (y >= top + 5) & (y < top + 8),
                pane(canvas, dark, (1.0, 0.80, 0.40)))  # fmt: skip
            # The eaves swing up at their ends.
            wide = half + 5.0
            lift = 3.2 * np.clip((away - half) / 5, 0, 1) ** 2
            roof = (y >= top - lift + np.maximum(away - half + 3, 0) * 0.45) & (y <= top + 4 - lift) & (away <= wide)
            put(sprite, roof, tile)
            put(sprite, roof & (y > top + 3 - lift), red)
            put(sprite, roof & (x < 13) & (y < top + 2), lit(tile, 0.25))
            put(sprite, roof & (x % 3 == 0) & (y <= top + 3 - lift), lit(tile, -0.2))
        put(sprite, (y < 8) & (away < 1) & (y >= 1), (0.95, 0.78, 0.35))
        put(sprite, ((y == 3) | (y == 5)) & (away < 2), (0.95, 0.78, 0.35))
        put(sprite, (y >= 37) & (y < 42) & (away <= 1.5), (0.42, 0.24, 0.22))
        return sprite

    x, y = column(scene, "pagoda", width), foot(scene) - height
    canvas.blit(canvas.sprite(("pagoda", dark, snowy), make, glow=0.15), x, y, 0.65)
    for storey in range(4):
        half = 9.0 + storey * 1.5
        for side in (-1, 1):
            swing = canvas.motion.sway(storey + side, 1.0)
            hang = y + 10 + storey * 9 - 3
            canvas.dots([x + 16 + side * half], [hang + 1], (0.40, 0.28, 0.24), depth=0.65)
            canvas.dots([x + 16 + side * half], (hang + 2) + 0 * swing[:, None], (0.95, 0.76, 0.34), depth=0.65)
            canvas.dots((x + 16 + side * half + swing)[:, None], [hang + 3], (1.0, 0.86, 0.46), depth=0.65, glow=0.4)
    if dark:
        glow(canvas, x + 16, y + 38, 12, (1.0, 0.72, 0.34), 0.4)


def tent(canvas: Canvas, scene: Scene) -> None:
    """Pitch a tent whose flap moves in the wind; a lamp inside is lit when it is dark."""
    rng = scene.chance("tent")
    dark = is_dark(scene)
    cloth = ((0.95, 0.58, 0.26), (0.36, 0.62, 0.58), (0.90, 0.42, 0.38))[int(rng.integers(0, 3))]
    height, width = 22, 34

    def make(open_by: int) -> Sprite:
        sprite = blank(height, width)
        y, x = np.mgrid[:height, :width]
        down = (y - 2) / 18
        front = (y >= 2) & (y < 20) & (np.abs(x - 12) <= down * 10.5)
        side = (y >= 2) & (y < 20) & (x > 12) & (x - 12 <= 11 + down * 9) & (x - 12 > down * 10.5 - 1)
        shine = rgb(cloth) / canvas.light * np.float32(0.8) if dark else rgb(cloth)
        put(sprite, side, lit(cloth, -0.3))
        put(sprite, side & (y == 2), lit(cloth, 0.2))
        put(sprite, front, shine)
        inside = front & (np.abs(x - 12) <= down * (3.2 + open_by)) & (y > 5)
        put(sprite, inside, rgb((1.0, 0.88, 0.55)) / canvas.light if dark else rgb((0.34, 0.24, 0.26)))
        put(sprite, inside & (np.abs(np.abs(x - 12) - down * (3.2 + open_by)) < 0.8), lit(cloth, 0.45))
        put(sprite, front & (np.abs(np.abs(x - 12) - down * 10.5) < 1), lit(cloth, 0.5))
        put(sprite, (y >= 19) & (y < 21) & ((np.abs(x - 12) < 11) | (np.abs(x - 22) < 10)), lit(cloth, -0.5))
        return sprite

    x, y = column(scene, "tent", width), foot(scene) - height + 1
    if dark:
        glow(canvas, x + 12, y + 14, 17, (1.0, 0.72, 0.36), 0.5)
    for reach in range(6):
        canvas.dots([x + 1 - reach * 0.5, x + 31 + reach * 0.5], [y + 15 + reach] * 2, (0.85, 0.80, 0.74), depth=0.85)
    flap = np.abs(canvas.motion.sway(rng.uniform(0, 6.28), 1.3)).tolist()
    poses = [canvas.sprite(("tent", cloth, dark, k), partial(make, k), glow=0.15) for k in range(4)]
    canvas.blit([poses[min(k, 3)] for k in flap], x, y, 0.85)


def ferris_wheel(canvas: Canvas, scene: Scene) -> None:
    """Turn a big wheel with gondolas that hang upright; its lamps run around when it is dark."""
    dark = is_dark(scene)
    x, foot_y = min(max(scene.places["ferris_wheel"], 19), SIZE - 19), foot(scene) - 4
    radius, cabins = 17.0, 12
    hub = foot_y - 22
    side = 41

    def wheel(angle: float) -> Sprite:
        sprite = blank(side, side)
        yy, xx = np.mgrid[:side, :side] - side // 2
        away, turn = np.hypot(xx, yy), np.arctan2(yy, xx) - angle
        steel = mix((0.88, 0.90, 0.96), (0.5, 0.55, 0.7), 0.15)
        spoke = np.abs((turn * cabins / (2 * np.pi) + 0.5) % 1 - 0.5) * away * 2 * np.pi / cabins < 0.55
        put(sprite, (spoke & (away < radius)) | (np.abs(away - radius) < 0.7), steel)
        put(sprite, np.abs(away - radius * 0.55) < 0.55, lit(steel, -0.15))
        put(sprite, away < 2.2, (0.92, 0.36, 0.36))
        return sprite

    legs = np.arange(0, foot_y - hub + 1)
    for way in (-1, 1):
        for beside in (0, way):
            canvas.dots(x + way * legs * 0.42 + beside, hub + legs, (0.52, 0.54, 0.66), depth=0.6)
    # A quarter of a turn brings cabins of the same colour into the same places.
    angles = [np.pi / 2 * t / FRAMES for t in range(FRAMES)]
    frames = [canvas.sprite(("ferris wheel", t), partial(wheel, angles[t]), glow=0.25, outline=0.0)
              for t in range(FRAMES)]  # fmt: skip
    canvas.blit(frames, x - side // 2, hub - side // 2, 0.6)
    tints = ((0.93, 0.36, 0.36), (1.0, 0.82, 0.36), (0.40, 0.66, 0.92))
    for k in range(cabins):
        turn = np.array(angles) + k * 2 * np.pi / cabins

        def cabin(tint: Color = tints[k % 3]) -> Sprite:
            sprite = blank(7, 7)
            y, xx = np.mgrid[:7, :7]
            put(sprite, (y >= 2) & (y < 6) & (np.abs(xx - 3) <= 2), tint)
            put(sprite, (y == 3) & (np.abs(xx - 3) <= 1), pane(canvas, dark, (1.0, 0.92, 0.62)))
            put(sprite, (y == 5) & (np.abs(xx - 3) <= 2), lit(tint, -0.35))
            return sprite

        dx, dy = np.rint(radius * np.cos(turn)).astype(int), np.rint(radius * np.sin(turn)).astype(int)
        canvas.blit(canvas.sprite(("cabin", k % 3, dark), cabin, glow=0.3), x - 3, hub - 2, 0.6, dx=dx, dy=dy)
    if dark:
        bulbs = np.arange(24) * 2 * np.pi / 24
        on = 0.35 + 0.65 * ((np.arange(24)[None, :] + np.arange(FRAMES)[:, None] // 2) % 4 == 0)
        canvas.dots(
            x + 14 * np.cos(bulbs), hub + 14 * np.sin(bulbs), (1.0, 0.86, 0.50), opacity=on, depth=0.6, glow=1.0
        )
