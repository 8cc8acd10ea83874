"""The panel, without a browser: what its controls do, and what it costs the page."""

from __future__ import annotations

import base64
import json
import threading

import pytest
from panel_parts import all_widgets, animation_tab, control, created, record, wait_until

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Animation, Endpoint, Journal
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.jobs.view import JobView
from animatediff_widget.model.body import Body
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.panel.markup import plain


def test_run_shows_progress_then_the_animation_and_the_json_as_it_came(panel, engine):
    job = panel.run()
    assert panel.run_button.disabled
    assert not panel.cancel_button.disabled
    wait_until(lambda: job.prediction is not None and job.prediction.step == 1)
    wait_until(lambda: "step 1 of 2" in panel._monitor.status.value)
    assert panel._monitor.bar.value == 0.5
    assert "processing" in panel._results.json.value
    engine.go.set()
    animation = job.result(30)
    wait_until(lambda: panel.animation is animation)
    assert "data:image/gif;base64" in animation_tab(panel).stage.value
    assert "succeeded" in panel._results.json.value
    assert f"Using seed: {job.request.seed}" in panel._results.logs.value
    wait_until(lambda: not panel.run_button.disabled)
    assert panel.cancel_button.disabled


def test_a_second_press_while_a_job_runs_makes_no_second_job(panel, server, engine):
    job = panel.run()
    for _ in range(20):
        panel.run_button.click()
    assert panel.job is job
    engine.go.set()
    job.result(30)
    assert created(panel, server) == 1


def test_cancel_ends_the_job_and_leaves_the_form(panel):
    panel.request.prompt = "snow"
    job = panel.run()
    wait_until(lambda: job.prediction is not None)
    panel.cancel_button.click()
    wait_until(lambda: job.finished)
    assert job.state == "canceled"
    wait_until(lambda: not panel.run_button.disabled)
    assert "Canceled" in panel._monitor.status.value
    assert control(panel, "prompt").value == "snow"


def test_a_failed_job_shows_its_sentence_its_json_and_the_form_as_it_was(panel, engine):
    engine.fail = "NSFW <b>content</b>"
    control(panel, "steps").value = 9
    job = panel.run()
    engine.go.set()
    wait_until(lambda: job.finished)
    wait_until(lambda: not panel.run_button.disabled)
    assert "The model failed: NSFW &lt;b&gt;content&lt;/b&gt;" in panel._monitor.status.value
    assert "failed" in panel._results.json.value
    assert control(panel, "steps").value == 9


def test_an_endpoint_that_is_not_there_is_said_and_can_be_canceled():
    panel = AnimateDiffPanel(endpoint=Endpoint.relay("http://127.0.0.1:9"))
    job = panel.run()
    wait_until(lambda: "could not be reached" in panel._monitor.status.value)
    panel.cancel()
    wait_until(lambda: job.finished)
    assert job.state == "canceled"


def test_use_this_seed_puts_the_animations_seed_into_the_form(panel, engine):
    engine.go.set()
    animation = panel.run().result(30)
    wait_until(lambda: panel.animation is animation)
    animation_tab(panel).use_seed.click()
    assert panel.request.seed == animation.seed == control(panel, "seed").value


def test_save_writes_the_animation_and_the_json_next_to_the_notebook(panel, engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine.go.set()
    animation = panel.run().result(30)
    wait_until(lambda: panel.animation is animation)
    animation_tab(panel).save.click()
    assert (tmp_path / animation_tab(panel).file_name.value).read_bytes() == animation.data
    panel._results.save_json.click()
    (saved,) = tmp_path.glob("prediction-*.json")
    assert json.loads(saved.read_text()) == animation.prediction.raw
    animation_tab(panel).file_name.value = "x.avi"
    animation_tab(panel).save.click()
    assert "cannot be saved as .avi" in animation_tab(panel).note.value


def test_the_request_tab_follows_the_controls_and_every_form_names_the_endpoint(panel, server):
    panel._results.tabs.selected_index = 3
    control(panel, "steps").value = 33
    assert "33" in panel._results.request_tab.code.value
    assert "drawn when you press Run" in panel._results.request_tab.code.value
    panel._results.request_tab.language.value = "curl"
    assert plain(panel.endpoint.url) in panel._results.request_tab.code.value
    assert server.token not in panel._results.request_tab.code.value
    panel._results.request_tab.language.value = "python"
    assert "import requests" in panel._results.request_tab.code.value


def test_opening_a_panel_starts_nothing(monkeypatch):
    monkeypatch.setattr("animatediff_widget.server.shared_server", lambda: pytest.fail("the server was started"))
    threads = threading.active_count()
    AnimateDiffPanel()
    assert threading.active_count() == threads


def test_opening_costs_few_and_small_messages():
    before = set(all_widgets())
    panel = AnimateDiffPanel()
    opened = [widget for widget in all_widgets() if widget not in before]
    assert panel in opened
    size = sum(len(json.dumps(widget.get_state(), default=repr)) for widget in opened)
    assert len(opened) <= 120
    assert size <= 150_000


def test_an_animation_is_shown_whose_settings_the_form_cannot_hold():
    panel = AnimateDiffPanel()
    animation = Animation(b"GIF89a" + bytes(20), Body.from_json({"input": {"prompt": "a boat", "steps": 500}}))
    panel._controller.result = JobView("succeeded", animations=(animation,))
    assert "data:image/gif" in animation_tab(panel).stage.value
    assert "steps" not in animation_tab(panel).stage.value
    assert animation_tab(panel).file_name.value == "a-boat.gif"


def test_its_repr_is_short():
    assert repr(AnimateDiffPanel()) == "<AnimateDiffPanel ready>"


def test_trouble_is_read_out_once_and_not_with_every_second():
    panel = AnimateDiffPanel(endpoint=Endpoint.relay("http://127.0.0.1:9"), token="secret")
    said = []
    panel._monitor.announcer.observe(lambda change: said.append(change["new"]), "value")
    panel.run()
    wait_until(lambda: "Asking again in 2 s" in panel._monitor.status.value)
    panel.cancel()
    wait_until(lambda: panel.job.finished)
    assert len([text for text in said if "could not be reached" in text]) == 1


def test_a_job_without_an_animation_shows_nothing_of_another_one():
    panel = AnimateDiffPanel()
    panel.request.steps = 2
    panel.run().result(60)
    wait_until(lambda: not animation_tab(panel).save.disabled)
    record("failed", error="no credit left")
    panel._controller.show_entry(Journal().jobs(1)[0])
    assert "no credit left" in animation_tab(panel).stage.value
    assert animation_tab(panel).save.disabled
    assert panel._results.save_json.disabled
    assert "succeeded" not in panel._results.json.value
    assert "Using seed" not in panel._results.logs.value


def test_the_first_frame_stands_in_the_stage_until_the_animation_is_there():
    panel, picture = AnimateDiffPanel(), b"\xff\xd8\xff\xe0picture"
    shown = f'src="data:image/jpeg;base64,{base64.b64encode(picture).decode()}"'
    animation = Animation(b"GIF89a" + bytes(20), Body.of(AnimateDiffRequest()))
    views = (
        JobView("running"),
        JobView("running", preview=picture),
        JobView("downloading", preview=picture),
        JobView("succeeded", animations=(animation,)),
    )
    stages = []
    for panel._controller.result in views:
        stages.append(animation_tab(panel).stage.value)
    assert [shown in stage for stage in stages] == [False, True, True, False]
    assert ["Drawing" in stage for stage in stages] == [True, True, True, False]


def test_further_animations_stand_in_a_row_below_the_first_and_each_is_saved_under_its_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel = AnimateDiffPanel()
    tab, before = animation_tab(panel), len(all_widgets())
    body = Body.of(AnimateDiffRequest(prompt="a boat", seed=7))
    animations = tuple(Animation(b"GIF89a" + bytes([number]) * 20, body) for number in range(3))
    panel._controller.result = JobView("succeeded", animations=animations)
    first, *others = tab.box.children[-1].children
    assert "data:image/gif" in first.children[0].value
    for button in (tab.save, *[other.children[1] for other in (first, *others)]):
        button.click()
        assert "Saved" in tab.note.value
    names = ["a-boat-7.gif", "a-boat-7-2.gif", "a-boat-7-3.gif"]
    assert [(tmp_path / name).read_bytes() for name in names] == [animation.data for animation in animations]
    assert sorted(path.name for path in tmp_path.glob("*.gif")) == sorted(names)
    panel._controller.result = JobView("succeeded", animations=animations[1:] * 20)
    assert len(tab.box.children[-1].children) < 30
    assert "The others are at" in tab.note.value
    panel._controller.result = JobView("succeeded", animations=animations[2:])
    assert tab.box.children[-1] is tab.note
    assert len(all_widgets()) == before
    panel.close()


def test_jobs_that_may_be_the_lost_one_are_listed_and_one_press_takes_one():
    panel = AnimateDiffPanel()
    before = len(all_widgets())
    answers = [{"id": f"job-{n}", "status": "processing", "created_at": f"2026-01-05T10:00:0{n}Z"} for n in range(3)]
    candidates = tuple(map(Prediction.from_json, answers))
    panel._controller.view = JobView("unknown", error=AnimateDiffError("lost"), candidates=candidates)
    assert "Say which one is yours" in panel._monitor.status.value
    lines = panel._monitor.box.children[3:]
    for number, line in enumerate(lines):
        assert f"job-{number} (2026-01-05 " in line.children[0].value
        assert "Processing" in line.children[0].value
    adopted = []
    panel._controller.adopt = lambda key: adopted.append(key) or key
    lines[1].children[1].click()
    lines[1].children[1].click()
    assert adopted == ["job-1"]
    panel._controller.view = JobView("submitting")
    assert len(all_widgets()) == before
    panel.close()
