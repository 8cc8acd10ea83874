"""What servers and people wrote becomes HTML: escaped and bounded."""

from __future__ import annotations

import re

import pytest

from animatediff_widget import AnimateDiffPanel
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.jobs.view import JobView
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.panel.markup import json_view, log_view, plain

# Markup

HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "</textarea><script>1</script>",
    "\ud800 broken", "right \u202e left", '"><svg onload=alert(1)>', "&lt;", "x" * 10_000_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_a_server_sends_becomes_markup(text):
    for shown in (json_view({text: [text, {"a": text}]}), log_view(text), plain(text[:1000])):
        assert "<script" not in shown
        assert "<img" not in shown
        assert "<svg" not in shown
        assert "\u202e" not in re.sub(r"<textarea hidden.*?</textarea>", "", shown, flags=re.DOTALL)
        assert len(shown.encode()) < 1_500_000


def test_a_big_document_is_shortened_on_the_page():
    shown = json_view({"list": list(range(100_000))})
    assert len(shown) < 100_000
    assert "more" in shown
    assert "Save JSON" in shown


def test_a_progress_bar_in_the_log_shows_its_last_state():
    assert "<pre>Using seed: 1\n 96%| 24/25</pre>" in log_view("Using seed: 1\n  0%| 0/25\r 50%| 12/25\r 96%| 24/25")


@pytest.mark.parametrize("state", ["running", "failed"])
def test_whatever_a_server_says_without_end_the_panel_stays_small(state):
    endless = "so " * 1_700_000
    answer = dict.fromkeys(("id", "status", "error", "version", "output", endless), endless)
    answer["logs"] = endless + "\n" * 5_000_000
    prediction = Prediction.from_json({**answer, "urls": {"get": endless}, "input": {"prompt": endless}})
    panel = AnimateDiffPanel()
    view = JobView(state, prediction, AnimateDiffError(endless) if state == "failed" else None, notice=endless)
    panel._controller.set_trait("view", view)
    panel._controller.set_trait("result", view)
    for widget in (panel._monitor.status, panel._monitor.announcer, panel._results.animation_tab.stage):
        assert len(widget.value) < 5_000
    for scrolls in (panel._results.json, panel._results.logs):
        assert len(scrolls.value) < 50_000
        assert "ad-scroll" in scrolls.value
    panel.close()
