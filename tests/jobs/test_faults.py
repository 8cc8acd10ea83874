"""Everything that can go wrong on the way, against a real server that goes wrong on order.

Each fault ends in "the work goes on", or in one sentence with the job kept in the journal; never in a second job.
"""

from __future__ import annotations

import contextlib
import copy
import email.utils
import errno
import os
import pickle
import re
import signal
import sys
import threading
import time
from pathlib import Path

import misbehaving as bad
import pytest
from gated_server import run_python
from misbehaving import BOMB, CLIP, PAGE, Misbehaving, redirect, says, status

import animatediff_widget
from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job, Journal
from animatediff_widget.errors import (
    AnimateDiffError,
    AnswerLost,
    ApiError,
    ConnectionFailed,
    EndpointError,
    InvalidArgument,
    JobCanceled,
    JobFailed,
    JobTimeout,
    JournalError,
    NothingToFollow,
    OutputError,
    StorageError,
)

KEY = "a-key-of-the-relay-1234567890"
MOST_REQUESTS = 40  # of one route in one job: more would be a loop that does not wait


def a_client(server: Misbehaving, **options) -> Client:
    return Client(server.endpoint, KEY, **{"answer_timeout": 0.3, "read_timeout": 0.2, **options})


def a_job(server: Misbehaving, *, timeout: float = 60.0, **options) -> Job:
    options = {"download_timeout": 0.3, **options}
    return Job(AnimateDiffRequest(prompt="a boat", steps=3), a_client(server, **options), timeout=timeout)


def ended(job: Job) -> Job:
    """Run a job to its end, which is an animation or an error of ours."""
    with contextlib.suppress(AnimateDiffError):
        assert job.result(60) is job.animation
    assert job.finished
    assert job._ended.is_set()
    if job.error is not None:
        assert isinstance(job.error, AnimateDiffError)
        sentence = str(job.error)
        assert sentence.endswith(".")
        assert not re.search(r"Traceback|unforeseen|Error\(|0x[0-9a-f]{8}", sentence)
        assert KEY not in sentence
        assert len(sentence) < 1200
    entry = Journal().get(job.key)
    assert entry.state == job.state
    assert entry.request == job.request
    assert entry.error == (job.error.message if job.error else None)
    if job.state == "succeeded":
        assert entry.output.read_bytes() == CLIP
    assert not list(Journal().animations.glob(".part-*"))
    return job


def no_loop(server: Misbehaving) -> bool:
    return all(len(server.asked(route)) <= MOST_REQUESTS for route in ("create", "get", "cancel", "list", "file"))


STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 520)

BROKEN = {
    "reset before the answer": bad.reset_before,
    "reset after the work": bad.reset_after,
    "reset in the middle": bad.reset_midway,
    "closed without a word": bad.close_before,
    "hanging": bad.hang,
    "headers byte by byte": bad.drip_head,
    "a body byte by byte": bad.drip_body,
    "truncated": bad.truncated,
    "broken chunks": bad.broken_chunks,
    "nonsense for chunks": bad.nonsense_chunks,
    "not http": bad.not_http,
    "too many headers": bad.endless_headers,
    "a web page": says(PAGE, effect=True, content_type="text/html"),
    "nothing": says(b"", effect=True),
    "broken JSON": says(b'{"id": "jo', effect=True),
    "a list": says(b"[1, 2]", effect=True),
    "a number": says(b"7", effect=True),
    "a string": says(b'"job001"', effect=True),
    "null": says(b"null", effect=True),
    "deep JSON": says(b'{"a":' * 5000 + b"1" + b"}" * 5000, effect=True),
    "a long number": says(b'{"a": ' + b"9" * 10**5 + b"}", effect=True),
    "a gzip bomb": bad.gzip_bomb,
    "a bomb in a bomb": bad.double_bomb,
    "wrongly packed": bad.wrong_packing,
    "over the cap": bad.over_the_cap,
    "a redirect elsewhere": redirect("https://elsewhere.invalid/v1/predictions"),
    "see other": redirect("https://elsewhere.invalid/done", 303),
    "a redirect in circles": bad.redirect_loop,
    "a redirect nowhere": status(302),
    "not modified": status(304, b""),
    "an odd status": status(999),
}
TURNED_AWAY = ("a redirect elsewhere", "a redirect in circles", "a redirect nowhere", "a long number")
every_fault = pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
every_status = pytest.mark.parametrize("code", STATUSES)


# --- creating ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("listing", [True, False], ids=["with a list", "without a list"])
@every_fault
def test_whatever_happens_to_the_answer_of_a_create_there_is_one_post(fault, listing):
    with Misbehaving(listing=listing) as server:
        server.scripts["create"] = [fault]
        job = ended(a_job(server))
        assert len(server.asked("create")) == 1
        assert server.creates <= 1
        assert no_loop(server)
        if server.creates and listing:
            assert job.state == "succeeded"  # it was found in the list, and adopted
        elif server.creates and fault is not BROKEN["a long number"]:
            assert job.state == "unknown"
            assert isinstance(job.error, AnswerLost)
            assert "Look there before you run it again" in str(job.error)
        else:
            assert job.state in ("failed", "unknown", "accepted")


@pytest.mark.usefixtures("waits")
@every_status
def test_a_create_that_is_answered_with_an_error_makes_no_second_job(server, code):
    server.always["create"] = status(code)
    job = ended(a_job(server))
    assert isinstance(job.error, EndpointError)
    assert server.creates == 0
    # Only a throttle is certain to pass by itself.
    assert len(server.asked("create")) == 1 if code != 429 else 1 < len(server.asked("create")) < MOST_REQUESTS
    refused = 400 <= code < 500 and code != 408
    assert job.state == ("failed" if refused else "unknown")


@pytest.mark.usefixtures("waits")
def test_a_create_that_the_api_itself_throttled_is_sent_again(server):
    server.scripts["create"] = [status(429), status(429)]
    assert ended(a_job(server)).state == "succeeded"
    assert len(server.asked("create")) == 3
    assert server.creates == 1
    bodies = [seen.body for seen in server.asked("create")]
    assert bodies[0] == bodies[1] == bodies[2]  # the same seed too


A_GATEWAY = {
    **{
        f"{code} web page": status(code, PAGE, content_type="text/html") for code in (403, 404, 409, 425, 429, 502, 503)
    },
    **{f"{code} empty": status(code, b"") for code in (302, 303, 307, 403, 404, 409, 425, 429, 503, 504)},
    "429 JSON of a gateway": status(429, b'{"message": "Too Many Requests"}', content_type="application/json"),
    "429 JSON of another gateway": status(429, b'{"error": "Rate limit exceeded"}', content_type="application/json"),
    "429 empty JSON": status(429, b"{}", content_type="application/json"),
    "503 problem": status(503, retry_after="1"),
    "500 problem": status(500),
}


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("created", [True, False])
@pytest.mark.parametrize("fault", A_GATEWAY.values(), ids=A_GATEWAY)
def test_a_gateways_words_to_a_create_hide_a_job_that_is_looked_for_and_never_posted_twice(server, fault, created):
    def answer(call):
        if created:
            call.well()
        fault(call)

    server.scripts["create"] = [answer]
    job = ended(a_job(server))
    assert len(server.asked("create")) == 1
    assert server.asked("list"), "it was looked for"
    if created:
        assert (job.state, server.creates) == ("succeeded", 1)
    else:
        assert isinstance(job.error, AnswerLost)


@pytest.mark.usefixtures("waits")
def test_a_list_that_does_not_tell_what_jobs_were_made_from_names_those_that_may_be_it(server):
    server.scripts["create"] = [bad.reset_after]

    def listing(call):
        jobs = [{name: value for name, value in job.items() if name != "input"} for job in server.jobs.values()]
        call.json(200, {"results": jobs})

    server.always["list"] = listing
    job = ended(a_job(server))
    assert (job.state, [each.id for each in job.view.candidates]) == ("unknown", ["job001"])


@pytest.mark.usefixtures("waits")
def test_a_further_page_of_the_list_that_fails_takes_nothing_from_the_first(server):
    server.scripts["create"] = [bad.reset_after]

    def listing(call):
        if "cursor" in call.path:
            call.json(500, {"detail": "The second page is broken."})
        else:
            more = f"{server.endpoint.url}?cursor=2"
            call.json(200, {"previous": None, "next": more, "results": list(server.jobs.values())})

    server.always["list"] = listing
    assert ended(a_job(server)).state == "succeeded"
    assert server.creates == 1


def test_a_refused_connection_is_tried_again(waits):
    with Misbehaving(listening=False) as server:
        job, notices = a_job(server), []

        def open_up(change):
            if change.new:
                assert "could not be reached: nobody answers there" in change.new
                notices.append(change.new)
                if len(notices) == 2:
                    server.listen()

        job.observe(open_up, "notice")
        assert ended(job).state == "succeeded"
        assert server.creates == 1
        assert waits[:2] == [1.0, 2.0]


@pytest.mark.usefixtures("waits")
def test_an_endpoint_that_nobody_answers_at_ends_in_a_sentence():
    with Misbehaving(listening=False) as server:
        job = ended(a_job(server))
        assert job.state == "failed"
        assert "nothing was sent" in str(job.error)


@pytest.mark.usefixtures("waits")
def test_a_name_that_does_not_exist_ends_in_a_sentence():
    job = Job(AnimateDiffRequest(), Client(Endpoint.relay("https://no-such-host.invalid"), KEY, connect_timeout=2))
    ended(job)
    assert job.state == "failed"
    assert isinstance(job.error, ConnectionFailed)
    assert not job.error.arrived
    assert "no-such-host.invalid could not be reached" in str(job.error)


@pytest.fixture(scope="module")
def cert(tmp_path_factory):
    return bad.certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.usefixtures("waits")
def test_a_certificate_that_nobody_signed_ends_in_a_sentence_before_anything_is_sent(cert):
    with Misbehaving(tls=cert) as server:
        job = ended(a_job(server))
        assert job.state == "failed"
        assert "could not prove who it is" in str(job.error)
        assert not server.seen


def test_over_tls_all_is_the_same(cert, monkeypatch, waits):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert[0]))
    with Misbehaving(tls=cert) as server:
        server.scripts["create"] = [bad.reset_after]
        server.scripts["get"] = [bad.drip_head, bad.hang, bad.truncated]
        assert ended(a_job(server, answer_timeout=0.6, read_timeout=0.5)).state == "succeeded"
        assert server.creates == 1


@pytest.mark.usefixtures("waits")
def test_a_server_that_speaks_no_tls_is_a_sentence_and_gets_nothing(server):
    client = Client(Endpoint.relay(server.url.replace("http:", "https:")), KEY, read_timeout=0.3, connect_timeout=0.3)
    with pytest.raises(ConnectionFailed, match=r"could not be reached: .* nothing was sent") as error:
        client.create(AnimateDiffRequest())
    assert not error.value.arrived
    assert not server.seen


# --- a lost answer ----------------------------------------------------------------------------------------------------


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


# --- following --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("waits")
@every_fault
def test_a_poll_that_goes_wrong_is_a_hiccup(server, fault):
    server.scripts["get"] = [fault]
    job = ended(a_job(server))
    assert job.state == "succeeded"
    assert job.notice == ""
    assert server.creates == 1


@pytest.mark.usefixtures("waits")
@every_status
def test_a_poll_that_is_answered_with_an_error_is_a_hiccup(server, code):
    server.scripts["get"] = [status(code)]
    assert ended(a_job(server)).state == "succeeded"


@pytest.mark.usefixtures("waits")
@every_fault
def test_polls_that_always_go_wrong_end_in_a_sentence_and_the_job_is_kept(server, fault):
    server.always["get"] = fault
    job = ended(a_job(server, timeout=20, answer_timeout=0.1, read_timeout=0.08))
    if job.state != "succeeded":  # some break off only what was said before
        assert job.state == "left"
        assert isinstance(job.error, (JobTimeout, EndpointError))
        assert [entry.prediction.id for entry in Journal().unfinished()] == ["job001"]
    assert server.creates == 1
    assert no_loop(server)


@pytest.mark.usefixtures("waits")
@every_status
def test_polls_that_are_always_answered_with_an_error_end(server, code):
    server.always["get"] = status(code)
    job = ended(a_job(server, timeout=300))
    assert job.state == "left"
    assert len(server.asked("get")) <= MOST_REQUESTS
    assert server.creates == 1


def test_a_wait_ends_when_the_person_said_and_the_job_is_kept(server, waits):
    server._polls = 10**9
    began = time.monotonic()
    job = ended(a_job(server, timeout=12.5))
    assert isinstance(job.error, JobTimeout)
    assert "within 12.5 s" in str(job.error)
    assert job.state == "left"
    assert sum(waits) < 13.5
    assert sum(waits) + time.monotonic() - began > 12.5, "what the exchanges took counts as well"


def test_by_default_a_wait_ends_after_half_an_hour(server):
    assert Job(AnimateDiffRequest(), a_client(server)).timeout == 1800


def test_an_answer_that_never_names_its_output_ends_in_a_sentence(server, waits):
    server.always["get"] = says(b'{"id": "job001", "status": "succeeded", "output": null}')
    job = ended(a_job(server, timeout=300))
    assert isinstance(job.error, OutputError)
    assert "without an output" in str(job.error)


def test_a_model_that_fails_is_quoted_in_one_sentence(server, waits):
    server.scripts["get"] = [says(b'{"id": "job001", "status": "failed", "error": "\\ud800' + b"CUDA " * 10**6 + b'"}')]
    job = ended(a_job(server))
    assert job.state == "failed"
    assert isinstance(job.error, JobFailed)
    assert "CUDA" in str(job.error)


# --- throttles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry_after": "7"}, 7, 7),
        ({"retry_after": "2.5"}, 2.5, 2.5),
        ({"retry_after": "0"}, 1, 1),
        ({"retry_after": "Fri, 31 Dec 1999 23:59:59 GMT"}, 1, 1),
        ({"retry_after": "in a while"}, 0.5, 2),
        ({"retry_after": "-5"}, 0.5, 2),
        ({"ratelimit_reset": "9"}, 9, 9),
        ({}, 0.5, 2),
    ],
)
@pytest.mark.parametrize("route", ["create", "get", "file"])
def test_a_throttle_is_obeyed(server, waits, route, headers, least, most):
    server.scripts[route] = [status(429, **headers)]
    hiccups = []
    job = a_job(server)
    job.observe(lambda change: change.new and hiccups.append(len(waits)), "notice")
    assert ended(job).state == "succeeded"
    assert least <= waits[hiccups[0]] <= most


def test_a_throttle_that_names_a_date_is_obeyed_by_the_servers_clock(server, waits):
    year_ago = time.time() - 365 * 86400
    dates = {"date": email.utils.formatdate(year_ago), "retry_after": email.utils.formatdate(year_ago + 8)}
    server.scripts["create"] = [status(429, **dates)]
    assert ended(a_job(server)).state == "succeeded"
    assert waits[0] == 8


def test_the_words_of_replicates_throttle_are_obeyed(server, waits):
    server.scripts["create"] = [status(429, {"detail": "Request was throttled. Your rate limit resets in ~30s."})]
    assert ended(a_job(server)).state == "succeeded"
    assert waits[0] == 30


def test_a_throttle_that_never_ends_ends_with_the_persons_time_and_is_no_lost_job(server, waits):
    server.always["create"] = status(429, retry_after="0")
    job = ended(a_job(server, timeout=20))
    assert job.state == "failed"
    assert "429" in str(job.error)
    assert len(server.asked("create")) <= 22
    assert server.creates == 0


# --- canceling --------------------------------------------------------------------------------------------------------


def canceled_while_running(job: Job) -> Job:
    job.observe(lambda _: job.cancel(), "prediction")
    return ended(job)


@pytest.mark.usefixtures("waits")
@every_fault
def test_a_cancel_whose_answer_goes_wrong_ends_all_the_same(server, fault):
    server.scripts["cancel"] = [fault]
    server._polls = 10
    job = canceled_while_running(a_job(server))
    assert job.state in ("canceled", "succeeded")
    assert isinstance(job.error, JobCanceled) == (job.state == "canceled")
    assert server.creates == 1
    assert no_loop(server)


@pytest.mark.usefixtures("waits")
@every_status
def test_a_cancel_that_is_refused_leaves_the_job_running(server, code):
    server.always["cancel"] = status(code)
    server._polls = 6
    job = canceled_while_running(a_job(server, timeout=20))
    passing = code in (408, 429) or code >= 500
    assert job.state == ("left" if passing else "succeeded")
    assert no_loop(server)


def test_a_job_canceled_while_its_answer_is_lost_is_found_and_canceled_when_asked_again(server, waits):
    server._polls = 10
    job = a_job(server)

    def press_again(change):
        if "Cancel once more" in change.new:
            assert server.jobs["job001"]["status"] != "canceled"
            job.cancel()

    job.observe(press_again, "notice")

    def lose(call):
        job.cancel()
        bad.reset_after(call)

    server.scripts["create"] = [lose]
    server.scripts["list"] = [says(b'{"results": []}')]
    assert ended(job).state == "canceled"
    assert server.jobs["job001"]["status"] == "canceled"
    assert len(server.asked("create")) == 1


def test_a_job_canceled_before_it_was_sent_is_not_sent(server):
    job = a_job(server)
    job.cancel()
    with pytest.raises(JobCanceled):
        job.result(10)
    assert not server.seen


# --- downloading ------------------------------------------------------------------------------------------------------

FILE_FAULTS = {
    name: fault
    for name, fault in BROKEN.items()
    if name
    not in (
        "a gzip bomb",
        "broken JSON",
        "a list",
        "a number",
        "a string",
        "null",
        "deep JSON",
        "a long number",
        "over the cap",
    )
}


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("fault", FILE_FAULTS.values(), ids=FILE_FAULTS)
def test_a_download_that_goes_wrong_is_tried_again_or_is_a_sentence(server, fault):
    server.scripts["file"] = [fault]
    job = ended(a_job(server))
    assert job.state in ("succeeded", "failed")
    assert server.creates == 1
    if job.state == "failed":
        assert isinstance(job.error, EndpointError)
        assert not job.error.passing


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("fault", FILE_FAULTS.values(), ids=FILE_FAULTS)
def test_a_download_that_always_goes_wrong_ends_and_the_job_is_kept(server, fault):
    server.always["file"] = fault
    job = ended(a_job(server, download_timeout=0.1, read_timeout=0.08))
    assert job.state in ("left", "failed")
    assert len(server.asked("file")) <= MOST_REQUESTS
    assert Journal().get("job001").prediction.outputs == (f"{server.url}/files/job001.webp",)


@pytest.mark.usefixtures("waits")
@every_status
def test_a_download_that_is_answered_with_an_error_ends(server, code):
    server.always["file"] = status(code)
    job = ended(a_job(server, timeout=300))
    assert job.state == "left"
    assert isinstance(job.error, OutputError)
    assert str(code) in str(job.error)
    server.always.clear()
    again = Job(AnimateDiffRequest(), a_client(server))
    server.scripts["file"] = [status(code)]
    assert ended(again).state == "succeeded"


def test_an_output_that_is_over_the_cap_is_a_sentence(server, waits, monkeypatch):
    monkeypatch.setattr("animatediff_widget.backends.http.outputs._OUTPUT_CAP", 1000)
    job = ended(a_job(server))
    assert isinstance(job.error, OutputError)
    assert "sent more than" in str(job.error)


def test_an_output_that_is_no_animation_is_kept_as_a_file(server, waits):
    server.clip = b"hello"
    job = a_job(server)
    assert job.run().mime == "application/octet-stream"
    assert Journal().get(job.key).output.read_bytes() == b"hello"


def test_an_output_at_another_port_is_left_until_the_person_allows_it(server, waits, monkeypatch):
    with Misbehaving() as files:
        server.output = f"{files.url}/files/a.webp"
        job = ended(a_job(server))
        assert (job.state, waits.count(30.0)) == ("left", 0)
        assert f"set ANIMATEDIFF_WIDGET_OUTPUTS={files.url}" in str(job.error)
        monkeypatch.setenv("ANIMATEDIFF_WIDGET_OUTPUTS", files.url)
        assert Job.resume(Journal().get(job.key), a_client(server)).run().data == CLIP


def test_a_key_in_an_outputs_url_stands_in_no_record_and_is_sent_after_a_kill_too(server, waits):
    server.output = f"{server.url}/files/a.webp?token={KEY}"
    server.always["file"] = bad.reset_before
    job = ended(a_job(server, timeout=300))
    assert job.state == "left"
    server.always.clear()
    assert all(KEY.encode() not in file.read_bytes() for file in Journal().folder.rglob("*") if file.is_file())
    assert Job.resume(Journal().get(job.key), a_client(server)).run().data == CLIP
    assert {seen.path for seen in server.asked("file")} == {f"/files/a.webp?token={KEY}"}


def test_an_output_that_is_a_data_uri_of_nonsense_is_a_sentence(server, waits):
    server.output = "data:image/webp;base64,*"
    assert "cannot be decoded" in str(ended(a_job(server)).error)


@pytest.mark.parametrize("output", ["https://[::1", "//", "http://", "nonsense://x", "\ud800", "/files/\ud800", "%%%"])
def test_an_output_that_is_no_url_is_a_sentence(server, waits, output):
    server.output = output
    server._file = server._other
    job = ended(a_job(server, timeout=300))
    assert job.state in ("failed", "left")
    assert isinstance(job.error, EndpointError)


# --- the disk ---------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_a_sentence_and_the_job_is_kept(server, waits, monkeypatch):
    sync = os.fsync

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    job = ended(a_job(server))
    assert job.state == "left"
    assert isinstance(job.error, StorageError)
    assert "No space left" in str(job.error)
    monkeypatch.setattr(os, "fsync", sync)
    [entry] = Journal().unfinished()
    assert Job.resume(entry, a_client(server)).run().data == CLIP
    assert server.creates == 1


def test_a_data_folder_that_cannot_be_written_stops_the_job_before_it_costs(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_HOME", str(tmp_path / "file" / "home"))
    job = a_job(server)
    with pytest.raises(JournalError, match="cannot be used"):
        job.run()
    assert job.state == "failed"
    assert not server.seen


def test_a_folder_for_animations_that_cannot_be_written_is_a_sentence(server, waits):
    Journal().folder.mkdir(parents=True)
    Journal().animations.write_text("in the way")
    job = a_job(server)
    with pytest.raises(StorageError, match="could not be written"):
        job.run()
    assert job.state == "left"


def test_a_journal_that_fails_once_the_job_is_posted_does_not_stop_it(server, waits, monkeypatch):
    def broken(*args, **more):
        raise JournalError("The journal is broken.")

    job, notices = a_job(server), []
    job.observe(lambda change: notices.append(change.new), "notice")
    job.observe(lambda change: monkeypatch.setattr(Journal, "record", broken), "prediction")
    assert job.result(60).data == CLIP
    assert "The journal is broken." in notices


# --- interrupts -------------------------------------------------------------------------------------------------------

PACKAGE = str(Path(animatediff_widget.__file__).parent)
INNER = tuple(f"{PACKAGE}/{name}" for name in ("jobs", "backends", "journal"))


class Stop:
    """Interrupts this thread in the nth line that it executes in the package."""

    def __init__(self, at: int) -> None:
        self.at, self.lines, self.where = at, 0, "nowhere"

    def __enter__(self) -> Stop:
        self.before = sys.gettrace()
        sys.settrace(self.call)
        return self

    def __exit__(self, *exc: object) -> None:
        sys.settrace(self.before)

    def call(self, frame, event, arg):
        if not frame.f_code.co_filename.startswith(INNER):
            return None
        return self.line

    def line(self, frame, event, arg):
        if event == "line":
            self.lines += 1
            if self.lines == self.at:
                self.where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                signal.raise_signal(signal.SIGINT)
        return self.line


def lines_of_a_job(server: Misbehaving) -> int:
    with Stop(0) as count:
        a_job(server).run()
    return count.lines


@pytest.mark.usefixtures("waits")
def test_an_interrupt_in_any_line_leaves_one_job_at_most_and_nothing_running(server):
    total = lines_of_a_job(server)
    points = int(os.environ.get("ANIMATEDIFF_INTERRUPTS", "100"))
    step = max(total // points, 1)
    for at in range(1, total, step):
        server.jobs.clear()
        job = a_job(server)
        with Stop(at) as stop, contextlib.suppress(KeyboardInterrupt):
            job.run()
            assert stop.lines < at, f"the interrupt was swallowed at {stop.where}"
        where = f"{stop.where}, {job!r}"
        assert server.creates <= 1, where
        for made in server.jobs.values():
            entry = Journal().get(job.key)
            assert made["status"] in ("canceled", "succeeded") or entry.state not in ("failed", "canceled"), where
        if job.finished:
            assert job._ended.is_set(), where
        # Whoever asks for the result gets it, or a sentence: nobody waits for ever.
        with contextlib.suppress(AnimateDiffError):
            assert job.result(30).data == CLIP, where
        assert job.error is None or "unforeseen" not in str(job.error), where
        assert server.creates <= 1, where


@pytest.mark.usefixtures("waits")
def test_an_interrupt_at_the_very_end_leaves_nobody_waiting(server):
    job = a_job(server)

    def interrupt(change):
        if change.new == "succeeded":
            raise KeyboardInterrupt

    job.observe(interrupt, "state")
    with pytest.raises(KeyboardInterrupt):
        job.run()
    assert job._ended.wait(10)
    assert job.result(10).data == CLIP


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between threads")
def test_a_real_interrupt_while_the_server_hangs_leaves_one_job(server):
    job = a_job(server, answer_timeout=30, read_timeout=30)
    me = threading.get_ident()

    def hang(call):
        call.well()
        signal.pthread_kill(me, signal.SIGINT)
        call.server.closing.wait(30)

    server.scripts["create"] = [hang]
    server._polls = 10
    job.observe(lambda change: "once more" in change.new and signal.raise_signal(signal.SIGINT), "notice")
    with pytest.raises(KeyboardInterrupt):
        job.run()
    assert job.state == "canceled"
    assert server.jobs["job001"]["status"] == "canceled"
    assert len(server.asked("create")) == 1


def test_a_throttled_endpoint_error_carries_what_a_caller_needs(server):
    server.scripts["get"] = [status(429, retry_after="7")]
    with pytest.raises(ApiError) as error:
        a_client(server).get("job001")
    assert (error.value.retry_after, error.value.passing) == (7.0, True)


def test_a_bomb_is_not_unpacked_further_than_the_cap(server):
    import tracemalloc

    server.scripts["get"] = [says(BOMB, content_encoding="gzip")]
    tracemalloc.start()
    try:
        with pytest.raises(EndpointError, match="more than 16 MiB"):
            a_client(server).get("a")
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    finally:
        tracemalloc.stop()
