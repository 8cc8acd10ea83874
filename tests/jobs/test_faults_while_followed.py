"""Everything that can go wrong while a job runs: polls, throttles, its cancel."""

from __future__ import annotations

import email.utils
import time

import misbehaving as bad
import pytest
from faults import MOST_REQUESTS, a_client, a_job, canceled_while_running, ended, every_fault, every_status, no_loop
from misbehaving import says, status

from animatediff_widget import AnimateDiffRequest, Job, Journal
from animatediff_widget.errors import (
    ApiError,
    EndpointError,
    JobCanceled,
    JobFailed,
    JobTimeout,
    OutputError,
)

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


def test_a_throttled_endpoint_error_carries_what_a_caller_needs(server):
    server.scripts["get"] = [status(429, retry_after="7")]
    with pytest.raises(ApiError) as error:
        a_client(server).get("job001")
    assert (error.value.retry_after, error.value.passing) == (7.0, True)


# --- canceling --------------------------------------------------------------------------------------------------------


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
