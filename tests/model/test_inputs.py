"""What a model takes: declared, checked, read from a schema."""

from __future__ import annotations

import json
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animatediff_widget import AnimateDiffRequest
from animatediff_widget.errors import InvalidRequest
from animatediff_widget.model.fields import INPUT_FIELDS
from animatediff_widget.model.inputs import Input, Inputs
from animatediff_widget.texts import Texts

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


COG = {  # as `cog build` writes it
    "openapi": "3.0.2",
    "info": {"title": "Cog", "version": "0.1.0"},
    "components": {
        "schemas": {
            "Input": {
                "type": "object",
                "title": "Input",
                "required": ["image"],
                "properties": {
                    "seed": {
                        "anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}],
                        "title": "Seed",
                        "x-order": 3,
                    },
                    "prompt": {"type": "string", "title": "Prompt", "default": "a boat", "x-order": 0},
                    "steps": {
                        "type": "integer",
                        "title": "Steps",
                        "description": "Denoising steps",
                        "default": 20,
                        "minimum": 1,
                        "maximum": 50,
                        "x-order": 1,
                    },
                    "size": {
                        "allOf": [{"$ref": "#/components/schemas/size"}],
                        "default": "small",
                        "description": "How large",
                        "x-order": 2,
                    },
                    "image": {"type": "string", "title": "Image", "format": "uri", "x-order": 4},
                    "strength": {"type": "number", "title": "Strength", "maximum": 1, "nullable": True, "x-order": 5},
                    "loras": {"type": "array", "items": {"type": "string"}, "title": "Loras", "x-order": 6},
                    "hf_token": {"type": "string", "format": "password", "title": "Token", "x-order": 7},
                    "loop": {"type": "boolean", "default": False, "x-order": 8},
                },
            },
            "size": {"type": "string", "enum": ["small", "large"], "title": "size", "description": "An enumeration."},
        }
    },
}


def test_a_containers_schema_is_read_in_the_order_of_its_model():
    assert Inputs.from_schema(COG) == Inputs(
        (
            Input("prompt", "string", "a boat", label="Prompt"),
            Input("steps", "integer", 20, 1, 50, label="Steps", help="Denoising steps"),
            Input("size", "string", "small", choices=("small", "large"), label="size", help="How large"),
            Input("seed", "integer", None, 0, label="Seed"),
            Input("image", "string", label="Image", required=True),
            Input("strength", "number", maximum=1, label="Strength"),
            Input("loras", "json", label="Loras"),
            Input("hf_token", "json", label="Token"),
            Input("loop", "boolean", False),
        ),
        closed=True,
    )


def test_labels_and_help_are_the_schemas_own_or_else_ours():
    read = Inputs.from_schema(COG)
    assert [read["steps"].label_in(Texts("zh")), read["steps"].help_in(Texts("zh"))] == ["Steps", "Denoising steps"]
    assert Input("steps").label_in(Texts("zh")) == "步数"
    assert [Input("nobody_knows").label_in(Texts("en")), Input("nobody_knows").help_in(Texts("en"))] == [
        "nobody_knows",
        "",
    ]


def schema(**properties) -> dict:
    return {"components": {"schemas": {"Input": {"properties": properties}}}}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"type": "integer", "minimum": 9, "maximum": 1}, Input("x", "integer")),
        ({"type": "integer", "minimum": "1", "maximum": 1e300}, Input("x", "integer")),
        ({"type": "number", "minimum": math.nan, "default": math.inf}, Input("x", "number")),
        ({"type": ["integer", "null"], "default": 3}, Input("x", "integer", 3)),
        ({"type": "integer", "default": "many", "minimum": 2}, Input("x", "integer", None, 2)),
        ({"type": "integer", "minimum": 2.0}, Input("x", "integer", None, 2)),
        ({"type": "string", "title": "a\x1b[31m\u202e", "description": ["no"]}, Input("x", label="a\ufffd[31m\ufffd")),
        ({"type": "string", "default": "y" * 5000}, Input("x")),
        ({"type": "string", "enum": ["a", 3]}, Input("x")),
        ({"type": "string", "enum": ["a", "b\x00"]}, Input("x")),
        ({"type": "string", "enum": [str(number) for number in range(9999)]}, Input("x")),
        ({"type": "integer", "enum": [1, 2, None]}, Input("x", "integer", choices=(1, 2))),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, Input("x", "json")),
        ({"$ref": "#/components/schemas/Input"}, Input("x", "json")),
        ({"type": [{}, [], 3]}, Input("x", "json")),
        ("nonsense", Input("x", "json")),
        (None, Input("x", "json")),
    ],
)
def test_what_is_odd_in_a_schema_is_left_out(given, read):
    assert Inputs.from_schema(schema(x=given)) == Inputs((read,), closed=True)


def test_a_schema_that_refers_to_itself_has_an_end():
    document = schema(x={"$ref": "#/components/schemas/x"})
    document["components"]["schemas"]["x"] = {"allOf": [{"$ref": "x"}] * 50, "title": "X"}
    assert Inputs.from_schema(document)["x"] == Input("x", "json", label="X")


def test_a_schema_of_which_not_all_is_read_is_not_closed():
    assert not Inputs.from_schema(schema(x={}, **{"broken\x07": {}})).closed
    many = Inputs.from_schema(schema(**{f"x{number}": {} for number in range(5000)}))
    assert (len(many.fields), many.closed) == (100, False)
    document = schema(x={})
    document["components"]["schemas"]["Input"]["additionalProperties"] = True
    assert not Inputs.from_schema(document).closed


@pytest.mark.parametrize("odd", [None, 3, [], {}, {"components": 3}, {"components": {"schemas": []}}, schema()])
def test_a_document_without_inputs_is_none(odd):
    assert Inputs.from_schema(odd) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["type", "enum", "allOf", "anyOf", "$ref", "default", "minimum", "maximum", "title", "x-order", "a"]
    ), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=5), _JSON, max_size=4), _JSON, _JSON)
def test_no_schema_makes_it_fail(properties, other, value):
    document = {"components": {"schemas": {"Input": {"properties": properties, "required": other}, "a": other}}}
    for one in (document, other, json.loads(json.dumps(document))):
        read = Inputs.from_schema(one)
        for each in read.fields if read else ():
            [str(problem) for problem in read.problems({each.name: value})]
            assert each.type == "json" or each.check(each.default) is None or each.fits(each.default)
