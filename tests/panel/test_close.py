"""What a closed panel leaves behind: nothing, and its job goes on without it."""

from __future__ import annotations

import pytest
from panel_parts import all_widgets, control, wait_until

from animatediff_widget import AnimateDiffPanel, Endpoint, Journal
from animatediff_widget.panel.cells import Cells


def observers(has_traits) -> int:
    """How many outside observers there are."""
    notifiers = has_traits._trait_notifiers
    return sum(len(handlers) for kinds in notifiers.values() for handlers in kinds.values())


@pytest.fixture
def opened(server):
    """A panel, and what was there before it."""
    before = set(all_widgets())
    panel = AnimateDiffPanel(endpoint=Endpoint.relay(server.base_url), token=server.token)
    return panel, before


def test_every_widget_that_it_made_is_closed_also_those_that_came_later(opened, engine):
    panel, before = opened
    engine.go.set()
    panel.run().result(30)
    wait_until(lambda: not panel.run_button.disabled)
    panel._results.tabs.selected_index = 4
    layout = panel.layout
    panel.close()
    assert panel.comm is None
    assert layout.comm is None
    assert [widget for widget in all_widgets() if widget not in before] == []


def test_it_keeps_no_observer_on_its_job_and_is_not_written_to_from_the_jobs_thread(opened, engine):
    panel, _ = opened
    job = panel.run()
    assert observers(job) == 1
    wait_until(lambda: "1/2" in panel._results.logs.value)  # what is written last of a view
    panel.close()
    assert observers(job) == 0
    written = []
    for widget in (panel, panel.run_button, *panel._maker._made):
        widget.observe(lambda change: written.append((change["owner"], change["name"])))
    engine.go.set()
    animation = job.result(30)
    assert written == []
    assert panel.animation is None
    assert Journal().jobs()[0].state == "succeeded"
    assert animation.seed == job.body.seed


def test_it_lets_go_of_the_request_and_of_everything_inside(opened):
    panel, _ = opened
    request, endpoint, prompt = panel.request, panel.endpoint, control(panel, "prompt").value
    panel._results.tabs.selected_index = 3
    code = panel._results.request_tab.code.value
    panel.close()
    assert observers(request) == 0
    request.prompt, request.steps = "written after the close", 99
    assert control(panel, "prompt").value == prompt
    assert panel._results.request_tab.code.value == code
    panel._controller.choice.choose("replicate")
    assert panel.endpoint == endpoint
    panel.endpoint = None
    assert panel._controller.choice.endpoint is not None


def test_it_lets_go_of_the_request_that_was_bound_last(opened):
    panel, _ = opened
    first, second = panel.request, panel.request.copy(steps=3)
    panel.request = second
    assert observers(first) == 0
    panel.close()
    assert observers(second) == 0


def test_it_can_be_closed_twice_and_says_that_it_is_closed(opened, capsys):
    panel, _ = opened
    panel.close()
    panel.close()
    if panel._ipython_display_ is not None:  # ipywidgets 7 takes it away
        panel._ipython_display_()
        assert "This panel is closed" in capsys.readouterr().out
    with pytest.raises(Exception, match="This panel is closed"):
        panel.run()


def test_a_cell_that_runs_again_closes_the_panel_that_it_showed_and_no_other(monkeypatch):
    class Panel:
        closed = False

        def close(self):
            self.closed = True

    cells, first, second, other = Cells(), Panel(), Panel(), Panel()
    for cell, run, panel in (("a", 1, first), ("b", 2, other), ("a", 3, second), ("a", 3, first)):
        monkeypatch.setattr("animatediff_widget.panel.cells.running_cell", lambda at=(cell, run): at)
        cells.add(panel)
    assert [panel.closed for panel in (first, second, other)] == [True, False, False]
    monkeypatch.setattr("animatediff_widget.panel.cells.running_cell", lambda: ("", 0))
    cells.add(Panel())
    assert not second.closed
