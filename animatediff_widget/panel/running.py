"""Running a panel's job where it cannot run in the background: inside the click (or the cell) that starts it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.texts import Message

from .waiting import WaitingMessages

if TYPE_CHECKING:
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.sweeps.sweep import Sweep

__all__ = ["InsideClick"]


class InsideClick:
    """Runs jobs inside the click (or the cell) that starts them.

    While one runs, the kernel takes no other message. Where its queue can be looked into, a click on Cancel is acted
    on while it waits there; when the kernel comes to it, the job has ended, and it does nothing.
    """

    def __init__(self, cancel_id: str) -> None:
        self._waiting = WaitingMessages.here()
        self._cancel_id = cancel_id
        self.pressed: Callable[[str], object] = lambda model: None  # of a sheet; told which model was clicked
        self.idle: Callable[[], object] = lambda: None  # draws a sheet, now and then
        self.finish: Callable[[], object] = lambda: None  # draws what is left of it
        self.can_cancel = self._waiting is not None  # whether a click on Cancel is noticed while a job runs
        self.hint = Message("to_stop_or_cancel" if self.can_cancel else "to_stop")  # how to stop a job here

    def run(self, job: Job, watch: Callable[[], None], cancel: Callable[[], None], settle: Callable[[], None]) -> None:
        """Run a job to its end. An interrupt cancels it; a second one does not wait until it is canceled."""
        try:
            for step in (watch, lambda: job.run(idle=lambda: self._look(cancel))):
                try:
                    step()
                except KeyboardInterrupt:
                    job.cancel()  # where it has ended, or is being canceled, this changes nothing
                except AnimateDiffError:
                    pass  # it stands in the job's view
        finally:
            with contextlib.suppress(KeyboardInterrupt):  # there is nothing left to interrupt
                settle()

    def run_sweep(self, sweep: Sweep, cancel: Callable[[], None]) -> None:
        """Run a sweep to its end, with its sheet drawn meanwhile. An interrupt cancels it."""

        def look() -> None:
            self._look(cancel)
            self.idle()

        with contextlib.suppress(KeyboardInterrupt):  # it is canceled
            sweep.run(idle=look, confirm=True)
        with contextlib.suppress(KeyboardInterrupt):
            self.finish()

    def _look(self, cancel: Callable[[], None]) -> None:
        """Look at the clicks that wait in the kernel's queue."""
        for model in self._waiting.newly_clicked() if self._waiting else ():
            if model == self._cancel_id:
                cancel()
            else:
                self.pressed(model)
