"""The built-in server, over real HTTP."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.request import DEFAULT_VERSION, MAX_SEED, AnimateDiffRequest
from animatediff_widget.server import LocalServer, local, shared_server, store
from animatediff_widget.server.engines import Canceled, Output

ENDED = {"succeeded", "failed", "canceled", "aborted"}
PROBLEM = "application/problem+json"
BODY = {"version": DEFAULT_VERSION, "input": {"prompt": "a boat", "steps": 3, "seed": 7}}


class GatedEngine:
    """Draws the prompt as text; a run goes on only when the test lets it, or has opened the gate for all."""

    name = "gated"

    def __init__(self, *, open_gate: bool = False) -> None:
        self.seeds: list[int] = []
        self.prompts: list[str] = []
        self.begun = threading.Semaphore(0)
        self.permits = threading.Semaphore(0)
        self.open = threading.Event()
        if open_gate:
            self.open.set()

    def run(
        self,
        request: AnimateDiffRequest,
        *,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
    ) -> Output:
        self.seeds.append(seed)
        self.prompts.append(request.prompt)
        log(f"Using seed: {seed}\n")
        self.begun.release()
        while not self.open.is_set() and not self.permits.acquire(timeout=0.005):
            if canceled():
                raise Canceled
        if request.prompt == "refuse me":
            raise ValueError("This engine cannot draw that.")
        if request.prompt == "break":
            raise KeyError("/home/somebody/secret")
        log("done\n")
        return Output(request.prompt.encode(), "webp", "image/webp")


class Caller(requests.Session):
    """A session at one server, with its token."""

    def __init__(self, server: LocalServer, prefix: str = "/v1") -> None:
        super().__init__()
        self.trust_env = False
        self.server = server
        self.base = server.base_url + prefix
        self.headers["Authorization"] = f"Bearer {server.token}"

    def create(self, prompt: str = "a boat", *, wait: bool = False, **headers: str) -> dict[str, Any]:
        if wait:
            headers["Prefer"] = "wait"
        body = {"version": DEFAULT_VERSION, "input": {"prompt": prompt}}
        answer = self.post(f"{self.base}/predictions", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def look(self, prediction: dict[str, Any]) -> dict[str, Any]:
        return self.get(prediction["urls"]["get"]).json()

    def until(self, prediction: dict[str, Any], *statuses: str) -> dict[str, Any]:
        while (seen := self.look(prediction))["status"] not in (statuses or ENDED):
            time.sleep(0.002)
        return seen


@contextmanager
def serving(engine: Any = None, **options: Any) -> Iterator[tuple[Caller, Any]]:
    engine = engine or GatedEngine(open_gate=True)
    with LocalServer(engine, **options) as server, Caller(server) as caller:
        yield caller, engine


@pytest.fixture
def gated() -> Iterator[tuple[Caller, GatedEngine]]:
    with serving(GatedEngine()) as pair:
        yield pair


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with serving(keep=50) as (caller, _):
        yield caller


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# --- creating and following -------------------------------------------------------------------------------------------


def test_a_new_prediction_has_every_key_of_the_hosted_one(gated):
    caller, _ = gated
    caller.create("first")
    answer = caller.post(f"{caller.base}/predictions", json=BODY)
    prediction = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert {key: prediction[key] for key in prediction if key not in ("id", "created_at", "urls")} == {
        "model": "lucataco/animate-diff",
        "version": DEFAULT_VERSION,
        "input": BODY["input"],
        "logs": "",
        "output": None,
        "data_removed": False,
        "error": None,
        "status": "starting",
        "started_at": None,
        "completed_at": None,
        "metrics": {},
    }
    assert len(prediction["id"]) == 26
    assert prediction["created_at"].endswith("Z")


def test_a_prediction_goes_from_starting_over_processing_to_succeeded(gated):
    caller, engine = gated
    created = caller.create("a lighthouse")
    engine.begun.acquire()
    running = caller.until(created, "processing")
    assert running["started_at"]
    assert running["output"] is None
    assert running["logs"] == f"Using seed: {engine.seeds[0]}\n"
    engine.permits.release()
    ended = caller.until(created)
    assert ended["status"] == "succeeded"
    assert ended["logs"].endswith("done\n")
    assert ended["created_at"] <= ended["started_at"] <= ended["completed_at"]
    assert ended["metrics"]["predict_time"] >= 0
    assert ended["output"].startswith(caller.server.base_url + "/files/")
    assert caller.get(ended["output"]).content == b"a lighthouse"


@pytest.mark.parametrize("prefix", ["/v1", "/replicate/v1"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_urls_lead_back_the_way_the_caller_came(caller, prefix, host):
    origin = f"http://{host}:{caller.server.base_url.rpartition(':')[2]}"
    answer = caller.post(f"{origin}{prefix}/predictions", json=BODY, headers={"Prefer": "wait"}).json()
    assert answer["urls"]["get"] == f"{origin}{prefix}/predictions/{answer['id']}"
    assert answer["urls"]["cancel"] == f"{origin}{prefix}/predictions/{answer['id']}/cancel"
    assert answer["output"].startswith(f"{origin}/files/")
    assert caller.get(answer["urls"]["get"]).json() == answer
    assert caller.post(answer["urls"]["cancel"]).json() == answer


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"steps": 25.0, "guidance_scale": 7, "seed": None},
        {"prompt": "зима, 月, 🌙", "unknown": {"deep": [1, None, "x"]}, "scheduler": "DDIM"},
        {"path": "my own.safetensors", "motion_module": "mm_new"},
    ],
)
def test_the_input_comes_back_exactly_as_it_was_sent(caller, given):
    answer = caller.post(f"{caller.base}/predictions", json={"version": DEFAULT_VERSION, "input": given})
    assert answer.status_code == 201
    assert json.dumps(answer.json()["input"]) == json.dumps(given)


@pytest.mark.parametrize(
    ("version", "model", "shown"),
    [
        ("a" * 64, "lucataco/animate-diff", "a" * 64),
        ("some/model:" + "b" * 64, "some/model", "b" * 64),
        ("lucataco/animate-diff", "lucataco/animate-diff", DEFAULT_VERSION),
        ("some/model", "some/model", "hidden"),
    ],
)
def test_a_version_has_three_forms(caller, version, model, shown):
    answer = caller.post(f"{caller.base}/predictions", json={"version": version, "input": {}}).json()
    assert (answer["model"], answer["version"]) == (model, shown)


def test_a_model_in_the_path_needs_no_version_in_the_body(caller):
    answer = caller.post(f"{caller.base}/models/lucataco/animate-diff/predictions", json={"input": {}})
    assert answer.status_code == 201
    assert answer.json()["model"] == "lucataco/animate-diff"


def test_a_body_is_read_as_json_whatever_it_calls_itself(caller):
    headers = {"Content-Type": "text/plain"}
    assert caller.post(f"{caller.base}/predictions", data=json.dumps(BODY), headers=headers).status_code == 201


@pytest.mark.parametrize("prefer", ["wait", "wait=60", "respond-async, wait=30", "WAIT"])
def test_prefer_wait_answers_with_the_output(caller, prefer):
    answer = caller.post(f"{caller.base}/predictions", json=BODY, headers={"Prefer": prefer})
    assert answer.status_code == 201
    assert answer.json()["status"] == "succeeded"


def test_prefer_wait_answers_as_it_stands_when_the_time_is_over(gated):
    caller, _ = gated
    answer = caller.post(f"{caller.base}/predictions", json=BODY, headers={"Prefer": "wait=1"})
    assert answer.status_code == 201
    assert answer.json()["status"] == "processing"


@pytest.mark.parametrize("prefer", ["wait=", "wait=soon", "wait=0", "wait=-1", "waiting", "return=minimal"])
def test_a_preference_that_makes_no_sense_is_ignored(gated, prefer):
    caller, _ = gated
    answer = caller.post(f"{caller.base}/predictions", json=BODY, headers={"Prefer": prefer})
    assert answer.json()["status"] in ("starting", "processing")


def test_a_caller_who_hangs_up_while_waiting_is_forgotten_but_the_prediction_goes_on(gated, caplog):
    caller, engine = gated
    with pytest.raises(requests.ReadTimeout), Caller(caller.server) as other:
        other.post(f"{other.base}/predictions", json=BODY, headers={"Prefer": "wait"}, timeout=0.2)
    engine.begun.acquire()
    while caller.server._service.waiting:
        time.sleep(0.002)
    engine.open.set()
    newest = caller.get(f"{caller.base}/predictions").json()["results"][0]
    assert caller.until(newest)["status"] == "succeeded"
    assert not caplog.records


def test_predictions_run_one_at_a_time_in_their_order(gated):
    caller, engine = gated
    created = [caller.create(str(number)) for number in range(5)]
    engine.begun.acquire()
    assert [caller.look(each)["status"] for each in created] == ["processing"] + ["starting"] * 4
    engine.open.set()
    assert caller.until(created[-1])["status"] == "succeeded"
    assert engine.prompts == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("given", [{}, {"seed": None}, {"seed": 0}])
def test_without_a_seed_the_server_draws_one(given):
    with serving() as (caller, engine):
        body = {"version": DEFAULT_VERSION, "input": given}
        for _ in range(3):
            answer = caller.post(f"{caller.base}/predictions", json=body, headers={"Prefer": "wait"}).json()
            assert answer["input"] == given
            assert f"Using seed: {engine.seeds[-1]}\n" in answer["logs"]
        assert len(set(engine.seeds)) == 3
        assert all(0 < seed <= MAX_SEED for seed in engine.seeds)


def test_a_given_seed_reaches_the_engine():
    with serving() as (caller, engine):
        caller.post(f"{caller.base}/predictions", json=BODY, headers={"Prefer": "wait"})
        assert engine.seeds == [7]


# --- failing ----------------------------------------------------------------------------------------------------------


def test_what_the_engine_refuses_fails_with_its_sentence(caller):
    failed = caller.create("refuse me", wait=True)
    assert failed["status"] == "failed"
    assert failed["error"] == "This engine cannot draw that."
    assert failed["output"] is None


def test_an_engine_that_breaks_tells_the_log_and_not_the_caller(caller, caplog):
    with caplog.at_level(logging.ERROR):
        failed = caller.create("break", wait=True)
    assert failed["status"] == "failed"
    assert "internal error (KeyError)" in failed["error"]
    assert "secret" not in json.dumps(failed)
    assert "secret" in caplog.text
    assert caller.server.token not in caplog.text
    assert caller.create("and on", wait=True)["status"] == "succeeded"


# --- canceling --------------------------------------------------------------------------------------------------------


def test_a_cancelled_queued_prediction_never_runs(gated):
    caller, engine = gated
    first, second = caller.create("first"), caller.create("second")
    answer = caller.post(second["urls"]["cancel"])
    assert answer.status_code == 200
    assert answer.json()["status"] == "canceled"
    assert answer.json()["completed_at"]
    assert answer.json()["metrics"] == {}
    engine.open.set()
    caller.until(first)
    caller.create("third", wait=True)
    assert engine.prompts == ["first", "third"]


def test_a_cancelled_running_prediction_ends_as_soon_as_the_engine_stops(gated):
    caller, engine = gated
    created = caller.create()
    engine.begun.acquire()
    assert caller.post(created["urls"]["cancel"]).json()["status"] == "processing"
    ended = caller.until(created)
    assert ended["status"] == "canceled"
    assert ended["output"] is None
    assert ended["error"] is None
    assert ended["metrics"]["predict_time"] > 0


def test_a_waiting_answer_leaves_when_its_prediction_is_cancelled(gated):
    caller, engine = gated
    with ThreadPoolExecutor() as pool, Caller(caller.server) as other:
        waiting = pool.submit(other.create, wait=True)
        engine.begun.acquire()
        newest = caller.get(f"{caller.base}/predictions").json()["results"][0]
        caller.post(newest["urls"]["cancel"])
        assert waiting.result()["status"] == "canceled"


def test_cancelling_an_ended_prediction_changes_nothing(caller):
    ended = caller.create(wait=True)
    answer = caller.post(ended["urls"]["cancel"])
    assert answer.status_code == 200
    assert answer.json() == ended == caller.look(ended)


def test_a_deadline_aborts_what_never_started(gated):
    caller, engine = gated
    running, waiting = caller.create(), caller.create(**{"Cancel-After": "0.1"})
    assert caller.until(waiting)["status"] == "aborted"
    engine.open.set()
    assert caller.until(running)["status"] == "succeeded"
    assert len(engine.prompts) == 1


def test_a_deadline_cancels_what_runs(gated):
    caller, engine = gated
    running, waiting = caller.create(**{"Cancel-After": "0.5s"}), caller.create(**{"Cancel-After": "1h30m"})
    assert caller.until(running)["status"] == "canceled"
    engine.open.set()
    assert caller.until(waiting)["status"] == "succeeded"


@pytest.mark.parametrize("duration", ["soon", "", "0", "-5", "1d", "m", "nan", "1e9"])
def test_a_deadline_that_cannot_be_read_is_refused(caller, duration):
    answer = caller.post(f"{caller.base}/predictions", json=BODY, headers={"Cancel-After": duration})
    assert answer.status_code == 400
    assert "Cancel-After" in answer.json()["detail"]


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_is_newest_first_a_hundred_a_page():
    with serving(queue_size=300) as (caller, _):
        ids = [caller.create(str(number))["id"] for number in range(230)][::-1]
        first = caller.get(f"{caller.base}/predictions").json()
        second = caller.get(first["next"]).json()
        third = caller.get(second["next"]).json()
        pages = [[each["id"] for each in page["results"]] for page in (first, second, third)]
        assert pages == [ids[:100], ids[100:200], ids[200:]]
        assert first["previous"] is None
        assert third["next"] is None
        assert first["next"].startswith(f"{caller.base}/predictions?cursor=")
        back = caller.get(third["previous"]).json()
        assert [each["id"] for each in back["results"]] == ids[100:200]


def test_an_empty_list_is_a_list():
    with serving() as (caller, _):
        answer = caller.get(f"{caller.base}/predictions")
        assert answer.json() == {"previous": None, "next": None, "results": []}


def test_listed_predictions_have_everything_but_their_logs(caller):
    ended = caller.create(wait=True)
    listed = caller.get(f"{caller.base}/predictions").json()["results"][0]
    assert listed == {key: value for key, value in ended.items() if key != "logs"}


@pytest.mark.parametrize("cursor", ["x", "====", "YmVmb3JlPXg=", "%00", "4pi6"])
def test_a_cursor_that_was_never_given_is_not_found(caller, cursor):
    answer = caller.get(f"{caller.base}/predictions?cursor={cursor}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == PROBLEM


# --- who may ask ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/predictions", "/v1/predictions/x", "/files/", "/files/x/y", "/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("key", [None, "Bearer", "Bearer wrong", "Basic {token}", "{token}", "Bearer \xff"])
def test_without_the_token_nobody_learns_anything(caller, path, method, key):
    headers = {} if key is None else {"Authorization": key.format(token=caller.server.token).encode("latin-1")}
    answer = requests.request(method, caller.server.base_url + path, headers=headers, json=BODY, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json() == {
        "title": "Unauthenticated",
        "detail": "You did not pass a valid authentication token",
        "status": 401,
    }


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token"])
def test_the_token_may_be_called_bearer_or_token(caller, scheme):
    headers = {"Authorization": f"{scheme} {caller.server.token}"}
    assert requests.get(f"{caller.base}/predictions", headers=headers, timeout=10).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost", "127.0.0.1:1", "[::1]:{port}", "0:{port}"])
def test_another_host_name_is_refused_even_with_the_token(caller, host):
    port = caller.server.base_url.rpartition(":")[2]
    answer = caller.get(f"{caller.base}/predictions", headers={"Host": host.format(port=port)})
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == PROBLEM


def test_a_foreign_page_gets_no_permission_to_read(caller):
    answer = caller.get(f"{caller.base}/predictions", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_it_listens_on_this_machine_only(caller):
    assert caller.server._socket.getsockname()[0] == "127.0.0.1"


# --- files ------------------------------------------------------------------------------------------------------------


def test_who_knows_a_files_address_needs_no_token(caller):
    url = caller.create("open", wait=True)["output"]
    answer = requests.get(url, timeout=10)
    assert answer.content == b"open"
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["Content-Length"] == "4"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    head = requests.head(url, timeout=10)
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", "4")


@pytest.mark.parametrize("path", ["", "/", "/other.webp", "/animation.webp/", "/../../etc/passwd", "/%2e%2e/%2e%2e/x"])
def test_only_the_whole_address_of_a_file_finds_it(caller, path):
    key = caller.create(wait=True)["output"].split("/")[-2]
    with socket.create_connection(("127.0.0.1", int(caller.base.split(":")[2].split("/")[0]))) as raw:
        head = f"GET /files/{key}{path} HTTP/1.1\r\nHost: {caller.base.split('/')[2]}\r\nConnection: close\r\n\r\n"
        raw.sendall(head.encode())  # by hand: requests would tidy up the path
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("path", ["/files", "/files/", "/files/guess/animation.webp", "/files/../v1/predictions"])
def test_a_guessed_file_is_not_found_and_nothing_is_listed(caller, path):
    assert caller.get(caller.server.base_url + path).status_code in (404, 200 if "v1" in path else 404)
    assert requests.get(caller.server.base_url + path, timeout=10).status_code == 401


# --- what is refused --------------------------------------------------------------------------------------------------


def test_every_wrong_field_is_named(caller):
    wrong = {"steps": 101, "guidance_scale": 0.5, "seed": "x", "prompt": 4, "path": " ", "scheduler": 5}
    answer = caller.post(f"{caller.base}/predictions", json={"version": DEFAULT_VERSION, "input": wrong})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == PROBLEM
    problem = answer.json()
    assert problem["title"] == "Input validation failed"
    assert problem["status"] == 422
    fields = {each["field"]: (each["type"], each["description"]) for each in problem["invalid_fields"]}
    assert fields == {
        "input.steps": ("number_lte", "Must be less than or equal to 100"),
        "input.guidance_scale": ("number_gte", "Must be greater than or equal to 1"),
        "input.seed": ("invalid_type", "Invalid type. Expected: integer, given: string"),
        "input.prompt": ("invalid_type", "Invalid type. Expected: string, given: integer"),
        "input.path": ("invalid", "path must not be blank."),
        "input.scheduler": ("invalid", "scheduler must be a string, not 5."),
    }
    assert "- input.steps: Must be less than or equal to 100\n" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "field", "word"),
    [
        ({"input": {}}, "", "version is required"),
        ({"version": DEFAULT_VERSION}, "", "input is required"),
        ([], "", "Expected: object, given: array"),
        (None, "", "given: null"),
        ("x", "", "given: string"),
        ({"version": DEFAULT_VERSION, "input": []}, "input", "given: array"),
        ({"version": 5, "input": {}}, "version", "given: integer"),
        ({"version": "latest", "input": {}}, "version", "64 hexadecimal digits"),
        ({"version": DEFAULT_VERSION, "input": {"seed": MAX_SEED + 1}}, "input.seed", "equal to 2147483647"),
        ({"version": DEFAULT_VERSION, "input": {"steps": True}}, "input.steps", "given: boolean"),
        ({"version": DEFAULT_VERSION, "input": {"steps": 2.5}}, "input.steps", "given: number"),
        ({"version": DEFAULT_VERSION, "input": {"prompt": "\ud800"}}, "input.prompt", "surrogates"),
        ({"version": DEFAULT_VERSION, "input": {"x": "\ud800"}}, "input", "surrogates"),
        ({"version": DEFAULT_VERSION, "input": {}, "steps": "x"}, "steps", "steps must be a whole number"),
    ],
)
def test_a_wrong_body_is_told_what_is_wrong(caller, body, field, word):
    answer = caller.post(f"{caller.base}/predictions", json=body, data=None if body is not None else "null")
    assert answer.status_code == 422
    [only] = answer.json()["invalid_fields"]
    assert only["field"] == field
    assert word in only["description"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'a': 1}", b"\xff\xfe", b'{"version": NaN}', b"[" * 100_000, b'{"x": ' * 50_000, b"1" * 5000]
)
def test_a_body_that_is_not_json_is_a_bad_request(caller, body):
    answer = caller.post(f"{caller.base}/predictions", data=body)
    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == PROBLEM
    assert "Traceback" not in answer.text


def test_json_nested_beyond_reason_is_refused(caller):
    nested: Any = 1
    for _ in range(300):
        nested = [nested]
    answer = caller.post(f"{caller.base}/predictions", json={"version": DEFAULT_VERSION, "input": {"x": nested}})
    assert answer.status_code == 422


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("size", [2**20 + 1, 4 * 2**20])
def test_a_body_that_is_too_large_is_refused_in_words(caller, size, chunked):
    data = (b"x" * 65536 for _ in range(size // 65536 + 1)) if chunked else b"x" * size
    answer = caller.post(f"{caller.base}/predictions", data=data)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == PROBLEM
    assert caller.get(f"{caller.base}/predictions").status_code == 200


@pytest.mark.parametrize("framing", [b"Content-Length: 99999999999", b"Transfer-Encoding: chunked"])
def test_a_body_without_end_is_cut_off(caller, framing):
    host = caller.base.split("/")[2]
    with socket.create_connection(("127.0.0.1", int(host.split(":")[1]))) as raw:
        token = caller.server.token.encode()
        head = b"POST /v1/predictions HTTP/1.1\r\nHost: %b\r\nAuthorization: Bearer %b\r\n%b\r\n\r\n"
        raw.sendall(head % (host.encode(), token, framing))
        endless = iter(lambda: b"10000\r\n" + b"x" * 65536 + b"\r\n", b"")
        with pytest.raises(ConnectionError):
            deque(map(raw.sendall, endless), maxlen=0)
    assert caller.get(f"{caller.base}/predictions").status_code == 200


def test_a_large_but_lawful_body_is_taken(caller):
    body = {"version": DEFAULT_VERSION, "input": {"prompt": "a" * 900_000}}
    assert caller.post(f"{caller.base}/predictions", json=body).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/predictions/nope", 404),
        ("POST", "/v1/predictions/nope/cancel", 404),
        ("GET", "/v1/predictions/", 404),
        ("GET", "/v2/predictions", 404),
        ("GET", "/v1/models/a/b/versions/short", 404),
        ("POST", "/v1/files", 404),
        ("DELETE", "/v1/predictions", 405),
        ("PUT", "/v1/predictions/x", 405),
        ("GET", "/v1/predictions/x/cancel", 405),
        ("GET", "/v1/models/a/b/predictions", 405),
        ("BREW", "/v1/predictions", 405),
        ("GET", "/v1/predictions/%ff", 400),
    ],
)
def test_every_error_is_a_problem_in_json(caller, method, path, status):
    answer = caller.request(method, caller.server.base_url + path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json()["status"] == status
    assert "Server" not in answer.headers


@pytest.mark.parametrize(("method", "path"), [("BREW", "/v1/predictions"), ("GET", "/v1/predictions/%ff")])
def test_an_answer_before_the_end_of_the_body_says_that_it_closes(caller, method, path):
    assert caller.request(method, caller.server.base_url + path).headers["Connection"] == "close"


def test_other_errors_keep_the_connection(caller):
    for method, path in [("GET", "/"), ("DELETE", "/v1/predictions"), ("GET", "/v1/predictions/nope")]:
        assert "Connection" not in caller.request(method, caller.server.base_url + path).headers


def test_a_fault_of_the_server_is_a_problem_without_a_traceback(caller, monkeypatch, caplog):
    def fault(*args: Any, **more: Any) -> None:
        raise ZeroDivisionError("inner secret")

    monkeypatch.setattr(caller.server._store, "page", fault)
    answer = caller.get(f"{caller.base}/predictions")
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == PROBLEM
    assert "secret" not in answer.text
    assert "inner secret" in caplog.text
    assert caller.server.token not in caplog.text


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_full_queue_says_when_to_come_back():
    with serving(GatedEngine(), queue_size=2) as (caller, engine):
        running = caller.create()
        caller.until(running, "processing")
        waiting = [caller.create() for _ in range(2)]
        answer = caller.post(f"{caller.base}/predictions", json=BODY)
        assert answer.status_code == 429
        seconds = answer.headers["Retry-After"]
        assert answer.json() == {"detail": f"Request was throttled. Your rate limit resets in ~{seconds}s."}
        assert 1 <= int(seconds) <= 30
        engine.open.set()
        assert [caller.until(each)["status"] for each in waiting] == ["succeeded"] * 2
        assert len(engine.prompts) == 3


def test_two_hundred_clients_at_once_are_all_served():
    with serving(queue_size=200) as (caller, _):
        barrier = threading.Barrier(200)

        def visit(number: int) -> bytes:
            with Caller(caller.server) as mine:
                barrier.wait()
                return mine.get(mine.create(str(number), wait=True)["output"]).content

        with ThreadPoolExecutor(200) as pool:
            assert list(pool.map(visit, range(200))) == [str(number).encode() for number in range(200)]


def test_an_ended_predictions_data_is_removed_after_its_time():
    with serving(output_lifetime=0.2) as (caller, _):
        ended = caller.create(wait=True)
        while not (seen := caller.look(ended))["data_removed"]:
            time.sleep(0.01)
        assert (seen["input"], seen["logs"], seen["output"]) == ({}, "", None)
        assert (seen["status"], seen["metrics"]) == ("succeeded", ended["metrics"])
        assert requests.get(ended["output"], timeout=10).status_code == 404
        assert caller.get(ended["output"]).status_code == 404


def test_what_has_outlived_its_time_goes_without_anybody_asking():
    with serving(output_lifetime=0.1) as (caller, _):
        caller.create(wait=True)
        while caller.server._store._holding:
            time.sleep(0.02)
        assert caller.server._store._held == 0


def test_only_so_many_ended_predictions_are_remembered():
    with serving(GatedEngine(), keep=3) as (caller, engine):
        created = [caller.create(str(number)) for number in range(6)]
        engine.permits.release(5)
        caller.until(created[4])
        caller.until(created[5], "processing")
        statuses = [caller.get(each["urls"]["get"]).status_code for each in created]
        assert statuses == [404, 404, 200, 200, 200, 200]
        listed = caller.get(f"{caller.base}/predictions").json()["results"]
        assert [each["id"] for each in listed] == [each["id"] for each in created[:1:-1]]
        assert len(caller.server._store._files) == 3


def test_outputs_beyond_the_memory_set_aside_for_them_go_early(monkeypatch):
    monkeypatch.setattr(store, "MAX_HELD", 3_500_000)
    with serving() as (caller, _):
        ended = [caller.create(f"{number}" * 400_000, wait=True) for number in range(8)]  # counted twice: in and out
        kept = [requests.get(each["output"], timeout=10).status_code == 200 for each in ended]
        assert kept == [False] * 4 + [True] * 4
        assert [caller.look(each)["data_removed"] for each in ended] == [True] * 4 + [False] * 4


def test_memory_stays_flat_however_many_predictions_come_and_go():
    class Drawing(GatedEngine):
        def run(self, request: AnimateDiffRequest, **how: Any) -> Output:
            return Output(os.urandom(200_000), "webp", "image/webp")

    with serving(Drawing(), keep=20) as (caller, _):
        for _ in range(40):
            caller.create(wait=True)
        tracemalloc.start()
        for _ in range(100):
            caller.create(wait=True)
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert grown < 25 * 200_000


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        ("_IDLE_SECONDS", b""),
        ("_IDLE_SECONDS", b"POST /v1/predictions HTTP/1.1\r\nHost: "),
        ("_BODY_SECONDS", b"POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123"),
    ],
)
def test_whoever_sends_too_slowly_is_let_go(monkeypatch, limit, sent):
    monkeypatch.setattr(local, limit, 0.1)
    with serving() as (caller, _), socket.create_connection(("127.0.0.1", int(caller.base.split(":")[2][:-3]))) as raw:
        raw.sendall(sent)
        assert raw.recv(1000) == b""


def test_connections_beyond_the_limit_are_closed_and_the_others_served(monkeypatch):
    monkeypatch.setattr(local, "_MAX_CONNECTIONS", 3)
    with serving() as (caller, _):
        caller.create()
        port = int(caller.server.base_url.rpartition(":")[2])
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
        with socket.create_connection(("127.0.0.1", port)) as one_too_many:
            assert one_too_many.recv(1) == b""
        assert caller.get(f"{caller.base}/predictions").status_code == 200
        for each in idle:
            each.close()


# --- the server's life ------------------------------------------------------------------------------------------------


def test_closing_leaves_no_thread_and_no_open_port():
    gc.collect()
    before = set(threading.enumerate())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with serving() as (caller, _):
            assert len(set(threading.enumerate()) - before) == 2
            caller.create(wait=True)
            port = int(caller.server.base_url.rpartition(":")[2])
        gc.collect()
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_closing_leaves_no_open_files():
    descriptors = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    counts = []
    for _ in range(3):
        with serving() as (caller, _):
            caller.create(wait=True)
        gc.collect()
        counts.append(len(os.listdir(descriptors)))
    assert counts[0] == counts[1] == counts[2]


def test_closing_cancels_what_runs_and_answers_who_waits():
    with ThreadPoolExecutor() as pool:
        with serving(GatedEngine()) as (caller, engine):
            others = [Caller(caller.server), Caller(caller.server)]
            running = pool.submit(others[0].create, wait=True)
            engine.begun.acquire()
            queued = pool.submit(others[1].create, wait=True)
            while len(caller.get(f"{caller.base}/predictions").json()["results"]) < 2:
                time.sleep(0.002)
        assert running.result()["status"] == queued.result()["status"] == "canceled"
        for each in others:
            each.close()
        assert len(engine.prompts) == 1


def test_starting_and_closing_twice_does_no_harm_but_a_closed_server_stays_closed():
    server = LocalServer(GatedEngine())
    with pytest.raises(RuntimeError, match="start"):
        _ = server.base_url
    assert server.start() is server.start()
    assert server.running
    server.close()
    server.close()
    assert not server.running
    with pytest.raises(RuntimeError, match="closed"):
        server.start()


def test_a_server_that_never_started_can_be_closed():
    LocalServer(GatedEngine()).close()


def test_a_port_that_is_taken_is_told_in_a_sentence():
    with serving() as (caller, _):
        port = int(caller.server.base_url.rpartition(":")[2])
        with pytest.raises(AnimateDiffError, match=f"Port {port} cannot be used: .*in use. Choose another."):
            LocalServer(GatedEngine(), port=port).start()


@pytest.mark.parametrize(
    "options",
    [{"token": ""}, {"token": "a\nb"}, {"token": "é"}, {"queue_size": 0}, {"keep": 0}, {"output_lifetime": 0}],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match="must be"):
        LocalServer(GatedEngine(), **options)


def test_a_token_of_ones_own_works():
    with serving(token="of-my-own") as (caller, _):
        assert caller.server.token == "of-my-own"
        assert caller.create()["id"]


def test_tokens_are_random_and_long():
    tokens = {LocalServer(GatedEngine()).token for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 43 for token in tokens)


def test_the_token_is_in_no_representation():
    with serving() as (caller, _):
        server = caller.server
        assert repr(server) == f"<LocalServer {server.base_url}>"
        assert server.token not in repr(server._service)
    assert repr(server) == "<LocalServer closed>"


def test_it_serves_while_the_main_thread_runs_a_loop_of_its_own():
    async def main() -> str:
        with serving() as (caller, _):
            loop = asyncio.get_running_loop()
            return (await loop.run_in_executor(None, lambda: caller.create(wait=True)))["status"]

    assert asyncio.run(main()) == "succeeded"


def test_a_blocked_main_thread_loop_does_not_stop_it():
    async def main() -> str:
        with serving() as (caller, _):
            return str(caller.create(wait=True)["status"])  # blocks this loop, as a notebook's cell does

    assert asyncio.run(main()) == "succeeded"


def test_one_server_is_shared_by_the_whole_process_until_it_is_closed():
    with ThreadPoolExecutor(8) as pool:
        servers = set(pool.map(lambda _: shared_server(), range(8)))
    assert len(servers) == 1
    [server] = servers
    server.close()
    other = shared_server()
    assert other is not server
    other.close()


def test_the_process_ends_with_the_shared_server_running_and_prints_nothing():
    done = run_python("""
        import requests
        from animatediff_widget.server import shared_server
        server = shared_server()
        body = {"version": "a/b", "input": {"steps": 100}}
        key = {"Authorization": "Bearer " + server.token}
        requests.post(server.base_url + "/v1/predictions", json=body, headers=key)
        requests.get(server.base_url + "/nowhere")
        requests.get(server.base_url + "/nowhere", headers=key)
        requests.post(server.base_url + "/v1/predictions", data="{", headers=key)
        import socket
        with socket.create_connection(("127.0.0.1", int(server.base_url.rpartition(":")[2]))) as raw:
            raw.sendall(b"NONSENSE\\r\\n\\r\\n")
            raw.recv(1000)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_child_of_a_fork_gets_a_server_of_its_own_and_the_parents_goes_on():
    done = run_python("""
        import os, requests, socket, warnings
        warnings.simplefilter("ignore")
        from animatediff_widget.server import shared_server

        def works(server):
            key = {"Authorization": "Bearer " + server.token}
            return requests.get(server.base_url + "/v1/predictions", headers=key).status_code == 200

        mine = shared_server()
        assert works(mine)
        child = os.fork() if hasattr(os, "fork") else None
        if child == 0:
            assert not mine.running
            theirs = shared_server()
            assert theirs is not mine and theirs.base_url != mine.base_url and works(theirs)
            mine.close()
            theirs.close()
            os._exit(7)
        if child:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert shared_server() is mine and works(mine)
    """)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_child_does_not_keep_the_parents_port_open():
    done = run_python("""
        import os, signal, socket, time, warnings
        warnings.simplefilter("ignore")
        from animatediff_widget.server import LocalServer
        server = LocalServer().start()
        child = os.fork() if hasattr(os, "fork") else None
        if child == 0:
            time.sleep(60)
        port = int(server.base_url.rpartition(":")[2])
        server.close()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            print("gone")
        if child:
            os.kill(child, signal.SIGKILL)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "gone\n", "")


@pytest.mark.parametrize("absent", ["tornado", "numpy", "PIL", "tqdm"])
def test_a_missing_extra_is_told_in_a_sentence(absent):
    done = run_python(f"""
        import sys
        sys.modules[{absent!r}] = None
        from animatediff_widget.errors import MissingExtra
        try:
            import animatediff_widget.server
        except MissingExtra as error:
            print(error)
    """)
    assert done.stdout == (
        f'The built-in server needs {absent}, which cannot be found here: pip install "animatediff-widget[local]"\n'
    )


def test_the_server_knows_nothing_of_the_client_side():
    done = run_python("""
        import sys, animatediff_widget.server
        for name in ("client", "job", "panel", "journal"):
            assert f"animatediff_widget.{name}" not in sys.modules, name
        for name in ("ipywidgets", "numpy", "PIL"):
            assert name not in sys.modules, name
    """)
    assert (done.returncode, done.stderr) == (0, "")


# --- with the real engine ---------------------------------------------------------------------------------------------


def test_without_an_engine_of_ones_own_the_pocket_engine_draws():
    with LocalServer() as server, Caller(server) as caller:
        body = {"version": DEFAULT_VERSION, "input": {"prompt": "a boat on the sea", "steps": 5, "seed": 11}}
        first, second = (
            caller.post(f"{caller.base}/predictions", json=body, headers={"Prefer": "wait"}).json() for _ in range(2)
        )
        assert first["status"] == "succeeded"
        assert "Using seed: 11" in first["logs"]
        assert "5/5" in first["logs"]
        assert first["output"].endswith("/animation.webp")
        data = caller.get(first["output"])
        assert data.headers["Content-Type"] == "image/webp"
        assert data.content[:4] == b"RIFF"
        assert caller.get(second["output"]).content == data.content


def test_the_pocket_engine_can_be_cancelled_under_way():
    with LocalServer() as server, Caller(server) as caller:
        body = {"version": DEFAULT_VERSION, "input": {"steps": 100}}
        created = caller.post(f"{caller.base}/predictions", json=body).json()
        caller.until(created, "processing")
        caller.post(created["urls"]["cancel"])
        assert caller.until(created)["status"] == "canceled"
