"""Whatever an endpoint answers, it is read or refused in a sentence: 300 random answers, and 10,000 every night."""

from __future__ import annotations

import copy
import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from misbehaving import Misbehaving

from animatediff_widget import AnimateDiffRequest, Client, Prediction
from animatediff_widget.backends.http.answers import read_answer, retry_after
from animatediff_widget.errors import EndpointError

BAR = " 48%|████▊     | 12/25 [00:06<00:06,  1.93it/s]"
REAL = [
    {
        "id": "w44zs9cet5rmc0cqzp49gpkhf8",
        "input": {"prompt": "a boat", "seed": 255224557, "steps": 25},
        "logs": f"Using seed: 7\n{BAR}\r{BAR}\n",
        "output": ["https://x.example/a.mp4"],
        "error": None,
        "status": "processing",
        "created_at": "2026-01-05T10:00:00.000Z",
        "completed_at": "2026-01-05T10:00:09.5Z",
        "urls": {"get": "https://api.replicate.com/v1/predictions/w44z"},
    },
    {},
    {"title": "Unauthenticated", "detail": "You did not pass a valid authentication token", "status": 401},
    {
        "detail": "x",
        "status": 422,
        "invalid_fields": [{"type": "t", "field": "input.steps", "description": "too many"}],
    },
    {"error": {"message": "No balance", "type": "insufficient_quota", "code": "x"}},
    {"detail": [{"loc": ["body", "input", "steps"], "msg": "is not an integer", "type": "t"}]},
    {"detail": "Request was throttled. Your rate limit resets in ~30s."},
    {"error": "At capacity - all prediction slots busy", "status": "failed"},
    {"previous": None, "next": "http://127.0.0.1:1/?cursor=2", "results": [{"id": "a"}]},
]

text = st.text(st.characters(exclude_categories=()), max_size=12) | st.sampled_from(
    [BAR, "Using seed: 5\n", "..", "{", "0"]
)
leaf = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -1, 2**63])
    | st.floats()
    | text
    | st.sampled_from(["succeeded", "failed", "2026-13-01T00:00:00Z", "https://[::1", "data:;base64,*", "\ud800"])
)
value = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)
names = sorted({name for answer in REAL for name in answer})
any_object = st.dictionaries(st.sampled_from(names) | text, value, max_size=5)
headers = st.dictionaries(
    st.sampled_from(["Retry-After", "ratelimit-reset", "Content-Type", "Location", "Date"]),
    text
    | st.sampled_from(
        ["30", "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 0000 99:59:59 -9999", "text/html", "9" * 40]
    ),
    max_size=3,
)
codes = st.sampled_from([200, 201, 202, 204, 301, 304, 400, 401, 404, 408, 422, 429, 500, 503, 520, 999])


@st.composite
def mutated(draw) -> dict:
    """Give a real answer with some of its parts, at any depth, replaced or removed."""
    answer = copy.deepcopy(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(1, 3))):
        node = answer
        while isinstance(node, (dict, list)) and node:
            key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
            if isinstance(node[key], (dict, list)) and node[key] and draw(st.booleans()):
                node = node[key]
            elif draw(st.booleans()):
                node[key] = draw(value)
                break
            else:
                del node[key]
                break
    return answer


@st.composite
def cut(draw) -> bytes:
    """Give the bytes of an answer, with some of them missing, doubled or changed."""
    data = json.dumps(draw(mutated()), ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(st.binary(max_size=4)) + data[at + draw(st.integers(0, 8)) :]


@pytest.fixture(params=[300, pytest.param(10_000, marks=pytest.mark.slow)])
def check(request):
    """Run a function with its share of the random examples: ``@check(0.25, strategy)``."""

    def run(share: float, *strategies):
        off = [HealthCheck.too_slow, HealthCheck.data_too_large]
        examples = round(request.param * share)
        few = settings(max_examples=examples, deadline=None, database=None, print_blob=True, suppress_health_check=off)
        return lambda function: few(given(*strategies)(function))()

    return run


def sound(prediction: Prediction) -> None:
    for words in (prediction.id or "", prediction.status, prediction.error or "", prediction.logs):
        words.encode()
    assert prediction.id is None or prediction.id.strip(".")
    assert prediction.progress is None or 0.0 <= prediction.progress <= 1.0
    assert prediction.eta is None or prediction.eta >= 0.0
    for moment in (prediction.created_at, prediction.completed_at):
        assert moment is None or math.isfinite(moment)
    assert all(isinstance(url, str) and url for url in prediction.outputs)
    assert isinstance(prediction.done, bool)
    assert len(repr(prediction)) < 10**5


def test_any_json_reads_as_a_prediction(check):
    @check(0.25, value | any_object)
    def _(answer):
        prediction = Prediction.from_json(answer)
        sound(prediction)
        assert prediction.raw is answer or prediction.raw == {}


def test_any_two_snapshots_may_follow_one_another(check):
    @check(0.2, mutated(), mutated())
    def _(first, second):
        before = Prediction.from_json(first)
        after = Prediction.from_json(second, before)
        sound(after)
        fresh = Prediction.from_json(second)
        if "logs" in second and isinstance(second["logs"], str) and second["logs"]:
            assert (after.logs, after.status, after.outputs) == (fresh.logs, fresh.status, fresh.outputs)


def test_a_log_read_piece_by_piece_says_what_it_says_at_once(check):
    parts = [BAR, "\r", "\n", "Using seed: 12", "3", "7%|", "| 5/9 [", "]", "x" * 300]

    @check(0.15, st.lists(st.sampled_from(parts), max_size=12))
    def _(pieces):
        snapshot, log = None, ""
        for piece in pieces:
            log += piece
            snapshot = Prediction.from_json({"logs": log}, snapshot)
        whole = Prediction.from_json({"logs": log})
        if snapshot is not None:
            assert (snapshot.step, snapshot.total, snapshot.rate, snapshot.seed) == (
                whole.step,
                whole.total,
                whole.rate,
                whole.seed,
            )


def test_any_answer_is_an_object_or_a_sentence(check):
    @check(0.3, codes, headers, cut() | st.binary(max_size=60) | any_object.map(lambda body: json.dumps(body).encode()))
    def _(status, given_headers, data):
        try:
            answer = read_answer(status, given_headers, data, who="The relay", what="create the job")
        except EndpointError as error:
            told = error
        else:
            assert isinstance(answer, dict)
            assert status < 300
            json.dumps(answer)
            return
        sentence = str(told)
        assert sentence.startswith("The relay ")
        assert len(sentence) < 1000
        sentence.encode()
        assert told.retry_after is None or 0.0 <= told.retry_after <= 3600.0
        # What may be sent again for certain did not arrive.
        assert told.arrived or not told.passing or status in (429, 503)


def test_a_wait_that_is_asked_for_is_never_out_of_bounds(check):
    @check(0.06, headers, value)
    def _(given_headers, body):
        seconds = retry_after(given_headers, body)
        assert seconds is None or 0.0 <= seconds <= 3600.0


def test_any_bytes_at_all_over_a_real_connection_are_a_snapshot_or_a_sentence(check):
    answers = st.binary(max_size=200) | cut().map(lambda data: b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + data)
    with Misbehaving() as server:
        client = Client(server.endpoint, "a-key-of-the-relay", answer_timeout=2, read_timeout=1)

        @check(0.04, answers)
        def _(data):
            before = len(server.seen)
            server.always["get"] = server.always["create"] = lambda call: call.sock.sendall(data)
            for act in (lambda: client.get("a"), lambda: client.create(AnimateDiffRequest(seed=1))):
                try:
                    sound(act())
                except EndpointError as error:
                    told = str(error)
                else:
                    continue
                assert len(told) < 1000
                told.encode()
            assert len(server.seen) == before + 2
            server.seen.clear()
