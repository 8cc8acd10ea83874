"""A predictions server that only plays jobs: what it answers follows from a plan and the time, nothing is drawn."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Plan", "StandIn"]

CLIP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(range(256)) * 8
_PATH = "/replicate/v1/predictions"


@dataclass(frozen=True)
class Plan:
    """How a job goes. Times are seconds since its POST.

    Parameters
    ----------
    ends : float
        When it has succeeded.
    steps : int
        How many steps its bar has.
    starts : float
        How long it is "starting".
    tail : float
        How long it takes after its last step.
    bar : bool
        Whether there is a progress bar in its log.
    claimed : float
        The speed that the bar claims, in parts of the true one.
    lump : float
        The log grows once in so many seconds; 0 for at every step.
    jitter : float
        How much the duration of a step differs from the others', up or down, in parts of it.
    """

    ends: float
    steps: int = 25
    starts: float = 0.3
    tail: float = 0.0
    bar: bool = True
    claimed: float = 1.0
    lump: float = 0.0
    jitter: float = 0.1

    def done_at(self) -> list[float]:
        """Give when each step is done; the same every time."""
        draw = random.Random(self.ends)
        lengths = [1 + draw.uniform(-self.jitter, self.jitter) for _ in range(self.steps)]
        scale = (self.ends - self.starts - self.tail) / sum(lengths)
        return [self.starts + scale * sofar for sofar in itertools.accumulate(lengths)]


@dataclass
class Played:
    """A job that was posted."""

    id: str
    plan: Plan
    input: dict[str, object]
    posted: float = field(default_factory=time.monotonic)
    posted_at: float = field(default_factory=time.time)
    requests: int = 1  # the POST

    def __post_init__(self) -> None:
        self._done_at = self.plan.done_at()

    @property
    def ended(self) -> float:
        """When it ends, by the monotonic clock."""
        return self.posted + self.plan.ends

    def answer(self, url: str) -> dict[str, object]:
        """Give the prediction as it is now."""
        age = time.monotonic() - self.posted
        plan = self.plan
        ended, started = age >= plan.ends, age >= plan.starts
        return {
            "id": self.id,
            "model": "lucataco/animate-diff",
            "version": "beecf59c",
            "input": self.input,
            "logs": self._log(age if ended or not plan.lump else age // plan.lump * plan.lump),
            "output": f"{url}/files/{self.id}.webp" if ended else None,
            "error": None,
            "status": "succeeded" if ended else "processing" if started else "starting",
            "created_at": self._stamp(0.0),
            "started_at": self._stamp(plan.starts) if started else None,
            "completed_at": self._stamp(plan.ends) if ended else None,
            "urls": {"get": f"{url}{_PATH}/{self.id}", "cancel": f"{url}{_PATH}/{self.id}/cancel"},
        }

    def _log(self, age: float) -> str:
        if age < self.plan.starts:
            return ""
        lines = ["Using seed: 1\n"]
        for step, at in enumerate(self._done_at[: bisect_right(self._done_at, age)] if self.plan.bar else [], 1):
            total = len(self._done_at)
            rate = self.plan.claimed * step / (at - self.plan.starts)
            left = (total - step) / rate
            spent = at - self.plan.starts
            lines.append(
                f"{100 * step // total:3}%|{'█' * (10 * step // total):10}| {step}/{total} "
                f"[00:{spent:02.0f}<{left // 60:02.0f}:{left % 60:02.0f}, {rate:5.2f}it/s]\n"
            )
        return "".join(lines)

    def _stamp(self, age: float) -> str:
        at = datetime.fromtimestamp(self.posted_at + age, timezone.utc)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        owner = self.server.stand_in
        played = Played(f"job{next(owner.numbers)}", owner.plan, body["input"])
        owner.jobs[self.headers["Authorization"].partition(" ")[2]] = played
        owner.by_id[played.id] = played
        self._json(201, played.answer(owner.url))

    def do_GET(self) -> None:
        owner = self.server.stand_in
        if self.path.startswith("/files/"):
            self._send(200, CLIP, "image/webp")
            return
        played = owner.by_id[self.path.rpartition("/")[2]]
        played.requests += 1
        self._json(200, played.answer(owner.url))

    def _json(self, status: int, answer: object) -> None:
        self._send(status, json.dumps(answer).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stand_in: StandIn


class StandIn:
    """The server, on a free port of this machine, with every job after `plan`.

    Attributes
    ----------
    plan : Plan
        How jobs that are posted from now on go.
    jobs : dict of str to Played
        The last job of each token.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.jobs: dict[str, Played] = {}
        self.by_id: dict[str, Played] = {}
        self.numbers = itertools.count(1)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stand_in = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> StandIn:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
