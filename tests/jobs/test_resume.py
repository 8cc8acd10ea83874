"""Taking up what an earlier session left, against the real built-in server."""

from __future__ import annotations

import base64
import contextlib
import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import misbehaving as bad
import pytest
from misbehaving import CLIP, Misbehaving, status
from test_job import World, world_in

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job, Journal, Prediction
from animatediff_widget.backends.hosted import HostedBackend
from animatediff_widget.cli import main
from animatediff_widget.errors import (
    AnimateDiffError,
    AnswerLost,
    EndpointError,
    JobCanceled,
    JobError,
    JobFailed,
    JournalError,
    NothingToFollow,
    OutputError,
)
from animatediff_widget.journal import JournalEntry
from animatediff_widget.model.body import Body

REQUEST = AnimateDiffRequest(prompt="a boat", steps=2, seed=7)
BODY = Body.of(REQUEST)


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr("animatediff_widget.jobs.submission._SEARCHES", (0.01, 0.05))


@pytest.fixture
def world(tmp_path, monkeypatch) -> Iterator[World]:
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_HOME", str(tmp_path / "journal"))
    with world_in(tmp_path / "journal") as world:
        yield world


def abandon(world: World, state: str = "running", *, open_gate: bool = True, **fields) -> str:
    """Post a job, and leave it as a session does that is killed then; give its key."""
    world.engine.gate.clear()
    with world.client() as client:
        body = Body.of(AnimateDiffRequest(**{"prompt": "a boat", "steps": 2, "seed": 7, **fields}))
        key = world.journal.begin(body, client.endpoint)
        prediction = client.create(body)
    world.journal.record(key, "running", prediction=prediction)
    if open_gate:
        world.engine.gate.set()
    if state in ("downloading", "succeeded"):
        world.journal.record(key, state, prediction=ended(world, prediction.id))
    return key


def finish(world: World, **fields) -> str:
    """Run a job to its end in the background, with nobody there to see; give its key."""
    job = world.job(**{"seed": 7, **fields}).start()
    job._runner.thread.join(60)
    assert job.state == "succeeded"
    return job.key


def ended(world: World, prediction_id: str) -> Prediction:
    with world.client() as client:
        while not (prediction := client.get(prediction_id)).done:
            time.sleep(0.01)
    return prediction


def resume(world: World, key: str, **options) -> Job:
    entry = world.journal.get(key)
    assert entry is not None
    return Job.resume(entry, world.client(), journal=world.journal, timeout=60, **options)


def long_after(entry: JournalEntry) -> JournalEntry:
    """Give a job as it stands when the endpoint has deleted what it made."""
    return replace(entry, created=entry.created - 2 * 3600)


def posts(world: World) -> int:
    return len(world.listed())


# --- where it was left ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["running", "downloading", "left", "unknown"])
def test_a_job_with_an_id_is_followed_to_its_end(world, state):
    key = abandon(world)
    world.journal.record(key, state)
    job = resume(world, key)
    assert (job.state, job.finished, job.key) == ("running", False, key)
    animation = job.run()
    assert b"a boat 7" in animation.data
    entry = world.journal.get(key)
    assert (entry.state, entry.seen, entry.output) == ("succeeded", True, animation.path)
    assert entry.animation().data == animation.data
    assert posts(world) == len(world.engine.seeds) == len(world.journal.jobs()) == 1


def test_a_resumed_job_is_run_as_any_other(world):
    keys = [abandon(world, seed=seed) for seed in (1, 2, 3)]
    started = resume(world, keys[0]).start()
    iterated = resume(world, keys[1])
    statuses = [prediction.status for prediction in iterated]
    waited = resume(world, keys[2])
    for seed, job in enumerate((started, iterated, waited), 1):
        assert f"a boat {seed}".encode() in job.result(60).data
    assert statuses[-1] == "succeeded"
    assert posts(world) == 3


def test_a_resumed_job_can_be_canceled(world):
    key = abandon(world, open_gate=False)
    job = resume(world, key)
    job.cancel()
    with pytest.raises(JobCanceled):
        job.result(60)
    assert world.journal.get(key).state == "canceled"
    assert [prediction.status for prediction in world.listed()] == ["canceled"]


def test_what_was_downloaded_halfway_is_downloaded_anew(world):
    key = abandon(world, "downloading")
    world.journal.animations.mkdir()
    (world.journal.animations / f"{key}.part").write_bytes(b"GIF89a, half of it")
    animation = resume(world, key).run()
    assert animation.data.endswith(b"a boat 7")
    assert list(world.journal.animations.iterdir()) == [animation.path]


def test_a_file_inside_the_answer_is_asked_for_again_after_a_kill(tmp_path, monkeypatch):
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_HOME", str(tmp_path / "home"))
    with Misbehaving() as server:
        server.output = "data:image/webp;base64," + base64.b64encode(CLIP * 50).decode()
        client = Client(server.endpoint, "a-key-of-the-relay")
        journal = Journal()
        created = client.create(BODY)
        while not (prediction := client.get(created.id)).done:
            pass
        key = journal.begin(BODY, server.endpoint)
        journal.record(key, "downloading", prediction=prediction)
        assert journal.get(key).prediction.outputs == ()
        assert Job.resume(journal.get(key), client).run().data == CLIP * 50


def test_a_file_that_the_journal_does_not_know_yet_is_taken(world):
    key = abandon(world, "downloading")
    world.journal.animations.mkdir()
    (world.journal.animations / f"{key}.gif").write_bytes(b"GIF89a whole")
    world.server.close()
    animation = resume(world, key).run()
    assert animation.data == b"GIF89a whole"
    entry = world.journal.get(key)
    assert (entry.state, entry.output, entry.size) == ("succeeded", animation.path, 12)
    assert entry.animation().data == animation.data


def test_an_answer_that_came_after_the_end_of_the_session_is_found(world):
    key = world.journal.begin(BODY, world.client().endpoint)
    with world.client() as client:
        created = client.create(REQUEST)
    job = resume(world, key)
    assert job.state == "submitting"
    job.run()
    assert job.prediction.id == created.id
    assert world.journal.get(created.id).key == key
    assert posts(world) == 1


@pytest.mark.parametrize("off", [-86400 * 400, -7200, 7200, 80000])
def test_where_the_clock_was_wrong_when_a_job_was_posted_the_person_is_asked_and_nothing_is_lost(
    world, off, monkeypatch
):
    now = time.time
    with monkeypatch.context() as wrong:
        wrong.setattr("animatediff_widget.journal.sqlite.time.time", lambda: now() + off)
        key = world.journal.begin(BODY, world.client().endpoint)
    with world.client() as client:
        created = client.create(REQUEST)
    job = resume(world, key)
    with pytest.raises(AnswerLost, match=f"may be this job: {created.id}"):
        job.run()
    assert [candidate.id for candidate in job.view.candidates] == [created.id]
    assert resume(world, key, adopt=created.id).run().data.endswith(b"a boat 7")


def test_a_job_that_never_arrived_is_unknown_and_says_what_to_check(world):
    key = world.journal.begin(BODY, world.client().endpoint)
    job = resume(world, key)
    with pytest.raises(AnswerLost, match=r"session.*ended.*Look there before you run it again"):
        job.run()
    assert (job.state, world.journal.get(key).state) == ("unknown", "unknown")
    assert [entry.key for entry in world.journal.to_pick_up()] == [key]
    world.journal.see(key)
    assert world.journal.to_pick_up() == []
    assert posts(world) == 0


def test_of_lost_jobs_that_are_alike_each_asks_which_is_its_own_and_gets_one(world):
    keys = [world.journal.begin(BODY, world.client().endpoint) for _ in range(3)]
    with world.client() as client:
        created = {client.create(REQUEST).id for _ in range(2)}
    for key in keys:
        job = resume(world, key)
        with pytest.raises(AnswerLost, match="may be this job"):
            job.run()
        assert {candidate.id for candidate in job.view.candidates} == created
    for key, own in zip(keys, created, strict=False):
        job = resume(world, key, adopt=own)
        job.run()
        assert job.prediction.id == own
        with pytest.raises(AnswerLost, match="another job of the journal"):
            resume(world, keys[2], adopt=own).run()
    with pytest.raises(JobError, match="known at the endpoint as"):
        resume(world, keys[0], adopt="another")
    for name in ("", " ", "..", "a\nb"):
        with pytest.raises(JobError, match="is not the id of a job"):
            resume(world, keys[2], adopt=name)
    assert posts(world) == 2


def test_a_job_of_another_is_never_adopted(world):
    finish(world, seed=7)
    key = world.journal.begin(BODY, world.client().endpoint)
    with pytest.raises(AnswerLost):
        resume(world, key).run()


@pytest.mark.parametrize(("state", "error"), [("failed", JobFailed), ("canceled", JobCanceled)])
def test_a_job_that_ended_before_it_was_sent_stays_ended(world, state, error):
    key = world.journal.begin(BODY, world.client().endpoint)
    world.journal.record(key, state, error="It was refused: steps.")
    with pytest.raises(error, match="refused: steps"):
        resume(world, key).run()
    assert world.journal.get(key).state == state


@pytest.mark.parametrize("upstream", ["upstreams-own", None])
def test_after_a_kill_a_job_is_asked_for_by_the_id_that_its_creation_was_answered_with(tmp_path, upstream):
    """A relay passes on what its upstream says, whose ids are others, or leaves the id out."""
    code = f"""
        import os, sys
        from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job, Journal
        job = Job(AnimateDiffRequest(seed=7), Client(Endpoint.relay(sys.argv[1])), journal=Journal({str(tmp_path)!r}))
        job.observe(lambda change: change.new.status == "processing" and os._exit(9), "prediction")
        job.run()
    """
    with Misbehaving(polls=2) as server:
        real = server._get

        def get(call):
            caught, call.sock = call.sock, bad._Catcher()
            real(call)
            written, call.sock = call.sock.written, caught
            call.json(200, {**json.loads(written.partition(b"\r\n\r\n")[2]), "id": upstream})

        server._get = get
        killed = subprocess.run([sys.executable, "-c", textwrap.dedent(code), server.url], timeout=60, check=False)
        assert killed.returncode == 9
        journal = Journal(tmp_path)
        (entry,) = journal.to_pick_up()
        assert entry.prediction.status == "processing"
        job = Job.resume(entry, Client(server.endpoint), journal=journal)
        assert job.run().data == CLIP
        assert {seen.path.rpartition("/")[2] for seen in server.asked("get")} == {"job001"}
        assert (job.prediction.id, server.creates) == ("job001", 1)


def test_a_job_without_an_id_has_nothing_to_follow(world):
    key = world.journal.begin(BODY, world.client().endpoint)
    world.journal.record(key, "running", prediction=Prediction.from_json({}))
    with pytest.raises(NothingToFollow, match="no id"):
        resume(world, key).run()
    assert world.journal.get(key).state == "accepted"


def test_a_damaged_record_without_an_id_is_given_up(world):
    key = world.journal.begin(BODY, world.client().endpoint)
    entry = replace(world.journal.get(key), body=Body("{"))
    job = Job.resume(entry, world.client(), journal=Journal(world.journal.folder / "elsewhere"))
    with pytest.raises(JobFailed, match="damaged"):
        job.run()


# --- finished, and on the disk or not ---------------------------------------------------------------------------------


def test_a_finished_job_is_there_at_once_without_any_network(world):
    key = finish(world)
    world.server.close()
    (entry,) = world.journal.to_pick_up()
    job = Job.resume(entry, world.client(), journal=world.journal)
    assert (job.state, job.finished) == ("succeeded", True)
    assert job.start().result(0).data == job.animation.data == job.run().data
    assert job.prediction == job.animation.prediction == entry.prediction
    assert list(job) == []
    assert job._runner.thread is None
    assert world.journal.get(key).seen


def test_looking_at_a_finished_job_does_not_mark_it_as_seen(world):
    key = finish(world)
    job = resume(world, key)
    assert job.animation is not None
    assert not world.journal.get(key).seen
    job.result()
    assert world.journal.get(key).seen


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink,
        lambda path: path.write_bytes(b"GIF89a"),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"!"),
    ],
)
def test_a_missing_or_damaged_file_is_downloaded_again(world, damage):
    key = finish(world)
    entry = world.journal.get(key)
    data = entry.animation().data
    damage(entry.output)
    assert entry.animation() is None
    job = Job.resume(entry, world.client(), journal=world.journal)
    assert job.run().data == entry.output.read_bytes() == data
    assert world.journal.get(key).animation().data == data
    assert posts(world) == 1


def test_a_missing_file_whose_source_is_gone_ends_in_a_sentence_and_is_not_offered_again(tmp_path):
    with world_in(tmp_path / "journal", keep=1) as world:
        key = finish(world)
        entry = world.journal.get(key)
        entry.output.unlink()
        world.journal.see(finish(world, seed=8))  # the server has room for one
        job = Job.resume(long_after(entry), world.client(), journal=world.journal)
        with pytest.raises(OutputError, match="gone"):
            job.run()
        assert (job.state, world.journal.get(key).state) == ("failed", "failed")
        assert world.journal.to_pick_up() == []


def test_data_that_was_removed_ends_in_a_sentence(tmp_path):
    with world_in(tmp_path / "journal", output_lifetime=0.1) as world:
        key = abandon(world)
        while not ended(world, world.journal.get(key).prediction.id).raw["data_removed"]:
            time.sleep(0.02)
        job = resume(world, key)
        with pytest.raises(OutputError, match="gone"):
            job.run()
        assert job.prediction.raw["data_removed"] is True
        assert world.journal.get(key).state == "failed"
        assert world.journal.to_pick_up() == []


def test_a_job_that_the_endpoint_has_forgotten_ends_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("animatediff_widget.jobs.following._REFUSALS", 1)
    with world_in(tmp_path / "journal", keep=1) as world:
        key = abandon(world)
        ended(world, world.journal.get(key).prediction.id)
        finish(world, seed=8)
        job = Job.resume(long_after(world.journal.get(key)), world.client(), journal=world.journal)
        with pytest.raises(EndpointError, match=r"no longer knows this job \(404\)"):
            job.run()
        assert (job.state, world.journal.get(key).state) == ("failed", "failed")


def test_a_job_that_the_endpoint_does_not_know_for_this_key_is_kept(server, waits):
    server.always["get"] = status(404)
    server.jobs["job001"] = {}
    key = Journal().begin(Body.of(AnimateDiffRequest(seed=7)), server.endpoint)
    Journal().record(key, "running", prediction=Prediction.from_json({"id": "job001", "status": "processing"}))
    job = Job.resume(Journal().get(key), Client(server.endpoint, "the-key-of-another-account"))
    with pytest.raises(EndpointError, match="another account"):
        job.run()
    assert [entry.key for entry in Journal().to_pick_up()] == [key]


# --- one at a time ----------------------------------------------------------------------------------------------------


def test_a_job_that_runs_elsewhere_is_not_resumed(world):
    key = abandon(world)
    before = world.journal.get(key)
    with world.journal.claim(key):
        job = resume(world, key)
        with pytest.raises(JobError, match="Another"):
            job.run()
        assert job.state == "left"
    assert world.journal.get(key) == before
    assert resume(world, key).run()


def test_of_many_that_resume_one_does_and_nothing_is_fetched_twice(world, monkeypatch):
    key = abandon(world)
    entry = world.journal.get(key)
    downloads = []
    real = HostedBackend.fetch

    def fetch(self, *arguments):
        downloads.append(arguments)
        return real(self, *arguments)

    monkeypatch.setattr(HostedBackend, "fetch", fetch)
    barrier = threading.Barrier(8)

    def take_up(_: int) -> str:
        job = Job.resume(entry, world.client(), journal=Journal(world.journal.folder), timeout=60)
        barrier.wait()
        with contextlib.suppress(JobError):
            job.run()
        assert job.error is None or "Another" in str(job.error)
        return job.state

    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(take_up, range(8)))
    assert len(downloads) == 1
    assert "succeeded" in states
    assert set(states) <= {"succeeded", "left"}
    assert world.journal.get(key).state == "succeeded"


def test_what_another_has_finished_meanwhile_is_only_loaded(world):
    key = abandon(world)
    late = resume(world, key)
    animation = resume(world, key).run()
    world.server.close()
    assert late.run().data == animation.data


# --- where it was posted to -------------------------------------------------------------------------------------------


def test_the_endpoint_is_found_by_its_url(world, monkeypatch):
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", world.server.token)
    job = Job.resume(world.journal.get(abandon(world)))
    assert job.client.endpoint.kind == "relay"
    assert job.run()


@pytest.mark.parametrize("state", ["submitting", "running", "left", "succeeded"])
def test_a_job_of_a_built_in_server_that_is_gone_is_run_again_from_its_body(world, state):
    key = world.journal.begin(BODY, Endpoint.builtin())
    gone = {"id": "of-another-process", "status": "processing"}
    if state in ("left", "succeeded"):  # its animation could not be written, or was deleted
        gone |= {"status": "succeeded", "output": "http://127.0.0.1:1/files/of-another-process.webp"}
    if state != "submitting":
        world.journal.record(key, state, prediction=Prediction.from_json(gone))
    animation = Job.resume(world.journal.get(key)).run()
    entry = world.journal.get(key)
    assert (entry.state, entry.output, entry.body) == ("succeeded", animation.path, BODY)
    assert animation.data == Job(REQUEST, Client(Endpoint.builtin())).run().data, "the same seed gives the same clip"
    assert world.journal.to_pick_up() == []


def test_a_job_that_runs_when_its_process_ends_is_not_canceled_and_is_run_again(tmp_path):
    code = """
        import sys
        from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job, Journal
        job = Job(AnimateDiffRequest(prompt="a boat", steps=100, seed=7), Client(Endpoint.builtin()))
        next(iter(job))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    (entry,) = Journal().to_pick_up()
    assert entry.state == "running"
    assert Job.resume(entry).run().seed == 7


def test_a_job_of_the_first_versions_built_in_server_is_run_again_and_no_key_goes_there(world, monkeypatch):
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", "a-key-that-must-not-travel")
    old = Endpoint("builtin", world.server.base_url + "/replicate/v1/predictions", "")
    key = world.journal.begin(BODY, old)
    job = Job.resume(world.journal.get(key))
    assert job.client.endpoint == Endpoint.builtin()
    assert job.run()
    assert posts(world) == 0


def test_the_built_in_server_of_this_session_goes_on(world):
    job = Job(AnimateDiffRequest(prompt="a boat", steps=100, seed=7), Client(Endpoint.builtin()), journal=world.journal)
    taken = Job.resume(world.journal.get(job.start().result(60) and job.key))
    assert taken.animation.data == job.animation.data
    with Client(Endpoint.builtin()) as client:
        body = Body.of(REQUEST)
        key = world.journal.begin(body, client.endpoint)
        created = client.create(body)
        world.journal.record(key, "running", prediction=created)
    again = Job.resume(world.journal.get(key))
    assert again.run()
    assert again.prediction.id == created.id, "it was followed, not run again"


def test_a_record_gives_its_endpoint():
    assert Endpoint.restore(Endpoint.replicate().url, "replicate") == Endpoint.replicate()
    assert Endpoint.restore(Endpoint.replicate().url, None) == Endpoint.replicate()
    relay = Endpoint.relay("https://relay.example/base")
    assert Endpoint.restore(relay.url, None) == relay
    assert Endpoint.restore("builtin", "builtin") == Endpoint.builtin()
    assert Endpoint.restore("http://127.0.0.1:5/replicate/v1/predictions", None) == Endpoint.builtin()
    assert Endpoint.restore("http://127.0.0.1:5/replicate/v1/predictions", "relay").key_variable
    assert Endpoint.restore("https://cog.example/v1/predictions", None).url == "https://cog.example/v1/predictions"
    for url in ("", "nonsense", "file:///etc/passwd", "https://user:key@relay.example/replicate/v1/predictions"):
        with pytest.raises(AnimateDiffError):
            Endpoint.restore(url, None)


# --- started elsewhere ------------------------------------------------------------------------------------------------


def test_a_job_that_was_started_elsewhere_is_followed_saved_and_journaled(world):
    world.engine.gate.clear()
    with world.client() as client:
        created = client.create(REQUEST)
    endpoint, token = world.client().endpoint, world.server.token
    job = Job.attach(endpoint, created.id, token=token, journal=world.journal)
    assert (job.state, job.prediction.id, job.body) == ("running", created.id, BODY)
    world.engine.gate.set()
    animation = job.run()
    entry = world.journal.get(created.id)
    assert (entry.state, entry.output, entry.request) == ("succeeded", animation.path, REQUEST)
    again = Job.attach(endpoint, created.id, token=token, journal=world.journal)
    assert again.key == job.key
    assert again.run().data == animation.data
    assert (posts(world), len(world.journal.jobs())) == (1, 1)


def test_of_an_attaching_that_cannot_be_written_down_nothing_stays(world, monkeypatch):
    with world.client() as client:
        created = client.create(REQUEST)
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "record", lambda *_, **__: fail_to_write())
        with pytest.raises(JournalError):
            Job.attach(world.client().endpoint, created.id, token=world.server.token, journal=world.journal)
    assert world.journal.jobs() == [], "it would be offered as a job that was posted, and whose answer was lost"


def fail_to_write():
    raise JournalError("the disk is full")


def test_a_job_that_nobody_knows_cannot_be_attached(world):
    with pytest.raises(EndpointError, match="404"):
        Job.attach(world.client().endpoint, "no-such-job", token=world.server.token, journal=world.journal)
    assert world.journal.jobs() == []


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def shell(world, monkeypatch, capsys):
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", world.server.token)

    def run(*arguments: str) -> tuple[int, list[str], list[str]]:
        try:
            code = main(arguments)
        except SystemExit as exit_:
            code = exit_.code
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    return run


def test_jobs_lists_what_is_in_the_journal(world, shell):
    assert shell("jobs") == (0, [], ["No job yet."])
    done = finish(world, prompt="a boat on the sea\n\x1b[31mred 桜桜桜桜桜桜桜桜桜桜桜桜桜桜桜桜桜桜桜桜桜")
    left = abandon(world, seed=8)
    code, out, err = shell("jobs")
    assert (code, err, len(out)) == (0, [], 3)
    assert out[0].split() == ["KEY", "DATE", "STATE", "SEED", "PROMPT", "FILE"]
    assert out[1].startswith(left[:8])
    assert " running " in out[1]
    assert out[2].endswith(str(world.journal.get(done).output))
    assert "\x1b" not in out[2]
    assert "a boat on the sea" in out[2]
    assert [line.split()[0] for line in shell("jobs", "--limit", "1")[1]] == ["KEY", left[:8]]
    assert len(shell("jobs", "--unfinished")[1]) == 2


def test_jobs_are_told_as_json(world, shell):
    key = finish(world)
    code, out, _ = shell("jobs", "--json")
    (job,) = json.loads("\n".join(out))
    assert code == 0
    assert (job["key"], job["state"], job["seed"], job["prompt"], job["seen"]) == (key, "succeeded", 7, "a boat", False)
    assert job["file"] == str(world.journal.get(key).output)
    assert shell("jobs", "--json", "--unfinished")[1] == ["[]"]


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", ""])
def test_a_wrong_limit_is_refused_in_a_sentence(shell, limit):
    code, out, err = shell("jobs", f"--limit={limit}")
    assert (code, out, len(err)) == (2, [], 1)


def test_resume_takes_up_all_there_is(world, shell):
    assert shell("resume") == (0, [], ["There is nothing to resume."])
    keys = [finish(world, seed=1), abandon(world, seed=2)]
    finish(world, seed=3)
    world.journal.see(world.journal.jobs(1)[0].key)
    code, out, err = shell("resume")
    assert (code, err) == (0, [])
    assert out == [str(world.journal.get(key).output) for key in reversed(keys)]
    assert shell("resume")[2] == ["There is nothing to resume."]
    assert posts(world) == 3


def test_resume_takes_keys_their_beginnings_and_ids(world, shell):
    keys = [abandon(world, seed=seed) for seed in (1, 2, 3)]
    code, out, _ = shell("resume", keys[0], keys[1][:12], world.journal.get(keys[2]).prediction.id, keys[0])
    assert code == 0
    assert out == [str(world.journal.get(key).output) for key in keys]


def test_resume_refuses_a_key_that_names_no_job_or_several(world, shell):
    abandon(world, seed=1)
    abandon(world, seed=2)
    code, out, err = shell("resume", "nothing")
    assert (code, out, len(err)) == (2, [], 1)
    code, out, err = shell("resume", "")
    assert (code, out, len(err)) == (2, [], 1)
    assert "more than one" in err[0]


def test_resume_all_goes_on_after_a_record_whose_key_is_damaged(world, shell):
    damaged, good = world.journal.begin(BODY, world.client().endpoint, key="dam/aged"), abandon(world, seed=1)
    world.journal.see(damaged)
    world.journal.record(damaged, "unknown")
    world.journal.see(damaged)
    code, out, err = shell("resume", "--all")
    assert (code, out, len(err)) == (1, [str(world.journal.get(good).output)], 1)
    assert "'dam/aged' is not a key of the journal" in err[0]


def test_resume_goes_on_after_a_job_that_ends_badly(world, shell):
    good = abandon(world, seed=1)
    bad = abandon(world, seed=2, prompt="an impossible triangle")
    lost = world.journal.begin(BODY, world.client().endpoint)
    code, out, err = shell("resume")
    assert code == 1
    assert out == [str(world.journal.get(good).output)]
    assert len(err) == 2
    assert err[0].startswith(f"{lost[:8]}: ")
    assert "Look there" in err[0]
    assert err[1].startswith(f"{bad[:8]}: The model failed: This cannot be drawn: it is impossible")
    world.journal.see(lost)
    assert shell("resume")[2] == ["There is nothing to resume."]
    assert shell("resume", "--all")[0] == 1


@pytest.mark.parametrize("named", [True, False])
def test_a_job_that_was_found_is_canceled_at_the_second_press_in_a_later_session_too(world, named):
    key = world.journal.begin(BODY, world.client().endpoint)
    world.engine.gate.clear()
    with world.client() as client:
        assert world.journal.adopt(key, client.create(REQUEST), named=named)
    job, notices = resume(world, key), []
    assert job.view.adopted is not named
    job.observe(lambda change: "once more" in change.new and (notices.append(change.new), job.cancel()), "notice")
    job.cancel()
    with pytest.raises(JobCanceled):
        job.result(60)
    assert len(notices) == (not named)


def test_resume_is_told_which_job_it_is(world, shell):
    first, second = (world.journal.begin(BODY, world.client().endpoint) for _ in range(2))
    with world.client() as client:
        created = [client.create(REQUEST).id for _ in range(2)]
    code, out, err = shell("resume", first)
    assert (code, out) == (1, [])
    assert all(f"{name} (2" in err[0] for name in created)
    code, out, err = shell("resume", first, "--id", created[0])
    assert (code, out, err) == (0, [str(world.journal.get(created[0]).output)], [])
    assert shell("resume", second)[0] == 0, "one is left, so it is that one"
    for arguments in (("--id", "x"), (first, second, "--id", "x")):
        assert shell("resume", *arguments)[0] == 2


def test_an_interrupt_of_resume_cancels_the_job_and_says_so(world, shell, monkeypatch):
    key = abandon(world, open_gate=False)
    main_thread, real = threading.main_thread().ident, HostedBackend.watch

    def interrupted(self, *arguments):
        monkeypatch.setattr(HostedBackend, "watch", real)
        signal.pthread_kill(main_thread, signal.SIGINT)
        return real(self, *arguments)

    monkeypatch.setattr(HostedBackend, "watch", interrupted)
    code, out, err = shell("resume", key)
    assert (code, out) == (130, [])
    assert err[0] == f"{key[:8]}: The job was canceled."
    assert world.journal.get(key).state == "canceled"


def test_the_command_line_says_when_the_journal_was_damaged(world, shell):
    finish(world)
    (world.journal.folder / "journal.sqlite3").write_bytes(b"damaged" * 999)
    code, _, err = shell("jobs")
    assert code == 0
    assert "damaged" in err[0]
