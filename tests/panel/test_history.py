"""What was made before, and what was started elsewhere."""

from __future__ import annotations

import re
import threading

import pytest
from panel_parts import RELAY, all_children, animation_tab, record, run_to_the_end, wait_until

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Client, Endpoint, Job, Journal
from animatediff_widget.keys.credentials import remember_key
from animatediff_widget.media import thumbnails
from animatediff_widget.model.body import Body
from animatediff_widget.panel.prompt_words import telling_words


def test_the_history_lists_what_was_made_and_a_click_brings_it_back():
    panel = AnimateDiffPanel()
    for number in range(3):
        panel.request.steps, panel.request.seed = 2 + number, 10 + number
        run_to_the_end(panel)
    panel.request.prompt = "something else"
    panel._results.tabs.selected_index = 4
    tiles = panel._results.history.grid.children
    names = [tile.children[1].description for tile in tiles]
    assert [name.split(" · ")[::2] for name in names] == [
        ["1girl, solo, cherry blossoms", str(n)] for n in (12, 11, 10)
    ]
    assert all(re.fullmatch(r"\d\d:\d\d", name.split(" · ")[1]) for name in names)
    wait_until(lambda: all("data:image/webp;base64," in tile.children[0].value for tile in tiles))
    assert all(len(tile.children[0].value) < 60_000 for tile in tiles)
    tiles[2].children[1].click()
    assert (panel.request.steps, panel.request.seed) == (2, 10)
    assert panel.request.prompt != "something else"
    assert "Seed 10" in animation_tab(panel).stage.value
    assert '"seed"' not in animation_tab(panel).stage.value
    assert "succeeded" in panel._results.json.value
    assert panel._results.tabs.selected_index == 0


def test_a_long_history_comes_page_by_page():
    for number in range(30):
        record("failed", error="no", seed=number)
    panel = AnimateDiffPanel()
    panel._results.tabs.selected_index = 4
    history = panel._results.history
    assert len(history.grid.children) == 12
    history.older.click()
    history.older.click()
    assert len(history.grid.children) == 30
    assert history.older not in history.box.children
    assert "Failed" in history.grid.children[0].children[0].value


def test_a_job_of_an_earlier_session_is_offered_and_picked_up_without_posting(server, engine):
    endpoint = Endpoint.relay(server.base_url)
    client = Client(endpoint, server.token)
    remember_key(endpoint, server.token)
    known = {"prompt": "an earlier boat", "seed": 77}
    record("running", endpoint, client.create(AnimateDiffRequest(**known)), **known)

    panel = AnimateDiffPanel()
    offer, accept, _ = panel._offer.box.children
    assert "an earlier boat" in offer.value
    assert "not finished" in offer.value
    accept.click()
    assert panel._offer.box.children == ()
    assert panel.request.seed == 77
    engine.go.set()
    animation = panel.job.result(60)
    wait_until(lambda: panel.animation is animation)
    assert len(client.list()) == 1
    assert AnimateDiffPanel()._offer.box.children == ()


def test_a_job_that_finished_when_nobody_looked_is_offered_until_somebody_does():
    job = Job(AnimateDiffRequest(steps=2, seed=5), Client(Endpoint.builtin()))
    job.start()
    wait_until(lambda: job.finished)
    assert "finished when nobody looked" in AnimateDiffPanel()._offer.box.children[0].value
    panel = AnimateDiffPanel()
    panel._offer.box.children[2].click()
    assert panel._offer.box.children == ()
    assert AnimateDiffPanel()._offer.box.children == ()
    assert Journal().jobs()[0].state == "succeeded"


@pytest.mark.parametrize("background", [True, False])
def test_a_job_that_finished_when_nobody_looked_is_shown_and_the_next_can_run(background):
    job = Job(AnimateDiffRequest(steps=2, seed=5), Client(Endpoint.builtin()))
    job.start()
    wait_until(lambda: job.finished)
    panel = AnimateDiffPanel(background=background)
    panel._offer.box.children[1].click()
    assert panel.animation.data == job.animation.data
    assert "<img" in animation_tab(panel).stage.value
    assert (panel.run_button.disabled, panel.cancel_button.disabled) == (False, True)
    assert "Done" in panel._monitor.status.value
    panel.request.steps = 1
    assert panel.run().result(60).request.steps == 1


def test_one_damaged_file_does_not_keep_the_others_out_of_the_history():
    panel = AnimateDiffPanel(AnimateDiffRequest(steps=1))
    for _ in range(2):
        panel.run().result(60)
    damaged = Journal().jobs()[0].output
    damaged.write_bytes(b"GIF89a" + bytes(range(40)))
    panel._results.tabs.selected_index = 4
    pictures = [tile.children[0] for tile in panel._results.history.grid.children]
    wait_until(lambda: ["<img" in picture.value for picture in pictures] == [False, True])


@pytest.fixture
def slow(monkeypatch):
    """Pictures that take until a test says so."""
    ready, shrink = threading.Event(), thumbnails._shrink

    def wait(data):
        ready.wait(30)
        return shrink(data)

    monkeypatch.setattr(thumbnails, "_shrink", wait)
    yield ready
    ready.set()


def open_history(panel):
    panel._results.tabs.selected_index = 0
    panel._results.tabs.selected_index = 4
    return [tile.children[0] for tile in panel._results.history.grid.children]


def test_the_history_opens_at_once_and_its_pictures_come_when_they_are_made(slow):
    panel = AnimateDiffPanel(AnimateDiffRequest(steps=1))
    for _ in range(2):
        run_to_the_end(panel)
    pictures = open_history(panel)
    assert ["Done" in picture.value for picture in pictures] == [True, True]
    assert open_history(panel) == pictures
    slow.set()
    wait_until(lambda: all("<img" in picture.value for picture in pictures))
    panel.close()


def test_a_closed_panel_gets_no_pictures_and_keeps_no_thread(slow):
    panel = AnimateDiffPanel(AnimateDiffRequest(steps=1))
    for _ in range(2):
        run_to_the_end(panel)
    pictures = open_history(panel)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "animatediff thumbnails"]
    panel.close()
    slow.set()
    thread.join(30)
    assert not thread.is_alive()
    assert not any("<img" in picture.value for picture in pictures)
    assert len(list(Journal().folder.glob("thumbnails/*"))) == 1  # the one that was being made


def test_inside_a_click_a_picture_that_takes_too_long_is_there_when_the_history_is_opened_again(slow, monkeypatch):
    panel = AnimateDiffPanel(AnimateDiffRequest(steps=1), background=False)
    panel.run()
    monkeypatch.setattr("animatediff_widget.panel.history._LONGEST_IN_CLICK", -1)
    (picture,) = open_history(panel)
    slow.set()
    wait_until(lambda: list(Journal().folder.glob("thumbnails/*.webp")))
    assert "Done" in picture.value  # what comes after the click, no page would show
    open_history(panel)
    assert "<img" in picture.value


def test_inside_a_click_the_pictures_are_made_in_it():
    panel = AnimateDiffPanel(AnimateDiffRequest(steps=1), background=False)
    panel.run()
    (picture,) = open_history(panel)
    assert "<img" in picture.value


def test_a_job_that_was_started_elsewhere_is_followed_saved_and_listed(server, engine, panel):
    client = Client(panel.endpoint, server.token)
    elsewhere = client.create(AnimateDiffRequest(prompt="a boat from elsewhere", seed=9, steps=3))
    panel._results.tabs.selected_index = 4
    history = panel._results.history
    assert history.attach in all_children(history.box)
    history.prediction_id.value = f" {elsewhere.id} "
    history.attach.click()
    assert panel.run_button.disabled
    assert panel._results.tabs.selected_index == 0
    assert (panel.request.prompt, panel.request.steps) == ("a boat from elsewhere", 3)
    engine.go.set()
    animation = panel.job.result(60)
    wait_until(lambda: panel.animation is animation)
    assert animation.seed == 9
    assert len(client.list()) == 1
    (entry,) = Journal().jobs()
    assert (entry.state, entry.prediction.id) == ("succeeded", elsewhere.id)


@pytest.mark.parametrize(("given", "why"), [("", "Give the job"), ("nowhere", "did not tell how the job stands")])
def test_what_names_no_job_elsewhere_is_said_and_nothing_is_followed(panel, given, why):
    panel._results.history.prediction_id.value = given
    panel._results.history.attach.click()
    assert why in panel._monitor.status.value
    assert panel.job is None
    assert not panel.run_button.disabled
    assert Journal().jobs() == []


def test_a_look_into_the_history_while_a_job_runs_shows_the_jobs_end_all_the_same(panel, engine):
    record("failed", error="no credit left", seed=5)
    job = panel.run()
    wait_until(lambda: job.prediction is not None and job.prediction.step == 1)
    panel._controller.show_entry(Journal().jobs()[1])
    assert "no credit left" in animation_tab(panel).stage.value
    assert panel.request.seed == 5
    engine.go.set()
    animation = job.result(30)
    wait_until(lambda: not panel.run_button.disabled)
    assert animation_tab(panel).animation is animation
    assert "data:image/gif" in animation_tab(panel).stage.value


def test_a_damaged_record_is_shown_and_changes_no_settings():
    panel = AnimateDiffPanel(AnimateDiffRequest(prompt="mine"))
    key = Journal().begin(Body.from_json({"input": {"prompt": 5, "steps": 500}}), RELAY)
    Journal().record(key, "failed", error="no credit left")
    panel._results.tabs.selected_index = 4
    (tile,) = panel._results.history.grid.children
    assert "(no prompt)" in tile.children[1].description
    tile.children[1].click()
    assert "no credit left" in animation_tab(panel).stage.value
    assert panel.request.prompt == "mine"


def test_a_panels_own_journal_is_the_only_one_that_it_uses(tmp_path):
    journal = Journal(tmp_path / "other")
    panel = AnimateDiffPanel(AnimateDiffRequest(steps=1, seed=3), journal=journal)
    run_to_the_end(panel)
    panel._results.tabs.selected_index = 4
    assert len(panel._results.history.grid.children) == 1
    assert [entry.seed for entry in journal.jobs()] == [3]
    assert not Journal().folder.exists() or Journal().jobs() == []


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("masterpiece, best quality, 1girl, solo, cherry blossoms", "1girl, solo, cherry blossoms"),
        ("(masterpiece:1.2), ((best quality)), highres, 8k, a boat", "a boat"),
        ("masterpiece, best quality", "masterpiece, best quality"),
        ("杰作，最佳质量，海上的小船", "海上的小船"),
        ("a very long walk along the shore of a lake, at night", "a very long walk along the shore"),
        ("x" * 100, "x" * 32),
        ("", ""),
    ],
)
def test_the_words_that_tell_a_prompt_from_another_leave_praise_out(prompt, words):
    assert telling_words(prompt, 32) == words
