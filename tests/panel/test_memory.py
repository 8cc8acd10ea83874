"""What a reloaded page gives back where it has another kernel, as in Voilà."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys

import pytest

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Client, Endpoint, Job
from animatediff_widget.journal import Journal


@pytest.fixture(autouse=True)
def _voila(monkeypatch):
    monkeypatch.setenv("VOILA_PREHEAT", "False")


def told(panel) -> dict[str, str]:
    """What the panel wrote into the page."""
    return {name: html.unescape(text) for name, text in re.findall('data-(.*?)="(.*?)"', panel._memory._told.value)}


def known(panel) -> dict:
    return json.loads(told(panel)["known"])


def give_back(panel, known) -> None:
    """Do what the page of another kernel does."""
    panel._memory._answer.value = known if isinstance(known, str) else json.dumps(known)


def changes(panel, **values) -> dict:
    """What the page knows of a panel like this one, where a person set these values."""
    return {name: [panel._memory._first[name], value] for name, value in values.items()}


@pytest.fixture
def reloaded():
    panel = AnimateDiffPanel()
    yield panel
    panel.close()


@pytest.fixture
def before():
    panel = AnimateDiffPanel()
    give_back(panel, {})  # as every page does
    yield panel
    panel.close()


def test_elsewhere_nothing_is_told(monkeypatch):
    monkeypatch.delenv("VOILA_PREHEAT")
    panel = AnimateDiffPanel()
    assert panel._memory is None
    panel.close()


def test_all_that_a_person_set_comes_back(reloaded, before):
    before.request.prompt = 'a "boat" <on> the sea & 船'
    before.request.n_prompt = ""
    before.request.steps, before.request.guidance_scale, before.request.seed = 7, 3.5, 12
    before.request.extra_input = {"scheduler": "DDIM"}
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


@pytest.mark.parametrize("seed", [None, 5])
def test_a_random_seed_stays_random_and_a_chosen_one_chosen(seed):
    before, reloaded = (AnimateDiffPanel(AnimateDiffRequest(seed=99)) for _ in range(2))
    before.request.seed = seed
    give_back(reloaded, known(before))
    assert reloaded.request.seed == seed
    assert reloaded._form.random.value is (seed is None)


def test_a_text_that_was_refused_may_hold_a_key_and_is_not_kept(before, reloaded):
    before.request.version = "owner/name"
    for name, wrong in (("version", "r8_a_secret_key"), ("extra_body", '{"api_key": "r8_a_secret_key"')):
        before._form.controls[name].value = wrong
        assert before._form.first_problem
        assert "secret" not in before._memory._told.value
    before._form.controls["prompt"].value = "a boat"
    give_back(reloaded, known(before))
    assert reloaded.request.prompt == "a boat"


@pytest.mark.parametrize(("name", "wrong", "why"), [("steps_number", 500, "not 500"), ("seed", -5, "not -5")])
def test_what_was_refused_stands_there_with_its_sentence_again(reloaded, before, name, wrong, why):
    before._form.random.value = False
    before._form.controls[name].value = wrong
    assert why in before._form.first_problem
    give_back(reloaded, known(before))
    assert reloaded._form.controls[name].value == wrong
    assert why in reloaded._form.first_problem
    assert reloaded.request.steps == 25


def test_what_the_notebook_says_otherwise_by_now_is_left_as_it_says():
    def run_notebook(prompt):
        panel = AnimateDiffPanel()
        panel.request.prompt = prompt
        panel.endpoint = Endpoint.relay(f"http://localhost:{1000 + len(prompt)}")
        return panel

    before = run_notebook("an author's prompt")
    give_back(before, {})
    assert known(before) == {}
    before.request.steps = 7
    edited = run_notebook("an author's new prompt")
    give_back(edited, known(before))
    assert edited.request.prompt == "an author's new prompt"
    assert edited.endpoint == Endpoint.relay("http://localhost:1022")
    assert edited.request.steps == 7


def test_the_notebooks_own_job_is_not_covered_by_that_of_the_kernel_before():
    def run_notebook(seed):
        panel = AnimateDiffPanel(AnimateDiffRequest(seed=seed, steps=2))
        panel.run().result(60)
        panel.job._thread.join(60)
        return panel

    before = run_notebook(1)
    give_back(before, {})
    assert known(before) == {}
    again = run_notebook(2)
    give_back(again, known(before))
    assert again.animation.seed == 2
    assert "Seed 2" in again._results.stage.value
    before.request.seed = 3
    before.run().result(60)
    before.job._thread.join(60)
    third = run_notebook(4)
    give_back(third, known(before))
    assert "Seed 3" in third._results.stage.value


def test_an_endpoint_that_code_gave_stays_the_one_that_code_gives():
    one, other = Endpoint.relay("http://localhost:1111"), Endpoint.relay("http://localhost:2222")
    before, reloaded = AnimateDiffPanel(endpoint=one, token="t"), AnimateDiffPanel(endpoint=other, token="t")
    before.request.steps = 7
    give_back(reloaded, known(before))
    assert reloaded.endpoint == other
    assert reloaded._picker.token is not None
    assert reloaded.request.steps == 7


def test_the_last_job_is_shown_and_what_was_set_after_it_stays(reloaded, before):
    before.request.steps = 2
    before.run().result(60)
    before.job._thread.join(60)
    before.request.prompt = "written after the run"
    posted = len(Client(Endpoint.builtin()).list())
    give_back(reloaded, known(before))

    assert reloaded.job is None
    assert reloaded.animation.data == before.animation.data
    assert re.search(r"Done · [0-9.]+ s<", reloaded._monitor.status.value)
    assert reloaded._monitor.status.value == before._monitor.status.value
    assert reloaded._results.stage.value == before._results.stage.value
    assert reloaded._results.json.value == before._results.json.value
    assert (reloaded._monitor.bar.value, reloaded._monitor.bar.bar_style) == (1.0, "success")
    assert not reloaded.run_button.disabled
    assert reloaded.request.prompt == "written after the run"
    assert known(reloaded) == known(before)
    assert len(Client(Endpoint.builtin()).list()) == posted
    reloaded.request.steps = 1
    assert reloaded.run().result(60).request.steps == 1


def test_a_job_that_was_shown_from_the_history_is_the_one_that_is_shown_again(reloaded, before):
    for seed in (1, 2):
        before.request.seed, before.request.steps = seed, 2
        before.run().result(60)
        before.job._thread.join(60)
    before._results.show_entry(Journal().jobs()[1])
    give_back(reloaded, known(before))
    assert "Seed 1" in reloaded._results.stage.value
    assert reloaded.request.seed == 1


def test_a_running_job_is_remembered_while_another_one_is_looked_at(before):
    entries = [Journal().begin(AnimateDiffRequest(seed=seed), "https://relay.example") for seed in (1, 2)]
    looked_at, running = (Journal().get(key) for key in entries)
    before.job = Job.resume(running)
    before._results.watch(before.job)
    before._results.show_entry(looked_at)
    assert known(before)["job"][1] == [running.key, ""]


@pytest.mark.parametrize(("state", "word"), [("canceled", "Canceled"), ("failed", "Failed")])
def test_a_job_of_a_dead_kernel_without_an_animation_stays_as_it_ended(reloaded, state, word):
    code = (
        "import sys; from animatediff_widget import *\n"
        "key = Journal().begin(AnimateDiffRequest(seed=1), Endpoint.builtin().url, kind='builtin')\n"
        f"Journal().note(key, {state!r}, error=None)\n"
        "print(key)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    key = done.stdout.strip()
    give_back(reloaded, changes(reloaded, job=[key, f"{word} · 0.4 s"]))
    assert f"{word} · 0.4 s" in reloaded._monitor.status.value
    assert word in reloaded._results.stage.value
    assert Journal().get(key).state == state
    assert Journal().to_pick_up() == []
    assert known(reloaded)["job"][1] == [key, f"{word} · 0.4 s"]


def test_a_job_that_its_kernel_still_runs_is_left_to_it_and_shown_when_it_is_done(reloaded):
    journal = Journal()
    key = journal.new_key()
    with journal.claim(key):
        journal.begin(AnimateDiffRequest(seed=1), "https://relay.example", key=key)
        give_back(reloaded, changes(reloaded, job=[key, ""], prompt="a boat"))
        assert reloaded.job is None
        assert "goes on in the background" in reloaded._pick_up.box.children[0].value
        assert "Ready" in reloaded._monitor.status.value
        assert not reloaded.run_button.disabled
        assert reloaded.request.prompt == "a boat"
        journal.note(key, "failed", error="no more boats")
    again = AnimateDiffPanel()
    give_back(again, known(reloaded))
    assert "no more boats" in again._results.stage.value
    assert "Failed" in again._monitor.status.value
    again.close()


def test_a_job_that_nobody_runs_any_more_is_offered_and_not_taken_up_by_itself(reloaded):
    key = Journal().begin(AnimateDiffRequest(prompt="a lost boat", seed=1), "https://relay.example")
    give_back(reloaded, changes(reloaded, job=[key, ""]))
    assert reloaded.job is None
    assert "a lost boat" in reloaded._pick_up.box.children[0].value
    assert Journal().get(key).state == "submitting"


def test_a_job_that_the_notebook_has_started_is_not_covered_by_the_one_before(reloaded):
    old = Job(AnimateDiffRequest(seed=1, steps=2), Client(Endpoint.builtin()))
    old.run()
    reloaded.job = Job(AnimateDiffRequest(seed=2), Client(Endpoint.builtin()))
    give_back(reloaded, changes(reloaded, job=[old.key, "Done"], prompt="a boat"))
    assert "Seed 1" not in reloaded._results.stage.value
    assert reloaded.request.prompt == "a boat"


@pytest.mark.parametrize(
    "nonsense",
    [
        "{", "[]", "null", "{}", "[" * 100_000, {"prompt": 3}, {"prompt": [1, "boat"]}, {"unknown": [1, 2]},
        {"prompt": {}, "steps": None},
    ],
)  # fmt: skip
def test_nonsense_changes_nothing(reloaded, nonsense):
    before = reloaded.request.trait_values()
    give_back(reloaded, nonsense)
    assert told(reloaded)["back"] == "True"
    assert reloaded.request.trait_values() == before
    assert known(reloaded) == {}


@pytest.mark.parametrize(
    "values",
    [
        {"job": ["../../etc/passwd", ""]}, {"job": [{"a": 1}, 3]}, {"job": 5}, {"prompt": 3}, {"steps": "x"},
        {"tab": 77}, {"tab": None}, {"endpoint": ["nobody", ""]}, {"endpoint": "relay"}, {"endpoint": ["relay", 3]},
        {"form": "COBOL"}, {"advanced": "x"}, {"seed": {}},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_left_out_and_the_rest_comes_back(reloaded, values):
    give_back(reloaded, changes(reloaded, **values, n_prompt="rain"))
    assert reloaded.request.n_prompt == "rain"
    assert reloaded.job is None
    assert reloaded.request.steps == 25
    assert told(reloaded)["back"] == "True"


def test_no_key_is_among_it(before):
    before._picker.kind.value = "replicate"
    before._picker.key.value = "r8_a_very_secret_key_0123456789"
    before._picker.kind.value = "relay"
    for url in ("https://me:r8_secret@relay.example", "https://relay.example?key=r8_secret"):
        before._picker.base_url.value = url
        assert before.endpoint is None
        before.request.prompt = f"after {url[:8]}"
        assert known(before)["endpoint"][1] == ["relay", ""]
        assert "secret" not in before._memory._told.value


def test_a_change_costs_the_page_little(before, reloaded):
    assert len(before._memory._told.value) < 200
    before._form.controls["prompt"].value += "x"
    assert len(before._memory._told.value) < 600
    size = len(before._memory._told.value)
    before.request.extra_input = {"init_image": "data:" + "A" * 1_000_000}
    assert len(before._memory._told.value) == size
    give_back(reloaded, known(before))
    assert reloaded.request.prompt == before.request.prompt


def test_panels_are_numbered_in_their_order(before, reloaded):
    assert int(told(reloaded)["panel"]) != int(told(before)["panel"])
    panels = [AnimateDiffPanel() for _ in range(3)]
    first, second, third = (int(told(panel)["panel"]) for panel in panels)
    assert (second, third) == (first + 1, first + 2)
    for panel in panels:
        panel.close()
