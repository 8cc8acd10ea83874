"""When a job is asked about, on a simulated clock: beside a client that sleeps half a second between two answers."""

from __future__ import annotations

import datetime
import itertools
import math
import random
import statistics
from bisect import bisect_right
from dataclasses import dataclass

import pytest

from animatediff_widget import Prediction
from animatediff_widget.jobs.polling import Schedule

EXCHANGE = 0.01
JOBS = 60


@dataclass
class World:
    """A job at a server, and what the server answers; its clock is not ours. All in seconds since the POST."""

    steps: list[float]  # when each was done
    ends: float
    bar: bool = True
    lump: float = 0.0
    claimed: float = 1.0  # what the bar says of its speed, by what it is
    ahead: float = 1.7e9
    stamps: int = 3  # decimals of the server's times
    status: str = "succeeded"
    created: float = EXCHANGE / 2

    def answer(self, now: float) -> Prediction:
        ended = now >= self.ends
        logged = now if ended or not self.lump else now // self.lump * self.lump
        done, total = bisect_right(self.steps, logged), len(self.steps)
        rate = self.claimed * total / (self.steps[-1] - self.steps[0])
        starting = now < self.steps[0]
        return Prediction.from_json(
            {
                "id": "a",
                "status": self.status if ended else "starting" if starting else "processing",
                "created_at": self._stamp(self.created),
                "completed_at": self._stamp(self.ends) if ended else None,
                "logs": f"{done * 4}%|###| {done}/{total} [00:01<00:01, {rate:.2f}it/s]\n" if self.bar and done else "",
            }
        )

    def _stamp(self, now: float) -> str:
        at = math.floor((self.ahead + now) * 10**self.stamps) / 10**self.stamps
        return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).isoformat()


def world(draw: random.Random, length: float, *, starts: float = 0.0, tail: float = 0.0, **kind: object) -> World:
    """Make a job of that length; its steps are not all the same."""
    starts = starts or draw.uniform(0.1, 0.6)
    tail = (tail or draw.uniform(0.0, 0.1)) * draw.uniform(0.97, 1.03)
    lengths = [draw.uniform(0.9, 1.1) for _ in range(draw.choice([15, 25, 50]))]
    scale = (length - starts - tail) / sum(lengths)
    steps = [starts + scale * done for done in itertools.accumulate(lengths)]
    return World(steps, length, **kind)  # type: ignore[arg-type]


def follow(world: World, schedule: Schedule, *, until: float = math.inf, exchange: float = EXCHANGE) -> list[float]:
    """Ask until the answer is that the job has ended; give when the answers came."""
    now, came = 0.0, []
    while True:
        schedule.asked(now)
        answer = world.answer(now + exchange / 2)
        now += exchange
        came.append(now)
        schedule.heard(answer, now)
        if answer.done or now > until:
            return came
        assert len(came) < 10**4
        now += schedule.delay(now)


def follow_as_the_official_client(world: World) -> list[float]:
    came = [EXCHANGE]
    while not world.answer(came[-1] - EXCHANGE / 2).done:
        came.append(came[-1] + 0.5 + EXCHANGE)
    return came


KINDS: dict[str, tuple[dict[str, object], float]] = {
    "honest log": ({}, 1 / 3),
    "wrong it/s": ({"claimed": 3.0}, 1 / 3),
    "cold start": ({"starts": 3.0}, 1 / 3),
    "learned tail": ({"tail": 2.0}, 1 / 3),
    "known duration": ({"bar": False}, 1 / 3),
    "tail": ({"tail": 2.0}, 0.95),
    "no log": ({"bar": False}, 0.95),
    "lumpy log": ({"lump": 2.0}, 0.95),
}


def series(name: str, seed: int) -> list[tuple[World, list[float], list[float]]]:
    """Follow `JOBS` jobs of a kind: the job, when our answers came, and the official client's."""
    draw = random.Random(seed)
    followed = []
    for number in range(JOBS):
        length = 5 + 7 * (number + draw.random()) / JOBS
        tail, known = 0.0, None
        if name in ("learned tail", "known duration"):
            earlier = Schedule()
            follow(world(draw, length, **KINDS[name][0]), earlier)  # type: ignore[arg-type]
            tail, known = earlier.tail, earlier.took
            length *= draw.gauss(1.0, 0.02)
        job = world(draw, length, **KINDS[name][0])  # type: ignore[arg-type]
        followed.append((job, follow(job, Schedule(tail=tail, known=known)), follow_as_the_official_client(job)))
    return followed


@pytest.mark.parametrize("name", KINDS)
def test_it_knows_the_end_sooner_than_the_official_client(name):
    followed = [each for seed in range(3) for each in series(name, seed)]
    ours = statistics.median(came[-1] - job.ends for job, came, _ in followed)
    official = statistics.median(came[-1] - job.ends for job, _, came in followed)
    assert ours <= official * KINDS[name][1]


@pytest.mark.parametrize("name", KINDS)
def test_no_job_costs_more_requests_than_with_the_official_client(name):
    for _, ours, official in series(name, seed=1):
        assert len(ours) <= len(official)


@pytest.mark.parametrize("exchange", [0.01, 0.4])
@pytest.mark.parametrize("known", [None, 1.0, 2.0, 3.0, 20.0])
@pytest.mark.parametrize("bar", [False, True])
def test_at_no_time_were_there_more_requests_than_the_official_client_would_have_sent(exchange, known, bar):
    for seed in range(10):
        job = world(random.Random(seed), 24.0, bar=bar, tail=2.0 * (seed + 1))
        came = follow(job, Schedule(known=known), exchange=exchange)
        for polls, came_at in enumerate(came[:-1]):
            assert came_at >= exchange + polls * (0.5 + exchange)


def test_requests_that_were_not_planned_are_made_up_for():
    schedule = Schedule(known=3.0)
    follow(world(random.Random(0), 9.0), schedule, until=0.005)
    for tenth in range(29):
        schedule.asked(tenth / 10)
    assert schedule.delay(2.9) == 2.0


@pytest.mark.parametrize("length", [8.0, 60.0, 300.0])
@pytest.mark.parametrize("bar", [False, True])
def test_no_second_sees_more_than_eight_requests_and_no_two_are_close_together(length, bar):
    came = follow(world(random.Random(0), length, bar=bar), Schedule(known=length - 0.5))
    assert all(later - earlier >= 1.0 - 1e-9 for earlier, later in zip(came, came[8:], strict=False))
    assert min(later - earlier for earlier, later in itertools.pairwise(came)) >= 0.05


def test_a_job_of_which_nothing_is_known_is_left_alone_at_first():
    came = follow(world(random.Random(0), 9.0, bar=False), Schedule())
    assert came[1] - came[0] > 1.0


@pytest.mark.parametrize("name", KINDS)
def test_a_person_sees_something_new_every_second_or_so(name):
    for _, came, _ in series(name, seed=3):
        assert max(later - earlier for earlier, later in itertools.pairwise(came)) < 1.3


@pytest.mark.parametrize("schedule", [{}, {"tail": 60.0}, {"known": 1e5}])
@pytest.mark.parametrize("bar", [False, True])
def test_it_never_waits_longer_than_a_person_bears(schedule, bar):
    job = world(random.Random(0), 1800.0, bar=bar)
    came = follow(job, Schedule(**schedule))
    assert max(later - earlier for earlier, later in itertools.pairwise(came)) <= 2.0 + 2 * EXCHANGE


def test_a_long_job_without_a_log_is_asked_less_often():
    came = follow(world(random.Random(0), 1800.0, bar=False), Schedule())
    assert len(came) < 1300  # the official client: 3500


def test_a_long_job_that_is_late_is_not_asked_about_as_often_as_it_could_afford():
    came = follow(world(random.Random(0), 1000.0, bar=False), Schedule(known=900.0))
    assert sum(came_at > 901.0 for came_at in came) < 100


def test_what_the_bar_claims_of_its_speed_changes_nothing():
    asked = [follow(world(random.Random(5), 9.0, claimed=claimed), Schedule()) for claimed in (0.1, 1.0, 30.0)]
    assert asked[0] == asked[1] == asked[2]


def test_a_job_that_slows_down_is_still_met():
    lags = []
    for number in range(40):
        steps = [0.5 + 0.2 * step for step in range(1, 13)]
        steps += [steps[-1] + (0.4 + number / 200) * step for step in range(1, 14)]
        lags.append(follow(World(steps, steps[-1]), Schedule())[-1] - steps[-1])
    assert statistics.median(lags) < 0.255  # the official client's


@pytest.mark.parametrize("total", [7, 15])
def test_another_bar_begins_anew(total):
    drawing = World([1.5 + 0.5 * step for step in range(1, 16)], 9.0)
    loading, schedule = World([0.1 * step for step in range(1, total + 1)], 99.0), Schedule()
    follow(loading, schedule, until=1.2)
    now = 1.2
    while not (answer := drawing.answer(now)).done:
        schedule.heard(answer, now)
        now += schedule.delay(now)
        schedule.asked(now)
    assert now - drawing.ends < 0.25


def test_a_job_without_the_tail_of_the_last_one_is_asked_about_when_its_last_step_is_done():
    jobs = [world(random.Random(seed), 9.0) for seed in range(20)]
    lags = [follow(job, Schedule(tail=2.0))[-1] - job.ends for job in jobs]
    assert statistics.median(lags) < 0.25


@pytest.mark.parametrize("ahead", [0.0, 1.7e9, 4e9])
@pytest.mark.parametrize("stamps", [0, 3])
def test_tail_and_duration_are_learned_whatever_the_servers_clock_says(ahead, stamps):
    schedule = Schedule()
    follow(world(random.Random(3), 9.0, tail=2.0, ahead=ahead, stamps=stamps), schedule)
    assert schedule.tail == pytest.approx(2.0, abs=0.3)
    assert schedule.took == pytest.approx(9.0, abs=0.26)


@pytest.mark.parametrize("exchange", [0.01, 0.4])
def test_a_duration_is_learned_to_the_moment_where_the_servers_clock_is_sound(exchange):
    schedule = Schedule()
    came = follow(world(random.Random(3), 3.0, bar=False, created=exchange / 2), schedule, exchange=exchange)
    assert came[-1] > 3.3
    assert schedule.took == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("completed", ["1970-01-02T00:00:00Z", "2200-01-01T00:00:00Z", "nonsense", None])
def test_the_end_is_learned_from_our_own_clock_where_the_servers_makes_no_sense(completed):
    job, schedule = world(random.Random(4), 8.0, tail=1.0), Schedule()
    came = follow(job, schedule, until=7.5)
    schedule.asked(8.0)
    ended = {"status": "succeeded", "logs": job.answer(9.0).logs, "completed_at": completed}
    schedule.heard(Prediction.from_json(ended), 8.0)
    assert schedule.took is not None
    assert came[-1] - EXCHANGE <= schedule.took <= 8.0
    if completed in (None, "nonsense"):  # between the last two answers
        assert schedule.took == pytest.approx((came[-1] + 8.0) / 2, abs=0.01)
    assert schedule.tail == pytest.approx(1.0, abs=0.5)


@pytest.mark.parametrize("status", ["failed", "canceled", "aborted"])
def test_a_job_that_did_not_succeed_teaches_nothing(status):
    schedule = Schedule(tail=0.7)
    follow(world(random.Random(6), 9.0, tail=2.0, status=status), schedule)
    assert (schedule.tail, schedule.took) == (0.7, None)


def test_what_was_learned_stays_when_the_end_is_heard_again():
    job, schedule = world(random.Random(6), 9.0, tail=2.0), Schedule()
    follow(job, schedule)
    learned = schedule.tail, schedule.took
    schedule.asked(20.0)
    schedule.heard(Prediction.from_json({"status": "succeeded", "logs": job.answer(20.0).logs}), 20.0)
    assert (schedule.tail, schedule.took) == learned


def test_a_job_that_ends_before_its_last_step_has_no_tail():
    job, schedule = world(random.Random(6), 9.0), Schedule(tail=1.0)
    job.ends = 5.0
    follow(job, schedule)
    assert schedule.tail == 0.0


def test_the_last_step_alone_is_enough_to_learn_a_tail():
    schedule = Schedule()
    for now, step in ((0.0, 0), (2.0, 10), (4.0, 25)):
        schedule.asked(now)
        logs = f"4%|#| {step}/25 [00:01<00:01, 1.00it/s]\n" if step else ""
        schedule.heard(Prediction.from_json({"status": "processing", "logs": logs}), now)
    schedule.asked(6.0)
    schedule.heard(Prediction.from_json({"status": "succeeded", "logs": logs}), 6.0)
    assert schedule.tail == pytest.approx(1.0, abs=0.1)  # it ended between 4 and 6


def test_a_canceled_job_is_asked_about_soon_and_then_ever_more_rarely():
    schedule = Schedule()
    follow(world(random.Random(0), 100.0), schedule, until=5.0)
    schedule.canceled(6.0)
    delays = [schedule.delay(now) for now in (6.0, 7.0, 10.0, 60.0)]
    assert delays[0] <= 0.15
    assert delays == sorted(delays)
    assert 1.0 <= delays[-1] <= 2.0


def test_a_job_that_was_posted_by_another_process_can_be_followed():
    schedule = Schedule()
    assert 0.0 <= schedule.delay(100.0) <= 2.0
    schedule.heard(world(random.Random(0), 9.0).answer(4.0), 100.0)
    assert 0.5 <= schedule.delay(100.0) <= 2.0


def test_a_post_that_is_repeated_counts_once():
    repeated, posted = Schedule(known=0.5), Schedule(known=0.5)
    for now in (0.0, 1.0, 3.0):
        repeated.asked(now)
    posted.asked(3.0)
    answer = world(random.Random(0), 9.0).answer(0.0)
    repeated.heard(answer, 3.01)
    posted.heard(answer, 3.01)
    assert repeated.delay(3.6) == posted.delay(3.6)


def test_a_short_job_with_a_bar_is_met_too():
    jobs = [world(random.Random(number), 1.5 + number / 16) for number in range(40)]
    lags = [follow(job, Schedule())[-1] - job.ends for job in jobs]
    assert statistics.median(lags) < 0.2  # the official client's: 0.255


@pytest.mark.parametrize("bar", ["1/999999999", "999999999/1", "0/0", "7/7", "0/1"])
@pytest.mark.parametrize("rate", ["999999999it/s", "0.000000001it/s", "0.00it/s", "999999999s/it"])
def test_a_bar_of_nonsense_still_gives_a_sound_delay(bar, rate):
    schedule = Schedule(tail=1.0, known=3.0)
    for now in (0.0, 0.0, 0.6, 1.2):
        schedule.asked(now)
        schedule.heard(Prediction.from_json({"logs": f"4%|#| {bar} [00:01<00:01, {rate}]\n"}), now)
        assert 0.0 <= schedule.delay(now) <= 2.0


def bar_at(step: int) -> Prediction:
    return Prediction.from_json({"status": "processing", "logs": f"4%|#| {step}/25 [00:01<00:01, 1.00it/s]\n"})


def test_a_bar_that_is_seen_once_is_soon_looked_at_again():
    schedule = Schedule()
    schedule.asked(0.0)
    schedule.heard(Prediction.from_json({"status": "starting"}), 0.0)
    schedule.asked(1.2)
    schedule.heard(bar_at(3), 1.2)
    assert schedule.delay(1.2) < 0.6


def test_a_bar_that_is_first_seen_at_its_last_step_tells_when_the_tail_began():
    schedule = Schedule(tail=2.0)
    schedule.asked(0.0)
    schedule.heard(Prediction.from_json({"status": "starting"}), 0.0)
    schedule.asked(3.0)
    schedule.heard(bar_at(25), 3.0)
    assert schedule.delay(3.0) > 1.0
    assert schedule.delay(4.9) < 0.15
