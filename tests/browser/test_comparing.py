"""A sweep that people look at: on the page of its own, and in the panel."""

from __future__ import annotations

import dataclasses
import re

import pytest
from driving import RUN_IS_ON, button, picture, soon
from engines import panel_on
from front_ends import ARTIFACTS
from looks import cut_off, violations
from sheets import ClipEngine, sheet
from test_everyone import MISSED, walk

from animatediff_widget.server import LocalServer
from animatediff_widget.sweeps.page import write_page

AXES = {"steps": (1, 4, 25), "guidance_scale": (1.0, 7.5), "seed": (7, 8)}


@pytest.fixture
def page_of_a_sweep(tmp_path):
    cells = sheet(tmp_path, AXES, prompt="<img src=x onerror=document.title='run'>")
    cells[2] = dataclasses.replace(cells[2], state="failed", file=None, error="The model failed.")
    path = tmp_path / "sheet.html"
    path.write_bytes(b"".join(write_page(AXES, cells)))
    return path.as_uri()


def test_a_page_needs_no_network_and_no_mouse_and_plays_in_step(browser, axe, page_of_a_sweep):
    page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
    fetched, said = [], []
    page.on("request", lambda request: fetched.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(page_of_a_sweep)
    page.locator(".strip").first.wait_for()
    started = "() => document.getAnimations().map(animation => animation.startTime)"
    page.wait_for_function(f"({started})().length === 5 && ({started})().every(time => time === 0)")

    keys, focus = page.keyboard, "document.activeElement.getAttribute('aria-label')"
    page.get_by_role("combobox", name="Seed").focus()
    keys.press("ArrowDown")
    page.locator("button[aria-label*='Seed 8']").first.wait_for()
    assert page.evaluate("document.activeElement.localName") == "select"
    keys.press("Tab")
    keys.press("Tab")
    assert page.evaluate(focus) == "Steps 1, Guidance scale 1, Seed 8"
    keys.press("ArrowRight")
    keys.press("ArrowDown")
    assert page.evaluate(focus) == "Steps 4, Guidance scale 7.5, Seed 8"
    keys.press("Enter")
    dialog = page.locator("dialog[open]")
    dialog.get_by_text("Motion module").wait_for()
    assert dialog.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    keys.press("Escape")
    assert page.evaluate(focus) == "Steps 4, Guidance scale 7.5, Seed 8"

    page.get_by_role("combobox", name="Columns").select_option("Guidance scale")  # which the rows were
    assert page.locator("tbody tr").count() == 3
    page.get_by_role("combobox", name="Seed").select_option("7")
    failed = page.get_by_role("button", name=re.compile("Steps 1, Guidance scale 7.5, Seed 7: Failed"))
    failed.click()
    dialog.get_by_text("The model failed.").wait_for()
    assert dialog.locator("dd img").count() == 0

    page.keyboard.press("Escape")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(axe)
        assert violations(page.locator("main")) == []
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("document.getAnimations().length") == 0
    page.set_viewport_size({"width": 600, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == 600
    assert page.title() == "Steps × Guidance scale × Seed"
    assert [url for url in fetched if not url.startswith(("file:", "data:"))] == []
    assert said == []
    page.close()


def test_a_comparison_in_the_panel_is_for_everyone(visit, axe):
    engine = ClipEngine()
    engine.fails = {4}
    with LocalServer(engine) as server:
        here = visit("lab", panel_on(server))
        panel, keys = here.open_panel(), here.page.keyboard
        here.page.evaluate(axe)
        button(panel, "Compare").press("Space")
        values = panel.get_by_label("Values")
        for line, text in enumerate(("1, 4, 25", "1, 7.5")):
            values.nth(line).fill(text)
            values.nth(line).press("Enter")
        panel.get_by_text("Jobs to post: 6").wait_for()
        assert button(panel, "Compare").get_attribute("aria-pressed") == "true"
        button(panel, "Run").press("Enter")
        panel.locator(".ad-strip").nth(3).wait_for()
        panel.locator(".ad-failed").nth(1).wait_for()
        panel.locator(RUN_IS_ON).wait_for()
        panel.locator("[role=status]", has_text="6 of 6 done").wait_for(state="attached")
        times = "panel => panel.getAnimations({subtree: true}).map(one => one.startTime).filter(time => time !== null)"
        soon(here.page, lambda: panel.evaluate(times), [0, 0, 0, 0])

        panel.locator(".ad-cell").first.focus()
        for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowRight"):  # the last one stands at the edge
            keys.press(key)
        assert here.page.evaluate("document.activeElement.textContent") == "Steps 25, Guidance scale 7.5"
        keys.press("Enter")
        picture(panel)
        panel.get_by_role("heading", name="Steps 25, Guidance scale 7.5").wait_for()
        assert here.page.evaluate("document.activeElement.textContent") == "Steps 25, Guidance scale 7.5"
        stops = walk(here, panel)
        assert panel.evaluate(MISSED) == []
        assert [stop["name"] for stop in stops if not stop["seen"]] == []
        for dark, width in ((False, 600), (False, 1200), (True, 1200), (True, 600)):
            here.change_theme(dark)
            here.narrow(width)
            here.page.mouse.move(0, 0)
            soon(here.page, lambda: cut_off(panel), [])
            assert violations(panel) == []
            ARTIFACTS.mkdir(exist_ok=True)
            panel.screenshot(path=ARTIFACTS / f"sheet-{'dark' if dark else 'light'}-{width}.png")
        here.page.emulate_media(reduced_motion="reduce")
        assert panel.evaluate(times) == []

        button(panel, "Use these settings").press("Enter")
        soon(here.page, lambda: button(panel, "Compare").get_attribute("aria-pressed"), "false")
