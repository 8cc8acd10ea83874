"""How long the pocket engine takes: painting, sampling, encoding and a whole run of 25 steps.

Run it as ``python tests/benchmarks/bench_pocket.py [rounds]``. It measures and asserts nothing: clocks belong here, not
in the tests.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from animatediff_widget.engines import diffusion, encoder
from animatediff_widget.engines.clips import World, to_clip
from animatediff_widget.engines.painter import STYLES
from animatediff_widget.engines.pocket import PocketEngine, world_of
from animatediff_widget.model.request import AnimateDiffRequest

PROMPT = (
    "masterpiece, best quality, 1girl, solo, cherry blossoms, hanami, pink flower, white flower, spring season, "
    "wisteria, petals, flower, plum blossoms, outdoors, falling petals, white hair, black eyes"
)


def measure(label: str, work: Callable[[int], object], rounds: int) -> None:
    """Write the median and the worst of some rounds."""
    times = []
    for index in range(rounds):
        start, busy = time.perf_counter(), time.process_time()
        work(index)
        times.append((1000 * (time.perf_counter() - start), 1000 * (time.process_time() - busy)))
    (middle, _), (worst, _) = statistics.median_low(times), max(times)
    processor = statistics.median(busy for _, busy in times)
    sys.stdout.write(f"{label:<44} {middle:7.0f} ms   worst {worst:7.0f} ms   processor time {processor:7.0f} ms\n")


def main(rounds: int) -> None:
    """Measure every part, for the example prompt and with a negative prompt, and every checkpoint as a whole."""
    for label, negative in (("no negative prompt", ""), ("negative: night", "night")):
        request = AnimateDiffRequest(prompt=PROMPT, n_prompt=negative, path="toonyou_beta3.safetensors", steps=25)
        world = world_of(request, 1)

        def sample(_: int, world: World = world) -> np.ndarray:
            *_, last = diffusion.ddim(
                world.products, world.conditional, world.unconditional, world.gram, steps=25, guidance_scale=7.5
            )
            return to_clip(world, last.point)

        clip = sample(0)
        sys.stdout.write(f"{label}: {len(world.atoms)} pictures, webp {len(encoder.encode(clip, 'webp')) // 1000} kB, ")
        sys.stdout.write(f"gif {len(encoder.encode(clip, 'gif')) // 1000} kB\n")
        measure("  painting the compositions", lambda index: world_of(request, index), rounds)  # noqa: B023
        measure("  sampling, 25 steps", sample, rounds)
        measure("  encoding, webp", lambda _: encoder.encode(clip, "webp"), rounds)  # noqa: B023
        measure("  encoding, gif", lambda _: encoder.encode(clip, "gif"), rounds)  # noqa: B023
    for name in STYLES:
        request = AnimateDiffRequest(prompt=PROMPT, n_prompt="night", path=f"{name}.safetensors", steps=25)

        def whole(index: int) -> object:
            return PocketEngine().run(request, seed=index, log=lambda _: None, canceled=lambda: False)  # noqa: B023

        measure(f"whole run, {name}", whole, rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
