"""The panel, without a browser: what its controls do, and what it costs the page."""

from __future__ import annotations

import json
import re
import threading
import time

import pytest
from ipywidgets import Widget

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Endpoint
from animatediff_widget.engines import Canceled, Output
from animatediff_widget.keys.credentials import remember_key
from animatediff_widget.panel.markup import json_view, log_view, plain
from animatediff_widget.server import LocalServer


class StepwiseEngine:
    """An engine that waits to be told, so that tests decide what happens when."""

    name = "stepwise"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.fail = ""

    def run(self, request, *, seed, log, canceled):
        log(f"Using seed: {seed}\n\r 50%|█████     | 1/2 [00:00<00:00, 10.00it/s]")
        while not self.go.wait(0.01):
            if canceled():
                raise Canceled
        if self.fail:
            raise ValueError(self.fail)
        return Output(b"GIF89a" + bytes(20), "gif", "image/gif")


@pytest.fixture
def engine():
    return StepwiseEngine()


@pytest.fixture
def panel(engine):
    with LocalServer(engine) as server:
        panel = AnimateDiffPanel(endpoint=Endpoint.relay(server.base_url), token=server.token)
        panel.server = server
        yield panel
        engine.go.set()
        if panel.job is not None:
            panel.cancel()
            panel.job._finished.wait(30)
        panel.close()


def wait_until(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def created(panel) -> int:
    from animatediff_widget import Client

    return len(Client(panel.endpoint, panel.server.token).list())


def control(panel, name):
    return panel._form.controls[name]


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


def test_a_refused_value_shows_its_sentence_beside_the_control_and_is_not_sent(panel):
    control(panel, "steps_number").value = 500
    assert panel.request.steps == 25
    assert "steps must be a whole number from 1 to 100, not 500" in panel._form._places["steps"].value
    assert panel.run() is None
    assert "Not sent" in panel._monitor.status.value
    assert created(panel) == 0
    control(panel, "steps").value = 30
    assert panel._form._places["steps"].value == ""
    assert control(panel, "steps_number").value == 30


def test_a_refused_value_goes_when_python_sets_the_trait():
    panel = AnimateDiffPanel()
    control(panel, "version").value = "nonsense"
    assert panel._form.first_problem
    panel.request.version = "owner/name"
    assert control(panel, "version").value == "owner/name"
    assert not panel._form.first_problem


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
    ]:
        control(panel, name).value = wrong
        assert why in panel._form._places[name].value
        assert getattr(panel.request, name) == {"scheduler": "DDIM"}
    control(panel, name).value = ""
    assert getattr(panel.request, name) == {}
    assert not panel._form.first_problem


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
    assert "data:image/gif;base64" in panel._results.stage.value
    assert "succeeded" in panel._results.json.value
    assert f"Using seed: {job.request.seed}" in panel._results.logs.value
    wait_until(lambda: not panel.run_button.disabled)
    assert panel.cancel_button.disabled


def test_a_second_press_while_a_job_runs_makes_no_second_job(panel, engine):
    job = panel.run()
    for _ in range(20):
        panel.run_button.click()
    assert panel.job is job
    engine.go.set()
    job.result(30)
    assert created(panel) == 1


def test_cancel_ends_the_job_and_leaves_the_form(panel):
    panel.request.prompt = "snow"
    job = panel.run()
    panel.cancel_button.click()
    job._finished.wait(30)
    assert job.state == "canceled"
    wait_until(lambda: not panel.run_button.disabled)
    assert "Canceled" in panel._monitor.status.value
    assert control(panel, "prompt").value == "snow"


def test_a_failed_job_shows_its_sentence_its_json_and_the_form_as_it_was(panel, engine):
    engine.fail = "NSFW <b>content</b>"
    control(panel, "steps").value = 9
    job = panel.run()
    engine.go.set()
    job._finished.wait(30)
    wait_until(lambda: not panel.run_button.disabled)
    assert "The model failed: NSFW &lt;b&gt;content&lt;/b&gt;" in panel._monitor.status.value
    assert "failed" in panel._results.json.value
    assert control(panel, "steps").value == 9


def test_an_endpoint_that_is_not_there_is_said_and_can_be_canceled():
    panel = AnimateDiffPanel(endpoint=Endpoint.relay("http://127.0.0.1:9"))
    job = panel.run()
    wait_until(lambda: "could not be reached" in panel._monitor.status.value)
    panel.cancel()
    job._finished.wait(30)
    assert job.state == "canceled"


def test_use_this_seed_puts_the_animations_seed_into_the_form(panel, engine):
    engine.go.set()
    animation = panel.run().result(30)
    wait_until(lambda: panel.animation is animation)
    panel._results.use_seed.click()
    assert panel.request.seed == animation.seed == control(panel, "seed").value


def test_save_writes_the_animation_and_the_json_next_to_the_notebook(panel, engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine.go.set()
    animation = panel.run().result(30)
    wait_until(lambda: panel.animation is animation)
    panel._results.save.click()
    assert (tmp_path / panel._results.file_name.value).read_bytes() == animation.data
    panel._results.save_json.click()
    (saved,) = tmp_path.glob("prediction-*.json")
    assert json.loads(saved.read_text()) == animation.prediction.raw
    panel._results.file_name.value = "x.avi"
    panel._results.save.click()
    assert "cannot be saved as .avi" in panel._results.said.value


def test_the_request_tab_follows_the_controls_and_every_form_names_the_endpoint(panel):
    panel._results.tabs.selected_index = 3
    control(panel, "steps").value = 33
    assert "33" in panel._results.request.value
    assert "drawn when you press Run" in panel._results.request.value
    panel._results.form.value = "curl"
    assert plain(panel.endpoint.url) in panel._results.request.value
    assert panel.server.token not in panel._results.request.value
    panel._results.form.value = "Python"
    assert "import requests" in panel._results.request.value


# Where to run


def test_opening_a_panel_starts_nothing(monkeypatch):
    monkeypatch.setattr("animatediff_widget.server.shared_server", lambda: pytest.fail("the server was started"))
    threads = threading.active_count()
    AnimateDiffPanel()
    assert threading.active_count() == threads


def test_the_drop_down_changes_the_endpoint_and_shows_what_it_needs():
    panel = AnimateDiffPanel()
    picker = panel._picker
    assert panel.endpoint == Endpoint.builtin()
    assert list(picker.box.children) == [picker.kind, picker._note]
    picker.kind.value = "replicate"
    assert panel.endpoint == Endpoint.replicate()
    assert picker.key in picker.box.children
    picker.kind.value = "relay"
    assert panel.endpoint is None
    assert panel.run() is None
    assert "base url" in panel._monitor.status.value
    picker.base_url.value = "relay.example"
    assert "is not a base url" in picker._note.value
    picker.base_url.value = "https://relay.example/"
    assert panel.endpoint == Endpoint.relay("https://relay.example")
    picker.kind.value = "builtin"
    assert panel.endpoint == Endpoint.builtin()


def test_python_can_choose_the_endpoint_too():
    panel = AnimateDiffPanel()
    panel.endpoint = Endpoint.relay("https://relay.example")
    assert panel._picker.kind.value == "relay"
    assert panel._picker.base_url.value == "https://relay.example"
    panel.endpoint = Endpoint.replicate()
    assert panel._picker.kind.value == "replicate"


def test_replicate_without_a_key_says_so_and_sends_nothing():
    panel = AnimateDiffPanel(endpoint=Endpoint.replicate())
    assert panel.run() is None
    assert "needs a key" in panel._monitor.status.value
    assert panel.job is None


def test_a_typed_key_leaves_its_control_at_once_and_is_used():
    panel = AnimateDiffPanel(endpoint=Endpoint.replicate())
    panel._picker.key.value = "r8_typed_secret"
    assert panel._picker.key.value == ""
    state = json.dumps([widget.get_state() for widget in all_widgets()], default=repr)
    assert "r8_typed_secret" not in state
    assert panel._client()._key.header() == "Bearer r8_typed_secret"
    assert "kept in memory" in panel._picker._note.value


def test_a_key_at_hand_needs_no_field(monkeypatch):
    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_environment")
    panel = AnimateDiffPanel()
    assert panel.endpoint == Endpoint.replicate()
    assert panel._picker.key not in panel._picker.box.children


def test_a_token_goes_with_its_own_endpoint_only():
    panel = AnimateDiffPanel(endpoint=Endpoint.relay("https://relay.example"), token="given")
    assert panel._client()._key.header() == "Bearer given"
    panel.endpoint = Endpoint.relay("https://other.example")
    assert panel._client()._key is None


# What it costs


def all_widgets() -> list[Widget]:
    from ipywidgets.widgets import widget

    registry = widget._instances if hasattr(widget, "_instances") else Widget.widgets
    return list(registry.values())


def test_opening_costs_few_and_small_messages():
    before = set(all_widgets())
    panel = AnimateDiffPanel()
    opened = [widget for widget in all_widgets() if widget not in before]
    assert panel in opened
    size = sum(len(json.dumps(widget.get_state(), default=repr)) for widget in opened)
    assert len(opened) <= 120
    assert size <= 150_000


def test_its_repr_is_short():
    assert repr(AnimateDiffPanel()) == "<AnimateDiffPanel ready>"


# Markup

HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "</textarea><script>1</script>",
    "\ud800 broken", "right \u202e left", '"><svg onload=alert(1)>', "&lt;", "x" * 10_000_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_a_server_sends_becomes_markup(text):
    for shown in (json_view({text: [text, {"a": text}]}), log_view(text), plain(text[:1000])):
        assert "<script" not in shown
        assert "<img" not in shown
        assert "<svg" not in shown
        assert "\u202e" not in re.sub(r"<textarea hidden.*?</textarea>", "", shown, flags=re.DOTALL)
        assert len(shown.encode()) < 1_500_000


def test_a_big_document_is_shortened_on_the_page():
    shown = json_view({"list": list(range(100_000))})
    assert len(shown) < 100_000
    assert "more" in shown
    assert "Save JSON" in shown


def test_a_progress_bar_in_the_log_shows_its_last_state():
    assert "<pre>Using seed: 1\n 96%| 24/25</pre>" in log_view("Using seed: 1\n  0%| 0/25\r 50%| 12/25\r 96%| 24/25")


# What was made before


def test_the_history_lists_what_was_made_and_a_click_brings_it_back():
    panel = AnimateDiffPanel()
    for number in range(3):
        panel.request.steps, panel.request.seed = 2 + number, 10 + number
        panel.run().result(60)
        wait_until(lambda: not panel.run_button.disabled)
    panel.request.prompt = "something else"
    panel._results.tabs.selected_index = 4
    tiles = panel._results.history.grid.children
    assert [tile.children[1].description for tile in tiles] == ["Show 12", "Show 11", "Show 10"]
    assert all("data:image/webp;base64," in tile.children[0].value for tile in tiles)
    assert all(len(tile.children[0].value) < 60_000 for tile in tiles)
    tiles[2].children[1].click()
    assert (panel.request.steps, panel.request.seed) == (2, 10)
    assert panel.request.prompt != "something else"
    assert "Seed 10" in panel._results.stage.value
    assert '"seed"' not in panel._results.stage.value
    assert "succeeded" in panel._results.json.value
    assert panel._results.tabs.selected_index == 0


def test_a_long_history_comes_page_by_page():
    from animatediff_widget import Journal

    journal = Journal()
    for number in range(30):
        journal.note(journal.begin(AnimateDiffRequest(seed=number), "https://relay.example"), "failed", error="no")
    panel = AnimateDiffPanel()
    panel._results.tabs.selected_index = 4
    history = panel._results.history
    assert len(history.grid.children) == 12
    history.older.click()
    history.older.click()
    assert len(history.grid.children) == 30
    assert history.older not in history.box.children
    assert "Failed" in history.grid.children[0].children[0].value


def test_a_job_of_an_earlier_session_is_offered_and_picked_up_without_posting(engine):
    from animatediff_widget import Client, Job, Journal

    with LocalServer(engine) as server:
        endpoint = Endpoint.relay(server.base_url)
        client = Client(endpoint, server.token)
        remember_key(endpoint, server.token)
        request = AnimateDiffRequest(prompt="an earlier boat", seed=77)
        journal = Journal()
        key = journal.begin(request, endpoint.url, kind=endpoint.kind)
        journal.note(key, "running", prediction=client.create(request))

        panel = AnimateDiffPanel()
        offer, take, _ = panel._pick_up.box.children
        assert "an earlier boat" in offer.value
        assert "not finished" in offer.value
        take.click()
        assert panel._pick_up.box.children == ()
        assert panel.request.seed == 77
        engine.go.set()
        assert isinstance(panel.job, Job)
        animation = panel.job.result(60)
        wait_until(lambda: panel.animation is animation)
        assert len(client.list()) == 1
    assert AnimateDiffPanel()._pick_up.box.children == ()


def test_a_job_that_finished_when_nobody_looked_is_offered_until_somebody_does():
    from animatediff_widget import Client, Job, Journal

    job = Job(AnimateDiffRequest(steps=2, seed=5), Client(Endpoint.builtin()))
    job.start()
    job._thread.join(60)
    assert "finished when nobody looked" in AnimateDiffPanel()._pick_up.box.children[0].value
    panel = AnimateDiffPanel()
    panel._pick_up.box.children[2].click()
    assert panel._pick_up.box.children == ()
    assert AnimateDiffPanel()._pick_up.box.children == ()
    assert Journal().jobs()[0].state == "succeeded"


@pytest.mark.parametrize("background", [True, False])
def test_a_job_that_finished_when_nobody_looked_is_shown_and_the_next_can_run(background):
    from animatediff_widget import Client, Job

    job = Job(AnimateDiffRequest(steps=2, seed=5), Client(Endpoint.builtin()))
    job.start()
    job._thread.join(60)
    panel = AnimateDiffPanel(background=background)
    panel._pick_up.box.children[1].click()
    assert panel.animation.data == job.animation.data
    assert "<img" in panel._results.stage.value
    assert (panel.run_button.disabled, panel.cancel_button.disabled) == (False, True)
    assert "Done" in panel._monitor.status.value
    panel.request.steps = 1
    assert panel.run().result(60).request.steps == 1


def test_one_damaged_file_does_not_keep_the_others_out_of_the_history():
    from animatediff_widget import Journal

    panel = AnimateDiffPanel(AnimateDiffRequest(steps=1))
    for _ in range(2):
        panel.run().result(60)
    damaged = Journal().jobs()[0].output
    damaged.write_bytes(b"GIF89a" + bytes(range(40)))
    panel._results.tabs.selected_index = 4
    pictures = [tile.children[0].value for tile in panel._results.history.grid.children]
    assert ["<img" in picture for picture in pictures] == [False, True]


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


def test_trouble_is_read_out_once_and_not_with_every_second():
    panel = AnimateDiffPanel(endpoint=Endpoint.relay("http://127.0.0.1:9"), token="secret")
    said = []
    panel._monitor.announcer.observe(lambda change: said.append(change["new"]), "value")
    panel.run()
    wait_until(lambda: "Asking again in 2 s" in panel._monitor.status.value)
    panel.cancel()
    panel.job._thread.join(30)
    assert len([text for text in said if "could not be reached" in text]) == 1


def test_a_job_without_an_animation_shows_nothing_of_another_one():
    from animatediff_widget import Journal

    panel = AnimateDiffPanel()
    panel.request.steps = 2
    panel.run().result(60)
    wait_until(lambda: not panel._results.save.disabled)
    journal = Journal()
    journal.note(journal.begin(AnimateDiffRequest(seed=1), "https://relay.example"), "failed", error="no credit left")
    panel._results.show_entry(journal.jobs(1)[0])
    assert "no credit left" in panel._results.stage.value
    assert panel._results.save.disabled
    assert panel._results.save_json.disabled
    assert "succeeded" not in panel._results.json.value
    assert "Using seed" not in panel._results.logs.value


def test_the_endpoint_that_python_chose_is_the_one_that_is_shown():
    panel = AnimateDiffPanel(endpoint=Endpoint.relay("https://relay.example.org"))
    panel.endpoint = Endpoint.relay("https://relay.example")
    assert panel._picker.base_url.value == "https://relay.example"
    panel._picker.base_url.value = ""
    assert panel.endpoint is None
    own = Endpoint("builtin", "http://127.0.0.1:1/replicate/v1/predictions")
    panel.endpoint = own
    assert panel.endpoint is own
    assert panel._picker.kind.value == "builtin"
    assert panel._picker._note.value == ""
