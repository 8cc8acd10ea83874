"""The panel as ipywidgets 7's page code draws it: in a real browser, in the classic Notebook, the job inside the click.

Colab's page draws widgets with the same code (`@jupyter-widgets/controls` 1.5).
"""

from __future__ import annotations

import contextlib
import functools
import sys
from importlib import metadata

import pytest
from driving import (
    RUN_IS_ON,
    another_picture,
    button,
    moves,
    picture,
    run,
    set_number,
    soon,
    tab,
    wait_for_status,
    watching,
)
from engines import HeldEngine, panel_on
from front_ends import ARTIFACTS, Server, Site, Visit, open_browser
from looks import TABS, axe_core, cut_off, violations

from animatediff_widget.server import LocalServer

pytestmark = pytest.mark.skipif(
    not metadata.version("ipywidgets").startswith("7."),
    reason="ipywidgets 7's page code comes with ipywidgets 7: see tests/colab/run",
)


class ClassicSite(Site):
    """The same folder, served by the classic Notebook."""

    @functools.cached_property
    def jupyter(self) -> Server:
        command = [sys.executable, "-m", "notebook", "--no-browser", "--allow-root"]
        command += [f"--NotebookApp.token={self.token}", "--NotebookApp.port_retries=0"]
        command += [f"--NotebookApp.notebook_dir={self.work}"]
        return Server(command, self.folder / "jupyter.log", self._environment, self.token)


class Classic(Visit):
    name = "ipywidgets7"

    def address(self) -> str:
        return f"{self.site.jupyter.base}/notebooks/{self.notebook}?token={self.site.token}"

    def ready(self) -> None:
        self.page.wait_for_function("window.Jupyter?.notebook?.kernel?.widget_manager", timeout=60_000)
        # A new page asks the kernel for its widgets. What is drawn before the answer is there goes away with it; the
        # answer to a second question comes after the one to the first.
        self.page.evaluate("Jupyter.notebook.kernel.widget_manager._loadFromKernel().then(() => null)")

    def run_cell(self, index: int) -> None:
        self.page.evaluate(f"Jupyter.notebook.execute_cells([{index}])")

    def close(self) -> None:
        super().close()
        self.site.stop_kernel(self.notebook)


@pytest.fixture(scope="module")
def engine():
    return HeldEngine()


@pytest.fixture(scope="module")
def here(engine, tmp_path_factory):
    """A page with a panel on it that runs its jobs inside the click, as in Colab."""
    with LocalServer(engine) as server, open_browser() as browser, contextlib.ExitStack() as stack:
        site = ClassicSite(tmp_path_factory.mktemp("site"))
        stack.callback(site.stop)
        code = panel_on(server).replace("token=", "background=False, token=")
        here = Classic(browser, site, site.write("panel.ipynb", code))
        stack.callback(here.close)
        here.run_cell(0)
        yield here
        assert here.complaints == []


@pytest.fixture
def panel(here, engine):
    panel = here.panel()
    tab(panel, "Animation")
    set_number(panel, "Steps", 10)
    engine.go.clear()
    yield panel
    engine.go.set()


def test_the_panel_is_drawn_and_its_page_code_runs(here, panel):
    assert panel.evaluate("panel => [panel.hasPageCode, panel.lang]") == [True, "en"]
    assert panel.locator(".ui-slider-handle").count() == 2  # those of ipywidgets 8 are others
    number = panel.locator(".ad-number").get_by_label("Guidance scale")
    slider = panel.get_by_role("slider", name="Guidance scale")
    before = int(slider.get_attribute("aria-valuenow"))
    assert number.input_value() == "7.5"
    for _ in range(5):
        slider.press("ArrowRight")
    soon(here.page, number.input_value, "8")
    assert int(slider.get_attribute("aria-valuenow")) > before
    button(panel, "Advanced").click()
    panel.get_by_label("Version").wait_for()
    assert button(panel, "Advanced").get_attribute("aria-expanded") == "true"
    button(panel, "Advanced").click()
    panel.get_by_label("Version").wait_for(state="hidden")


def test_a_person_presses_run_watches_the_progress_inside_the_click_and_sees_the_animation_move(here, panel, engine):
    with watching(panel) as steps, another_picture(panel):
        button(panel, "Run").click()
        wait_for_status(panel, "step 4 of 10")
        here.page.locator(".kernel_busy_icon").wait_for()
        engine.go.set()
    assert 4 in steps
    assert steps == sorted(steps)
    assert moves(picture(panel))
    here.page.locator(".kernel_idle_icon").wait_for()
    # The copy for readers without a kernel is not beside it.
    assert here.page.locator(".animatediff-recipe").count() == 1
    assert here.page.locator(".output_area:visible").count() == 1

    tab(panel, "JSON")
    panel.locator(".ad-json").get_by_text('"succeeded"').wait_for()
    panel.get_by_role("button", name="Copy").click()
    panel.get_by_role("button", name="Copied").wait_for()
    tab(panel, "Logs")
    panel.locator("pre:visible", has_text="10/10").wait_for()


def test_cancel_works_inside_the_click_and_the_next_run_too(here, panel, engine):
    button(panel, "Run").click()
    wait_for_status(panel, "step 4 of 10")
    here.page.locator(".kernel_busy_icon").wait_for()
    button(panel, "Cancel").click()
    wait_for_status(panel, "^Canceled")
    panel.locator(RUN_IS_ON).wait_for()
    engine.go.set()
    run(panel)


def test_nothing_is_cut_off_and_axe_core_finds_no_serious_violation(here, panel, engine, tmp_path):
    engine.go.set()
    if not panel.locator(".ad-stage img").count():
        run(panel)
    picture(panel)
    here.page.mouse.move(0, 0)
    for width in (600, 1200):
        here.narrow(width)
        here.page.wait_for_timeout(400)
        soon(here.page, lambda: cut_off(panel), [])
        ARTIFACTS.mkdir(exist_ok=True)
        panel.screenshot(path=ARTIFACTS / f"{here.name}-light-{width}.png")

    here.page.evaluate(axe_core(tmp_path))
    button(panel, "Advanced").click()
    panel.get_by_label("Version").wait_for()
    for name in TABS:
        tab(panel, name)
        assert violations(panel) == []
