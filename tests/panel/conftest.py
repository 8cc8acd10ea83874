"""A panel whose engine waits until a test lets it go on, and sheets that are drawn as often as they change."""

from __future__ import annotations

import functools

import pytest
from panel_parts import StepwiseEngine, wait_until

from animatediff_widget import AnimateDiffPanel, Endpoint
from animatediff_widget.panel.sheet_box import SheetBox
from animatediff_widget.server import LocalServer


@pytest.fixture
def engine():
    return StepwiseEngine()


@pytest.fixture
def server(engine):
    with LocalServer(engine) as server:
        yield server
        engine.go.set()


@pytest.fixture
def panel(engine, server):
    panel = AnimateDiffPanel(endpoint=Endpoint.relay(server.base_url), token=server.token)
    yield panel
    engine.go.set()
    panel.cancel()
    if panel.job is not None:
        wait_until(lambda: panel.job.finished)
    panel.close()


@pytest.fixture
def quick_sheets(monkeypatch):
    """Ask again at once how a job stands, and let a sheet take hardly a break between two looks at its sweep."""
    monkeypatch.setattr("animatediff_widget.jobs.polling.Schedule.delay", lambda schedule, now: 0.01)
    monkeypatch.setattr(SheetBox, "__init__", functools.partialmethod(SheetBox.__init__, pace=0.01))
