"""From the end of a job at a server to the client knowing it: python tests/benchmarks/bench_latency.py.

`Job` and the official client (package `replicate`: create, then wait) follow like jobs of 5 to 12 s side by side, at a
server that is not ours (stand_in.py). ``--jobs N`` is the number of pairs of each kind, ``--kinds`` picks kinds by
their names, ``--together N`` runs so many pairs at once. Exits with 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import replicate
from stand_in import Plan, StandIn

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job, Journal

SERIES = 3  # jobs in a row at one endpoint, after one that is not counted, where something is to be learned
OURS, OFFICIAL = "ours", "official"


@dataclass(frozen=True)
class Kind:
    """A kind of job: its plan, the goal for the lag in parts of the official client's, whether an earlier one helps."""

    goal: float
    change: Callable[[Plan, random.Random], Plan] = lambda plan, draw: plan
    learns: bool = False


def _wrong(plan: Plan, draw: random.Random) -> Plan:
    return replace(plan, claimed=draw.choice([0.3, 0.5, 2.0, 3.0]))


KINDS = {
    "honest log": Kind(1 / 3),
    "cold start of 3 s": Kind(1 / 3, lambda plan, draw: replace(plan, starts=3.0)),
    "learned tail of 2 s": Kind(1 / 3, lambda plan, draw: replace(plan, tail=2.0), learns=True),
    "no log, an earlier job known": Kind(1 / 3, lambda plan, draw: replace(plan, bar=False), learns=True),
    "tail of 2 s": Kind(1, lambda plan, draw: replace(plan, tail=2.0)),
    "no log": Kind(1, lambda plan, draw: replace(plan, bar=False)),
    "wrong it/s": Kind(1, _wrong),
    "log in lumps of 2 s": Kind(1, lambda plan, draw: replace(plan, lump=2.0)),
}


@dataclass
class Outcome:
    """The lag and the number of requests of one job."""

    lag: float
    requests: int


def with_job(server: StandIn, request: AnimateDiffRequest, journal: Journal) -> Outcome:
    job = Job(request, Client(Endpoint.relay(server.url), OURS), journal=journal)
    knew = []
    job.observe(lambda change: knew.append(time.monotonic()) if change["new"].done else None, "prediction")
    job.run()
    return Outcome(knew[0] - server.jobs[OURS].ended, server.jobs[OURS].requests)


def with_official_client(server: StandIn, request: AnimateDiffRequest) -> Outcome:
    client = replicate.Client(api_token=OFFICIAL, base_url=f"{server.url}/replicate")
    with client._client:
        body = request.body()
        prediction = client.predictions.create(version=body["version"], input=body["input"])
        prediction.wait()
    knew = time.monotonic()
    return Outcome(knew - server.jobs[OFFICIAL].ended, server.jobs[OFFICIAL].requests)


def run_series(kind: Kind, lengths: list[float], seed: int) -> list[tuple[Outcome, Outcome]]:
    """Run pairs in a row at an endpoint, with a journal, of their own."""
    draw = random.Random(seed)
    steps = draw.choice([15, 20, 25, 30, 50])
    pairs = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as beside, StandIn(Plan(1.0)) as server:
        for number, length in enumerate(lengths):
            plan = Plan(length, steps, starts=draw.uniform(0.1, 0.6), tail=draw.uniform(0.0, 0.1))
            server.plan = kind.change(plan, draw)
            request = AnimateDiffRequest(prompt="a boat on the sea", steps=steps, seed=number + 1)
            official = beside.submit(with_official_client, server, request)
            time.sleep(draw.uniform(0.05, 0.45))  # lest the two ask at the same moments
            ours = with_job(server, request, Journal(folder))
            pairs.append((ours, official.result()))
    return pairs[1:] if kind.learns else pairs


def plan_series(kind: Kind, jobs: int, draw: random.Random) -> list[list[float]]:
    """Give the lengths of the jobs of each series: spread evenly over 5 to 12 s, alike within a series."""
    count = -(-jobs // SERIES) if kind.learns else jobs
    lengths = [5 + 7 * (number + draw.random()) / count for number in range(count)]
    if not kind.learns:
        return [[length] for length in lengths]
    return [[length * draw.uniform(0.98, 1.02) for _ in range(SERIES + 1)] for length in lengths]


def measure(name: str, jobs: int, together: int, seed: int) -> bool:
    """Run one kind, print its line, and say whether the goal was met."""
    kind, draw = KINDS[name], random.Random(f"{name} {seed}")
    series = plan_series(kind, jobs, draw)
    with ThreadPoolExecutor(together) as lanes:
        running = []
        for lengths in series:
            running.append(lanes.submit(run_series, kind, lengths, draw.randrange(2**32)))
        pairs = [pair for each in running for pair in each.result()]
    ours, official = (statistics.median(pair[which].lag for pair in pairs) for which in (0, 1))
    asked, asked_official = (statistics.mean(pair[which].requests for pair in pairs) for which in (0, 1))
    over = sum(pair[0].requests > pair[1].requests for pair in pairs)
    met = ours <= official * kind.goal and not over
    print(
        f"{name:30} {ours * 1000:5.0f} / {official * 1000:3.0f} ms {ours / official:6.2f} {kind.goal:6.2f}"
        f"   {asked:5.2f} / {asked_official:5.2f} {over:5} {len(pairs):5}  {'met' if met else 'MISSED'}",
        flush=True,
    )
    return met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND")
    parser.add_argument("--together", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    sys.setswitchinterval(0.001)  # the server and both clients are threads of this process
    print(f"{'':30} median lag      ratio   goal   requests a job   over pairs")
    with tempfile.TemporaryDirectory() as home:
        os.environ["ANIMATEDIFF_WIDGET_HOME"] = home
        met = [measure(name, asked.jobs, asked.together, asked.seed) for name in asked.kinds]
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
