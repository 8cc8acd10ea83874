"""How much quicker several cores are: the pocket model in one thread, in processes, and on a Dask cluster.

Run it as ``python tests/benchmarks/bench_runner.py [runs]`` on a machine that does nothing else. Each way draws the
same runs, once to start what it needs, then for the clock; then a sweep is run, with all that belongs to it. It prints
ratios to one core and asserts nothing.
"""

from __future__ import annotations

import logging
import os
import queue
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import distributed

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Journal, Sweep
from animatediff_widget.engines import Output
from animatediff_widget.engines.pocket import PocketEngine
from animatediff_widget.model.cluster import Cluster
from animatediff_widget.server.cluster import ClusterRunner
from animatediff_widget.server.cluster_server import cluster_server
from animatediff_widget.server.processes import cores
from animatediff_widget.server.runners import LocalRunner, Run, Runner

REQUEST = AnimateDiffRequest(prompt="a small boat on the sea, full moon, stars", steps=10)
ROUNDS = 3


class Reports:
    """Takes the ends of runs."""

    def __init__(self) -> None:
        self.ended: queue.SimpleQueue[Output | str | None] = queue.SimpleQueue()

    def begin(self, run_id: str) -> bool:
        """Let each begin."""
        return True

    def log(self, run_id: str, text: str) -> None:
        """Drop it."""

    def end(self, run_id: str, result: Output | str | None) -> None:
        """Keep it."""
        self.ended.put(result)


def draw(runner: Runner, count: int) -> float:
    """Draw some runs, and give how long each took on average."""
    reports, start = Reports(), time.perf_counter()
    for seed in range(count):
        runner.start(Run(f"{start}-{seed}", REQUEST, seed, reports))
    results = [reports.ended.get() for _ in range(count)]
    assert all(isinstance(result, Output) for result in results), results
    return (time.perf_counter() - start) / count


def sweep(client: Client, count: int, at_once: int | None) -> float:
    """Run a sweep, and give how long each cell took on average."""
    with tempfile.TemporaryDirectory() as folder:
        made = Sweep(REQUEST.copy(seed=1), client, at_once, journal=Journal(Path(folder)), seed=count)
        start = time.perf_counter()
        made.run()
        assert made.progress.succeeded == count, made.progress
        return (time.perf_counter() - start) / count


def compare(label: str, ways: dict[str, Callable[[], float]]) -> None:
    """Time some ways in turn, several times, and print the medians and their ratios to the first."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times[name].append(way())
    medians = {name: statistics.median(each) for name, each in times.items()}
    first = next(iter(medians.values()))
    for name, seconds in medians.items():
        sys.stdout.write(f"{label}, {name:<34} {1000 * seconds:6.0f} ms each   {first / seconds:4.2f} x\n")


def adaptive(count: int) -> tuple[float, float]:
    """Give how long a run takes on a cluster of one worker, and on one that may grow to two, once it has.

    At the end of each round one worker waits for the other, half a run on average: the rounds are long, so that this
    takes one percent of their time.
    """
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster:
        runner = ClusterRunner(Cluster.of(cluster))
        draw(runner, 4)
        one = statistics.median(draw(runner, count) for _ in range(ROUNDS))
        cluster.adapt(minimum=1, maximum=2, target_duration="500ms", wait_count=1000)
        while len(cluster.workers) < 2:
            draw(runner, count)
        draw(runner, 4)
        two = statistics.median(draw(runner, count) for _ in range(ROUNDS))
        runner.close()
    return one, two


def main(count: int) -> None:
    """Measure the runners alone, then whole sweeps."""
    sys.stdout.write(f"{cores()} cores, load {os.getloadavg()[0]:.1f}, {count} runs, medians of {ROUNDS}\n")
    logging.getLogger("distributed").setLevel(logging.ERROR)
    options = {"n_workers": cores(), "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster:
        thread, processes = LocalRunner(PocketEngine()), LocalRunner(PocketEngine(), cores())
        dask = ClusterRunner(Cluster.of(cluster))
        compare(
            "runner",
            {
                "one thread": lambda: draw(thread, count),
                f"{cores()} processes": lambda: draw(processes, count),
                f"Dask, {cores()} workers": lambda: draw(dask, count),
            },
        )
        for runner in (thread, processes, dask):
            runner.close()
        builtin, there = Client(Endpoint.builtin()), Client(Endpoint.dask(cluster))
        compare(
            "sweep",
            {
                "built-in, 1 at once": lambda: sweep(builtin, count, 1),
                "built-in, as many as it chooses": lambda: sweep(builtin, count, None),
                f"Dask, {cores()} workers": lambda: sweep(there, count, None),
            },
        )
        cluster_server(Cluster.of(cluster)).close()
    one, two = adaptive(3 * count)
    sys.stdout.write(
        f"Dask, adaptive from 1 to 2 workers: {1000 * one:.0f} and {1000 * two:.0f} ms, {one / two:.2f} x\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
