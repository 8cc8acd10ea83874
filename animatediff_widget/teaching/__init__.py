"""The pocket model taken apart, for teaching: noise, the exact denoiser, guidance, every part of a step, and pictures.

All of it is numpy arrays, and all that is computed is computed by the pocket engine's own code. Two models have the
same methods: `Plane`, whose points are two numbers and can be drawn, and `Clips`, whose points are the clips of a
prompt. So what is written for one runs on the other.

>>> from animatediff_widget import teaching
>>> plane = teaching.Plane()
>>> steps = plane.trajectory([0.4, -0.3], steps=25, guidance_scale=1.0)
>>> len(steps), steps[0].timestep, steps[-1].next_timestep
(25, 961, None)
>>> steps[0].x.shape, steps[0].conditional.weights.shape
((2,), (2,))
"""

from __future__ import annotations

from importlib.util import find_spec

from animatediff_widget.errors import MissingExtra
from animatediff_widget.texts import Message

_missing = [name for name in ("numpy", "PIL", "tqdm") if find_spec(name) is None]
if _missing:
    raise MissingExtra(Message("teaching_missing", names=", ".join(_missing)))

from .clips import Clips  # noqa: E402
from .model import Amount, Guess, Model, Step  # noqa: E402
from .pictures import amounts_over_steps, beside, film_strip, noise_levels, weights_over_steps  # noqa: E402
from .plane import Plane  # noqa: E402
from .schedule import add_noise, alpha_bars, timesteps  # noqa: E402
from .svg import Picture  # noqa: E402

__all__ = [
    "Amount",
    "Clips",
    "Guess",
    "Model",
    "Picture",
    "Plane",
    "Step",
    "add_noise",
    "alpha_bars",
    "amounts_over_steps",
    "beside",
    "film_strip",
    "noise_levels",
    "timesteps",
    "weights_over_steps",
]
