"""Who is let go when there are as many connections as the server takes."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
import requests
from gated_server import Caller, serving

from animatediff_widget.server import LocalServer, connections

LIMIT = 20
HEAD = b"POST /v1/predictions HTTP/1.1\r\nHost: x\r\n"


class Crowd(ExitStack):
    """Connections to one server."""

    def __init__(self, server: LocalServer) -> None:
        super().__init__()
        self.server = server
        self.port = int(server.base_url.rpartition(":")[2])

    def idle(self, sent: bytes = b"") -> socket.socket:
        raw = self.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=10))
        raw.sendall(sent)
        return raw

    def owner(self) -> http.client.HTTPConnection:
        """Connect and ask once with the token."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        self.callback(connection.close)
        assert self.ask(connection) == 200
        return connection

    def ask(self, connection: http.client.HTTPConnection, path: str = "/v1/predictions") -> int:
        """Ask over a connection that was asked before: a new one is not made."""
        connection.auto_open = connection.sock is None
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.server.token}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status


@pytest.fixture
def crowd(monkeypatch) -> Iterator[Crowd]:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", LIMIT)
    with LocalServer() as server, Crowd(server) as crowd:
        yield crowd


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /v1/pre",
        HEAD + b"\r\n",  # answered with 403, and kept open
        HEAD + b"Content-Length: 10\r\n\r\n123",
        HEAD + b"Authorization: Bearer wrong\r\nContent-Length: 10\r\n\r\n123",
    ],
)
def test_idle_connections_do_not_lock_the_owner_out(crowd, sent):
    strangers = [crowd.idle(sent) for _ in range(LIMIT)]
    owner = crowd.owner()
    strangers += [crowd.idle(sent) for _ in range(3 * LIMIT)]
    assert crowd.ask(owner) == 200
    with suppress(ConnectionResetError):  # what it sent was not read
        while strangers[0].recv(1000):
            pass


def test_the_oldest_stranger_is_let_go_first(crowd):
    first, *others = (crowd.idle() for _ in range(LIMIT))
    crowd.idle()
    assert first.recv(1) == b""
    for each in others:
        each.setblocking(False)
        with pytest.raises(BlockingIOError):
            each.recv(1)


def test_with_the_owners_connections_alone_the_one_idle_longest_is_let_go(crowd):
    first, second, *others = (crowd.owner() for _ in range(LIMIT))
    for each in (first, *others):
        assert crowd.ask(each) == 200
    crowd.owner()
    with pytest.raises((http.client.NotConnected, ConnectionError, http.client.RemoteDisconnected)):
        crowd.ask(second)
    assert [crowd.ask(each) for each in (first, *others)] == [200] * (LIMIT - 1)


def test_an_answer_that_is_held_is_never_cut_off(monkeypatch, gated):
    caller, engine = gated
    created = caller.create()
    engine.begun.acquire()
    with Crowd(caller.server) as crowd:
        monkeypatch.setattr(connections, "MAX_CONNECTIONS", 2)  # the caller's own is the other
        host = f"127.0.0.1:{crowd.port}".encode()
        path = created["urls"]["get"].partition(host.decode())[2].encode()
        token = caller.server.token.encode()
        asked = b"GET %b HTTP/1.1\r\nHost: %b\r\nAuthorization: Bearer %b\r\nPrefer: wait=60\r\n\r\n"
        held = crowd.idle(asked % (path, host, token))
        while not caller.server._thread.service.held:
            time.sleep(0.001)
        strangers = [crowd.idle() for _ in range(9)]
        assert [each.recv(1) for each in strangers[:-1]] == [b""] * 8
        engine.permits.release()
        assert held.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_beyond_the_limit_the_newest_is_refused_when_all_are_answered(monkeypatch, gated):
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 1)
    caller, engine = gated
    with Crowd(caller.server) as crowd:
        token = caller.server.token.encode()
        head = b"POST /v1/predictions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %b\r\n"
        body = b'{"version": "a/b", "input": {}}'
        rest = b"Prefer: wait\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        held = crowd.idle(head % (crowd.port, token) + rest)
        engine.begun.acquire()
        assert crowd.idle().recv(1) == b""
        engine.permits.release()
        assert held.recv(1000).startswith(b"HTTP/1.1 201 ")


def test_closed_connections_free_their_place(crowd):
    owner = crowd.owner()
    for _ in range(2 * LIMIT):
        with Crowd(crowd.server) as others:
            others.owner()
    assert crowd.ask(owner) == 200


def test_a_caller_who_hangs_up_while_its_answer_is_held_frees_its_place(monkeypatch, gated):
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 2)
    caller, engine = gated
    created = caller.create()
    engine.begun.acquire()
    for _ in range(3):
        with Caller(caller.server) as other, pytest.raises(requests.ReadTimeout):
            other.get(created["urls"]["get"], headers={"Prefer": "wait"}, timeout=0.05)
        while caller.server._thread.service.held:
            time.sleep(0.001)
    with Caller(caller.server) as other:
        assert other.look(created)["status"] == "processing"


FEW_FILES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
from animatediff_widget.server import LocalServer
with LocalServer() as server:
    print(server.base_url, server.token, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process may open as many files as it likes")
def test_a_process_that_may_open_few_files_does_not_spend_them_on_idle_connections():
    with subprocess.Popen([sys.executable, "-c", FEW_FILES], stdin=-1, stdout=-1, text=True) as process:
        url, token = process.stdout.readline().split()
        with ExitStack() as strangers:
            for _ in range(200):
                strangers.enter_context(
                    socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=10)
                )
            answer = requests.get(f"{url}/v1/predictions", headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code == 200
        process.stdin.close()


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        ("IDLE_SECONDS", b""),
        ("IDLE_SECONDS", HEAD[:-8]),
        ("BODY_SECONDS", HEAD + b"Content-Length: 10\r\n\r\n123"),
    ],
)
def test_whoever_sends_too_slowly_is_let_go(monkeypatch, limit, sent):
    monkeypatch.setattr(connections, limit, 0.1)
    with serving() as (caller, _), Crowd(caller.server) as crowd:
        assert crowd.idle(sent).recv(1000) == b""
