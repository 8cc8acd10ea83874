"""Many jobs driven at once: each is posted once and gets its own animation, whatever its endpoint does."""

from __future__ import annotations

import dataclasses
import itertools
import math
import threading

import misbehaving as bad
import pytest
from faults import a_client
from misbehaving import CLIP, Misbehaving, says, status
from test_reaction import LONG, SOON, Silence, wait_until

from animatediff_widget import AnimateDiffRequest, Job, Journal
from animatediff_widget.backends.hosted import HostedBackend
from animatediff_widget.errors import AnswerLost, ConnectionFailed, JobCanceled, JobError
from animatediff_widget.jobs import many as many_module
from animatediff_widget.jobs import pace, poller, site, together, workers
from animatediff_widget.jobs.many import Many
from animatediff_widget.jobs.polling import Schedule
from animatediff_widget.jobs.runner import Runner
from animatediff_widget.jobs.workers import Workers

COUNT = 20


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr(poller, "_UNKNOWN_LEAST", 0.02)
    monkeypatch.setattr(poller, "_CANCELED", 0.02)
    monkeypatch.setattr(together, "_GATHER", 0.01)
    monkeypatch.setattr(many_module, "_IDLE", 0.1)
    monkeypatch.setattr(workers, "_IDLE", 0.1)
    monkeypatch.setattr(pace, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(Schedule, "delay", lambda schedule, now: 0.02)


class Relay(Misbehaving):
    """Jobs go on with every look, one into the list included; every file names its job."""

    def _list(self, call) -> None:
        for name in self.jobs:
            dataclasses.replace(call, path=f"{bad._PATH}/{name}", route="get").well()
        super()._list(call)

    def _file(self, call) -> None:
        call.answer(200, CLIP + call.path[-11:].encode(), content_type="image/webp")


@pytest.fixture
def relay():
    with Relay() as server:
        yield server


def begin(server: Misbehaving, count: int = COUNT, **how) -> list[Job]:
    patient = {"answer_timeout": LONG, "read_timeout": LONG, "download_timeout": LONG}
    client, journal, many = a_client(server, **{**patient, **how.pop("client", {})}), Journal(), Many(**how)
    jobs = [Job(AnimateDiffRequest(prompt="a boat", seed=n, steps=3), client, journal=journal) for n in range(count)]
    assert all(job.start_among(many) for job in jobs)
    return jobs


def ends(jobs: list[Job]) -> list[str]:
    """Wait for the ends of jobs; give their states."""
    for job in jobs:
        wait_until(lambda job=job: job.finished)
    return [job.state for job in jobs]


def check_all_succeeded(server: Misbehaving, jobs: list[Job]) -> None:
    """Each job was made once, and has the animation of the job with its own seed."""
    assert ends(jobs) == ["succeeded"] * len(jobs), {str(job.error) for job in jobs}
    made = {job["input"]["seed"]: name for name, job in server.jobs.items()}
    assert server.creates == len(made) == len(jobs)
    for job in jobs:
        name = made[job.body.seed]
        entry = Journal().get(job.key)
        assert (entry.prediction_id, entry.state, entry.seen) == (name, "succeeded", False)
        assert job.animation.data == entry.animation().data == CLIP + f"{name}.webp".encode()[-11:]


def test_they_are_posted_once_followed_by_a_few_looks_into_the_list_and_fetched(relay):
    check_all_succeeded(relay, begin(relay))
    assert len(relay.asked("create")) == len(relay.asked("file")) == COUNT
    assert len(relay.asked("list")) < COUNT / 2
    assert len(relay.asked("get")) < COUNT, "the last ones alone are asked for by themselves"


def test_the_journal_knows_whose_a_file_is_before_it_is_fetched(relay, monkeypatch):
    monkeypatch.setattr(together, "_GATHER", 1.0)
    monkeypatch.setattr(together, "_GATHER_EACH", 1.0)
    known, file = [], relay._file

    def look_and_send(call):
        known.append(Journal().get(call.path.rpartition("/")[2].partition(".")[0]))
        file(call)

    relay._file = look_and_send
    check_all_succeeded(relay, begin(relay))
    assert len([entry for entry in known if entry is not None]) == COUNT


@pytest.mark.parametrize(
    "listing",
    [
        status(404),
        status(500),
        says(b'{"results": []}'),
        says(b'{"detail": "no list here"}'),
        bad.hang,
        bad.reset_before,
    ],
    ids=["none", "broken", "hidden", "another thing", "silent", "torn"],
)
def test_where_the_list_is_of_no_use_they_are_followed_one_by_one(relay, listing):
    relay.always["list"] = listing
    check_all_succeeded(relay, begin(relay, client={"answer_timeout": 2.0, "read_timeout": 2.0}))
    assert len(relay.asked("get")) >= COUNT
    assert len(relay.asked("list")) <= COUNT, "it is not asked again and again"


def test_a_list_that_is_behind_is_believed_no_more(relay, monkeypatch):
    monkeypatch.setattr(poller, "_CHECK_LEAST", 0.3)
    relay._list = lambda call: call.json(
        200, {"next": None, "results": [{**job, "status": "starting", "output": None} for job in relay.jobs.values()]}
    )
    check_all_succeeded(relay, begin(relay))
    assert len(relay.asked("get")) >= COUNT


def test_jobs_that_their_endpoint_dates_to_the_beginning_of_time_are_followed_by_the_list(relay, monkeypatch):
    monkeypatch.setattr(bad.time, "strftime", lambda *_: "1970-01-01T00:00:00Z")
    check_all_succeeded(relay, begin(relay))
    assert len(relay.asked("get")) < COUNT


def test_jobs_to_which_their_endpoint_gives_one_id_all_end(relay):
    create = relay._create
    relay._create = lambda call: call.json(201, relay.jobs["job001"]) if relay.jobs else create(call)
    assert ends(begin(relay)) == ["succeeded"] * COUNT
    assert relay.creates == 1


def test_an_end_of_which_the_list_tells_too_little_is_asked_for(relay, monkeypatch):
    monkeypatch.setattr(site, "_FEW", 0)
    whole = relay._list

    def without_output(call) -> None:
        whole(call)
        for job in relay.jobs.values():
            if job["output"]:
                job["hidden"], job["output"] = job["output"], None

    def get(call) -> None:
        job = relay.jobs[call.job]
        job["output"] = job.pop("hidden", job["output"])
        Relay._get(relay, call)

    relay._list, relay._get = without_output, get
    jobs = begin(relay)
    assert ends(jobs) == ["succeeded"] * COUNT
    assert relay.creates == COUNT


def test_one_that_fails_is_quoted_and_keeps_its_log(relay):
    def fail(call) -> None:
        relay.jobs[call.job].update(status="failed", error="Out of memory", logs="Using seed: 3\nTraceback\n")

    get = relay._get
    relay._get = lambda call: (relay.jobs[call.job]["input"]["seed"] == 3 and fail(call), get(call))
    jobs = begin(relay, 5)
    assert ends(jobs) == ["succeeded"] * 3 + ["failed"] + ["succeeded"]
    assert "Out of memory" in str(jobs[3].error)
    assert "Traceback" in Journal().get(jobs[3].key).prediction.logs


def test_each_is_on_the_disk_before_it_is_posted(relay):
    begun, create = [], relay._create

    def look(call) -> None:
        seed = bad.json.loads(call.body)["input"]["seed"]
        begun.extend(entry for entry in Journal().jobs(10**6) if entry.body.seed == seed)
        create(call)

    relay._create = look
    check_all_succeeded(relay, begin(relay))
    assert sorted(entry.body.seed for entry in begun) == [*range(COUNT)]
    assert {(entry.state, entry.prediction_id) for entry in begun} == {("submitting", None)}


@pytest.mark.parametrize(
    "refusal",
    [
        status(429, {"detail": "Request was throttled."}, retry_after="1"),
        status(429, {"detail": "Request was throttled."}),
        status(402, {"detail": "Insufficient credit"}),
    ],
    ids=["throttled", "throttled without a time", "no credit"],
)
def test_what_an_account_is_refused_pauses_all_in_words_and_goes_on_by_itself(relay, refusal):
    said = []
    relay.always["create"] = lambda call: (bad.well if said else refusal)(call)
    check_all_succeeded(relay, begin(relay, say=lambda notice: said.append(notice and notice.code)))
    assert [word for word, _ in itertools.groupby(said)] == ["sweep_waits", None]
    most_at_once = site._MOST[many_module.Create]
    assert len(relay.asked("create")) <= COUNT + most_at_once, "the others were not sent meanwhile"


def test_polls_that_are_throttled_pause_and_go_on(relay):
    relay.scripts["list"] = [status(429, retry_after="1")]
    said = []
    check_all_succeeded(relay, begin(relay, say=lambda notice: said.append(notice and notice.code)))
    assert [word for word, _ in itertools.groupby(said)] == ["sweep_waits", None]


def test_an_endpoint_that_cannot_be_reached_for_a_while_costs_no_job(relay, monkeypatch):
    create, calls, said = HostedBackend.create, [], []

    def at_times(self, *arguments, **options):
        calls.append(arguments)
        if len(calls) > 3 and not said:
            raise ConnectionFailed("Nobody answers.", arrived=False, passing=True)
        return create(self, *arguments, **options)

    monkeypatch.setattr(HostedBackend, "create", at_times)
    check_all_succeeded(relay, begin(relay, say=lambda notice: said.append(notice and notice.code)))
    assert [word for word, _ in itertools.groupby(said)] == ["sweep_waits", None]


def test_answers_that_are_lost_are_looked_for_together(relay):
    relay.always["create"] = bad.reset_after
    jobs = begin(relay)
    assert ends(jobs) == ["succeeded"] * COUNT
    assert relay.creates == len(relay.asked("create")) == COUNT
    assert all(Journal().get(job.key).adopted for job in jobs)
    assert len({Journal().get(job.key).prediction_id for job in jobs}) == COUNT


def test_answers_that_are_lost_where_there_is_no_list_are_said_to_be_and_never_posted_again(monkeypatch):
    with Relay(listing=False) as server:
        monkeypatch.setattr("animatediff_widget.jobs.submission._SEARCHES", (0.1,))
        server.scripts["create"] = [bad.reset_after] * 3
        jobs = begin(server)
        states = ends(jobs)
        assert (states.count("unknown"), states.count("succeeded")) == (3, COUNT - 3)
        assert server.creates == len(server.asked("create")) == COUNT
        assert all(isinstance(job.error, AnswerLost) for job in jobs if job.state == "unknown")


def test_all_that_run_are_canceled_at_the_endpoint(relay):
    relay._polls = 10**6
    jobs = begin(relay)
    wait_until(lambda: relay.creates == COUNT)
    for job in jobs:
        job.cancel()
    assert ends(jobs) == ["canceled"] * COUNT
    assert all(isinstance(job.error, JobCanceled) for job in jobs)
    assert {job["status"] for job in relay.jobs.values()} == {"canceled"}
    assert len(relay.asked("cancel")) == COUNT


def test_what_is_canceled_before_it_was_sent_never_is(relay, monkeypatch):
    silence = Silence()
    relay.always["create"] = silence
    monkeypatch.setattr("animatediff_widget.jobs.control.GRACE", 0.2)
    monkeypatch.setattr("animatediff_widget.jobs.context._UNCONFIRMED", 0.2)
    relay._polls = 10**6
    jobs = begin(relay)
    wait_until(lambda: len(relay.asked("create")) == site._MOST[many_module.Create])
    for job in jobs:
        job.cancel()
    wait_until(lambda: [job.state for job in jobs].count("canceled") == COUNT - relay.creates)
    silence.over.set()
    wait_until(lambda: {job["status"] for job in relay.jobs.values()} == {"canceled"})
    assert ends(jobs) == ["canceled"] * COUNT
    assert len(relay.asked("create")) == relay.creates == site._MOST[many_module.Create]


def test_one_that_another_runs_is_left_to_it(relay):
    client, journal, many = a_client(relay), Journal(), Many()
    job, other = (Job(AnimateDiffRequest(seed=seed), client, journal=journal) for seed in (1, 2))
    with journal.claim(job.key):
        assert job.start_among(many)
        assert not job.start_among(many)
        assert other.start_among(many)
        assert ends([job, other]) == ["left", "succeeded"]
    assert isinstance(job.error, JobError)
    assert relay.creates == 1


def test_a_journal_that_cannot_be_written_posts_nothing(relay, monkeypatch):
    jobs = begin(relay, 0)
    Journal().jobs()
    folder = Journal().folder
    client, journal, many = a_client(relay), Journal(), Many()
    jobs = [Job(AnimateDiffRequest(seed=seed), client, journal=journal) for seed in range(3)]
    (folder / "journal.sqlite3").unlink()
    (folder / "journal.sqlite3").mkdir()
    for job in jobs:
        job.start_among(many)
    assert ends(jobs) == ["failed"] * 3
    assert not relay.seen


def test_the_thread_rests_while_the_end_of_a_job_is_written_down(relay, monkeypatch):
    relay._polls, many, together_, writing, free = 10**6, Many(), Journal.together, threading.Event(), threading.Event()

    def hold(journal, acts):
        if any(member.ended for member in tuple(many._members)):
            writing.set()
            free.wait(SOON)
        return together_(journal, acts)

    monkeypatch.setattr(Journal, "together", hold)
    job = Job(AnimateDiffRequest(seed=1), a_client(relay), journal=Journal(), timeout=0.2)
    job.start_among(many)
    assert writing.wait(SOON)
    assert {member.until for member in many._members} == {math.inf}, "nothing is due"
    free.set()
    assert ends([job]) == ["left"]


def test_no_thread_stays(relay):
    before = set(threading.enumerate())

    def left() -> list[str]:
        return [each.name for each in set(threading.enumerate()) - before if each.name.startswith("animatediff-")]

    ends(begin(relay, 5))
    for _ in range(500):
        if left():
            threading.Event().wait(0.02)
    assert not left()
    jobs = begin(relay, 1)
    assert ends(jobs) == ["succeeded"], "and they come back"


def test_the_job_itself_stays_usable(relay):
    job, other = begin(relay, 2)
    assert [prediction.status for prediction in job][-1] == "succeeded"
    assert other.result(SOON) is other.run() is other.animation


def test_a_bug_where_a_job_is_taken_in_ends_that_one_alone(relay, monkeypatch):
    prepare = Runner.prepare

    def break_one(runner, known):
        if runner._job.body.seed == 1:
            raise ZeroDivisionError
        return prepare(runner, known)

    monkeypatch.setattr(Runner, "prepare", break_one)
    jobs = begin(relay, 3)
    assert ends(jobs) == ["succeeded", "left", "succeeded"]
    assert "ZeroDivisionError" in str(jobs[1].error)


def test_where_the_system_has_no_thread_left_to_write_with_later_jobs_are_written_down_all_the_same(relay, monkeypatch):
    do, failed = Workers.do, []

    def fail_once(pool, act):
        if getattr(act, "func", None) is together._write_down and not failed:
            failed.append(act)
            raise RuntimeError("can't start new thread")
        return do(pool, act)

    monkeypatch.setattr(Workers, "do", fail_once)
    client, journal, many = a_client(relay), Journal(), Many()
    job, other = (Job(AnimateDiffRequest(seed=seed), client, journal=journal) for seed in (1, 2))
    job.start_among(many)
    assert ends([job]) == ["left"]
    other.start_among(many)
    assert ends([other]) == ["succeeded"]


def test_a_job_that_is_claimed_after_a_bug_in_the_thread_has_ended_it_is_free_again(relay, monkeypatch):
    take, kept, many = together._take, [], Many()

    def take_late(member):
        many._events.put(lambda: 1 / 0)
        wait_until(lambda: member.job.finished)
        kept.append(member)
        return take(member)

    job = Job(AnimateDiffRequest(seed=1), a_client(relay), journal=Journal())
    monkeypatch.setattr(together, "_take", take_late)
    job.start_among(many)
    assert ends([job]) == ["left"]
    wait_until(lambda: kept and kept[0].claim)
    wait_until(lambda: not Journal().claimed(job.key))


def test_a_bug_in_the_thread_keeps_none_from_its_end_that_it_had_not_taken_in(relay, monkeypatch):
    run, more = Many._now, []

    def break_after_another_began(many):
        if many._members and not more:
            more.append(Job(AnimateDiffRequest(seed=9), a_client(relay), journal=Journal()))
            assert more[0].start_among(many)
            raise ZeroDivisionError
        return run(many)

    monkeypatch.setattr(Many, "_now", break_after_another_began)
    jobs = begin(relay, 1)
    assert ends(jobs) == ["left"]
    assert ends(more) == ["succeeded"], "it is not waited for for ever"
    assert relay.creates == 1
