"""The two ways to run a panel's job: in the background, or inside the click (or the cell) that starts it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.texts import Message

from .waiting import WaitingMessages, current_header

if TYPE_CHECKING:
    from animatediff_widget.jobs.job import Job

__all__ = ["Background", "InsideClick"]


class Background:
    """Runs jobs in a thread of their own; the kernel stays free."""

    can_cancel = True
    hint = None

    def run(self, job: Job, watch: Callable[[], None], cancel: Callable[[], None], settle: Callable[[], None]) -> None:
        """Start a job; its thread delivers how it stands."""
        watch()
        job.start()

    def look(self) -> None:
        """Look at what the page has sent, before Run is offered again: nothing waits, the kernel is free."""

    def is_repeated_click(self) -> bool:
        """Whether the click on Run that is being handled is to start no job: no, `Controller.run` sees to that."""
        return False


class InsideClick:
    """Runs jobs inside the click (or the cell) that starts them.

    While one runs, the kernel takes no other message. Where its queue can be looked into, a click on Cancel is acted
    on while it waits there; when the kernel comes to it, the job has ended, and it does nothing. A click on Run that
    came before the job ended is the second of a double click: it is dropped when the kernel comes to it.
    """

    def __init__(self, run_id: str, cancel_id: str) -> None:
        self._waiting = WaitingMessages.here()
        self._run_id, self._cancel_id = run_id, cancel_id
        self._cancel: Callable[[], None] = lambda: None
        self._repeated: set[str] = set()
        self._clicked: datetime | None = None
        self._took = timedelta()

    @property
    def can_cancel(self) -> bool:
        """Whether a click on Cancel is noticed while a job runs."""
        return self._waiting is not None

    @property
    def hint(self) -> Message:
        """How to stop a job here."""
        return Message("to_stop_or_cancel" if self.can_cancel else "to_stop")

    def run(self, job: Job, watch: Callable[[], None], cancel: Callable[[], None], settle: Callable[[], None]) -> None:
        """Run a job to its end. An interrupt cancels it; a second one does not wait until it is canceled."""
        self._cancel = cancel
        self._clicked, begun = _sent_at(current_header()), time.monotonic()
        try:
            for step in (watch, lambda: job.run(idle=self.look)):
                try:
                    step()
                except KeyboardInterrupt:
                    job.cancel()  # where it has ended, or is being canceled, this changes nothing
                except AnimateDiffError:
                    pass  # it stands in the job's view
        finally:
            with contextlib.suppress(KeyboardInterrupt):  # there is nothing left to interrupt
                settle()
        self._took = timedelta(seconds=time.monotonic() - begun)

    def look(self) -> None:
        """Look at the clicks that wait in the kernel's queue."""
        for click in self._waiting.new_clicks() if self._waiting else ():
            if click.model_id == self._cancel_id:
                self._cancel()
            elif click.model_id == self._run_id:
                self._repeated.add(click.message_id)

    def is_repeated_click(self) -> bool:
        """Whether the click on Run that is being handled was made before the last job ended."""
        header = current_header()
        if self._waiting is not None:
            message = header.get("msg_id", "")
            repeated = message in self._repeated
            self._repeated.discard(message)
            return repeated
        # The page's clock may be wrong, but both dates are its own; how long the job took is measured here.
        clicked = _sent_at(header)
        return clicked is not None and self._clicked is not None and clicked - self._clicked < self._took


def _sent_at(header: dict[str, Any]) -> datetime | None:
    """Give when a message was sent, by the sender's clock."""
    date = header.get("date")
    return date if isinstance(date, datetime) else None
