"""The form: controls and request, bound both ways."""

from __future__ import annotations

import html
import json

import pytest
from panel_parts import control, created

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Endpoint

VALUES = [
    ("prompt", "a boat", "a ship"), ("n_prompt", "rain", ""), ("path", "mine.safetensors", "lyriel_v16.safetensors"),
    ("motion_module", "mm_sd_v15", "mm_new"), ("steps", 7, 80), ("steps_number", 3, 90), ("guidance_scale", 2.5, 9.0),
    ("guidance_scale_number", 3.1, 1.0), ("seed", 5, 2147483647), ("version", "a/b", "c" * 64),
]  # fmt: skip


@pytest.mark.parametrize(("name", "one", "other"), VALUES)
def test_controls_and_request_move_each_other(name, one, other):
    panel = AnimateDiffPanel(AnimateDiffRequest(seed=1))
    field = name.removesuffix("_number")
    control(panel, name).value = one
    assert getattr(panel.request, field) == one
    setattr(panel.request, field, other)
    assert control(panel, name).value == other
    panel.close()


def test_a_refused_value_shows_its_sentence_beside_the_control_and_is_not_sent(panel, server):
    control(panel, "steps_number").value = 500
    assert panel.request.steps == 25
    assert "steps must be a whole number from 1 to 100, not 500" in panel._form.notes["steps"].value
    assert panel.run() is None
    assert "Not sent" in panel._monitor.status.value
    assert created(panel, server) == 0
    control(panel, "steps").value = 30
    assert panel._form.notes["steps"].value == ""
    assert control(panel, "steps_number").value == 30


def test_a_refused_value_goes_when_python_sets_the_trait():
    panel = AnimateDiffPanel()
    control(panel, "version").value = "nonsense"
    assert panel._controller.form_problem
    panel.request.version = "owner/name"
    assert control(panel, "version").value == "owner/name"
    assert not panel._controller.form_problem


@pytest.mark.parametrize("name", ["extra_input", "extra_body"])
def test_extra_json_is_read_checked_and_left_as_the_person_laid_it_out(name):
    panel = AnimateDiffPanel()
    control(panel, name).value = '{"scheduler":\n"DDIM"}'
    assert getattr(panel.request, name) == {"scheduler": "DDIM"}
    assert control(panel, name).value == '{"scheduler":\n"DDIM"}'
    for wrong, why in [
        ("{", "is not JSON"),
        ("[1]", "must be a JSON object"),
        ('{"cfg_scale": "x"}', "a whole number"),
        ('{"a":' * 100_000, "is not JSON"),
    ]:
        control(panel, name).value = wrong
        assert why in panel._form.notes[name].value
        assert getattr(panel.request, name) == {"scheduler": "DDIM"}
    control(panel, name).value = ""
    assert getattr(panel.request, name) == {}
    assert not panel._controller.form_problem


def test_the_seed_is_random_kept_or_drawn_anew():
    panel = AnimateDiffPanel()
    assert panel.request.seed is None
    assert panel._form.random.value
    assert control(panel, "seed").disabled
    panel._form.dice.click()
    drawn = panel.request.seed
    assert control(panel, "seed").value == drawn
    assert not panel._form.random.value
    panel._form.random.value = True
    assert panel.request.seed is None
    panel._form.random.value = False
    assert panel.request.seed == drawn


def test_another_request_can_be_put_in():
    panel = AnimateDiffPanel()
    old, new = panel.request, AnimateDiffRequest(prompt="snow", steps=3, seed=4)
    panel.request = new
    assert control(panel, "prompt").value == "snow"
    old.steps = 99
    assert control(panel, "steps").value == 3


def test_previews_can_be_switched_off_where_the_endpoint_has_them():
    panel = AnimateDiffPanel(endpoint=Endpoint.builtin())
    switch = panel._form.previews
    assert (switch.value, switch.disabled) == (True, False)
    switch.value = False
    assert not panel._controller.previews
    panel.endpoint = Endpoint.relay("https://relay.example")
    assert switch.disabled
    panel.close()


def test_why_nothing_was_sent_is_taken_back_when_it_is_mended():
    panel = AnimateDiffPanel()
    control(panel, "steps_number").value = 500
    panel.run()
    assert "Not sent" in panel._monitor.status.value
    control(panel, "steps_number").value = 5
    assert "Ready" in panel._monitor.status.value
    panel.endpoint = Endpoint.replicate()
    panel.run()
    assert "Replicate needs a key" in panel._monitor.status.value
    panel.endpoint = Endpoint.builtin()
    assert "Ready" in panel._monitor.status.value


def test_another_request_is_bound_even_where_it_equals_the_one_before():
    panel = AnimateDiffPanel()
    new = AnimateDiffRequest()
    assert new == panel.request
    panel.request = new
    control(panel, "prompt").value = "snow"
    assert new.prompt == "snow"
    panel._results.tabs.selected_index = 3
    new.steps = 44
    assert control(panel, "steps").value == 44
    assert "44" in panel._results.request_tab.code.value


@pytest.mark.parametrize(
    ("given", "warning"),
    [
        ({"num_inference_steps": 30}, "The model ignores num_inference_steps; set “Steps” instead."),
        ({"negative_prompt": "rain"}, "The model ignores negative_prompt; set “Negative prompt” instead."),
        ({"num_frames": 32}, "The model ignores num_frames."),
        ({"scheduler": "DDIM"}, "The model ignores scheduler."),
        ({"output_format": "gif"}, ""),
    ],
)
def test_an_input_that_the_model_ignores_is_warned_of_beside_the_field_and_sent_all_the_same(given, warning):
    panel = AnimateDiffPanel()
    control(panel, "extra_input").value = json.dumps(given)
    note = panel._form.notes["extra_input"].value
    assert warning in note if warning else not note
    assert not panel._controller.form_problem
    assert panel.request.body()["input"].items() >= given.items()
    panel.request.extra_input = {}
    assert panel._form.notes["extra_input"].value == ""


def test_at_an_endpoint_that_does_not_say_what_it_takes_only_the_hosted_model_is_known_to_ignore_an_input():
    panel = AnimateDiffPanel(endpoint=Endpoint.relay("https://relay.example"))
    panel.request.extra_input = {"num_frames": 32, "scheduler": "DDIM"}
    note = panel._form.notes["extra_input"].value
    assert "The hosted model (lucataco/animate-diff) ignores num_frames." in note
    assert "scheduler" not in note


KEYS = [
    "r8_9f31cA0aa55b7e21d3c4",
    " sk-proj-77aa99bb00cc11dd ",
    "https://me:pass@relay.example",
    "https://a.example?token=s3cr3t",
]
FIELDS = ["prompt", "n_prompt", "path", "motion_module", "version", "extra_input", "extra_body"]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("name", FIELDS)
def test_a_key_in_a_wrong_field_is_taken_out_at_once_and_the_person_is_told_where_it_belongs(name, key):
    panel = AnimateDiffPanel(AnimateDiffRequest(prompt="a boat"))
    before = control(panel, name).value
    for typed in (key, json.dumps({"note": key})):
        control(panel, name).value = typed
        assert control(panel, name).value == before
        assert "That may be a key" in panel._form.notes[name].value
        assert key.strip() not in str([widget.get_state() for widget in panel._maker._made])
    assert panel.request == AnimateDiffRequest(prompt="a boat")
    assert not panel._controller.form_problem
    panel.request.prompt = "a kite"
    assert ("That may be a key" in panel._form.notes[name].value) == (name != "prompt")
    panel.close()


def test_a_key_for_an_id_or_a_files_name_is_taken_out_too():
    panel = AnimateDiffPanel()
    history, tab = panel._results.history, panel._results.animation_tab
    history.prediction_id.value = tab.file_name.value = KEYS[0]
    assert history.prediction_id.value == tab.file_name.value == ""
    assert "That may be a key" in panel._monitor.status.value
    assert "That may be a key" in tab.note.value


def test_true_and_1_are_two_values_of_the_extra_input_though_python_has_them_equal():
    panel = AnimateDiffPanel()
    panel.request.extra_input = {"flag": 1}
    panel._results.tabs.selected_index = 3
    control(panel, "extra_input").value = '{"flag": true}'
    assert panel.request.extra_input["flag"] is True
    assert '"flag": true' in html.unescape(panel._results.request_tab.code.value)
    panel.request.extra_input = {"flag": 1}
    assert '"flag": 1' in control(panel, "extra_input").value
    panel.close()
