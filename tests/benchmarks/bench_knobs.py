"""What guidance and steps do to a clip, in figures: python tests/benchmarks/bench_knobs.py [seeds].

It measures and asserts nothing; `tests/engines/test_knobs.py` does.
"""

from __future__ import annotations

import itertools
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "engines"))

from knobs import PROMPTS, gap, sample, world

GUIDANCE = (1, 2, 4, 7.5, 10)
STEPS = (1, 2, 4, 8, 16, 25, 50)


def row(label: str, values: object, digits: int = 2) -> None:
    """Write one line of figures."""
    sys.stdout.write(f"  {label:<52}" + "".join(f"{value:8.{digits}f}" for value in np.atleast_1d(values)) + "\n")


def main(seeds: int) -> None:
    """Write the figures of every prompt, as means over the seeds."""
    for prompt in PROMPTS:
        sys.stdout.write(f"{prompt[:60]}, {seeds} seeds\n")
        guided, stepped = [], []
        for seed in range(seeds):
            drawn = world(prompt, seed)
            guided.append([sample(drawn, scale=scale) for scale in GUIDANCE])
            stepped.append([sample(drawn, steps) for steps in (*STEPS, 200)])
        row("guidance, at 25 steps", GUIDANCE, 1)
        for what in ("saturation", "contrast", "presence"):
            figures = np.array([[getattr(made, what) for made in clips] for clips in guided])
            row(what, figures.mean(axis=0))
            row(f"{what}: share of seeds in which it rises", (np.diff(figures) > 0).all(axis=1).mean())
        amounts = np.array([[list(made.amounts.values()) for made in clips] for clips in guided])
        row("spread of the amounts over the seeds", amounts.std(axis=0).mean(axis=1))
        gaps = [[gap(one, other) for one, other in itertools.pairwise(clips)] for clips in guided]
        row("distance of neighbours, of 255", np.mean(gaps, axis=0), 1)
        row("steps, at guidance 7.5", STEPS, 0)
        far = np.array([[gap(made, last) for made in clips] for *clips, last in stepped])
        row("distance to 200 steps, of 255", far.mean(axis=0), 1)
        row("share of seeds in which it falls", (np.diff(far) < 0).all(axis=1).mean())
        pairs = [[gap(clips[a], clips[b]) for a, b in ((2, 3), (3, 5), (5, 6))] for clips in stepped]
        row("distance of 4 and 8, 8 and 25, 25 and 50", np.mean(pairs, axis=0), 1)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
