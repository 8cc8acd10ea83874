"""What a model container takes, on the page: its controls come while the person goes on."""

from __future__ import annotations

from driving import soon, tab
from front_ends import ARTIFACTS
from looks import cut_off, violations
from stand_in_container import Container


def test_a_containers_inputs_come_into_the_form_once_it_has_answered(visit, axe):
    here = visit("lab", dark=True)
    panel = here.open_panel()
    here.page.evaluate(axe)
    here.narrow(600)
    tab(panel, "Request")
    with Container() as container:
        panel.get_by_label("Run on").select_option("A model container (Cog)")
        panel.get_by_label("Base url").fill(container.url)
        panel.get_by_label("Base url").press("Enter")
        steps = panel.locator(".ad-number input").first
        steps.fill("5")  # it has not answered
        steps.press("Enter")
        panel.locator("pre", has_text='"steps": 5').wait_for()
        container.answers.set()
        frames = panel.locator(".ad-choice .ad-number input")
        frames.wait_for()
        panel.get_by_label("Negative prompt").and_(panel.locator(":disabled")).wait_for()
        frames.fill("24")
        frames.press("Enter")
        panel.locator("pre", has_text='"num_frames": 24').wait_for()
        frames.fill("99")
        frames.press("Enter")
        panel.locator(".ad-problem", has_text="from 8 to 32, not 99; the value before it is kept.").wait_for()
        here.page.mouse.move(0, 0)
        soon(here.page, lambda: cut_off(panel), [])
        ARTIFACTS.mkdir(exist_ok=True)
        panel.screenshot(path=ARTIFACTS / "inputs.png")
        assert violations(panel) == []
        panel.get_by_label("Run on").select_option("Pocket model (drawn world, offline, free)")
        frames.first.or_(panel.get_by_label("File format")).first.wait_for()
        panel.locator(".ad-quiet", has_text="The model ignores num_frames.").locator("visible=true").wait_for()
        container.shutdown()
