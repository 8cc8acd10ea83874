"""Axes as text, as on the command line and in the panel."""

from __future__ import annotations

import inspect

import pytest

from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Sweep
from animatediff_widget.model.inputs import Input, Inputs
from animatediff_widget.sweeps.axes import NO_AXES, read_axes

REQUEST = AnimateDiffRequest(prompt="a boat", extra_input={"scheduler": "DDIM", "eta": 0.5, "frames": 8, "loop": True})


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("steps", "4", [4]),
        ("steps", "1,4, 25,", [1, 4, 25]),
        ("steps", "1, 5, .., 25", [1, 5, 9, 13, 17, 21, 25]),
        ("steps", "1, .., 4", [1, 2, 3, 4]),
        ("steps", "9, 6, ..., 3, 1", [9, 6, 3, 1]),
        ("steps", "1-4", [1, 2, 3, 4]),
        ("steps", "1-10 (+3)", [1, 4, 7, 10]),
        ("steps", "10-1(-4)", [10, 6, 2]),
        ("steps", "1-10 [4]", [1, 4, 7, 10]),
        ("steps", "1-3 [9]", [1, 2, 3]),
        ("steps", "25-1 [3]", [25, 13, 1]),
        ("steps", "1-10 [1]", [1]),
        ("steps", "1-5, SKIP: 3", [1, 2, 4, 5]),
        ("steps", "1-10, skip:2-9, 3-4", [1, 10]),
        ("steps", "1-3, 2-4", [1, 2, 3, 4]),
        ("guidance_scale", "1, 1.1, .., 1.5", [1.0, 1.1, 1.2, 1.3, 1.4, 1.5]),
        ("guidance_scale", "1-2 [4]", [1.0, 1.3333333333, 1.6666666667, 2.0]),
        ("seed", "7", [7]),
        ("seed", "1-4", [1, 2, 3, 4]),
        ("path", "a, SKIP: b, b, c", ["a", "c"]),
        ("prompt", "2-3 boats, at sea || a cat", ["2-3 boats, at sea", "a cat"]),
        ("n_prompt", "blurry, low quality\n dark", ["blurry, low quality", "dark"]),
        ("path", "a, b\nc", ["a", "b", "c"]),
        ("scheduler", "DDIM, 1-3", ["DDIM", "1-3"]),
        ("eta", "-0.5-0.5 (+0.5)", [-0.5, 0.0, 0.5]),
        ("frames", "8, 16", [8, 16]),
        ("loop", "true, false", [True, False]),
        ("extra_input", '{"a": 1, "b": 2} || {}', [{"a": 1, "b": 2}, {}]),
    ],
)
def test_an_axis_can_be_text(name, text, values):
    assert list(read_axes(REQUEST, {name: text}, Inputs())[name]) == values


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("steps", "", "steps has no value; give at least one."),
        ("steps", "1, SKIP: 1", "steps has no value; give at least one."),
        (
            "steps",
            "few",
            "steps: 'few' is no number, and no row of numbers such as 1, 5, .., 25 or 1-10 (+3) or 1-10 [4].",
        ),
        ("steps", "1-9 [0]", "steps: '1-9 [0]' is no number, and no row of"),
        ("steps", "1, 0, .., 2", "steps: “..” stands between two numbers, and the step before it must lead to"),
        ("steps", "1, 5, .., 24", "steps: “..” stands between"),
        ("steps", ".., 5", "steps: “..” stands between"),
        ("steps", "1, ..", "steps: “..” stands between"),
        (
            "steps",
            "10-1 (+1)",
            "steps: '10-1 (+1)' never arrives; its step must lead from the first number to the last.",
        ),
        ("steps", "1-9 (+0)", "steps: '1-9 (+0)' never arrives"),
        ("steps", "1-2 (+0.5)", "steps must be a whole number from 1 to 100, not 1.5."),
        ("steps", "99-102", "steps must be a whole number from 1 to 100, not 101."),
        ("seed", "0-999999999", "That is > 100000 jobs; one sweep has 100000 at the most."),
        ("seed", "0-4 [999999999]", "That is > 100000 jobs; one sweep has 100000 at the most."),
        ("scheduler", "\ud800, a", "extra_input must be JSON without broken characters"),
    ],
)
def test_a_wrong_text_is_refused_in_a_sentence(name, text, sentence):
    with pytest.raises(AnimateDiffError) as caught:
        read_axes(REQUEST, {name: text}, Inputs())
    assert str(caught.value).startswith(sentence)


def test_what_a_model_takes_besides_can_be_an_axis_and_is_checked_as_it_says():
    inputs = Inputs.of_engine([Input("num_frames", "integer", 16, 8, 64), Input("top_k", "integer")])
    assert read_axes(AnimateDiffRequest(), {"num_frames": "8-16 (+4)"}, inputs) == {"num_frames": (8, 12, 16)}
    assert read_axes(AnimateDiffRequest(), {"top_k": "1, 2"}, inputs) == {"top_k": (1, 2)}
    for wrong in ({"num_frames": [8, 99]}, {"top_k": "few, many"}):
        with pytest.raises(AnimateDiffError, match="must be a whole number"):
            read_axes(AnimateDiffRequest(), wrong, inputs)


def test_an_input_that_has_the_name_of_an_argument_of_the_sweep_is_refused_in_a_sentence():
    assert set(inspect.signature(Sweep.__init__).parameters) - {"axes"} == NO_AXES
    for name in NO_AXES - {"self"}:
        inputs = Inputs((Input(name, "integer", 1),))
        with pytest.raises(AnimateDiffError, match=f"{name}.*steps"):
            read_axes(AnimateDiffRequest(), {name: "1, 2"}, inputs)
