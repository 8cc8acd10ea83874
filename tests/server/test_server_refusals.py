"""Whom and what the built-in server refuses, over real HTTP."""

from __future__ import annotations

import socket
from collections import deque
from typing import Any

import pytest
import requests
from gated_server import BODY, PROBLEM

from animatediff_widget.model.request import DEFAULT_VERSION, MAX_SEED

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
    assert caller.server._thread.listening.getsockname()[0] == "127.0.0.1"


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
        ({"version": DEFAULT_VERSION, "input": {"seed": MAX_SEED + 1}}, "input.seed", "equal to 4294967295"),
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

    monkeypatch.setattr(caller.server._thread.store, "page", fault)
    answer = caller.get(f"{caller.base}/predictions")
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == PROBLEM
    assert "secret" not in answer.text
    assert "inner secret" in caplog.text
    assert caller.server.token not in caplog.text
