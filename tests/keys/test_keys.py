"""The key: where it goes, and that nobody finds it anywhere else."""

from __future__ import annotations

import base64
import contextlib
import copy
import functools
import html
import http.client
import io
import json
import logging
import pickle
import random
import socket
import subprocess
import sys
import threading
import traceback
import types
import urllib.parse

import misbehaving as bad
import pytest
from IPython.core.ultratb import VerboseTB
from misbehaving import CLIP, Misbehaving

from animatediff_widget import (
    AnimateDiffPanel,
    AnimateDiffRequest,
    Client,
    Endpoint,
    Job,
    Journal,
)
from animatediff_widget.backends.http import connection, exchange
from animatediff_widget.errors import (
    AnimateDiffError,
    ConnectionFailed,
    EndpointError,
    KeyRefused,
    MissingExtra,
    OutputError,
)
from animatediff_widget.jobs.control import Control
from animatediff_widget.keys import credentials
from animatediff_widget.keys.credentials import Key, find_key, forget_key, hide, remember_key, save_key

KEY = "r8_the-secret-of-this-test-0123456789"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    wait = Control.wait
    monkeypatch.setattr(Control, "wait", lambda control, seconds: wait(control, min(seconds, 0.005)))


@pytest.fixture
def server():
    with Misbehaving() as server:
        yield server


@pytest.fixture
def stranger():
    """Another host, as far as origins go."""
    with Misbehaving() as server:
        yield server


@pytest.fixture(scope="module")
def cert(tmp_path_factory):
    return bad.certificate(tmp_path_factory.mktemp("tls"))


def a_client(server: Misbehaving, **options) -> Client:
    return Client(server.endpoint, KEY, **{"answer_timeout": 2, "read_timeout": 2, **options})


def bare(server: Misbehaving) -> bool:
    """Whether a server has been asked, and never seen the key."""
    return bool(server.seen) and all(KEY not in f"{seen.headers} {seen.path} {seen.body!r}" for seen in server.seen)


# --- what does not show it --------------------------------------------------------------------------------------------


def test_no_repr_shows_it(server):
    client = a_client(server)
    job = Job(AnimateDiffRequest(), client)
    shown = [
        repr(thing)
        for thing in (
            Key(KEY),
            client,
            vars(client),
            client.backend,
            vars(client.backend),
            client.backend._transport,
            vars(client.backend._transport),
            vars(client.backend._transport._auth),
            vars(client.backend._transport._session),
            job,
            vars(job),
            hide(KEY),
            Key(KEY).header(),
            {"Authorization": Key(KEY).header()},
        )
    ]
    assert KEY not in "".join(shown)
    assert KEY not in f"{Key(KEY)} {Key(KEY)!s} {client}"


def test_nothing_that_holds_it_can_be_pickled_or_copied(server):
    client = a_client(server)
    for thing in (Key(KEY), client, client.backend._transport._auth, Job(AnimateDiffRequest(), client)):
        for keep in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError):
                keep(thing)
    for thing in (Key(KEY), client):
        with pytest.raises(TypeError, match="not pickled or copied"):
            copy.copy(thing)


def test_what_can_be_pickled_does_not_hold_it(server):
    client = a_client(server)
    job = Job(AnimateDiffRequest(), client)
    job.run()
    kept = pickle.dumps(
        (client.endpoint, job.request.body(), job.prediction, str(job.error), client.backend._transport._session)
    )
    assert KEY.encode() not in kept


def test_curl_and_script_only_name_it(monkeypatch):
    for variable in ("REPLICATE_API_TOKEN", "ANIMATEDIFF_API_KEY"):
        monkeypatch.setenv(variable, KEY)
    for endpoint in (Endpoint.replicate(), Endpoint.relay("https://relay.example")):
        assert KEY not in "".join(
            Client(endpoint).snippet(AnimateDiffRequest(), language) for language in ("curl", "python")
        )


def verbose(act) -> str:
    """What IPython shows of a failure in its most talkative mode: every frame with its variables."""
    try:
        act()
    except BaseException as error:
        told = VerboseTB(include_vars=True, long_header=True, **_plain()).text(*sys.exc_info())
        # IPython leaves out what is not named in the lines that it shows; others show all there is in our frames.
        everything = traceback.TracebackException.from_exception(error, capture_locals=True)
        ours = [str(frame.locals) for frame in everything.stack if "animatediff_widget" in frame.filename]
        return told + "\nanimatediff_widget/keys/credentials.py\n" + "\n".join(ours)
    raise AssertionError("it did not fail")


def _plain() -> dict:
    import IPython

    return {"theme_name": "nocolor"} if IPython.version_info >= (9,) else {"color_scheme": "NoColor"}


def test_the_talkative_traceback_would_show_a_variable():
    def fail():
        local = KEY
        raise ValueError(len(local))

    assert KEY in verbose(fail)


TROUBLE = {
    "reset": bad.reset_before,
    "hang": bad.hang,
    "refused key": bad.status(401, {"detail": f"The key {KEY} is unknown"}),
    "echo in a page": bad.says(f"<html>Authorization: Bearer {KEY}</html>".encode()),
    "truncated": bad.truncated,
    "redirect with the key": bad.redirect(f"https://elsewhere.invalid/?key={KEY}"),
    "bomb": bad.gzip_bomb,
}


@pytest.mark.parametrize("fault", TROUBLE.values(), ids=TROUBLE)
def test_no_traceback_of_the_client_shows_it(server, fault):
    server.always["create"] = server.always["get"] = fault
    token = hide(KEY)  # the variable of the cell is the person's own
    client = Client(server.endpoint, token, answer_timeout=0.3, read_timeout=0.2)
    for act in (lambda: client.create(AnimateDiffRequest()), lambda: client.get("a")):
        told = verbose(act)
        assert "animatediff_widget" in told
        assert KEY not in told


def test_no_traceback_of_a_job_shows_it(server, monkeypatch):
    server.always["create"] = bad.status(401, {"detail": f"The key {KEY} is unknown"})
    job = Job(AnimateDiffRequest(), a_client(server))
    told = verbose(job.run)
    assert "did not create the job (401: The key *** is unknown)" in told
    assert KEY not in told
    assert KEY not in json.dumps(job.error.body)


@pytest.mark.parametrize("where", ["connect", "send", "read"])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError, RuntimeError])
def test_no_traceback_of_an_interrupt_or_a_bug_shows_it(server, monkeypatch, where, kind):
    def stop(*args, **more):
        raise kind

    target = {
        "connect": (connection._Http, "_new_conn"),
        "send": (http.client.HTTPConnection, "send"),
        "read": (connection._PatientReader, "readinto"),
    }[where]
    client = a_client(server)
    monkeypatch.setattr(*target, stop)
    told = verbose(lambda: client.create(AnimateDiffRequest()))
    assert kind.__name__ in told
    assert KEY not in told


@pytest.mark.parametrize(
    "act",
    [
        lambda token: Client(Endpoint.relay("http://relay.example"), token),
        lambda token: Client(Endpoint.relay("https://relay.example"), token + hide(" \u4e2d")),
        lambda token: Key(token + hide(" x")),
        lambda token: find_key(Endpoint.replicate(), token + hide("\n\u4e2d")),
        lambda token: remember_key(Endpoint.replicate(), token + hide(" x")),
        lambda token: save_key(Endpoint.replicate(), token + hide(" x")),
        lambda token: save_key(Endpoint.replicate(), token),
        lambda token: AnimateDiffPanel(token=token + hide(" x")),
        lambda token: AnimateDiffPanel(token=token, lang="tlh"),
    ],
)
def test_no_traceback_of_a_key_that_is_refused_shows_it(act, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)

    told = verbose(functools.partial(act, KEY))
    assert "animatediff_widget" in told
    # The lambda above is the person's own cell, whose variables are theirs to show; from there on it is stars.
    first = next(name for name in ("panel.py", "credentials.py", "client.py") if name in told)
    assert KEY not in told.split(first, 1)[1]


def test_a_key_in_the_environment_that_is_malformed_is_not_shown(monkeypatch):
    monkeypatch.setenv("REPLICATE_API_TOKEN", f"{KEY} and more")
    told = verbose(lambda: find_key(Endpoint.replicate()))
    assert "REPLICATE_API_TOKEN holds no key" in told
    assert KEY not in told


def test_a_malformed_key_in_the_environment_keeps_no_panel_from_opening_and_a_typed_one_takes_its_place(monkeypatch):
    monkeypatch.setenv("REPLICATE_API_TOKEN", "<your own token>")
    panel = AnimateDiffPanel()
    assert panel._picker.kind.value == "replicate"
    assert "REPLICATE_API_TOKEN holds no key" in panel._picker.note.value
    assert panel.run() is None
    assert "REPLICATE_API_TOKEN holds no key" in panel._monitor.status.value
    panel._picker.key.value = KEY
    assert "holds no key" not in panel._picker.note.value
    assert find_key(panel.endpoint).header() == f"Bearer {KEY}"


def test_a_keyring_that_holds_no_key_does_not_show_what_it_holds(keyring):
    save_key(Endpoint.replicate(), KEY)
    for name in keyring.kept:
        keyring.kept[name] = f"{KEY} and more"
    assert KEY not in verbose(functools.partial(find_key, Endpoint.replicate()))


def test_no_log_shows_it(server, caplog, capfd, monkeypatch):
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with caplog.at_level(logging.DEBUG):
        client = a_client(server)
        server.scripts["get"] = [bad.reset_before, bad.status(500, {"detail": f"Bearer {KEY}"})]
        Job(AnimateDiffRequest(), client).run()
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    assert any(record.name.startswith("animatediff_widget") for record in caplog.records)
    told = caplog.text + "".join(str(vars(record)) for record in caplog.records) + "".join(capfd.readouterr())
    assert KEY not in told


def echo(call: bad.Call) -> None:
    """Repeat the key in every corner of an answer, also in disguise."""
    answer = json.loads(call.well().partition(b"\r\n\r\n")[2])
    said = call.headers["authorization"]
    answer |= {"logs": said, "error": {"message": said}, "metrics": {said: [said]}, "debug": said}
    disguised = json.dumps(answer).replace(KEY, "".join(f"\\u{ord(letter):04x}" for letter in KEY))
    call.answer(200, disguised.encode())


@pytest.mark.parametrize("end", ["succeeded", "failed", "refused"])
def test_a_server_that_repeats_it_does_not_get_it_written_down(server, end, tmp_path):
    server.always["create"] = echo
    server.always["get"] = echo
    if end == "failed":
        server.always["get"] = lambda call: call.json(200, {"status": "failed", "error": call.headers["authorization"]})
    if end == "refused":
        server.always["create"] = lambda call: call.json(401, {"detail": call.headers["authorization"]})
    job = Job(AnimateDiffRequest(), a_client(server))
    with contextlib.suppress(AnimateDiffError):
        job.run()
    assert job.state == ("failed" if end == "refused" else end)
    shown = f"{job.error} {job.notice} {job.prediction} {job.prediction and json.dumps(job.prediction.raw)}"
    assert "***" in shown
    assert KEY not in shown
    files = [path.read_bytes() for path in Journal().folder.rglob("*") if path.is_file()]
    assert files
    assert all(KEY.encode() not in data for data in files)


HARD = "r8_secret/of+this&test-0123456789"
DISGUISES = {
    "as it is": HARD,
    "other case": HARD.upper(),
    "url-encoded": urllib.parse.quote(HARD, safe=""),
    "url-encoded in small letters": urllib.parse.quote(HARD, safe="").replace("%2F", "%2f"),
    "url-encoded twice": urllib.parse.quote(urllib.parse.quote(HARD, safe=""), safe=""),
    "url-encoded throughout": "".join(f"%{ord(letter):02X}" for letter in HARD),
    "html-escaped": html.escape(HARD),
    "html-escaped throughout": "".join(f"&#{ord(letter)};" for letter in HARD),
    "broken over lines": "\r\n    ".join(HARD[start : start + 8] for start in range(0, len(HARD), 8)),
    "broken over lines of JSON": "\\r\\n  ".join(HARD[start : start + 8] for start in range(0, len(HARD), 8)),
    "broken over lines of a page": "<br />\n".join(HARD[start : start + 8] for start in range(0, len(HARD), 8)),
    "broken over lines of a mail": "=\n".join(HARD[start : start + 8] for start in range(0, len(HARD), 8)),
    "broken over lines that are quoted": "\n> ".join(HARD[start : start + 8] for start in range(0, len(HARD), 8)),
    "broken over lines and url-encoded": "%0D%0A".join(HARD[start : start + 8] for start in range(0, len(HARD), 8)),
    "JSON inside of JSON": json.dumps(HARD)[1:-1].replace("/", "\\/"),
    "escaped as in JSON": "".join(f"\\u{ord(letter):04x}" for letter in HARD),
    "html-escaped, then url-encoded": urllib.parse.quote(html.escape(HARD), safe=""),
    "html-escaped twice": html.escape(html.escape(HARD)),
    "base64": base64.b64encode(HARD.encode()).decode(),
    "base64 broken over lines of JSON": "\\n".join(base64.encodebytes(HARD.encode() * 3).decode().split()),
    "base64 of a password": base64.b64encode(f"user:{HARD}".encode()).decode(),
    "base64 of the header": base64.b64encode(f"Bearer {HARD}\n".encode()).decode(),
    "base64 for urls": base64.urlsafe_b64encode(f"xx{HARD}".encode()).decode(),
    "base64 broken over lines": base64.encodebytes(f"Authorization: Bearer {HARD} and so on".encode() * 2).decode(),
}


@pytest.mark.parametrize("form", DISGUISES.values(), ids=DISGUISES)
def test_a_key_is_found_in_every_disguise(form):
    told = Key(HARD).redact({"detail": [f"The key {form} is unknown"]})["detail"][0]
    assert "***" in told
    assert form not in told
    assert told.startswith("The key ")
    assert told.endswith(" is unknown")


def test_a_key_whose_letters_are_each_disguised_otherwise_is_found_in_json_as_in_text():
    draw = random.Random(7)
    ways = (str, str, str.upper, "%{0:02x}".format, "&#{0};".format, "\\u{0:04x}".format)
    gaps = ("", "", "", "", " ", "\n", "=\n", "<br>", "\u200b", "\xad", "\u3000", "%0a")
    for key in (HARD, "sk-0123456789-abcdefk-s", "+a=b>c|d e".replace(" ", "i")):
        for _ in range(150):
            forms = [draw.choice(ways) for _ in key]
            text = "".join(
                (way(ord(letter)) if "format" in repr(way) else way(letter)) + draw.choice(gaps)
                for way, letter in zip(forms, key, strict=True)
            )
            assert Key(key).redact({"a": [1, None, {text: "x"}]})["a"][2] == {Key(key).redact(text): "x"}
    for like in ("\u017fk-0123456789-abcdef\u212a-s", "sk-0123456789-abcdefk-\u017f"):  # small letters of s and k
        assert "***" in Key("sk-0123456789-abcdefk-s").redact([like])[0]


def test_what_only_resembles_a_key_stays_as_it_is():
    for text in ("r8_secret", HARD[:-1], HARD[1:], "a boat at sea, 100%", base64.b64encode(HARD[:9].encode()).decode()):
        assert Key(HARD).redact([text]) == [text]


@pytest.mark.parametrize("before", range(360, 400, 5))
def test_a_key_that_is_cut_by_our_own_shortening_does_not_stand_there_in_part(server, before):
    server.always["create"] = bad.status(401, {"detail": "x" * before + KEY + "x" * 400})
    server.always["get"] = bad.redirect("https://elsewhere.invalid/" + "x" * (before - 220) + KEY + "x" * 400)
    client = a_client(server)
    for act in (lambda: client.create(AnimateDiffRequest()), lambda: client.get("a")):
        with pytest.raises(EndpointError) as error:
            act()
        assert KEY[:3] not in str(error.value)


def test_a_key_in_the_address_that_a_download_is_sent_to_does_not_stand_in_its_error(server, tmp_path):
    server.always["file"] = bad.redirect(f"http://elsewhere.invalid/{'x' * 40}{KEY}")
    with pytest.raises(OutputError) as error:
        a_client(server).download(f"{server.url}/files/a.webp", tmp_path / "clip")
    assert KEY[:3] not in str(error.value)


def test_a_key_as_short_as_a_word_does_not_spoil_the_answers(server):
    with Client(server.endpoint, "a") as client:
        assert client.create(AnimateDiffRequest(prompt="a boat at sea")).raw["input"]["prompt"] == "a boat at sea"


# --- where it goes ----------------------------------------------------------------------------------------------------


def test_it_goes_to_the_endpoints_own_origin(server):
    job = Job(AnimateDiffRequest(), a_client(server))
    job.run()
    assert {seen.headers.get("authorization") for seen in server.seen} == {f"Bearer {KEY}"}
    assert {seen.route for seen in server.seen} == {"create", "get", "file"}


def test_it_does_not_go_to_urls_of_another_host(server, stranger):
    def misleading(call):
        server.behave(call)

    server.always["create"] = misleading
    job = Job(AnimateDiffRequest(), a_client(server))

    def mislead(_):
        server.jobs["job001"]["urls"] = {"get": f"{stranger.url}/get", "cancel": f"{stranger.url}/cancel"}
        job.cancel()

    job.observe(mislead, "prediction")
    with pytest.raises(AnimateDiffError):
        job.start().result(60)
    assert job.state == "canceled"
    assert not stranger.seen


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("route", ["create", "get", "cancel", "list"])
def test_it_does_not_go_along_a_redirect(server, stranger, route, code):
    server.always[route] = bad.redirect(f"{stranger.url}/somewhere", code)
    client = a_client(server)
    act = {
        "create": lambda: client.create(AnimateDiffRequest()),
        "get": lambda: client.get("a"),
        "cancel": lambda: client.cancel("a"),
        "list": client.list,
    }[route]
    with pytest.raises(EndpointError, match="redirects are not followed"):
        act()
    assert len(server.seen) == 1
    assert not stranger.seen


def test_it_does_not_go_to_the_outputs_host(server, cert, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert[0]))
    with Misbehaving(tls=cert) as files, Misbehaving(tls=cert) as more:
        client = a_client(server)
        client.list()  # so that the endpoint's own address is known
        files.scripts["file"] = [bad.redirect(f"{more.url}/files/b.webp")]
        assert client.download(f"{files.url}/files/a.webp", tmp_path / "clip").read_bytes() == CLIP
        assert bare(files)
        assert bare(more)


def test_a_download_that_is_sent_on_from_the_endpoint_goes_on_without_it(server, cert, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert[0]))
    with Misbehaving(tls=cert) as files:
        server.scripts["file"] = [bad.redirect(f"{files.url}/files/b.webp")]
        a_client(server).download(f"{server.url}/files/a.webp", tmp_path / "clip")
        assert "authorization" in server.seen[0].headers
        assert bare(files)


@pytest.mark.parametrize("url", ["http://relay.example", "http://192.168.1.5", "http://127.0.0.1.relay.example"])
def test_it_does_not_go_over_plain_http(url):
    with pytest.raises(KeyRefused, match="is not encrypted, so everyone on the way could read the key") as error:
        Client(Endpoint.relay(url), KEY)
    assert KEY not in str(error.value)
    assert Client(Endpoint.relay(url), KEY, allow_plain_http=True).endpoint.url.startswith(url)
    assert Client(Endpoint.relay(url)).endpoint.url.startswith(url)  # without a key there is nothing to protect


@pytest.mark.parametrize("url", ["http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]:5000"])
def test_plain_http_to_this_machine_is_fine(url):
    assert Client(Endpoint.relay(url), KEY).endpoint.url.startswith(url)


def test_a_proxy_never_sees_what_stays_on_this_machine(server, stranger, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, stranger.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    a_client(server).list()
    assert not stranger.seen


def test_elsewhere_the_environments_proxy_is_used(stranger, monkeypatch):
    monkeypatch.setenv("https_proxy", stranger.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    client = Client(Endpoint.relay("https://relay.invalid"), KEY, read_timeout=1, connect_timeout=1)
    with pytest.raises(ConnectionFailed, match="nothing was sent") as error:
        client.create(AnimateDiffRequest())  # this proxy knows no tunnels
    assert not error.value.arrived
    assert [seen.method for seen in stranger.seen] == ["CONNECT"]
    assert bare(stranger)


def test_netrc_is_ignored(server, stranger, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("default login somebody password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    Client(server.endpoint).list()
    a_client(server).list()
    assert [seen.headers.get("authorization") for seen in server.seen] == [None, f"Bearer {KEY}"]


# --- where outputs are fetched from -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "ftp://files.example/a",
        "http://files.example/a.mp4",
        "javascript:alert(1)",
        "blob:https://x/y",
        "https:///etc/passwd",
        "//",
        "https://[::1",
        "gopher://x",
    ],
)
def test_outputs_are_fetched_over_https_or_from_the_endpoint_only(server, tmp_path, url):
    server.always["file"] = server.always["other"] = server.always["list"] = bad.status(404)
    with pytest.raises(EndpointError):
        a_client(server).download(url, tmp_path / "clip")
    assert not (tmp_path / "clip").exists()
    assert all(seen.headers["host"] == f"127.0.0.1:{server.port}" for seen in server.seen)


def test_a_file_of_this_machine_is_never_an_output(server, tmp_path):
    (tmp_path / "secret").write_text("mine")
    server.output = (tmp_path / "secret").as_uri()
    job = Job(AnimateDiffRequest(), a_client(server))
    with pytest.raises(OutputError, match="neither https nor the endpoint's own address"):
        job.run()


PRIVATE = [
    "10.0.0.1",
    "172.16.5.5",
    "192.168.1.1",
    "169.254.169.254",
    "127.0.0.2",
    "0.0.0.0",
    "100.64.0.1",
    "[::]",
    "[fe80::1]",
    "[fd00::1]",
    "[::ffff:10.0.0.1]",
    "[2002:a00:1::]",
    "[64:ff9b::10.0.0.1]",
    "2130706434",
    "0x7f000002",
    "224.0.0.1",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_not_asked(server, tmp_path, host, monkeypatch):
    tried = []
    monkeypatch.setattr(connection._Http, "_new_conn", lambda self: tried.append(self.host))
    with pytest.raises(OutputError, match="inside a private network"):
        a_client(server).download(f"https://{host}/a.mp4", tmp_path / "clip")
    assert not tried


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_public_addresses_are_known_as_such(address):
    assert exchange._is_public(address)


def test_a_redirect_to_a_private_address_is_not_followed(server, tmp_path):
    server.always["file"] = bad.redirect("https://169.254.169.254/latest/meta-data")
    with pytest.raises(OutputError, match="inside a private network"):
        a_client(server).download(f"{server.url}/files/a.webp", tmp_path / "clip")


@pytest.mark.parametrize("target", ["http://files.example/a", "file:///etc/passwd", "ftp://x/y", "https://[::1"])
def test_a_redirect_out_of_https_is_not_followed(server, tmp_path, target):
    server.always["file"] = bad.redirect(target)
    with pytest.raises(OutputError, match="neither https"):
        a_client(server).download(f"{server.url}/files/a.webp", tmp_path / "clip")


def test_a_name_that_turns_private_after_it_was_checked_is_not_asked(server, cert, tmp_path, monkeypatch):
    lookup, answers = socket.getaddrinfo, ["8.8.8.8", "127.0.0.1"]

    def rebinding(host, *args, **more):
        return lookup(answers.pop(0) if host == "rebinding.example" else host, *args, **more)

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert[0]))
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with Misbehaving(tls=cert) as inside:
        with pytest.raises(OutputError, match="inside a private network"):
            a_client(server).download(f"https://rebinding.example:{inside.port}/files/a.webp", tmp_path / "clip")
        assert answers == []
        assert not inside.seen


def test_the_machine_that_the_endpoint_is_on_may_serve_outputs_too(server, cert, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert[0]))
    with Misbehaving(tls=cert) as files:
        client = a_client(server)
        with pytest.raises(OutputError, match="inside a private network"):
            client.download(f"{files.url}/files/a.webp", tmp_path / "clip")
        client.list()
        assert client.download(f"{files.url}/files/a.webp", tmp_path / "clip").read_bytes() == CLIP


# --- finding and keeping it -------------------------------------------------------------------------------------------


@pytest.fixture
def keyring(monkeypatch):
    """A keyring that lives in memory: the system's own asks a person, or is not there."""
    kept: dict[tuple[str, str], str] = {}
    asked: list[str] = []
    module = types.ModuleType("keyring")

    def get(service, name):
        asked.append(name)
        return kept.get((service, name))

    module.get_password = get
    module.set_password = lambda service, name, value: kept.__setitem__((service, name), str(value))
    module.delete_password = lambda service, name: kept.__delitem__((service, name))
    module.kept, module.asked = kept, asked
    monkeypatch.setitem(sys.modules, "keyring", module)
    return module


RELAY = Endpoint.relay("https://relay.example")


def test_a_saved_key_is_found_again_for_its_origin_only(keyring):
    save_key(RELAY, f" Bearer {KEY}\n")
    assert keyring.kept == {("animatediff-widget", "https://relay.example:443"): KEY}
    assert find_key(RELAY).header() == f"Bearer {KEY}"
    assert find_key(Endpoint.relay("https://relay.example:444")) is None
    assert find_key(Endpoint.replicate()) is None
    files = [path.read_bytes() for path in Journal().folder.rglob("*") if path.is_file()]
    assert files
    assert all(KEY.encode() not in data for data in files)


def test_a_job_is_resumed_with_the_key_that_was_saved_for_its_relay(keyring, monkeypatch):
    save_key(RELAY, "from-keyring")
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", "of-another-relay")
    journal = Journal()
    key = journal.begin(AnimateDiffRequest(seed=1), RELAY)
    assert Job.resume(journal.get(key)).client.key.header() == "Bearer from-keyring"


def test_the_keyring_is_not_asked_where_nothing_was_saved(keyring):
    find_key(RELAY)
    forget_key(RELAY)
    assert keyring.asked == []


def test_a_forgotten_key_is_gone(keyring):
    save_key(RELAY, KEY)
    remember_key(RELAY, KEY)
    forget_key(RELAY)
    assert find_key(RELAY) is None
    assert keyring.kept == {}


def test_the_order_is_argument_environment_colab_typed_keyring(keyring, monkeypatch):
    def found() -> str:
        return find_key(RELAY).header().removeprefix("Bearer ")

    save_key(RELAY, "from-keyring")
    assert found() == "from-keyring"
    remember_key(RELAY, "from-typing")
    assert found() == "from-typing"
    monkeypatch.setattr(credentials, "_colab_secret", lambda name: ("from-colab", ""))
    assert found() == "from-colab"
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", "from-environment")
    assert found() == "from-environment"
    assert find_key(RELAY, "from-argument").header() == "Bearer from-argument"


def test_without_the_extra_it_is_said_what_to_install(keyring, monkeypatch):
    save_key(RELAY, KEY)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtra, match=r"animatediff-widget\[keyring\]"):
        save_key(RELAY, KEY)
    assert find_key(RELAY) is None  # it is missed in the log, not in the person's way


def test_a_keyring_that_fails_is_a_sentence_without_the_key(keyring, monkeypatch, caplog):
    def broken(*args):
        raise RuntimeError(f"locked {args}")

    save_key(RELAY, KEY)
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, broken)
    assert KEY not in verbose(functools.partial(save_key, RELAY, hide(KEY)))
    with pytest.raises(KeyRefused, match="RuntimeError") as error:
        forget_key(RELAY)
    assert find_key(RELAY) is None
    assert KEY not in str(error.value) + caplog.text


def test_importing_the_package_does_not_import_keyring():
    code = (
        "import sys, animatediff_widget as a; a.Client(a.Endpoint.relay('https://x.example'));"
        "print('keyring' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("value", ["", "  ", "Bearer ", "two words", "schlüssel", "a\x00b", "line\nbreak"])
def test_what_cannot_be_a_key_is_refused_in_one_sentence(value):
    with pytest.raises(KeyRefused, match="That is not a key"):
        Key(value)


def test_two_threads_with_two_clients_do_not_mix_their_keys(server, stranger):
    def work(target, key):
        with Client(target.endpoint, key) as client:
            for _ in range(20):
                client.list()

    threads = [threading.Thread(target=work, args=pair) for pair in ((server, "key-one-1"), (stranger, "key-two-2"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {seen.headers["authorization"] for seen in server.seen} == {"Bearer key-one-1"}
    assert {seen.headers["authorization"] for seen in stranger.seen} == {"Bearer key-two-2"}


def test_a_copy_of_an_answer_on_paper_has_no_key():
    told = io.StringIO()
    print(Key(KEY), [Key(KEY)], {"key": Key(KEY)}, file=told)
    assert KEY not in told.getvalue()
