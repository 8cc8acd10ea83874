"""The pocket engine: a diffusion sampler over a small drawn world, on the CPU, without any download.

The score of that world is known in closed form, so no network is needed, and steps, guidance, seed and negative prompt
have the effects that they have in the large model. Means over 20 seeds and the three prompts of
``tests/benchmarks/bench_knobs.py``, which prints them (an amount of 1 is as drawn)::

    guidance, at 25 steps               1     2     4   7.5    10
    saturation                        .12   .15   .22   .31   .34
    contrast                          .08   .10   .14   .20   .23
    amount of the prompted things     .39   .52   .74  1.03  1.18
    spread of all amounts             .15   .14   .12   .09   .08
    steps, at guidance 7.5              1     2     4     8    16    25    50
    distance to 200 steps, of 255      69    55    29    12     6     3     1

That these rise and fall in at least 95 of 100 seeds is a test. *That* guidance raises the amounts is a choice of the
model (see `clips`); by how much, and that variety shrinks, follows from the mathematics.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from . import Canceled, Engine, Output, diffusion, encoder
from .clips import COMPOSITIONS, QUALITIES, World, build_world, presence_groups, starting_noise, to_clip
from .declared import INPUTS
from .painter import (
    DEFAULT_MOTION,
    DEFAULT_STYLE,
    LEXICON,
    MOTIONS,
    SIZE,
    STYLES,
    Motion,
    Reading,
    Scene,
    Style,
    Workshop,
    read,
    shows,
)

if TYPE_CHECKING:
    from animatediff_widget.model.request import AnimateDiffRequest

    from .previews import Preview

__all__ = ["PocketEngine", "world_of"]

_TICK = 0.05  # seconds after which a cancellation is noticed while a step waits
_FORMAT, _PACE = INPUTS["pocket"]


def world_of(request: AnimateDiffRequest, seed: int, *, canceled: Callable[[], bool] = lambda: False) -> World:
    """Build the world that a request and a seed ask for; see `build_world`."""
    workshop = Workshop(_style(request)[0], _motion(request)[0])
    return build_world(read(request.prompt), read(request.n_prompt), workshop, seed, canceled=canceled)


class PocketEngine(Engine):
    """Draws animations of a tiny drawn world with exact diffusion; see the module's text.

    Painting the world takes most of a job's time, so the last one is kept, 44 MB: with other steps or another guidance
    scale it is the same.
    """

    inputs = INPUTS["pocket"]
    _last: tuple[tuple[Any, ...], World] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {}  # a copy in another process paints its own

    def run(
        self,
        request: AnimateDiffRequest,
        *,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
        preview: Preview | None = None,
    ) -> Output:
        """Draw 16 frames of 512x512 as ``extra_input["output_format"]``, WebP or GIF; see `Engine.run`.

        Each step takes ``extra_input["step_seconds"]`` at the least, so that the previews can be followed.

        A preview is the noisy point itself, as the sampler has it after a step: nothing but the starting noise at
        first, which is shown before the world is painted, then the picture with less and less of it. Its contrast is
        lower by as much as there is noise in it, whose values would else be cut off at black and white.
        """
        suffix, pace = (each.check(request.extra_input.get(each.name)) or each.default for each in (_FORMAT, _PACE))
        log(f"Using seed: {seed}\n")
        for line in _introduction(request):
            log(line + "\n")
        prompt, negative = read(request.prompt), read(request.n_prompt)
        log(_contents(prompt) + "\n")
        if preview:
            preview.show(_first_frame(_contrast(1.0) * starting_noise(seed, 1) + 0.5))
        world = self._world(request, seed, canceled)
        steps, scale = int(request.steps), float(request.guidance_scale)
        way = diffusion.ddim(
            world.products, world.conditional, world.unconditional, world.gram, steps=steps, guidance_scale=scale
        )
        began = time.monotonic()

        def show(done: int) -> None:
            log("\r" + tqdm.format_meter(done, steps, time.monotonic() - began))
            while True:
                if canceled():
                    raise Canceled
                left = began + done * pace - time.monotonic()
                if left <= 0:
                    return
                time.sleep(min(left, _TICK))

        show(0)
        for done in range(1, steps + 1):
            step = next(way)
            if preview and preview.due():
                contrast = _contrast(step.noise)
                preview.show(_first_frame(to_clip(world, contrast * step.point, contrast * step.noise, 1)))
            show(done)
        log("\n")
        for line in _without_effect(world.scenes[int(step.conditional.weights.argmax())], prompt, negative):
            log(line + "\n")
        return Output(encoder.encode(to_clip(world, step.point), suffix), suffix, encoder.SUFFIXES[suffix])

    def close(self) -> None:
        """See `Engine.close`."""
        self._last = None

    def _world(self, request: AnimateDiffRequest, seed: int, canceled: Callable[[], bool]) -> World:
        """Give the world of a request and a seed: the last one where it is that, else a new one in its place."""
        asked = (request.prompt, request.n_prompt, request.path, request.motion_module, seed)
        last = self._last
        if last is None or last[0] != asked:
            self._last = last = None  # there are never two in memory
            self._last = last = asked, world_of(request, seed, canceled=canceled)
        return last[1]


def _contrast(noise: float) -> float:
    """Give what a preview is multiplied by: where there is noise alone, its standard deviation is a quarter then."""
    return 1.0 / (1.0 + 3.0 * noise)


def _first_frame(clip: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Make a picture, as large as the file's, of the values of one frame."""
    return encoder.enlarged(encoder.to_frames(clip).reshape(SIZE, SIZE, 3))


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
    lines += _report("Prompt", "drawn", "more", "less", read(request.prompt))
    return lines + _report("Negative prompt", "kept away from", "less", "more", read(request.n_prompt))


def _report(label: str, use: str, praise: str, blame: str, reading: Reading) -> list[str]:
    lines = []
    if reading.words:
        lines.append(f"{label}, {use}: {', '.join(reading.words)}")
    elif label == "Prompt":
        lines.append("Prompt: no word in it is known here, so chance decides what is drawn")
    for kind, amount, words in (("praise", praise, reading.praise), ("blame", blame, reading.blame)):
        if words:
            lines.append(f"{label}, {kind}, so a little {amount} of everything but light: {', '.join(words)}")
    if reading.without_effect:
        lines.append(f"{label}, understood but without effect here: {', '.join(reading.without_effect)}")
    if reading.unknown:
        lines.append(f"{label}, unknown words (without effect): {', '.join(reading.unknown)}")
    return lines


def _contents(prompt: Reading) -> str:
    """Say what there may be more or less of."""
    groups = "; ".join(", ".join(group) for group in presence_groups(prompt.tags))
    things = f", and of what the prompt asks for ({groups})" if groups else ""
    return f"World: {COMPOSITIONS} compositions, more or less of {', '.join(QUALITIES)}{things}"


def _without_effect(scene: Scene, prompt: Reading, negative: Reading) -> list[str]:
    """Say which negative words had nothing to act on in the composition that came out."""
    tags = {word: LEXICON[word] for word in negative.words}
    asked = [word for word, tag in tags.items() if tag in prompt.tags]
    absent = [word for word, tag in tags.items() if word not in asked and not shows(scene, tag)]
    reasons = (("the prompt asks for it", asked), ("it is not in this composition anyway", absent))
    return [f"Negative prompt, without effect because {why}: {', '.join(words)}" for why, words in reasons if words]
