"""A real Cog container without Docker: Cog's own server, with a small model that writes down its runs."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

MODEL = """
import json, os, time
from cog import BaseRunner, CancelationException, Input, Path

def note(what):
    with open(os.environ["MODEL_LOG"], "a") as file:
        file.write(what + "\\n")

class Runner(BaseRunner):
    def setup(self):
        if os.environ["SETUP"] == "broken":
            raise RuntimeError("the weights are not there")
        time.sleep(float(os.environ["SETUP"]))

    def run(
        self, prompt: str = Input(default=""), n_prompt: str = Input(default=""), steps: int = Input(default=25),
        guidance_scale: float = Input(default=7.5), seed: int = Input(default=0), path: str = Input(default=""),
        motion_module: str = Input(default=""), num_frames: int = Input(default=16),
    ) -> list[Path]:
        note("begun")
        try:
            print(f"Using seed: {seed}, frames: {num_frames}", flush=True)
            for step in range(1, steps + 1):
                time.sleep(0.05)
                print(f"\\r {100 * step // steps}%|##| {step}/{steps} [00:00<00:00, 20.00it/s]", end="", flush=True)
            if prompt == "break":
                raise ValueError("no more boats")
        except CancelationException:
            note("canceled")
            raise
        files = []
        for number in range(2 if prompt == "two" else 1):
            files.append(Path(f"{os.environ['MODEL_LOG']}-{number}.gif"))
            files[-1].write_bytes(b"GIF89a" + f"{prompt} {seed} {number}".encode() + bytes(int(os.environ["SIZE"])))
        note("ended")
        return files
"""


def environment(folder: Path) -> Path:
    """Give a Python that has Cog: the one that COG_PYTHON names, else a new one; several processes share it."""
    if "COG_PYTHON" in os.environ:
        return Path(os.environ["COG_PYTHON"])
    python = folder / "bin" / "python"
    if not python.exists():
        uv = shutil.which("uv")
        made = [uv, "venv", "--quiet", folder] if uv else [sys.executable, "-m", "venv", folder]
        pip = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
        subprocess.run(made, check=True)
        subprocess.run([*pip, "--quiet", "cog"], check=True)
    return python


class Container:
    """One container; it can be killed and started again at the same address."""

    def __init__(self, python: Path, folder: Path, schema: dict[str, Any] | None = None) -> None:
        self._python, self._folder, self._log = python, folder, folder / "model.log"
        folder.mkdir()
        (folder / "cog.yaml").write_text('run: "run.py:Runner"\n')
        (folder / "run.py").write_text(MODEL)
        if schema is not None:  # where `cog build` puts it
            (folder / ".cog").mkdir()
            (folder / ".cog" / "openapi_schema.json").write_text(json.dumps(schema))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, setup: str = "0", size: int = 0, ready: bool = True) -> None:
        """Start it where it does not run, and wait until it is ready, or answers at least."""
        if self._process is not None:
            return
        path = os.pathsep.join([str(self._python.parent), os.environ["PATH"]])
        model = {"MODEL_LOG": str(self._log), "SETUP": setup, "SIZE": str(size)}
        server = {"PATH": path, "PORT": str(self.port), "COG_PREDICT_TYPE_STUB": "run.py:Runner"}
        self._process = subprocess.Popen(
            [self._python, "-m", "cog.server.http", "--host", "127.0.0.1"],
            cwd=self._folder,
            env={**os.environ, **model, **server},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while self.standing() in ((None, "STARTING") if ready else (None,)):
            time.sleep(0.02)

    def standing(self) -> str | None:
        """What it says of itself; None while it does not answer."""
        assert self._process is None or self._process.poll() is None
        try:
            return requests.get(f"{self.url}/health-check", timeout=10).json()["status"]
        except requests.ConnectionError:
            return None

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, 9)
            self._process.wait()
            self._process = None

    def forget(self) -> None:
        """Take away what the model wrote down."""
        self._log.unlink(missing_ok=True)

    def runs(self) -> list[str]:
        """What the model wrote down: of each run that it has begun, and how it ended."""
        return self._log.read_text().split() if self._log.exists() else []

    def wait_for(self, *runs: str) -> None:
        while self.runs() != list(runs):
            time.sleep(0.02)
