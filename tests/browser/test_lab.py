"""The quickstart in a real JupyterLab, in a real browser, as a person would use it."""

from __future__ import annotations

import json
import re

import pytest
from real_lab import ARTIFACTS


class Visit:
    """One visit of a notebook in JupyterLab; collects what the browser complains about."""

    def __init__(self, browser, lab, *, width: int = 1200, theme: str = "Light") -> None:
        self.lab = lab
        self.context = browser.new_context(viewport={"width": width, "height": 1200}, accept_downloads=True)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(lab.url("quickstart.ipynb"))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.evaluate(
            """async () => {
                await jupyterapp.restored;
                await jupyterapp.shell.currentWidget.context.ready;
                await jupyterapp.shell.currentWidget.sessionContext.ready;
            }"""
        )
        self.do("apputils:change-theme", theme=f"JupyterLab {theme}")
        if width < 1000:
            self.do("application:toggle-left-area")

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)

    def do(self, command: str, **arguments) -> None:
        self.page.evaluate(
            "([command, args]) => jupyterapp.commands.execute(command, args).then(() => null)", [command, arguments]
        )

    def open_panel(self):
        """Run the first two code cells: install, and the panel."""
        self.page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
        self.do("notebook:run-cell-and-select-next")
        self.do("notebook:run-cell-and-select-next")
        panel = self.page.locator(".animatediff").first
        panel.wait_for(timeout=60_000)
        button(panel, "Run").wait_for()
        panel.evaluate("element => element.scrollIntoView()")
        return panel

    def close(self) -> None:
        self.context.close()
        self.lab.stop_kernels()


@pytest.fixture
def visit(browser, lab):
    visits = []

    def start(**options) -> Visit:
        visits.append(Visit(browser, lab, **options))
        return visits[-1]

    yield start
    for one in visits:
        one.close()


def button(panel, name: str):
    return panel.get_by_role("button", name=re.compile(rf"\b{name}$"))  # its icon is a character in its name too


def status(panel) -> str:
    return panel.locator(".ad-status").inner_text()


def wait_for_status(panel, pattern: str) -> None:
    panel.locator(".ad-status", has_text=re.compile(pattern)).wait_for(timeout=60_000)


def picture(panel):
    image = panel.locator(".ad-stage img")
    image.wait_for(timeout=60_000)
    image.evaluate("image => image.decode()")
    return image


def set_number(panel, label: str, value) -> None:
    field = panel.locator(".ad-number").get_by_label(label)
    field.fill(str(value))
    field.press("Enter")


def test_a_person_sets_the_sliders_presses_run_and_sees_the_animation_move(visit):
    here = visit()
    panel = here.open_panel()
    page = here.page

    set_number(panel, "Steps", 12)
    panel.get_by_label("Prompt", exact=True).fill("a boat on the sea, full moon, stars")
    slider = panel.get_by_role("slider").nth(1)
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    panel.get_by_role("tab", name="Request").click()
    panel.locator("pre", has_text='"steps": 12').wait_for()
    body = json.loads(panel.locator("pre").first.inner_text())
    assert body["input"]["prompt"] == "a boat on the sea, full moon, stars"
    assert body["input"]["guidance_scale"] == pytest.approx(8.0)
    panel.get_by_role("tab", name="Animation").click()

    button(panel, "Run").click()
    wait_for_status(panel, "^Done")
    image = picture(panel)
    assert image.get_attribute("alt") == "a boat on the sea, full moon, stars"
    first = image.screenshot()
    shots = set()
    for _ in range(12):
        page.wait_for_timeout(150)
        shots.add(image.screenshot())
    assert shots - {first}, "the animation does not move"

    panel.get_by_role("tab", name="JSON").click()
    tree = panel.locator(".ad-json")
    assert '"succeeded"' in tree.inner_text()
    panel.get_by_role("button", name="Copy").click()
    panel.get_by_role("button", name="Copied").wait_for()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["status"] == "succeeded"
    assert copied["input"]["steps"] == 12
    assert "100%|" in copied["logs"]
    fold = tree.locator("details").first
    fold.locator("summary").first.click()
    assert fold.get_attribute("open") is None

    panel.get_by_role("tab", name="Logs").click()
    assert "Using seed:" in panel.locator("pre").first.inner_text()
    assert here.complaints == []


def test_a_run_can_be_canceled_and_the_next_one_works(visit):
    here = visit()
    panel = here.open_panel()
    set_number(panel, "Steps", 100)
    run, cancel = button(panel, "Run"), button(panel, "Cancel")
    run.click()
    cancel.click()
    wait_for_status(panel, "^(Canceled|Done)")
    assert status(panel).startswith("Canceled")
    assert run.is_enabled()
    assert cancel.is_disabled()
    set_number(panel, "Steps", 3)
    run.click()
    wait_for_status(panel, "^Done")
    picture(panel)
    assert here.complaints == []


def test_a_refused_value_is_said_beside_the_control(visit):
    here = visit()
    panel = here.open_panel()
    set_number(panel, "Steps", 500)
    panel.get_by_role("alert").get_by_text("steps must be a whole number from 1 to 100, not 500").wait_for()
    button(panel, "Run").click()
    panel.get_by_text("Not sent. Correct this first").wait_for()
    assert here.complaints == []


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("width", [600, 1200])
def test_nothing_is_cut_off(visit, width, theme):
    here = visit(width=width, theme=theme)
    panel = here.open_panel()
    button(panel, "Run").click()
    wait_for_status(panel, "^Done")
    picture(panel)
    here.page.wait_for_timeout(300)
    ARTIFACTS.mkdir(exist_ok=True)
    panel.screenshot(path=ARTIFACTS / f"lab-{theme.lower()}-{width}.png")
    cut = panel.evaluate(
        """panel => {
            const edge = panel.closest('.jp-OutputArea-output').getBoundingClientRect();
            return [...panel.querySelectorAll('button, input, select, textarea, img, .ad-scroll')]
                .filter(item => item.offsetParent !== null)
                .filter(item => {
                    const box = item.getBoundingClientRect();
                    return box.left < edge.left - 1 || box.right > edge.right + 1;
                })
                .map(item => item.outerHTML.slice(0, 120));
        }"""
    )
    assert cut == []
    assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth + 1")
    assert here.complaints == []
