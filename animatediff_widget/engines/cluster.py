"""What runs on the workers of a Dask cluster: an engine, its log as events, and when it stops."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

from animatediff_widget.model.body import Body
from animatediff_widget.model.cluster import EngineName

from .drawing import Drawn, draw
from .named import make_engine
from .previews import Preview

__all__ = ["draw_here"]

_EVENT_SECONDS = 0.25  # what an engine logs meanwhile goes together: thousands of jobs share one scheduler


_engine = functools.cache(make_engine)  # one of a kind in a process: a GPU has one job at a time, and no model is twice


@contextlib.contextmanager
def _memory_kept() -> Iterator[None]:
    """Let glibc keep freed memory while an engine draws; all of it goes back at the end.

    Dask has its workers give every piece back at once (``MALLOC_TRIM_THRESHOLD_``), and fetching it again took a third
    of the time of the pocket engine.
    """
    threshold = os.environ.get("MALLOC_TRIM_THRESHOLD_", "")
    libc = ctypes.CDLL(None) if sys.platform == "linux" and threshold.isdigit() else None
    if not hasattr(libc, "mallopt"):
        yield
        return
    assert libc is not None
    trim, mmap = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
    libc.mallopt(trim, 2**28)
    libc.mallopt(mmap, 2**25)
    try:
        yield
    finally:
        libc.mallopt(trim, int(threshold))
        libc.mallopt(mmap, 2**17)  # what it is without a setting
        libc.malloc_trim(0)


def draw_here(engine: EngineName, body: str, seed: int, run_id: str, topic: str, previews: bool) -> tuple[Drawn, str]:
    """Draw one run on this worker; give what became of it and the whole log.

    Each event names the attempt, as Dask runs a task again where its worker was lost, and says where in the log its
    text stands. The first one says that the run begins.
    """
    from distributed import get_worker

    worker = get_worker()
    task = worker.state.tasks[worker.get_current_task()]
    attempt, log, sent, due, waits = uuid.uuid4().hex, "", 0, 0.0, False

    def report(**more: Any) -> None:
        nonlocal sent, due, waits
        waits, due = False, time.monotonic() + _EVENT_SECONDS
        text = log[sent:]
        worker.log_event(topic, {"run": run_id, "attempt": attempt, "at": sent, "text": text, **more})
        sent += len(text)

    def write(text: str) -> None:
        nonlocal log, waits
        log += text
        if not waits:
            waits = True
            worker.loop.add_callback(worker.loop.call_later, max(0.0, due - time.monotonic()), report)

    def show(data: bytes) -> None:
        worker.loop.add_callback(functools.partial(report, preview=data))

    def unwanted() -> bool:
        """Whether the scheduler has given the task up: it was canceled, or the notebook it was drawn for is gone."""
        return task.state not in ("executing", "long-running")

    write("")
    with _memory_kept():
        preview = Preview(show) if previews else None
        drawn = draw(_engine(engine), Body(body).request(), seed, write, unwanted, preview)
    if isinstance(drawn.result, str):  # "on this computer" has to say which
        drawn = drawn._replace(result=f"On the worker {worker.address}: {drawn.result}")
    return drawn, log
