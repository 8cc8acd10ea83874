"""Everything that can go wrong where a job is made, against a real server that goes wrong on order.

Each fault ends in "the work goes on", or in one sentence with the job kept in the journal; never in a second job.
"""

from __future__ import annotations

import misbehaving as bad
import pytest
from faults import A_GATEWAY, BROKEN, KEY, MOST_REQUESTS, a_client, a_job, ended, every_fault, every_status, no_loop
from misbehaving import BOMB, Misbehaving, says, status

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job
from animatediff_widget.errors import (
    AnswerLost,
    ConnectionFailed,
    EndpointError,
)


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
