"""When many jobs together may ask: no thread, no clock."""

from __future__ import annotations

import itertools
import math
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from animatediff_widget import Client, Endpoint, Prediction
from animatediff_widget.errors import ApiError
from animatediff_widget.jobs.actions import Begin, Fetch, Record
from animatediff_widget.jobs.pace import Pace, pace_of
from animatediff_widget.jobs.poller import Poller, Watched
from animatediff_widget.jobs.site import Site
from animatediff_widget.jobs.together import Writer


def sent_by(pace: Pace, until: float, *, every: float = 0.01) -> list[float]:
    """Create as many jobs as may be created; give when."""
    times = []
    for number in range(round(until / every)):
        now = number * every
        if pace.free_at("create", now) <= now:
            pace.sent("create", now)
            times.append(now)
    return times


def test_in_no_minute_more_jobs_are_created_than_an_account_may():
    times = sent_by(Pace(creates=60), 200)
    assert len(times) == 240
    assert all(sum(begin <= time < begin + 60 for time in times) <= 60 for begin in times)


def test_an_endpoint_whose_limits_are_not_known_has_none():
    assert len(sent_by(Pace(), 10)) == 1000


def test_after_a_refusal_nothing_of_its_kind_is_sent_until_the_time_is_over():
    pace = Pace()
    assert pace.refused("create", 10.0, 30.0) == 30.0
    assert pace.refused("create", 11.0, None) <= 29.0, "one that was under way makes it no longer"
    assert pace.free_at("create", 12.0) == 40.0
    assert pace.free_at("call", 12.0) <= 12.0
    assert pace.probes("create"), "then they go one at a time"
    assert not pace.went_well("create", 9.0), "one that was sent before says nothing"
    assert pace.went_well("create", 40.0)
    assert not pace.probes("create")


def test_where_no_time_is_said_the_pauses_grow_until_something_goes_well():
    pace, now, pauses = Pace(), 0.0, []
    for _ in range(9):
        pauses.append(pace.refused("call", now, None))
        now += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    pace.went_well("call", now)
    assert pace.refused("call", now, None) == 1


def test_all_who_use_an_account_in_this_process_share_its_limits(monkeypatch):
    ours, same, other = (Client(Endpoint.replicate(), f"r8_{letter * 37}") for letter in "aab")
    pace = pace_of(ours)
    assert pace is pace_of(same)
    assert pace is not pace_of(other)
    for _ in range(600):
        pace.sent("create", 5.0)
    assert pace.free_at("create", 6.0) == 65.0
    assert pace.free_at("call", 6.0) <= 6.0


# --- looks into the list ----------------------------------------------------------------------------------------------


def looks(poller: Poller, watched: list[Watched], until: float, *, begin: float = 0.0) -> list[float]:
    """Look whenever it is time; give when."""
    times, now = [], begin
    while (at := poller.next_look(watched, now)) < until:
        now = max(at, now)
        times.append(now)
        now += 0.02
        poller.looked(now)
    return times


def test_a_pause_that_one_sweep_was_asked_for_is_over_for_all_once_another_ones_job_is_taken():
    client = Client(Endpoint.relay("http://127.0.0.1:9"), "a-key-of-the-relay-1234567890")
    one, other = Site(client, 0.0), Site(client, 0.0)
    one.throttled("create", ApiError("Request was throttled.", status=429), 10.0)
    assert other.pace.probes("create")
    other.went_well("create", 20.0)
    assert not other.pace.probes("create")


def test_looks_come_close_where_an_end_is_expected():
    poller = Poller(0.0, trusted=True)
    poller.expect("kind")
    poller.took("kind", 20.0)
    times = looks(poller, [Watched("kind", 0.0)], 20.5)
    assert 2 <= sum(time < 18 for time in times) <= 6
    assert max(after - before for before, after in itertools.pairwise(times) if before > 18) < 0.6


@pytest.mark.parametrize(("last", "from_then"), [(20.1, 19.3), (15.0, 17.9)])
def test_the_close_looks_begin_as_long_before_an_end_as_the_last_ones_differed(last, from_then):
    poller = Poller(0.0, trusted=True)
    poller.expect("kind")
    for seconds in (20.0, 20.1, 19.9, 20.0, last):
        poller.took("kind", seconds)
    times = looks(poller, [Watched("kind", 0.0)], 20.3)
    assert sum(time < from_then for time in times) <= 4
    assert sum(from_then <= time < from_then + 1.0 for time in times) >= 4


def test_looks_are_few_however_many_jobs_end_at_different_moments():
    poller = Poller(0.0, trusted=True)
    poller.expect("kind")
    poller.took("kind", 2.0)
    count, now = 0, 0.0
    for wave in range(400):  # 50 at once, and one ends every 40 ms
        now = wave * 0.1
        for _ in range(2 + wave % 2):
            poller.expect("kind")
        watched = [Watched("kind", now - each * 0.04) for each in range(50)]
        count += len(looks(poller, watched, now + 0.1, begin=now))
    assert count <= 0.48 * 1000


def test_where_nothing_is_known_looks_become_rarer_and_nothing_is_looked_for_that_is_not_there():
    poller = Poller(0.0, trusted=True)
    poller.expect("kind")
    times = looks(poller, [Watched("kind", 0.0)], 60.0)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps == pytest.approx(sorted(gaps))
    assert gaps[-1] <= 2.1
    assert poller.next_look([], 61.0) == math.inf


@pytest.mark.parametrize(("completed", "trusted"), [("2001-09-09T01:46:30Z", False), ("2001-09-09T01:46:39Z", True)])
def test_a_list_that_did_not_tell_of_an_end_long_ago_twice_is_believed_no_more(completed, trusted):
    poller = Poller(0.0, trusted=True)
    poller.expect("kind")
    ended = Prediction.from_json({"id": "a", "status": "succeeded", "completed_at": completed})
    for now in (10.0, 40.0):
        watched = Watched("kind", 0.0)
        assert poller.check(watched, now)
        poller.checked(watched, ended, now, 1e9)
    assert poller.trusted == trusted


def test_animations_wait_a_moment_while_jobs_that_ended_together_are_replaced():
    site = Site(Client(Endpoint.relay("https://relay.example"), "a-key-1234567890"), 0.0)

    def sent(count: int, now: float, since: float) -> int:
        site.flying[Fetch] = 0
        site.queued[Fetch].clear()
        site.queued[Fetch].extend([SimpleNamespace(since=since)] * count)
        return len([*site.ready(now)])

    site.beginning = 3
    assert sent(2, 100.0, 100.0) == 2, "a few are in nobody's way"
    assert sent(20, 100.0, 100.0) == 0
    assert sent(20, 100.3, 100.0) == 6, "they do not wait for ever where one job after another begins"
    site.beginning = 0
    assert sent(20, 100.31, 100.3) == 0
    assert 100.31 < site.next_time(100.31) < 100.4
    assert sent(20, 100.4, 100.3) == 6


def test_what_a_post_waits_for_is_written_before_what_is_only_recorded():
    written = []
    writer = Writer(lambda act, then: written.append(([action for _, action in act.args[0]], then)), lambda *_: None)
    site = SimpleNamespace(poller=SimpleNamespace(trusted=True))

    class Member(SimpleNamespace):
        __hash__ = object.__hash__

    def member(*, named: bool = True) -> Member:
        return Member(site=site, named=named, unwritten=0)

    def write(now: float) -> list:
        before = len(written)
        writer.start(now)
        for actions, then in written[before:]:
            done: Future = Future()
            done.set_result([None] * len(actions))
            then(done)
        return [type(action) for actions, _ in written[before:] for action in actions]

    again = member()
    for each in (member(), member(), again):
        writer.add(each, Record("succeeded"), 10.0, 50)
    for now in (10.1, 10.2, 10.3, 10.4):
        writer.add(member(), Begin(), now)
        assert write(now) == []
        assert write(now + 0.01) == [Begin], "the records wait"
    writer.add(again, Begin(), 10.45)
    assert write(10.46) == [Record, Record, Record, Begin], "of one job all is written in its turn"
    writer.add(member(named=False), Record("downloading"), 11.0, 50)
    writer.add(member(), Begin(), 11.01)
    assert write(11.03) == [Begin]
    assert write(11.03) == [Record], "what the list could not tell again waits for nobody"
