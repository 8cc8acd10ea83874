"""How long the journal takes with 100 jobs in it and with 100,000: it must not grow with them.

Run it as ``python tests/benchmarks/bench_journal.py [rounds]``. It measures and asserts nothing: clocks belong here,
not in the tests.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from animatediff_widget import AnimateDiffRequest, Journal, Prediction

SIZES = (100, 100_000)


def fill(folder: Path, count: int) -> Journal:
    """Write a journal in which most jobs succeeded and were seen, and twenty, spread evenly, did not end."""
    journal = Journal(folder)
    journal.jobs()
    request = AnimateDiffRequest(seed=7)
    answer = {"id": "", "status": "succeeded", "logs": " 100%|####| 25/25 [00:06<00:00, 4.00it/s]\n" * 20}
    body, log = json.dumps(request.body()), json.dumps(answer)
    database = sqlite3.connect(folder / "journal.sqlite3")
    database.executemany(
        "INSERT INTO jobs (key, created, endpoint, request, state, prediction_id, answer, output, size, sha256, seen) "
        "VALUES (?, ?, 'https://api.replicate.com/v1/predictions', ?, ?, ?, ?, 'animations/a.mp4', 1000, 'ab', 1)",
        (
            (
                uuid.uuid4().hex,
                1.8e9 + number,
                body,
                "left" if number % (count // 20) == 0 else "succeeded",
                f"id{number}",
                log,
            )
            for number in range(count)
        ),
    )
    database.commit()
    database.close()
    return journal


def measure(work: Callable[[], object], rounds: int) -> float:
    """Give the median time of some rounds, in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main(rounds: int) -> None:
    """Measure what the panel does when it opens, and what a job does while it runs."""
    found: dict[str, list[float]] = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            journal = fill(folder, size)
            middle = journal.jobs(1, before=journal.jobs(size // 2)[-1].key)[0]
            prediction = Prediction.from_json({"id": "id50", "status": "processing"})
            request = AnimateDiffRequest(seed=7)
            for label, work in {
                "open, to_pick_up(20), jobs(20)": lambda: (Journal(folder).to_pick_up(20), Journal(folder).jobs(20)),  # noqa: B023
                "to_pick_up(1)": lambda: journal.to_pick_up(1),  # noqa: B023
                "to_pick_up(20)": lambda: journal.to_pick_up(20),  # noqa: B023
                "jobs(20)": lambda: journal.jobs(20),  # noqa: B023
                "jobs(20, before=the middle one)": lambda: journal.jobs(20, before=middle.key),  # noqa: B023
                "unfinished(20)": lambda: journal.unfinished(20),  # noqa: B023
                "get(key)": lambda: journal.get(middle.key),  # noqa: B023
                "get(id)": lambda: journal.get("id50"),  # noqa: B023
                "note": lambda: journal.note(middle.key, "succeeded", prediction=prediction),  # noqa: B023
                "begin": lambda: journal.begin(request, "https://relay.example"),  # noqa: B023
            }.items():
                found.setdefault(label, []).append(measure(work, rounds))
    sys.stdout.write(f"{'median, ms':<34} {SIZES[0]:>9,} {SIZES[1]:>9,}   ratio\n")
    for label, (few, many) in found.items():
        sys.stdout.write(f"{label:<34} {few:9.2f} {many:9.2f} {many / few:7.2f}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
