"""The hosted API for very many jobs, in a process of its own: it plays them by the time, and counts what it is asked.

    python tests/benchmarks/crowd.py --seconds 2 --latency 0.05 --creates 600

Every token is an account of its own. ``GET /counts`` tells of the token that asks: requests by kind, jobs made, how
many of them were made twice (the same seed), the most that ran at the same time. It prints its address.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

__all__ = ["crowd"]

CLIP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(range(256)) * 8
PATH = "/replicate/v1/predictions"
PAGE = 100
STARTS = 0.1  # of a job's time it is "starting"


@dataclass
class Played:
    """A job that was posted."""

    number: int
    text: str  # its input, as JSON
    posted: float = field(default_factory=time.monotonic)
    posted_at: float = field(default_factory=time.time)
    canceled: float | None = None

    def age(self) -> float:
        return (self.canceled or time.monotonic()) - self.posted


@dataclass
class Account:
    """One token's jobs, and what was asked for with it."""

    jobs: list[Played] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    made: deque[float] = field(default_factory=deque)  # in the last minute
    most: int = 0


class Crowd:
    """All accounts, and how long a job takes."""

    def __init__(self, seconds: float, latency: float, creates: int) -> None:
        self.seconds = seconds
        self.latency = latency
        self.creates = creates
        self.accounts: dict[str, Account] = {}
        self.url = ""

    def answer(self, method: str, path: str, token: str, body: bytes) -> tuple[int, bytes, str]:
        """Give the status of an answer, its body, and a further header."""
        account = self.accounts.setdefault(token, Account())
        path, _, query = path.partition("?")
        if path.startswith("/files/"):
            account.asked["file"] += 1
            return 200, CLIP, "Content-Type: image/webp"
        if path == "/counts":
            return 200, json.dumps(self.count(account)).encode(), ""
        if path == PATH and method == "POST":
            account.asked["create"] += 1
            return self.create(account, body)
        if path == PATH:
            account.asked["list"] += 1
            return 200, self.page(account, int(query.partition("cursor=")[2] or len(account.jobs))), ""
        played = account.jobs[int(path.removeprefix(f"{PATH}/job").removesuffix("/cancel"))]
        if path.endswith("/cancel"):
            account.asked["cancel"] += 1
            if played.age() < self.seconds:
                played.canceled = time.monotonic()
        else:
            account.asked["get"] += 1
        return 200, self.render(played, "Using seed: 1\\n").encode(), ""

    def create(self, account: Account, body: bytes) -> tuple[int, bytes, str]:
        now = time.monotonic()
        while account.made and account.made[0] < now - 60:
            account.made.popleft()
        if self.creates and len(account.made) >= self.creates:
            left = int(account.made[0] + 61 - now)
            return 429, json.dumps({"detail": "Request was throttled."}).encode(), f"Retry-After: {left}"
        account.made.append(now)
        played = Played(len(account.jobs), json.dumps(json.loads(body)["input"]))
        account.jobs.append(played)
        account.most = max(account.most, sum(self.runs(each) for each in account.jobs[-1000:]))
        return 201, self.render(played, "").encode(), ""

    def page(self, account: Account, end: int) -> bytes:
        begin = max(end - PAGE, 0)
        results = ",".join(self.render(each) for each in reversed(account.jobs[begin:end]))
        further = json.dumps(f"{self.url}{PATH}?cursor={begin}" if begin else None)
        return f'{{"previous": null, "next": {further}, "results": [{results}]}}'.encode()

    def runs(self, played: Played) -> bool:
        return played.canceled is None and played.age() < self.seconds

    def render(self, played: Played, logs: str | None = None) -> str:
        age = played.age()
        ended = age >= self.seconds
        status = "succeeded" if ended else "processing" if age >= STARTS * self.seconds else "starting"
        status = "canceled" if played.canceled else status
        stamp, name = _stamp(played.posted_at), f"job{played.number}"
        output = f'"{self.url}/files/{name}.webp"' if status == "succeeded" else "null"
        done = f'"{_stamp(played.posted_at + min(age, self.seconds))}"' if ended or played.canceled else "null"
        took = f'{{"predict_time": {(1 - STARTS) * self.seconds}}}' if ended else "{}"
        log = "" if logs is None else f'"logs": "{logs}", '
        return (
            f'{{"id": "{name}", "model": "lucataco/animate-diff", "version": "beecf59c", "input": {played.text}, '
            f'{log}"output": {output}, "error": null, "status": "{status}", "created_at": "{stamp}", '
            f'"started_at": "{stamp}", "completed_at": {done}, "metrics": {took}, '
            f'"urls": {{"get": "{self.url}{PATH}/{name}", "cancel": "{self.url}{PATH}/{name}/cancel"}}}}'
        )

    def count(self, account: Account) -> dict[str, object]:
        made = Counter(json.loads(each.text).get("seed") for each in account.jobs)
        return {
            "asked": dict(account.asked),
            "jobs": len(account.jobs),
            "twice": len(account.jobs) - len(made),
            "most": account.most,
            "connections": self.connections,
        }

    connections = 0


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Connection(asyncio.Protocol):
    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.data = b""
        crowd.connections += 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            first, *lines = self.data[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            whole = end + 4 + int(headers.get("content-length", 0))
            if len(self.data) < whole:
                return
            body, self.data = self.data[end + 4 : whole], self.data[whole:]
            method, path, _ = first.split(" ")
            token = headers.get("authorization", "").partition(" ")[2]
            status, answer, more = self.crowd.answer(method, path, token, body)
            more = more or "Content-Type: application/json"
            head = f"HTTP/1.1 {status} Because\r\n{more}\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
            asyncio.get_running_loop().call_later(self.crowd.latency, self.transport.write, head + answer)


async def _serve(crowd: Crowd) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(crowd), "127.0.0.1", 0, backlog=1000)
    crowd.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(crowd.url, flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def crowd(seconds: float = 2.0, latency: float = 0.0, creates: int = 0) -> Iterator[str]:
    """Run it; give its address."""
    command = [sys.executable, str(Path(__file__)), f"--seconds={seconds}", f"--latency={latency}"]
    with subprocess.Popen([*command, f"--creates={creates}"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="that a job takes")
    parser.add_argument("--latency", type=float, default=0.0, help="of each answer, in seconds")
    parser.add_argument("--creates", type=int, default=0, help="that are allowed in a minute (0: any number)")
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(Crowd(given.seconds, given.latency, given.creates)))


if __name__ == "__main__":
    main()
