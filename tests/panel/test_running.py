"""Where a job runs: one decision, and an argument that overrules it."""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import types

import pytest
from panel_parts import QuickEngine, all_children

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Endpoint
from animatediff_widget.panel.front_end import runs_in_background
from animatediff_widget.panel.waiting import WaitingMessages
from animatediff_widget.server import LocalServer


@pytest.fixture
def colab(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))


def threads_that_run(**arguments) -> list[threading.Thread]:
    """Run a panel's job to its end, and list the threads that the job ran in."""
    with LocalServer(QuickEngine()) as server:
        panel = AnimateDiffPanel(endpoint=Endpoint.relay(server.base_url), token=server.token, **arguments)
        threads = []
        panel.observe(lambda _: threads.append(threading.current_thread()), "animation")
        panel.run().result(30)
        assert len(threads) == 1
        return threads


def test_a_job_runs_in_the_background():
    assert runs_in_background()
    assert threading.main_thread() not in threads_that_run()


def test_in_colab_a_job_runs_inside_the_click(colab):
    assert not runs_in_background()
    assert threads_that_run() == [threading.main_thread()]


def test_inside_the_click_the_first_frame_is_seen_while_it_is_drawn(colab, monkeypatch):
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_EMBED", "1")
    panel = AnimateDiffPanel(AnimateDiffRequest(steps=8, extra_input={"step_seconds": 0.1}), Endpoint.builtin())
    stages = []
    panel._results.animation_tab.stage.observe(lambda change: stages.append("ad-preview" in change["new"]), "value")
    panel.run()
    assert stages.count(True) >= 2
    assert not stages[-1]


@pytest.mark.parametrize("switch", ["0", "1"])
def test_colab_saves_the_panel_with_the_notebook_so_the_switch_keeps_media_out_of_the_panel_too(
    colab, monkeypatch, switch
):
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_EMBED", switch)
    panel = AnimateDiffPanel(AnimateDiffRequest(steps=1, seed=3))
    panel.run()
    panel._results.tabs.selected_index = 4
    shown = str([widget.get_state() for widget in panel._maker._made])
    assert ("base64" in shown) is (switch == "1")
    assert str(panel.animation.path) in shown
    assert "Media are kept out" in shown or switch == "1"


def test_either_can_be_asked_for(colab):
    assert threads_that_run(background=False) == [threading.main_thread()]
    assert threading.main_thread() not in threads_that_run(background=True)


def test_without_a_kernel_there_is_no_queue_and_cancel_is_not_offered():
    assert WaitingMessages.here() is None
    panel = AnimateDiffPanel(background=False)
    assert not panel._controller.inside.can_cancel
    assert panel._controller.inside.hint.code == "to_stop"
    assert panel.cancel_button not in all_children(panel)


@pytest.mark.parametrize("moment", range(10))
def test_an_interrupt_at_any_change_of_the_page_leaves_a_panel_that_tells_the_truth_and_runs_again(moment):
    with LocalServer(QuickEngine()) as server:
        panel = AnimateDiffPanel(endpoint=Endpoint.relay(server.base_url), token=server.token, background=False)
        changes = itertools.count()

        def interrupt(_):
            if next(changes) == moment:
                signal.raise_signal(signal.SIGINT)

        results, monitor = panel._results, panel._monitor
        for widget in (
            monitor.status,
            panel.run_button,
            panel.cancel_button,
            results.animation_tab.stage,
            results.json,
        ):
            widget.observe(interrupt)
        job = panel.run()
        assert next(changes) > moment
        assert {"succeeded": "Done", "canceled": "Canceled"}[job.state] in monitor.status.value
        assert ("data:image/gif" in results.animation_tab.stage.value) == (job.state == "succeeded")
        assert (monitor.bar.bar_style == "success") == (job.state == "succeeded")
        assert not panel.run_button.disabled
        assert panel.cancel_button.disabled
        assert panel.run().state == "succeeded"


def test_an_interrupt_just_as_the_end_is_told_leaves_nothing_half_told():
    with LocalServer(QuickEngine()) as server:
        panel = AnimateDiffPanel(endpoint=Endpoint.relay(server.base_url), token=server.token, background=False)
        monitor, interrupted = panel._monitor, []

        def interrupt(change):
            if "Done" in change["new"] and not interrupted:
                interrupted.append(change)
                signal.raise_signal(signal.SIGINT)

        monitor.status.observe(interrupt, "value")
        assert panel.run().state == "succeeded"
        assert interrupted
        assert "Done" in monitor.status.value
        assert monitor.bar.bar_style == "success"
        assert not panel.run_button.disabled
