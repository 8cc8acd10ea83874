"""The ordinary life of a job, against the real built-in server."""

from __future__ import annotations

import gc
import hashlib
import itertools
import math
import os
import signal
import stat
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job, Journal
from animatediff_widget.backends.hosted import HostedBackend
from animatediff_widget.backends.http.transport import Transport
from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.engines.previews import Preview
from animatediff_widget.errors import AnimateDiffError, JobCanceled, JobFailed, JobTimeout, JournalError
from animatediff_widget.server import LocalServer


class TinyEngine(Engine):
    """Draws a few bytes that say what was asked for; a run goes on only while the gate is open."""

    name = "tiny"

    def __init__(self) -> None:
        self.seeds: list[int] = []
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()
        self.first: Callable[[], object] = lambda: None

    def run(
        self,
        request: AnimateDiffRequest,
        *,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
        preview: Preview | None,
    ) -> Output:
        self.seeds.append(seed)
        self.first()
        self.begun.release()
        log(f"Using seed: {seed}\n 50%|#####     | 1/2 [00:00<00:00, 50.00it/s]\n")
        while not self.gate.wait(0.005):
            if canceled():
                raise Canceled
        if "impossible" in request.prompt:
            raise AnimateDiffError("This cannot be drawn: it is impossible.")
        return Output(b"GIF89a" + f"{request.prompt} {seed}".encode() * 1000, "gif", "image/gif")


class World:
    """A server with its engine, and a journal."""

    def __init__(self, server: LocalServer, engine: TinyEngine, folder: Path) -> None:
        self.server = server
        self.engine = engine
        self.journal = Journal(folder)

    def client(self) -> Client:
        return Client(Endpoint.relay(self.server.base_url), self.server.token)

    def job(self, **fields) -> Job:
        timeout = fields.pop("timeout", 60)
        request = AnimateDiffRequest(**{"prompt": "a boat", "steps": 2, **fields})
        return Job(request, self.client(), journal=self.journal, timeout=timeout)

    def listed(self) -> list:
        with self.client() as client:
            return client.list(1000)


@contextmanager
def world_in(folder: Path, **options) -> Iterator[World]:
    engine = TinyEngine()
    with LocalServer(engine, **options) as server:
        yield World(server, engine, folder)
        engine.gate.set()


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    with world_in(tmp_path / "journal") as world:
        yield world


# --- to the end -------------------------------------------------------------------------------------------------------


def test_run_gives_the_animation_as_the_server_made_it(world):
    job = world.job(seed=7)
    animation = job.run()
    (listed,) = world.listed()
    with urllib.request.urlopen(listed.outputs[0], timeout=30) as answer:
        original = answer.read()
    assert animation.data == original == b"GIF89a" + b"a boat 7" * 1000
    assert animation.path.read_bytes() == original
    assert (animation.mime, animation.seed, animation.request) == ("image/gif", 7, job.request)
    assert (job.state, job.error, job.animation, job.prediction) == ("succeeded", None, animation, animation.prediction)
    assert (job.prediction.id, job.prediction.outputs) == (listed.id, listed.outputs)
    assert job.finished
    assert job.elapsed > 0


def test_what_is_on_the_disk_stands_in_the_journal(world):
    job = world.job(seed=7)
    animation = job.run()
    (entry,) = world.journal.jobs()
    assert (entry.key, entry.state, entry.request, entry.kind) == (job.key, "succeeded", job.request, "relay")
    assert (entry.endpoint, entry.prediction) == (job.client.endpoint.url, job.prediction)
    assert (entry.size, entry.sha256) == (len(animation.data), hashlib.sha256(animation.data).hexdigest())
    assert entry.animation().data == animation.data
    assert list(world.journal.animations.iterdir()) == [entry.output] == [animation.path]


def test_start_returns_at_once_and_result_waits(world):
    world.engine.gate.clear()
    job = world.job().start()
    assert world.engine.begun.acquire(timeout=30)
    assert not job.finished
    with pytest.raises(JobTimeout, match="goes on"):
        job.result(timeout=0.01)
    world.engine.gate.set()
    assert job.result().data.startswith(b"GIF89a")
    assert job.result() is job.run() is job.animation
    assert len(world.listed()) == 1


def test_iterating_yields_every_new_snapshot(world):
    world.engine.gate.clear()
    job = world.job()
    seen = []
    for prediction in job:
        seen.append(prediction)
        assert job.prediction is prediction
        if prediction.step == 1:
            world.engine.gate.set()
    assert [prediction.status for prediction in seen[:1] + seen[-1:]] == ["starting", "succeeded"]
    assert all(one != other for one, other in itertools.pairwise(seen))
    assert job.state == "succeeded"
    assert list(job) == []
    assert len(world.listed()) == 1


def test_an_iteration_that_is_broken_off_goes_on_where_it_was(world):
    world.engine.gate.clear()
    job = world.job()
    for _ in job:
        break
    assert job.state == "running"
    world.engine.gate.set()
    assert job.run() is job.animation
    assert len(world.listed()) == 1


def test_a_job_can_be_run_to_its_end_within_its_own_iteration(world):
    job = world.job()
    for _ in job:
        job.run()
    assert job.state == "succeeded"
    assert len(world.listed()) == 1


def test_the_seed_is_drawn_once_and_written_down(world):
    job = world.job()
    seed = job.request.seed
    assert seed
    animation = job.run()
    assert world.engine.seeds == [seed]
    assert (animation.seed, world.journal.jobs()[0].request.seed, job.prediction.seed) == (seed, seed, seed)


def test_a_job_keeps_its_own_copy_of_the_request(world):
    request = AnimateDiffRequest(prompt="a boat", seed=7)
    job = Job(request, world.client(), journal=world.journal)
    request.prompt = "a whale"
    assert job.run().data.startswith(b"GIF89aa boat 7")
    assert request.seed == 7


# --- states -----------------------------------------------------------------------------------------------------------


def test_states_come_in_order_and_the_journal_knows_them_first(world):
    job = world.job()
    seen = []

    def changed(change) -> None:
        entry = world.journal.get(job.key)
        seen.append((change.new, entry.state))
        if change.new == "succeeded":
            assert job.animation.path == entry.output
            assert entry.animation() is not None

    job.observe(changed, "state")
    job.run()
    assert seen == [(state, state) for state in ("submitting", "running", "downloading", "succeeded")]


def test_every_answer_is_shown_and_its_status_written_down_first(world):
    job = world.job()
    seen = []

    def changed(change) -> None:
        seen.append(change.new.status)
        assert world.journal.get(job.key).prediction.status == change.new.status

    job.observe(changed, "prediction")
    job.run()
    assert seen[0] == "starting"
    assert seen[-1] == "succeeded"


def test_traits_cannot_be_set_from_outside(world):
    job = world.job()
    for name in ("state", "prediction", "error", "animation", "notice"):
        with pytest.raises(Exception, match="read-only"):
            setattr(job, name, getattr(job, name))


def test_each_step_is_written_before_the_next_is_taken(world, monkeypatch):
    events = []

    def spy(owner, name, describe) -> None:
        real = getattr(owner, name)

        def called(self, *arguments, **options):
            result = real(self, *arguments, **options)
            events.append(describe(*arguments, **options))
            return result

        monkeypatch.setattr(owner, name, called)

    spy(Journal, "begin", lambda *_, **__: "begin")
    spy(Journal, "record", lambda key, state, **known: (state, *known))
    spy(Journal, "see", lambda key: "see")
    spy(HostedBackend, "create", lambda body, job_id, cancel_after, previews: "create")
    spy(HostedBackend, "fetch", lambda url, to, **_: "download")
    # By when the server has it, the journal has it.
    world.engine.first = lambda: events.append([entry.state for entry in world.journal.jobs()])
    job = world.job()
    job.observe(lambda change: events.append(f"trait {change.new}"), "state")
    job.run()
    drawing = next(index for index, event in enumerate(events) if isinstance(event, list))
    assert events.pop(drawing) in (["submitting"], ["running"])
    # The endpoint is asked in a thread of its own: it may answer before the trait that tells of it has changed.
    asked = [event for event in events if not str(event).startswith("trait")]
    shown = [event for event in events if event not in ("create", "download")]
    end = ("succeeded", "prediction", "seconds", "output", "size", "sha256")
    assert asked[:3] == ["begin", "create", ("running", "prediction")]
    assert asked[-4:] == [("downloading",), "download", end, "see"]
    assert shown[:4] == ["begin", "trait submitting", ("running", "prediction"), "trait running"]
    assert shown[-5:] == [("downloading",), "trait downloading", end, "trait succeeded", "see"]


def test_a_file_is_on_the_disk_before_the_journal_says_so(world, monkeypatch):
    events = []

    def spy(owner, name, describe) -> None:
        real = getattr(owner, name)

        def called(*arguments, **options):
            events.append(describe(*arguments))
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, called)

    spy(os, "fsync", lambda handle: "sync folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "sync file")
    spy(os, "replace", lambda source, target: f"rename to {Path(target).suffix}")
    spy(Journal, "record", lambda journal, key, state: state)
    world.job().run()
    wanted = ["downloading", "sync file", "rename to .part", "rename to .gif", "sync folder", "succeeded"]
    assert [event for event in events if event in wanted] == wanted


def test_the_claim_is_held_until_the_last_word_is_written(world, monkeypatch):
    claimed = []
    real = Journal.record
    monkeypatch.setattr(
        Journal, "record", lambda self, key, *a, **b: claimed.append(self.claimed(key)) or real(self, key, *a, **b)
    )
    world.job().run()
    with pytest.raises(JobFailed):
        world.job(prompt="impossible").run()
    assert len(claimed) >= 6
    assert all(claimed)


def test_the_journal_holds_no_key(world):
    world.job().run()
    with pytest.raises(JobFailed):
        world.job(prompt="impossible").run()
    wrong = Job(
        AnimateDiffRequest(), Client(Endpoint.relay(world.server.base_url), "a-wrong-key"), journal=world.journal
    )
    with pytest.raises(AnimateDiffError):
        wrong.run()
    files = [path for path in world.journal.folder.rglob("*") if path.is_file()]
    assert len(files) >= 3
    for path in files:
        data = path.read_bytes()
        assert world.server.token.encode() not in data
        assert b"a-wrong-key" not in data


# --- pressed more than once -------------------------------------------------------------------------------------------


def test_however_often_it_is_run_it_is_posted_once(world):
    job = world.job()
    barrier = threading.Barrier(9)

    def press(number: int):
        barrier.wait()
        if number % 3 == 0:
            return job.start().result(30)
        if number % 3 == 1:
            return job.run()
        list(job)
        return job.animation

    with ThreadPoolExecutor(9) as pool:
        animations = list(pool.map(press, range(9)))
    assert all(animation is job.animation for animation in animations)
    assert len(world.listed()) == len(world.engine.seeds) == len(world.journal.jobs()) == 1


def test_no_thread_and_no_claim_is_left_behind(world):
    before = set(threading.enumerate())
    job = world.job().start()
    job.result()
    job._runner.thread.join(30)
    # The server's own timers come and go.
    assert not {each for each in set(threading.enumerate()) - before if not isinstance(each, threading.Timer)}
    assert [path.name for path in (world.journal.folder / "locks").iterdir()] == ["journal"]


def test_a_job_is_claimed_while_it_is_driven_and_free_after(world):
    world.engine.gate.clear()
    job = world.job()
    next(iter(job))
    assert world.journal.claimed(job.key)
    assert world.journal.to_pick_up() == []
    world.engine.gate.set()
    job.result(60)
    assert not world.journal.claimed(job.key)
    assert world.journal.to_pick_up() == []


def test_an_iteration_that_is_dropped_stops_nobody(world):
    world.engine.gate.clear()
    job = world.job()
    iteration = iter(job)
    next(iteration)
    del iteration
    gc.collect()
    world.engine.gate.set()
    assert job.result(60)
    abandoned = world.job()
    world.engine.gate.clear()
    kept = iter(abandoned)
    next(kept)
    abandoned.cancel()
    with pytest.raises(JobCanceled):
        abandoned.result(60)


def test_an_observer_that_raises_stops_neither_the_job_nor_who_waits(world):
    job = world.job()

    def fail(change):
        raise RuntimeError("an observer's own fault")

    for name in ("state", "prediction", "animation", "view"):
        job.observe(fail, name)
    assert job.start().result(60) is job.animation
    assert job.view.state == job.state == "succeeded"


def test_what_a_job_shows_is_one_value_that_its_traits_follow(world):
    job, views = world.job(), []
    job.observe(lambda change: views.append((change.new, job.state, job.prediction, job.animation)), "view")
    job.result(60)
    assert [state for _, state, *_ in views][-1] == "succeeded"
    for view, state, prediction, animation in views:
        assert (view.state, view.prediction, view.animation) == (state, prediction, animation)
    assert hash(job.view)


def test_nothing_that_is_changed_later_reaches_a_job(world):
    request = AnimateDiffRequest(prompt="a boat", steps=2, seed=7, extra_input={"a": [1]})
    job = Job(request, world.client(), journal=world.journal)
    request.prompt = "another"
    request.extra_input["a"].append(2)
    job.request.steps = 99
    job.run()
    job.animation.request.steps = 98
    entry = world.journal.get(job.key)
    entry.request.steps = 97
    assert job.request == job.animation.request == entry.request
    assert (job.request.prompt, job.request.steps, job.request.extra_input) == ("a boat", 2, {"a": [1]})
    assert world.listed()[0].raw["input"]["a"] == [1]
    assert len({entry, world.journal.get(job.key)}) == 1, "entries are frozen values"


@pytest.mark.parametrize(("timeout", "header"), [(90, "90s"), (12.5, "13s"), (1, "5s"), (math.inf, None), (1e9, None)])
def test_the_endpoint_is_told_when_to_give_a_forgotten_job_up(world, monkeypatch, timeout, header):
    told = []
    send = Transport.send

    def listen(self, method, url, what, **options):
        if method == "POST":
            told.append(options["headers"].get("Cancel-After"))
        return send(self, method, url, what, **options)

    monkeypatch.setattr(Transport, "send", listen)
    assert world.job(timeout=timeout).run()
    assert told == [header]


def test_a_job_is_canceled_while_it_runs(world):
    world.engine.gate.clear()
    job = world.job().start()
    assert world.engine.begun.acquire(timeout=30)
    job.cancel()
    with pytest.raises(JobCanceled, match="canceled"):
        job.result()
    assert (job.state, job.animation, world.journal.jobs()[0].state) == ("canceled", None, "canceled")
    assert [prediction.status for prediction in world.listed()] == ["canceled"]


def test_a_job_that_is_canceled_before_it_starts_is_never_sent(world):
    job = world.job()
    job.cancel()
    with pytest.raises(JobCanceled, match="before it was sent"):
        job.result()
    assert world.listed() == []
    assert world.journal.jobs() == []


def test_canceling_a_finished_job_changes_nothing(world):
    job = world.job()
    animation = job.run()
    job.cancel()
    assert job.result() is animation
    assert job.state == "succeeded"


def test_an_interrupt_cancels_the_job_at_the_server(world):
    world.engine.gate.clear()
    job = world.job()

    def changed(change) -> None:
        if change.new.status == "processing":
            job.unobserve_all()
            signal.raise_signal(signal.SIGINT)

    job.observe(changed, "prediction")
    with pytest.raises(KeyboardInterrupt):
        job.run()
    assert (job.state, world.journal.jobs()[0].state) == ("canceled", "canceled")
    assert [prediction.status for prediction in world.listed()] == ["canceled"]


def test_a_model_that_fails_is_told_in_its_own_words(world):
    job = world.job(prompt="an impossible triangle")
    with pytest.raises(JobFailed, match="This cannot be drawn: it is impossible"):
        job.run()
    assert (job.state, str(job.error)) == ("failed", str(world.journal.jobs()[0].error))
    with pytest.raises(JobFailed, match="impossible"):
        job.result()
    assert len(world.listed()) == 1
    assert world.journal.to_pick_up() == []


def test_a_job_that_is_waited_for_too_long_is_left_and_can_be_taken_up(world):
    world.engine.gate.clear()
    job = world.job(timeout=0.5)
    with pytest.raises(JobTimeout, match="journal"):
        job.run()
    assert job.state == "left"
    assert [entry.key for entry in world.journal.to_pick_up()] == [job.key]


# --- a journal in trouble ---------------------------------------------------------------------------------------------


def test_without_a_journal_nothing_is_posted(world, tmp_path):
    (tmp_path / "file").write_text("")
    job = Job(AnimateDiffRequest(), world.client(), journal=Journal(tmp_path / "file" / "journal"))
    with pytest.raises(JournalError, match="ANIMATEDIFF_WIDGET_HOME"):
        job.run()
    assert job.state == "failed"
    assert world.listed() == []


def test_a_journal_that_is_damaged_meanwhile_does_not_stop_the_job(world):
    world.engine.gate.clear()
    job = world.job()
    for prediction in job:
        if not world.engine.gate.is_set():
            assert prediction.id
            (world.journal.folder / "journal.sqlite3").write_bytes(b"damaged" * 1000)
            world.engine.gate.set()
    assert job.state == "succeeded"
    (entry,) = world.journal.jobs()
    assert (entry.key, entry.state, entry.request) == (job.key, "succeeded", job.request)
    assert entry.animation().data == job.animation.data
    assert "damaged" in str(world.journal.report)


def test_many_jobs_at_once_share_a_journal(world):
    jobs = [world.job(seed=seed).start() for seed in range(1, 9)]
    for job in jobs:
        assert f"a boat {job.request.seed}".encode() in job.result().data
    assert sorted(world.engine.seeds) == list(range(1, 9))
    assert {entry.state for entry in world.journal.jobs()} == {"succeeded"}
    deadline = time.monotonic() + 30
    while any(job._runner.thread.is_alive() for job in jobs) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(world.journal.claimed(job.key) for job in jobs)


def test_only_a_job_that_nobody_waited_for_is_offered_as_unseen(world):
    for _ in world.job():
        pass
    world.job().run()
    world.job().start().result(30)
    assert world.journal.to_pick_up() == []
    job = world.job().start()
    job._runner.thread.join(30)
    assert [entry.key for entry in world.journal.to_pick_up()] == [job.key]
