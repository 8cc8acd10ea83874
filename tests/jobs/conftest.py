"""What several of these tests need."""

from __future__ import annotations

import time

import pytest
from misbehaving import Misbehaving

from animatediff_widget.jobs.control import Control


@pytest.fixture
def waits(monkeypatch):
    """Let a job's waits pass in no time, on a clock of its own; give the list of them."""
    waited: list[float] = []
    wait = Control.wait

    def hasty(control, seconds):
        wait(control, 0.001)
        control.slept = getattr(control, "slept", 0.0) + seconds
        waited.append(seconds)

    monkeypatch.setattr(Control, "wait", hasty)
    monkeypatch.setattr(Control, "now", lambda control: time.monotonic() + getattr(control, "slept", 0.0))
    return waited


@pytest.fixture
def server():
    with Misbehaving() as server:
        yield server
