"""The texts: in every language, none missing, and all in one place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import requests

import animatediff_widget.errors
from animatediff_widget import (
    AnimateDiffError,
    AnimateDiffPanel,
    AnimateDiffRequest,
    Client,
    Endpoint,
    Job,
    Journal,
    Prediction,
)
from animatediff_widget.jobs.job import STATES
from animatediff_widget.jobs.status_line import describe
from animatediff_widget.model.request import _TABLE_FIELDS
from animatediff_widget.texts import LANGUAGES, TEXTS

PACKAGE = Path(__file__).parents[2] / "animatediff_widget"
ENGLISH = LANGUAGES["en"]
CODE = {path: ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py") if path.parent.name != "texts"}


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
    assert same == {"replicate", "base_url_example", "tab_json", "full_stop"}
    halved = {name for name, text in LANGUAGES["zh"].items() if re.search("[\u4e00-\u9fff][,;:?!]", text)}
    assert halved == set()


def test_every_text_that_the_code_asks_for_is_there_and_none_is_left_over():
    asked = {f"state_{state}" for state in STATES}
    asked |= {f"status_{status}" for status in ("starting", "processing", "accepted")}
    asked |= {f"advice_{status}" for status in range(400, 600)} & set(ENGLISH)
    asked |= {f"a_{kind}" for kind in _TABLE_FIELDS.values()}
    for tree in CODE.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ENGLISH:
                asked.add(node.value)
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "TEXTS":
                choices = [node.slice.body, node.slice.orelse] if isinstance(node.slice, ast.IfExp) else [node.slice]
                assert {choice.value for choice in choices if isinstance(choice, ast.Constant)} <= set(ENGLISH)
    asked |= {f"{name}_help" for name in asked}  # `Maker.button` asks for them
    assert set(ENGLISH) - asked == {"no_texts"}  # the texts' own


def test_no_sentence_of_an_error_stands_outside_the_texts():
    kinds = set(animatediff_widget.errors.__all__)
    found = []
    for path, tree in CODE.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in kinds:
                said = [text.value for item in node.args for text in ast.walk(item) if isinstance(text, ast.Constant)]
                found += [(path.name, text) for text in said if re.search("[a-z] ", str(text))]
    assert found == []


def test_a_panel_speaks_chinese_when_it_is_told_to():
    panel = AnimateDiffPanel(lang="zh")
    assert panel.run_button.description == "运行"
    assert panel._form.controls["steps"].description == "步数"
    assert "点击" in panel._results.stage.value
    job = panel.run()
    job.result(60)
    assert panel._monitor.status.value.startswith('<div class="ad-status">完成')
    assert "ad-zh" in panel._dom_classes
    assert AnimateDiffPanel(lang="en").run_button.description == "Run"


def test_the_sentences_of_errors_are_chinese_too():
    TEXTS.use("zh")
    for wrong, sentence in [
        ({"steps": 0}, "steps 必须是 1 到 100 的整数，不能是 0。"),
        ({"seed": "x"}, "seed 必须是 0 到 2147483647 的整数或 None，不能是 'x'。"),
        ({"path": " "}, "path 不能为空。"),
        ({"extra_input": {"overlay_original_img": 1}}, "必须是 true 或 false，不能是 1"),
    ]:
        with pytest.raises(AnimateDiffError) as caught:
            AnimateDiffRequest(**wrong)
        assert sentence in str(caught.value)
    request = AnimateDiffRequest()
    with pytest.raises(AnimateDiffError, match=r"；保留原来的值。$"):
        request.steps = 101
    with pytest.raises(AnimateDiffError, match="不是服务地址"):
        Endpoint.relay("nonsense")
    with pytest.raises(AnimateDiffError, match=r"无法连接 127.0.0.1:9：那里没有服务在监听"):
        Client(Endpoint.relay("http://127.0.0.1:9")).get("abc")
    with pytest.raises(AnimateDiffError, match="未能返回任务状态（404"):
        Client(Endpoint.builtin()).get("abc")
    panel = AnimateDiffPanel()
    panel._form.controls["version"].value = "what"
    assert panel.run() is None
    assert "未发送。请先改正：version 必须是 64 位十六进制数字" in panel._monitor.status.value


def test_the_built_in_server_answers_in_the_hosted_apis_english_whatever_the_panel_speaks():
    TEXTS.use("zh")
    endpoint = Endpoint.builtin()
    client = Client(endpoint)
    answer = requests.post(
        endpoint.url,
        json={"version": "what", "input": {"prompt": "a boat", "path": ""}},
        headers={"Authorization": client._key.header()},
        timeout=30,
    )
    assert answer.status_code == 422
    assert answer.text.isascii()
    assert "version must be 64 hexadecimal digits" in answer.text
    assert AnimateDiffPanel(lang="zh").run_button.description == "运行"


def test_no_english_is_in_what_a_chinese_job_says_of_itself():
    said = []
    job = Job(AnimateDiffRequest(steps=30), Client(Endpoint.builtin()))
    TEXTS.use("zh")
    job.observe(lambda _: said.append(describe(job)), ["state", "prediction"])
    job.run()
    assert len(said) > 3
    assert [text for text in said if re.search("[A-Za-z]", text)] == []


def test_a_job_of_an_earlier_session_ends_with_a_chinese_sentence():
    TEXTS.use("zh")
    journal = Journal()
    key = journal.begin(AnimateDiffRequest(seed=1), "http://127.0.0.1:9/replicate/v1/predictions", kind="builtin")
    journal.note(key, "running", prediction=Prediction.from_json({"id": "abc", "status": "processing"}))
    job = Job.resume(journal.get(key))
    with pytest.raises(AnimateDiffError, match="那次会话的内置服务已经关闭"):
        job.run()


@pytest.mark.parametrize(
    ("variable", "value", "language"),
    [
        ("LANG", "zh_CN.UTF-8", "zh"),
        ("LC_ALL", "zh_TW", "zh"),
        ("LANGUAGE", "zh:en", "zh"),
        ("LANGUAGE", "fr:zh", "zh"),
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
