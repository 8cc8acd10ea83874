"""An engine for the tests of processes: what it does is its prompt, and it can be pickled."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from animatediff_widget.engines import Canceled, Output
from animatediff_widget.model.request import AnimateDiffRequest


class ActingEngine:
    """Gives the id of its process. ``home`` is that of the tests', which must not die."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = os.getpid()

    def run(
        self, request: AnimateDiffRequest, *, seed: int, log: Callable[[str], None], canceled: Callable[[], bool]
    ) -> Output:
        here = os.getpid()
        log(f"{here}\n")
        act, _, name = request.prompt.partition(" ")
        if act == "wait":
            self.pause(canceled, lambda: False)
        if act == "meet":  # ends only when as many are here at once as the name says
            (self.folder / f"here-{seed}").touch()
            self.pause(canceled, lambda: len(list(self.folder.glob("here-*"))) >= int(name))
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
