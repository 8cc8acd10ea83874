"""What a model takes: declared, checked, read from a schema."""

from __future__ import annotations

import math
import pickle

import pytest

from animatediff_widget import AnimateDiffRequest
from animatediff_widget.errors import InvalidRequest
from animatediff_widget.model.fields import INPUT_FIELDS
from animatediff_widget.model.inputs import Input, Inputs

FRAMES = Input("num_frames", "integer", 16, 8, 64)
FPS = Input("fps", "number", 8.0, 1)
FORMAT = Input("output_format", "string", "mp4", choices=("mp4", "webp"))
LORA = Input("motion_lora", "string", "")
LOOP = Input("loop", "boolean", True)
ANY = Input("masks", "json")


@pytest.mark.parametrize(
    ("one", "value", "sent"),
    [
        (FRAMES, 64.0, 64), (FRAMES, None, None), (FPS, 1, 1), (FPS, 1e6, 1e6), (FORMAT, "webp", "webp"),
        (LORA, "", ""), (LOOP, False, False), (ANY, [{"a": 1}], [{"a": 1}]),
    ],
)  # fmt: skip
def test_a_value_that_an_input_can_have_is_sent(one, value, sent):
    assert (one.check(value), type(one.check(value))) == (sent, type(sent))


@pytest.mark.parametrize(
    ("one", "value", "sentence"),
    [
        (FRAMES, 7, "num_frames must be a whole number from 8 to 64, not 7."),
        (FRAMES, True, "num_frames must be a whole number from 8 to 64, not True."),
        (FRAMES, "16", "num_frames must be a whole number from 8 to 64, not '16'."),
        (FRAMES, 8.5, "num_frames must be a whole number from 8 to 64, not 8.5."),
        (FPS, 0, "fps must be a number, 1 or more, not 0."),
        (FPS, math.nan, "fps must be a number, 1 or more, not nan."),
        (FPS, math.inf, "fps must be a number, 1 or more, not inf."),
        (Input("scale", "number", maximum=1.5), 2, "scale must be a number, 1.5 or less, not 2."),
        (Input("scale", "number"), "x", "scale must be a number, not 'x'."),
        (FORMAT, "gif", "output_format must be one of mp4 / webp, not 'gif'."),
        (LORA, 3, "motion_lora must be a string, not 3."),
        (LORA, "\ud800", "motion_lora must be a string, not '\\ud800'."),
        (LOOP, 1, "loop must be true or false, not 1."),
        (Input("image", required=True), None, "image must be a string, not None."),
    ],
)
def test_another_value_is_refused_in_a_sentence_with_what_is_possible(one, value, sentence):
    with pytest.raises(InvalidRequest) as caught:
        one.check(value)
    assert str(caught.value) == sentence
    assert caught.value.field == one.name


@pytest.mark.parametrize(
    ("one", "text", "value"),
    [
        (FRAMES, "24", 24), (FPS, "12.5", 12.5), (FORMAT, "webp", "webp"), (LORA, "24", "24"), (LOOP, "no", False),
        (LOOP, "True", True), (ANY, "[1, 2]", [1, 2]), (ANY, "words", "words"),
    ],
)  # fmt: skip
def test_a_value_is_read_from_a_command_line_by_its_type(one, text, value):
    assert one.parse(text) == value


@pytest.mark.parametrize(
    ("one", "text"), [(FRAMES, "many"), (FRAMES, "9" * 5000), (FPS, "nan"), (FORMAT, ""), (LOOP, "perhaps")]
)
def test_text_that_is_no_value_is_refused(one, text):
    with pytest.raises(InvalidRequest, match=f"^{one.name} must be "):
        one.parse(text)


def test_an_engines_inputs_are_the_requests_fields_and_its_own():
    inputs = Inputs.of_engine([FRAMES, FORMAT])
    assert inputs.further == (FRAMES, FORMAT)
    assert {each.name for each in inputs.fields} == {*INPUT_FIELDS, "num_frames", "output_format"}
    assert [*inputs.problems(AnimateDiffRequest().seeded().body()["input"])] == []
    assert (inputs["steps"].type, inputs["steps"].minimum, inputs["steps"].maximum) == ("integer", 1, 100)
    assert inputs.values({"num_frames": None, "other": 1}) == {"num_frames": 16, "output_format": "mp4"}
    assert pickle.loads(pickle.dumps(inputs)) == inputs
    hash(inputs)


def test_every_problem_of_an_input_is_said():
    inputs = Inputs((FRAMES, FORMAT, Input("image", required=True)), closed=True)
    assert [str(each) for each in inputs.problems({"num_frames": 1, "output_format": "gif", "x": 1})] == [
        "num_frames must be a whole number from 8 to 64, not 1.",
        "output_format must be one of mp4 / webp, not 'gif'.",
        "The model needs image, which is not given.",
    ]
    with pytest.raises(InvalidRequest, match="num_frames must be"):
        inputs.check({"num_frames": 1})
    Inputs().check({"num_frames": "anything"})


def test_what_is_ignored_is_known_with_the_field_that_was_meant():
    names = ["num_inference_steps", "num_frames", "scheduler", "steps"]
    assert Inputs().ignored(names) == {"num_inference_steps": "steps", "num_frames": ""}
    assert Inputs.of_engine([FRAMES]).ignored(names) == {"num_inference_steps": "steps", "scheduler": ""}
    assert Inputs((FRAMES,), closed=True).ignored(names) == {"num_inference_steps": "", "scheduler": "", "steps": ""}


def test_it_shows_itself_as_a_table():
    fields = (
        FRAMES,
        FPS,
        Input("image", required=True),
        Input("prompt", default="x" * 60),
        Input("s", "number", maximum=2),
    )
    table = repr(
        Inputs((*fields, FORMAT, Input("lora", suggestions=("zoom-in", "zoom-out"))), closed=True)
    ).splitlines()
    assert [line.split() for line in table] == [
        ["name", "type", "default", "possible"],
        ["num_frames", "integer", "16", "8", "to", "64"],
        ["fps", "number", "8.0", ">=", "1"],
        ["image", "string", "(required)"],
        ["prompt", "string", f"'{'x' * 26}..."],
        ["s", "number", "<=", "2"],
        ["output_format", "string", "'mp4'", "mp4", "/", "webp"],
        ["lora", "string", "zoom-in", "/", "zoom-out", "/", "..."],
        ["What", "else", "is", "sent", "is", "ignored."],
    ]
    assert len({line.find("num_frames") for line in table}) == 2
    assert repr(Inputs()) == "What the model takes is not known."


def test_a_sentence_names_no_more_choices_than_can_be_read():
    many = Input("style", choices=tuple("x" * 900 + str(number) for number in range(500)))
    with pytest.raises(InvalidRequest) as caught:
        many.check("y")
    assert len(str(caught.value)) < 400
