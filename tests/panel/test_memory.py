"""What a reloaded page gives back where it has another kernel, as in Voilà: the last job, by its key."""

from __future__ import annotations

import re

import pytest
from panel_parts import RELAY, animation_tab, record, run_to_the_end

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Client, Endpoint, Journal, Sweep
from animatediff_widget.model.body import Body


@pytest.fixture(autouse=True)
def _voila(monkeypatch):
    monkeypatch.setenv("VOILA_PREHEAT", "False")


def written(panel) -> dict[str, str]:
    """What the panel wrote into the page."""
    return dict(re.findall('data-(.*?)="(.*?)"', panel._memory.note.value))


def give_back(panel, key: str) -> None:
    """Do what the page of another kernel does."""
    panel._memory.answer.value = key


@pytest.fixture
def reloaded():
    panel = AnimateDiffPanel()
    yield panel
    panel.close()


def test_elsewhere_nothing_is_written(monkeypatch):
    monkeypatch.delenv("VOILA_PREHEAT")
    panel = AnimateDiffPanel()
    assert not hasattr(panel, "_memory")
    panel.close()


def test_a_sweep_comes_back_with_its_sheet_and_nothing_is_posted(reloaded):
    before = AnimateDiffPanel(AnimateDiffRequest(prompt="a boat", seed=7))
    before._controller.comparison.is_on, before._controller.comparison.lists = True, (("steps", "1, 2"),)
    sweep = before.run()
    assert sweep.wait(60)
    assert written(before)["job"] == sweep.key
    give_back(reloaded, sweep.key)
    assert reloaded.sweep.key == sweep.key
    assert reloaded.sweep is not sweep
    assert (reloaded.sweep.state, reloaded.sweep.progress.succeeded) == ("finished", 2)
    assert reloaded.request.prompt == "a boat"
    assert not reloaded.run_button.disabled
    assert written(reloaded)["job"] == sweep.key
    before.close()


def test_a_sweep_that_runs_on_with_the_other_kernel_is_shown_as_it_was_and_that_is_said(reloaded):
    client, journal = Client(Endpoint.builtin()), Journal()
    sweep = Sweep(AnimateDiffRequest(prompt="a boat", seed=7), client, journal=journal, steps=[1, 2])
    with sweep._batch.open():
        give_back(reloaded, sweep.key)
    assert (reloaded.sweep.key, reloaded.sweep.state) == (sweep.key, "new")
    assert reloaded._controller.earlier.report.code == "left_comparing"


def test_the_last_job_comes_back_with_its_settings_and_nothing_is_posted(reloaded):
    before = AnimateDiffPanel(AnimateDiffRequest(prompt='a "boat" <on> the sea & 船', steps=2))
    assert written(before)["job"] == ""
    run_to_the_end(before)
    posted = len(Client(Endpoint.builtin()).list())
    give_back(reloaded, written(before)["job"])

    assert reloaded.job is None
    assert reloaded.animation.data == before.animation.data
    assert reloaded.request == before.request.copy(seed=before.animation.seed)
    assert "Done" in reloaded._monitor.status.value
    assert animation_tab(reloaded).stage.value == animation_tab(before).stage.value
    assert reloaded._results.json.value == before._results.json.value
    assert reloaded._results.logs.value == before._results.logs.value
    assert (reloaded._monitor.bar.value, reloaded._monitor.bar.bar_style) == (1.0, "success")
    assert not reloaded.run_button.disabled
    assert written(reloaded)["job"] == written(before)["job"]
    assert len(Client(Endpoint.builtin()).list()) == posted
    reloaded.request.steps = 1
    assert reloaded.run().result(60).request.steps == 1


def test_a_job_that_was_picked_from_the_history_is_the_one_that_comes_back(reloaded):
    before = AnimateDiffPanel(AnimateDiffRequest(steps=2))
    for seed in (1, 2):
        before.request.seed = seed
        run_to_the_end(before)
    before._controller.show_entry(Journal().jobs()[1])
    give_back(reloaded, written(before)["job"])
    assert "Seed 1" in animation_tab(reloaded).stage.value
    assert reloaded.request.seed == 1


@pytest.mark.parametrize(("state", "word"), [("canceled", "Canceled"), ("failed", "Failed")])
def test_a_job_without_an_animation_comes_back_as_it_ended(reloaded, state, word):
    give_back(reloaded, record(state))
    assert word in reloaded._monitor.status.value
    assert word in animation_tab(reloaded).stage.value
    assert Journal().to_pick_up() == []


def test_a_job_that_its_kernel_still_runs_is_left_to_it_and_shown_when_it_is_done(reloaded):
    journal = Journal()
    key = journal.new_key()
    with journal.claim(key):
        journal.begin(Body.of(AnimateDiffRequest(prompt="a boat", seed=1)), RELAY, key=key)
        give_back(reloaded, key)
        assert reloaded.job is None
        assert "goes on in the background" in reloaded._offer.box.children[-1].value
        assert "Ready" in reloaded._monitor.status.value
        assert not reloaded.run_button.disabled
        assert reloaded.request.prompt == "a boat"
        journal.record(key, "failed", error="no more boats")
    again = AnimateDiffPanel()
    give_back(again, written(reloaded)["job"])
    assert "no more boats" in animation_tab(again).stage.value
    assert "Failed" in again._monitor.status.value
    again.close()


def test_a_job_that_nobody_runs_any_more_is_offered_and_not_taken_up_by_itself():
    key = record("submitting", prompt="a lost boat")
    reloaded = AnimateDiffPanel()
    give_back(reloaded, key)
    assert reloaded.job is None
    assert "a lost boat" in reloaded._offer.box.children[0].value
    assert Journal().get(key).state == "submitting"
    reloaded.close()


def test_the_persons_job_covers_the_one_that_the_notebook_ran_and_is_taken_once(reloaded):
    persons, other = record("failed", error="no credit"), record("failed", error="no boats")
    reloaded.request.steps = 1
    run_to_the_end(reloaded)
    assert written(reloaded)["job"] == reloaded.job.key
    give_back(reloaded, persons)
    assert "no credit" in animation_tab(reloaded).stage.value
    assert written(reloaded)["job"] == persons
    give_back(reloaded, other)
    assert "no credit" in animation_tab(reloaded).stage.value


@pytest.mark.parametrize("nonsense", ["{", "null", "../../etc/passwd", "[" * 100_000, "\0", "😀"])
def test_nonsense_changes_nothing(reloaded, nonsense):
    record("failed")
    before = reloaded.request.trait_values()
    give_back(reloaded, nonsense)
    assert reloaded.request.trait_values() == before
    assert written(reloaded)["job"] == ""
    assert "Ready" in reloaded._monitor.status.value


def test_what_the_page_keeps_is_one_key_and_nothing_of_the_form(reloaded):
    reloaded._picker.kind.value = "relay"
    reloaded._picker.base_url.value = "https://me:r8_secret@relay.example"
    reloaded.request.prompt = "a private boat"
    assert len(reloaded._memory.note.value) < 200
    assert not re.search("secret|private", reloaded._memory.note.value)


def test_panels_are_numbered_in_their_order(reloaded):
    panels = [AnimateDiffPanel() for _ in range(3)]
    first, second, third = (int(written(panel)["panel"]) for panel in panels)
    assert int(written(reloaded)["panel"]) < first
    assert (second, third) == (first + 1, first + 2)
    for panel in panels:
        panel.close()
