"""Two threads change one page: what comes from a job, a sheet or an endpoint, and what a person presses meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from panel_parts import all_children, all_widgets, control, wait_until
from sheets import ClipEngine

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Client, ContactSheet, Endpoint, Sweep
from animatediff_widget.model.body import Body
from animatediff_widget.model.inputs import Input, Inputs
from animatediff_widget.panel import further, history, results, sheet
from animatediff_widget.server import LocalServer
from animatediff_widget.sweeps.progress import SweepProgress

BOAT = AnimateDiffRequest(prompt="a boat", seed=7)
LONGEST = 0.3  # seconds: a thread that has its turn alone is not kept from it for longer


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
    panel = AnimateDiffPanel(BOAT.copy(), Endpoint.relay(server.base_url), server.token)
    yield panel
    panel.close()


@pytest.fixture
def beside():
    with ThreadPoolExecutor(1) as threads:
        yield lambda act: threads.submit(act)


@pytest.fixture
def halfway(monkeypatch):
    """Let the first call of a function stop before it is done, in whatever thread, until the test goes on."""

    class Halfway:
        def __init__(self, owner, name):
            self._real, self._calls = getattr(owner, name), threading.Semaphore(1)
            self.reached, self.goes_on = threading.Event(), threading.Event()

            def call(*arguments, **named):
                result = self._real(*arguments, **named)
                if threading.current_thread() is not threading.main_thread() and self._calls.acquire(blocking=False):
                    self.reached.set()
                    self.goes_on.wait(LONGEST)
                return result

            monkeypatch.setattr(owner, name, call)

    return Halfway


def sweep_of(server, **axes) -> Sweep:
    return Sweep(BOAT, Client(Endpoint.relay(server.base_url), server.token), **axes)


def no_sheet_is_drawn() -> bool:
    return not any(thread.name == "animatediff sheet" for thread in threading.enumerate())


def test_a_cell_is_opened_while_the_sheet_is_drawn(server, halfway):
    drawing = halfway(sheet.Sheet, "_button")
    shown = ContactSheet(sweep_of(server, steps=[1, 4, 25]))
    assert drawing.reached.wait(30)
    shown.open_cell(2)
    drawing.goes_on.set()
    buttons = shown._sheet.sheet._buttons
    wait_until(lambda: [at for at, button in buttons.items() if "ad-open" in button._dom_classes] == [(0, 2)])
    shown.close()


def test_a_sheet_that_is_closed_while_it_is_drawn_leaves_nothing_behind(server, halfway, caplog):
    wait_until(no_sheet_is_drawn)
    before = set(all_widgets())
    drawing = halfway(sheet.Sheet, "_button")
    shown = ContactSheet(sweep_of(server, steps=[1, 4, 25]))
    assert drawing.reached.wait(30)
    shown.close()
    drawing.goes_on.set()
    wait_until(no_sheet_is_drawn)
    assert caplog.text == ""
    assert set(all_widgets()) <= before


def test_a_cell_that_ends_while_another_is_opened_is_not_shown_under_its_name(server, halfway, beside):
    sweep = sweep_of(server, steps=[1, 4]).run()
    shown = ContactSheet(sweep, background=False)
    rendering = halfway(results, "json_view")
    shown.open_cell(0)
    sweep._batch.standing.touch(0)  # as what the journal knows more of, such as its log
    sent = beside(shown._sheet.sheet._look)
    assert rendering.reached.wait(30)
    shown.open_cell(1)
    rendering.goes_on.set()
    sent.result(30)
    texts = str([child.get_state() for child in all_children(shown)])
    assert "Steps 4" in shown._opened.title.value
    assert sweep.view(1).prediction.id in texts
    assert sweep.view(0).prediction.id not in texts
    shown.close()


def test_an_old_job_that_is_picked_while_another_runs_stands_alone(panel, engine, halfway, beside):
    old = panel.run()
    old.result(30)
    wait_until(lambda: not panel.run_button.disabled)
    [entry] = panel._controller.earlier.journal.jobs()
    engine.go.clear()
    rendering = halfway(results, "json_view")
    new = panel.run()
    assert rendering.reached.wait(30)
    panel._controller.show_entry(entry)
    rendering.goes_on.set()
    wait_until(lambda: new.prediction is not None and "Using seed" in new.prediction.logs)
    made = panel._results
    assert old.prediction.id in made.json.value
    assert made.animation_tab.animation.path == old.animation.path
    assert not made.animation_tab.save.disabled
    engine.go.set()
    new.result(30)
    wait_until(lambda: new.prediction.id in made.json.value)


def test_how_far_a_sweep_was_is_not_said_after_its_end(panel, halfway, beside):
    panel._compare.switch.value = True
    _, values = panel._compare.lines[0]
    values.value = "1, 4"
    panel.run().wait(30)
    wait_until(lambda: not panel.run_button.disabled and no_sheet_is_drawn())
    counting = halfway(SweepProgress, "in_words")
    told = beside(lambda: panel._controller.set_trait("sweep_progress", SweepProgress(2, 1, 1)))
    assert counting.reached.wait(30)
    panel._controller.sweep_progress = SweepProgress(2, 2, 2)
    counting.goes_on.set()
    told.result(30)
    assert "2 of 2 done" in panel._monitor.status.value


def test_what_two_endpoints_take_is_not_mixed(panel, halfway, beside):
    choice = panel._controller.choice
    making = halfway(further, "as_label")
    one, two = (
        Inputs((Input(f"{name}_a", "integer", 1, 0, 9), Input(f"{name}_b", "integer", 1, 0, 9))) for name in "xy"
    )
    told = beside(lambda: choice.set_trait("inputs", one))
    assert making.reached.wait(30)
    choice.inputs = two
    making.goes_on.set()
    told.result(30)
    assert [name for name in panel._form.controls if name.startswith("input.")] == [
        "input.y_a", "input.y_a_number", "input.y_b", "input.y_b_number",
    ]  # fmt: skip
    assert control(panel, "input.y_a") in all_children(panel._form.further.box)
    assert len(panel._form.further.box.children) == 2


def test_what_an_endpoint_says_late_is_not_taken_for_what_another_takes(panel, monkeypatch, beside):
    class Client:
        inputs = Inputs((Input("of_the_first", "integer", 1, 0, 9),))

        def __init__(self, *arguments, **named):
            pass

        def close(self):
            pass

    choice, asked, goes_on = panel._controller.choice, threading.Event(), threading.Event()
    first, same = choice.endpoint, Endpoint.__eq__

    def compare(one, other):
        answer = same(one, other)
        if threading.current_thread() is not threading.main_thread() and not asked.is_set():
            asked.set()
            goes_on.wait(LONGEST)
        return answer

    monkeypatch.setattr("animatediff_widget.backends.client.Client", Client)
    monkeypatch.setattr(Endpoint, "__eq__", compare)
    told = beside(lambda: choice._ask(first, None, 1.0))
    assert asked.wait(30)
    choice.endpoint = Endpoint.builtin()
    goes_on.set()
    told.result(30)
    assert "of_the_first" not in [one.name for one in choice.inputs.fields]


def test_the_history_is_read_twice_at_once(panel, halfway, beside):
    for seed in range(15):
        panel._controller.earlier.journal.begin(Body.of(BOAT.copy(seed=seed)), panel.endpoint)
    shown = panel._results.history
    shown.refresh()
    filling = halfway(history, "refill")
    more = beside(lambda: shown.refresh(more=True))
    assert filling.reached.wait(30)
    shown.refresh()
    filling.goes_on.set()
    more.result(30)
    assert len(shown.grid.children) == len(shown._tiles)


@pytest.mark.parametrize("background", [True, False])
def test_the_sheet_of_a_sweep_that_has_ended_is_kept_for_readers_without_a_kernel(server, background):
    shown = ContactSheet(sweep_of(server, steps=[1, 4]).run(), background=background)
    wait_until(lambda: shown._copy._animation is not None)
    shown.close()
