"""Whatever the functions for teaching cannot take is refused in a sentence."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from animatediff_widget import AnimateDiffRequest
from animatediff_widget.errors import InvalidArgument
from animatediff_widget.teaching import (
    Clips,
    Plane,
    add_noise,
    amounts_over_steps,
    beside,
    film_strip,
    noise_levels,
    timesteps,
    weights_over_steps,
)

FRAME = np.zeros((4, 4, 3))
POINT = [0.0, 0.0]
PLANE = Plane()

WRONG = [
    (lambda: timesteps(0), "steps must be a whole number from 1 to 999, not 0."),
    (lambda: timesteps(2.0), "steps must be a whole number from 1 to 999, not 2.0."),
    (lambda: timesteps(True), "not True."),
    (lambda: add_noise([1, 2], [1, 2, 3], 5), "noise must be an array of finite numbers from -1e+09 to 1e+09, shape 2"),
    (lambda: add_noise([1, math.nan], [1, 2], 5), "x0 must be an array of finite numbers"),
    (lambda: add_noise(POINT, POINT, 1000), "t must be a whole number from 0 to 999, not 1000."),
    (lambda: PLANE.denoise([1, 2, 3], 5), "x must be an array of finite numbers from -1e+09 to 1e+09, shape 2"),
    (lambda: PLANE.denoise(np.zeros((5, 3)), 5), "not array (5, 3) float64."),
    (lambda: PLANE.denoise("ab", 5), "not 'ab'."),
    (lambda: PLANE.denoise([[1, 2], [3]], 5), "x must be"),
    (lambda: PLANE.denoise([], 5), "x must be"),
    (lambda: PLANE.denoise([1j, 2], 5), "x must be"),
    (lambda: PLANE.denoise([10**400, 2], 5), "x must be"),
    (lambda: PLANE.score(POINT, -1), "t must be"),
    (lambda: PLANE.step([POINT], 5), "x must be"),
    (lambda: PLANE.step(POINT, 5, 5), "next_t must be a whole number from 0 to 4, not 5."),
    (lambda: PLANE.step(POINT, 0, 0), "t must be a whole number from 1 to 999, not 0."),
    (lambda: PLANE.step(POINT, 5, guidance_scale=math.inf), "guidance_scale must be a number from 0 to 100, not inf."),
    (lambda: PLANE.trajectory(POINT, guidance_scale="7"), "guidance_scale must be"),
    (lambda: PLANE.trajectory(POINT, steps=1000), "steps must be"),
    (lambda: PLANE.sample(0), "number must be a whole number from 1 to 100000, not 0."),
    (lambda: PLANE.noise(5, -1), "seed must be"),
    (lambda: Plane([1, 2]), "centers must be an array of finite numbers from -1000 to 1000, shape n x 2"),
    (lambda: Plane([POINT], -1), "spreads must be an array of finite numbers from 0 to 1000"),
    (lambda: Plane([POINT], [1, 2, 3]), "spreads must be an array of finite numbers from 0 to 1000, shape 1 x 2"),
    (lambda: PLANE.picture(points=[1, 2]), "points must be"),
    (lambda: PLANE.picture(paths=[5]), "paths must be"),
    (lambda: PLANE.picture(paths=5), "paths must be"),
    (lambda: PLANE.picture(arrows={"c": [[1, 2]]}), "arrows must be"),
    (lambda: PLANE.picture(arrows=[1]), "arrows must be of class Mapping"),
    (lambda: PLANE.picture(title=5), "title must be text without"),
    (lambda: film_strip([FRAME]), "rows must be of class Mapping"),
    (lambda: film_strip({}), "rows must be of a length from 1 to 100, not {}."),
    (lambda: film_strip({"x": []}), "rows must be of a length from 1 to 16, not []."),
    (lambda: film_strip({"x": [np.zeros((4, 4))]}), "rows must be an array of finite numbers"),
    (lambda: film_strip({"x": [np.stack([FRAME])]}, frame=1), "frame must be a whole number from 0 to 0, not 1."),
    (lambda: film_strip({"x": [FRAME]}, [None]), "columns must be a number from -1e+09 to 1e+09, not None."),
    (lambda: PLANE.denoise(POINT, 5, prompt="a cat"), "prompt must be of class bool, not 'a cat'."),
    (lambda: noise_levels([1000]), "marks must be a whole number from 0 to 999, not 1000."),
    (lambda: noise_levels(5), "marks must be"),
    (lambda: weights_over_steps([]), "steps must be a list of steps, as trajectory() gives it, not []."),
    (lambda: amounts_over_steps([1]), "steps must be a list of steps"),
    (lambda: beside(), "pictures must be of a length from 1 to 16, not ()."),
    (lambda: beside("a"), "pictures must be of class Picture"),
    (lambda: Clips(5), "request must be of class AnimateDiffRequest / str, not 5."),
    (lambda: Clips("a cat"), "seed must be a whole number from 0 to 4294967295, not None."),
    (lambda: Clips(AnimateDiffRequest(prompt="a cat"), 1.5), "seed must be"),
]


@pytest.mark.parametrize(("act", "sentence"), WRONG)
def test_a_wrong_value_is_refused_in_a_sentence(act, sentence):
    with pytest.raises(InvalidArgument) as caught:
        act()
    assert sentence in str(caught.value)


def test_a_clip_of_the_wrong_shape_is_refused(clips):
    for act in (
        lambda: clips.drawn(8),
        lambda: clips.frames(np.zeros((16, 64, 64, 3))),
        lambda: clips.animation(PLANE.step(POINT, 1)),
    ):
        with pytest.raises(InvalidArgument, match="must be"):
            act()


def test_what_teaching_needs_and_does_not_find_is_said_in_a_sentence():
    code = (
        "import importlib.util as util; util.find_spec = lambda name: None if name in ('numpy', 'PIL') else name\n"
        "from animatediff_widget import AnimateDiffError\n"
        "try: import animatediff_widget.teaching\n"
        "except AnimateDiffError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said == (
        "The module for teaching needs numpy, PIL, which cannot be found here: "
        'pip install "animatediff-widget[local]"\n'
    )
