"""A real Jupyter server and a real headless Chromium."""

from __future__ import annotations

import re

import pytest
from front_ends import ARTIFACTS, Pages, Site, open_browser
from looks import axe_core


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep a picture of every page that a failed test had open."""
    report = yield
    if call.when == "call" and report.failed and "visit" in item.funcargs:
        item.funcargs["visit"].failed = True
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
def pages(browser, site) -> Pages:
    return Pages(browser, site)


PANEL = "from animatediff_widget import AnimateDiffPanel\npanel = AnimateDiffPanel(lang='en')\npanel"


@pytest.fixture
def visit(pages, site):
    """Open a notebook with these cells, or with a panel, in a front end: ``visit("lab", "1 + 1", dark=True)``.

    Every complaint of the browser fails the test.
    """
    visits = []

    def start(front_end: str, *cells: str, **options):
        visits.append(pages.open(front_end, *(cells or (PANEL,)), **options))
        return visits[-1]

    start.site, start.visits, start.failed = site, visits, False
    yield start
    complaints = [text for one in visits for text in one.complaints if text not in pages.noise(one.name)]
    for one in visits:
        pages.leave(one, intact=not start.failed and complaints == [])
    assert complaints == []
