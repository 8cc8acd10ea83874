"""Many jobs at once, ours and the official client's on threads: python tests/benchmarks/bench_sweep.py.

1,000 jobs of 2 s, 50 at once, at a stand-in that is not our server and runs in a process of its own (crowd.py). The
ideal is the number of jobs by those at once, times what one takes. Requests a job include the download. The share of
the journal is the time in which something was being written there. ``--jobs``, ``--at-once``, ``--seconds`` and
``--latency`` (of each answer) change that; ``--only ours`` leaves the official client out. Exits with 1 where a goal is
missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil
import replicate
import requests
from crowd import crowd

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Journal, Prediction, Sweep
from animatediff_widget.journal import Part
from animatediff_widget.journal.file import JournalFile

OURS, OFFICIAL = "ours-1234567890", "official-1234567890"
LONGER, REQUESTS, WRITING, MEMORY = 1.05, 2.5, 0.05, 300  # the goals


class Writing:
    """How long the journal was being written."""

    def __init__(self) -> None:
        self.seconds, self.count = 0.0, 0
        act = JournalFile._write

        def timed(file, *arguments):
            began, nested = time.perf_counter(), getattr(file, "_thread", None) == threading.get_ident()
            try:
                return act(file, *arguments)
            finally:
                if not nested:
                    self.seconds += time.perf_counter() - began
                    self.count += 1

        JournalFile._write = timed  # type: ignore[method-assign]


def with_sweep(url: str, jobs: int, at_once: int, folder: Path) -> None:
    client = Client(Endpoint.relay(url), OURS)
    sweep = Sweep(AnimateDiffRequest(prompt="a boat"), client, at_once, journal=Journal(folder), seed=[*range(jobs)])
    sweep.run(confirm=True)
    assert sweep.progress.succeeded == jobs, sweep.progress


def with_official_client(url: str, jobs: int, at_once: int) -> None:
    client = replicate.Client(api_token=OFFICIAL, base_url=f"{url}/replicate")

    def run(seed: int) -> None:
        body = AnimateDiffRequest(prompt="a boat", seed=seed).body()
        prediction = client.predictions.create(version=body["version"], input=body["input"])
        prediction.wait()
        client._client.get(prediction.output).read()

    with client._client, ThreadPoolExecutor(at_once) as pool:
        list(pool.map(run, range(jobs)))


def open_cells(count: int, folder: Path) -> bool:
    """Open and list a sweep of very many cells, new and again when all of them have ended."""
    began = time.perf_counter()

    def say(what: str) -> None:
        nonlocal began
        took = time.perf_counter() - began
        print(f"{'':9} {what:45} {took:6.2f} s, {resident():4.0f} MB in this process", flush=True)
        began = time.perf_counter()

    print(f"{count} cells in one sweep")
    client, journal = Client(Endpoint.relay("https://relay.example"), OURS), Journal(folder)
    sweep = Sweep(AnimateDiffRequest(prompt="a boat"), client, journal=journal, seed=[*range(count)])
    say("made")
    sweep.rows()
    say("listed")
    sweep._batch.open().release()
    say("written in the journal")

    key = sweep.key

    def end(cell) -> None:
        journal.begin(cell.body, client.endpoint, key=cell.key, part=Part(key, cell.number))
        answer = {"id": f"job{cell.number}", "status": "succeeded", "metrics": {"predict_time": 2.0}}
        known = {"prediction": Prediction.from_json(answer), "output": journal.animations / f"{cell.key}.webp"}
        journal.record(cell.key, "succeeded", **known, size=1, seconds=2.0)

    journal.together([partial(end, cell) for cell in sweep.cells])
    say("all ended, in one transaction")
    del sweep
    loaded = Sweep.load(key, client, journal=journal)
    say("opened again from the journal")
    rows = loaded.rows()
    assert len(rows) == loaded.progress.succeeded == count
    say("listed")
    return resident() <= MEMORY


def run_cells(count: int) -> bool:
    """Run a sweep of very many cells, which end at once; tell the most memory that took."""
    before = resident()
    with tempfile.TemporaryDirectory() as folder, crowd(0.1) as url:
        most, ended = [before], threading.Event()

        def watch() -> None:
            while not ended.wait(0.2):
                most[0] = max(most[0], resident())

        watcher = threading.Thread(target=watch)
        watcher.start()
        began, cpu = time.perf_counter(), time.process_time()
        with_sweep(url, count, 100, Path(folder))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        ended.set()
        watcher.join()
    each = 1000 * cpu / count
    print(
        f"{'':9} {'run':45} {took:6.2f} s, CPU {each:.1f} ms a job, {most[0]:4.0f} MB at the most, {before:.0f} before"
    )
    return most[0] <= MEMORY


def resident() -> float:
    """Give how much memory this process has, in MB."""
    return psutil.Process().memory_info().rss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--only", choices=["ours", "official"])
    parser.add_argument("--cells", type=int, default=10_000)
    asked = parser.parse_args()
    ideal = asked.jobs / asked.at_once * asked.seconds
    writing, met = Writing(), True
    jobs = f"{asked.jobs} jobs of {asked.seconds:g} s, {asked.at_once} at once"
    print(f"{jobs}; ideal {ideal:.1f} s, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder, crowd(asked.seconds, asked.latency) as url:
        for name in [asked.only] if asked.only else ["ours", "official"]:
            cpu, began = time.process_time(), time.monotonic()
            if name == "ours":
                with_sweep(url, asked.jobs, asked.at_once, Path(folder))
            else:
                with_official_client(url, asked.jobs, asked.at_once)
            took, cpu = time.monotonic() - began, time.process_time() - cpu
            token = OURS if name == "ours" else OFFICIAL
            counts = requests.get(f"{url}/counts", headers={"Authorization": f"Bearer {token}"}, timeout=9).json()
            each = sum(counts["asked"].values()) / asked.jobs
            took_by = f"{took:6.2f} s = {took / ideal:.3f} x ideal"
            print(f"{name:9} {took_by}; {each:.2f} requests a job; CPU {cpu / took:.0%}; {counts}", flush=True)
            if name == "ours":
                share = writing.seconds / took
                print(f"{'':9} journal: {writing.count} writes, {share:.1%} of the time")
                met = took <= LONGER * ideal and each <= REQUESTS and share <= WRITING and not counts["twice"]
    if asked.cells and asked.only != "official":
        with tempfile.TemporaryDirectory() as folder:
            met = open_cells(asked.cells, Path(folder)) and met
        met = run_cells(asked.cells) and met
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
