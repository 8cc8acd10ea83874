"""What a clip of the pocket model is made of, and how likely every amount of it is.

A clip is one of a few drawn compositions, and of all that makes up its picture there is more or less: ``V b`` with one
column of V for each quality (its light, colours, tones, prompted things, shapes, fine detail). The columns add up to
the drawn clip, so that an amount of 1 is as drawn, 0 is none. The prompt's clips (C) have more of everything than the
clips of the world at large (U), which also vary a little more. That guidance raises a quality is therefore a choice of
this model; by how much, that variety narrows and that it overshoots follow from the mathematics of `diffusion`. The
noise, not guidance, decides the composition, and few steps are soft because the schedule makes them start late.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import Canceled, diffusion
from .columns import DIMS, LEVELS, Floats, Pictures, Pixels, columns_of, multiply
from .painter import FRAMES, SIZE, Reading, Scene, Workshop, compose, front_to_back, paint, shows

__all__ = ["COMPOSITIONS", "QUALITIES", "World", "build_world", "presence_groups", "starting_noise", "to_clip"]

COMPOSITIONS = 8
# More groups of things would be told apart better, but each is one more painting of every composition.
GROUPS = 3
# U's spread in units of C's: above 1, guidance narrows what comes out.
WIDER = 1.08
# How far a quality spreads, in units of the noise at alpha_bar 1/2: the same for all, so that noise hides all equally
# long and all are decided at the same steps.
REACH = 7.0
# Where the hidden coordinate of a composition lies, in the same units: so far out that it alone chooses.
HIDDEN = 20000.0
# The step at which all compositions are equally likely for pure noise: the first of four.
EVEN_AT = 751
# What one word of praise adds to all means of C (or, in a negative prompt, of U).
PRAISE = 0.01


class Quality(NamedTuple):
    """How much of something comes out on average after 25 steps (1 is as drawn), and how widely it spreads."""

    plain: float
    """With guidance 1."""
    guided: float
    """With guidance 7.5."""
    reach: float = REACH
    widest: float = 0.4
    """The largest standard deviation of the amount, for columns that are so short that `reach` would give more."""


QUALITIES = {
    "light": Quality(0.55, 1.0),
    "colour": Quality(0.36, 1.0),
    "tone": Quality(0.40, 1.0),
    "shape": Quality(0.44, 1.0, 1.6 * REACH, 0.25),
    "detail": Quality(0.36, 1.0, 2.2 * REACH, 0.25),
}
PRESENCE = Quality(0.36, 0.98, widest=0.3)
# What is added of the unwanted things, with -1 for all of them taken away.
UNWANTED = Quality(0.0, -0.90)


class World(NamedTuple):
    """What a request's clips are made of, and how likely each is for the prompt (C) and in general (U)."""

    atoms: Pixels
    """Pictures, shape (R - n, 16 * 64 * 64 * 3), as whole numbers of 1 / `LEVELS`."""
    noise: Pixels
    """The starting noise, shape (16 * 64 * 64 * 3,)."""
    gram: Floats
    """The atoms' products with each other, shape (R, R); the last n atoms are the hidden coordinates."""
    products: Floats
    """The atoms' products with the starting noise, shape (R,)."""
    ways: Floats
    """Shape (n, K, R): of which atoms the columns of each composition are made; the last column is hidden."""
    names: tuple[str, ...]
    """What each column is: the `QUALITIES`, groups of prompted tags, and perhaps "unwanted"; without the hidden one."""
    conditional: diffusion.Mixture
    unconditional: diffusion.Mixture
    scenes: tuple[Scene, ...]
    """What is in each composition, n of them."""


def presence_groups(tags: frozenset[str]) -> list[list[str]]:
    """Put the prompted tags in at most `GROUPS` groups of about equal size, the nearest to the viewer first."""
    ordered = front_to_back(tags)
    ends = np.linspace(0, len(ordered), min(GROUPS, len(ordered)) + 1).round().astype(int).tolist()
    return [ordered[start:end] for start, end in itertools.pairwise(ends)]


def build_world(
    prompt: Reading, negative: Reading, workshop: Workshop, seed: int, *, canceled: Callable[[], bool] = lambda: False
) -> World:
    """Paint the compositions with and without the words; `canceled` is looked at before each, ends it with `Canceled`.

    A negative word takes away what a composition shows of it; one that is in the prompt too does nothing.
    """
    groups = presence_groups(prompt.tags)
    scenes = tuple(compose(prompt.tags, (seed, 0, index)) for index in range(COMPOSITIONS))
    unwanted = [sorted(tag for tag in negative.tags - prompt.tags if shows(scene, tag)) for scene in scenes]
    kinds = {**QUALITIES, **{" + ".join(group): PRESENCE for group in groups}}
    if any(unwanted):
        kinds["unwanted"] = UNWANTED

    def draw(scene: Scene) -> Pixels:
        if canceled():
            raise Canceled
        return np.asarray(np.rint(np.clip(paint(scene, workshop), 0.0, 1.0) * 255), dtype=np.float32)

    pictures = Pictures(sum(4 + len(groups) + bool(gone) for gone in unwanted) + 1)
    columns = [columns_of(pictures, draw, scene, groups, gone) for scene, gone in zip(scenes, unwanted, strict=True)]
    ways = np.zeros((COMPOSITIONS, len(kinds), len(pictures.rows)))
    for index, column in enumerate(columns):
        ways[index, : len(column)] = column
    noise = starting_noise(seed)
    gram, products = multiply(pictures.rows, noise)

    plain, guided, reach, widest = np.array(list(kinds.values())).T
    length = np.sqrt(np.einsum("nkr,rs,nks->nk", ways, gram, ways))
    spreads = np.minimum(widest, reach / np.maximum(length, 1e-6))
    means_c, means_u = _means(ways, spreads, gram, plain, guided)
    praised = np.array([name not in ("light", "unwanted") for name in kinds]) * PRAISE
    means_c += praised * _praise(prompt)
    means_u += praised * _praise(negative)

    means_c = np.concatenate([means_c, _hidden(ways, means_c, spreads, gram, REACH)], axis=1)
    means_u = np.concatenate([means_u, _hidden(ways, means_u, spreads * WIDER, gram, REACH * WIDER)], axis=1)
    spreads = np.concatenate([spreads, np.full((COMPOSITIONS, 1), REACH)], axis=1)
    ways, gram = _with_hidden(ways, gram)
    products = np.concatenate([products, np.random.default_rng([seed, 4]).standard_normal(COMPOSITIONS)])
    conditional = diffusion.Mixture(ways, means_c, spreads, gram)
    unconditional = diffusion.Mixture(ways, means_u, spreads * WIDER, gram)
    return World(pictures.rows, noise, gram, products, ways, tuple(kinds), conditional, unconditional, scenes)


def starting_noise(seed: int, frames: int = FRAMES) -> Pixels:
    """Draw the noise that a clip comes out of, or that of its first frames, shape (frames * 64 * 64 * 3,)."""
    return np.random.default_rng([seed, 3]).standard_normal(frames * DIMS // FRAMES, dtype=np.float32)


def to_clip(world: World, point: Floats, noise: float = 0.0, frames: int = FRAMES) -> Floats:
    """Turn a point of the sampler, with its share of the noise, into a clip, shape (frames, 64, 64, 3), within [0, 1].

    The coefficients are rounded to multiples of 1/4096, far below what is seen: linear algebra differs in its last
    digits from machine to machine, and whole numbers add up to the same bytes on all of them.
    """
    rounded = np.rint(point[: len(world.atoms)] * 4096.0)
    used = np.flatnonzero(rounded)
    size = frames * DIMS // FRAMES
    clip = np.zeros(size)
    for share, row in zip(rounded[used], world.atoms[used, :size], strict=True):
        clip += row.astype(np.float64) * share
    clip = clip / (4096.0 * LEVELS) + 0.5
    if noise:
        clip += noise * world.noise[:size]
    return np.asarray(np.clip(clip, 0.0, 1.0)).reshape(frames, SIZE, SIZE, 3)


def _praise(reading: Reading) -> int:
    """Words of praise less those of blame, -2 to 2."""
    return max(-2, min(2, len(reading.praise) - len(reading.blame)))


def _means(ways: Floats, spreads: Floats, gram: Floats, plain: Floats, guided: Floats) -> tuple[Floats, Floats]:
    """Find the means of C and U with which 25 steps give `plain` at guidance 1 and `guided` at 7.5.

    They are larger than what comes out: at the first of 25 steps alpha_bar is not 0 yet, so that pure noise is taken
    for a sign of a faint clip (Lin et al., arXiv:2305.08891). Fewer steps begin later and lose nearly all.
    """
    variances, turns = diffusion.principal_axes(ways, spreads, gram)

    def seen(amounts: Floats) -> Floats:
        """Amounts along the principal axes, in standard deviations."""
        return np.asarray(np.einsum("nkj,nk->nj", turns, amounts / spreads))

    alone, _ = diffusion.carried(variances, WIDER, steps=25, guidance_scale=1.0)
    p, q = diffusion.carried(variances, WIDER, steps=25, guidance_scale=7.5)
    c = seen(plain) / alone
    u = (p * c - seen(guided)) / q
    return spreads * np.einsum("nkj,nj->nk", turns, c), spreads * np.einsum("nkj,nj->nk", turns, u)


def _hidden(ways: Floats, means: Floats, spreads: Floats, gram: Floats, reach: float) -> Floats:
    """Where the hidden coordinate of each composition lies, shape (n, 1): even chances for pure noise at `EVEN_AT`.

    Without it the noise would always choose the composition that is nearest to grey.
    """
    variances, turns = diffusion.principal_axes(ways, spreads, gram)
    a = float(diffusion.alpha_bars()[EVEN_AT])
    noise = (1.0 - a) / a
    squares = variances * np.einsum("nkj,nk->nj", turns, means / spreads) ** 2
    logs = -0.5 * (np.log1p(variances / noise) + (squares - variances) / (variances + noise)).sum(axis=1)
    return np.asarray(np.sqrt(HIDDEN**2 + 2 * (logs - logs.min()) * (reach**2 + noise))[:, None])


def _with_hidden(ways: Floats, gram: Floats) -> tuple[Floats, Floats]:
    """Add one atom and one column for each composition that no picture shows, as a latent has unseen channels."""
    n, k, rows = ways.shape
    wider = np.zeros((n, k + 1, rows + n))
    wider[:, :k, :rows] = ways
    wider[np.arange(n), k, rows + np.arange(n)] = 1.0
    padded = np.eye(rows + n)
    padded[:rows, :rows] = gram
    return wider, padded
