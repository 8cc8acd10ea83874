"""What an engine declares that it takes: checked and described by the server."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from animatediff_widget.engines import Engine, Output
from animatediff_widget.model.inputs import Input, Inputs
from animatediff_widget.model.request import DEFAULT_VERSION
from animatediff_widget.model.schema import read_schema
from animatediff_widget.server import LocalServer


class DeclaringEngine(Engine):
    """Takes more than the request's own fields."""

    inputs = (
        Input("num_frames", "integer", 16, 8, 64, help="How many"),
        Input("motion_lora", default="", suggestions=("zoom-in", "zoom-out")),
        Input("output_format", default="mp4", choices=("mp4", "webp")),
        Input("loop", "boolean", True),
    )

    def run(self, request, *, seed, log, canceled, preview):
        return Output(str(Inputs.of_engine(self.inputs).values(request.extra_input)).encode(), "webp", "image/webp")


@pytest.fixture(scope="module")
def declaring():
    with LocalServer(DeclaringEngine()) as server:
        yield server


def post(server, **inputs):
    headers, body = {"Authorization": f"Bearer {server.token}"}, {"version": DEFAULT_VERSION, "input": inputs}
    return requests.post(f"{server.base_url}/v1/predictions", json=body, headers=headers, timeout=10)


def test_what_an_engine_declares_is_checked_in_the_hosted_apis_words(declaring):
    wrong = {"num_frames": 65, "motion_lora": 3, "output_format": "gif", "loop": "yes", "steps": 0, "anything": 1}
    answer = post(declaring, **wrong)
    assert answer.status_code == 422
    assert {each["field"]: (each["type"], each["description"]) for each in answer.json()["invalid_fields"]} == {
        "input.num_frames": ("number_lte", "Must be less than or equal to 64"),
        "input.motion_lora": ("invalid_type", "Invalid type. Expected: string, given: integer"),
        "input.output_format": ("enum", 'input.output_format must be one of the following: "mp4", "webp"'),
        "input.loop": ("invalid_type", "Invalid type. Expected: boolean, given: string"),
        "input.steps": ("number_gte", "Must be greater than or equal to 1"),
    }
    assert post(declaring, num_frames=64, loop=False, anything=1, motion_lora="my.safetensors").status_code == 201


def test_the_schema_says_what_the_engine_declares(declaring):
    address = f"{declaring.base_url}/v1/models/lucataco/animate-diff/versions/{DEFAULT_VERSION}"
    answer = requests.get(address, headers={"Authorization": f"Bearer {declaring.token}"}, timeout=10).json()
    read, inputs = read_schema(answer["openapi_schema"]), declaring.inputs
    assert read.closed
    assert [each.name for each in read.fields] == [each.name for each in inputs.fields]
    for one, other in zip(read.fields, inputs.fields, strict=True):
        assert one == replace(other, label=one.label, help=one.help)
    assert (read["num_frames"].label, read["num_frames"].help) == ("Frames", "How many")
    assert read["steps"].label == "Steps"
