"""What all answers have in common: who may ask, how much may be sent, how errors look, how an answer is held."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import responses
from typing import Any

from tornado.web import HTTPError, RequestHandler, stream_request_body

from animatediff_widget.model.inputs import Inputs

from .address import Address
from .problem import Problem, not_found
from .store import Snapshot, Store, now

__all__ = ["DRAIN", "MAX_BODY", "Handler", "Service"]

log = logging.getLogger(__name__)

MAX_BODY = 2**20
"""The largest body that is read, in bytes."""

DRAIN = 8 * 2**20
"""Larger bodies close the connection at once; those from `MAX_BODY` to here are read, so that the 413 arrives."""


@dataclass(eq=False)
class Service:
    """What the handlers of one server share; used on the server's thread only."""

    store: Store
    token: str = field(repr=False)
    address: Address
    inputs: Inputs
    started_at: str = field(default_factory=now)
    prove: Callable[[Any], None] = field(default=lambda connection: None, repr=False)
    closing: bool = False
    held: dict[asyncio.Event, str] = field(default_factory=dict)

    def wake(self, prediction_id: str) -> None:
        """Let the held answers of a prediction, which changed, look at it again."""
        for event, held in self.held.items():
            if held == prediction_id:
                event.set()

    def release(self) -> None:
        """Send all held answers as they stand: the server closes."""
        self.closing = True
        for event in self.held:
            event.set()


@stream_request_body
class Handler(RequestHandler):
    """Checks the host, the token and the size, then calls ``do_get``, ``do_post`` ...; errors become problems."""

    service: Service

    def initialize(self, service: Service) -> None:
        """Start a new exchange."""
        self.service = service
        self.received = bytearray()
        self.taken = 0
        self.refusal: Problem | None = None
        self.read = False
        self.gone = False
        self.changed = asyncio.Event()

    def set_default_headers(self) -> None:
        """Set what every answer carries."""
        self.clear_header("Server")
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    def compute_etag(self) -> str | None:
        """Make no ETag of the body: only a prediction has one."""
        return None

    def prepare(self) -> None:
        """Check the headers. A refusal is sent after the body was read: closing before could lose it on its way."""
        self.refusal = self.check()
        if not self.refusal:
            self.service.prove(self.request.connection)
        declared = self.request.headers.get("Content-Length", "0")
        if declared.isdigit() and int(declared) > DRAIN:
            raise self.refusal or _too_large()

    def check(self) -> Problem | None:
        """Return why the caller is refused, if so; the host is checked first, against DNS rebinding."""
        if not self.service.address.accepts(self.request.host):
            return Problem(403, "Forbidden", "This server answers only to its own address.")
        # Older clients say "Token" for "Bearer". Bytes: compare_digest refuses text that is not ASCII.
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        right = hmac.compare_digest(token.strip().encode(), self.service.token.encode())
        if self.is_open() or (right and scheme.lower() in ("bearer", "token")):
            return None
        detail = "You did not pass a valid authentication token"
        return Problem(401, "Unauthenticated", detail, headers={"WWW-Authenticate": "Bearer"})

    def is_open(self) -> bool:
        """Whether this path may be read without the token."""
        return False

    def data_received(self, chunk: bytes) -> None:
        """Collect the body, or drop it when it will be refused."""
        self.taken += len(chunk)
        if self.taken > DRAIN:
            if not self._finished:
                self.answer_problem(self.refusal or _too_large())
        elif self.taken <= MAX_BODY and not self.refusal:
            self.received += chunk
        else:
            self.received = bytearray()

    async def dispatch(self, *args: str) -> None:
        """Call the method that the caller asked for."""
        self.read = True
        if self.refusal:
            raise self.refusal
        if self.taken > MAX_BODY:
            raise _too_large()
        method = getattr(self, f"do_{(self.request.method or '').lower()}", None)
        if method is None:
            allowed = ", ".join(sorted(name[3:].upper() for name in dir(self) if name.startswith("do_")))
            if not allowed:
                raise not_found()
            detail = f"Method {self.request.method!r} is not allowed here."
            raise Problem(405, "Method not allowed", detail, headers={"Allow": allowed})
        await method(*args)

    get = head = post = put = patch = delete = options = dispatch

    def on_connection_close(self) -> None:
        """Stop holding an answer: its caller is gone."""
        super().on_connection_close()
        self.gone = True
        self.changed.set()

    async def hold(self, snapshot: Snapshot, seconds: float, patience: Callable[[str], float]) -> Snapshot:
        """Hold the answer for some seconds at most, and return the prediction as it is then.

        `patience` is given the prediction's ETag, now and after each change: for how many seconds more to hold it.
        """
        loop = asyncio.get_running_loop()
        store, held = self.service.store, self.service.held
        deadline = loop.time() + seconds
        held[self.changed] = snapshot.id
        while not (self.gone or self.service.closing):
            self.changed.clear()
            deadline = min(deadline, loop.time() + patience(store.tag(snapshot.id) or ""))
            if deadline <= loop.time():
                break
            timer = loop.call_at(deadline, self.changed.set)
            await self.changed.wait()
            timer.cancel()
        del held[self.changed]
        return store.get(snapshot.id) or snapshot

    def send(self, answer: Any, status: int = 200) -> None:
        """Answer with JSON."""
        self.set_status(status)
        self.finish(json.dumps(answer, separators=(",", ":")).encode())

    def answer_problem(self, problem: Problem) -> None:
        """Answer with a problem."""
        self.clear()
        self.set_status(problem.status_code)
        self.set_header("Content-Type", "application/problem+json")
        if not self.read:  # tornado closes after an answer before the body's end, but does not announce it
            self.set_header("Connection", "close")
        for name, value in problem.headers.items():
            self.set_header(name, value)
        self.finish(json.dumps(problem.body).encode())

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Make a problem of every error, tornado's own included."""
        error = kwargs.get("exc_info", (None, None))[1]
        if not isinstance(error, Problem):
            title = responses.get(status_code, "Error")
            detail = "The server met an error of its own." if status_code >= 500 else f"{title}."
            error = Problem(status_code, title, detail)
        self.answer_problem(error)

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log faults only, and with this module's logger: tornado's would print them into the notebook."""
        if not isinstance(value, HTTPError):
            log.error("A request failed.", exc_info=(typ, value, tb) if value else None)

    @property
    def origin(self) -> str:
        """The address by which the caller came."""
        return self.service.address.origin(self.request.host)

    def with_urls(self, snapshot: Snapshot, prefix: str) -> dict[str, Any]:
        """Give a prediction's JSON, with urls under the address by which the caller came."""
        get = f"{self.origin}{prefix}/predictions/{snapshot.id}"
        urls = {"get": get, "cancel": f"{get}/cancel"}
        if snapshot.preview:
            urls["preview"] = self.origin + snapshot.preview
        fields = {**snapshot.fields, "urls": urls}
        if fields["output"]:
            fields["output"] = self.origin + fields["output"]
        return fields

    def send_prediction(self, snapshot: Snapshot, prefix: str, status: int = 200) -> None:
        """Answer with a prediction and its ETag."""
        self.set_header("ETag", snapshot.tag)
        self.send(self.with_urls(snapshot, prefix), status)


def _too_large() -> Problem:
    return Problem(413, "Payload too large", f"The body is larger than {MAX_BODY} bytes.")
