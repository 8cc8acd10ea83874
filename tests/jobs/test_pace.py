"""When a job asks, on a simulated clock."""

from __future__ import annotations

import datetime
import itertools

import pytest

from animatediff_widget import Prediction
from animatediff_widget.jobs.pace import Pace

STEP = 0.4  # seconds a step takes in the simulated job
STEPS = 25


class World:
    """A job that takes a while to start, draws its steps, and takes a while to upload; its clock is not ours."""

    def __init__(self, *, starts: float = 2.0, tail: float = 0.5, ahead: float = 1.7e9, log: bool = True) -> None:
        self.starts, self.tail, self.ahead, self.log = starts, tail, ahead, log
        self.ends = starts + STEPS * STEP + tail
        self.canceled: float | None = None

    def snapshot(self, now: float) -> Prediction:
        ended = now >= self.ends
        step = min(max(int((now - self.starts) / STEP), 0), STEPS)
        answer = {
            "id": "a",
            "status": "succeeded" if ended else "processing",
            "created_at": self.stamp(0),
            "completed_at": self.stamp(self.ends) if ended else None,
        }
        if self.log and step:
            answer["logs"] = f"{step * 4}%|###| {step}/{STEPS} [00:01<00:01, {1 / STEP:.2f}it/s]\n"
        return Prediction.from_json(answer)

    def stamp(self, now: float) -> str:
        return datetime.datetime.fromtimestamp(self.ahead + now, datetime.timezone.utc).isoformat()


def follow(world: World, pace: Pace) -> list[float]:
    """Ask until the job has ended; give the times of asking."""
    now, asked = 0.0, [0.0]
    pace.asked(now)
    pace.heard(world.snapshot(now), now)
    while now < world.ends:
        now += max(pace.delay(now), 0.0)
        asked.append(now)
        assert len(asked) < 10**4
        pace.asked(now)
        pace.heard(world.snapshot(now), now)
    return asked


WORLDS = [
    World(),
    World(starts=0.0, tail=0.0),
    World(log=False),
    World(tail=20.0),
    World(starts=300.0),
    World(ahead=0.0),
]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("tail", [0.0, 0.5, 60.0])
def test_no_second_sees_more_than_three_requests(world, tail):
    asked = follow(world, Pace(tail))
    assert all(later - earlier >= 1.0 - 1e-9 for earlier, later in zip(asked, asked[3:], strict=False))


@pytest.mark.parametrize("world", WORLDS)
def test_it_never_waits_longer_than_a_person_bears(world):
    asked = follow(world, Pace())
    assert max(later - earlier for earlier, later in itertools.pairwise(asked)) <= 3.0


def test_it_asks_rarely_in_between():
    world = World(starts=0.0)
    middle = [at for at in follow(world, Pace()) if 2.0 < at < 8.0]
    assert len(middle) <= 4


def test_it_knows_the_end_of_a_job_like_the_last_one_to_within_a_moment():
    pace = Pace()
    first = follow(World(), pace)
    assert pace.tail == pytest.approx(0.5, abs=STEP)
    second = follow(World(), Pace(pace.tail))
    assert second[-1] - World().ends < 0.15
    assert len(second) <= len(first)


def test_the_tail_is_learned_whatever_the_servers_clock_says():
    tails = []
    for ahead in (0.0, 1.7e9, 4e9):
        pace = Pace()
        follow(World(ahead=ahead), pace)
        tails.append(round(pace.tail, 3))
    assert tails[0] == tails[1] == tails[2]


def test_a_tail_is_never_learned_out_of_bounds():
    for completed in ("1970-01-02T00:00:00Z", "2200-01-01T00:00:00Z", "nonsense"):
        pace = Pace()
        pace.asked(0.0)
        pace.heard(World(starts=0.0).snapshot(5.0), 5.0)
        pace.heard(Prediction.from_json({"status": "succeeded", "completed_at": completed}), 6.0)
        assert 0.0 <= pace.tail <= 60.0


def test_a_bar_that_stands_still_does_not_put_the_end_off():
    world, pace = World(starts=0.0), Pace()
    for now in (4.0, 8.0, 12.0):
        pace.asked(now)
        pace.heard(world.snapshot(4.0), now)
    assert pace.delay(12.0) < 1.0  # the end was due at 10


def test_a_canceled_job_is_asked_for_soon_and_then_ever_more_rarely():
    world, pace = World(), Pace()
    pace.asked(0.0)
    pace.heard(world.snapshot(0.0), 0.0)
    pace.canceled(5.0)
    delays = [pace.delay(now) for now in (5.0, 6.0, 9.0, 60.0)]
    assert delays[0] <= 0.15
    assert delays == sorted(delays)
    assert delays[-1] <= 3.0


@pytest.mark.parametrize("rate", ["999999999it/s", "0.000000001it/s", "0.00it/s", "999999999s/it"])
def test_a_bar_of_nonsense_still_gives_a_sound_delay(rate):
    pace = Pace()
    pace.asked(0.0)
    pace.heard(Prediction.from_json({"logs": f"4%|#| 1/999999999 [00:01<00:01, {rate}]\n"}), 0.0)
    assert 0.0 <= pace.delay(0.1) <= 3.0
