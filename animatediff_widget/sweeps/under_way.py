"""What can be asked of a sweep while it runs."""

from __future__ import annotations

import os
import threading

from animatediff_widget.errors import JobError, check
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.texts import Message

from .loop import Loop
from .traits import SweepTraits

__all__ = ["RunningSweep"]


@guarded_class
class RunningSweep(SweepTraits):
    """A sweep that may run: held up, ended, waited for; `Sweep` is one, and runs it."""

    _loop: Loop | None
    _thread: threading.Thread | None
    _process: int  # where the loop is

    def pause(self) -> None:
        """Begin no further cells; those that run go on."""
        self._want("pause")

    def resume(self) -> None:
        """Begin cells again after `pause`."""
        self._want("resume")

    def stop(self) -> None:
        """Begin no further cells, and end when those that run have ended."""
        self._want("stop")

    def cancel(self) -> None:
        """Begin no further cells, and cancel those that run, one that was found in a list (`Job.cancel`) too."""
        self._want("cancel")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, `timeout` seconds at the most; give whether it has ended."""
        check(float, none=True, timeout=timeout)
        loop = self._loop
        if loop is None or self._thread is threading.current_thread():  # an observer asks
            return self.state == "finished"
        self._check_process()
        return loop.ended.wait(None if timeout is None else min(timeout, threading.TIMEOUT_MAX))

    def _check_process(self) -> None:
        """Refuse to wait for a loop that is in another process."""
        if self._loop is not None and self._process != os.getpid():
            raise JobError(Message("in_a_fork", key=self.key))

    def _want(self, what: str) -> None:
        loop = self._loop
        if loop is not None:
            self._check_process()
            loop.want(what)
