"""Sweeps: many jobs as one."""

from __future__ import annotations

import sys
import threading

import pytest

from animatediff_widget import AnimateDiffRequest, Endpoint, Journal, Sweep
from animatediff_widget.errors import AnimateDiffError, JobError
from animatediff_widget.jobs.view import JobView

BOAT = AnimateDiffRequest(prompt="a boat at night", seed=7)


def test_a_sweep_runs_a_job_for_each_combination_and_every_clip_is_its_cells_own(quick, journal):
    seen = len(quick.engine.seeds)
    sweep = Sweep(BOAT, quick, 4, journal=journal, steps=[1, 4, 25], guidance_scale=[1, 7.5])
    assert repr(sweep) == "<Sweep 6 cells: steps × guidance_scale, 0 done>"
    assert [tuple(cell.settings.values()) for cell in sweep.cells] == [
        (1, 1.0), (1, 7.5), (4, 1.0), (4, 7.5), (25, 1.0), (25, 7.5),
    ]  # fmt: skip
    assert sweep.run() is sweep
    assert sweep.state == "finished"
    assert str(sweep.progress) == "6 of 6 done"
    assert quick.engine.seeds[seen:] == [7] * 6, "the seed is the same in all"
    for cell, row, view in zip(sweep.cells, sweep.rows(), sweep.views, strict=True):
        given = cell.body.to_json()["input"]
        assert (given["steps"], given["guidance_scale"], given["seed"]) == (*cell.settings.values(), 7)
        entry = journal.get(cell.key)
        assert entry.body == cell.body
        assert entry.part.cell == cell.number
        assert view.prediction.raw["input"]["steps"] == cell.settings["steps"]
        assert view.animation.data == b"a boat at night"
        assert row == {
            **cell.settings, "state": "succeeded", "seed": 7, "seconds": view.elapsed,
            "file": str(entry.output), "error": None,
        }  # fmt: skip


def test_seeds_are_drawn_once_and_kept(quick, journal):
    sweep = Sweep(AnimateDiffRequest(), quick, journal=journal, seed=4)
    assert len(set(sweep.axes["seed"])) == 4
    sweep.run()
    again = Sweep.load(sweep.key, quick, journal=journal)
    assert again.axes == sweep.axes
    assert [cell.key for cell in again.cells] == [cell.key for cell in sweep.cells]
    assert again.state == "finished"
    assert again.rows() == sweep.rows()


def test_a_request_without_a_seed_gets_one_for_all_cells(quick, journal):
    sweep = Sweep(AnimateDiffRequest(), quick, journal=journal, steps=[1, 2])
    assert len({cell.body.seed for cell in sweep.cells}) == 1
    assert sweep.cells[0].body.seed is not None


def test_a_prompt_is_searched_for_and_replaced_or_else_taken_whole(quick, journal):
    sweep = Sweep(BOAT, quick, journal=journal, prompt=["night", "dawn"])
    assert [cell.body.prompt for cell in sweep.cells] == ["a boat at night", "a boat at dawn"]
    assert [cell.settings["prompt"] for cell in sweep.cells] == ["night", "dawn"]
    whole = Sweep(BOAT, quick, journal=journal, prompt=["a cat", "a dog"])
    assert [cell.body.prompt for cell in whole.cells] == ["a cat", "a dog"]


def test_a_field_of_the_extra_input_can_be_an_axis(quick, journal):
    request = AnimateDiffRequest(seed=1, extra_input={"scheduler": "DDIM", "more": 1})
    sweep = Sweep(request, quick, journal=journal, scheduler=["DDIM", "PNDM"])
    assert [cell.body.to_json()["input"]["scheduler"] for cell in sweep.cells] == ["DDIM", "PNDM"]
    assert {cell.body.to_json()["input"]["more"] for cell in sweep.cells} == {1}


def test_what_is_dear_to_change_changes_slowest_whatever_the_order_of_the_axes(quick, journal):
    sweep = Sweep(
        AnimateDiffRequest(seed=1), quick, 1, journal=journal, steps=[1, 2], motion_module=["m", "n"], path=["a", "b"]
    )
    sweep.run()
    ran = [entry.part.cell for entry in journal.cells(sweep.key)]
    order = [tuple(sweep.cells[number].settings[name] for name in ("path", "motion_module", "steps")) for number in ran]
    assert order == sorted(order)
    assert ran != sorted(ran)


@pytest.mark.parametrize(
    ("axes", "sentence"),
    [
        ({}, "A sweep needs a list of values for at least one field, such as steps=[1, 4, 25]."),
        ({"steps": [1, 101]}, "steps must be a whole number from 1 to 100, not 101."),
        ({"steps": 4}, "steps must be a list of values, such as [1, 4, 25], not 4."),
        ({"steps": []}, "steps has no value; give at least one."),
        ({"steps": [4, 4.0]}, "steps has 4 twice; each value is run once."),
        ({"seed": 0}, "seed must be a list of seeds or a number of seeds above 0, not 0."),
        ({"seed": True}, "seed must be a list of values, such as [1, 4, 25], not True."),
        ({"seed": [None]}, "seed must be a value in each cell, not None."),
        ({"steps": range(1, 101), "seed": 10_000}, "That is 1000000 jobs; one sweep has 100000 at the most."),
    ],
)
def test_a_wrong_axis_is_refused_in_a_sentence(quick, journal, axes, sentence):
    with pytest.raises(AnimateDiffError) as caught:
        Sweep(BOAT, quick, journal=journal, **axes)
    assert str(caught.value) == sentence


def test_a_slip_in_a_fields_name_is_refused(quick, journal):
    with pytest.raises(AnimateDiffError, match=r"step is no field that a sweep can vary; there are .*steps"):
        Sweep(BOAT, quick, journal=journal, step=[1, 4])


def test_a_cell_that_fails_is_shown_as_such_and_stops_no_other(quick, journal):
    sweep = Sweep(BOAT, quick, 1, journal=journal, prompt=["refuse me", "a boat"]).run()
    assert [row["state"] for row in sweep.rows()] == ["failed", "succeeded"]
    assert "cannot draw that" in sweep.rows()[0]["error"]
    assert str(sweep.progress) == "2 of 2 done · 1 failed"
    assert "cannot draw that" in str(sweep.views[0].error)
    assert Sweep.load(sweep.key, quick, journal=journal).rows() == sweep.rows()


def test_the_job_of_one_cell_is_found_by_its_settings(quick, journal):
    sweep = Sweep(BOAT, quick, journal=journal, steps=[1, 4], seed=[5, 6]).run()
    job = sweep[{"steps": 4, "seed": 6}]
    assert job.animation.body.seed == 6
    assert job.key == sweep.cells[3].key
    with pytest.raises(AnimateDiffError, match=r"No cell has {'steps': 9}; the axes are steps, seed."):
        sweep[{"steps": 9}]
    with pytest.raises(AnimateDiffError, match=r"More than one cell has {'steps': 4}; give a value for each of"):
        sweep[{"steps": 4}]


def test_cells_that_never_began_share_one_view(quick, journal):
    sweep = Sweep(BOAT, quick, journal=journal, steps=[1, 4])
    assert sweep.views[0] is sweep.views[1]
    assert sweep.view(sweep.cells[1]) == JobView()
    assert len(sweep.jobs) == len(sweep.views) == 2
    assert sweep.jobs[1] is sweep.jobs[1], "as long as somebody has it"


def test_a_cell_that_changes_while_it_is_looked_at_never_stands_as_new_nor_between_two_states(quick, journal):
    sweep, changing = Sweep(BOAT, quick, journal=journal, seed=1), True
    standing = sweep._batch.standing
    views = [JobView("failed", error=JobError("no")), JobView("running")]
    standing.show(0, views[0])

    def change():
        while changing:
            for view in views:
                standing.show(0, view)

    thread, interval = threading.Thread(target=change), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        seen = {(row["state"], row["error"]) for _ in range(2000) for row in sweep.rows()}
        states = {sweep._batch.standing.state(0) for _ in range(2000)}
    finally:
        changing = False
        sys.setswitchinterval(interval)
        thread.join()
    assert seen <= {("failed", "no"), ("running", None)}
    assert states <= {"failed", "running"}


def test_at_most_so_many_run_at_once_and_observers_hear_in_the_thread_that_runs(held, journal):
    sweep = Sweep(BOAT, held, 2, journal=journal, seed=6)
    most, threads = [], set()

    def watch(change):
        most.append(change.new.running)
        threads.add(threading.current_thread())
        held.engine.permits.release()

    sweep.observe(watch, "progress")
    sweep.run()
    assert max(most) == 2
    assert threads == {threading.current_thread()}
    assert sweep.progress.succeeded == 6


def test_a_paused_sweep_begins_no_new_ones_and_a_resumed_one_does(held, journal):
    sweep = Sweep(BOAT, held, 1, journal=journal, seed=3).start()
    states = []
    paused = threading.Event()
    sweep.observe(lambda change: (states.append(change.new), paused.set()), "state")
    held.engine.begun.acquire()
    sweep.pause()
    assert paused.wait(30)
    done = threading.Event()
    sweep.observe(lambda change: change.new.done and done.set(), "progress")
    held.engine.permits.release()
    assert done.wait(30)
    assert (sweep.state, sweep.progress.running) == ("paused", 0)
    held.engine.open.set()
    sweep.resume()
    assert sweep.wait(30)
    assert states == ["paused", "running", "finished"]
    assert sweep.progress.succeeded == 3


def test_a_stopped_sweep_lets_what_runs_end_and_a_canceled_one_does_not(held, journal):
    sweep = Sweep(BOAT, held, 1, journal=journal, seed=3).start()
    held.engine.begun.acquire()
    sweep.stop()
    held.engine.permits.release()
    assert sweep.wait(30)
    assert [row["state"] for row in sweep.rows()] == ["succeeded", "new", "new"]
    sweep.start()
    held.engine.begun.acquire()
    sweep.cancel()
    assert sweep.wait(30)
    assert [row["state"] for row in sweep.rows()] == ["succeeded", "canceled", "new"]
    assert journal.sweep(sweep.key).state == "stopped"
    assert not journal.sweeps_to_pick_up()
    held.engine.open.set()
    Sweep.load(sweep.key, held, journal=journal).run()
    assert journal.sweep(sweep.key).state == "finished"
    assert len(journal.cells(sweep.key)) == 3


def test_what_changed_since_is_told_by_number(quick, journal):
    sweep = Sweep(BOAT, quick, 1, journal=journal, seed=3)
    token, numbers = sweep.changes()
    assert numbers == []
    sweep.run()
    token, numbers = sweep.changes(token)
    assert numbers == [0, 1, 2]
    assert sweep.changes(token) == (token, [])


def test_a_sweep_that_runs_is_kept_from_everybody_else(held, journal):
    sweep = Sweep(BOAT, held, 1, journal=journal, seed=2).start()
    held.engine.begun.acquire()
    other = Sweep.load(sweep.key, held, journal=Journal(journal.folder))
    with pytest.raises(JobError, match="Another notebook or process runs this sweep"):
        other.start()
    assert not journal.sweeps_to_pick_up()
    held.engine.open.set()
    assert sweep.wait(30)
    assert sweep.progress.succeeded == 2


def test_a_loaded_sweep_follows_what_another_process_did_with_it_meanwhile(held, journal):
    sweep = Sweep(BOAT, held, 1, journal=journal, prompt=["refuse me", "a cat", "a dog"]).start()
    held.engine.begun.acquire()
    other = Sweep.load(sweep.key, held, journal=Journal(journal.folder))
    assert [row["state"] for row in other.rows()].count("new") >= 2
    token, _ = other.changes()
    held.engine.open.set()
    assert sweep.wait(30)
    assert [row["state"] for row in other.refresh().rows()] == ["failed", "succeeded", "succeeded"]
    assert (other.state, other.progress.failed, other.changes(token)[1]) == ("finished", 1, [0, 1, 2])
    token, _ = other.changes()
    assert other.refresh().changes(token)[1] == [], "what is known is no news"
    assert sweep.retry().wait(30)
    assert other.retry().wait(30)
    assert len(journal.cells(sweep.key)) == 5, "the cell that failed is run once more by each"
    assert other.refresh().progress == sweep.refresh().progress


def test_a_sweep_that_another_process_has_finished_posts_nothing_when_it_is_run(held, journal):
    sweep = Sweep(BOAT, held, 1, journal=journal, seed=2).start()
    held.engine.begun.acquire()
    other = Sweep.load(sweep.key, held, journal=Journal(journal.folder))
    held.engine.open.set()
    assert sweep.wait(30)
    assert other.run().progress.succeeded == 2
    assert len(held.engine.seeds) == 2


def test_the_sweep_is_in_the_journal_before_its_first_job(quick, journal, monkeypatch):
    begin = Journal.begin
    known = []

    def look(self, *arguments, **more):
        known.append(journal.sweep(more["part"].sweep).axes)
        return begin(self, *arguments, **more)

    monkeypatch.setattr(Journal, "begin", look)
    Sweep(BOAT, quick, journal=journal, steps=[1, 4]).run()
    assert known == [{"steps": (1, 4)}] * 2


def test_the_pocket_model_runs_a_sweep(journal):
    sweep = Sweep(BOAT, Endpoint.builtin(), journal=journal, steps=[1, 2]).run()
    assert [view.animation.suffix for view in sweep.views] == ["webp", "webp"]
