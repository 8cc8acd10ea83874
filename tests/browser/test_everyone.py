"""By keyboard alone, by ear, and with less motion."""

from __future__ import annotations

import pytest
from driving import (
    RUN_IS_OFF,
    RUN_IS_ON,
    another_picture,
    button,
    moves,
    picture,
    run,
    set_number,
    soon,
    status,
    tab,
    wait_for_status,
)
from engines import TalkingEngine, moving_square, panel_on
from front_ends import FRONT_ENDS

from animatediff_widget import AnimateDiffRequest, Animation
from animatediff_widget.server import LocalServer

EVERYWHERE = pytest.mark.parametrize("front_end", FRONT_ENDS)

_FOCUSED = """part => {
    const item = document.activeElement;
    if (!item.closest(part)) return null;
    const look = getComputedStyle(item);
    item.dataset.reached = 'yes';
    const seen = look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2;
    return {name: item.outerHTML.slice(0, 100), seen};
}"""
MISSED = """part => [...part.querySelectorAll('button, input, select, textarea, summary, [role=slider], [role=tab]')]
    .filter(item => item.checkVisibility({visibilityProperty: true}) && !item.disabled && !item.dataset.reached)
    .filter(item => !(item.role === 'tab' && item.parentElement.querySelector('[data-reached]')))  // by its arrow keys
    .map(item => item.outerHTML.slice(0, 160))"""


def walk(here, panel, part: str = ".animatediff") -> list[dict]:
    """Press Tab from the first control of the panel, or of this part of it, to the last."""
    here.page.evaluate("for (const item of document.querySelectorAll('[data-reached]')) delete item.dataset.reached")
    first = panel.locator(".ad-form").get_by_label("Prompt", exact=True)
    (panel.get_by_role("tab", selected=True) if part == ".ad-results" else first).focus()
    while here.page.evaluate(_FOCUSED, part):
        here.page.evaluate("window.first = document.activeElement")
        here.page.keyboard.press("Shift+Tab")
    here.page.evaluate("first.focus()")
    stops = []
    for _ in range(80):
        stop = here.page.evaluate(_FOCUSED, part)
        if stop is None:
            return stops
        stops.append(stop)
        here.page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not come out of {part} again")


@EVERYWHERE
def test_every_control_is_reached_by_keyboard_with_a_focus_that_is_seen(visit, front_end):
    here = visit(front_end)
    panel = here.open_panel()
    set_number(panel, "Steps", 3)
    button(panel, "Advanced").press("Space")
    panel.get_by_label("Version").wait_for()
    run(panel)
    stops = walk(here, panel)
    assert panel.evaluate(MISSED) == []
    for name in ("JSON", "Logs", "Request", "History"):
        tab(panel, name)
        stops += walk(here, panel, ".ad-results")  # the form is the same beside each
        assert panel.locator(".ad-results").evaluate(MISSED) == []
    assert [stop["name"] for stop in stops if not stop["seen"]] == []
    panel.get_by_label("Run on").select_option("A relay")
    panel.get_by_label("Base url").wait_for()
    walk(here, panel)
    assert panel.evaluate(MISSED) == []


@EVERYWHERE
def test_a_run_needs_no_mouse(visit, front_end):
    here = visit(front_end)
    panel = here.open_panel()
    keys = here.page.keyboard
    before = cells(here)

    slider = panel.get_by_role("slider", name="Steps")
    slider.and_(panel.locator("[aria-valuenow='25.0']")).focus()
    keys.press("ArrowLeft")
    here.page.wait_for_function("document.querySelector('.ad-number input').value === '24'")
    seed = panel.get_by_label("Seed", exact=True)
    turned = ":disabled" if seed.is_enabled() else ":enabled"
    button(panel, "Random").focus()
    keys.press("Space")
    seed.and_(panel.locator(turned)).wait_for()
    for key in ("Enter", "Space"):
        button(panel, "Run").focus()
        with another_picture(panel):
            keys.press(key)
    panel.get_by_role("tab", name="Animation").focus()
    keys.press("ArrowRight")
    keys.press("Enter")
    panel.locator(".ad-json").wait_for()
    assert panel.get_by_role("tab", name="JSON").get_attribute("aria-selected") == "true"
    assert cells(here) == before


def cells(here) -> dict | None:
    """What keys could have done to the cells of the notebook: JupyterLab and Notebook take keys for them."""
    if here.name == "voila":
        return None
    return here.page.evaluate(
        """() => {
            const {activeCellIndex, mode, widgets} = jupyterapp.shell.currentWidget.content;
            return {activeCellIndex, mode, count: widgets.length};
        }"""
    )


_FOCUS = """() => {
    const item = document.activeElement;
    return item.closest('.animatediff') ? item.textContent : `outside: ${item.tagName}`;
}"""


@EVERYWHERE
def test_who_presses_run_and_cancel_by_keyboard_keeps_the_place(visit, front_end):
    engine = TalkingEngine()
    with LocalServer(engine) as server:
        here = visit(front_end, panel_on(server))
        panel = here.open_panel()
        keys = here.page.keyboard
        button(panel, "Run").focus()
        keys.press("Enter")
        panel.locator(RUN_IS_OFF).wait_for()
        here.page.wait_for_timeout(300)
        assert here.page.evaluate(_FOCUS) == "Run"
        engine.enough.set()
        wait_for_status(panel, "^Done")
        panel.locator(RUN_IS_ON).wait_for()
        assert here.page.evaluate(_FOCUS) == "Run"

        engine.enough.clear()
        keys.press("Enter")
        panel.locator("button.ad-cancel:not([disabled])").wait_for()
        keys.press("Tab")
        keys.press("Enter")
        wait_for_status(panel, "^Canceled")
        panel.locator(RUN_IS_ON).wait_for()
        here.page.wait_for_timeout(300)
        assert here.page.evaluate(_FOCUS) == "Cancel"
        keys.press("Shift+Tab")
        assert here.page.evaluate(_FOCUS) == "Run"


@EVERYWHERE
def test_who_presses_a_button_that_goes_away_goes_on_close_by(visit, front_end):
    code = (
        "import time\nfrom animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Client, Endpoint, Job\n"
        "client = Client(Endpoint.builtin())\n"
        "job = Job(AnimateDiffRequest(prompt='nobody looks', steps=2), client).start()\n"
        "while not job.finished: time.sleep(0.1)"
    )
    panel = (here := visit(front_end, code, "panel = AnimateDiffPanel()\npanel")).open_panel()
    panel.locator(".ad-said", has_text="nobody looks").wait_for()
    button(panel, "Not now").press("Enter")
    panel.locator(".ad-said", has_text="nobody looks").wait_for(state="detached")
    soon(here.page, lambda: here.page.evaluate(_FOCUS), "Animation")
    tab(panel, "History")
    panel.locator(".ad-tile button").first.press("Enter")
    picture(panel)
    soon(here.page, lambda: here.page.evaluate(_FOCUS), "Animation")


@EVERYWHERE
def test_who_reads_while_a_job_runs_is_not_disturbed(visit, front_end):
    with LocalServer(TalkingEngine()) as server:
        here = visit(front_end, panel_on(server))
        panel = here.open_panel()
        prompt = panel.get_by_label("Prompt", exact=True)
        before = prompt.input_value()
        tab(panel, "JSON")
        button(panel, "Run").click()
        folds = panel.locator(".ad-json details")
        folds.nth(1).locator("summary").first.click()
        here.page.wait_for_function("!document.querySelector('.ad-json details details').open")
        seen = panel.locator(".ad-json").inner_text()
        for _ in range(3):
            here.page.wait_for_function("text => document.querySelector('.ad-json').innerText !== text", arg=seen)
            seen = panel.locator(".ad-json").inner_text()
            assert folds.nth(1).get_attribute("open") is None
            assert here.page.evaluate("document.activeElement.localName") == "summary"

        tab(panel, "Logs")
        log = panel.locator(".ad-scroll:visible")
        log.evaluate("log => { log.scrollTop = 40; }")
        log.click()
        here.page.keyboard.type("hello ")
        seen = log.inner_text()
        for _ in range(3):
            soon(here.page, lambda log=log, seen=seen: log.inner_text() != seen, expected=True)
            seen = log.inner_text()
            place = "log => [log.scrollTop > 0, document.activeElement === log]"
            soon(here.page, lambda log=log, place=place: log.evaluate(place), expected=[True, True])
        assert prompt.input_value() == before
        # Who leaves is not called back.
        prompt.focus()
        here.page.wait_for_timeout(1200)
        assert prompt.evaluate("prompt => document.activeElement === prompt")
        button(panel, "Cancel").click()
        wait_for_status(panel, "^Canceled")


def test_a_toggle_tells_how_it_stands_and_nothing_is_called_null(visit):
    panel = visit("lab").open_panel()
    advanced, random = button(panel, "Advanced"), button(panel, "Random")
    assert advanced.get_attribute("aria-expanded") == "false"
    advanced.click()
    panel.locator(".ad-advanced[aria-expanded=true]").wait_for()
    assert random.get_attribute("aria-pressed") in ("true", "false")
    assert panel.locator("[title=null]").count() == 0
    assert panel.get_attribute("lang") == "en"


def test_what_is_said_after_a_press_is_read_out(visit):
    here = visit("lab")
    panel = here.open_panel()
    set_number(panel, "Steps", 2)
    run(panel)
    button(panel, "Use this seed").click()
    voice = panel.locator("[role=status].ad-hidden:not(.ad-announcer)")
    voice.get_by_text("Seed").wait_for(state="attached")
    tab(panel, "JSON")
    panel.get_by_role("button", name="Copy").click()
    voice.get_by_text("Copied").wait_for(state="attached")


@EVERYWHERE
def test_a_button_that_keeps_the_focus_while_it_is_off_cannot_be_pressed(visit, front_end):
    here = visit(front_end)
    panel = here.open_panel()
    set_number(panel, "Steps", 100)
    go = button(panel, "Run")
    go.focus()
    go.evaluate("button => { button.disabled = true; }")  # as the page does when the kernel says so
    before = status(panel)
    for key in ("Enter", "Space"):
        here.page.keyboard.press(key)
    go.dispatch_event("click")
    here.page.wait_for_timeout(1000)
    assert status(panel) == before
    go.evaluate("button => { button.disabled = false; }")
    here.page.keyboard.press("Enter")
    here.page.wait_for_function("old => document.querySelector('.ad-status').innerText !== old", arg=before)
    panel.locator(RUN_IS_ON).wait_for()


def test_letters_on_a_button_do_not_edit_the_notebook_and_ctrl_s_still_saves_it(visit):
    here = visit("lab")
    panel = here.open_panel()
    cells = "jupyterapp.shell.currentWidget.content.widgets.length"
    before = here.page.evaluate(cells)
    button(panel, "Advanced").focus()
    for key in "abddx":
        here.page.keyboard.press(key)
    assert here.page.evaluate(cells) == before
    assert here.page.evaluate("jupyterapp.shell.currentWidget.context.model.dirty")
    here.page.keyboard.press("Control+s")
    here.page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")


def test_what_happens_is_announced_rarely_in_a_region_that_was_there_before(visit):
    here = visit("lab")
    panel = here.open_panel()
    set_number(panel, "Steps", 100)
    region = panel.locator("[role=status].ad-announcer")
    region.evaluate(
        """region => {
            region.before = true;
            window.announced = [];
            const hear = () => announced.push(region.innerText);
            new MutationObserver(hear).observe(region, {childList: true, subtree: true});
        }"""
    )
    assert region.get_attribute("aria-live") == "polite"
    run(panel)
    assert region.evaluate("region => region.before")
    here.page.wait_for_function("announced.at(-1)?.startsWith('Done')")
    assert 2 <= len(here.page.evaluate("announced")) <= 12


_LOOPS = "image => image.complete ? image.currentSrc === image.src : null"  # else it shows the first frame only


def test_where_less_motion_is_asked_for_nothing_loops(visit):
    here = visit("lab", reduced_motion="reduce")
    panel = here.open_panel()
    image = run(panel)
    assert image.evaluate("image => image.currentSrc").startswith(("data:image/png", "data:image/jpeg"))
    assert not moves(image)
    here.page.emulate_media(reduced_motion="no-preference")
    soon(here.page, lambda: image.evaluate(_LOOPS), expected=True)
    assert moves(image)
    assert status(panel).startswith("Done")
    tab(panel, "History")
    thumbnail = panel.locator("img.ad-thumbnail").first
    thumbnail.wait_for()
    assert moves(thumbnail)
    here.page.emulate_media(reduced_motion="reduce")
    soon(here.page, lambda: thumbnail.evaluate(_LOOPS), expected=False)
    assert not moves(thumbnail)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_video_plays_by_itself_only_where_motion_is_welcome(browser, motion):
    video = Animation(moving_square("mp4"), AnimateDiffRequest())
    page = browser.new_page(reduced_motion=motion)
    page.set_content(video.to_html())
    page.wait_for_function("document.querySelector('video').readyState >= 4")
    if motion == "no-preference":
        page.wait_for_function("document.querySelector('video').currentTime > 0")
    else:
        page.wait_for_timeout(500)
        assert page.evaluate("document.querySelector('video').currentTime") == 0
    assert page.evaluate("document.querySelector('video').paused") is (motion == "reduce")
    page.close()
