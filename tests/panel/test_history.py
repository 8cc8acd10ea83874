"""What was made before, and what was started elsewhere."""

from __future__ import annotations

import pytest
from panel_parts import animation_tab, run_to_the_end, wait_until

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Client, Endpoint, Job, Journal
from animatediff_widget.keys.credentials import remember_key


def test_the_history_lists_what_was_made_and_a_click_brings_it_back():
    panel = AnimateDiffPanel()
    for number in range(3):
        panel.request.steps, panel.request.seed = 2 + number, 10 + number
        run_to_the_end(panel)
    panel.request.prompt = "something else"
    panel._results.tabs.selected_index = 4
    tiles = panel._results.history.grid.children
    assert [tile.children[1].description for tile in tiles] == ["Show 12", "Show 11", "Show 10"]
    assert all("data:image/webp;base64," in tile.children[0].value for tile in tiles)
    assert all(len(tile.children[0].value) < 60_000 for tile in tiles)
    tiles[2].children[1].click()
    assert (panel.request.steps, panel.request.seed) == (2, 10)
    assert panel.request.prompt != "something else"
    assert "Seed 10" in animation_tab(panel).stage.value
    assert '"seed"' not in animation_tab(panel).stage.value
    assert "succeeded" in panel._results.json.value
    assert panel._results.tabs.selected_index == 0


def test_a_long_history_comes_page_by_page():
    journal = Journal()
    for number in range(30):
        journal.record(journal.begin(AnimateDiffRequest(seed=number), "https://relay.example"), "failed", error="no")
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
    with LocalServer(engine) as server:
        endpoint = Endpoint.relay(server.base_url)
        client = Client(endpoint, server.token)
        remember_key(endpoint, server.token)
        request = AnimateDiffRequest(prompt="an earlier boat", seed=77)
        journal = Journal()
        key = journal.begin(request, endpoint.url, kind=endpoint.kind)
        journal.record(key, "running", prediction=client.create(request))

        panel = AnimateDiffPanel()
        offer, take, _ = panel._offer.box.children
        assert "an earlier boat" in offer.value
        assert "not finished" in offer.value
        take.click()
        assert panel._offer.box.children == ()
        assert panel.request.seed == 77
        engine.go.set()
        assert isinstance(panel.job, Job)
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
    pictures = [tile.children[0].value for tile in panel._results.history.grid.children]
    assert ["<img" in picture for picture in pictures] == [False, True]
