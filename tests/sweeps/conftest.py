"""A journal, and a server that draws at once, for all tests of a file."""

from __future__ import annotations

import pytest
from gated_server import GatedEngine

from animatediff_widget import Client, Endpoint, Journal
from animatediff_widget.server import LocalServer


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    """Ask quick engines quickly how their jobs stand."""
    monkeypatch.setattr("animatediff_widget.jobs.polling.Schedule.delay", lambda schedule, now: 0.01)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal")


@pytest.fixture(scope="module")
def quick():
    """Give a client of a server whose engine draws at once; the engine is its ``engine``."""
    engine = GatedEngine(open_gate=True)
    with LocalServer(engine, keep=10_000) as server:
        client = Client(Endpoint.relay(server.base_url), server.token)
        client.engine = engine
        yield client


@pytest.fixture
def held():
    """Give a client of a server whose engine waits for ``engine.permits``."""
    engine = GatedEngine()
    with LocalServer(engine, keep=10_000) as server:
        client = Client(Endpoint.relay(server.base_url), server.token)
        client.engine = engine
        yield client
        engine.open.set()
