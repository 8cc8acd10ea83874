"""How the panel looks, and whether everyone can use it: in each front end, light and dark, before and after a run."""

from __future__ import annotations

import pytest
from driving import RUN_IS_ON, button, picture, run, soon, tab
from engines import TalkingEngine, panel_on
from front_ends import ARTIFACTS, FRONT_ENDS
from looks import TABS, cut_off, violations

from animatediff_widget import AnimateDiffRequest, Endpoint, Journal
from animatediff_widget.server import LocalServer


def wait_for_theme(here) -> None:
    theme = f"body[data-jp-theme-light={str(not here.dark).lower()}]"
    here.page.wait_for_selector(theme, state="attached")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_no_serious_violation_before_a_run_and_after_it_on_any_tab_and_nothing_cut_off(visit, axe, front_end, theme):
    journal = Journal(visit.site.home)
    offered = journal.begin(AnimateDiffRequest(seed=1), Endpoint.relay("https://relay.example"))
    here = visit(front_end, dark=theme == "dark")
    panel = here.open_panel()
    panel.locator(".ad-offer .ad-said").wait_for()
    journal.record(offered, "canceled")  # for the other tests
    wait_for_theme(here)
    here.page.evaluate(axe)
    here.page.mouse.move(0, 0)
    panel.get_by_role("button", name="Advanced").click()
    panel.get_by_label("Version").wait_for()
    assert violations(panel) == []
    for name in TABS:
        tab(panel, name)
        assert violations(panel.locator(".ad-results")) == []  # the form is the same beside each
    panel.get_by_role("button", name="Advanced").click()
    tab(panel, "Animation")
    run(panel)
    assert violations(panel) == []
    for name in TABS:
        tab(panel, name)
        assert violations(panel.locator(".ad-results")) == []

    tab(panel, "Animation")
    picture(panel)
    for width in (600, 1200):  # a narrow page and a wide one
        here.narrow(width)
        here.page.mouse.move(0, 0)
        here.page.wait_for_timeout(400)
        soon(here.page, lambda: cut_off(panel), [])
        ARTIFACTS.mkdir(exist_ok=True)
        panel.screenshot(path=ARTIFACTS / f"{front_end}-{theme}-{width}.png")


def test_prompt_run_and_the_animation_are_on_one_screen_beside_the_file_browser(visit):
    here = visit("lab")
    panel = here.open_panel()
    here.page.set_viewport_size({"width": 1200, "height": 800})
    here.page.locator(".jp-FileBrowser").wait_for()
    run(panel)
    panel.evaluate("panel => panel.scrollIntoView()")
    screen = here.page.locator(".jp-WindowedPanel-outer").bounding_box()
    bottom = screen["y"] + screen["height"]

    def outside() -> list[str]:
        parts = {
            "prompt": panel.get_by_label("Prompt", exact=True),
            "run": button(panel, "Run"),
            "status": panel.locator(".ad-status"),
            "animation": panel.locator(".ad-stage img"),
            "save": button(panel, "Save"),
        }
        boxes = {name: part.bounding_box() for name, part in parts.items()}
        return [name for name, box in boxes.items() if box["y"] < screen["y"] or box["y"] + box["height"] > bottom]

    soon(here.page, outside, [])


@pytest.mark.parametrize(("dark", "lang"), [(False, "en"), (True, "zh")])
def test_no_serious_violation_and_nothing_cut_off_in_any_state_of_a_job(visit, axe, dark, lang):
    engine = TalkingEngine()
    journal = Journal(visit.site.home)
    offered = journal.begin(AnimateDiffRequest(seed=1), Endpoint.relay("https://relay.example"))
    with LocalServer(engine) as server:
        code = panel_on(server).replace("token=", f"lang={lang!r}, token=")
        here = visit("lab", code, dark=dark)
        panel = here.open_panel()
        journal.record(offered, "canceled")  # for the other tests
        wait_for_theme(here)
        here.page.evaluate(axe)
        here.narrow(600)
        assert panel.get_attribute("lang") == {"en": "en", "zh": "zh-CN"}[lang]

        def look(state: str) -> None:
            here.page.mouse.move(0, 0)
            soon(here.page, lambda: cut_off(panel), [])
            panel.screenshot(path=ARTIFACTS / f"{state}-{lang}-{'dark' if dark else 'light'}.png")
            assert violations(panel) == []

        number, go = panel.locator(".ad-number input").first, panel.locator("button.ad-run")
        panel.locator(".ad-offer .ad-said").wait_for()
        number.fill("500")
        number.press("Enter")
        panel.locator(".ad-field .ad-problem").wait_for()
        go.click()
        panel.locator(".ad-problem").nth(1).wait_for()
        look("refused")
        number.fill("5")
        number.press("Enter")
        panel.locator(".ad-problem").first.wait_for(state="detached")
        go.click()
        panel.locator(".ad-drawing").wait_for()
        look("running")
        panel.locator("button.ad-cancel").click()
        panel.locator(RUN_IS_ON).wait_for()
        look("canceled")
        engine.fails = True
        go.click()
        panel.locator(".ad-problem").wait_for()
        panel.locator(RUN_IS_ON).wait_for()
        look("failed")
