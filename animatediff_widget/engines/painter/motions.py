"""Motion modules: how the camera and the wind move. Everything comes back after 16 frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["DEFAULT_MOTION", "FRAMES", "MOTIONS", "PHASE", "Motion"]

FRAMES = 16
# The loop as an angle: frame 16 would be frame 0 again.
PHASE = (np.arange(FRAMES) * (2.0 * np.pi / FRAMES)).astype(np.float32)


@dataclass(frozen=True)
class Motion:
    """How a motion module moves things.

    Parameters
    ----------
    summary : str
        What a person sees.
    pan : float
        How far the camera goes to each side in front of the nearest things, in pixels of 64.
    zoom : float
        How much nearer the camera comes, as a share; 0 stays.
    wind : float
        How far things sway; 1 is a breeze.
    gust : int
        Sways in one loop.
    drift : float
        How far falling things are carried sideways in one loop, in pixels of 64.
    """

    summary: str
    pan: float = 0.0
    zoom: float = 0.0
    wind: float = 1.0
    gust: int = 1
    drift: float = 0.0

    def shift(self, depth: float) -> NDArray[np.int64]:
        """Return where the camera puts things at a depth (0 far to 1 near), shape (16,), pixels to the right."""
        return _shift(self.pan * depth)

    def magnification(self) -> NDArray[np.float32]:
        """Return how large the camera shows everything in each frame, shape (16,), 1 or more."""
        return np.asarray(1.0 + self.zoom * (0.5 - 0.5 * np.cos(PHASE)), dtype=np.float32)

    def sway(self, phase: float, reach: float) -> NDArray[np.int64]:
        """Return how far something sways in each frame, shape (16,), whole pixels up to `reach` times the wind."""
        return np.asarray(np.round(self.wind * reach * np.sin(self.gust * PHASE + phase)), dtype=np.int64)


@cache
def _shift(reach: float) -> NDArray[np.int64]:
    shifts = np.asarray(np.round(reach * np.sin(PHASE)), dtype=np.int64)
    shifts.flags.writeable = False
    return shifts


MOTIONS: dict[str, Motion] = {
    "mm_sd_v14": Motion("a gentle sway, the camera stands still"),
    "mm_sd_v15": Motion("the camera glides to the side and back", pan=6.0, wind=0.7),
    "mm_sd_v15_v2": Motion(
        "the camera breathes in and out, the wind is lively", zoom=0.22, wind=2.0, gust=2, drift=32.0
    ),
}
DEFAULT_MOTION = MOTIONS["mm_sd_v14"]
