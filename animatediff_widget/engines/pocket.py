"""The pocket engine: a diffusion sampler over a small set of drawn clips, on the CPU, without any download.

The score of a finite set of clips is known in closed form, so no network is needed, and steps, guidance, seed and
negative prompt have the effects that they have in the large model, for the same reasons.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from . import Canceled, Output, diffusion, encoder
from .painter import (
    DEFAULT_MOTION,
    DEFAULT_STYLE,
    FRAMES,
    MOTIONS,
    SIZE,
    STYLES,
    Motion,
    Reading,
    Scene,
    Style,
    Workshop,
    compose,
    paint,
    random_tags,
    read,
)

if TYPE_CHECKING:
    from animatediff_widget.model.request import AnimateDiffRequest

__all__ = ["MATCHING", "NEGATIVE", "RANDOM", "SIGNAL", "PocketEngine", "World", "build_world", "to_clip"]

MATCHING = 12
RANDOM = 12
NEGATIVE = 12
# Neighbouring pixels are nearly equal, so that at full scale the first step would already tell all clips apart. As in
# Hoogeboom et al. (arXiv:2301.11093), the signal to noise ratio is shifted: with this scale 1 step burns out, 4 are
# nearly clean and 25 are crisp.
SIGNAL = 0.015

Floats = NDArray[np.floating[Any]]


class World(NamedTuple):
    """The data set of one run: clips that match the prompt first (C), then everything else; all rows together are U."""

    data: NDArray[np.float32]
    """Shape (n, 16 * 64 * 64 * 3): one flattened clip a row, centred on 0 and scaled by `SIGNAL`."""
    matching: int
    """How many of the first rows match the prompt."""
    scenes: tuple[Scene, ...]
    """What is in each clip."""


def to_clip(point: Floats) -> NDArray[np.float32]:
    """Turn a point of the data space into a clip, shape (16, 64, 64, 3), clipped to [0, 1]."""
    clip = np.clip(point * np.float32(0.5 / SIGNAL) + np.float32(0.5), 0.0, 1.0)
    return np.asarray(clip, dtype=np.float32).reshape(FRAMES, SIZE, SIZE, 3)


def build_world(request: AnimateDiffRequest, seed: int, *, canceled: Callable[[], bool] = lambda: False) -> World:
    """Paint the data set for a request: `canceled` is looked at before every clip, and ends it with `Canceled`.

    There are `MATCHING` clips that match the prompt, `RANDOM` clips of random content and, when the negative prompt has
    words the painter knows, `NEGATIVE` clips drawn from those, in the prompt's own setting.
    """
    workshop = Workshop(_style(request)[0], _motion(request)[0])
    tags = read(request.prompt).tags
    unwanted = read(request.n_prompt).tags
    scenes = [compose(tags, (seed, 0, index)) for index in range(MATCHING)]
    scenes += [compose(random_tags(np.random.default_rng([seed, 1, k])), (seed, 1, k)) for k in range(RANDOM)]
    if unwanted:
        # The prompt's own compositions with the unwanted things added, so that they differ in those things alone.
        kinds = {tag.partition(":")[0] for tag in unwanted if ":" in tag}
        spoiled = unwanted | {tag for tag in tags if tag.partition(":")[0] not in kinds}
        scenes += [compose(spoiled, (seed, 0, index)) for index in range(NEGATIVE)]
    data = np.empty((len(scenes), FRAMES * SIZE * SIZE * 3), dtype=np.float32)
    for row, scene in zip(data, scenes, strict=True):
        if canceled():
            raise Canceled
        np.multiply(
            np.clip(paint(scene, workshop), 0.0, 1.0).ravel() - np.float32(0.5), np.float32(2 * SIGNAL), out=row
        )
    return World(data, MATCHING, tuple(scenes))


class PocketEngine:
    """Draws animations of a tiny drawn world with exact diffusion; see the module's text."""

    def run(
        self, request: AnimateDiffRequest, *, seed: int, log: Callable[[str], None], canceled: Callable[[], bool]
    ) -> Output:
        """Draw 16 frames of 512x512 as ``extra_input["output_format"]``, WebP or GIF; see `Engine.run`."""
        suffix = _suffix(request)
        log(f"Using seed: {seed}\n")
        for line in _introduction(request):
            log(line + "\n")
        world = build_world(request, seed, canceled=canceled)
        others = len(world.data) - world.matching
        log(f"World: {world.matching} drawn clips that match the prompt, {others} others to be told apart from\n")
        noise = np.random.default_rng([seed, 3]).standard_normal(world.data.shape[1], dtype=np.float32)
        point: Floats = np.asarray(noise)
        steps, scale = int(request.steps), float(request.guidance_scale)
        points = diffusion.ddim(point, world.data, world.matching, steps=steps, guidance_scale=scale)
        began = time.monotonic()

        def show(done: int) -> None:
            log("\r" + tqdm.format_meter(done, steps, time.monotonic() - began))
            if canceled():
                raise Canceled

        show(0)
        for done in range(1, steps + 1):
            point = next(points)
            show(done)
        log("\n")
        return Output(encoder.encode(to_clip(point), suffix), suffix, encoder.SUFFIXES[suffix])


def _suffix(request: AnimateDiffRequest) -> str:
    asked = str((request.extra_input or {}).get("output_format") or "webp").strip().lower()
    if asked not in encoder.SUFFIXES:
        raise ValueError(f'The pocket model writes "webp" or "gif", not "{asked}": choose one as output_format.')
    return asked


def _style(request: AnimateDiffRequest) -> tuple[Style, str]:
    name = request.path.rsplit("/", 1)[-1].removesuffix(".safetensors")
    if name in STYLES:
        return STYLES[name], f"Checkpoint {name}, here: {STYLES[name].summary}"
    return DEFAULT_STYLE, f"Checkpoint {name} has no style here; default: {DEFAULT_STYLE.summary}"


def _motion(request: AnimateDiffRequest) -> tuple[Motion, str]:
    name = request.motion_module.rsplit("/", 1)[-1].removesuffix(".ckpt")
    if name in MOTIONS:
        return MOTIONS[name], f"Motion module {name}, here: {MOTIONS[name].summary}"
    return DEFAULT_MOTION, f"Motion module {name} has no motion here; default: {DEFAULT_MOTION.summary}"


def _introduction(request: AnimateDiffRequest) -> list[str]:
    lines = ["This is the pocket model (drawn world, offline): it draws what it has words for."]
    lines += [_style(request)[1], _motion(request)[1]]
    lines += _report("Prompt", "drawn", read(request.prompt))
    return lines + _report("Negative prompt", "kept away from", read(request.n_prompt))


def _report(label: str, use: str, reading: Reading) -> list[str]:
    lines = []
    if reading.words:
        lines.append(f"{label}, {use}: {', '.join(reading.words)}")
    elif label == "Prompt":
        lines.append("Prompt: no word in it is known here, so chance decides what is drawn")
    if reading.without_effect:
        lines.append(f"{label}, understood but without effect here: {', '.join(reading.without_effect)}")
    if reading.unknown:
        lines.append(f"{label}, unknown words (without effect): {', '.join(reading.unknown)}")
    return lines
