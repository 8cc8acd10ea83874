"""The answer to a create is lost: the job is looked for, and never made twice."""

from __future__ import annotations

import copy
import email.utils
import os
import pickle
import time

import misbehaving as bad
import pytest
from faults import KEY, a_client, a_job, ended
from gated_server import run_python
from misbehaving import CLIP, says, status

from animatediff_widget import AnimateDiffRequest, Job, Journal
from animatediff_widget.errors import (
    InvalidArgument,
    JobCanceled,
    NothingToFollow,
)


def test_a_lost_answer_is_looked_for_more_than_once(server, waits):
    server.scripts["create"] = [bad.reset_after]
    server.scripts["list"] = [says(b'{"results": []}'), status(500)]
    assert ended(a_job(server)).state == "succeeded"
    assert len(server.asked("list")) == 3
    assert waits[:3] == [0.5, 2.0, 5.0]
    assert server.creates == 1


@pytest.mark.usefixtures("waits")
def test_only_a_job_with_the_same_input_made_since_is_adopted(server):
    client, twin = a_client(server), AnimateDiffRequest(prompt="a boat", steps=3, seed=7)
    client.create(AnimateDiffRequest(prompt="a boat", steps=3, seed=8))
    client.create(twin)
    server.jobs["job002"]["created_at"] = "2020-01-01T00:00:00Z"  # the same input, but years ago
    server.scripts["create"] = [bad.reset_before]
    job = ended(Job(twin, client))
    assert job.state == "unknown"
    assert server.creates == 2


@pytest.mark.usefixtures("waits")
def test_two_jobs_alike_do_not_adopt_the_same(server):
    alike = AnimateDiffRequest(prompt="a boat", steps=3, seed=7)
    first = ended(Job(alike, a_client(server)))
    server.scripts["create"] = [bad.reset_before]
    second = ended(Job(alike, a_client(server)))
    assert (first.state, second.state) == ("succeeded", "unknown")


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("off", [-86400 * 400, 86400 * 400], ids=["slow", "fast"])
def test_a_lost_answer_is_found_by_a_machine_whose_clock_is_wrong(server, monkeypatch, off):
    now = time.time
    stamp = email.utils.formatdate(now(), usegmt=True)
    listing = server._list
    server._list = lambda call: call.answer(200, catch(listing, call), date=stamp)
    monkeypatch.setattr(time, "time", lambda: now() + off)
    monkeypatch.setattr(bad.time, "gmtime", lambda *_: time.localtime(now()))
    server.scripts["create"] = [bad.reset_after]
    assert ended(a_job(server)).state == "succeeded"


def catch(behave, call) -> bytes:
    keep, call.sock = call.sock, bad._Catcher()
    behave(call)
    written, call.sock = call.sock.written, keep
    return written.partition(b"\r\n\r\n")[2]


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("jump", [-(10**7), 10**7])
def test_a_clock_that_jumps_while_a_job_runs_changes_nothing(server, monkeypatch, jump):
    now, off = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: now() + off[0])

    def jumping(fault):
        def act(call):
            off[0] += jump
            fault(call)

        return act

    server.scripts["create"] = [jumping(bad.reset_after)]
    server.scripts["get"] = [jumping(bad.well), jumping(bad.well)]
    server.scripts["file"] = [jumping(bad.reset_midway)]
    server._list = lambda call: call.json(
        200, {"results": list(server.jobs.values())}, date=email.utils.formatdate(now())
    )
    assert ended(a_job(server)).state == "succeeded"


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("created", [True, False])
def test_without_an_id_the_job_is_looked_for_and_else_ends_as_accepted(server, created):
    server.scripts["create"] = [says(b"{}", effect=created)]
    job = ended(a_job(server))
    assert len(server.asked("create")) == 1
    if created:
        assert (job.state, job.prediction.id) == ("succeeded", "job001")
    else:
        assert job.state == "accepted"
        assert isinstance(job.error, NothingToFollow)
        assert job.prediction.raw == {}
        assert {seen.route for seen in server.seen} == {"create", "list"}


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("answer", ["redirect", "url", "file"])
def test_an_answer_to_a_create_that_names_the_job_or_is_its_output_ends_in_the_animation(server, answer):
    def create(call):
        call.well()
        if answer == "redirect":
            call.answer(303, b"", location=f"{server.endpoint.url}/job001")
        else:
            call.answer(200, CLIP if answer == "file" else f'"{server.url}/files/a.webp"'.encode())

    server.scripts["create"] = [create]
    assert ended(a_job(server)).state == "succeeded"
    assert len(server.asked("create")) == 1
    assert len(server.asked("file")) == (answer != "file")


SETTINGS = AnimateDiffRequest(prompt="a boat", steps=3, seed=7)


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("created", [True, False])
def test_a_lost_job_is_never_taken_for_another_persons_with_the_same_settings(server, tmp_path, created):
    server._polls = 10**9
    theirs = Job(SETTINGS, a_client(server), journal=Journal(tmp_path / "theirs")).start()
    while not server.jobs:
        time.sleep(0.01)
    if not created:  # then only its time tells theirs from this one
        server.jobs["job001"]["created_at"] = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - 60))
    server.scripts["create"] = [bad.reset_after if created else bad.reset_before]
    job = ended(Job(SETTINGS, a_client(server)))
    assert job.state == "unknown"
    assert {candidate.id for candidate in job.view.candidates} == set(server.jobs)
    assert all(name in str(job.error) for name in server.jobs)
    assert server.jobs["job001"]["status"] in ("starting", "processing")
    assert len(server.asked("create")) == 2
    theirs.cancel()
    with pytest.raises(JobCanceled):
        theirs.result(30)


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("off", [-600, 600])
def test_a_gateways_date_that_is_ten_minutes_off_loses_no_job(server, off):
    listing = server._list
    stamp = email.utils.formatdate(time.time() + off, usegmt=True)
    server._list = lambda call: call.answer(200, catch(listing, call), date=stamp)
    server.scripts["create"] = [bad.reset_after]
    assert ended(a_job(server)).state == "succeeded"


@pytest.mark.usefixtures("waits")
def test_a_lost_job_is_found_below_hundreds_of_newer_ones_in_a_list_that_trims(server):
    def make_newer(call):
        call.well()
        for number in range(350):
            server.jobs[f"newer{number}"] = {**server.jobs["job001"], "id": f"newer{number}", "input": {"seed": number}}
        call.reset()

    def page(call):
        start = int(call.path.partition("cursor=")[2] or 0)
        jobs = [dict(job) for job in reversed(server.jobs.values())][start : start + 100]
        for job in jobs:
            job["input"] = {name: value for name, value in job["input"].items() if value not in ("", 7.5)}
        further = f"{server.endpoint.url}?cursor={start + 100}" if len(jobs) == 100 else None
        call.json(200, {"previous": None, "next": further, "results": jobs})

    server.scripts["create"] = [make_newer]
    server.always["list"] = page
    job = ended(Job(AnimateDiffRequest(prompt="  a boat ", seed=7), a_client(server)))
    assert (job.state, job.prediction.id) == ("succeeded", "job001")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("waits_for_child", [True, False])
def test_a_process_and_its_fork_post_a_job_once(server, waits_for_child):
    code = f"""
        import os
        from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job
        from animatediff_widget.errors import AnimateDiffError
        job = Job(AnimateDiffRequest(seed=7), Client(Endpoint.relay({server.url!r}), {KEY!r}))
        child = os.fork()
        if child and {waits_for_child}:
            os.waitpid(child, 0)
        try:
            print(job.run().path)
        except AnimateDiffError as error:
            print(error)
    """
    said = sorted(run_python(code).stdout.splitlines())
    assert [".webp" in line for line in said].count(True) == 1
    assert len(said) == 2
    assert len(server.asked("create")) == 1


def test_a_job_is_not_copied(server):
    job = a_job(server)
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(InvalidArgument, match="A job runs once"):
            copied(job)
