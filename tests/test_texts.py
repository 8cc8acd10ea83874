"""The texts: in every language, and none missing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from animatediff_widget import AnimateDiffError, AnimateDiffPanel, AnimateDiffRequest
from animatediff_widget._texts import LANGUAGES, TEXTS
from animatediff_widget.job import STATES

PACKAGE = Path(__file__).parents[1] / "animatediff_widget"
ENGLISH = LANGUAGES["en"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_blanks(language):
    table = LANGUAGES[language]
    fields = set() if language == "en" else {
        f"{kind}_{name}" for kind in ("label", "help") for name in AnimateDiffRequest().trait_names()
    }  # fmt: skip
    assert set(table) == set(ENGLISH) | fields
    for name, text in ENGLISH.items():
        assert table[name].strip()
        assert set(re.findall(r"(?<!{){(\w+)", table[name])) == set(re.findall(r"(?<!{){(\w+)", text)), name


def test_chinese_is_chinese():
    same = {name for name, text in LANGUAGES["zh"].items() if not re.search("[\u4e00-\u9fff]", text)}
    assert same == {"replicate", "base_url_example", "tab_json"}


def test_every_text_that_the_code_asks_for_is_there_and_none_is_left_over():
    asked = {f"state_{state}" for state in STATES if state != "running"}
    asked |= {f"status_{status}" for status in ("starting", "processing", "accepted")}
    code = ""
    for path in PACKAGE.rglob("*.py"):
        if path.name != "_texts.py":
            code += path.read_text()
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ENGLISH:
                    asked.add(node.value)
    asked |= {f"{name}_help" for name in asked}  # `Maker.button` asks for them
    assert set(ENGLISH) - asked == set()
    used = set(re.findall(r'TEXTS\["(\w+)"\]', code))
    assert used - set(ENGLISH) == set()


def test_a_panel_speaks_chinese_when_it_is_told_to():
    panel = AnimateDiffPanel(lang="zh")
    assert panel.run_button.description == "运行"
    assert panel._form.controls["steps"].description == "步数"
    assert "点击" in panel._results.stage.value
    job = panel.run()
    job.result(60)
    assert panel._monitor.status.value.startswith('<div class="ad-status">')
    assert AnimateDiffPanel(lang="en").run_button.description == "Run"


@pytest.mark.parametrize(
    ("variable", "value", "language"),
    [
        ("LANG", "zh_CN.UTF-8", "zh"),
        ("LC_ALL", "zh_TW", "zh"),
        ("LANGUAGE", "zh:en", "zh"),
        ("LANG", "de_DE.UTF-8", "en"),
        ("LANG", "C.UTF-8", "en"),
    ],
)
def test_the_language_is_found_in_the_environment(monkeypatch, variable, value, language):
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    TEXTS.use(None)
    assert TEXTS["run"] == LANGUAGES[language]["run"]


def test_a_language_without_texts_is_refused_in_a_sentence():
    with pytest.raises(AnimateDiffError, match="no texts in 'tlh'"):
        AnimateDiffPanel(lang="tlh")
