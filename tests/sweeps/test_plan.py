"""What a sweep takes: said before, confirmed where it costs, bounded by a budget."""

from __future__ import annotations

import math

import pytest

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Sweep
from animatediff_widget.errors import AnimateDiffError, NotConfirmed
from animatediff_widget.sweeps.plan import Budget

BOAT = AnimateDiffRequest(prompt="a boat", seed=7)


def test_above_ten_jobs_that_cost_it_wants_a_confirmation_and_says_what_would_be_posted(quick, journal):
    made = len(quick.engine.seeds)
    sweep = Sweep(BOAT, quick, 8, journal=journal, seed=11)
    with pytest.raises(NotConfirmed) as caught:
        sweep.run()
    host = quick.endpoint.base_url.partition("//")[2]
    assert str(caught.value) == (
        f"Jobs to post: 11, at Relay {host}, 8 at once: how long it takes is not known. Each may cost money. Nothing "
        "was posted. Run it with confirm=True, on the command line with --yes, if that is what you want."
    )
    with pytest.raises(NotConfirmed):
        sweep.start()
    assert len(quick.engine.seeds) == made
    assert (sweep.state, journal.sweep(sweep.key)) == ("new", None)
    assert sweep.run(confirm=True).progress.succeeded == 11


def test_ten_jobs_need_none_nor_do_any_that_cost_nothing(quick, journal):
    assert not Sweep(BOAT, quick, journal=journal, seed=10).plan().needs_confirmation
    plan = Sweep(BOAT, Endpoint.builtin(), 2, journal=journal, seed=1000).plan()
    assert not plan.needs_confirmation
    assert str(plan).endswith("(drawn world, offline), 2 at once: how long it takes is not known. They cost nothing.")


def test_a_sweep_that_was_confirmed_goes_on_without_another_confirmation(quick, journal):
    sweep = Sweep(BOAT, quick, 1, journal=journal, seed=13)
    sweep.observe(lambda change: sweep.stop(), "progress")
    sweep.run(confirm=True)
    assert sweep.progress.done < 13
    assert Sweep.load(sweep.key, quick, journal=journal).run().progress.succeeded == 13


def test_but_not_at_another_endpoint(quick, held, journal):
    sweep = Sweep(BOAT, quick, 1, journal=journal, seed=13)
    sweep.observe(lambda change: sweep.stop(), "progress")
    sweep.run(confirm=True)
    with pytest.raises(NotConfirmed):
        Sweep.load(sweep.key, held, journal=journal).run()


def test_how_long_it_takes_is_known_from_the_journals_times(quick, journal):
    for steps, seconds in ((10, 20.0), (25, 50.0)):
        key = journal.begin(BOAT.copy(steps=steps), quick.endpoint)
        journal.record(key, "succeeded", seconds=seconds)
    plan = Sweep(BOAT, quick, 2, journal=journal, steps=[10, 25, 50], guidance_scale=[1, 7]).plan()
    assert plan.seconds == 2 * (20 + 50 + 100) / 2, "a step takes 2 s"
    assert "Jobs to post: 6, at Relay" in str(plan)
    assert ", 2 at once: about 2 min 50 s. " in str(plan)
    plan = Sweep(BOAT, quick, 8, journal=journal, steps=[25], seed=1000).plan()
    assert "about 1 h 44 min" in str(plan)


def test_jobs_that_wait_for_a_processor_of_this_machine_are_not_counted_as_running(journal):
    here = Client(Endpoint.builtin())
    key = journal.begin(BOAT, here.endpoint)
    journal.record(key, "succeeded", seconds=3.0)
    sweep = Sweep(BOAT, here, 1000, journal=journal, seed=60)
    assert sweep.plan().seconds == 60 * 3.0 / here.backend.abilities.runs
    assert Sweep(BOAT, here, 1, journal=journal, seed=60).plan().seconds == 180.0


def test_a_plan_counts_only_what_is_still_to_be_posted(quick, journal):
    sweep = Sweep(BOAT, quick, journal=journal, seed=3).run()
    assert (sweep.plan().jobs, sweep.plan().seconds) == (0, 0.0)


def test_a_budget_of_jobs_ends_a_sweep_and_holds_when_it_is_taken_up(quick, journal):
    sweep = Sweep(BOAT, quick, 2, budget=3, journal=journal, seed=5).run()
    assert (sweep.state, sweep.progress.done) == ("finished", 3)
    assert str(sweep.progress) == "3 of 5 done · The budget is used up; cells that were not begun: 2."
    assert not journal.sweeps_to_pick_up()
    again = Sweep.load(sweep.key, quick, journal=journal)
    assert again.budget == Budget(jobs=3)
    assert again.run().progress.done == 3
    again.budget = 4
    assert again.run().progress.done == 4


@pytest.mark.parametrize("budget", [Budget(3, 1000.0), Budget(seconds=math.inf), Budget(seconds=1e-9)])
def test_all_of_a_budget_holds_when_it_is_taken_up(quick, journal, budget):
    sweep = Sweep(BOAT, quick, 2, budget=budget, journal=journal, seed=5).run()
    again = Sweep.load(sweep.key, quick, journal=journal)
    assert again.budget == budget
    assert again.run().progress.done == sweep.progress.done


def test_a_budget_of_seconds_is_the_time_the_models_ran(quick, journal, monkeypatch):
    monkeypatch.setattr("animatediff_widget.model.prediction.Prediction.predict_time", 30.0)
    monkeypatch.setattr("animatediff_widget.sweeps.standing.read_predict_time", lambda raw: 30.0)
    sweep = Sweep(BOAT, quick, 1, budget="1.5 min", journal=journal, seed=5).run()
    assert sweep.progress.done == 3
    assert [row["seconds"] for row in sweep.rows()] == [30.0, 30.0, 30.0, None, None]
    assert Sweep.load(sweep.key, quick, journal=journal).run().progress.done == 3


@pytest.mark.parametrize(
    ("given", "budget"),
    [
        (None, Budget()),
        (20, Budget(jobs=20)),
        ("20", Budget(jobs=20)),
        ("90s", Budget(seconds=90.0)),
        ("1.5 min", Budget(seconds=90.0)),
        ("2h", Budget(seconds=7200.0)),
        (Budget(3, 4.0), Budget(3, 4.0)),
    ],
)
def test_a_budget_is_a_number_of_jobs_or_a_time(given, budget):
    assert Budget.of(given) == budget


@pytest.mark.parametrize("given", [-1, True, 1.5, "many", b"90s", "-3s", "٣", {"days": 1}])
def test_another_budget_is_refused_in_a_sentence(quick, journal, given):
    with pytest.raises(AnimateDiffError, match="budget must be a number of jobs, or a time such as 90s, 5 min or 2h"):
        Sweep(BOAT, quick, journal=journal, budget=given, seed=2)


def test_a_sweep_at_a_client_of_ones_own_goes_there(quick, journal):
    with Client(Endpoint.relay(quick.endpoint.base_url), quick.key) as client:
        assert Sweep(BOAT, client, journal=journal, seed=1).client is client
