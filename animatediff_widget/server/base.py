"""What every answer has in common: who may ask, how much may be sent, how errors look."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from dataclasses import dataclass, field
from http.client import responses
from typing import Any

from tornado.web import HTTPError, RequestHandler, stream_request_body

from .problem import Problem, not_found, unauthenticated
from .store import Store

__all__ = ["DRAIN", "MAX_BODY", "Handler", "Service"]

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())

MAX_BODY = 2**20
"""The largest body that is read, in bytes."""

DRAIN = 8 * 2**20
"""The largest body that is let pass before it is refused: closing at once would lose the answer on its way."""


@dataclass(eq=False)
class Service:
    """What the handlers of one server share. Its own state is touched only on the server's thread.

    Parameters
    ----------
    store : Store
        The predictions.
    token : str
        What a caller must show.
    hosts : frozenset of str
        The ``Host`` headers that are answered.
    started_at : str
        Since when the server runs.
    """

    store: Store
    token: str = field(repr=False)
    hosts: frozenset[str]
    started_at: str
    waiting: dict[str, set[asyncio.Future[None]]] = field(default_factory=dict)

    def wake(self, prediction_id: str) -> None:
        """Let those go who wait for a prediction.

        Parameters
        ----------
        prediction_id : str
            Which one ended.
        """
        for future in self.waiting.pop(prediction_id, ()):
            if not future.done():
                future.set_result(None)


@stream_request_body
class Handler(RequestHandler):
    """Checks who asks and how much they send, then calls ``do_get``, ``do_post`` ...; errors become problems."""

    service: Service

    def initialize(self, service: Service) -> None:
        """Start a new exchange."""
        self.service = service
        self.received = bytearray()
        self.taken = 0
        self.refusal: Problem | None = None
        self.read = False
        self.held: asyncio.Future[None] | None = None

    def set_default_headers(self) -> None:
        """Set what every answer carries."""
        self.clear_header("Server")
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    def compute_etag(self) -> str | None:
        """Leave out the ETag: nothing here may be cached."""
        return None

    def prepare(self) -> None:
        """Look at the headers. Who is refused is told once the body has come, or the closing would lose the answer."""
        self.refusal = self.check()
        declared = self.request.headers.get("Content-Length", "0")
        if declared.isdigit() and int(declared) > DRAIN:
            raise self.refusal or _too_large()

    def check(self) -> Problem | None:
        """Tell whether the caller is to be refused; the host comes first, against DNS rebinding."""
        if self.request.host.lower() not in self.service.hosts:
            return Problem.of(403, "Forbidden", "This server answers only to its own address.")
        if not (self.is_open() or self.has_token()):
            return unauthenticated()
        return None

    def is_open(self) -> bool:
        """Tell whether this path may be read without the token."""
        return False

    def has_token(self) -> bool:
        """Tell whether the caller showed the token; older clients say ``Token`` for ``Bearer``."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        # Bytes: compare_digest refuses text that is not ASCII.
        right = hmac.compare_digest(token.strip().encode(), self.service.token.encode())
        return right and scheme.lower() in ("bearer", "token")

    def data_received(self, chunk: bytes) -> None:
        """Collect the body, or let it pass unread when it will be refused anyway."""
        self.taken += len(chunk)
        if self.taken > DRAIN:
            if not self._finished:
                self.answer_problem(self.refusal or _too_large())
        elif self.taken <= MAX_BODY and not self.refusal:
            self.received += chunk
        else:
            self.received = bytearray()

    async def dispatch(self, *args: str) -> None:
        """Answer with the method that the caller asked for."""
        self.read = True
        if self.refusal:
            raise self.refusal
        if self.taken > MAX_BODY:
            raise _too_large()
        method = getattr(self, f"do_{(self.request.method or '').lower()}", None)
        if method is None:
            allowed = ", ".join(sorted(name[3:].upper() for name in dir(self) if name.startswith("do_")))
            problem = Problem.of(405, "Method not allowed", f"Method {self.request.method!r} is not allowed here.")
            problem.headers["Allow"] = allowed
            raise problem if allowed else not_found()
        await method(*args)

    get = head = post = put = patch = delete = options = dispatch

    def on_connection_close(self) -> None:
        """Stop holding an answer that nobody waits for any more."""
        super().on_connection_close()
        if self.held and not self.held.done():
            self.held.set_result(None)

    def send(self, answer: Any, status: int = 200) -> None:
        """Answer with JSON."""
        self.set_status(status)
        self.finish(json.dumps(answer, separators=(",", ":")).encode())

    def answer_problem(self, problem: Problem) -> None:
        """Answer with a problem."""
        self.clear()
        self.set_status(problem.status_code, responses.get(problem.status_code, "Error"))
        self.set_header("Content-Type", "application/problem+json")
        if not self.read:  # tornado closes after an answer that came before the body's end, and says nothing of it
            self.set_header("Connection", "close")
        for name, value in problem.headers.items():
            self.set_header(name, value)
        self.finish(json.dumps(problem.body).encode())

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Make a problem of every error, tornado's own included."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, Problem):
            self.answer_problem(error)
            return
        title = responses.get(status_code, "Error")
        detail = "The server met an error of its own." if status_code >= 500 else f"{title}."
        self.answer_problem(Problem.of(status_code, title, detail))

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log faults, and only faults, where a notebook does not show them."""
        if not isinstance(value, HTTPError):
            log.error("A request failed.", exc_info=(typ, value, tb) if value else None)

    @property
    def origin(self) -> str:
        """The address by which the caller came."""
        return f"http://{self.request.host}"

    def show(self, snapshot: dict[str, Any], prefix: str) -> dict[str, Any]:
        """Complete a snapshot with urls under the address by which the caller came."""
        get = f"{self.origin}{prefix}/predictions/{snapshot['id']}"
        shown = {**snapshot, "urls": {"get": get, "cancel": f"{get}/cancel"}}
        if shown["output"]:
            shown["output"] = self.origin + shown["output"]
        return shown


def _too_large() -> Problem:
    return Problem.of(413, "Payload too large", f"The body is larger than {MAX_BODY} bytes.")
