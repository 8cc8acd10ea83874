"""A real Jupyter server and a real headless Chromium."""

from __future__ import annotations

import re

import pytest
from front_ends import ARTIFACTS, FRONT_ENDS, Site, open_browser
from looks import axe_core


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep a picture of every page that a failed test had open."""
    report = yield
    if call.when == "call" and report.failed and "visit" in item.funcargs:
        ARTIFACTS.mkdir(exist_ok=True)
        for number, one in enumerate(item.funcargs["visit"].visits):
            one.page.screenshot(path=ARTIFACTS / f"failed-{re.sub(r'[^a-z0-9]+', '-', item.name)[-80:]}-{number}.png")
    return report


@pytest.fixture(scope="session")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.stop()


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> str:
    return axe_core(tmp_path_factory.mktemp("axe"))


@pytest.fixture(scope="session")
def noise(browser, site):
    """Give what a front end complains about on a page that has nothing of ours, so that nothing else is excused."""
    heard: dict[str, frozenset[str]] = {}

    def of(name: str) -> frozenset[str]:
        if name not in heard:
            # A core widget with an icon: with it a page loads the fonts and the code that widgets need.
            notebook = site.write("empty.ipynb", "import ipywidgets\nipywidgets.Button(icon='play')")
            visit = FRONT_ENDS[name](browser, site, notebook, waits_for="button.jupyter-button")
            if name != "voila":
                visit.run_cell(0)
            visit.page.wait_for_selector("button.jupyter-button")
            visit.page.wait_for_timeout(1500)
            heard[name] = visit.sometimes | frozenset(visit.complaints)
            visit.close()
        return heard[name]

    return of


@pytest.fixture
def visit(browser, site, noise):
    """Open a notebook in a front end: ``visit("lab", dark=True)``. Every complaint of the browser fails the test."""
    visits = []

    def start(front_end: str, *arguments, **options):
        visits.append(FRONT_ENDS[front_end](browser, site, *arguments, **options))
        return visits[-1]

    start.site, start.visits = site, visits
    yield start
    complaints = [text for one in visits for text in one.complaints if text not in noise(one.name)]
    for one in visits:
        one.close()
    assert complaints == []
