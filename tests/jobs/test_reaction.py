"""A job that is canceled, interrupted, or out of time does not wait for an endpoint that keeps silent."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import misbehaving as bad
import pytest
from faults import KEY, a_client
from misbehaving import CLIP, Misbehaving, says

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job, Journal
from animatediff_widget.errors import AnimateDiffError, AnswerLost, ConnectionFailed, JobCanceled, JobError, JobTimeout
from animatediff_widget.jobs.control import Control, beside
from animatediff_widget.journal.locks import gate

LONG = 60.0  # longer than any test: who waits for it has not reacted
SOON = 20.0  # as long as a test waits for what takes a second on a machine that is not busy


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr("animatediff_widget.jobs.control.GRACE", 0.3)
    monkeypatch.setattr("animatediff_widget.jobs.context._UNCONFIRMED", 0.3)
    monkeypatch.setattr("animatediff_widget.jobs.drivers.LEAST", 0.2)
    monkeypatch.setattr("animatediff_widget.jobs.submission._SEARCHES", (0.1, 0.2, 0.3))


def a_job(server: Misbehaving, *, timeout: float = LONG) -> Job:
    patient = {"answer_timeout": LONG, "read_timeout": LONG, "download_timeout": LONG}
    return Job(AnimateDiffRequest(prompt="a boat", steps=3), a_client(server, **patient), timeout=timeout)


class Silence:
    """Answers nothing until it is over, and then well."""

    def __init__(self) -> None:
        self.begun, self.over = threading.Event(), threading.Event()

    def __call__(self, call) -> None:
        answer = call.well()
        self.begun.set()
        self.over.wait(LONG)
        call.sock.sendall(answer)


def canceled_in(silence: Silence, job: Job) -> AnimateDiffError:
    """Cancel a job while the server keeps silent; give how it ends."""
    job.start()
    assert silence.begun.wait(SOON)
    job.cancel()
    with pytest.raises(AnimateDiffError) as ending:
        job.result(SOON)
    assert job.finished, "it goes on in the background"
    assert Journal().get(job.key).state == job.state
    return ending.value


def wait_until(condition) -> None:
    for _ in range(int(SOON / 0.02)):
        if condition():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it never came true")


@pytest.mark.parametrize("listing", ["none", "silent", "too late"])
def test_a_cancel_while_the_post_hangs_ends_as_unknown_and_cancels_what_comes_late(listing):
    silence = Silence()
    with Misbehaving(listing=listing != "none") as server:
        server.scripts["create"] = [silence]
        if listing != "none":
            server.always["list"] = bad.hang if listing == "silent" else says(b'{"results": []}')
        job = a_job(server)
        assert isinstance(canceled_in(silence, job), AnswerLost)
        assert job.state == "unknown"
        assert [entry.key for entry in Journal().to_pick_up()] == [job.key]
        silence.over.set()
        wait_until(lambda: server.jobs["job001"]["status"] == "canceled")
        assert Journal().get("job001", endpoint=job.client.endpoint.url).key == job.key
        assert len(server.asked("create")) == 1
        with pytest.raises(JobCanceled):
            Job.resume(Journal().get(job.key), a_client(server)).run()


def test_a_post_that_is_cut_off_by_the_time_is_found_again(server):
    silence = Silence()
    server.scripts["create"] = [silence]
    server.always["list"] = bad.hang
    job = a_job(server, timeout=0.5)
    with pytest.raises(AnswerLost):
        job.result(SOON)
    silence.over.set()
    wait_until(lambda: Journal().get(job.key).prediction_id == "job001")
    assert server.jobs["job001"]["status"] != "canceled", "nobody wanted that; the endpoint was told the deadline"
    server.always.clear()
    assert Job.resume(Journal().get(job.key), a_client(server)).run().data == CLIP
    assert len(server.asked("create")) == 1


@pytest.mark.parametrize("route", ["get", "cancel"])
def test_a_cancel_while_the_endpoint_keeps_silent_leaves_the_job(server, route):
    silence = Silence()
    server.always[route] = silence
    server._polls = 10**6
    job = a_job(server)
    job.observe(lambda change: route == "cancel" and job.cancel(), "prediction")
    ending = canceled_in(silence, job)
    silence.over.set()
    if job.state == "left":
        assert "did not confirm" in str(ending)
        assert [entry.key for entry in Journal().to_pick_up()] == [job.key]
    else:
        assert (job.state, route) == ("canceled", "get")
    wait_until(lambda: server.jobs["job001"]["status"] == "canceled")


@pytest.mark.parametrize("how", ["cancel", "time"])
def test_an_output_that_drips_is_left_where_it_can_be_fetched(server, how):
    dripping = threading.Event()

    def drip(call):
        dripping.set()
        bad.drip_body(call)

    server.always["file"] = drip
    server._polls = 1
    job = a_job(server, timeout=LONG if how == "cancel" else 3.0).start()
    assert dripping.wait(SOON)
    if how == "cancel":
        job.cancel()
    with pytest.raises(JobTimeout):
        job.result(SOON)
    assert job.state == "left"
    assert job.finished
    server.always.clear()
    assert Job.resume(Journal().get(job.key), a_client(server)).run().data == CLIP


@pytest.mark.parametrize("how", ["cancel", "time"])
def test_while_a_name_is_looked_up_nothing_is_sent_and_nothing_will_be(server, monkeypatch, how):
    looked, found, before = threading.Event(), threading.Event(), set(threading.enumerate())
    look_up = socket.getaddrinfo

    def slow(host, *arguments, **options):
        looked.set()
        found.wait(LONG)
        return look_up(host, *arguments, **options)

    job = a_job(server, timeout=LONG if how == "cancel" else 0.5)
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    job.start()
    assert looked.wait(SOON)
    if how == "cancel":
        job.cancel()
    with pytest.raises(AnimateDiffError) as ending:
        job.result(SOON)
    assert (job.finished, job.state) == (True, "canceled" if how == "cancel" else "failed")
    assert isinstance(ending.value, JobCanceled) == (how == "cancel")
    found.set()
    wait_until(lambda: not any("beside" in thread.name for thread in set(threading.enumerate()) - before))
    assert not server.seen


def test_a_silent_endpoint_does_not_keep_a_job_beyond_its_time(server):
    server.always["get"] = bad.hang
    job = a_job(server, timeout=1.0)
    with pytest.raises(JobTimeout, match="within 1 s"):
        job.result(SOON)
    assert (job.finished, job.state) == (True, "left")


def test_an_endpoint_that_pushes_does_not_keep_a_job_beyond_its_time(tmp_path):
    from test_job import world_in

    with world_in(tmp_path / "journal") as world:
        world.engine.gate.clear()
        job = Job(AnimateDiffRequest(), Client(), journal=world.journal, timeout=0.5)
        job.client.backend.watch = lambda *_: job.prediction  # type: ignore[method-assign]
        with pytest.raises(JobTimeout, match=r"within 0\.5 s"):
            job.result(SOON)


def test_a_long_retry_after_does_not_hide_the_end_from_a_job(server):
    server.scripts["get"] = [bad.status(429, retry_after="600")]
    server._polls = 1
    job = a_job(server, timeout=3.0)
    assert job.result(SOON).data == CLIP


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between threads")
def test_an_interrupt_while_everything_hangs_comes_back(server):
    silence, me = Silence(), threading.get_ident()
    server.scripts["create"] = [silence]
    server.always["list"] = bad.hang
    job = a_job(server)
    threading.Thread(
        target=lambda: silence.begun.wait(SOON) and signal.pthread_kill(me, signal.SIGINT), daemon=True
    ).start()
    watchdog = threading.Timer(SOON, lambda: os.kill(os.getpid(), signal.SIGTERM))
    watchdog.start()
    with pytest.raises(KeyboardInterrupt):
        job.run()
    watchdog.cancel()
    assert job.state == "unknown"
    silence.over.set()
    wait_until(lambda: server.jobs["job001"]["status"] == "canceled")
    assert KEY not in str(job.error)


# --- observers, iterations, forks -------------------------------------------------------------------------------------


def stopped_iteration(job: Job, how: str):
    """Take one step of an iteration, and no other."""
    iteration = iter(job)
    if how == "kept":
        next(iteration)
        return iteration
    thread = threading.Thread(target=lambda: next(iteration))
    thread.start()
    thread.join(SOON)
    return iteration


@pytest.mark.parametrize("how", ["kept", "its thread is gone"])
def test_an_iteration_that_nobody_goes_on_with_keeps_nobody_waiting(server, how):
    job = a_job(server)
    iteration = stopped_iteration(job, how)
    assert job.result(SOON).data == CLIP
    del iteration
    server._polls = 10**6
    job = a_job(server)
    iteration = stopped_iteration(job, how)
    job.cancel()
    with pytest.raises(JobCanceled):
        job.result(SOON)
    assert len(server.asked("cancel")) == 1
    assert list(iteration)[-1].status == "canceled"


@pytest.mark.parametrize("trait", ["state", "prediction", "animation", "animations", "error", "notice", "view"])
def test_an_observer_that_raises_keeps_nobody_waiting(server, trait):
    job = a_job(server)

    def fail(_):
        raise RuntimeError("an observer's own fault")

    job.observe(fail, trait)
    assert [prediction.status for prediction in job][-1] == "succeeded"
    assert job.result(SOON) is job.run() is job.animation
    assert job.view.state == "succeeded"


@pytest.mark.parametrize("where", ["the job's own thread", "the thread that runs it"])
@pytest.mark.parametrize("asked", [Job.result, Job.run])
def test_an_observer_may_ask_for_the_result(server, where, asked):
    job, results = a_job(server), []

    def ask(change):
        try:
            results.append(asked(job))
        except AnimateDiffError as error:
            results.append(str(error))

    job.observe(ask, "state")
    runs = beside(job.run if where == "the thread that runs it" else job.start().result)
    assert runs.result(SOON).data == CLIP
    wait_until(lambda: len(results) == 4)
    assert results == ["The job has not ended."] * 3 + [job.animation]


def test_a_job_that_the_system_had_no_thread_for_can_be_started_again(server, monkeypatch):
    job = a_job(server)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        for ask in (job.start, job.run, job.result):
            with pytest.raises(RuntimeError):
                ask()
    assert job.result(SOON).data == CLIP


def no_thread(thread):
    raise RuntimeError("can't start new thread")


def test_what_is_shown_while_a_run_is_left_is_not_put_over_what_came_after_it(server):
    before, after = Silence(), Silence()
    server.scripts.update(create=[before], get=[after])
    job = a_job(server)

    def leave():
        before.over.set()
        assert after.begun.wait(SOON)
        raise RuntimeError("the one who waits goes away")

    def take_long(_):
        after.over.set()
        if threading.current_thread() is not job._runner.thread:
            job._runner.thread.join(SOON)

    job.observe(take_long, "prediction")
    with pytest.raises(RuntimeError):
        job.run(leave)
    assert job.result(SOON).data == CLIP
    assert job.state == job.view.state == "succeeded"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_of_a_fork_does_not_wait_for_a_job_of_its_parent(server):
    silence = Silence()
    server.scripts["create"] = [silence]
    job = a_job(server).start()
    assert silence.begun.wait(SOON)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = []
        for ask in (job.result, job.run, job.cancel, lambda: next(iter(job))):
            try:
                ask()
            except AnimateDiffError as error:
                said.append(str(error))
        os.write(writer, "\n".join(said).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        said = told.read().splitlines()
    os.waitpid(child, 0)
    assert len(said) == 4
    assert all(f"forked from. Ask there; in the journal it is {job.key}." in sentence for sentence in said)
    silence.over.set()
    assert job.result(SOON).data == CLIP


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_job_that_was_made_before_a_fork_runs_in_the_child(server):
    job = a_job(server)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = f"{job.run().path} {job.result().path}"
        except AnimateDiffError as error:
            said = str(error)
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        assert told.read().count(".webp") == 2
    os.waitpid(child, 0)
    assert server.creates == 1
    with pytest.raises(JobError, match="run already, by another process"):
        job.run()


# --- a journal that others hold ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("held_from", ["create", "get", "file"])
def test_a_journal_that_another_holds_delays_no_animation_and_has_the_job_in_the_end(server, monkeypatch, held_from):
    monkeypatch.setattr("animatediff_widget.journal.file._WRITE_LATE_EVERY", 0.1)
    released, taken = threading.Event(), threading.Event()

    def hold() -> None:
        with gate(Journal().folder / "locks" / "journal", SOON):
            taken.set()
            released.wait(LONG)

    def take_the_journal(call) -> None:
        threading.Thread(target=hold, daemon=True).start()
        assert taken.wait(SOON)
        bad.well(call)

    server.scripts[held_from] = [take_the_journal]
    job = a_job(server)
    assert job.result(SOON).data == CLIP
    assert not released.is_set()
    assert (job.state, job.finished) == ("succeeded", True)
    released.set()
    wait_until(lambda: Journal().get(job.key).state == "succeeded")
    entry = Journal().get(job.key)
    assert (entry.state, entry.prediction_id, entry.animation().data) == ("succeeded", "job001", CLIP)


@pytest.mark.parametrize(("canceled_after", "total"), [(None, 10.0), (1.0, 3.0), (9.0, 10.0)])
def test_an_exchange_that_has_had_its_time_is_waited_for_no_longer(monkeypatch, canceled_after, total):
    control, waits, clock = Control(), [], [0.0]

    def wait_for(_, seconds: float) -> bool:
        waits.append(seconds)
        clock[0] += canceled_after if canceled_after and len(waits) == 1 else seconds
        return False

    monkeypatch.setattr(control, "_wait_for", wait_for)
    monkeypatch.setattr("animatediff_widget.jobs.control.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("animatediff_widget.jobs.control.GRACE", 2.0)
    assert not control.wait_for(Future(), 10.0)
    assert clock[0] == total


def test_attaching_does_not_wait_for_a_silent_endpoint(server, monkeypatch):
    monkeypatch.setattr("animatediff_widget.jobs.elsewhere._SECONDS", 0.3)
    server.always["get"] = bad.hang
    attaching = beside(lambda: Job.attach(server.endpoint, "job001", token=KEY))
    assert isinstance(attaching.exception(SOON), ConnectionFailed)


class Keeper(BaseHTTPRequestHandler):
    """Keeps its connections, and counts them."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.count += 1

    def do_GET(self) -> None:
        answer = json.dumps({"id": "a", "status": "starting"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_connection_that_is_kept_is_not_used_by_the_child_of_a_fork():
    numbers = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Keeper) as server:
        server.count, server.daemon_threads = 0, True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = Client(Endpoint.relay(f"http://127.0.0.1:{server.server_port}"), KEY)
        for _ in range(2):
            client.get("a")
        numbers.append(server.count)
        child = os.fork()
        if not child:
            client.get("a")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        numbers.append(server.count)
        client.get("a")
        numbers.append(server.count)
        client.close()
        server.shutdown()
    assert numbers == [1, 2, 2], "the parent's, the child's own, and the parent's again"
