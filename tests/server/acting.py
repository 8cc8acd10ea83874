"""For the tests of runners with processes: an engine whose prompt says what it does, and who its runs report to."""

from __future__ import annotations

import itertools
import os
import queue
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.engines.previews import Preview
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.server.runners import Run, Runner


class ActingEngine(Engine):
    """Gives the id of its process. ``home`` is that of the tests', which must not die."""

    def __init__(self, folder: Path, home: int | None = None) -> None:
        self.folder = folder
        self.home = home or os.getpid()

    def run(
        self,
        request: AnimateDiffRequest,
        *,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
        preview: Preview | None,
    ) -> Output:
        here = os.getpid()
        log(f"{here}\n")
        act, _, name = request.prompt.partition(" ")
        if act == "wait":
            self.pause(canceled, lambda: False)
        if act == "once":  # waits, but for whoever draws it again
            mark = self.folder / f"once-{seed}"
            if not mark.exists():
                mark.touch()
                self.pause(canceled, lambda: False)
        if act == "meet":  # ends only when as many are here at once as the name says
            (self.folder / f"here-{seed}").touch()
            self.pause(canceled, lambda: len(list(self.folder.glob("here-*"))) >= int(name))
        if act == "say":
            return Output(name.encode(), "webp", "image/webp")
        if act == "show" and preview:
            preview.show(np.full((8, 8, 3), int(name), np.uint8))
            self.pause(canceled, lambda: False)
        if act == "break":
            raise KeyError("/home/somebody/secret")
        if act == "die" and here != self.home:
            deaths = self.folder / f"deaths-{seed}"
            deaths.write_text(deaths.read_text() + "x" if deaths.exists() else "x")
            if len(deaths.read_text()) <= int(name):
                os.kill(here, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        return Output(str(here).encode(), "webp", "image/webp")

    def pause(self, canceled: Callable[[], bool], over: Callable[[], bool]) -> None:
        while not over():
            if canceled():
                raise Canceled
            time.sleep(0.005)


class Reported:
    """Keeps what a runner reports, by the run."""

    def __init__(self) -> None:
        self.logs: dict[str, str] = {}
        self.begun: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.shown: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self.logged: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self.ended: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def begin(self, run_id: str) -> bool:
        self.begun.put(run_id)
        return True

    def log(self, run_id: str, text: str) -> None:
        self.logs[run_id] = self.logs.get(run_id, "") + text
        self.logged.put((run_id, text))

    def preview(self, run_id: str, data: bytes) -> None:
        self.shown.put((run_id, data))

    def end(self, run_id: str, result: Output | str | None) -> None:
        self.ended.put((run_id, result.data.decode() if isinstance(result, Output) else str(result)))

    def ends(self, count: int) -> dict[str, str]:
        return dict(self.ended.get(timeout=60) for _ in range(count))


_numbers = itertools.count(1)


def start(runner: Runner, reported: Reported, *prompts: str, previews: bool = False) -> list[str]:
    """Start a run for each prompt; give their ids."""
    runs = [
        Run(f"run {number}", AnimateDiffRequest(prompt=prompt), number, reported, previews)
        for prompt, number in zip(prompts, _numbers, strict=False)
    ]
    for run in runs:
        runner.start(run)
    return [run.id for run in runs]
