"""How long the journal takes: for each way of writing to SQLite, and with 100 and 100,000 jobs in it.

Run it as ``python tests/benchmarks/bench_journal.py [rounds]``. It measures and asserts nothing: clocks belong here,
not in the tests. The ways of writing take turns, so that a busy disk slows all of them alike.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from animatediff_widget import AnimateDiffRequest, Endpoint, Journal, Prediction
from animatediff_widget.model.body import Body

SIZES = (100, 100_000)
RELAY = Endpoint.relay("https://relay.example")
BODY = Body.of(AnimateDiffRequest(seed=7))
LOG = " 100%|####| 25/25 [00:06<00:00, 4.00it/s]\n" * 20
OLD = "anew in WAL (version 0.1)"
WAYS = (("WAL", "FULL"), ("DELETE", "EXTRA"), ("TRUNCATE", "FULL"), ("PERSIST", "FULL"))
"""The journal modes that lose nothing that is committed; of DELETE's, only EXTRA syncs the folder."""


def fill(folder: Path, count: int) -> Journal:
    """Write a journal in which most jobs succeeded and were seen, and twenty, spread evenly, did not end."""
    journal = Journal(folder)
    journal.jobs()
    log = json.dumps({"id": "", "status": "succeeded", "logs": LOG})
    with contextlib.closing(sqlite3.connect(folder / "journal.sqlite3")) as database, database:
        database.executemany(
            "INSERT INTO jobs (key, created, endpoint, request, state, prediction_id, answer, output, size, sha256, "
            "seen, version, steps, seconds) VALUES (?, ?, ?, ?, ?, ?, ?, 'animations/a.mp4', 1000, 'ab', 1, 'v', 9, 6)",
            (
                (
                    uuid.uuid4().hex,
                    1.8e9 + number,
                    RELAY.url,
                    BODY.text,
                    "left" if number % (count // 20) == 0 else "succeeded",
                    f"id{number}",
                    log,
                )
                for number in range(count)
            ),
        )
    return journal


def measure(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Give the median time of each work, in milliseconds; they take turns."""
    times: dict[str, list[float]] = {label: [] for label in works}
    for _ in range(rounds):
        for label, work in works.items():
            start = time.perf_counter()
            work()
            times[label].append(1000 * (time.perf_counter() - start))
    return {label: statistics.median(taken) for label, taken in times.items()}


def compare_ways(folder: Path, rounds: int) -> None:
    """Measure one UPDATE in a transaction of its own, for each way, and what `Journal.record` makes of the last."""

    def update(database: sqlite3.Connection) -> None:
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE jobs SET state = 'running', answer = ? WHERE number = 50", (LOG,))
        database.execute("COMMIT")

    def connect(path: Path, synchronous: str) -> sqlite3.Connection:
        database = sqlite3.connect(path, isolation_level=None)
        database.execute(f"PRAGMA synchronous = {synchronous}")
        return database

    def anew(path: Path) -> None:
        with contextlib.closing(connect(path, "FULL")) as database:
            update(database)

    works: dict[str, Callable[[], object]] = {}
    with contextlib.ExitStack() as stack:
        for mode, synchronous in (*WAYS, ("WAL", "anew")):
            fill(folder / f"{mode} {synchronous}", SIZES[0])
            path = folder / f"{mode} {synchronous}" / "journal.sqlite3"
            database = stack.enter_context(contextlib.closing(connect(path, "FULL")))
            database.execute(f"PRAGMA journal_mode = {mode}")
            if synchronous == "anew":
                database.close()
                works[OLD] = lambda path=path: anew(path)
            else:
                database.execute(f"PRAGMA synchronous = {synchronous}")
                works[f"kept open, {mode}, {synchronous}"] = lambda database=database: update(database)
        journal = fill(folder / "journal", SIZES[0])
        (entry,) = journal.jobs(1)
        prediction = Prediction.from_json({"id": "id50", "status": "processing", "logs": LOG})
        works["Journal.record"] = lambda: journal.record(entry.key, "running", prediction=prediction)
        found = measure(works, rounds)
    sys.stdout.write(f"{'one write':<34} {'median, ms':>10}  old/this\n")
    for label, taken in found.items():
        sys.stdout.write(f"{label:<34} {taken:10.2f} {found[OLD] / taken:9.2f}\n")


def compare_sizes(rounds: int) -> None:
    """Measure what the panel does when it opens, and what a job does while it runs."""
    found: dict[str, list[float]] = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            journal = fill(folder, size)
            middle = journal.jobs(1, before=journal.jobs(size // 2)[-1].key)[0]
            prediction = Prediction.from_json({"id": "id50", "status": "processing"})
            works: dict[str, Callable[[], object]] = {
                "open, to_pick_up(20), jobs(20)": lambda: (Journal(folder).to_pick_up(20), Journal(folder).jobs(20)),  # noqa: B023
                "to_pick_up(1)": lambda: journal.to_pick_up(1),  # noqa: B023
                "to_pick_up(20)": lambda: journal.to_pick_up(20),  # noqa: B023
                "jobs(20)": lambda: journal.jobs(20),  # noqa: B023
                "jobs(20, before=the middle one)": lambda: journal.jobs(20, before=middle.key),  # noqa: B023
                "unfinished(20)": lambda: journal.unfinished(20),  # noqa: B023
                "get(key)": lambda: journal.get(middle.key),  # noqa: B023
                "get(id)": lambda: journal.get("id50"),  # noqa: B023
                "typical_seconds": lambda: journal.typical_seconds(BODY, RELAY),  # noqa: B023
                "record": lambda: journal.record(middle.key, "succeeded", prediction=prediction),  # noqa: B023
                "begin": lambda: journal.begin(BODY, RELAY),  # noqa: B023
            }
            for label, taken in measure(works, rounds).items():
                found.setdefault(label, []).append(taken)
    sys.stdout.write(f"\n{'median, ms':<34} {SIZES[0]:>9,} {SIZES[1]:>9,}   ratio\n")
    for label, (few, many) in found.items():
        sys.stdout.write(f"{label:<34} {few:9.2f} {many:9.2f} {many / few:7.2f}\n")


def main(rounds: int) -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as name:
        compare_ways(Path(name), rounds)
    compare_sizes(rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
