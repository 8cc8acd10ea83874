"""A built-in server whose engine waits until a test lets it go on, and a session at it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.engines.previews import Preview
from animatediff_widget.model.request import DEFAULT_VERSION, AnimateDiffRequest
from animatediff_widget.server import LocalServer

ENDED = {"succeeded", "failed", "canceled", "aborted"}
PROBLEM = "application/problem+json"
BODY = {"version": DEFAULT_VERSION, "input": {"prompt": "a boat", "steps": 3, "seed": 7}}


class GatedEngine(Engine):
    """Draws the prompt as text; a run goes on only when the test lets it, or has opened the gate for all."""

    name = "gated"

    def __init__(self, *, open_gate: bool = False) -> None:
        self.seeds: list[int] = []
        self.prompts: list[str] = []
        self.begun = threading.Semaphore(0)
        self.permits = threading.Semaphore(0)
        self.open = threading.Event()
        self.frame: Any = None
        if open_gate:
            self.open.set()

    def run(
        self,
        request: AnimateDiffRequest,
        *,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
        preview: Preview | None,
    ) -> Output:
        self.seeds.append(seed)
        self.prompts.append(request.prompt)
        log(f"Using seed: {seed}\n")
        if preview and self.frame is not None:
            preview.show(self.frame)
        self.begun.release()
        while not self.open.is_set() and not self.permits.acquire(timeout=0.005):
            if canceled():
                raise Canceled
        if request.prompt == "refuse me":
            raise ValueError("This engine cannot draw that.")
        if request.prompt == "break":
            raise KeyError("/home/somebody/secret")
        log("done\n")
        return Output(request.prompt.encode(), "webp", "image/webp")


class Caller(requests.Session):
    """A session at one server, with its token."""

    def __init__(self, server: LocalServer, prefix: str = "/v1") -> None:
        super().__init__()
        self.trust_env = False
        self.server = server
        self.base = server.base_url + prefix
        self.headers["Authorization"] = f"Bearer {server.token}"

    def create(self, prompt: str = "a boat", *, wait: bool = False, **headers: str) -> dict[str, Any]:
        if wait:
            headers["Prefer"] = "wait"
        body = {"version": DEFAULT_VERSION, "input": {"prompt": prompt}}
        answer = self.post(f"{self.base}/predictions", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def look(self, prediction: dict[str, Any]) -> dict[str, Any]:
        return self.get(prediction["urls"]["get"]).json()

    def until(self, prediction: dict[str, Any], *statuses: str) -> dict[str, Any]:
        while (seen := self.look(prediction))["status"] not in (statuses or ENDED):
            time.sleep(0.002)
        return seen


@contextmanager
def serving(engine: Any = None, **options: Any) -> Iterator[tuple[Caller, Any]]:
    engine = engine or GatedEngine(open_gate=True)
    with LocalServer(engine, **options) as server, Caller(server) as caller:
        yield caller, engine


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def gated() -> Iterator[tuple[Caller, GatedEngine]]:
    with serving(GatedEngine()) as pair:
        yield pair


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with serving(keep=50) as (caller, _):
        yield caller
