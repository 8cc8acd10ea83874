"""The client against the real built-in server, and against one that misbehaves on order."""

from __future__ import annotations

import gzip
import json
import re

import misbehaving as bad
import pytest
from misbehaving import CLIP, Misbehaving

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Prediction
from animatediff_widget.backends.base import Abilities
from animatediff_widget.backends.hosted import HostedBackend
from animatediff_widget.backends.http import connection
from animatediff_widget.backends.http.transport import Limits
from animatediff_widget.engines import Engine, Output
from animatediff_widget.errors import (
    AnswerError,
    ApiError,
    ConnectionFailed,
    EndpointError,
    InvalidArgument,
    OutputError,
    OutputNotAllowed,
    StorageError,
)
from animatediff_widget.model.body import Body
from animatediff_widget.server import LocalServer

KEY = "a-key-of-the-relay-1234567890"


class TinyEngine(Engine):
    """Finishes at once, or runs until it is canceled."""

    name = "tiny"

    def run(self, request, *, seed, log, canceled, preview):
        log(f"Using seed: {seed}\n100%|##########| 3/3 [00:00<00:00, 30.00it/s]\n")
        while request.prompt == "for ever" and not canceled():
            pass
        return Output(CLIP, "webp", "image/webp")


@pytest.fixture(scope="module")
def local():
    with LocalServer(TinyEngine()) as server:
        yield server


@pytest.fixture
def client(local):
    with Client(Endpoint.relay(local.base_url), local.token) as client:
        yield client


@pytest.fixture
def server():
    with Misbehaving() as server:
        yield server


def a_client(server: Misbehaving, **options) -> Client:
    return Client(server.endpoint, KEY, **{"answer_timeout": 2, "read_timeout": 2, **options})


def request(**fields) -> AnimateDiffRequest:
    return AnimateDiffRequest(**{"prompt": "a boat", "seed": 7, "steps": 3, **fields})


def finished(client: Client, prediction: Prediction) -> Prediction:
    while not prediction.done:
        prediction = client.get(prediction.id, prediction)
    return prediction


def folder_is_clean(folder) -> bool:
    return not [path for path in folder.rglob("*") if path.name.startswith(".part-")]


# --- against the built-in server --------------------------------------------------------------------------------------


def test_a_job_is_created_followed_and_fetched(client, tmp_path):
    prediction = finished(client, client.create(request()))
    assert (prediction.status, prediction.seed, prediction.progress) == ("succeeded", 7, 1.0)
    path = client.download(prediction.outputs[0], tmp_path / "new" / "clip")
    assert path == tmp_path / "new" / "clip"
    assert path.read_bytes() == CLIP


def test_a_seed_is_drawn_where_the_request_has_none(client):
    asked = request(seed=None)
    assert 1 <= client.create(asked).seed <= 2147483647
    assert asked.seed is None


def test_a_running_job_can_be_canceled(client):
    running = client.create(request(prompt="for ever"))
    canceled = client.cancel(running.id)
    assert canceled.id == running.id
    assert finished(client, canceled).status == "canceled"


def test_jobs_are_listed_newest_first_and_not_more_than_wanted(client):
    made = [client.create(request(seed=seed)).id for seed in (1, 2, 3)]
    assert [prediction.id for prediction in client.list(2)] == [made[2], made[1]]


def test_the_servers_own_refusals_become_sentences(client, local):
    with pytest.raises(ApiError, match=r"did not tell how the job stands \(404: ") as gone:
        client.get("nosuchjob")
    assert (gone.value.status, gone.value.arrived, gone.value.passing) == (404, False, False)
    with Client(Endpoint.relay(local.base_url), "wrong") as stranger, pytest.raises(ApiError, match="Check the key"):
        stranger.create(request())


def test_without_a_key_none_is_sent(server):
    with Client(server.endpoint) as client:
        client.create(request())
    assert "authorization" not in server.seen[0].headers


# --- where it asks ----------------------------------------------------------------------------------------------------


def test_it_polls_and_cancels_at_its_own_base_whatever_the_urls_say(server):
    with a_client(server) as client:
        prediction = client.create(request())
        assert "upstream.invalid" in prediction.raw["urls"]["get"]
        client.get(prediction.id)
        client.cancel(prediction.id)
    assert [seen.path for seen in server.seen] == [
        "/replicate/v1/predictions",
        "/replicate/v1/predictions/job001",
        "/replicate/v1/predictions/job001/cancel",
    ]


def test_a_job_keeps_the_id_it_was_asked_by(server):
    answers = [b'{"id": "upstreams-own", "status": "processing"}', b'{"status": "processing"}']
    server.scripts["get"] = [bad.says(answer) for answer in answers]
    server.scripts["cancel"] = [bad.says(b"{}")]
    with a_client(server) as client:
        assert [client.get("task-1").id for _ in answers] == ["task-1", "task-1"]
        assert client.cancel("task-1").id == "task-1"


@pytest.mark.parametrize("name", ["../../admin", "a/b", "a?b=c", "a#b", "%2e%2e", "a b\r\nX-Evil: 1", "ключ"])
def test_an_id_never_becomes_another_path(server, name):
    with a_client(server) as client, pytest.raises(ApiError):
        client.get(name)
    [seen] = server.seen
    assert re.fullmatch(r"/replicate/v1/predictions/[^/?#\s]+", seen.path)
    assert "x-evil" not in seen.headers


def test_an_id_stays_inside_the_endpoints_own_base(server):
    with a_client(server) as client:
        for ask in (client.get, client.cancel):
            with pytest.raises(ApiError):
                ask("a/../b?c")
    base = "/replicate/v1/predictions/a%2F..%2Fb%3Fc"
    assert [(seen.method, seen.path) for seen in server.seen] == [("GET", base), ("POST", f"{base}/cancel")]


@pytest.mark.parametrize("pushes", [True, False])
def test_the_first_look_is_held_by_the_tag_of_the_creating_answer_where_the_place_pushes(server, pushes):
    server.always["create"] = bad.status(201, {"id": "task-1", "status": "starting"}, etag='"starting-0"')
    server.always["get"] = bad.status(200, {"id": "task-1", "status": "processing"}, etag='"processing-0"')
    backend = HostedBackend(server.endpoint, None, Limits(), abilities=Abilities(pushes=pushes))
    prediction = backend.create(Body.of(request()), "ours")
    for _ in range(2):
        backend.watch(prediction.id, prediction, 20.0)
    backend.close()
    asked = [(seen.headers.get("prefer"), seen.headers.get("if-none-match")) for seen in server.asked("get")]
    assert asked == ([("wait=20", '"starting-0"'), ("wait=20", '"processing-0"')] if pushes else [(None, None)] * 2)


@pytest.mark.parametrize("previews", [True, False])
def test_only_a_place_that_has_previews_is_asked_for_them(server, previews):
    backend = HostedBackend(server.endpoint, None, Limits(), abilities=Abilities(previews=previews))
    backend.create(Body.of(request()), "ours", previews=True)
    backend.close()
    assert server.asked("create")[0].headers.get("prefer") == ("previews" if previews else None)


def test_a_preview_is_a_jpeg_from_the_endpoints_own_origin_and_nothing_else(server):
    picture = b"\xff\xd8\xff\xe0" + bytes(60)
    server.scripts["file"] = [
        lambda call: call.answer(200, picture, content_type="image/jpeg"),
        lambda call: call.answer(200, b"<svg onload='alert(1)'/>", content_type="image/jpeg"),
        lambda call: call.answer(200, picture + bytes(2**17), content_type="image/jpeg"),
        bad.status(404, {}),
    ]
    backend = HostedBackend(server.endpoint, None, Limits())
    url = f"{server.url}/files/preview-1.jpg"
    assert backend.preview(url) == picture
    for _ in range(3):
        with pytest.raises(EndpointError):
            backend.preview(url)
    with Misbehaving() as elsewhere:
        for other in (f"{elsewhere.url}/files/preview-1.jpg", "data:image/jpeg;base64,/9j/4AAQ", "file:///etc/passwd"):
            with pytest.raises(OutputError):
                backend.preview(other)
        assert not elsewhere.seen
    backend.close()


@pytest.mark.parametrize("name", ["", ".", "..", " "])
def test_an_id_that_is_a_place_in_the_url_is_refused(server, name):
    with a_client(server) as client, pytest.raises(EndpointError, match="is not the id of a job"):
        client.get(name)
    assert not server.seen


def page(server: Misbehaving, ids: list[str], further: str | None) -> bad.Behaviour:
    body = {"previous": None, "next": further, "results": [{"id": name} for name in ids]}
    return bad.says(json.dumps(body).encode())


def test_the_list_goes_on_over_pages_of_its_own_origin(server):
    own = f"{server.endpoint.url}?cursor=2"
    server.scripts["list"] = [
        page(server, ["c", "b"], own),
        page(server, ["a"], "https://api.upstream.invalid/v1/predictions?cursor=3"),  # a relay passed it on
        page(server, ["0"], "https://api.upstream.invalid/v1/predictions?cursor=3"),
    ]
    with a_client(server) as client:
        assert [prediction.id for prediction in client.list()] == ["c", "b", "a", "0"]
    assert [seen.path.partition("?")[2] for seen in server.seen] == ["", "cursor=2", "cursor=3"]


def test_a_list_is_read_until_a_page_is_too_old_whichever_way_it_is_sorted(server):
    def listed(*minutes: int, further: int) -> bad.Behaviour:
        jobs = [{"id": str(minute), "created_at": f"2026-01-01T00:{minute}:00Z"} for minute in minutes]
        return bad.status(200, {"results": jobs, "next": f"?cursor={further}"})

    since = 1767225600 + 30 * 60
    for pages, found in (
        ([(50, 40), (35, 20), (19, 18), (17,)], ["50", "40", "35"]),
        ([(10, 11), (12, 40), (41, 50)], ["40", "41", "50"]),
    ):
        server.scripts["list"] = [listed(*minutes, further=number) for number, minutes in enumerate(pages)]
        server.always["list"] = page(server, [], None)
        with a_client(server) as client:
            assert [prediction.id for prediction in client.backend.list(since)] == found
    assert len(server.seen) == 2 + 4


@pytest.mark.parametrize("further", [5, "", "http://[::1", "http://127.0.0.1:1/x", {"url": "x"}, "file:///etc/passwd"])
def test_a_next_page_that_is_nowhere_ends_the_list(server, further):
    server.scripts["list"] = [page(server, ["a"], further)]
    with a_client(server) as client:
        assert [prediction.id for prediction in client.list()] == ["a"]
    assert len(server.seen) == 1


def test_a_job_that_moves_to_the_next_page_meanwhile_is_listed_once(server):
    server.scripts["list"] = [page(server, ["c", "b"], "?cursor=2"), page(server, ["b", "a"], None)]
    with a_client(server) as client:
        assert [prediction.id for prediction in client.list()] == ["c", "b", "a"]


def test_a_list_that_leads_in_circles_or_nowhere_ends(server):
    server.always["list"] = page(server, ["a"], server.endpoint.url)
    with a_client(server) as client:
        assert len(client.list()) == 1
    server.always["list"] = page(server, [], f"{server.endpoint.url}?cursor=2")
    with a_client(server) as client:
        assert client.list() == []
    assert len(server.seen) == 2


def test_a_list_without_end_ends_with_the_time_for_one_answer(server):
    def another(call):
        call.server.closing.wait(0.02)
        page(server, ["a"], f"{server.endpoint.url}?cursor={len(server.seen)}")(call)

    server.always["list"] = another
    with a_client(server, answer_timeout=0.3) as client, pytest.raises(ConnectionFailed):
        client.list(10**9)
    assert len(server.seen) < 50


@pytest.mark.parametrize("body", [b"{}", b'{"results": null}', b'{"results": {}}'])
def test_a_list_without_results_is_said_to_be_none(server, body):
    server.scripts["list"] = [bad.says(body)]
    with a_client(server) as client, pytest.raises(AnswerError, match="may not keep one"):
        client.list()


# --- a creating answer that is no prediction --------------------------------------------------------------------------


@pytest.mark.parametrize("code", [302, 303])
@pytest.mark.parametrize("path", ["{own}/job%2F7", "{base}/v1/predictions/job%2F7/", "/other/predictions/job%2F7?x=1"])
def test_a_redirect_that_names_the_job_is_its_id(server, code, path):
    server.scripts["create"] = [bad.redirect(path.format(own=server.endpoint.url, base=server.url), code)]
    with a_client(server) as client:
        assert client.create(request()).id == "job/7"


@pytest.mark.parametrize(
    "target", ["https://elsewhere.invalid/v1/predictions/job7", "/login", "/predictions", "", "http://[::1"]
)
def test_a_redirect_that_names_no_job_here_is_an_answer_that_was_lost(server, target):
    server.scripts["create"] = [bad.redirect(target)]
    with a_client(server) as client, pytest.raises(AnswerError, match="redirected") as error:
        client.create(request())
    assert error.value.arrived


@pytest.mark.parametrize(
    ("body", "outputs"),
    [
        (b'"https://files.example/a.mp4"', 1),
        (b"https://files.example/a.mp4\n", 1),
        (b'["https://files.example/a.mp4", "http://files.example/b.mp4"]', 2),
        (b'"data:image/webp;base64,QUJD"', 1),
        (b'{"output": "https://files.example/a.mp4"}', 1),
        (CLIP, 1),
    ],
)
def test_an_answer_that_is_the_output_itself_is_the_output(server, tmp_path, body, outputs):
    server.scripts["create"] = [bad.says(body)]
    with a_client(server) as client:
        prediction = client.create(request())
        assert (prediction.id, len(prediction.outputs)) == (None, outputs)
        if body is CLIP:
            assert client.download(prediction.outputs[0], tmp_path / "clip").read_bytes() == CLIP


@pytest.mark.parametrize(
    "body", [b'"job001"', b"[]", b"https://files.example/ is down", b'["https://files.example/a.mp4", 5]', b"GIF", b"7"]
)
def test_an_answer_that_is_neither_prediction_nor_output_was_lost(server, body):
    server.scripts["create"] = [bad.says(body)]
    with a_client(server) as client, pytest.raises(AnswerError) as error:
        client.create(request())
    assert error.value.arrived


# --- arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("prediction_id", lambda client: client.get(None)),
        ("prediction_id", lambda client: client.get("\ud800")),
        ("previous", lambda client: client.get("a", {})),
        ("prediction_id", lambda client: client.cancel(5)),
        ("limit", lambda client: client.list("")),
        ("limit", lambda client: client.list(-1)),
        ("url", lambda client: client.download(None, "x")),
        ("to", lambda client: client.download("data:,a", 0.0)),
        ("base_url", lambda client: Endpoint.relay(3.0)),
        ("token", lambda client: Client(client.endpoint, 5)),
        ("read_timeout", lambda client: Client(client.endpoint, read_timeout="5")),
        ("download_timeout", lambda client: Client(client.endpoint, download_timeout=None)),
        ("answer_timeout", lambda client: Client(client.endpoint, answer_timeout=float("nan"))),
    ],
)
def test_an_argument_of_the_wrong_kind_is_refused_by_its_name(server, name, call):
    with a_client(server) as client, pytest.raises(InvalidArgument, match=f"^{name} must be "):
        call(client)
    assert not server.seen


def test_a_wait_of_nothing_or_for_ever_is_one_that_a_socket_knows(server):
    with Client(server.endpoint, read_timeout=float("inf"), answer_timeout=float("inf"), connect_timeout=2e9) as client:
        assert client.create(request()).id == "job001"
    server.always["get"] = bad.hang
    with Client(server.endpoint, answer_timeout=0) as client, pytest.raises(ConnectionFailed) as error:
        client.get("job001")
    assert error.value.code in ("took_too_long", "not_reached")


# --- what it makes of errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "body", "words"),
    [
        (401, {"title": "Unauthenticated", "detail": "You did not pass a valid token", "status": 401}, "a valid token"),
        (402, {"title": "Insufficient credit", "status": 402}, "Insufficient credit"),
        (400, {"error": {"message": "no such model", "type": "invalid_request_error", "code": "x"}}, "no such model"),
        (400, {"error": {"code": "model_not_found"}}, "model_not_found"),
        (400, {"error": "just words"}, "just words"),
        (400, {"message": "words of another shape"}, "another shape"),
        (
            422,
            {"detail": "x", "invalid_fields": [{"type": "t", "field": "input.steps", "description": "too many"}]},
            "input.steps: too many",
        ),
        (
            422,
            {"detail": [{"loc": ["body", "input", "steps"], "msg": "is not an integer", "type": "t"}]},
            "input.steps: is not an integer",
        ),
        (409, {"error": "At capacity - all prediction slots busy", "status": "failed"}, "all prediction slots busy"),
    ],
)
def test_every_shape_of_error_gives_its_words(server, code, body, words):
    server.scripts["create"] = [bad.status(code, json.dumps(body).encode())]
    with a_client(server) as client, pytest.raises(ApiError, match=re.escape(words)) as error:
        client.create(request())
    assert error.value.status == code
    assert error.value.body == body
    assert not error.value.arrived
    assert f"({code}: " in str(error.value)


@pytest.mark.parametrize(
    ("body", "arrived"),
    [
        ({"error": {"message": "Invalid key", "type": "invalid_request_error", "code": "invalid_api_key"}}, False),
        ({"error": {"message": "No balance", "type": "insufficient_quota"}}, False),
        ({"title": "Unauthenticated", "detail": "No key", "status": 401}, False),
        ({"error": {"message": "The upstream took too long", "type": "upstream_error"}}, True),
        ({"error": "something"}, True),
        ({"id": None, "error": {"message": "It broke", "code": 500}}, True),
    ],
)
def test_a_relays_error_that_comes_with_status_200_is_an_error(server, body, arrived):
    server.scripts["create"] = [bad.says(json.dumps(body).encode())]
    with a_client(server) as client, pytest.raises(ApiError) as error:
        client.create(request())
    assert error.value.arrived is arrived
    assert not error.value.passing


def test_a_failed_job_is_a_prediction_and_no_error(server):
    server.scripts["get"] = [bad.says(b'{"id": "a", "status": "failed", "error": "out of memory"}')]
    with a_client(server) as client:
        assert client.get("a").error == "out of memory"


def test_an_answer_without_anything_is_a_prediction_when_creating_only(server):
    server.scripts["create"] = [bad.says(b"{}")]
    server.scripts["get"] = [bad.says(b'{"hello": "world"}')]
    with a_client(server) as client:
        assert client.create(request()).id is None
        with pytest.raises(AnswerError, match="no prediction") as error:
            client.get("a")
        assert error.value.passing


def test_an_error_of_ten_megabytes_stays_a_sentence(server):
    server.scripts["get"] = [bad.status(500, json.dumps({"detail": "\ud800long " * 10**6}).encode())]
    with a_client(server) as client, pytest.raises(ApiError) as error:
        client.get("a")
    assert len(str(error.value)) < 700
    str(error.value).encode()


def test_the_body_of_a_redirect_is_not_waited_for(server, tmp_path):
    def endless(call):
        call.sock.sendall(bad.head(302, 10**9, {"location": f"{server.url}/files/b.webp"}))
        call.server.closing.wait(60)

    server.scripts["get"] = [endless]
    server.scripts["file"] = [endless]
    with a_client(server) as client:
        with pytest.raises(AnswerError, match="redirected to"):
            client.get("a")
        assert client.download(f"{server.url}/files/a.webp", tmp_path / "clip").read_bytes() == CLIP


def test_nothing_is_sent_again_by_the_libraries_below(server):
    server.always["create"] = bad.reset_before
    server.always["get"] = bad.status(503)
    with a_client(server) as client:
        with pytest.raises(ConnectionFailed):
            client.create(request())
        with pytest.raises(ApiError):
            client.get("a")
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("idle", "slept", "opened_again"), [(0.1, 0.1, 0), (0.6, 0.6, 1), (0.1, 3600.0, 1), (0.1, -3600.0, 1)]
)
def test_a_post_never_goes_over_a_connection_that_stood_idle(client, monkeypatch, idle, slept, opened_again):
    opened, connect, clocks = [], connection._Http.connect, [1000.0, 1e9]
    monkeypatch.setattr(connection._Http, "connect", lambda self: (opened.append(self), connect(self)))
    monkeypatch.setattr(connection, "_clocks", lambda: tuple(clocks))
    client.list()
    client.list()
    assert len(opened) == 1
    clocks[:] = [1000.0 + idle, 1e9 + slept]  # one of them stops while a laptop sleeps
    client.create(request())
    assert len(opened) == 1 + opened_again


def test_the_time_for_one_answer_counts_although_the_next_bytes_might_take_longer(server):
    server.scripts["get"] = [bad.hang, bad.drip_head]
    with a_client(server, read_timeout=60, answer_timeout=0.2) as client:
        for _ in range(2):
            with pytest.raises(ConnectionFailed, match=r"took longer than 0\.2 s"):
                client.get("a")


# --- downloads --------------------------------------------------------------------------------------------------------


def fetch(client, server, to, name="job001.webp"):
    return client.download(f"{server.url}/files/{name}", to)


@pytest.mark.parametrize(
    "fault", [bad.truncated, bad.broken_chunks, bad.reset_midway, bad.reset_before, bad.drip_body, bad.status(503)]
)
def test_a_file_appears_whole_or_not_at_all(server, tmp_path, fault):
    server.scripts["file"] = [fault]
    with a_client(server, download_timeout=0.3) as client:
        with pytest.raises(EndpointError) as error:
            fetch(client, server, tmp_path / "clip")
        assert error.value.passing
        assert list(tmp_path.iterdir()) == []
        assert fetch(client, server, tmp_path / "clip").read_bytes() == CLIP


def test_a_failed_download_leaves_the_file_before_it_as_it_was(server, tmp_path):
    (tmp_path / "clip").write_bytes(b"older")
    server.scripts["file"] = [bad.truncated]
    with a_client(server) as client, pytest.raises(EndpointError):
        fetch(client, server, tmp_path / "clip")
    assert (tmp_path / "clip").read_bytes() == b"older"
    assert folder_is_clean(tmp_path)


def test_an_output_over_the_cap_is_not_fetched(server, tmp_path, monkeypatch):
    monkeypatch.setattr("animatediff_widget.backends.http.outputs._OUTPUT_CAP", 100)
    with a_client(server) as client, pytest.raises(OutputError, match="sent more than"):
        client.download(f"{server.url}/files/a.webp", tmp_path / "clip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "uri",
    [
        *("data:image/webp;base64,QUJD", "DATA:image/webp;x=y;base64,QUJD", "data:,A%42C", "data:text/x,ABC"),
        *("data:;base64,QUI%3D", "data:; base64 ,QU\nI=", "data:;base64,QUI"),
    ],
)
def test_a_data_uri_is_taken_apart(server, tmp_path, uri):
    with a_client(server) as client:
        assert client.download(uri, tmp_path / "clip").read_bytes() in (b"ABC", b"AB")
    assert not server.seen


@pytest.mark.parametrize(
    "uri", ["data:image/webp;base64", "data:;base64,Q", "data:;base64,Q*==", "data:,", "data:;base64,\ud800"]
)
def test_a_broken_data_uri_is_a_sentence(server, tmp_path, uri):
    with a_client(server) as client, pytest.raises(OutputError if uri.isascii() else InvalidArgument):
        client.download(uri, tmp_path / "clip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:port/a", "http://127.0.0.1:99999/a", "//a:b", "http://[::1", "x:"])
def test_an_output_at_an_address_that_is_none_is_a_sentence(server, tmp_path, url):
    with a_client(server) as client, pytest.raises(OutputError):
        client.download(url, tmp_path / "clip")
    assert not server.seen


def test_a_data_uri_over_the_cap_is_not_decoded(server, tmp_path, monkeypatch):
    monkeypatch.setattr("animatediff_widget.backends.http.outputs._OUTPUT_CAP", 100)
    with a_client(server) as client, pytest.raises(OutputError, match="more than"):
        client.download(f"data:;base64,{'QUJD' * 100}", tmp_path / "clip")


def test_a_place_that_cannot_be_written_is_said(server, tmp_path):
    (tmp_path / "file").write_text("in the way of a folder")
    with a_client(server) as client, pytest.raises(StorageError, match="could not be written"):
        fetch(client, server, tmp_path / "file" / "clip")


def test_outputs_are_asked_for_unpacked_and_answers_may_be_packed(server, tmp_path):
    server.scripts["get"] = [bad.says(gzip.compress(b'{"id": "a", "status": "starting"}'), content_encoding="gzip")]
    with a_client(server) as client:
        fetch(client, server, tmp_path / "clip")
        assert client.get("a").status == "starting"
    assert [seen.headers["accept-encoding"] for seen in server.seen] == ["identity", "gzip"]


def test_an_empty_body_may_be_said_to_be_packed(server):
    server.scripts["get"] = [lambda call: call.answer(404, b"", content_encoding="gzip")]
    with a_client(server) as client, pytest.raises(ApiError) as gone:
        client.get("a")
    assert gone.value.status == 404


@pytest.mark.parametrize("name", ["clip\0", "clip\ud800" * 200])
def test_a_name_that_no_file_can_have_is_a_sentence(server, tmp_path, name):
    with a_client(server) as client, pytest.raises((StorageError, InvalidArgument)):
        fetch(client, server, str(tmp_path / name))


def test_a_key_in_an_outputs_url_is_shown_as_stars_and_sent_to_its_own_origin_only(server, tmp_path):
    server.output = f"{server.url}/files/a.webp?token={KEY}"
    with a_client(server) as client:
        prediction = finished(client, client.create(request()))
        assert prediction.outputs == (f"{server.url}/files/a.webp?token=***",)
        assert client.download(prediction.outputs[0], tmp_path / "clip").read_bytes() == CLIP
        assert server.asked("file")[0].path == f"/files/a.webp?token={KEY}"
        with Misbehaving() as other, pytest.raises(OutputNotAllowed) as error:
            client.download(f"{other.url}/files/a.webp?token=***", tmp_path / "clip")
        assert KEY not in str(error.value)


def test_an_output_at_another_port_is_fetched_where_the_person_allows_it_and_gets_no_key(server, tmp_path, monkeypatch):
    with Misbehaving() as files, a_client(server) as client:
        url = f"{files.url}/files/a.webp"
        with pytest.raises(OutputNotAllowed, match=f"ANIMATEDIFF_WIDGET_OUTPUTS={files.url}"):
            client.download(url, tmp_path / "clip")
        monkeypatch.setenv("ANIMATEDIFF_WIDGET_OUTPUTS", f"https://other.example, {files.url}/")
        assert client.download(url, tmp_path / "clip").read_bytes() == CLIP
        monkeypatch.setenv("ANIMATEDIFF_WIDGET_OUTPUTS", "http://[::1")
        with pytest.raises(OutputNotAllowed):
            client.download(url, tmp_path / "clip")
        assert "authorization" not in files.seen[0].headers
        assert len(files.seen) == 1


def test_nothing_is_kept_of_a_job_that_ended(server):
    backend = HostedBackend(server.endpoint, None, Limits(), abilities=Abilities(pushes=True))
    prediction = backend.create(Body.of(request()), "ours")
    while not prediction.done:
        prediction = backend.watch(prediction.id, prediction)
    assert backend._tags == {}
    backend.close()


def test_a_name_from_the_server_is_no_path(server, tmp_path):
    server.scripts["file"] = [
        lambda call: call.answer(200, CLIP, content_disposition='attachment; filename="../../evil.sh"')
    ]
    with a_client(server) as client:
        fetch(client, server, tmp_path / "folder" / "clip")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["clip"]
