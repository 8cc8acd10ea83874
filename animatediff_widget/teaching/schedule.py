"""How much noise there is at each timestep."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from animatediff_widget.engines import diffusion

from .arguments import Floats, points, step_count, timestep

__all__ = ["add_noise", "alpha_bars", "timesteps"]


def alpha_bars() -> Floats:
    """Give alpha_bar, the share of the clean point's variance that is left, for each of the 1000 timesteps.

    The schedule is AnimateDiff's: beta is evenly spaced from 0.00085 to 0.012, and alpha_bar is the cumulative product
    of ``1 - beta`` (Ho et al., arXiv:2006.11239, equation 4).

    Returns
    -------
    numpy.ndarray
        Shape (1000,), float64, falling from 0.99915 at timestep 0, where there is hardly any noise, to 0.00158 at
        timestep 999, where there is hardly anything else.
    """
    return diffusion.alpha_bars()


def timesteps(steps: int) -> NDArray[np.int64]:
    """Give the timesteps that a sampler visits, the noisiest first.

    They are evenly spaced, "leading" with an offset of 1, as AnimateDiff's are: 961, 921, ..., 41, 1 for 25 steps.

    Parameters
    ----------
    steps : int
        How many, 1 to 999.

    Returns
    -------
    numpy.ndarray
        Shape (steps,), int64, from 999 down to 1 at most.

    Raises
    ------
    InvalidArgument
        Where `steps` is not a whole number from 1 to 999.
    """
    return diffusion.timesteps(step_count(steps))


def add_noise(x0: Any, noise: Any, t: int) -> Floats:
    """Go forward: give the noisy point that a clean one has become at a timestep.

    ``sqrt(alpha_bar) * x0 + sqrt(1 - alpha_bar) * noise`` (Ho et al., arXiv:2006.11239, equation 4).

    Parameters
    ----------
    x0 : array_like
        One clean point, or several: any shape, finite numbers.
    noise : array_like
        Standard normal numbers; of the same shape as `x0`, or one that broadcasts with it.
    t : int
        The timestep, 0 to 999.

    Returns
    -------
    numpy.ndarray
        The noisy points, float64.

    Raises
    ------
    InvalidArgument
        Where an argument is none of these.
    """
    t, clean = timestep("t", t), points("x0", x0, ())
    eps = points("noise", noise, ())
    try:
        np.broadcast_shapes(clean.shape, eps.shape)
    except ValueError:
        eps = points("noise", noise, clean.shape)
    a = diffusion.alpha_bars()[t]
    return np.asarray(np.sqrt(a) * clean + np.sqrt(1.0 - a) * eps)
