"""Where weights lie: on this machine, in the hub's cache, or, once fetched, there."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from animatediff_widget.engines import Canceled
from animatediff_widget.errors import AnimateDiffError, MissingExtra
from animatediff_widget.paths import data_folder
from animatediff_widget.texts import Message

from .catalog import Weights
from .files import FOLDERS, Kind, choose

__all__ = ["Finder", "weights_folder"]

# The "B" of bytes keeps a small file's bar from being read as that of a job's steps.
_BAR = "\r{l_bar}{bar}| {n_fmt}B/{total_fmt}B [{elapsed}<{remaining}, {rate_fmt}]"
_GRACE_SECONDS = 10.0  # for the hub to remove what is half there; it takes some milliseconds where nothing is stuck
_CODE = (
    "import sys; sys.path[:] = {path!r}; "
    "from animatediff_widget.engines.diffusers.download import main; main(*{order!r})"
)


def weights_folder() -> Path:
    """Give the folder where a person can put weights: ``owner/name`` in it is looked at before the hub."""
    return data_folder() / "weights"


class Finder:
    """Finds the files of one job, and fetches what is missing; `half` is whether half precision will do."""

    def __init__(self, half: bool, log: Callable[[str], None], canceled: Callable[[], bool]) -> None:
        self._half = half
        self._log = log
        self._canceled = canceled

    def find(self, weights: Weights, kind: Kind) -> Path:
        """Give the file, or the folder of the files, on this machine."""
        if weights.path:
            path = Path(weights.path)
            if path.is_dir() and self._chosen(path, kind) is None:
                raise AnimateDiffError(Message("weights_incomplete", path=path, files=_needed(kind)))
            return path
        if weights.file:
            kind = "file"
        for folder in (weights_folder() / weights.repository, self._cached(weights.repository)):
            if folder and self._chosen(folder, kind, weights.file) is not None:
                return folder / weights.file
        return self._fetch(weights, kind) / weights.file

    def _chosen(self, folder: Path, kind: Kind, file: str = "") -> list[str] | None:
        # No deeper: a person can name a folder such as "~", which has a million files below.
        paths = [folder / file] if file else [path for part in FOLDERS for path in (folder / part).glob("*")]
        names = [path.relative_to(folder).as_posix() for path in paths if os.path.isfile(path)]
        return choose(names, kind, file, self._half)

    def _cached(self, repository: str) -> Path | None:
        try:
            from huggingface_hub import snapshot_download
        except ImportError:
            raise MissingExtra(Message("gpu_missing", package="huggingface_hub")) from None
        try:
            return Path(snapshot_download(repository, local_files_only=True))
        except Exception:  # there is none, or its name is none; the hub has several errors for it
            return None

    def _fetch(self, weights: Weights, kind: Kind) -> Path:
        """Fetch files into the hub's cache; those that came whole before a cancellation or an error stay there."""
        began, total, shown = time.monotonic(), 0.0, -1
        with contextlib.closing(_reports(weights.repository, kind, weights.file, self._half)) as reports:
            for report in reports:
                if self._canceled():
                    raise Canceled
                if "files" in report:
                    total = sum(report["files"].values())
                    size, names = _size(total), ", ".join(report["files"])
                    source = f"huggingface.co/{weights.repository}"
                    self._log(f"Fetching {names} of {source}: {size}, into {report['cache']}\n")
                elif "done" in report and total:
                    percent = int(100 * report["done"] / total)
                    if percent != shown:
                        shown = percent
                        self._log(_bar(report["done"], total, time.monotonic() - began))
                elif "folder" in report:
                    self._log("\n")
                    return Path(report["folder"])
                elif "error" in report:
                    raise self._failed(weights, kind, report["error"], report.get("why", ""))
        raise self._failed(weights, kind, "network", "")

    def _failed(self, weights: Weights, kind: Kind, error: str, why: str) -> AnimateDiffError:
        files, folder = weights.file or _needed(kind), weights_folder() / weights.repository
        params = {"files": files, "repository": weights.repository, "folder": folder, "why": why}
        if error == "missing":
            return AnimateDiffError(Message("weights_not_there", **params))
        return AnimateDiffError(Message("weights_no_room" if error == "disk" else "weights_not_fetched", **params))


def _reports(repository: str, kind: Kind, file: str, half: bool) -> Generator[dict[str, Any], None, None]:
    """Start a process that fetches, and yield what it reports; end it once nobody wants more."""
    path = [os.path.abspath(folder) for folder in sorted(sys.path, key=lambda folder: folder == "")]
    order = (repository, kind, file, "half" if half else "full")
    with subprocess.Popen(  # noqa: S603 - this interpreter; what came from outside is in it as literals
        [sys.executable, "-c", _CODE.format(path=path, order=order)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        errors="replace",
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        start_new_session=True,  # an interrupt of the kernel, which goes to its whole group, is the job's to heed
    ) as child:
        try:
            assert child.stdout
            for line in child.stdout:
                if line.startswith("{"):  # else something that a library prints
                    yield json.loads(line)
        finally:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_GRACE_SECONDS)
            child.kill()


def _size(number: float) -> str:
    from tqdm import tqdm

    return str(tqdm.format_sizeof(number, "B"))


def _bar(done: float, total: float, elapsed: float) -> str:
    from tqdm import tqdm

    return tqdm.format_meter(min(done, total), total, elapsed, unit="B", unit_scale=True, bar_format=_BAR)


def _needed(kind: Kind) -> str:
    """Name the files that a folder of some kind has."""
    return {
        "adapter": "config.json, diffusion_pytorch_model.safetensors",
        "lora": "diffusion_pytorch_model.safetensors",
        "config": "model_index.json, tokenizer/*, {unet,vae,text_encoder}/config.json",
        "pipeline": "tokenizer/*, {unet,vae,text_encoder}/*",
        "file": "",
    }[kind]
