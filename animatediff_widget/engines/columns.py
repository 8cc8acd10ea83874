"""What a composition is painted as: pictures of whole numbers, and columns of them that add up to the drawn clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .painter import FRAMES, SIZE, Scene, without

__all__ = ["DIMS", "LEVELS", "Floats", "Pictures", "Pixels", "columns_of", "multiply"]

# A picture's values are whole numbers of this many levels, centred on 0, and the span from black to white is 1 in the
# data space. Sums of whole numbers do not depend on a machine's order of adding, so neither does a clip.
LEVELS = 4080
DIMS = FRAMES * SIZE * SIZE * 3

Floats: TypeAlias = NDArray[np.float64]
Pixels: TypeAlias = NDArray[np.float32]

# Shares of 256.
_LUMA = np.array([77, 151, 28], dtype=np.float32)


class Pictures:
    """Rows of whole numbers, the first of them plain white."""

    def __init__(self, count: int) -> None:
        self.rows = np.empty((count, DIMS), dtype=np.float32)
        self.rows[0] = LEVELS
        self._filled = 1

    def add(self, picture: Pixels) -> Floats:
        """Keep a picture; return its coefficients."""
        self.rows[self._filled] = picture.reshape(-1)
        self._filled += 1
        return self.unit(self._filled - 1)

    def unit(self, index: int) -> Floats:
        """Return the coefficients of one row."""
        return np.asarray(np.arange(len(self.rows)) == index, dtype=np.float64)


def columns_of(
    pictures: Pictures,
    draw: Callable[[Scene], Pixels],
    scene: Scene,
    groups: Sequence[Sequence[str]],
    unwanted: Sequence[str],
) -> list[Floats]:
    """Paint a composition and give its columns, in the order of the names.

    Detail is what a weak blur takes, shape what a strong one takes beyond it. A thing's presence is the strongly
    blurred picture with it less the one without, from front to back, and light, tone and colour are those of the
    setting that is left: so no two of them change the same thing.
    """
    drawn = draw(scene)
    white, full = pictures.unit(0), pictures.add(16 * drawn - LEVELS // 2)
    near, far = pictures.add(_blurred(drawn, 0.9)), pictures.add(soft := _blurred(drawn, 2.5))
    shape, detail = near - far, full - near
    presence, bare = [], scene
    for group in groups:
        bare = without(bare, group)
        behind = pictures.add(soft := _blurred(draw(bare), 2.5))
        presence.append(far - behind)
        far = behind
    luma = np.rint(soft @ _LUMA / 256)
    gray = pictures.add(np.repeat(luma[..., None], 3, axis=-1))
    light = white * (float(luma.sum(dtype=np.float64)) / luma.size / LEVELS)
    columns = [light, far - gray, gray - light, shape, detail, *presence]
    if unwanted:
        columns.append(full - pictures.add(16 * draw(without(scene, unwanted)) - LEVELS // 2))
    return columns


@cache
def _blur(sigma: float) -> Pixels:
    """Make a Gaussian blur of 64 pixels as a matrix of whole numbers, each row adding up to 256."""
    gaps = np.arange(SIZE)[:, None] - np.arange(SIZE)
    kernel = np.exp(-0.5 * (gaps / sigma) ** 2)
    whole = np.rint(256 * kernel / kernel.sum(axis=1, keepdims=True))
    whole[np.arange(SIZE), np.arange(SIZE)] += 256 - whole.sum(axis=1)
    return np.asarray(whole, dtype=np.float32)


def _blurred(clip: Pixels, sigma: float) -> Pixels:
    """Blur every frame of a clip of whole numbers up to 255; float32 holds all sums, up to 255 * 2 ** 16, exactly.

    One product for each frame and colour: larger ones start threads, which on a busy machine wait for each other.
    """
    matrix = _blur(sigma)
    both = (matrix @ np.ascontiguousarray(clip.transpose(0, 3, 1, 2)) @ matrix.T).transpose(0, 2, 3, 1)
    return np.asarray(np.rint(both / 4096) - LEVELS // 2, dtype=np.float32)


def multiply(rows: Pixels, noise: Pixels) -> tuple[Floats, Floats]:
    """Give the products of the pictures with each other and with the noise, in float64.

    The parts are short, so that they stay in the processor's cache. The first row is plain white, so its products are
    sums: that leaves 64 rows, beyond which linear algebra starts threads, which on a busy machine wait for each other.
    """
    gram, products = np.zeros((len(rows), len(rows))), np.zeros(len(rows))
    for start in range(0, DIMS, 1024):
        part = slice(start, start + 1024)
        block, some = rows[1:, part].astype(np.float64), noise[part].astype(np.float64)
        gram[1:, 1:] += block @ block.T
        gram[0, 1:] += block.sum(axis=1)
        products[1:] += block @ some
        products[0] += some.sum()
    gram[0, 0], products[0] = LEVELS * DIMS, LEVELS * products[0]
    gram[0] *= LEVELS
    gram[1:, 0] = gram[0, 1:]
    return gram / LEVELS**2, products / LEVELS
