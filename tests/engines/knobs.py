"""What a knob does to a clip, in numbers: the same world and noise with other steps, guidance and negative words."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from drawing import EXAMPLE, ask

from animatediff_widget.engines import diffusion
from animatediff_widget.engines.clips import World, to_clip
from animatediff_widget.engines.pocket import world_of

PROMPTS = (EXAMPLE, "a boat on the sea, full moon, stars", "a cat in a garden, sunflowers, butterflies")
_LUMA = (0.30, 0.59, 0.11)


class Measured(NamedTuple):
    """A sampled clip and how much of everything it has."""

    clip: np.ndarray
    saturation: float
    contrast: float
    sharpness: float
    burnt: float
    composition: int
    amounts: dict[str, float]

    @property
    def presence(self) -> float:
        """The mean amount of the prompted things."""
        return float(np.mean([amount for name, amount in self.amounts.items() if name not in _OTHERS]))


_OTHERS = ("light", "colour", "tone", "shape", "detail", "unwanted")


@functools.lru_cache(maxsize=12)  # to paint a world takes much longer than to sample in it
def world(prompt: str, seed: int, negative: str = "") -> World:
    return world_of(ask(prompt, negative), seed)


def trajectory(drawn: World, steps: int = 25, scale: float = 7.5) -> list[diffusion.Step]:
    way = diffusion.ddim(
        drawn.products, drawn.conditional, drawn.unconditional, drawn.gram, steps=steps, guidance_scale=scale
    )
    return list(way)


def sample(drawn: World, steps: int = 25, scale: float = 7.5) -> Measured:
    last = trajectory(drawn, steps, scale)[-1]
    clip = to_clip(drawn, last.point)
    index = int(last.conditional.weights.argmax())
    # Least squares in the data space: the amounts whose sum of columns comes nearest to the point.
    onto = drawn.ways[index, :-1] @ drawn.gram
    amounts = np.linalg.lstsq(onto @ drawn.ways[index, :-1].T, onto @ last.point, rcond=1e-9)[0]
    return Measured(
        clip,
        float((clip.max(axis=-1) - clip.min(axis=-1)).mean()),
        float((clip @ _LUMA).std()),
        float(np.abs(np.diff(clip, axis=1)).mean()),
        float(((clip <= 0) | (clip >= 1)).mean()),
        index,
        dict(zip(drawn.names, amounts.tolist(), strict=True)),
    )


def gap(one: Measured, other: Measured) -> float:
    """Mean distance of two clips in levels of 255."""
    return 255 * float(np.abs(one.clip - other.clip).mean())
