"""Ctrl-C, a notebook's stop button, threads and processes that end in the middle of a job."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from faults import a_job
from misbehaving import CLIP, Misbehaving

import animatediff_widget
from animatediff_widget import Journal
from animatediff_widget.errors import (
    AnimateDiffError,
)

PACKAGE = str(Path(animatediff_widget.__file__).parent)
INNER = tuple(f"{PACKAGE}/{name}" for name in ("jobs", "backends", "journal"))


class Stop:
    """Interrupts this thread in the nth line that it executes in the package."""

    def __init__(self, at: int) -> None:
        self.at, self.lines, self.where = at, 0, "nowhere"

    def __enter__(self) -> Stop:
        self.before = sys.gettrace()
        sys.settrace(self.call)
        return self

    def __exit__(self, *exc: object) -> None:
        sys.settrace(self.before)

    def call(self, frame, event, arg):
        if not frame.f_code.co_filename.startswith(INNER):
            return None
        return self.line

    def line(self, frame, event, arg):
        if event == "line":
            self.lines += 1
            if self.lines == self.at:
                self.where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                signal.raise_signal(signal.SIGINT)
        return self.line


def lines_of_a_job(server: Misbehaving) -> int:
    with Stop(0) as count:
        a_job(server).run()
    return count.lines


@pytest.mark.usefixtures("waits")
def test_an_interrupt_in_any_line_leaves_one_job_at_most_and_nothing_running(server):
    total = lines_of_a_job(server)
    points = int(os.environ.get("ANIMATEDIFF_INTERRUPTS", "100"))
    step = max(total // points, 1)
    for at in range(1, total, step):
        server.jobs.clear()
        job = a_job(server)
        with Stop(at) as stop, contextlib.suppress(KeyboardInterrupt):
            job.run()
            assert stop.lines < at, f"the interrupt was swallowed at {stop.where}"
        where = f"{stop.where}, {job!r}"
        assert server.creates <= 1, where
        for made in server.jobs.values():
            entry = Journal().get(job.key)
            assert made["status"] in ("canceled", "succeeded") or entry.state not in ("failed", "canceled"), where
        if job.finished:
            assert job._ended.is_set(), where
        # Whoever asks for the result gets it, or a sentence: nobody waits for ever.
        with contextlib.suppress(AnimateDiffError):
            assert job.result(30).data == CLIP, where
        assert job.error is None or "unforeseen" not in str(job.error), where
        assert server.creates <= 1, where


@pytest.mark.usefixtures("waits")
def test_an_interrupt_at_the_very_end_leaves_nobody_waiting(server):
    job = a_job(server)

    def interrupt(change):
        if change.new == "succeeded":
            raise KeyboardInterrupt

    job.observe(interrupt, "state")
    with pytest.raises(KeyboardInterrupt):
        job.run()
    assert job._ended.wait(10)
    assert job.result(10).data == CLIP


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between threads")
def test_a_real_interrupt_while_the_server_hangs_leaves_one_job(server):
    job = a_job(server, answer_timeout=30, read_timeout=30)
    me = threading.get_ident()

    def hang(call):
        call.well()
        signal.pthread_kill(me, signal.SIGINT)
        call.server.closing.wait(30)

    server.scripts["create"] = [hang]
    server._polls = 10
    job.observe(lambda change: "once more" in change.new and signal.raise_signal(signal.SIGINT), "notice")
    with pytest.raises(KeyboardInterrupt):
        job.run()
    assert job.state == "canceled"
    assert server.jobs["job001"]["status"] == "canceled"
    assert len(server.asked("create")) == 1
