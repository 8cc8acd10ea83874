"""A process that holds the journal holds up nothing that a person sees."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from journaling import RELAY, begin, run_python
from misbehaving import Misbehaving

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Client, Job, Journal
from animatediff_widget.cli import main
from animatediff_widget.errors import JournalError

HOLDING = """
import sys
from pathlib import Path
from animatediff_widget.journal.locks import gate
with gate(Path(sys.argv[1]) / "locks" / "journal", 10):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def held(journal: Journal) -> Iterator[None]:
    """Have another process hold the journal."""
    arguments = [sys.executable, "-c", HOLDING, str(journal.folder)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        try:
            yield
        finally:
            other.stdin.close()


def written(journal: Journal, key: str, state: str, seen: bool = False) -> bool:
    """Wait until the journal says so."""
    for _ in range(600):
        with contextlib.suppress(JournalError):
            entry = journal.get(key)
            if (entry.state, entry.seen) == (state, seen):
                return True
        time.sleep(0.05)
    return False


def test_a_job_that_is_done_is_shown_at_once_and_written_down_when_the_journal_is_free():
    journal = Journal()
    journal.jobs()
    with Misbehaving() as server, contextlib.ExitStack() as other:
        job = Job(AnimateDiffRequest(seed=7), Client(server.endpoint))
        job.observe(lambda change: change["old"] or other.enter_context(held(journal)), "prediction")
        began = time.monotonic()
        animation = job.run()
        assert time.monotonic() - began < 10, "not for each of the four things that it writes"
        assert animation.path.exists()
        other.close()
        assert written(journal, job.key, "succeeded", seen=True)
        entry = journal.get(job.key)
    assert (entry.output, entry.prediction.id) == (animation.path, job.prediction.id)
    assert entry.animation().data == animation.data


def test_what_is_written_late_comes_in_its_order_and_before_what_is_written_next(journal):
    first, second = begin(journal, 2)
    with held(journal):
        for state in ("running", "downloading", "succeeded"):
            with pytest.raises(JournalError) as busy:
                journal.record(first, state, seconds=3.0 if state == "running" else None)
            assert busy.value.code == "journal_busy"
    for _ in range(100):
        with contextlib.suppress(JournalError):
            if journal.record(second, "running"):
                break
    assert (journal.get(first).state, journal.get(second).state) == ("succeeded", "running")
    assert journal.typical_seconds(journal.get(first).body, RELAY) == 3.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_of_a_fork_writes_late_by_itself_what_is_its_own_and_leaves_the_rest_to_its_parent(journal):
    first, second = begin(journal, 2)
    code = """
        import contextlib, os, sys
        from animatediff_widget import Journal
        from animatediff_widget.errors import JournalError
        journal = Journal(sys.argv[1])
        with contextlib.suppress(JournalError):
            journal.record(sys.argv[2], "running")
        if os.fork():
            os._exit(0)
        with contextlib.suppress(JournalError):
            journal.record(sys.argv[3], "running")
        print("late", flush=True)
        sys.stdin.read()
    """
    with held(journal):
        other = run_python(code, journal.folder, first, second)
        assert other.stdout.readline() == "late\n"
    with other:
        assert written(journal, second, "running")
        assert journal.get(first).state == "submitting"


def test_a_panel_opens_and_the_command_line_answers_while_the_journal_is_held(capsys):
    journal = Journal()
    begin(journal)
    with held(journal):
        began = time.monotonic()
        AnimateDiffPanel().close()
        assert time.monotonic() - began < 8
        assert main(["jobs"]) == 1
        assert "Another process holds the journal" in capsys.readouterr().err
    assert main(["jobs"]) == 0
