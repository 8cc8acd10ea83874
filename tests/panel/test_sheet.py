"""A sweep's cells side by side: what is sent of them, and what can be done with them."""

from __future__ import annotations

import base64
import io
import random
import re

import pytest
from ipywidgets import Widget
from panel_parts import all_children, all_widgets, wait_until
from PIL import Image
from sheets import ClipEngine

from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Client, ContactSheet, Endpoint, Sweep
from animatediff_widget.media.sheets import SheetLine, draw_small
from animatediff_widget.media.strips import make_strip
from animatediff_widget.panel.arrangement import Arrangement
from animatediff_widget.server import LocalServer
from animatediff_widget.sweeps.pace import Pace

BOAT = AnimateDiffRequest(prompt="a boat", seed=7)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def engine():
    return ClipEngine()


@pytest.fixture(scope="module")
def client(engine):
    with LocalServer(engine) as server:
        yield Client(Endpoint.relay(server.base_url), server.token)
        engine.go.set()


@pytest.fixture(autouse=True)
def _hasty(quick_sheets, engine):
    engine.fails = set()
    engine.go.set()


def sent(sheet) -> str:
    """All HTML of the grid, as it is on the page now."""
    return "".join(child.value for child in sheet._sheet.sheet.grid.children if hasattr(child, "value"))


def strips(sheet) -> list[str]:
    return re.findall(r'<span class="ad-strip[^>]*>', sent(sheet))


def cells(sheet) -> list:
    return [child for child in sheet._sheet.sheet.grid.children if "ad-cell" in child._dom_classes]


def choice(sheet, label):
    return next(one for one in sheet._sheet.choices.children if one.description == label)


def drawn(sheet, count):
    wait_until(lambda: len(strips(sheet)) == count)
    return sheet


def test_cells_fill_as_they_come_with_labels_on_both_axes_and_each_clip_is_sent_once(client):
    sweep = Sweep(BOAT, client, steps=[1, 4, 25], guidance_scale=[1, 7.5])
    sheet = ContactSheet(sweep)
    wait_until(lambda: len(cells(sheet)) == 6)
    wait_until(lambda: sent(sheet).count("Waits") == 6)
    sweep.run()
    drawn(sheet, 6)
    wait_until(lambda: "6 of 6 done" in sent(sheet))
    assert "Waits" not in sent(sheet)
    labels = re.findall(r'<span class="ad-label[^>]*>(.*?)<', sent(sheet))
    assert labels == ["Steps", "1", "4", "25", "Guidance scale", "1", "7.5"]
    assert max(map(len, strips(sheet))) < 40_000
    assert sorted(re.findall(r"grid-area:(\d/\d);", "".join(strips(sheet)))) == [
        "4/2",
        "4/3",
        "4/4",
        "5/2",
        "5/3",
        "5/4",
    ]
    assert cells(sheet)[0].description == "Steps 1, Guidance scale 1"
    sheet.close()


def test_while_it_fills_a_look_sends_two_messages_at_most(client, monkeypatch):
    sweep = Sweep(BOAT, client, 1, steps=range(1, 25))
    sheet = ContactSheet(sweep, background=False)
    looks, counts, notify, pace = [], [], Widget.notify_change, sheet._sheet.sheet.pace

    def count(widget, change):  # ipywidgets 7 sends nothing without a kernel
        if change["name"] in widget.keys:
            looks.append(widget)
        return notify(widget, change)

    def look(_):
        looks.clear()
        pace.ask(now=True)
        counts.append(len(looks))

    monkeypatch.setattr(Widget, "notify_change", count)
    sweep.observe(look, "progress")
    sweep.run(confirm=True)
    assert len(counts) >= 24
    assert max(counts) == 2, "how cells stand, and the clips that have come"
    sheet.close()


def test_of_a_thousand_cells_only_those_that_are_seen_are_on_the_page(client):
    sweep = Sweep(BOAT, client, steps=range(1, 51), seed=20)
    before = len(all_widgets())
    sheet = ContactSheet(sweep)
    wait_until(lambda: len(cells(sheet)) == 48)
    assert len(all_widgets()) - before < 150
    wait_until(lambda: sent(sheet).count("Waits") == 48)
    assert len(sent(sheet)) < 20_000
    right = [child for child in sheet._sheet.pages.children if getattr(child, "description", "") == "Next"]
    right[0].click()
    wait_until(lambda: cells(sheet)[0].description.startswith("Steps 9, "))
    assert "Columns 9 to 16 of 50" in str([child.get_state() for child in sheet._sheet.pages.children])
    sheet.close()


def test_axes_are_put_elsewhere_and_further_ones_stand_at_one_value(client):
    sweep = Sweep(BOAT, client, steps=[1, 4], guidance_scale=[1, 5, 9], seed=[7, 8])
    sheet = ContactSheet(sweep)
    wait_until(lambda: len(cells(sheet)) == 6)
    sheet.open_cell(5)
    choice(sheet, "Seed").value = 1
    wait_until(lambda: cells(sheet)[0].description == "Steps 1, Guidance scale 1, Seed 8")
    choice(sheet, "Columns").value = 2
    wait_until(lambda: len(cells(sheet)) == 6 and cells(sheet)[1].description == "Steps 1, Guidance scale 1, Seed 8")
    assert {one.description for one in sheet._sheet.choices.children} == {"Columns", "Rows", "Steps"}
    wait_until(lambda: ["ad-open" in cell._dom_classes for cell in cells(sheet)] == [False] * 5 + [True])
    sheet.close()


def test_a_cell_opens_large_with_its_own_json_and_log_and_one_that_failed_says_why(client, engine):
    engine.fails = {4}
    sweep = Sweep(BOAT, client, steps=[1, 4]).run()
    sheet = drawn(ContactSheet(sweep), 1)
    assert "ad-failed" in sent(sheet)
    cells(sheet)[0].click()
    opened = str([child.get_state() for child in all_children(sheet)])
    assert "Steps 1" in opened
    assert "data:image/webp" in opened
    assert "Using seed: 7" in opened
    assert "Save JSON" in opened
    assert "Use this seed" not in str([child.get_state() for child in all_children(sheet)])
    cells(sheet)[1].click()
    opened = str([child.get_state() for child in all_children(sheet)])
    assert "no more boats" in opened
    assert ["ad-open" in cell._dom_classes for cell in cells(sheet)] == [False, True]
    [stage] = [child for child in all_children(sheet) if "ad-stage" in child._dom_classes]
    assert "no more boats" in stage.value
    assert "data:image" not in stage.value
    assert "ad-folded" not in sheet._opened.box._dom_classes
    sheet._opened.close.click()
    assert "ad-folded" in sheet._opened.box._dom_classes
    assert not any("ad-open" in cell._dom_classes for cell in cells(sheet))
    with pytest.raises(AnimateDiffError, match="number"):
        sheet.open_cell("1")
    sheet.close()


def test_nothing_that_a_person_wrote_becomes_html(client):
    request = BOAT.copy(extra_input={HOSTILE: 1})
    sheet = ContactSheet(Sweep(request, client, prompt=["a boat", HOSTILE], steps=[1, 4], **{HOSTILE: [1, 2]}))
    wait_until(lambda: len(cells(sheet)) == 4)
    assert not any("<" in one.description for one in sheet._sheet.choices.children), "ipywidgets 7 has labels as HTML"
    sheet.open_cell(1)
    shown = [child.value for child in all_children(sheet) if hasattr(child, "value") and isinstance(child.value, str)]
    assert not any("<img src=x" in text for text in shown)
    sheet.close()


def test_a_sweep_is_paused_goes_on_stopped_and_canceled_from_its_sheet(client, engine):
    engine.go.clear()
    sweep = Sweep(BOAT, client, 1, steps=[1, 4, 25])
    sheet = ContactSheet(sweep)
    tools = sheet._sheet
    assert tools.hold.disabled
    assert tools.cancel.disabled
    sweep.start()
    wait_until(lambda: not tools.hold.disabled)
    tools.hold.click()
    wait_until(lambda: tools.hold.description == "Go on")
    wait_until(lambda: "Paused" in sent(sheet))
    tools.hold.click()
    wait_until(lambda: tools.hold.description == "Pause")
    tools.stop.click()
    wait_until(lambda: "Stopping" in sent(sheet))
    tools.cancel.click()
    sweep.wait(30)
    wait_until(lambda: "Canceled" in sent(sheet))
    assert sent(sheet).count("Waits") == 2
    sheet.close()


def test_where_nothing_is_shown_after_the_cell_the_sheet_is_drawn_inside_it(client):
    sweep = Sweep(BOAT, client, steps=[1, 4])
    sheet = ContactSheet(sweep, background=False)
    assert len(cells(sheet)) == 2
    assert sheet.run() is sweep
    assert len(strips(sheet)) == 2
    assert "2 of 2 done" in sent(sheet)


def test_media_that_are_kept_out_of_the_notebook_are_kept_out_of_the_sheet(client, monkeypatch):
    monkeypatch.setattr("animatediff_widget.panel.sheet.may_show", lambda: False)
    sheet = ContactSheet(Sweep(BOAT, client, steps=[1, 4]).run(), background=False)
    assert "base64" not in sent(sheet)
    assert sent(sheet).count("Done") == 2


def test_a_closed_sheet_leaves_nothing_behind(client):
    sweep = Sweep(BOAT, client, steps=[1, 4]).run()
    before = len(all_widgets())
    sheet = drawn(ContactSheet(sweep), 2)
    sheet.open_cell(0)
    sheet.close()
    sheet.close()
    assert len(all_widgets()) == before
    assert not sweep.has_trait("nothing")
    assert repr(sheet) == "<ContactSheet <Sweep 2 cells: steps, 2 done>>"


@pytest.mark.parametrize("wrong", [None, 3, "sweep", BOAT])
def test_what_is_no_sweep_is_refused_in_a_sentence(wrong):
    with pytest.raises(AnimateDiffError, match="sweep must be"):
        ContactSheet(wrong)


def test_a_single_axis_is_laid_in_lines():
    arrangement = Arrangement.of((20,))
    assert arrangement.is_folded
    assert (arrangement.columns, arrangement.rows) == (8, 3)
    assert arrangement.seen()[19] == (2, 3)
    assert len(arrangement.seen()) == 20


def test_every_cell_is_seen_on_one_page_and_only_on_one():
    arrangement = Arrangement.of((20, 13, 2)).put(across=2).put(down=0).stand(1, 4)
    assert (arrangement.across, arrangement.down, arrangement.further) == (2, 0, (1,))
    seen: list[int] = []
    for _ in range(5):
        seen += arrangement.seen()
        arrangement = arrangement.page(down=1)
    assert sorted(set(seen)) == sorted(step * 26 + 4 * 2 + seed for step in range(20) for seed in range(2))
    assert Arrangement.of((2, 3)).page(right=-1, down=9).seen() == Arrangement.of((2, 3)).seen()


def test_however_often_it_is_asked_for_a_look_waits_for_its_turn_unless_a_person_pressed_something():
    looks = []
    pace = Pace(lambda: bool(looks.append(1)), 1000.0)
    pace.ask()
    wait_until(lambda: len(looks) == 1)
    for _ in range(1000):
        pace.ask()
    assert len(looks) == 1
    pace.ask(now=True)
    wait_until(lambda: len(looks) == 2)
    pace.close()
    wait_until(lambda: pace._thread is None)
    pace.ask(now=True)
    assert len(looks) == 2


def test_what_could_not_be_done_in_one_look_is_done_in_the_next():
    looks = []
    pace = Pace(lambda: looks.append(1) or len(looks) < 5, 0.0)
    pace.ask()
    wait_until(lambda: pace._thread is None)
    assert len(looks) == 5


def test_a_reader_without_a_kernel_finds_what_was_seen_as_one_picture_of_a_size_that_is_said(client):
    sweep = Sweep(BOAT, client, steps=[1, 4, 25], guidance_scale=[1, 7.5])
    sheet = ContactSheet(sweep, background=False)
    sheet.run()
    kept = sheet._copy._animation
    bundle, metadata = kept._repr_mimebundle_()
    assert bundle["text/plain"] == "Steps × Guidance scale: 6 of 6 done"
    picture = base64.b64decode(bundle["image/png"])
    assert len(picture) <= 750_000
    with Image.open(io.BytesIO(picture)) as drawn:
        assert drawn.n_frames == 16
        assert metadata["image/png"]["width"] == drawn.width
    recipe, _ = sheet._copy._recipe()
    assert "guidance_scale" in recipe["text/html"]
    assert "a boat" in recipe["text/html"]


def test_a_picture_that_would_be_too_large_is_drawn_smaller():
    noise = random.Random(3)
    pixels = [Image.frombytes("RGB", (128, 128), noise.randbytes(3 * 128 * 128)) for _ in range(16)]
    file = io.BytesIO()
    pixels[0].save(file, "PNG", save_all=True, append_images=pixels[1:], duration=100)
    cell = make_strip(file.getvalue())
    lines = [SheetLine("1", ("a", "b"), (cell, cell)), SheetLine("2", (), (cell, "Failed"))]
    data, width = draw_small(lines, "Steps", "Seed", 100_000)
    assert len(data) <= 100_000
    assert width < 2 * 128
    assert draw_small(lines, "Steps", "Seed", 1000) is None


def test_media_that_are_kept_out_are_kept_out_of_the_picture_too(client, monkeypatch):
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_EMBED", "0")
    sheet = ContactSheet(Sweep(BOAT, client, steps=[1, 4]), background=False)
    sheet.run()
    assert "image/png" not in sheet._copy._animation._repr_mimebundle_()[0]
