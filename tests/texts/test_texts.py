"""The texts: in every language, none missing, and all in one place."""

from __future__ import annotations

import ast
import json
import pickle
import re
from pathlib import Path

import pytest
import requests

import animatediff_widget.errors
from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Client, Endpoint, Job, Prediction
from animatediff_widget.backends.registry import places
from animatediff_widget.engines.declared import INPUTS
from animatediff_widget.errors import EndpointError
from animatediff_widget.jobs.status_line import describe
from animatediff_widget.jobs.view import JobView
from animatediff_widget.model.fields import TABLE_FIELDS
from animatediff_widget.model.status import STATES
from animatediff_widget.server import shared_server
from animatediff_widget.texts import LANGUAGES, TEXTS, Message, Texts

PACKAGE = Path(__file__).parents[2] / "animatediff_widget"
ENGLISH = LANGUAGES["en"]
CODE = {path: ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py") if "texts" not in path.parts}


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
    examples = {"base_url_example", "dask_example", "cog_example"}
    assert same == examples | {"replicate", "name_replicate", "tab_json", "status_and_words", "value_refused"}
    halved = {name for name, text in LANGUAGES["zh"].items() if re.search("[\u4e00-\u9fff][,;:?!]", text)}
    assert halved == set()


def test_every_text_that_the_code_asks_for_is_there_and_none_is_left_over():
    asked = {f"state_{state}" for state in STATES}
    asked |= {f"status_{status}" for status in ("starting", "processing", "accepted")}
    asked |= {f"advice_{status}" for status in range(400, 600)} & set(ENGLISH)
    asked |= {f"a_{kind}" for kind in TABLE_FIELDS.values()}
    asked |= {f"a_{kind}_{end}" for kind in ("integer", "number") for end in ("between", "from", "to")}
    asked |= {f"{kind}_{each.name}" for kind in ("label", "help") for inputs in INPUTS.values() for each in inputs}
    asked |= {f"name_{place.kind}" for place in places()}
    for tree in CODE.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ENGLISH:
                asked.add(node.value)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Message":
                code = node.args[0]
                choices = [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]
                assert {choice.value for choice in choices if isinstance(choice, ast.Constant)} <= set(ENGLISH)
    asked |= {f"{name}_help" for name in asked}  # `Maker.button` asks for them
    assert set(ENGLISH) - asked == set()


def test_every_message_of_the_code_fills_the_blanks_of_its_text():
    wrong = []
    for path, tree in CODE.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Message" and node.args:
                codes = [item.value for item in ast.walk(node.args[0]) if isinstance(item, ast.Constant)]
                given = {keyword.arg for keyword in node.keywords}
                for code in codes:
                    blanks = set(re.findall(r"(?<!{){(\w+)", ENGLISH.get(code, "")))
                    if None not in given and not blanks <= given:
                        wrong.append((path.name, code, blanks - given))
    assert wrong == []


def test_no_sentence_of_an_error_stands_outside_the_texts():
    kinds = set(animatediff_widget.errors.__all__)
    found = []
    for path, tree in CODE.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in kinds:
                said = [text.value for item in node.args for text in ast.walk(item) if isinstance(text, ast.Constant)]
                found += [(path.name, text) for text in said if re.search("[a-z] ", str(text))]
    assert found == []


@pytest.fixture
def chinese(monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh")


@pytest.mark.usefixtures("chinese")
def test_the_sentences_of_errors_are_in_the_language_of_the_environment():
    for wrong, sentence in [
        ({"steps": 0}, "steps 必须是 1 到 100 的整数，不能是 0。"),
        ({"seed": "x"}, "seed 必须是 0 到 4294967295 的整数或 None，不能是 'x'。"),
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


def test_a_job_that_has_not_begun_says_what_it_waits_for():
    said = {"id": "a", "status": "starting", "logs": "Queued.\nThe cluster has no worker; this waits for one.\n"}
    line = describe(JobView("running", Prediction.from_json(said)), Texts("en"))
    assert line == "Starting · The cluster has no worker; this waits for one."
    assert describe(JobView("running", Prediction.from_json({**said, "status": "processing"}))) == "Processing"


def test_a_job_that_waits_for_its_model_says_how_much_of_it_has_come():
    bar = "\r 45%|####5     | 1.03GB/2.30GB [00:20<00:25, 50MB/s]"
    prediction = Prediction.from_json({"id": "a", "status": "processing", "logs": bar})
    view = JobView("running", prediction=prediction)
    assert describe(view, Texts("en")) == "Processing · fetching the model: 1.03GB of 2.30GB"
    assert describe(view, Texts("zh")).endswith("正在下载模型：1.03GB，共 2.30GB")


def test_one_error_is_said_in_the_language_of_whoever_shows_it(monkeypatch):
    with pytest.raises(AnimateDiffError) as caught:
        AnimateDiffRequest(steps=0)
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.code == "value_refused"
    assert Texts("en").say(error) == str(error) == "steps must be a whole number from 1 to 100, not 0."
    assert Texts("zh_CN.UTF-8").say(error) == "steps 必须是 1 到 100 的整数，不能是 0。"
    monkeypatch.setenv("LANGUAGE", "zh")
    assert str(error) == Texts("zh").say(error)


def test_a_message_is_a_plain_value_that_can_be_kept():
    inner = Message("to_create")
    message = Message("connection_broke", host="relay.example", what=inner)
    assert message == Message("connection_broke", host="relay.example", what=inner) != inner
    assert len({message, Message("connection_broke", host="relay.example", what=inner)}) == 1
    assert Message.from_json(json.loads(json.dumps(message.to_json()))) == message
    for nonsense in (None, 3, "x", {}, {"code": "nothing", "params": {}}, {"code": "connection_broke", "params": {}}):
        assert Message.from_json(nonsense) is None


def test_a_message_keeps_no_frame_of_the_error_that_it_quotes():
    message = Message("looking", error=EndpointError(Message("to_list")))
    assert message.params == {"error": Message("to_list")}


@pytest.mark.usefixtures("chinese")
def test_the_built_in_server_answers_in_the_hosted_apis_english_whatever_the_environment_speaks():
    server = shared_server()
    answer = requests.post(
        f"{server.base_url}/v1/predictions",
        json={"version": "what", "input": {"prompt": "a boat", "path": ""}},
        headers={"Authorization": f"Bearer {server.token}"},
        timeout=30,
    )
    assert answer.status_code == 422
    assert answer.text.isascii()
    assert "version must be 64 hexadecimal digits" in answer.text


@pytest.mark.usefixtures("chinese")
def test_no_english_is_in_what_a_chinese_job_says_of_itself():
    said = []
    job = Job(AnimateDiffRequest(steps=30), Client(Endpoint.builtin()))
    job.observe(lambda _: said.append(describe(job.view)), "view")
    job.run()
    assert len(said) > 3
    assert [text for text in said if re.search("[A-Za-z]", text)] == []


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
    assert TEXTS["run"] == LANGUAGES[language]["run"]


def test_a_language_without_texts_is_refused():
    with pytest.raises(ValueError, match="tlh"):
        Texts("tlh")
