"""A predictions server over real sockets that misbehaves on order, and behaves once the order is used up.

A route ("create", "get", "cancel", "list", "file") has a script of behaviours, one for each request; the last one stays
when it stands in ``always``. A behaviour takes the `Call` and writes to the socket whatever it likes.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from animatediff_widget import Endpoint

CLIP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(range(256)) * 8
"""Enough of an animation to be taken for one."""

_PATH = "/replicate/v1/predictions"
_PAUSE = 0.01  # between the bytes of a slow answer


@dataclass
class Call:
    """One request, and the socket it came by."""

    server: Misbehaving
    sock: socket.socket
    route: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def job(self) -> str:
        """The id in the path."""
        return self.path.removeprefix(_PATH + "/").removesuffix("/cancel")

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Write a whole answer."""
        self.sock.sendall(head(status, len(body), headers) + body)

    def json(self, status: int, body: Any, **headers: str) -> None:
        """Write a whole answer of JSON."""
        self.answer(status, json.dumps(body).encode(), **{"content_type": "application/json", **headers})

    def well(self) -> bytes:
        """Do what was asked, and give the answer that a correct server would write."""
        keep, self.sock = self.sock, _Catcher()  # type: ignore[assignment]
        try:
            self.server.behave(self)
            return self.sock.written  # type: ignore[attr-defined, no-any-return]
        finally:
            self.sock = keep

    def reset(self) -> None:
        """Close the connection so that the other side finds it reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _Catcher:
    def __init__(self) -> None:
        self.written = b""

    def sendall(self, data: bytes) -> None:
        self.written += data


Behaviour = Callable[[Call], None]


def head(status: int, length: int | None, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Because", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


# Behaviours. Those with `well()` in them do what was asked, and spoil only the answer.


def well(call: Call) -> None:
    call.server.behave(call)


def status(code: int, body: Any = None, **headers: str) -> Behaviour:
    """Answer with an error as the hosted API writes it, or with `body`: bytes as they are, anything else as JSON."""

    def act(call: Call) -> None:
        if isinstance(body, bytes):
            call.answer(code, body, **headers)
        else:
            call.json(code, {"title": "Trouble", "detail": f"It said {code}", "status": code} | (body or {}), **headers)

    return act


def says(body: bytes, *, effect: bool = False, **headers: str) -> Behaviour:
    """Answer 200 with any bytes."""

    def act(call: Call) -> None:
        if effect:
            call.well()
        call.answer(200, body, **headers)

    return act


def reset_before(call: Call) -> None:
    """Do nothing, and reset."""
    call.reset()


def reset_after(call: Call) -> None:
    """Do it, and reset instead of answering."""
    call.well()
    call.reset()


def reset_midway(call: Call) -> None:
    answer = call.well()
    call.sock.sendall(answer[:-5])
    time.sleep(0.05)  # a reset may otherwise overtake what was sent
    call.reset()


def close_before(call: Call) -> None:
    call.well()


def hang(call: Call) -> None:
    """Do it, and never answer."""
    call.well()
    call.server.closing.wait(60)


def drip_head(call: Call) -> None:
    """Do it, and answer byte by byte for ever: the headers never end."""
    call.well()
    call.sock.sendall(b"HTTP/1.1 200 Because\r\nX-Slow: ")
    _drip(call, itertools.repeat(b"z"))


def drip_body(call: Call) -> None:
    """Do it, and answer byte by byte: the body would take for ever."""
    call.well()
    call.sock.sendall(head(200, 10**6, {"content_type": "application/json"}))
    _drip(call, itertools.repeat(b" "))


def _drip(call: Call, pieces: Any) -> None:
    for piece in pieces:
        if call.server.closing.wait(_PAUSE):
            return
        call.sock.sendall(piece)


def truncated(call: Call) -> None:
    call.sock.sendall(call.well()[:-5])


def broken_chunks(call: Call) -> None:
    call.well()
    call.sock.sendall(head(200, None, {"transfer_encoding": "chunked"}) + b'40\r\n{"id": "half')


def nonsense_chunks(call: Call) -> None:
    call.well()
    call.sock.sendall(head(200, None, {"transfer_encoding": "chunked"}) + b"zz\r\nwhat?\r\n")


def not_http(call: Call) -> None:
    call.well()
    call.sock.sendall(b"220 mail.example ESMTP\r\n")


def endless_headers(call: Call) -> None:
    call.well()
    call.sock.sendall(b"HTTP/1.1 200 Because\r\n" + b"X-More: yes\r\n" * 1000 + b"\r\n{}")


def gzip_bomb(call: Call) -> None:
    """A body of 64 KiB that unpacks to 64 MiB."""
    call.well()
    call.answer(200, BOMB, content_encoding="gzip", content_type="application/json")


def double_bomb(call: Call) -> None:
    call.well()
    call.answer(200, gzip.compress(BOMB), content_encoding="gzip, gzip", content_type="application/json")


def wrong_packing(call: Call) -> None:
    call.well()
    call.answer(200, b'{"id": "x"}', content_encoding="gzip")


def over_the_cap(call: Call) -> None:
    """17 MiB of JSON."""
    call.well()
    with contextlib.suppress(OSError):
        call.sock.sendall(head(200, 17 * 2**20 + 9, {}) + b'{"id": "')
        for _ in range(17):
            call.sock.sendall(b"x" * 2**20)
        call.sock.sendall(b'"')


def wrong_charset(call: Call) -> None:
    """Do it, and answer in UTF-8 with a broken character in it, under another name."""
    answer = call.well().partition(b"\r\n\r\n")[2]
    body = answer[:-1] + b', "title": "caf\xe9"}'
    call.answer(200, body, content_type="application/json; charset=utf-16")


def redirect(to: str, code: int = 302) -> Behaviour:
    def act(call: Call) -> None:
        call.answer(code, b"x" * 1000, location=to)

    return act


def redirect_loop(call: Call) -> None:
    call.answer(302, location=call.path)


BOMB = gzip.compress(b"[" + b" " * 2**26 + b"]", 9)
PAGE = b"<!DOCTYPE html><html><body>Bad gateway</body></html>"


@dataclass
class Seen:
    """What a request was like."""

    route: str
    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Misbehaving:
    """The server. Requests that no script speaks of are answered as the hosted API does.

    Parameters
    ----------
    listing : bool
        Whether it keeps a list.
    tls : pair of paths, optional
        Certificate and key.
    listening : bool
        Whether to take connections from the beginning; they are refused until `listen`.
    polls : int
        After how many looks a job is done.
    """

    def __init__(
        self,
        *,
        listing: bool = True,
        tls: tuple[Path, Path] | None = None,
        listening: bool = True,
        polls: int = 2,
        host: str = "127.0.0.1",
    ) -> None:
        self.scripts: dict[str, list[Behaviour]] = defaultdict(list)
        self.always: dict[str, Behaviour] = {}
        self.seen: list[Seen] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.looks: dict[str, int] = defaultdict(int)
        self.clip = CLIP
        self.output: Any = None
        self.closing = threading.Event()
        self._listing = listing
        self._polls = polls
        self._listening = listening
        self._tls: ssl.SSLContext | None = None
        if tls is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*tls)
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._socket = socket.socket()
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self.host = host
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Misbehaving:
        if self._listening:
            self.listen()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(10)

    def listen(self) -> None:
        self._socket.listen(64)
        self._spawn(self._accept)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint.relay(self.url)

    @property
    def creates(self) -> int:
        """How many jobs were made."""
        return len(self.jobs)

    def asked(self, route: str) -> list[Seen]:
        """The requests that came by a route."""
        return [seen for seen in self.seen if seen.route == route]

    # Behaving well.

    def behave(self, call: Call) -> None:
        with self._lock:
            getattr(self, f"_{call.route}")(call)

    def _create(self, call: Call) -> None:
        name = f"job{next(self._numbers):03d}"
        sent = json.loads(call.body)
        self.jobs[name] = {
            "id": name,
            "version": sent["version"],
            "input": sent["input"],
            "status": "starting",
            "output": None,
            "error": None,
            "logs": "",
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
            # As behind a relay: the upstream's urls, where the key is not valid.
            "urls": {"get": f"https://api.upstream.invalid/v1/predictions/{name}", "cancel": "https://x.invalid/c"},
        }
        call.json(201, self.jobs[name])

    def _get(self, call: Call) -> None:
        job = self.jobs.get(call.job)
        if job is None:
            call.json(404, {"title": "Not found", "detail": "There is no such job", "status": 404})
            return
        self.looks[call.job] += 1
        if job["status"] in ("starting", "processing"):
            job["status"] = "processing"
            job["logs"] = f"Using seed: {job['input'].get('seed')}\n 48%|####      | 12/25 [00:06<00:06,  1.93it/s]\n"
            if self.looks[call.job] >= self._polls:
                job["status"] = "succeeded"
                job["output"] = self.output if self.output is not None else f"{self.url}/files/{job['id']}.webp"
        call.json(200, job)

    def _cancel(self, call: Call) -> None:
        job = self.jobs.get(call.job)
        if job is None:
            call.json(404, {"title": "Not found", "detail": "There is no such job", "status": 404})
            return
        if job["status"] in ("starting", "processing"):
            job["status"] = "canceled"
        call.json(200, job)

    def _list(self, call: Call) -> None:
        if not self._listing:
            call.answer(404, PAGE, content_type="text/html")
            return
        call.json(200, {"previous": None, "next": None, "results": list(reversed(self.jobs.values()))})

    def _file(self, call: Call) -> None:
        call.answer(200, self.clip, content_type="image/webp")

    def _other(self, call: Call) -> None:
        call.json(404, {"title": "Not found", "detail": call.path, "status": 404})

    # The network.

    def _spawn(self, act: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=act, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            self._spawn(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(sock.close)
            sock.settimeout(30)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                stack.callback(sock.close)
            call = self._read(sock)
            if call is None:
                return
            with self._lock:
                self.seen.append(Seen(call.route, call.method, call.path, call.headers, call.body))
                script = self.scripts[call.route]
                behaviour = script.pop(0) if script else self.always.get(call.route, well)
            behaviour(call)

    def _read(self, sock: socket.socket) -> Call | None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(2**16)
            if not piece:
                return None
            data += piece
        top, _, body = data.partition(b"\r\n\r\n")
        first, *lines = top.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += sock.recv(2**16)
        return Call(self, sock, _route(method, path), method, path, headers, body)


def _route(method: str, path: str) -> str:
    path = path.partition("?")[0]
    if path == _PATH:
        return "create" if method == "POST" else "list"
    if path.startswith(f"{_PATH}/"):
        return "cancel" if path.endswith("/cancel") else "get"
    return "file" if path.startswith("/files/") else "other"


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 and localhost that nobody has signed."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    subprocess.run([*words.split(), names, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key
