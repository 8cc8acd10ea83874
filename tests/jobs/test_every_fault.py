"""Sixty faults on each thing that a job asks of an endpoint: once, and for as long as it is asked."""

from __future__ import annotations

import misbehaving as bad
import pytest
from faults import A_GATEWAY, BROKEN, FILE_FAULTS, STATUSES, a_client, a_job, canceled_while_running, ended
from misbehaving import status

from animatediff_widget import Job, Journal

IN_ITS_WORDS = {
    f"{code} in its own words": status(code) for code in (*STATUSES, 405, 410, 411, 412, 414, 425, 451, 507, 508)
}
FAULTS = {**BROKEN, **A_GATEWAY, **IN_ITS_WORDS}
LONG = 400.0  # more than a job waits for anything, in its own seconds; it asks once a second at most


def faults_of(route: str) -> dict[str, bad.Behaviour]:
    """The faults of a route; some bytes that are no prediction are a file all the same."""
    return {name: fault for name, fault in FAULTS.items() if route != "file" or name not in BROKEN.keys() - FILE_FAULTS}


CASES = [
    pytest.param(route, fault, id=f"{route}: {name}")
    for route in ("create", "get", "cancel", "list", "file")
    for name, fault in faults_of(route).items()
]


def test_there_are_sixty_faults_of_every_route():
    assert all(len(faults_of(route)) >= 60 for route in ("create", "get", "cancel", "list", "file"))


@pytest.mark.slow
@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("always", [False, True], ids=["once", "always"])
@pytest.mark.parametrize(("route", "fault"), CASES)
def test_a_fault_costs_no_second_job_and_what_the_endpoint_has_is_had_once_it_behaves(server, route, fault, always):
    server._polls = 12 if route == "cancel" else 2
    if always:
        server.always[route] = fault
    else:
        server.scripts[route] = [fault]
    if route == "list":
        server.scripts["create"] = [bad.reset_after]
    hasty = {"answer_timeout": 0.1, "read_timeout": 0.08, "download_timeout": 0.1}
    job = a_job(server, timeout=LONG, **hasty)
    canceled_while_running(job) if route == "cancel" else ended(job)
    assert server.creates <= 1
    assert all(len(server.asked(each)) <= LONG + 20 for each in ("create", "cancel", "list", "file"))

    server.always.clear()
    server.scripts.clear()
    entry = Journal().get(job.key)
    if job.state in ("left", "unknown", "accepted"):
        assert entry in Journal().unfinished()
        job = ended(Job.resume(entry, a_client(server), timeout=LONG))
    if server.creates:
        assert job.state in ("succeeded", "canceled")
        assert (job.state == "canceled") == (server.jobs["job001"]["status"] == "canceled")
    else:
        assert job.state in ("failed", "unknown", "accepted")
    assert server.creates <= 1
