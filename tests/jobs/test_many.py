"""Many jobs of earlier sessions, taken up together."""

from __future__ import annotations

import signal
import socket
import threading
import time

import misbehaving as bad
import pytest
from misbehaving import CLIP

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Journal
from animatediff_widget.cli import main
from animatediff_widget.errors import AnswerLost
from animatediff_widget.jobs.actions import Search, Wait
from animatediff_widget.jobs.earlier import resume_all
from animatediff_widget.model.body import Body

MANY = 50
KEY = "a-key-of-the-relay-1234567890"


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", KEY)
    monkeypatch.setattr("animatediff_widget.jobs.listing._LONGEST_SILENCE", 0.5)


def lose(endpoint: Endpoint, count: int = MANY, *, minutes: float = 10.0) -> list[str]:
    """Journal jobs whose answers were lost some minutes ago."""
    keys = []
    with pytest.MonkeyPatch.context() as patch:
        then = time.time() - minutes * 60
        patch.setattr("animatediff_widget.journal.sqlite.time.time", lambda: then)
        for seed in range(count):
            keys.append(Journal().begin(Body.of(AnimateDiffRequest(seed=seed)), endpoint))
    return keys


def test_of_lost_jobs_at_a_silent_endpoint_all_end_after_one_look(server):
    server.always["list"] = bad.hang
    keys = lose(server.endpoint)
    ended = list(resume_all(Journal().to_pick_up(MANY), Journal()))
    assert len(ended) == MANY
    assert all(isinstance(error, AnswerLost) for error in ended)
    assert len(server.asked("list")) == 1
    assert {entry.key for entry in Journal().to_pick_up(MANY)} == set(keys), "they are offered again"


def test_of_lost_jobs_at_a_dead_endpoint_all_end_without_a_wait(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = Endpoint.relay(f"http://127.0.0.1:{free.getsockname()[1]}")
    lose(endpoint)
    waited = []
    monkeypatch.setattr("animatediff_widget.jobs.control.Control.wait", lambda self, seconds: waited.append(seconds))
    ended = list(resume_all(Journal().to_pick_up(MANY), Journal()))
    assert [type(error) for error in ended] == [AnswerLost] * MANY
    assert sum(waited) == 0


def test_lost_jobs_are_found_with_one_list_call(server):
    keys = lose(server.endpoint, 12, minutes=0.0)
    for seed in range(12):
        with Client(server.endpoint, KEY) as client:
            client.create(AnimateDiffRequest(seed=seed))
    entries = [Journal().get(key) for key in keys]
    server.scripts["list"] = [bad.well]
    server.always["list"] = bad.status(404)
    ended = list(resume_all(entries, Journal()))
    assert [job.animation.data for job in ended] == [CLIP] * 12
    assert [job.key for job in ended] == keys
    assert [job.prediction.raw["input"]["seed"] for job in ended] == [*range(12)]
    assert len(server.asked("list")) == 2, "one to find them all, and one that is refused when they are followed"
    assert server.creates == 12


def test_one_that_never_ends_keeps_no_other_from_its_end(server):
    slow, quick = (Journal().begin(Body.of(AnimateDiffRequest(seed=seed)), server.endpoint) for seed in (1, 2))
    for key, seed in ((slow, 1), (quick, 2)):
        with Client(server.endpoint, KEY) as client:
            prediction = client.create(AnimateDiffRequest(seed=seed))
        Journal().record(key, "running", prediction=prediction)
    held = threading.Event()
    well = server._get

    def get(call) -> None:
        if call.job == "job001" and Journal().get(quick).state == "succeeded":
            held.set()
        well(call) if call.job != "job001" or held.is_set() else call.json(200, server.jobs["job001"])

    server._get = get
    ended = list(resume_all([Journal().get(slow), Journal().get(quick)], Journal()))
    assert [job.state for job in ended] == ["succeeded"] * 2


def test_an_interrupt_of_many_leaves_them_as_they_are(server, capsys):
    server._polls = 10**6
    for seed in (1, 2):
        key = Journal().begin(Body.of(AnimateDiffRequest(seed=seed)), server.endpoint)
        with Client(server.endpoint, KEY) as client:
            Journal().record(key, "running", prediction=client.create(AnimateDiffRequest(seed=seed)))
    me, polled = threading.get_ident(), bad.well

    def interrupt(call) -> None:
        polled(call)
        server.scripts["get"].clear()
        signal.pthread_kill(me, signal.SIGINT)

    server.scripts["get"] = [interrupt]
    assert main(["resume"]) == 130
    assert "take" in capsys.readouterr().err
    assert not server.asked("cancel")
    server._polls = 1  # their threads end


def test_a_job_that_was_just_posted_is_looked_for_more_than_once():
    from test_steps import Course, entry

    def looks(age: float) -> tuple[int, float]:
        lost = entry(None, "submitting")
        course = Course({Search: [[]]}, entry=lost)
        course.waited = age
        course.run()
        return course.kinds().count("Search"), sum(each.seconds for each in course.actions if isinstance(each, Wait))

    assert looks(5.0)[0] == 3
    assert looks(600.0) == (1, 0.0)
