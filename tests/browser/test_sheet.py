"""A sweep that people look at: the page of its own."""

from __future__ import annotations

import dataclasses
import re

import pytest
from looks import violations
from sheets import sheet

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
