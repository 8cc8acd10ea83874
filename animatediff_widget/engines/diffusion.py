"""The mathematics of the pocket engine: a schedule, an exact denoiser, guidance and DDIM, as small pure functions.

Nothing here knows about pictures. The data set is a matrix with one flattened clip per row, and its score is known in
closed form, so no network is needed and every number can be checked by hand. In all that follows ``a`` is alpha_bar,
the share of the signal's variance that is left, and ``n`` the number of clips.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "TRAIN_STEPS",
    "alpha_bars",
    "ddim",
    "ddim_step",
    "guided_weights",
    "log_likelihoods",
    "posterior",
    "timesteps",
]

Floats: TypeAlias = NDArray[np.floating[Any]]

TRAIN_STEPS = 1000


def alpha_bars() -> NDArray[np.float64]:
    """Give alpha_bar of each of the 1000 timesteps, falling from 0.99915 to 0.00466.

    The scaled-linear schedule of Stable Diffusion: the square roots of beta are evenly spaced from 0.00085 to 0.012,
    and alpha_bar is the cumulative product of ``1 - beta``.
    """
    betas = np.linspace(0.00085**0.5, 0.012**0.5, TRAIN_STEPS, dtype=np.float64) ** 2
    return np.asarray(np.cumprod(1.0 - betas), dtype=np.float64)


def timesteps(steps: int) -> NDArray[np.int64]:
    """Timesteps to visit, noisiest first ("trailing" spacing: always from 999, also with a single step)."""
    if not 1 <= steps <= TRAIN_STEPS:
        raise ValueError(f"steps must be between 1 and {TRAIN_STEPS}, not {steps}.")
    return np.round(TRAIN_STEPS * (1.0 - np.arange(steps) / steps)).astype(np.int64) - 1


def log_likelihoods(products: Floats, squares: Floats, a: float) -> NDArray[np.float64]:
    """How likely each data point is to have become the noisy point, as logarithms up to one common constant.

    ``-||x - sqrt(a) d_i||^2 / (2 (1 - a))``, without the term ``||x||^2`` that all share; `products` are ``d_i . x``,
    `squares` ``||d_i||^2``, both of shape (n,), and 0 <= a < 1.
    """
    return np.asarray((2.0 * np.sqrt(a) * products - a * squares) / (2.0 * (1.0 - a)), dtype=np.float64)


def posterior(logs: Floats) -> NDArray[np.float64]:
    """Softmax that does not overflow: likelihoods as logarithms in, probabilities out.

    With them the exact posterior mean E[x0 | x_t] of a finite data set is ``sum_i w_i d_i``: the ideal denoiser of
    Karras et al. 2022 (arXiv:2206.00364, appendix B.3), written for the variance preserving form of the noise.
    """
    weights = np.exp(np.asarray(logs, dtype=np.float64) - np.max(logs))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def guided_weights(logs: Floats, matching: int, guidance_scale: float) -> NDArray[np.float64]:
    """Weights of the data points in the guided guess ``D_U + guidance_scale (D_C - D_U)``.

    Classifier-free guidance (Ho & Salimans, arXiv:2207.12598). Both denoisers are linear in the data, and the clips
    that match the prompt (C) are the first `matching` rows of the whole set (U), so one weighted sum serves for both.
    A `guidance_scale` of 1 is the prompt alone; above 1 pushes away from everything else, with weights, which still sum
    to 1, below 0 or above 1.
    """
    weights = (1.0 - guidance_scale) * posterior(logs)
    weights[:matching] += guidance_scale * posterior(logs[:matching])
    return weights


def ddim_step(x: Floats, x0: Floats, a: float, a_next: float) -> Floats:
    """One deterministic step towards less noise (Song et al., arXiv:2010.02502, equation 12 with sigma 0).

    ``eps = (x - sqrt(a) x0) / sqrt(1 - a)`` and ``x' = sqrt(a') x0 + sqrt(1 - a') eps``, for ``0 <= a < a' <= 1``.
    """
    keep = np.sqrt((1.0 - a_next) / (1.0 - a))
    # Both coefficients are made plain floats, so that float32 points stay float32 under every numpy.
    return x * float(keep) + x0 * float(np.sqrt(a_next) - np.sqrt(a) * keep)


def ddim(noise: Floats, data: Floats, matching: int, *, steps: int, guidance_scale: float) -> Iterator[Floats]:
    """Sample from standard normal noise, shape (dims,), to a clip: yield the point after each of 1 to 1000 steps.

    `data` is U, shape (n, dims); all are float32. The last point is the clip, not clipped to any range.
    """
    bars = alpha_bars()
    visits = timesteps(steps)
    # The point stays a sum of noise and data points, so what the likelihoods need of it, its products with the data,
    # follows from the data's products with each other: one pass over the data at the start instead of one a step.
    grams = (data @ data.T).astype(np.float64)
    products: Floats = (data @ noise).astype(np.float64)
    x = noise
    for index, step in enumerate(visits):
        a = float(bars[step])
        a_next = float(bars[visits[index + 1]]) if index + 1 < steps else 1.0
        weights = guided_weights(log_likelihoods(products, np.diagonal(grams), a), matching, guidance_scale)
        # Most weights are zero once the noise is low; leaving those rows out saves most of the time.
        used = np.flatnonzero(np.abs(weights) > 1e-9)
        few = len(used) < len(data) // 3
        x0 = (weights[used] if few else weights).astype(data.dtype) @ (data[used] if few else data)
        x = ddim_step(x, x0, a, a_next)
        products = ddim_step(products, grams @ weights, a, a_next)
        yield x
