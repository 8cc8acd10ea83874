"""What every test shares: a data folder of its own, no key from outside, the built-in server with the pocket engine."""

from __future__ import annotations

import signal

import pytest
from gated_server import caller, gated  # noqa: F401 - fixtures
from hypothesis import HealthCheck, settings

# Hypothesis looks at the clock, which says on a busy machine how busy it is.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _own_world(tmp_path, monkeypatch):
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.delenv("REPLICATE_API_TOKEN", raising=False)
    monkeypatch.delenv("ANIMATEDIFF_API_KEY", raising=False)
    monkeypatch.setattr("animatediff_widget.keys.credentials._remembered", {})


@pytest.fixture(scope="session", autouse=True)
def _interrupts_arrive():
    """Heed SIGINT where the shell has it ignored, as for what runs in the background; processes inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Put the browser last: the quick tests speak first, and Playwright keeps an event loop running in this thread.

    Its files go backwards, because the last ones have the longest tests: so the workers end at about the same time.
    """
    browser = [item for item in items if "browser" in item.path.parts or item.path.name == "test_page.py"]
    items[:] = [item for item in items if item not in browser]
    items += sorted(browser, key=lambda item: item.path.name, reverse=True)
