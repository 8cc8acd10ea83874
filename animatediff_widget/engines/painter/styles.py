"""Checkpoints as styles: how colours are graded, how sprites are finished and how the whole clip is developed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .sprites import Color, Floats, Sprite, rgb

__all__ = ["DEFAULT_STYLE", "STYLES", "Style"]

_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], dtype=np.float32) / 16.0 - 0.47
_PATTERN = np.repeat(np.tile(_BAYER, (16, 16))[..., None], 3, axis=-1)
_PLUM = np.array([0.16, 0.06, 0.22], dtype=np.float32)
_SIDE = 64
# Linear enlargement by four, as a matrix.
_AT = np.clip((np.arange(_SIDE) + 0.5) / 4 - 0.5, 0, _SIDE // 4 - 1)
_UP = np.maximum(0, 1 - np.abs(_AT[:, None] - np.arange(_SIDE // 4))).astype(np.float32)
_LUMA = np.array([0.30, 0.59, 0.11], dtype=np.float32)


@dataclass(frozen=True)
class Style:
    """How a checkpoint paints.

    Parameters
    ----------
    summary : str
        What a person sees.
    saturation, contrast : float
        1 leaves colours as they are.
    shadows, highlights : tuple of float
        What is added to dark and to light colours.
    bands : int
        Flat bands in a gradient; 0 keeps it smooth.
    outline : float
        How strong the line around sprites is, 0 to 1.
    relief : float
        How round sprites look, 0 to 1.
    dither : int
        Levels per channel of an ordered dither; 0 for none.
    bloom : float
        How far light spills over, 0 to 1.
    grain : float
        Film grain, in shares of full brightness; the same in all frames of a clip.
    vignette : float
        How dark the corners are, 0 to 1.
    """

    summary: str
    saturation: float = 1.0
    contrast: float = 1.0
    shadows: Color = (0.0, 0.0, 0.0)
    highlights: Color = (0.0, 0.0, 0.0)
    bands: int = 0
    outline: float = 0.0
    relief: float = 0.0
    dither: int = 0
    bloom: float = 0.0
    grain: float = 0.0
    vignette: float = 0.0

    def grade(self, color: Floats) -> Floats:
        """Give colours the style's palette.

        Parameters
        ----------
        color : numpy.ndarray
            Shape (..., 3), float32 in [0, 1].

        Returns
        -------
        numpy.ndarray
            The same shape, float32 in [0, 1].
        """
        matrix, offset = _grading(self)
        return np.asarray(np.clip(color @ matrix + offset, 0.0, 1.0), dtype=np.float32)

    def finish(self, sprite: Sprite, *, outline: float = 1.0) -> Sprite:
        """Give a sprite the style's light and line.

        Parameters
        ----------
        sprite : Sprite
            In plain colours.
        outline : float
            How much of the style's line it gets, 0 to 1; the sprite needs a free pixel at its edge for it.

        Returns
        -------
        Sprite
            Of the same size.
        """
        color, alpha = self.grade(sprite.color), sprite.alpha
        if self.relief:
            color = np.clip(color * (1.0 + self.relief * _slope(alpha))[..., None], 0.0, 1.0)
        if self.outline and outline:
            solid = alpha > 0.5
            edge = _grown(solid) & ~solid
            near = _spread(color, solid)
            line = near * np.float32(1.0 - 0.95 * self.outline * outline) + _PLUM * np.float32(0.45 * outline)
            color = np.where(edge[..., None], line, color)
            alpha = np.where(edge, 1.0, alpha)
        return Sprite(color.astype(np.float32), alpha.astype(np.float32))

    def develop(self, clip: Floats, noise: Floats) -> Floats:
        """Finish a whole clip.

        Parameters
        ----------
        clip : numpy.ndarray
            Shape (16, 64, 64, 3), float32 in [0, 1].
        noise : numpy.ndarray
            Standard normal, shape (64, 64, 1), float32: the clip's own film.

        Returns
        -------
        numpy.ndarray
            The same shape, float32; may leave [0, 1] a little.
        """
        if self.bloom:
            # Sums over slices are far quicker than a mean over two short axes.
            rows = clip[:, 0::4] + clip[:, 2::4]
            small = (rows[:, :, 0::4] + rows[:, :, 2::4]) * np.float32(0.25)
            small = _soft(np.maximum(small - np.float32(0.35), 0) * np.float32(self.bloom))
            spill = _enlarged(small)
            # Light spills less into what is dark: black eyes stay black.
            clip = clip + spill * (np.float32(1.0) - clip) * (np.float32(0.25) + np.float32(0.75) * clip)
        if self.vignette:
            clip = clip * _corners(self.vignette)
        if self.grain:
            clip = clip + np.repeat(noise, 3, axis=-1) * np.float32(self.grain)
        if self.dither:
            levels = np.float32(self.dither)
            clip = np.rint(clip * levels + _PATTERN) / levels
        return clip


@cache
def _grading(style: Style) -> tuple[Floats, Floats]:
    """Return saturation, contrast and split toning as one matrix and one offset: all of them are linear."""
    luma = np.repeat(_LUMA[:, None], 3, axis=1)
    shadows, highlights = rgb(style.shadows), rgb(style.highlights)
    saturated = luma + (np.eye(3, dtype=np.float32) - luma) * style.saturation
    matrix = saturated * style.contrast + luma * (highlights - shadows)
    offset = 0.5 - 0.5 * style.contrast + shadows
    return matrix.astype(np.float32), offset.astype(np.float32)


@cache
def _corners(strength: float) -> Floats:
    """Return what a vignette leaves of the light, shape (64, 64, 3)."""
    y, x = np.ogrid[-1:1:64j, -1:1:64j]
    falloff = (1.0 - strength * np.clip((x * x + y * y) - 0.45, 0, 1)).astype(np.float32)
    return np.repeat(falloff[..., None], 3, axis=-1)


def _grown(solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    out = solid.copy()
    out[1:] |= solid[:-1]
    out[:-1] |= solid[1:]
    out[:, 1:] |= solid[:, :-1]
    out[:, :-1] |= solid[:, 1:]
    return out


def _spread(color: Floats, solid: NDArray[np.bool_]) -> Floats:
    """Return, for each pixel, the mean colour of its solid neighbours."""
    height, width = solid.shape
    weighed = np.concatenate([color * solid[..., None], solid[..., None]], axis=-1)
    padded = np.pad(weighed, ((1, 1), (1, 1), (0, 0)))
    total = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    return np.asarray(total[..., :3] / np.maximum(total[..., 3:], 1.0), dtype=np.float32).reshape(height, width, 3)


def _slope(alpha: Floats) -> Floats:
    """Return how much a rounded sprite faces a light above on the left, about -1 to 1."""
    reach = 2
    padded = np.pad(alpha, reach)
    height, width = alpha.shape
    right = sum(padded[reach : reach + height, reach + k : reach + k + width] for k in (1, 2))
    left = sum(padded[reach : reach + height, reach - k : reach - k + width] for k in (1, 2))
    below = sum(padded[reach + k : reach + k + height, reach : reach + width] for k in (1, 2))
    above = sum(padded[reach - k : reach - k + height, reach : reach + width] for k in (1, 2))
    return np.asarray((0.6 * (right - left) + below - above) * 0.5, dtype=np.float32)


def _soft(small: Floats) -> Floats:
    """Blur a little, in both directions; shape (16, 16, 16, 3)."""
    for _ in range(2):
        wide = np.pad(small, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
        wide = wide[:, :-2] + wide[:, 1:-1] * 2 + wide[:, 2:]
        small = (wide[:, :, :-2] + wide[:, :, 1:-1] * 2 + wide[:, :, 2:]) * np.float32(1 / 16)
    return small


def _enlarged(small: Floats) -> Floats:
    """Enlarge four times, linearly, in both directions; shape (16, 64, 64, 3)."""
    frames, height, width, _ = small.shape
    out = _UP @ small.reshape(frames, height, width * 3)
    out = out.reshape(frames * _SIDE, width, 3).transpose(0, 2, 1) @ _UP.T
    return np.ascontiguousarray(out.transpose(0, 2, 1)).reshape(frames, _SIDE, _SIDE, 3)


STYLES: dict[str, Style] = {
    "toonyou_beta3": Style(
        "bright cel colours, flat bands and dark outlines",
        saturation=1.2,
        contrast=1.02,
        shadows=(0.05, 0.02, 0.08),
        highlights=(0.02, 0.01, 0.02),
        bands=7,
        outline=0.7,
    ),
    "lyriel_v16": Style(
        "a painter's teal and rose, dithered like a risograph",
        saturation=1.05,
        contrast=1.12,
        shadows=(-0.03, 0.05, 0.12),
        highlights=(0.05, -0.07, 0.02),
        dither=8,
    ),
    "rcnzCartoon3d_v10": Style(
        "a toy world: bold colours, round shading",
        saturation=1.55,
        contrast=1.15,
        shadows=(0.02, 0.0, 0.06),
        highlights=(0.04, 0.02, -0.03),
        relief=0.32,
        vignette=0.25,
    ),
    "majicmixRealistic_v5Preview": Style(
        "a warm portrait lens: soft bloom, peach light",
        saturation=0.95,
        contrast=1.0,
        shadows=(0.05, 0.0, -0.02),
        highlights=(0.05, -0.02, -0.12),
        relief=0.14,
        bloom=0.8,
        vignette=0.32,
    ),
    "realisticVisionV40_v20Novae": Style(
        "natural, muted colours with film grain",
        saturation=0.55,
        contrast=1.08,
        shadows=(-0.03, 0.0, 0.0),
        highlights=(-0.09, -0.07, -0.10),
        relief=0.2,
        grain=0.03,
        vignette=0.4,
    ),
}
DEFAULT_STYLE = STYLES["toonyou_beta3"]
