"""The quickstart in JupyterLab, Notebook 7 and Voilà, in a real browser, as a person would use it."""

from __future__ import annotations

import json

import nbformat
import pytest
from driving import (
    RUN_IS_OFF,
    RUN_IS_ON,
    another_picture,
    button,
    choose_relay,
    moves,
    picture,
    run,
    set_number,
    soon,
    status,
    tab,
    wait_for_status,
    watching,
    watching_previews,
)
from engines import HeldEngine, TalkingEngine, panel_on
from front_ends import FRONT_ENDS, ROOT

from animatediff_widget import Journal
from animatediff_widget.server import LocalServer

_CELLS = nbformat.read(ROOT / "notebooks" / "quickstart.ipynb", as_version=4).cells
QUICKSTART = [cell.source for cell in _CELLS if cell.cell_type == "code"]
EVERYWHERE = pytest.mark.parametrize("front_end", FRONT_ENDS)
WITH_A_SESSION = pytest.mark.parametrize("front_end", ["lab", "notebook"])


@EVERYWHERE
def test_a_person_sets_the_sliders_presses_run_watches_the_progress_and_sees_the_animation_move(visit, front_end):
    here = visit(front_end, *QUICKSTART)
    panel = here.open_panel()
    set_number(panel, "Steps", 100)
    panel.get_by_label("Prompt", exact=True).fill("a boat on the sea, full moon, stars")
    set_number(panel, "Guidance scale", 7.5)
    slider = panel.get_by_role("slider", name="Guidance scale")
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    tab(panel, "Request")
    panel.locator("pre:visible", has_text='"steps": 100').wait_for()
    panel.locator("pre:visible", has_text='"guidance_scale": 8').wait_for()
    body = json.loads(panel.locator("pre:visible").first.inner_text())
    assert body["input"]["prompt"] == "a boat on the sea, full moon, stars"
    tab(panel, "Animation")

    panel.get_by_role("button", name="Advanced").click()
    panel.get_by_label("Extra input").fill('{"step_seconds": 0.01}')  # else a page has no time to draw a preview
    with watching_previews(panel) as previews:
        image = run(panel)
    assert image.get_attribute("alt") == "a boat on the sea, full moon, stars"
    assert moves(image)
    pictures, heights = ({*each} for each in zip(*previews, strict=True))
    assert len(pictures) >= 2
    assert heights == {image.evaluate("image => image.clientHeight")}, "the page moved"

    tab(panel, "JSON")
    tree = panel.locator(".ad-json")
    tree.get_by_text('"succeeded"').wait_for()
    panel.get_by_role("button", name="Copy").click()
    panel.get_by_role("button", name="Copied").wait_for()
    copied = json.loads(here.page.evaluate("navigator.clipboard.readText()"))
    assert copied["status"] == "succeeded"
    assert copied["input"]["steps"] == 100
    assert "100%|" in copied["logs"]
    fold = tree.locator("details").first
    fold.locator("summary").first.click()
    assert fold.get_attribute("open") is None

    tab(panel, "Logs")
    panel.locator("pre:visible", has_text="Using seed:").wait_for()

    engine = HeldEngine()  # the pocket model takes its steps faster than a page is drawn
    with LocalServer(engine, token="a-key-for-this-test") as server:
        choose_relay(panel, server)
        tab(panel, "Animation")
        with watching(panel) as steps, another_picture(panel):
            button(panel, "Run").click()
            wait_for_status(panel, "step 4 of 100")
            engine.go.set()
    assert steps == sorted(steps)
    assert 4 in steps


@EVERYWHERE
def test_a_run_can_be_canceled_and_the_next_one_works(visit, front_end):
    engine = TalkingEngine()
    with LocalServer(engine, token="a-key-for-this-test") as server:
        panel = visit(front_end).open_panel()
        choose_relay(panel, server)
        cancel = button(panel, "Cancel")
        button(panel, "Run").click()
        cancel.click()
        wait_for_status(panel, "^Canceled")
        panel.locator(RUN_IS_ON).wait_for()
        assert cancel.is_disabled()
        engine.enough.set()
        run(panel)


def test_a_refused_value_is_said_beside_the_control(visit):
    panel = visit("lab").open_panel()
    set_number(panel, "Steps", 500)
    panel.get_by_role("alert").get_by_text("steps must be a whole number from 1 to 100, not 500").wait_for()
    number = panel.locator(".ad-number").get_by_label("Steps")
    assert number.get_attribute("aria-invalid") == "true"
    assert panel.get_by_label("Prompt", exact=True).get_attribute("aria-invalid") == "false"
    button(panel, "Run").click()
    panel.get_by_text("Not sent. Correct this first").wait_for()


@WITH_A_SESSION
def test_a_page_that_is_reloaded_shows_the_panel_as_it_was(visit, front_end):
    here = visit(front_end)
    panel = here.open_panel()
    panel.get_by_label("Prompt", exact=True).fill("snow, mountain, night")
    set_number(panel, "Steps", 12)
    before = run(panel).get_attribute("src")
    tab(panel, "JSON")
    panel.locator(".ad-json").get_by_text('"succeeded"').wait_for()
    here.save()
    process = "import os; print(os.getpid())"
    kernel = here.in_kernel(process)
    here.reload()

    panel = here.panel()
    assert here.in_kernel(process) == kernel
    assert panel.get_by_label("Prompt", exact=True).input_value() == "snow, mountain, night"
    assert panel.locator(".ad-number").get_by_label("Steps").input_value() == "12"
    assert status(panel).startswith("Done")
    assert panel.get_by_role("tab", name="JSON").get_attribute("aria-selected") == "true"
    assert '"succeeded"' in panel.locator(".ad-json").inner_text()
    tab(panel, "Animation")
    assert picture(panel).get_attribute("src") == before
    tab(panel, "Animation")
    set_number(panel, "Steps", 3)
    assert run(panel).get_attribute("src") != before


@WITH_A_SESSION
def test_a_page_that_is_reloaded_during_a_job_shows_its_end(visit, front_end):
    engine = HeldEngine()
    with LocalServer(engine, token="a-key-for-this-test") as server:
        here = visit(front_end)
        panel = here.open_panel()
        here.save()
        choose_relay(panel, server)
        button(panel, "Run").click()
        wait_for_status(panel, "step 4 of")
        here.reload(shows=RUN_IS_OFF)
        panel = here.panel(shows=RUN_IS_OFF)
        wait_for_status(panel, "step 4 of")
        engine.go.set()
        wait_for_status(panel, "^Done")
        assert moves(picture(panel))


def test_in_voila_a_reloaded_page_has_a_kernel_of_its_own_and_shows_the_last_job(visit, site):
    others = set(site.voila.kernels())
    runs = "from animatediff_widget import AnimateDiffPanel\npanel = AnimateDiffPanel()\npanel.request.seed = 7\n"
    runs += "_ = panel.run().result(60)\npanel"
    here = visit("voila", runs)
    panel = here.open_panel()
    (kernel,) = set(site.voila.kernels()) - others
    assert here.page.evaluate("sessionStorage.length") == 0  # what the notebook itself has run is nothing to keep
    panel.get_by_label("Seed", exact=True).fill("20251122")
    panel.get_by_label("Seed", exact=True).press("Enter")
    set_number(panel, "Steps", 12)
    panel.get_by_label("Prompt", exact=True).fill("snow, mountain")
    run(panel)
    tab(panel, "JSON")
    panel.locator(".ad-json").get_by_text('"succeeded"').wait_for()
    before = panel.locator(".ad-json").inner_text()
    panel.get_by_label("Prompt", exact=True).fill("snow, written after the run")
    remembered(here, panel)
    here.reload()

    panel = here.panel()
    panel.get_by_text("Seed 20251122").wait_for()
    # The old kernel is Voilà's to stop; its own request for that is refused by its own server (no _xsrf).
    assert len(set(site.voila.kernels()) - others - {kernel}) == 1
    soon(here.page, lambda: status(panel), "Done")
    assert panel.get_by_label("Prompt", exact=True).input_value() == "snow, mountain"
    assert panel.get_by_label("Seed", exact=True).input_value() == "20251122"
    assert panel.locator(".ad-number").get_by_label("Steps").input_value() == "12"
    assert moves(picture(panel))
    tab(panel, "JSON")
    assert panel.locator(".ad-json").inner_text() == before
    assert not here.page.evaluate("Object.values(sessionStorage).some(kept => kept.includes('snow'))")
    tab(panel, "Animation")
    set_number(panel, "Steps", 3)
    run(panel)
    # Another tab is another visit.
    other = visit("voila").open_panel()
    tab(other, "History")
    assert other.get_by_label("Prompt", exact=True).input_value() != "snow, mountain"
    button(other, "20251122").first.click()
    other.get_by_text("Seed 20251122").wait_for()


def test_in_voila_a_job_that_runs_at_a_reload_ends_in_its_kernel_and_is_shown_at_the_next(visit, site):
    engine = TalkingEngine()
    with LocalServer(engine) as server:
        here = visit("voila", panel_on(server))
        panel = here.panel()
        button(panel, "Run").click()
        wait_for_status(panel, "^Processing")
        remembered(here, panel)
        here.reload()
        panel.get_by_text("It goes on in the background").first.wait_for()
        engine.enough.set()
        soon(here.page, lambda: Journal(site.home).jobs(1)[0].state, "succeeded")
        here.reload()
        wait_for_status(panel, "^Done")
        assert moves(picture(panel))


def remembered(here, panel) -> None:
    """Wait until the browser's tab has the key of the panel's job."""
    note = panel.locator(".ad-memory [data-job]:not([data-job=''])")
    note.wait_for(state="attached")
    here.page.wait_for_function(
        "key => Object.values(sessionStorage).includes(key)", arg=note.get_attribute("data-job")
    )
