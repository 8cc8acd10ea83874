"""A panel speaks its own language, whatever the environment and the panel beside it speak."""

from __future__ import annotations

import json
import re

import pytest
from panel_parts import all_widgets, animation_tab, control, record, run_to_the_end

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Endpoint
from animatediff_widget.errors import AnimateDiffError, InvalidRequest

CHINESE = re.compile("[\u4e00-\u9fff]")


def test_two_panels_speak_two_languages_and_the_terminal_a_third_way():
    chinese, english = AnimateDiffPanel(lang="zh"), AnimateDiffPanel()
    for panel in (chinese, english):
        control(panel, "steps_number").value = 500
        panel.run()
    assert "步数" in control(chinese, "steps").description
    assert control(english, "steps").description == "Steps"
    assert "100 的整数" in chinese._form.notes["steps"].value
    assert "a whole number" in english._form.notes["steps"].value
    assert "未发送" in chinese._monitor.status.value
    assert "Not sent" in english._monitor.status.value
    with pytest.raises(InvalidRequest, match="a whole number"):
        chinese.request.steps = 500
    assert "ad-zh" in chinese._dom_classes
    assert "ad-en" in english._dom_classes


def test_every_text_of_a_chinese_panel_is_chinese_before_and_after_a_run():
    before = set(all_widgets())
    record("failed", prompt="船", error="x")
    panel = AnimateDiffPanel(AnimateDiffRequest(prompt="船", steps=1), lang="zh")
    run_to_the_end(panel)
    for tab in range(5):
        panel._results.tabs.selected_index = tab
    states = [widget.get_state() for widget in all_widgets() if widget not in before]
    texts = [str(state.get(name) or "") for state in states for name in ("description", "tooltip", "placeholder")]
    english = {text for text in texts if re.search("[A-Za-z]{4}", text) and not CHINESE.search(text)}
    assert english == {"https://relay.example", "Python", "curl"} - {"Python", "curl"}
    titles = json.dumps([state.get("_titles") or state.get("titles") for state in states], ensure_ascii=False)
    assert "历史" in titles
    assert "完成" in panel._monitor.status.value
    assert "种子" in animation_tab(panel).stage.value


def test_an_error_of_a_job_is_said_in_the_panels_language():
    panel = AnimateDiffPanel(endpoint=Endpoint.replicate(), lang="zh")
    panel.run()
    assert "Replicate 需要密钥" in panel._monitor.status.value
    assert AnimateDiffPanel(lang="zh_CN.UTF-8")._maker.texts.language == "zh"


def test_a_language_that_there_are_no_texts_in_is_refused():
    with pytest.raises(AnimateDiffError, match="There are no texts in 'tlh'; choose one of en, zh"):
        AnimateDiffPanel(lang="tlh")
