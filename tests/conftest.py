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


# Their tests share a cluster, a kernel, a page or what the pocket model has painted, which takes longer to start or to
# paint than most of them: one worker runs them.
TOGETHER = {"test_animation.py", "test_click.py", "test_cluster.py", "test_knobs.py", "test_page.py"}


def group(nodeid: str) -> str:
    """What one worker runs: the tests of a file, those in Voilà, those in Notebook 7, or a single test."""
    path, _, name = nodeid.partition("::")
    file = path.rpartition("/")[2]
    if file in TOGETHER:
        return file
    if "/browser/" in path and ("voila" in name or "[notebook" in name):
        return "voila" if "voila" in name else "notebook"
    return nodeid


def pytest_collection_modifyitems(items):
    """Put first what takes long, and the browser last: Playwright keeps an event loop running in its thread.

    There one worker has Voilà, one has Notebook 7, and who is done with all else takes JupyterLab's tests, one by one:
    so the workers end at about the same time.
    """

    def order(item) -> int:
        if "browser" in item.path.parts:
            return 3 if group(item.nodeid) == item.nodeid else 2
        return 0 if item.path.name in TOGETHER else 1

    items.sort(key=lambda item: item.path.name if "browser" in item.path.parts else "", reverse=True)  # long ones first
    items.sort(key=order)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give a worker that is done with its tests the next group of them."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    return Groups(config, log)
