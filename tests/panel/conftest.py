"""A panel whose engine waits until a test lets it go on."""

from __future__ import annotations

import pytest
from panel_parts import StepwiseEngine, wait_until

from animatediff_widget import AnimateDiffPanel, Endpoint
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
