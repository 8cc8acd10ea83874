"""Sweeps where something goes wrong: refused jobs, lost answers, wrong keys, killed processes, second attempts."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace

import misbehaving as bad
import pytest
from misbehaving import Misbehaving, status

from animatediff_widget import AnimateDiffRequest, Client, Job, Journal, Prediction, Sweep
from animatediff_widget.errors import AnimateDiffError, JournalError
from animatediff_widget.journal import Part, SweepEntry
from animatediff_widget.sweeps.batch import Batch
from animatediff_widget.sweeps.loop import Loop
from animatediff_widget.sweeps.running import CellRunner

BOAT = AnimateDiffRequest(prompt="a boat", seed=7)
KEY = "a-key-of-the-relay-1234567890"


@pytest.fixture
def server():
    with Misbehaving() as server:
        server.client = Client(server.endpoint, KEY)
        yield server


@pytest.fixture
def waits(monkeypatch):
    """Let a sweep that is held back go on at once; give how long it would have waited."""
    waited = []

    def lasting(seconds):
        waited.append(seconds)
        return "a while"

    monkeypatch.setattr("animatediff_widget.sweeps.holding.lasting", lasting)
    monkeypatch.setattr("animatediff_widget.jobs.site.lasting", lasting)
    monkeypatch.setattr("animatediff_widget.jobs.pace._FIRST_PAUSE", 0.02)
    monkeypatch.setattr("animatediff_widget.sweeps.holding._FIRST_WAIT", 0.02)
    return waited


def when(is_true):
    """Wait until something is true."""
    assert any(is_true() or threading.Event().wait(0.01) for _ in range(3000))


def seeds(server):
    return sorted(job["input"]["seed"] for job in server.jobs.values())


def test_without_credit_it_says_so_waits_and_goes_on_by_itself(server, journal, waits):
    server.scripts["create"] = [bad.well, *[status(402, {"detail": "Insufficient credit"})] * 3]
    sweep = Sweep(BOAT, server.client, 2, journal=journal, seed=[1, 2, 3, 4])
    said = []
    sweep.observe(lambda change: said.append(str(change.new.notice or "")), "progress")
    sweep.run()
    assert sweep.progress.succeeded == 4
    assert seeds(server) == [1, 2, 3, 4], "none twice"
    assert any("no credit left" in line and "it goes on by itself in" in line for line in said)
    assert said[-1] == ""
    assert len(waits) >= 3
    assert waits == pytest.approx([0.02 * 2**count for count in range(len(waits))]), "later and later"
    loaded = Sweep.load(sweep.key, server.client, journal=journal)
    assert [row["file"] for row in loaded.rows()] == [row["file"] for row in sweep.rows()]
    assert [cell.key for cell in loaded.cells] == [cell.key for cell in sweep.cells]


def test_a_wrong_key_ends_it_after_the_first_refusals_and_it_is_offered_again(server, journal):
    server.always["create"] = status(401, {"detail": "Unauthenticated"})
    sweep = Sweep(BOAT, server.client, 2, journal=journal, seed=[*range(10)]).run()
    assert (sweep.state, sweep.progress.done) == ("finished", 0)
    assert "Check the key" in str(sweep.progress)
    assert len(server.asked("create")) <= 2
    assert [each.key for each in journal.sweeps_to_pick_up()] == [sweep.key]
    del server.always["create"]
    assert sweep.run().progress.succeeded == 10
    assert not journal.sweeps_to_pick_up()


def test_where_nothing_can_be_stored_no_further_job_is_paid_for(server, journal):
    sweep = Sweep(BOAT, server.client, 1, journal=journal, seed=[1, 2, 3])
    journal.folder.mkdir(parents=True)
    journal.animations.write_bytes(b"a file where the folder should be")
    sweep.run()
    assert [row["state"] for row in sweep.rows()] == ["left", "new", "new"]
    assert "make room" in str(sweep.progress)
    journal.animations.unlink()
    assert sweep.run().progress.succeeded == 3
    assert seeds(server) == [1, 2, 3]


def test_where_nothing_could_be_written_down_it_goes_on_once_there_is_room(server, journal, monkeypatch):
    sweep, kept, job = Sweep(BOAT, server.client, 2, journal=journal, seed=[1, 2, 3]), [], Batch.job
    monkeypatch.setattr(Batch, "job", lambda batch, number: kept.append(job(batch, number)) or kept[-1])

    def fail(*_, **__):
        raise JournalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "begin", fail)
        sweep.run()
    assert "disk is full" in str(sweep.progress)
    assert not server.seen
    assert kept, "the jobs that failed are still there"
    assert sweep.run().progress.succeeded == 3


def test_what_could_not_be_written_down_is_shown_and_written_once_there_is_room(server, journal, monkeypatch):
    sweep, jobs = Sweep(BOAT, server.client, 2, journal=journal, seed=[1, 2, 3]), []
    sweep.observe(lambda _: jobs or jobs.extend(sweep.jobs), "state")  # kept, as somebody may who looks at them

    def fail(*_, **__):
        raise JournalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "record", fail)
        sweep.run()
    assert [view.animation.data for view in sweep.views] == [server.clip] * 3
    assert {entry.state for entry in journal.cells(sweep.key)} == {"submitting"}
    assert sweep.refresh().run().progress.succeeded == 3
    assert {entry.state for entry in journal.cells(sweep.key)} == {"succeeded"}
    assert seeds(server) == [1, 2, 3]


def test_a_sweep_that_has_ended_does_not_say_that_it_waits_and_goes_on_by_itself(server, journal):
    server.scripts["create"] = [bad.well]
    server.always["create"] = status(429, {"detail": "Request was throttled."}, retry_after="1000")
    sweep = Sweep(BOAT, server.client, 1, journal=journal, seed=[1, 2, 3]).start()
    when(lambda: "goes on by itself" in str(sweep.progress))
    sweep.cancel()
    assert sweep.wait(30)
    assert str(sweep.progress) == "2 of 3 done · 1 canceled"
    assert [row["state"] for row in sweep.rows()] == ["succeeded", "canceled", "new"]


def test_only_what_certainly_failed_is_run_again(server, journal, monkeypatch):
    monkeypatch.setattr("animatediff_widget.jobs.submission._SEARCHES", (0.0, 0.01, 0.02))
    monkeypatch.setattr("animatediff_widget.sweeps.settling._AGAIN", 0.01)
    refused = status(422, {"detail": "no"})
    server.scripts["create"] = [bad.well, refused, bad.reset_after]
    server.always["list"] = status(404)
    sweep = Sweep(BOAT, server.client, 1, journal=journal, seed=[1, 2, 3]).run()
    assert [row["state"] for row in sweep.rows()] == ["succeeded", "failed", "unknown"]
    assert journal.sweep(sweep.key).state == "finished", "the one job is offered by itself"
    keys = [cell.key for cell in sweep.cells]
    assert sweep.retry().wait(60)
    assert [row["state"] for row in sweep.rows()] == ["succeeded", "succeeded", "unknown"]
    assert seeds(server) == [1, 2, 3]
    assert [old == cell.key for old, cell in zip(keys, sweep.cells, strict=True)] == [True, False, True]
    again = Sweep.load(sweep.key, server.client, journal=journal)
    assert [row["state"] for row in again.rows()] == ["succeeded", "succeeded", "unknown"]
    assert [cell.key for cell in again.cells] == [cell.key for cell in sweep.cells]


@pytest.fixture
def _hasty_search(monkeypatch):
    monkeypatch.setattr("animatediff_widget.jobs.submission._SEARCHES", (0.0, 0.01, 0.02))
    monkeypatch.setattr("animatediff_widget.sweeps.settling._LISTED_AFTER", 0.2)
    monkeypatch.setattr("animatediff_widget.sweeps.settling._AGAIN", 0.01)


@pytest.mark.usefixtures("_hasty_search")
def test_a_lost_job_that_the_list_shows_never_to_have_been_created_is_sent_again(server, journal):
    server.scripts["create"] = [bad.well, bad.reset_before, bad.reset_after]
    sweep = Sweep(BOAT, server.client, 1, journal=journal, seed=[1, 2, 3])
    said = []
    sweep.observe(lambda change: said.append(str(change.new)), "progress")
    sweep.run()
    assert sweep.progress.succeeded == 3
    assert seeds(server) == [1, 2, 3]
    assert any("Jobs whose answer was lost: 1. In 0." in line for line in said)
    assert [str(entry.error) for entry in journal.cells(sweep.key) if entry.error] == [
        "This job was never created; its sweep sends it again, as another job."
    ]
    assert not journal.to_pick_up()


@pytest.mark.usefixtures("_hasty_search")
def test_a_list_that_fails_is_asked_for_again(server, journal):
    def fail_first(call):
        if len(server.asked("list")) < 7:  # the job itself has looked three times
            return status(500)(call)
        return bad.well(call)

    server.scripts["create"] = [bad.well, bad.reset_before]
    server.always["list"] = fail_first
    sweep = Sweep(BOAT, server.client, 1, journal=journal, seed=[1, 2]).run()
    assert sweep.progress.succeeded == 2
    assert seeds(server) == [1, 2]


@pytest.mark.usefixtures("_hasty_search")
def test_it_is_still_sent_when_the_process_was_killed_before(server, journal, monkeypatch):
    server.scripts["create"] = [bad.well, bad.reset_before]
    sweep = Sweep(BOAT, server.client, 1, journal=journal, seed=[1, 2])
    with monkeypatch.context() as patch:
        patch.setattr("animatediff_widget.sweeps.batch.Batch.reset", lambda batch, number: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sweep.run()
    again = Sweep.load(sweep.key, server.client, journal=journal)
    assert [row["state"] for row in again.rows()] == ["succeeded", "new"]
    assert again.run().progress.succeeded == 2
    assert seeds(server) == [1, 2]


@pytest.mark.usefixtures("_hasty_search")
@pytest.mark.parametrize(
    "first",
    [
        [],
        None,
        [{"id": "job001", "status": "succeeded"}],
        [{"id": "job001", "status": "succeeded", "input": {"prompt": "a bo..."}}],
        [{"id": "a", "status": "starting", "input": None}],
    ],
)
def test_a_list_that_cannot_tell_leaves_a_lost_job_unknown(server, journal, first):
    def answer(call):
        whole = [{**job, "id": name} for name, job in server.jobs.items()]
        call.json(
            200, {"results": first + (whole if first and first[0]["id"] == "a" else [])} if first is not None else 3
        )

    server.scripts["create"] = [bad.well, bad.reset_before]
    server.always["list"] = answer
    sweep = Sweep(BOAT, server.client, 1, journal=journal, seed=[1, 2]).run()
    assert [row["state"] for row in sweep.rows()] == ["succeeded", "unknown"]
    assert len(server.asked("create")) == 2


def lists_late(server, looks):
    """Let a list that fails so often show each job from then on."""
    server.always["list"] = lambda call: (status(500) if len(server.asked("list")) <= looks else bad.well)(call)


@pytest.mark.usefixtures("_hasty_search")
def test_a_lost_job_whose_answer_comes_while_its_sweep_waits_for_the_list_is_not_sent_again(server, journal):
    server.scripts["create"] = [bad.well, bad.reset_after]
    lists_late(server, 3)  # the looks of the job itself
    sweep = Sweep(BOAT, server.client, 1, journal=journal, seed=[1, 2])

    def answer(change):
        if "whose answer was lost" in str(change.new) and journal.get(sweep.cells[1].key).prediction_id is None:
            (name,) = (name for name, job in server.jobs.items() if job["input"]["seed"] == 2)
            journal.adopt(sweep.cells[1].key, Prediction.from_json({"id": name}), named=True)

    sweep.observe(answer, "progress")
    sweep.run()
    assert journal.get(sweep.cells[1].key).prediction_id is not None
    assert seeds(server) == [1, 2]


@pytest.mark.usefixtures("_hasty_search")
def test_a_lost_job_that_was_posted_long_after_it_was_written_down_is_given_time_to_be_listed(
    server, journal, monkeypatch
):
    get = Journal.get

    def written_long_ago(self, *arguments, **more):  # as where an account paused for an hour before it took the job
        entry = get(self, *arguments, **more)
        return entry and replace(entry, created=entry.created - 600.0)

    monkeypatch.setattr(Journal, "get", written_long_ago)
    server.scripts["create"] = [bad.well, bad.reset_after]
    whole = server._list

    def lag(call):
        hidden = {name: job for name, job in server.jobs.items() if job["input"]["seed"] == 2}
        if len(server.asked("list")) <= 4:  # three looks of the job itself, and the sweep's first
            for name in hidden:
                del server.jobs[name]
        whole(call)
        server.jobs.update(hidden)

    server._list = lag
    sweep = Sweep(BOAT, server.client, 1, journal=journal, seed=[1, 2]).run()
    assert seeds(server) == [1, 2]
    assert [row["state"] for row in sweep.rows()] == ["succeeded", "unknown"]


@pytest.mark.parametrize("how", [signal.raise_signal, "raise"])
def test_an_interrupt_before_the_first_job_leaves_a_sweep_that_can_be_run(quick, journal, how):
    sweep, pressed = Sweep(BOAT, quick, journal=journal, seed=2), []

    def press(change):
        if not pressed:
            pressed.append(change)
            if how == "raise":
                raise KeyboardInterrupt
            how(signal.SIGINT)

    sweep.observe(press, "state")
    with pytest.raises(KeyboardInterrupt) as kept:  # with all frames, as a notebook keeps them
        sweep.run()
    assert kept
    assert not any(row["state"] == "succeeded" for row in sweep.rows())
    assert sweep.start().wait(30)
    assert sweep.progress.succeeded == 2


def test_an_interrupt_while_it_ends_leaves_it_ended(quick, journal, monkeypatch):
    sweep, finish = Sweep(BOAT, quick, journal=journal, seed=2), Loop.finish
    monkeypatch.setattr(Loop, "finish", lambda loop: (signal.raise_signal(signal.SIGINT), finish(loop)))
    with pytest.raises(KeyboardInterrupt):
        sweep.run()
    assert (sweep.state, sweep.progress.succeeded) == ("finished", 2)


@pytest.mark.parametrize(
    ("name", "run"), [("animatediff-sweep", Sweep.start), ("animatediff-jobs", Sweep.run), ("animatediff-jobs", None)]
)
def test_where_the_system_has_no_thread_left_a_sweep_does_not_stand_as_running(quick, journal, monkeypatch, name, run):
    sweep, start = Sweep(BOAT, quick, journal=journal, seed=2), threading.Thread.start

    def fail(thread):
        if thread.name == name:
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        if run is None:
            heard = threading.Event()
            patch.setattr("threading.excepthook", lambda arguments: heard.set())
            assert sweep.start().wait(30)
            assert heard.wait(30)
        else:
            with pytest.raises(RuntimeError, match="can't start new thread"):
                run(sweep)
    assert sweep.wait(30)
    assert sweep.run().progress.succeeded == 2


def test_a_failed_cell_can_fail_again_and_each_attempt_stays_in_the_journal(quick, journal):
    sweep = Sweep(BOAT, quick, journal=journal, prompt=["refuse me", "a cat"]).run()
    assert sweep.retry().wait(60)
    sweep = Sweep.load(sweep.key, quick, journal=journal)
    assert [row["state"] for row in sweep.rows()] == ["failed", "succeeded"]
    assert [entry.state for entry in journal.cells(sweep.key) if entry.part.cell == 0] == ["failed", "failed"]
    assert sweep.retry().wait(60)
    assert len(journal.cells(sweep.key)) == 4


def test_what_failed_is_run_again_while_others_still_run(held, journal):
    sweep = Sweep(BOAT, held, 1, journal=journal, prompt=["refuse me", "a cat"]).start()
    failed = threading.Event()
    sweep.observe(lambda change: change.new.failed and failed.set(), "progress")
    held.engine.permits.release()
    assert failed.wait(30)
    assert all(held.engine.begun.acquire(timeout=30) for _ in range(2)), "the next one runs"
    sweep.retry()
    held.engine.open.set()
    assert sweep.wait(30)
    assert held.engine.prompts == ["refuse me", "a cat", "refuse me"]


def test_a_sweep_that_is_stopping_goes_on_where_what_failed_is_to_be_run_again(held, journal):
    sweep = Sweep(BOAT, held, 1, journal=journal, prompt=["refuse me", "a cat", "a dog"]).start()
    failed = threading.Event()
    sweep.observe(lambda change: change.new.failed and failed.set(), "progress")
    held.engine.permits.release()
    assert failed.wait(30)
    assert all(held.engine.begun.acquire(timeout=30) for _ in range(2)), "the next one runs"
    sweep.stop()
    when(lambda: sweep.state == "stopping")
    sweep.retry()
    when(lambda: sweep.state == "running")
    held.engine.open.set()
    assert sweep.wait(30)
    assert held.engine.prompts == ["refuse me", "a cat", "a dog", "refuse me"]
    assert journal.sweep(sweep.key).state == "finished", "nobody has stopped it after all"


def test_all_that_run_are_canceled_those_that_were_found_in_a_list_too(server, journal):
    server.scripts["create"] = [bad.well, bad.reset_after]
    server._polls = 10**6
    sweep = Sweep(BOAT, server.client, 2, journal=journal, seed=[1, 2]).start()
    when(lambda: all(view.prediction for view in sweep.views))
    assert sorted(view.adopted for view in sweep.views) == [False, True]
    sweep.cancel()
    assert sweep.wait(30)
    assert [row["state"] for row in sweep.rows()] == ["canceled"] * 2
    assert len(server.asked("cancel")) == 2


def test_the_log_of_a_cell_whose_end_only_a_list_told_is_fetched_once_when_it_is_asked_for(server, journal):
    sweep = Sweep(BOAT, server.client, journal=journal, seed=[1, 2]).run()
    for cell, view in zip(sweep.cells, sweep.views, strict=True):
        listed = {name: value for name, value in view.prediction.raw.items() if name != "logs"}
        journal.record(cell.key, "succeeded", prediction=Prediction.from_json(listed))
    asked, token, heard = len(server.asked("get")), sweep.changes()[0], threading.Event()
    for _ in range(3):
        sweep.fetch_log(1, heard.set, 30.0)
    assert heard.wait(30)
    assert "Using seed" in sweep.view(1).prediction.logs
    assert sweep.view(1).animation is not None
    assert sweep.changes(token)[1] == [1]
    server.always["get"] = status(404)
    sweep.fetch_log(sweep.cells[0], within=30.0)
    assert len(server.asked("get")) == asked + 2
    assert sweep.view(0).state == "succeeded"


def test_what_failed_is_run_again_where_that_is_asked_for_while_the_sweep_ends(quick, journal, monkeypatch):
    sweep, close, asked = Sweep(BOAT, quick, journal=journal, prompt=["refuse me", "a cat"]), Batch.close, []

    def close_late(batch, is_wanted):
        if not asked:
            asked.append(threading.Thread(target=sweep.retry))
            asked[0].start()
            for _ in range(500):
                if sweep.progress.failed and batch.standing.state(0) == "new":
                    break
                threading.Event().wait(0.02)
        close(batch, is_wanted)

    monkeypatch.setattr(Batch, "close", close_late)
    sweep.run()
    asked[0].join(30)
    assert sweep.wait(30)
    assert [row["state"] for row in sweep.rows()] == ["failed", "succeeded"]
    assert len(journal.cells(sweep.key)) == 3


def test_an_interrupt_cancels_what_runs_and_the_rest_can_go_on(held, journal):
    sweep = Sweep(BOAT, held, 1, journal=journal, seed=3)
    pressed = []

    def press():
        if held.engine.begun.acquire(blocking=False):
            pressed.append(True)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        sweep.run(idle=press)
    assert pressed == [True]
    assert [row["state"] for row in sweep.rows()] == ["canceled", "new", "new"]
    held.engine.open.set()
    sweep.run()
    assert [row["state"] for row in sweep.rows()] == ["canceled", "succeeded", "succeeded"]
    assert sweep.retry().wait(30)
    assert sweep.progress.succeeded == 3


def test_what_a_killed_process_had_begun_is_followed_though_the_budget_is_used_up(quick, journal):
    sweep = Sweep(BOAT, quick, budget=1, journal=journal, seed=[91, 92])
    second = sweep.cells[1]
    journal.begin_sweep(
        SweepEntry(sweep.key, 1.0, quick.endpoint.url, "relay", second.grid.body, sweep.axes, {"budget": 1})
    )
    journal.begin(second.body, quick.endpoint, key=second.key, part=Part(sweep.key, 1))
    journal.record(second.key, "running", prediction=quick.create(second.body))
    assert [each.key for each in journal.sweeps_to_pick_up()] == [sweep.key]
    again = Sweep.load(sweep.key, quick, journal=journal)
    assert [row["state"] for row in again.rows()] == ["new", "running"]
    assert again.plan().jobs == 1
    assert [row["state"] for row in again.run().rows()] == ["new", "succeeded"]
    assert quick.engine.seeds.count(92) == 1


def test_an_observer_that_raises_stops_nothing(quick, journal):
    def fail(change):
        raise RuntimeError

    sweep = Sweep(BOAT, quick, journal=journal, seed=2)
    sweep.observe(fail)
    assert sweep.run().progress.succeeded == 2


@pytest.mark.parametrize("run", [Sweep.run, lambda sweep: sweep.start().wait(30)])
def test_an_observer_may_ask_for_anything_as_soon_as_the_sweep_runs(quick, journal, run):
    sweep, told = Sweep(BOAT, quick, 1, journal=journal, seed=2), []

    def ask(change):
        told.append(change.new)
        if len(told) == 1:
            sweep.start().refresh().retry(start=False)
            assert not sweep.wait(), "it would wait for itself"
            sweep.stop()

    sweep.observe(ask, "state")
    run(sweep)
    assert told[0] == "running"
    assert told[-1] == "finished"
    assert sweep.progress.done == 0
    assert journal.sweep(sweep.key).state == "stopped"


def test_an_observer_may_run_again_what_failed_when_it_is_told_of_the_end(held, journal):
    sweep = Sweep(BOAT, held, journal=journal, prompt=["refuse me", "a cat"]).start()
    other = Sweep.load(sweep.key, held, journal=Journal(journal.folder))
    held.engine.open.set()
    assert sweep.wait(30)
    asked = []
    other.observe(lambda _: asked or asked.append(other.retry()), "state")
    assert other.refresh().wait(30)
    assert held.engine.prompts.count("refuse me") == 2


def test_what_is_called_while_a_sweep_runs_does_not_wait_for_it(quick, journal):
    sweep, waited = Sweep(BOAT, quick, journal=journal, seed=2), []
    sweep.run(idle=lambda: waited.append(sweep.wait()))
    assert not any(waited)
    assert sweep.progress.succeeded == 2


def test_a_sweep_that_the_journal_does_not_have_is_refused_in_a_sentence(journal):
    for key in ("0" * 32, "x", ""):
        with pytest.raises(AnimateDiffError, match="The journal has no sweep"):
            Sweep.load(key, journal=journal)
    with pytest.raises(AnimateDiffError, match="is not a key of the journal"):
        Sweep(BOAT, journal=journal, key="../x", seed=2)


def test_a_cell_that_is_not_there_is_refused_in_a_sentence(quick, journal):
    sweep = Sweep(BOAT, quick, journal=journal, seed=2)
    with pytest.raises(AnimateDiffError, match="There is no cell 2; they are numbered from 0 to 1"):
        sweep.view(2)


def test_a_job_that_ends_just_before_its_sweep_listens_to_it_is_told_once(quick, journal):
    job, told, observe = Job(BOAT, quick, journal=journal), [], Job.observe

    def end_first(*arguments):
        job.run()
        observe(job, *arguments)

    job.observe = end_first
    CellRunner(lambda number, view: told.append((number, view.state))).begin(0, job)
    assert told == [(0, "succeeded")]


def test_a_sweep_whose_process_was_killed_after_its_last_cell_is_offered_no_more_once_it_was_taken_up(quick, journal):
    sweep = Sweep(BOAT, quick, journal=journal, seed=2)
    journal.end_sweep = lambda key, state: None
    sweep.run()
    del journal.end_sweep
    assert [each.key for each in journal.sweeps_to_pick_up()] == [sweep.key]
    created = len(quick.list(1000))
    assert Sweep.load(sweep.key, quick, journal=journal).run().state == "finished"
    assert not journal.sweeps_to_pick_up()
    assert journal.sweep(sweep.key).state == "finished"
    assert len(quick.list(1000)) == created
