"""Processes that draw, so that several runs use several cores; and how many cores there are."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from animatediff_widget.engines import Engine
from animatediff_widget.engines.drawing import Drawn
from animatediff_widget.engines.worker import Cancel, Log, Order, Shown, receive, send
from animatediff_widget.model.body import Body

if TYPE_CHECKING:
    from .runners import Run

__all__ = ["Process", "cores"]

# The parent's path, but the working folder last: a random.py there must not take the place of Python's own.
_CODE = "import sys; sys.path[:] = {path!r}; from animatediff_widget.engines.worker import main; main()"

# Each process with threads for all cores would make the processes slower than one of them alone.
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

# Dask leaves this in the environment of a notebook that starts workers; drawing takes almost twice as long with it.
_TRIM = "MALLOC_TRIM_THRESHOLD_"


def cores() -> int:
    """Count the processors that this process may use: of the machine, its affinity, and its container's share."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for files in (["cpu.max"], ["cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"]):  # control groups, version 2 and 1
        with suppress(OSError, ValueError):  # another system, or no share: "max"
            quota, period = map(int, " ".join(Path("/sys/fs/cgroup", file).read_text() for file in files).split())
            count = min(count, max(1, quota // period)) if quota > 0 else count
    return count


class Process:
    """A process that draws, from its parent's side; its numerical libraries use so many threads."""

    def __init__(self, engine: Engine, threads: int = 1) -> None:
        if getattr(sys, "frozen", False) or not sys.executable:  # it is an application, which would start once more
            raise OSError("There is no interpreter that could be started.")
        flags = 0
        if sys.platform == "win32":  # no window, and no Ctrl-C that is meant for the parent
            flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        path = [os.path.abspath(folder) for folder in sorted(sys.path, key=lambda folder: folder == "")]
        code = _CODE.format(path=path)
        inherited = {name: value for name, value in os.environ.items() if name != _TRIM}
        self._child = subprocess.Popen(  # noqa: S603 - this interpreter, and no text from outside
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**inherited, **dict.fromkeys(_THREADS, str(threads))},
            creationflags=flags,
            start_new_session=True,  # an interrupt of the kernel, which goes to its whole group, must not end it
        )
        self._orders, self._reports = cast("BinaryIO", self._child.stdin), cast("BinaryIO", self._child.stdout)
        self._sending = threading.Lock()
        self._engine = engine

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._child.poll() is None

    def wait_ready(self) -> None:
        """Hand over the engine and return when it is there; raise where the process has ended or talks nonsense."""
        self._send(self._engine)
        receive(self._reports)

    def draw(self, run: Run) -> Drawn:
        """Draw there; raises as `wait_ready`."""
        self._send(Order(run.id, Body.of(run.request), run.seed, run.previews))
        if run.stop.is_set():  # the word may have gone out before the order
            self.cancel(run.id)
        while isinstance(message := receive(self._reports), Log | Shown):
            if isinstance(message, Log):
                run.reports.log(run.id, message.text)
            else:
                run.reports.preview(run.id, message.data)
        return cast("Drawn", message)

    def cancel(self, run_id: str) -> None:
        """Stop a run there."""
        with suppress(OSError, ValueError):  # it has ended
            self._send(Cancel(run_id))

    def _send(self, message: Any) -> None:
        with self._sending:
            send(self._orders, message)

    def kill(self) -> None:
        """End it at once: it holds nothing that could be lost."""
        self._child.kill()

    def close(self) -> None:
        """End it and wait for that."""
        self.kill()
        self._child.wait()
        self._orders.close()
        self._reports.close()

    def abandon(self) -> None:
        """Let go of it in the child of a fork: it would outlive the parent as long as the child had its pipe."""
        self._orders.close()
        self._reports.close()
        self._child.returncode = 0  # it is not this process's child
