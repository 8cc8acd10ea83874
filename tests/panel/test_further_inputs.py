"""What the chosen endpoint takes, in the form: further controls, its bounds, and what it does not take."""

from __future__ import annotations

import json
import math
import random
import threading

import ipywidgets as widgets
import pytest
from panel_parts import all_widgets, control, wait_until
from stand_in_container import SCHEMA, Container

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Endpoint
from animatediff_widget.errors import InvalidRequest
from animatediff_widget.model.fields import INPUT_FIELDS
from animatediff_widget.model.inputs import Input, Inputs
from animatediff_widget.model.schema import read_schema
from animatediff_widget.texts import Message

ENGINE = Inputs.of_engine(
    [
        Input("num_frames", "integer", 16, 8, 64, label="Frames", help="How many"),
        Input("strength", "number", 0.5, 0, 1),
        Input("fps", "number", 8.0),
        Input("width", "integer", 512, 64, 1024, step=8),
        Input("lora", default="", suggestions=("zoom-in", "zoom-out")),
        Input("output_format", default="mp4", choices=("mp4", "webp")),
        Input("size", "integer", choices=(256, 512)),
        Input("top_k", "integer", minimum=1),
        Input("loop", "boolean", True),
        Input("masks", "json"),
    ]
)


def panel_at(inputs: Inputs, **fields) -> AnimateDiffPanel:
    """A panel whose endpoint takes this."""
    panel = AnimateDiffPanel(AnimateDiffRequest(**fields), endpoint=Endpoint.relay("https://relay.example"))
    panel._controller.choice.inputs = inputs
    return panel


def further(panel, name):
    return control(panel, f"input.{name}")


def note(panel, name):
    return panel._form.notes[name].value


def test_each_kind_of_input_has_its_control_with_the_default_which_is_not_sent():
    panel = panel_at(ENGINE)
    kinds = {
        "num_frames": (widgets.IntSlider, 16), "strength": (widgets.FloatSlider, 0.5), "fps": (widgets.FloatText, 8.0),
        "lora": (widgets.Combobox, ""), "output_format": (widgets.Dropdown, "mp4"), "size": (widgets.Dropdown, None),
        "top_k": (widgets.Text, ""), "loop": (widgets.Checkbox, True),
    }  # fmt: skip
    for name, (kind, value) in kinds.items():
        assert (type(further(panel, name)), further(panel, name).value) == (kind, value)
    assert "input.masks" not in panel._form.controls, "any JSON is written into the extra input"
    assert (further(panel, "num_frames").min, further(panel, "num_frames").max) == (8, 64)
    assert further(panel, "num_frames").description == "Frames"
    assert (further(panel, "strength").step, further(panel, "width").step) == (0.01, 8)
    assert further(panel, "lora").options == ("zoom-in", "zoom-out")
    assert panel.request.extra_input == {}


@pytest.mark.parametrize(
    ("name", "put", "sent"),
    [
        ("num_frames", 24, 24), ("num_frames_number", 24, 24), ("strength", 0.25, 0.25), ("fps", 12.5, 12.5),
        ("lora", "my.safetensors", "my.safetensors"), ("output_format", "webp", "webp"), ("size", 512, 512),
        ("top_k", "7", 7), ("loop", False, False),
    ],
)  # fmt: skip
def test_a_control_is_bound_both_ways_to_what_is_sent(name, put, sent):
    panel, field = panel_at(ENGINE, extra_input={"other": 1}), name.removesuffix("_number")
    before = further(panel, name).value
    further(panel, name).value = put
    assert panel.request.extra_input == {"other": 1, field: sent}
    assert panel.request.body()["input"][field] == sent
    assert json.loads(control(panel, "extra_input").value) == {"other": 1, field: sent}
    further(panel, name).value = before
    assert panel.request.extra_input == {"other": 1}
    panel.request.extra_input = {field: sent}
    assert further(panel, name).value == put
    control(panel, "extra_input").value = ""
    assert further(panel, name).value == before


def test_a_refused_value_is_said_beside_its_control_and_the_one_before_it_is_kept():
    panel = panel_at(ENGINE)
    further(panel, "top_k").value = "3"
    for put, sentence in (("0", "top_k must be a whole number, 1 or more, not 0;"), ("many", "not &#x27;many&#x27;;")):
        further(panel, "top_k").value = put
        assert sentence in note(panel, "input.top_k")
        assert "the value before it is kept" in note(panel, "input.top_k")
        assert panel.request.extra_input == {"top_k": 3}
        assert panel.run() is None
    further(panel, "top_k").value = "3"
    assert note(panel, "input.top_k") == ""
    further(panel, "lora").value = "r8_9f31cA0aa55b7e21d3c4"
    assert further(panel, "lora").value == ""
    assert "That may be a key" in note(panel, "input.lora")


def test_what_was_sent_is_kept_when_the_endpoint_changes_and_it_is_said_what_it_ignores():
    panel = panel_at(ENGINE, extra_input={"num_frames": 24})
    panel.endpoint = Endpoint.builtin()
    assert "input.num_frames" not in panel._form.controls
    assert further(panel, "output_format").value == "webp"
    assert panel.request.extra_input == {"num_frames": 24}
    assert "The model ignores num_frames." in note(panel, "extra_input")
    panel._controller.choice.inputs = ENGINE
    assert further(panel, "num_frames").value == 24
    assert note(panel, "extra_input") == ""


def test_what_stands_and_is_not_taken_there_is_said_before_run_and_stays():
    strict = Inputs(
        (
            Input("steps", "integer", 20, 1, 50),
            Input("num_frames", "integer", 16, 8, 32),
            Input("image", required=True),
        ),
    )
    panel = panel_at(strict, steps=80, extra_input={"num_frames": 64})
    assert "steps must be a whole number from 1 to 50, not 80." in note(panel, "steps")
    assert "num_frames must be a whole number from 8 to 32, not 64." in note(panel, "input.num_frames")
    assert "The model needs image, which is not given." in note(panel, "input.image")
    assert (panel.request.steps, control(panel, "steps_number").value) == (80, 80)
    assert (panel.request.extra_input, further(panel, "num_frames_number").value) == ({"num_frames": 64}, 64)
    assert panel.run() is None
    assert "Correct this first" in panel._monitor.status.value
    control(panel, "steps").value = 30
    further(panel, "num_frames").value = 20
    further(panel, "image").value = "https://example.org/boat.png"
    assert not panel._controller.form_problem
    control(panel, "steps_number").value = 60
    assert "from 1 to 50, not 60; the value before it is kept" in note(panel, "steps")
    assert panel.request.steps == 30


def test_what_one_field_asks_of_another_is_said_beside_that_one_and_goes_with_its_reason():
    def rule(given):
        if given["motion_module"] == "quick" and given["steps"] != 4:
            yield InvalidRequest("steps", Message("input_required", name="4 steps"))

    panel = panel_at(Inputs.of_engine((), (rule,)))
    control(panel, "motion_module").value = "quick"
    assert "needs 4 steps" in note(panel, "steps")
    assert panel.run() is None
    control(panel, "steps_number").value = 500
    assert "not 500" in note(panel, "steps")
    control(panel, "prompt").value = "a boat"
    assert "not 500" in note(panel, "steps"), "what was typed is still to be corrected"
    control(panel, "steps_number").value = 4
    assert note(panel, "steps") == ""
    control(panel, "steps").value = 9
    assert "needs 4 steps" in note(panel, "steps")
    control(panel, "motion_module").value = "mm_sd_v14"
    assert note(panel, "steps") == ""
    assert panel._controller.form_problem is None


def test_the_known_fields_have_the_endpoints_bounds_and_choices_and_are_grey_where_it_does_not_have_them():
    container = Inputs(
        (
            Input("prompt"),
            Input("steps", "integer", 20, 0, 50),
            Input("path", choices=("toonyou_beta3.safetensors", "mine.ckpt")),
        ),
        closed=True,
    )
    panel = panel_at(container)
    assert (control(panel, "steps").min, control(panel, "steps").max) == (1, 50)
    assert control(panel, "path").options == ("toonyou_beta3.safetensors", "mine.ckpt")
    for name in ("n_prompt", "motion_module", "guidance_scale", "guidance_scale_number", "seed"):
        assert control(panel, name).disabled
    assert panel._form.random.disabled
    assert "does not take this" in note(panel, "n_prompt")
    assert not control(panel, "prompt").disabled
    assert panel._controller.form_problem is None
    control(panel, "path").value = "other.ckpt"
    assert "path must be one of toonyou_beta3.safetensors / mine.ckpt" in note(panel, "path")
    panel.endpoint = Endpoint.builtin()
    assert (control(panel, "steps").min, control(panel, "steps").max) == (1, 100)
    assert len(control(panel, "path").options) == 5
    assert not control(panel, "n_prompt").disabled
    assert note(panel, "n_prompt") == ""
    panel._form.random.value = False
    assert not control(panel, "seed").disabled


def test_a_servers_words_are_text_and_never_html():
    panel = panel_at(Inputs((Input("x", label="<img src=x onerror=alert(1)>&" + "y" * 900, help="<b>"),)))
    assert further(panel, "x").description.startswith("img src=x onerror=alert(1)yyy")
    assert len(further(panel, "x").description) <= 61


def test_controls_that_are_not_offered_any_more_are_closed():
    panel = panel_at(ENGINE)
    before = len(all_widgets())
    for _ in range(3):
        panel._controller.choice.inputs = Inputs()
        assert panel._form.further.box.children == ()
        panel._controller.choice.inputs = ENGINE
    assert len(all_widgets()) == before


# --- a place that has to be asked -------------------------------------------------------------------------------------


@pytest.fixture
def container():
    with Container() as container:
        yield container
        container.answers.set()
        container.shutdown()


def test_a_container_is_asked_once_its_url_is_known_and_nobody_waits_for_it(container):
    panel = AnimateDiffPanel()
    panel._picker.kind.value = "cog"
    assert panel._form.further.box.children == ()
    panel._picker.base_url.value = container.url
    control(panel, "steps").value = 3  # it has not answered, and everything works
    assert panel.request.steps == 3
    container.answers.set()
    wait_until(lambda: "input.num_frames" in panel._form.controls)
    assert further(panel, "num_frames").max == 32
    wait_until(lambda: control(panel, "n_prompt").disabled)
    assert container.asked == ["/openapi.json"]


def test_the_answer_of_an_endpoint_that_was_left_is_not_taken(container):
    panel = AnimateDiffPanel(endpoint=Endpoint.cog(container.url))
    wait_until(lambda: container.asked)
    panel.endpoint = Endpoint.builtin()
    container.answers.set()
    wait_until(lambda: not [each for each in threading.enumerate() if each.name == "animatediff-beside"])
    assert "input.num_frames" not in panel._form.controls
    assert "input.output_format" in panel._form.controls


def test_inside_the_click_it_is_waited_for(container):
    container.answers.set()
    panel = AnimateDiffPanel(background=False)
    panel.endpoint = Endpoint.cog(container.url)
    assert further(panel, "num_frames").value == 16


def test_one_without_a_schema_is_taken_as_it_is_and_asked_again_by_run(container):
    container.schema = None
    container.answers.set()
    panel = AnimateDiffPanel(background=False, endpoint=Endpoint.cog(container.url))
    assert panel._controller.choice.inputs == Inputs()
    container.schema = SCHEMA
    panel.request.extra_input = {"num_frames": 99}
    assert panel.run() is None
    assert container.asked == ["/openapi.json"] * 2
    assert "num_frames must be a whole number from 8 to 32, not 99" in panel._monitor.status.value


def test_a_container_that_is_down_costs_nothing():
    panel = AnimateDiffPanel(background=False, endpoint=Endpoint.cog("http://127.0.0.1:9"))
    assert panel._controller.choice.inputs == Inputs()
    assert panel._picker.note.value == ""


@pytest.mark.parametrize("seed", range(2))
def test_whatever_a_schema_says_the_form_shows_it_or_leaves_it_out(seed):
    draw = random.Random(seed)
    odd = [None, True, 0, -5, 3.5, 1e300, 2**70, math.inf, math.nan, "", "x", "<b>", "\ud800", [1, "a"], {"a": 1}]
    names = [*INPUT_FIELDS, "version", "extra_input", "num_frames", "mask", "a b", "input.x", "steps_number"]

    def anything() -> dict:
        part = {"type": draw.choice(["integer", "number", "string", "boolean", "array", draw.choice(odd)])}
        for key in ("default", "minimum", "maximum", "multipleOf", "title", "description", "x-order", "examples"):
            if draw.random() < 0.5:
                part[key] = draw.choice([0, 1, 0.5, 64, 20_000, draw.choice(odd)])
        if draw.random() < 0.3:
            part["enum"] = [draw.choice([1, 2, "a", "b", 2.5, draw.choice(odd)]) for _ in range(3)]
        return draw.choice([part, part, {"allOf": [part]}, {"anyOf": [part, {"type": "null"}]}, draw.choice(odd)])

    panel = panel_at(Inputs())
    for _ in range(20):
        properties = {name: anything() for name in draw.sample(names, 6)}
        schema = {"properties": properties, "required": draw.choice([None, names])}
        panel.request.extra_input = {draw.choice(["num_frames", "mask", "other"]): draw.choice([1, "x", None, 1e9])}
        panel._controller.choice.inputs = read_schema({"components": {"schemas": {"Input": schema}}}) or Inputs()
        for name in [name for name in panel._form.controls if name.startswith("input.")]:
            one = panel._form.controls[name]
            if not isinstance(one, widgets.Dropdown):
                one.value = type(one.value)(draw.choice([0, 1]))
        assert panel.request.body()


def test_what_is_typed_while_another_thread_changes_the_form_is_kept():
    panel = panel_at(ENGINE)
    types = threading.Thread(target=lambda: setattr(further(panel, "num_frames"), "value", 24))
    with panel._form.following():
        types.start()
        types.join()
    assert panel.request.extra_input == {"num_frames": 24}


def test_bounds_that_are_nearly_the_same_make_no_trouble():
    panel = panel_at(Inputs((Input("x", "number", 0.0, 0.0, 5e-324),)))
    assert further(panel, "x").value == 0


def test_what_an_endpoint_says_late_does_not_replace_what_was_typed_and_refused():
    panel = panel_at(Inputs())
    control(panel, "steps_number").value = 500
    control(panel, "extra_input").value = "{"
    panel._controller.choice.inputs = ENGINE
    assert (control(panel, "steps_number").value, control(panel, "extra_input").value) == (500, "{")
    assert "500" in note(panel, "steps")
    assert panel._controller.form_problem, "Run would draw 25 steps, which nobody typed"
    panel._controller.choice.endpoint = Endpoint.builtin()
    assert (control(panel, "steps_number").value, note(panel, "steps")) == (25, "")
