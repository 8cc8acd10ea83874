"""The mathematics of the pocket engine: a schedule, an exact denoiser, guidance and DDIM, as small pure functions.

Nothing here knows about pictures. The data are a mixture of low-rank Gaussians over some fixed vectors, the atoms, and
their score is known in closed form, so no network is needed and every number can be checked by hand.

A point of the data space is written as a row of coefficients: ``x = share * noise + coefficients @ atoms``. Sampling
never leaves that span, and all it needs of a vector are its products with the atoms, so nothing here is as long as a
clip. In all that follows ``a`` is alpha_bar, the share of the signal's variance that is left, R the number of atoms, n
that of components and K that of a component's columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MAX_STEPS",
    "TRAIN_STEPS",
    "Guess",
    "Mixture",
    "Step",
    "Stride",
    "alpha_bars",
    "carried",
    "ddim",
    "principal_axes",
    "stride",
    "take",
    "timesteps",
]

Floats: TypeAlias = NDArray[np.floating[Any]]

TRAIN_STEPS = 1000
MAX_STEPS = TRAIN_STEPS - 1
"""With the offset of 1 a thousand steps would begin beyond the schedule."""


def alpha_bars() -> NDArray[np.float64]:
    """Give alpha_bar of each of the 1000 timesteps, falling from 0.99915 to 0.00158.

    AnimateDiff's schedule: beta is evenly spaced from 0.00085 to 0.012, alpha_bar the cumulative product of 1 - beta.
    """
    return np.asarray(np.cumprod(1.0 - np.linspace(0.00085, 0.012, TRAIN_STEPS)), dtype=np.float64)


def timesteps(steps: int) -> NDArray[np.int64]:
    """Timesteps to visit, noisiest first: AnimateDiff's "leading" spacing with offset 1, for 25 steps 961, 921, ..., 1.

    Few steps begin where part of the signal should be left, a single one at 1, though the start is nothing but noise.
    """
    if not 1 <= steps <= MAX_STEPS:
        raise ValueError(f"steps must be between 1 and {MAX_STEPS}, not {steps}.")
    return np.arange(steps, dtype=np.int64)[::-1] * (TRAIN_STEPS // steps) + 1


class Stride(NamedTuple):
    """One deterministic DDIM step ``x' = keep x + gain x0`` (Song et al., arXiv:2010.02502, equation 12, sigma 0)."""

    timestep: int
    following: int | None
    a: float
    keep: float
    gain: float


def stride(timestep: int, following: int | None) -> Stride:
    """Give the step from one timestep to a less noisy one, or to a clean point.

    From ``eps = (x - sqrt(a) x0) / sqrt(1 - a)`` and ``x' = sqrt(a') x0 + sqrt(1 - a') eps``; without noise a' is 1.
    """
    bars = alpha_bars()
    a, after = float(bars[timestep]), 1.0 if following is None else float(bars[following])
    keep = float(np.sqrt((1.0 - after) / (1.0 - a)))
    return Stride(timestep, following, a, keep, float(np.sqrt(after) - np.sqrt(a) * keep))


def _strides(steps: int) -> Iterator[Stride]:
    """Give the steps from noise to a clean point."""
    visits: list[int] = timesteps(steps).tolist()
    return map(stride, visits, [*visits[1:], None])


def principal_axes(ways: Floats, spreads: Floats, gram: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the variances (n, K) along each component's principal axes and the turn (n, K, K) from its columns to them.

    They are the eigenvalues and eigenvectors of ``S V'V S``; see `Mixture` for the arguments.
    """
    scaled = spreads[..., None] * ways
    variances, turns = np.linalg.eigh(scaled @ gram @ np.swapaxes(scaled, 1, 2))
    return np.maximum(variances, 0.0), turns


class Guess(NamedTuple):
    """What a denoiser makes of a noisy point."""

    point: NDArray[np.float64]
    """E[x0 | x_t], shape (R,), as coefficients of the atoms."""
    weights: NDArray[np.float64]
    """How likely each component is, given the noisy point; shape (n,), sums to 1."""


class Mixture:
    """Gaussians of low rank, equally likely: component i is ``V b`` with ``b ~ N(means[i], diag(spreads[i] ** 2))``.

    Parameters
    ----------
    ways : numpy.ndarray
        Shape (n, K, R): the columns of each V as coefficients of the atoms.
    means, spreads : numpy.ndarray
        Shape (n, K).
    gram : numpy.ndarray
        Shape (R, R): the products of the atoms with each other.

    Attributes
    ----------
    centers : numpy.ndarray
        Shape (n, R): each component's mean.
    """

    def __init__(self, ways: Floats, means: Floats, spreads: Floats, gram: Floats) -> None:
        self._variances, turns = principal_axes(ways, spreads, gram)
        self.centers = np.einsum("nk,nkr->nr", means, ways)
        # Along these a component is a product of independent Gaussians: the Woodbury matrix becomes diagonal.
        self._axes = np.swapaxes(turns, 1, 2) @ (spreads[..., None] * ways)
        onto = self.centers @ gram
        self._cross = np.einsum("nkr,nr->nk", self._axes, onto)
        self._norms = np.einsum("nr,nr->n", self.centers, onto)

    def denoise(self, products: Floats, a: float) -> Guess:
        """Give the exact E[x0 | x_t]; `products`, shape (R,), are those of the atoms with x_t, and 0 <= a < 1.

        With U the axes, L their variances, ``y = U'(x - sqrt(a) V beta)`` and ``M = I + a / (1 - a) L``, for each
        component by Woodbury's identity ``E[x0 | x, i] = V beta + sqrt(a) / (1 - a) U M^-1 y``, and up to one constant
        ``log p(x | i) = (a / (1 - a) y' M^-1 y - |x - sqrt(a) V beta|^2) / (2 (1 - a)) - log det(M) / 2``.
        """
        root, ratio = float(np.sqrt(a)), a / (1.0 - a)
        y = self._axes @ products - root * self._cross
        solved = y / (1.0 + ratio * self._variances)
        fit = ratio * (y * solved).sum(axis=1) + 2.0 * root * (self.centers @ products) - a * self._norms
        logs = fit / (2.0 * (1.0 - a)) - 0.5 * np.log1p(ratio * self._variances).sum(axis=1)
        weights = np.exp(logs - logs.max())
        weights /= weights.sum()
        means = self.centers + root / (1.0 - a) * np.einsum("nk,nkr->nr", solved, self._axes)
        return Guess(weights @ means, weights)


class Step(NamedTuple):
    """One step of the sampler, as coefficients of the atoms, shape (R,)."""

    timestep: int
    following: int | None
    """The timestep of the point after the step; None where that is clean."""
    conditional: Guess
    """What the prompt's density (C) makes of the point before the step."""
    unconditional: Guess
    """What the density of everything else (U) makes of it."""
    guided: NDArray[np.float64]
    """The guess that the step is taken with."""
    point: NDArray[np.float64]
    """The point after the step, less its share of the starting noise."""
    noise: float
    """How much of the starting noise is left in the point; 0 after the last step."""


def take(stride: Stride, products: Floats, conditional: Mixture, unconditional: Mixture, guidance_scale: float) -> Step:
    """Take one step with classifier-free guidance from any point, which counts as the starting noise; see `ddim`."""
    c, u = conditional.denoise(products, stride.a), unconditional.denoise(products, stride.a)
    guided = u.point + guidance_scale * (c.point - u.point)
    return Step(stride.timestep, stride.following, c, u, guided, stride.gain * guided, stride.keep)


def ddim(
    products: Floats, conditional: Mixture, unconditional: Mixture, gram: Floats, *, steps: int, guidance_scale: float
) -> Iterator[Step]:
    """Sample from standard normal noise with classifier-free guidance (Ho & Salimans, arXiv:2207.12598).

    `products`, shape (R,), are those of the atoms with the noise. The guided guess is ``U + guidance_scale (C - U)``:
    1 is the prompt's density alone, more pushes away from what is true of everything. Yields 1 to `MAX_STEPS` steps.
    """
    point, noise = np.zeros(len(gram)), 1.0
    for each in _strides(steps):
        step = take(each, products, conditional, unconditional, guidance_scale)
        # What the atoms have in common with the point is kept up to date by their own products.
        products = each.keep * products + each.gain * (gram @ step.guided)
        point, noise = each.keep * point + step.point, each.keep * noise
        yield step._replace(point=point, noise=noise)


def carried(variances: Floats, wider: float, *, steps: int, guidance_scale: float) -> tuple[Floats, Floats]:
    """Say where `ddim` ends on average for Gaussians: at ``p * mean_C - q * mean_U``, for each axis; return p and q.

    `variances` are C's; U's are ``wider ** 2`` times those. A Gaussian's denoiser is linear in the point, and so is the
    whole way to the end.
    """
    p, q = np.zeros_like(variances), np.zeros_like(variances)
    for _, _, a, keep, gain in _strides(steps):
        root = np.sqrt(a)
        # The denoiser is ``pull * x + (1 - root * pull) * mean``.
        c = root * variances / (a * variances + 1.0 - a)
        u = root * wider**2 * variances / (a * wider**2 * variances + 1.0 - a)
        pull = guidance_scale * c + (1.0 - guidance_scale) * u
        p = keep * p + gain * (pull * p + guidance_scale * (1.0 - root * c))
        q = keep * q + gain * (pull * q + (guidance_scale - 1.0) * (1.0 - root * u))
    return p, q
