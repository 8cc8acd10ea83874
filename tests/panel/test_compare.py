"""The panel's Compare: fields become lists, Run makes a sweep, and its sheet stands in the stage's place."""

from __future__ import annotations

import pytest
from panel_parts import all_children, wait_until
from sheets import ClipEngine

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Client, ContactSheet, Endpoint, Journal, Sweep
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.journal import SweepEntry
from animatediff_widget.model.body import Body
from animatediff_widget.model.inputs import Input, Inputs
from animatediff_widget.panel.comparison import Comparison
from animatediff_widget.server import LocalServer


@pytest.fixture(scope="module")
def engine():
    return ClipEngine()


@pytest.fixture(scope="module")
def server(engine):
    with LocalServer(engine) as server:
        yield server
        engine.go.set()


@pytest.fixture(autouse=True)
def _hasty(quick_sheets, engine):
    engine.go.set()


@pytest.fixture
def panel(server):
    panel = AnimateDiffPanel(AnimateDiffRequest(prompt="a boat", seed=7), Endpoint.relay(server.base_url), server.token)
    yield panel
    panel.cancel()
    if panel.sweep is not None:
        panel.sweep.wait(30)
    panel.close()


def compare(panel, *lists: tuple[str, str]) -> None:
    panel._compare.switch.value = True
    for (field, values), (name, text) in zip(panel._compare.lines, lists, strict=False):
        field.value, values.value = name, text


def shown(widget) -> str:
    return str([child.get_state() for child in all_children(widget)])


def test_run_makes_a_sweep_of_the_lists_and_the_stage_becomes_its_sheet(panel):
    compare(panel, ("steps", "1, 4, 25"), ("guidance_scale", "1, 7.5"))
    assert "Jobs to post: 6, at Relay" in panel._compare.note.value
    sweep = panel.run()
    assert isinstance(sweep, Sweep)
    assert dict(sweep.axes) == {"steps": (1, 4, 25), "guidance_scale": (1.0, 7.5)}
    assert {cell.body.seed for cell in sweep.cells} == {7}
    assert panel.sweep is sweep
    assert "ad-folded" in panel._results.animation_tab.box._dom_classes
    wait_until(lambda: not panel.run_button.disabled)
    wait_until(lambda: shown(panel._results._sheet_slot).count('class="ad-strip"') == 6)
    wait_until(lambda: "6 of 6 done" in panel._monitor.status.value)
    assert panel._monitor.bar.value == 1


def test_an_open_cell_fills_the_tabs_and_its_settings_go_back_into_the_form(panel):
    compare(panel, ("steps", "1, 4"))
    sweep = panel.run()
    sweep.wait(30)
    wait_until(lambda: not panel.run_button.disabled)
    panel._results._open(0)
    assert "ad-folded" not in panel._results.animation_tab.box._dom_classes
    assert "data:image/webp" in panel._results.animation_tab.stage.value
    assert "Using seed: 7" in panel._results.logs.value
    assert "<b>steps</b>" in panel._results.json.value
    panel._results.opened.put_back.click()
    assert panel.request.steps == 1
    assert not panel._compare.switch.value
    job = panel.run()
    job.result(30)
    wait_until(lambda: not panel.run_button.disabled)
    assert panel.sweep is None
    assert panel._results._sheet_slot.children == ()
    assert "Done" in panel._monitor.status.value


def test_cancel_cancels_the_sweep_and_run_is_offered_again(panel, engine):
    engine.go.clear()
    compare(panel, ("steps", "1, 4"))
    sweep = panel.run()
    assert panel.run() is sweep, "one thing at a time"
    wait_until(lambda: sweep.progress.running)
    panel._results._sheet.stop.click()
    wait_until(lambda: sweep.state == "stopping")
    assert not panel.cancel_button.disabled
    panel.cancel_button.click()
    wait_until(lambda: not panel.run_button.disabled)
    assert sweep.progress.succeeded == 0
    assert panel.cancel_button.disabled


def test_lists_that_cannot_be_run_say_so_beside_them_and_nothing_is_sent(panel):
    compare(panel, ("steps", "1, 400"))
    assert "steps must be a whole number from 1 to 100, not 400." in panel._compare.note.value
    assert panel.run() is None
    assert "not 400" in panel._monitor.status.value
    compare(panel, ("steps", "1, 4"), ("steps", "5"))
    assert panel.run() is None
    assert "steps stands in two lists" in panel._monitor.status.value
    compare(panel, ("steps", ""), ("guidance_scale", ""))
    assert panel.run() is None
    assert "write the values to compare first" in panel._monitor.status.value
    assert Journal().sweeps() == []


def test_a_field_of_the_extra_input_can_be_compared_once_it_is_there(panel):
    panel.request.extra_input = {"scheduler": "DDIM"}
    compare(panel, ("scheduler", "DDIM, PNDM"))
    assert [cell.body.to_json()["input"]["scheduler"] for cell in panel.run().cells] == ["DDIM", "PNDM"]


def test_what_the_endpoint_takes_besides_can_be_compared(panel):
    one = Input("num_frames", "integer", 16, 8, 64)
    panel._controller.choice.inputs = Inputs((one,))
    compare(panel, ("num_frames", "8, 16, .., 32"))
    assert [cell.settings["num_frames"] for cell in panel.run().cells] == [8, 16, 24, 32]
    assert Sweep.load(panel.sweep.key).cells[3].body.input["num_frames"] == 32
    wait_until(lambda: not panel.run_button.disabled)
    compare(panel, ("num_frames", "8, 99"))
    assert "num_frames must be a whole number from 8 to 64, not 99." in panel._compare.note.value


def test_a_key_that_is_put_into_a_list_is_taken_out(panel):
    compare(panel, ("prompt", "r8_a_very_secret_key_0123456789"))
    assert "r8_" not in shown(panel)
    assert "That may be a key" in panel._monitor.status.value


def test_where_nothing_is_shown_after_the_click_the_sweep_runs_inside_it(server):
    panel = AnimateDiffPanel(
        AnimateDiffRequest(seed=7), Endpoint.relay(server.base_url), server.token, background=False
    )
    compare(panel, ("steps", "1, 4"))
    sweep = panel.run()
    assert sweep.state == "finished"
    assert shown(panel._results._sheet_slot).count('class="ad-strip"') == 2
    assert not panel.run_button.disabled


def test_what_failed_is_run_again_inside_the_click_too(server, engine):
    engine.fails = {4}
    panel = AnimateDiffPanel(
        AnimateDiffRequest(seed=7), Endpoint.relay(server.base_url), server.token, background=False
    )
    compare(panel, ("steps", "1, 4"))
    sweep = panel.run()
    assert sweep.progress.failed == 1
    engine.fails = set()
    panel._results._sheet.retry.click()
    assert (sweep.state, sweep.progress.succeeded) == ("finished", 2), "it has ended with the click"
    assert shown(panel._results._sheet_slot).count('class="ad-strip"') == 2
    assert not panel.run_button.disabled
    engine.fails = {9}
    client = panel._controller.choice.client()
    sheet = ContactSheet(Sweep(AnimateDiffRequest(seed=7), client, steps=[1, 9]), background=False)
    sheet._sheet.retry.click()
    assert sheet.sweep.progress.failed == 1, "it runs what was never begun"
    engine.fails = set()
    sheet._sheet.retry.click()
    assert (sheet.sweep.state, sheet.sweep.progress.succeeded) == ("finished", 2)
    sheet._sheet.retry.click()
    assert len(Journal().cells(sheet.sweep.key)) == 3, "there is nothing left to be run"


def test_a_sweep_that_was_killed_is_offered_and_taken_up(server):
    journal, client = Journal(), Client(Endpoint.relay(server.base_url), server.token)
    killed = Sweep(AnimateDiffRequest(prompt="a boat", seed=3), client, journal=journal, steps=[1, 4])
    endpoint = client.endpoint
    journal.begin_sweep(
        SweepEntry(killed.key, 1.0, endpoint.url, endpoint.kind, Body.of(killed.request), dict(killed.axes))
    )
    panel = AnimateDiffPanel(endpoint=endpoint, token=server.token)
    assert "“a boat”, Steps, 2 jobs." in shown(panel._offer.box)
    accept = next(child for child in panel._offer.box.children if getattr(child, "description", "") == "Pick it up")
    accept.click()
    wait_until(lambda: panel.sweep is not None and panel.sweep.state == "finished")
    assert panel.sweep.key == killed.key
    assert panel.sweep.progress.succeeded == 2
    assert panel.request.prompt == "a boat"
    assert panel._offer.box.children == ()
    assert Journal().sweeps_to_pick_up() == []
    panel.close()


def test_above_ten_jobs_that_cost_a_second_press_confirms_and_a_double_click_does_not():
    now = [100.0]
    comparison = Comparison(lambda: now[0])
    comparison.lists = (("steps", "1-20"),)
    sweep = Sweep(AnimateDiffRequest(seed=1), Client(Endpoint.replicate(), "r8_" + "a" * 37), steps="1-20")
    for wait in (0.0, 0.3, 0.3):
        now[0] += wait
        with pytest.raises(AnimateDiffError, match=r"Jobs to post: 20, at Replicate.*press once more"):
            comparison.check_confirmed(sweep)
    now[0] += 0.3
    comparison.check_confirmed(sweep)
    with pytest.raises(AnimateDiffError):  # the next sweep is another
        comparison.check_confirmed(sweep)
    now[0] += 5
    comparison.lists = (("steps", "2-21"),)
    with pytest.raises(AnimateDiffError, match="press once more"):
        comparison.check_confirmed(sweep)


def test_what_failed_is_run_again_by_a_press_and_run_waits_for_that(panel, engine):
    engine.fails = {4}
    compare(panel, ("steps", "1, 4"))
    sweep = panel.run()
    wait_until(lambda: not panel.run_button.disabled)
    box = panel._results._sheet
    assert (sweep.progress.succeeded, sweep.progress.failed) == (1, 1)
    engine.fails = set()
    assert not box.retry.disabled
    engine.go.clear()
    box.retry.click()
    wait_until(lambda: panel.run_button.disabled and sweep.progress.running)
    engine.go.set()
    wait_until(lambda: not panel.run_button.disabled)
    assert sweep.progress.succeeded == 2
    wait_until(lambda: shown(panel._results._sheet_slot).count('class="ad-strip"') == 2)
    assert box.retry.disabled


def test_an_earlier_sweep_is_opened_from_the_history(panel, server):
    client = Client(Endpoint.relay(server.base_url), server.token)
    earlier = Sweep(AnimateDiffRequest(prompt="a cat", seed=3), client, steps=[1, 4]).run()
    panel._results.tabs.selected_index = 4
    [button] = panel._results.history.sweeps.children
    assert button.description.startswith("Steps · a cat · ")
    button.click()
    assert panel.sweep.key == earlier.key
    assert panel._results.tabs.selected_index == 0
    assert panel.request.prompt == "a cat"
    assert not panel.run_button.disabled
    wait_until(lambda: shown(panel._results._sheet_slot).count('class="ad-strip"') == 2)
    assert panel._results._sheet.retry.disabled


def test_a_sweep_that_was_never_run_is_run_from_its_sheet(server):
    client = Client(Endpoint.relay(server.base_url), server.token)
    sheet = ContactSheet(Sweep(AnimateDiffRequest(seed=3), client, steps=[1, 4]))
    run = sheet._sheet.retry
    assert run.description == "Run"
    run.click()
    wait_until(lambda: sheet.sweep.state == "finished")
    assert sheet.sweep.progress.succeeded == 2
    sheet.close()


def test_an_input_that_has_the_name_of_a_sweeps_own_argument_is_refused_in_a_sentence(panel):
    panel._controller.choice.inputs = Inputs((Input("budget", "integer", 1), Input("journal", "integer", 1)))
    for name in ("budget", "journal"):
        compare(panel, ("steps", "1, 2"), (name, "1, 2"))
        assert f"{name} is no field that a sweep can vary" in panel._compare.note.value
