"""What is pressed, chosen or interrupted at a moment when a sweep, or a job, runs, or while its sheet is drawn."""

from __future__ import annotations

import gc
import itertools
import signal
import threading
import weakref
from pathlib import Path

import pytest
from panel_parts import all_children, wait_until
from sheets import ClipEngine
from test_close import observers

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Client, ContactSheet, Endpoint, Journal, Sweep
from animatediff_widget.engines import Output
from animatediff_widget.journal import SweepEntry
from animatediff_widget.model.body import Body
from animatediff_widget.model.inputs import Input, Inputs
from animatediff_widget.server import LocalServer

BOAT = AnimateDiffRequest(prompt="a boat", seed=7)


class Engine(ClipEngine):
    """Draws clips, of one step a clip that nobody can decode."""

    def run(self, request, **more):
        output = super().run(request, **more)
        return output if request.steps > 1 else Output(b"GIF89a" + bytes(20), "gif", "image/gif")


@pytest.fixture(scope="module")
def engine():
    return Engine()


@pytest.fixture(scope="module")
def server(engine):
    with LocalServer(engine) as server:
        yield server
        engine.go.set()


@pytest.fixture(scope="module")
def client(server):
    return Client(Endpoint.relay(server.base_url), server.token)


@pytest.fixture(autouse=True)
def _hasty(quick_sheets, engine):
    engine.go.set()


def opened(server, **how) -> AnimateDiffPanel:
    return AnimateDiffPanel(BOAT.copy(), Endpoint.relay(server.base_url), server.token, **how)


def compare(panel, *lists: tuple[str, str]) -> None:
    panel._compare.switch.value = True
    for (field, values), (name, text) in zip(panel._compare.lines, lists, strict=False):
        field.value, values.value = name, text


def ended(panel) -> bool:
    """Whether what the panel runs has ended, and it shows that."""
    panel.sweep.wait(30) if panel.sweep is not None else panel.job.result(30)
    wait_until(lambda: not panel.run_button.disabled)
    return True


def test_a_closed_panel_leaves_its_sweep_and_is_forgotten(server):
    panel = opened(server)
    job = panel.run()
    assert ended(panel)
    compare(panel, ("steps", "2, 4"))
    first = panel.run()
    assert ended(panel)
    second = panel.run()
    assert ended(panel)
    assert observers(first) == 0, "another is displayed"
    parts = weakref.ref(panel), weakref.ref(panel._controller)
    panel.close()
    assert observers(second) == observers(job) == 0
    del panel
    wait_until(lambda: gc.collect() >= 0 and not any(part() for part in parts))


def test_run_gives_what_runs_whatever_is_asked_for_meanwhile(server, engine):
    panel = opened(server)
    panel.run()
    assert ended(panel)
    engine.go.clear()
    compare(panel, ("steps", "2, 4"))
    sweep = panel.run()
    panel._compare.switch.value = False
    assert panel.run() is sweep
    engine.go.set()
    assert ended(panel)
    engine.go.clear()
    job = panel.run()
    panel._compare.switch.value = True
    assert panel.run() is job
    engine.go.set()
    assert ended(panel)
    panel.close()


@pytest.fixture
def killed(client) -> SweepEntry:
    """A sweep that is offered to be picked up."""
    sweep, where = Sweep(BOAT.copy(prompt="a killed boat"), client, steps=[2, 4]), client.endpoint
    entry = SweepEntry(sweep.key, 1.0, where.url, where.kind, Body.of(sweep.request), {"steps": (2, 4)})
    Journal().begin_sweep(entry)
    return entry


def offer(panel):
    return next(one for one in panel._offer.box.children if getattr(one, "description", "") == "Pick it up")


def test_a_sweep_that_is_offered_changes_nothing_in_the_form_while_something_runs(server, killed, engine):
    engine.go.clear()
    panel = opened(server)
    panel.run()
    panel.request.prompt = "typed meanwhile"
    accept = offer(panel)
    accept.click()
    assert panel.request.prompt == "typed meanwhile"
    assert accept in panel._offer.box.children
    engine.go.set()
    assert ended(panel)
    panel.close()


def test_of_two_panels_that_are_offered_one_sweep_the_second_shows_what_the_first_has_made_of_it(server, killed):
    first, second, third = opened(server), opened(server), opened(server)
    third._controller.show_sweep(killed)
    assert "0 of 2 done" in third._monitor.status.value
    offer(first).click()
    assert ended(first)
    offer(second).click()
    assert ended(second)
    assert second.cancel_button.disabled
    assert "2 of 2 done" in second._monitor.status.value
    third._results._sheet.retry.click()
    assert ended(third)
    wait_until(lambda: "2 of 2 done" in third._monitor.status.value)
    assert third._results._sheet.retry.disabled
    for panel in (first, second, third):
        panel.close()


def test_a_sweep_of_the_history_takes_the_place_of_a_job_or_says_that_it_cannot_while_that_runs(server, client, engine):
    Sweep(BOAT, client, steps=[2, 4]).run()
    engine.fails = {3}
    panel = opened(server)
    panel.request.steps = 3
    panel.run()
    wait_until(lambda: "no more boats" in panel._monitor.status.value)
    wait_until(lambda: not panel.run_button.disabled)
    engine.fails = set()
    panel._results.tabs.selected_index = 4
    panel._results.history.sweeps.children[0].click()
    assert "2 of 2 done" in panel._monitor.status.value
    engine.go.clear()
    panel.run()
    panel._results.history.sweeps.children[0].click()
    assert "something runs" in panel._results.history.note.value
    engine.go.set()
    assert ended(panel)
    panel._results.history.sweeps.children[0].click()
    assert panel._results.history.note.value == ""
    panel.close()


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("moment", range(6))
def test_an_interrupt_as_a_sweep_begins_leaves_a_panel_that_tells_the_truth_and_runs_again(server, moment, background):
    panel = opened(server, background=background)
    compare(panel, ("steps", "2, 4"))
    changes = itertools.count()

    def interrupt(_):
        if threading.current_thread() is threading.main_thread() and next(changes) == moment:
            signal.raise_signal(signal.SIGINT)

    watched = (panel._monitor.status, panel.run_button, panel.cancel_button, panel._results._sheet_slot)
    for widget in watched:
        widget.observe(interrupt)
    try:
        panel.run()
    except KeyboardInterrupt:
        assert background
    for widget in watched:
        widget.unobserve(interrupt)
    wait_until(lambda: not panel.run_button.disabled)
    assert panel.cancel_button.disabled
    sweep = panel.run()
    sweep.wait(30)
    wait_until(lambda: not panel.run_button.disabled)
    assert sweep.progress.succeeded == 2
    panel.close()


def test_values_in_a_list_never_become_those_of_another_field(server):
    panel = opened(server)
    panel._controller.choice.inputs = Inputs((Input("num_frames", "integer", 16, 8, 64),))
    compare(panel, ("num_frames", "8, 16"))
    panel._controller.choice.inputs = Inputs()  # another endpoint, or the same before it has said what it takes
    assert panel._compare.lines[0][0].value == "num_frames"
    assert "num_frames is no field that a sweep can vary" in panel._compare.note.value
    assert panel.run() is None
    panel._controller.choice.inputs = Inputs((Input("num_frames", "integer", 16, 8, 64),))
    assert "Jobs to post: 2" in panel._compare.note.value
    panel.close()


def test_a_cell_whose_clip_cannot_be_shown_says_so_and_is_no_empty_place(client):
    sweep = Sweep(BOAT, client, steps=[1, 2]).run()
    sheet = ContactSheet(sweep, background=False)
    for _ in range(3):
        sheet._sheet.sheet.pace.ask(now=True)
    html = "".join(child.value for child in sheet._sheet.sheet.grid.children if hasattr(child, "value"))
    assert html.count('<span class="ad-cell-state ad-succeeded"') == 1
    assert html.count('class="ad-strip"') == 1
    Path(sweep.rows()[0]["file"]).unlink()
    sheet.open_cell(0)
    [stage] = [child for child in all_children(sheet) if "ad-stage" in child._dom_classes]
    assert "The file of this animation is gone." in stage.value
    sheet.close()


def test_the_sheet_of_a_sweep_that_runs_beside_is_drawn_while_it_is_waited_for(client, engine):
    engine.go.clear()
    sweep = Sweep(BOAT, client, steps=[2, 4]).start()
    sheet = ContactSheet(sweep, background=False)
    looks = []

    def look():
        looks.append(sweep.state)
        if len(looks) == 3:
            engine.go.set()

    sheet._sheet.sheet.looked = look
    sheet.run()
    assert looks[:3] == ["running"] * 3
    sheet.close()


def test_an_interrupt_cancels_a_sweep_also_that_runs_beside(client, engine):
    engine.go.clear()
    sweep = Sweep(BOAT, client, steps=[2, 4]).start()
    with pytest.raises(KeyboardInterrupt):
        sweep.run(idle=lambda: signal.raise_signal(signal.SIGINT))
    assert sweep.wait(30)
    assert sweep.progress.succeeded == 0


def test_a_request_that_is_given_to_a_closed_panel_is_left_alone(server):
    panel, request = opened(server), BOAT.copy()
    panel.close()
    panel.request = request
    assert observers(request) == 0
