"""What a model takes, read from a schema."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animatediff_widget.model.inputs import Input, Inputs
from animatediff_widget.model.schema import read_schema
from animatediff_widget.texts import Texts

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
    assert read_schema(COG) == Inputs(
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
    read = read_schema(COG)
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
        ({"type": "integer", "multipleOf": 8}, Input("x", "integer", step=8)),
        ({"type": "integer", "multipleOf": -1}, Input("x", "integer")),
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
    assert read_schema(schema(x=given)) == Inputs((read,), closed=True)


def test_a_schema_that_refers_to_itself_has_an_end():
    document = schema(x={"$ref": "#/components/schemas/x"})
    document["components"]["schemas"]["x"] = {"allOf": [{"$ref": "x"}] * 50, "title": "X"}
    assert read_schema(document)["x"] == Input("x", "json", label="X")


def test_a_schema_of_which_not_all_is_read_is_not_closed():
    assert not read_schema(schema(x={}, **{"broken\x07": {}})).closed
    many = read_schema(schema(**{f"x{number}": {} for number in range(5000)}))
    assert (len(many.fields), many.closed) == (100, False)
    document = schema(x={})
    document["components"]["schemas"]["Input"]["additionalProperties"] = True
    assert not read_schema(document).closed


@pytest.mark.parametrize("odd", [None, 3, [], {}, {"components": 3}, {"components": {"schemas": []}}, schema()])
def test_a_document_without_inputs_is_none(odd):
    assert read_schema(odd) is None


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
        read = read_schema(one)
        for each in read.fields if read else ():
            [str(problem) for problem in read.problems({each.name: value})]
            assert each.type == "json" or each.check(each.default) is None or each.fits(each.default)
