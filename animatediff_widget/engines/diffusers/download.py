"""A process that fetches files with the hub's own code, so that it can be ended at any time.

It takes the repository, the kind, the file and whether half precision is wanted as arguments, and writes JSON lines.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, ClassVar

from .files import choose

__all__ = ["main"]

_SECONDS = 0.5  # between two reports


def _say(**report: Any) -> None:
    try:
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()
    except OSError:  # nobody listens any more
        os._exit(1)


class _Meter:
    """Counts what is fetched, in the form of a progress bar, and draws nothing."""

    before: ClassVar[float] = 0  # of the files that are there
    # Of the file that comes. It has one bar, or one for what comes and one for what is written; the further one counts.
    done: ClassVar[dict[int, float]] = {}

    def __init__(self, *args: Any, initial: float = 0, total: float | None = None, **more: Any) -> None:
        self.n, self.total = initial, total
        self.format_dict: dict[str, Any] = {}
        self.done[id(self)] = initial

    def update(self, n: float = 1) -> None:
        self.n += n
        self.done[id(self)] = self.n

    @classmethod
    def next_file(cls, size: float) -> None:
        cls.done.clear()
        cls.before += size

    def __enter__(self) -> _Meter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        return

    def refresh(self) -> None:
        return

    def set_postfix_str(self, text: str = "", refresh: bool = True) -> None:
        return


def _fetch(repository: str, kind: Any, file: str, half: bool) -> None:
    from huggingface_hub import HfApi, constants, hf_hub_download

    info = HfApi().model_info(repository, files_metadata=True)
    sizes = {each.rfilename: each.size or 0 for each in info.siblings or ()}
    files = choose(sizes, kind, file, half)
    if files is None:
        _say(error="missing", why="not in its list")
        return
    _say(files={name: sizes[name] for name in files}, cache=str(constants.HF_HUB_CACHE))
    folder = Path()
    for name in files:
        path = hf_hub_download(repository, name, tqdm_class=_Meter)
        folder = Path(path).parents[name.count("/")]
        _Meter.next_file(sizes[name])
    _say(done=_Meter.before)
    _say(folder=str(folder))


def _report() -> None:
    """Say how far it is, again and again: whoever listens looks then whether it shall go on."""
    while not threading.Event().wait(_SECONDS):
        _say(done=_Meter.before + max(_Meter.done.values(), default=0))


def _reason(error: Exception) -> tuple[str, str]:
    """Give what kind of trouble it is, and the hub's words."""
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

    cause: BaseException | None = error
    while cause:
        if isinstance(cause, OSError) and (cause.errno == errno.ENOSPC or cause.filename is not None):
            return "disk", str(cause)
        cause = cause.__cause__
    if isinstance(error, LocalEntryNotFoundError):
        return "network", str(error.__cause__ or error)
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, HfHubHTTPError) and status is not None:
        return ("missing" if status in (401, 403, 404) else "network"), f"HTTP {status}"
    return ("missing" if isinstance(error, EntryNotFoundError) else "network"), str(error)


def main(repository: str, kind: str, file: str, half: str) -> None:
    """Fetch, and say how it goes; any error is a report too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the hub removes what is half there
    threading.Thread(target=_report, daemon=True).start()
    try:
        _fetch(repository, kind, file, half == "half")
    except Exception as error:
        kind_of_error, why = _reason(error)
        _say(error=kind_of_error, why=" ".join(why.split())[:300] or type(error).__name__)


if __name__ == "__main__":
    main(*sys.argv[1:])
