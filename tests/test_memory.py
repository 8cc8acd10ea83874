"""What a reloaded page gives back where it has another kernel, as in Voilà."""

from __future__ import annotations

import html
import json
import re

import pytest

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Client, Endpoint, Job
from animatediff_widget.journal import Journal


@pytest.fixture(autouse=True)
def _voila(monkeypatch):
    monkeypatch.setenv("VOILA_PREHEAT", "False")


def known(panel) -> dict:
    """What the panel tells the page to keep."""
    return json.loads(html.unescape(re.search('data-known="([^"]*)"', panel._memory._told.value)[1]))


def give_back(panel, what) -> None:
    """Do what the page of another kernel does."""
    panel._memory._back.value = what if isinstance(what, str) else json.dumps(what)


@pytest.fixture
def reloaded():
    panel = AnimateDiffPanel()
    yield panel
    panel.close()


def test_elsewhere_nothing_is_told(monkeypatch):
    monkeypatch.delenv("VOILA_PREHEAT")
    panel = AnimateDiffPanel()
    assert panel._memory is None
    panel.close()


def test_all_that_stood_in_the_panel_comes_back(reloaded):
    before = AnimateDiffPanel(
        AnimateDiffRequest(
            prompt='a "boat" <on> the sea & 船',
            n_prompt="",
            steps=7,
            guidance_scale=3.5,
            seed=12,
            extra_input={"scheduler": "DDIM"},
        )
    )
    before._advanced.value = True
    before._results.form.value = "curl"
    before._results.tabs.selected_index = 3
    before._picker.kind.value = "relay"
    before._picker.base_url.value = "https://relay.example"
    give_back(reloaded, known(before))

    assert reloaded.request.trait_values() == before.request.trait_values()
    assert reloaded.endpoint == Endpoint.relay("https://relay.example")
    assert reloaded._advanced.value
    assert "ad-folded" not in reloaded._form.advanced._dom_classes
    assert reloaded._results.tabs.selected_index == 3
    assert "relay.example" in reloaded._results.request.value
    assert known(reloaded) == known(before)
    before.close()


@pytest.mark.parametrize("seed", [None, 5])
def test_a_random_seed_stays_random_and_a_chosen_one_chosen(reloaded, seed):
    before = AnimateDiffPanel(AnimateDiffRequest(seed=seed))
    reloaded.request.seed = 99
    give_back(reloaded, known(before))
    assert reloaded.request.seed == seed
    assert reloaded._form.random.value is (seed is None)
    before.close()


def test_what_was_refused_stands_there_with_its_sentence_again(reloaded):
    before = AnimateDiffPanel()
    before._form.controls["steps_number"].value = 500
    give_back(reloaded, known(before))
    assert reloaded._form.controls["steps_number"].value == 500
    assert reloaded.request.steps == 25
    assert "not 500" in reloaded._form.first_problem
    before.close()


def test_the_last_job_is_shown_and_what_was_set_after_it_stays(reloaded):
    before = AnimateDiffPanel(AnimateDiffRequest(prompt="a boat", steps=2))
    before.run().result(60)
    before.request.prompt = "written after the run"
    assert known(before)["job"] == before.job.key
    give_back(reloaded, known(before))

    assert reloaded.job.key == before.job.key
    assert reloaded.animation.data == before.animation.data
    assert reloaded._monitor.status.value.startswith('<div class="ad-status">Done')
    assert "succeeded" in reloaded._results.json.value
    assert not reloaded.run_button.disabled
    assert reloaded.request.prompt == "written after the run"
    assert known(reloaded)["job"] == before.job.key
    assert len(Client(Endpoint.builtin()).list()) == 1
    before.close()


def test_a_job_that_goes_on_in_the_other_kernel_is_left_to_it(reloaded):
    journal = Journal()
    key = journal.new_key()
    with journal.claim(key):
        journal.begin(AnimateDiffRequest(seed=1), Endpoint.builtin().url, key=key)
        give_back(reloaded, {"controls": {"prompt": "a boat"}, "job": key})
    assert reloaded.job is None
    assert "goes on in the kernel it had before" in reloaded._results.said.value
    assert reloaded.request.prompt == "a boat"


def test_a_job_that_nobody_runs_any_more_is_taken_up_and_not_offered_as_well():
    job = Job(AnimateDiffRequest(prompt="a boat", steps=2), Client(Endpoint.builtin()))
    job.start()._finished.wait(60)  # nobody looks at it
    reloaded = AnimateDiffPanel()
    assert reloaded._pick_up.box.children
    give_back(reloaded, {"controls": {}, "job": job.key})
    assert reloaded.animation.seed == job.animation.seed
    assert reloaded._pick_up.box.children == ()
    reloaded.close()


@pytest.mark.parametrize(
    "nonsense",
    [
        "", "{", "[]", "null", "{}", '{"controls": 1, "job": null}', "[" * 100_000,
        {"controls": {}, "job": "../../etc/passwd"}, {"controls": {}, "job": {"a": 1}},
        {"controls": {"prompt": 3, "kind": "nobody", "tab": 77, "steps": "x", "unknown": 1}, "job": None},
    ],
)  # fmt: skip
def test_nonsense_changes_nothing(reloaded, nonsense):
    before = reloaded.request.trait_values()
    give_back(reloaded, nonsense)
    assert reloaded.request.trait_values() == before
    assert reloaded.job is None
    give_back(reloaded, {"controls": {"prompt": "a boat"}, "job": None})
    assert reloaded.request.prompt == "a boat"


def test_a_key_is_not_among_it(reloaded):
    reloaded._picker.kind.value = "replicate"
    reloaded._picker.key.value = "r8_a_very_secret_key_0123456789"
    reloaded.request.prompt = "after it"
    assert known(reloaded)["controls"]["prompt"] == "after it"
    assert "very_secret" not in reloaded._memory._told.value


def test_panels_are_numbered_in_their_order():
    panels = [AnimateDiffPanel() for _ in range(3)]
    first, second, third = (int(re.search('data-panel="([0-9]+)"', panel._memory._told.value)[1]) for panel in panels)
    assert (second, third) == (first + 1, first + 2)
    for panel in panels:
        panel.close()
