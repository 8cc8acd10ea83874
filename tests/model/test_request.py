"""The request model."""

from __future__ import annotations

import functools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interface_document import EXAMPLE
from traitlets import TraitError

from animatediff_widget import AnimateDiffError, AnimateDiffRequest
from animatediff_widget.errors import InvalidRequest
from animatediff_widget.model.body import Body
from animatediff_widget.model.request import CHECKPOINTS, MAX_SEED, MOTION_MODULES


def example_request() -> AnimateDiffRequest:
    return AnimateDiffRequest(
        path="toonyou_beta3.safetensors",
        seed=255224557,
        steps=25,
        n_prompt=json.loads(EXAMPLE)["input"]["n_prompt"],
        motion_module="mm_sd_v14",
        guidance_scale=7.5,
    )


def test_the_example_of_the_interface_document_comes_out_letter_by_letter():
    assert json.dumps(example_request().body()) == json.dumps(json.loads(EXAMPLE))
    assert json.loads(example_request().to_json()) == json.loads(EXAMPLE)


def test_a_request_without_a_seed_sends_none_until_one_is_drawn():
    request = AnimateDiffRequest()
    assert "seed" not in request.body()["input"]
    seeds = {request.seeded().body()["input"]["seed"] for _ in range(50)}
    assert len(seeds) > 45
    assert all(1 <= seed <= MAX_SEED for seed in seeds)
    assert request.seed is None


def test_zero_is_a_seed_and_is_sent_as_zero():
    assert AnimateDiffRequest(seed=0).seeded().body()["input"]["seed"] == 0


REFUSED = [
    ("steps", 0), ("steps", 101), ("steps", 2.5), ("steps", "25"), ("steps", True), ("steps", None),
    ("guidance_scale", 0.99), ("guidance_scale", 10.01), ("guidance_scale", math.nan), ("guidance_scale", math.inf),
    ("guidance_scale", "7"), ("guidance_scale", False),
    ("seed", -1), ("seed", MAX_SEED + 1), ("seed", 1.5), ("seed", "x"),
    ("prompt", 3), ("prompt", None), ("prompt", "broken \ud800"), ("n_prompt", b"bytes"),
    ("path", ""), ("path", "  "), ("motion_module", ""),
    ("version", "abc"), ("version", "owner/name:short"), ("version", "a/b/c"), ("version", "F" * 64),
    ("extra_input", []), ("extra_input", {"steps": 3}), ("extra_input", {"seed": 3}), ("extra_input", {"x": math.nan}),
    ("extra_input", {1: 2}), ("extra_input", {"x": {2, 3}}), ("extra_input", {"x": "\udfff"}),
    ("extra_body", {"version": "x"}), ("extra_body", {"input": {}}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), REFUSED)
def test_a_wrong_value_is_refused_in_one_sentence_and_the_value_before_it_stays(field, value):
    request = example_request()
    before = getattr(request, field)
    with pytest.raises(AnimateDiffError) as caught:
        setattr(request, field, value)
    assert isinstance(caught.value, TraitError)
    sentence = str(caught.value)
    assert sentence.startswith(field)
    assert sentence.count(". ") == 0
    assert "kept" in sentence
    assert getattr(request, field) == before
    with pytest.raises(AnimateDiffError) as caught:
        AnimateDiffRequest(**{field: value})
    assert "kept" not in str(caught.value)


def test_the_sentence_names_field_value_and_bounds():
    with pytest.raises(AnimateDiffError, match=r"^steps must be a whole number from 1 to 100, not 500; "):
        example_request().steps = 500


def test_numpys_numbers_are_taken_as_pythons():
    request = AnimateDiffRequest(steps=np.int64(4), guidance_scale=np.float32(1.5), seed=np.uint32(7))
    assert [type(value) for value in (request.steps, request.guidance_scale, request.seed)] == [int, float, int]
    assert (request.steps, request.guidance_scale, request.seed) == (4, 1.5, 7)
    with pytest.raises(AnimateDiffError, match=r"^steps must be a whole number from 1 to 100, not 500; "):
        request.steps = np.int64(500)
    with pytest.raises(AnimateDiffError, match="guidance_scale must be a number"):
        request.guidance_scale = np.float64("nan")
    with pytest.raises(AnimateDiffError, match="steps must be a whole number"):
        request.steps = np.bool_(True)


TABLE = {
    "seed": (1, "1"), "image": ("x", 1), "steps": (3, 3.5), "prompt": ("x", None), "cfg_scale": (7, 7.5),
    "scheduler": ("DDIM", 1), "sampler_name": ("x", []), "negative_prompt": ("x", 0),
    "denoising_strength": (0.5, "0.5"), "outpaint_direction": ("up", True), "overlay_original_img": (True, 1),
}  # fmt: skip


@pytest.mark.parametrize("field", TABLE)
def test_the_fields_of_the_documents_table_are_known_by_type(field):
    right, wrong = TABLE[field]
    request = AnimateDiffRequest(extra_body={field: right})
    assert request.body()[field] == right
    with pytest.raises(AnimateDiffError, match=field):
        request.extra_body = {field: wrong}


def test_an_extra_that_was_edited_in_place_is_checked_before_it_is_sent():
    request = AnimateDiffRequest()
    request.extra_input["cfg_scale"] = "high"
    with pytest.raises(AnimateDiffError, match="cfg_scale"):
        request.body()


def test_a_body_shares_nothing_with_its_request():
    request = AnimateDiffRequest(extra_input={"list": [1]})
    request.body()["input"]["list"].append(2)
    assert request.body()["input"]["list"] == [1]


def test_checkpoints_and_motion_modules_outside_the_lists_are_allowed():
    request = AnimateDiffRequest(path="mine.safetensors", motion_module="mm_new")
    assert request.body()["input"]["path"] == "mine.safetensors"
    assert len(CHECKPOINTS) == 5
    assert len(MOTION_MODULES) == 3


@pytest.mark.parametrize("version", ["a" * 64, "lucataco/animate-diff", f"lucataco/animate-diff:{'0' * 64}"])
def test_a_version_takes_three_forms(version):
    assert AnimateDiffRequest(version=version).body()["version"] == version


def test_an_unknown_field_is_refused_by_name():
    with pytest.raises(AnimateDiffError, match="no field 'step'"):
        AnimateDiffRequest(step=3)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KNOWN = {*TABLE, "version", "input", "path", "n_prompt", "motion_module", "guidance_scale"}
extras = st.dictionaries(st.text().filter(lambda key: key not in KNOWN), json_values, max_size=4)


@given(
    prompt=st.text(),
    steps=st.integers(1, 100),
    guidance=st.floats(1, 10),
    seed=st.none() | st.integers(0, MAX_SEED),
    extra_input=extras,
    extra_body=extras,
)
def test_a_body_read_back_is_the_same_request(prompt, steps, guidance, seed, extra_input, extra_body):
    request = AnimateDiffRequest(
        prompt=prompt, steps=steps, guidance_scale=guidance, seed=seed, extra_input=extra_input, extra_body=extra_body
    )
    body = json.loads(request.to_json())
    assert body == request.body()
    again = AnimateDiffRequest.from_body(body)
    assert again == request
    assert again.to_json() == request.to_json()


@pytest.mark.parametrize("body", [[], "x", None, {"input": []}, {"input": {"steps": "many"}}, {"version": 3}])
def test_what_is_no_body_is_refused_in_a_sentence(body):
    with pytest.raises(AnimateDiffError):
        AnimateDiffRequest.from_body(body)


def test_every_field_carries_its_label_and_help():
    for name, trait in AnimateDiffRequest().traits().items():
        assert trait.metadata["label"], name
        assert trait.help.endswith("."), name


DEEP = functools.reduce(lambda inner, _: [inner], range(5000), [])


@pytest.mark.parametrize("value", [10**5000, DEEP], ids=["long", "deep"])
def test_what_cannot_even_be_written_is_refused_in_a_sentence(value):
    for fields in ({"steps": value}, {"prompt": value}, {"extra_input": {"x": value}}, {"extra_body": {"x": [value]}}):
        with pytest.raises(InvalidRequest, match=" must be "):
            AnimateDiffRequest(**fields)


def test_a_refused_value_is_quoted_as_it_was_given():
    with pytest.raises(InvalidRequest, match=r"; the value before it is kept\. y'"):
        AnimateDiffRequest(version="x; the value before it is kept. y")


@pytest.mark.parametrize("text", ["", "{", "[" * 99999, "[]", '{"input": 5}'])
def test_text_that_is_no_body_is_refused_as_a_request(text):
    with pytest.raises(InvalidRequest):
        Body(text).request()
