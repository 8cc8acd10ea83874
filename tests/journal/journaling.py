"""What the tests of the journal share."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from animatediff_widget import AnimateDiffRequest, Endpoint, Journal, Prediction
from animatediff_widget.journal import JournalEntry
from animatediff_widget.journal.file import LOGS
from animatediff_widget.model.body import Body

RELAY = Endpoint.relay("https://relay.example")
BODY = Body.of(AnimateDiffRequest(prompt="a boat 桜", seed=7))
STARTING = Prediction.from_json({"id": "p1", "status": "starting", "logs": "\ud800 broken"})
DONE = Prediction.from_json({"id": "p1", "status": "succeeded", "output": "https://out.example/a.mp4"})


def begin(journal: Journal, count: int = 1) -> list[str]:
    return [journal.begin(BODY, RELAY) for _ in range(count)]


def keys(entries: Iterable[JournalEntry]) -> list[str]:
    return [entry.key for entry in entries]


def files(journal: Journal) -> list[str]:
    """List the folder, but for what is there while a journal is in use."""
    known = {"locks", *(f"journal.sqlite3{tail}" for tail in ("", *LOGS))}
    return sorted(path.name for path in journal.folder.iterdir() if path.name not in known)


@contextlib.contextmanager
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(folder / "journal.sqlite3")) as connection, connection:
        yield connection


def run_python(code: str, *arguments: object, flags: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *flags, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


WRITING = """
    import sys
    from animatediff_widget import AnimateDiffRequest, Endpoint, Journal
    journal = Journal(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(20):
        journal.record(journal.begin(AnimateDiffRequest(seed=7), Endpoint.relay("https://relay.example")), "running")
"""


def write_from_processes(folder: Path) -> None:
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(run_python(WRITING, folder)) for _ in range(3)]
        for other in others:
            assert other.stdout.readline() == "ready\n"
        for other in others:
            other.stdin.write("\n")
            other.stdin.flush()
        for other in others:
            assert other.communicate()[1] == ""
