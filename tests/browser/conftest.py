"""A real Jupyter server and a real headless Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from front_ends import FRONT_ENDS, Site, find_chromium, missing

_AXE = "axe-core@4.14.1"


@pytest.fixture(scope="session")
def browser():
    executable = find_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.stop()


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> str:
    """The source of axe-core: from the folder that AXE_CORE names, else from npm, into a temporary folder."""
    if "AXE_CORE" in os.environ:
        return Path(os.environ["AXE_CORE"], "axe.min.js").read_text()
    npm = shutil.which("npm")
    if npm is None:
        return missing("The accessibility tests need npm, or AXE_CORE=the folder of axe-core.")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), _AXE],
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    if done.returncode:
        return missing(f"axe-core cannot be installed: {done.stderr[-500:]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


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
            heard[name] = frozenset(visit.complaints)
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

    start.site = site
    yield start
    complaints = [text for one in visits for text in one.complaints if text not in noise(one.name)]
    for one in visits:
        one.close()
    assert complaints == []
