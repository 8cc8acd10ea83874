"""A job inside the click: what the page asks for meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from traitlets import Bunch

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.texts import TEXTS

from .markup import plain
from .waiting import WaitingMessages, current_header, uninterrupted

if TYPE_CHECKING:
    from animatediff_widget.jobs.job import Job

__all__ = ["InsideClick", "say_again"]


class InsideClick:
    """Runs jobs inside the click (or the cell) that starts them.

    While one runs, the kernel takes no other message. Where its queue can be looked into, a click on Cancel is acted
    on while it waits there; when the kernel comes to it, the job has ended, and it does nothing. A click on Run that
    came before the job ended is the second of a double click: it is dropped when the kernel comes to it.

    Parameters
    ----------
    run_button, cancel_button : ipywidgets.Button
        The panel's buttons.
    cancel : callable
        Cancels the running job.

    Attributes
    ----------
    can_cancel : bool
        Whether a click on Cancel is noticed while a job runs. Where not, only an interrupt stops it.
    hint : str
        How to stop a job here, as HTML.
    interrupted : bool
        Whether the last job was interrupted.
    """

    def __init__(self, run_button: Any, cancel_button: Any, cancel: Callable[[], None]) -> None:
        self._waiting = WaitingMessages.here()
        self._run_button, self._cancel_button, self._cancel = run_button, cancel_button, cancel
        self._too_early: set[str] = set()
        self._clicked: datetime | None = None
        self._took = timedelta()
        self.interrupted = False

    @property
    def can_cancel(self) -> bool:
        """Whether a click on Cancel is noticed while a job runs."""
        return self._waiting is not None

    @property
    def hint(self) -> str:
        """How to stop a job here, as HTML."""
        text = TEXTS["to_stop_or_cancel" if self.can_cancel else "to_stop"]
        return f'<span class="ad-quiet">{plain(text)}</span>'

    def run(self, job: Job, show: Callable[[Job], None]) -> None:
        """Run a job to its end, which stands in its state and error.

        An interrupt cancels the job; a second one does not wait until it is canceled.

        Parameters
        ----------
        job : Job
            The job.
        show : callable
            Lets the panel show the job; called first, and never cut short.
        """
        self._clicked, begun, self.interrupted = _sent_at(current_header()), time.monotonic(), False
        for step in (lambda: _undisturbed(show, job), lambda: job.run(self.look)):
            try:
                step()
            except KeyboardInterrupt:
                self.interrupted = True
                job.cancel()  # where it has ended, or is being canceled, this changes nothing
            except AnimateDiffError:
                pass
        self._took = timedelta(seconds=time.monotonic() - begun)

    def look(self) -> None:
        """Look at what has come; to be called while a job waits, and once more before Run is offered again."""
        for click in self._waiting.new_clicks() if self._waiting else ():
            if click.model_id == self._cancel_button.model_id:
                self._cancel()
            elif click.model_id == self._run_button.model_id:
                self._too_early.add(click.message_id)

    def too_early(self) -> bool:
        """Whether the click that is being handled came before the last job had ended."""
        header = current_header()
        if self._waiting is not None:
            message = header.get("msg_id", "")
            early = message in self._too_early
            self._too_early.discard(message)
            return early
        # The page's clock may be wrong, but both dates are its own; how long the job took is measured here.
        clicked = _sent_at(header)
        return None not in (clicked, self._clicked) and clicked - self._clicked < self._took  # type: ignore[operator]


def say_again(job: Job, boxes: list[Any]) -> None:
    """Tell the panel once more how a job stands, and the page what the panel shows: an interrupt may have cut in.

    Parameters
    ----------
    job : Job
        The job.
    boxes : list of ipywidgets.Widget
        What shows it, with all that is in them.
    """
    for name in ("prediction", "animation", "state"):
        value = getattr(job, name)
        job.notify_change(Bunch(name=name, old=value, new=value, owner=job, type="change"))
    while boxes:
        box = boxes.pop()
        boxes.extend(getattr(box, "children", ()))
        box.send_state()


def _undisturbed(show: Callable[[Job], None], job: Job) -> None:
    with uninterrupted():
        show(job)


def _sent_at(header: dict[str, Any]) -> datetime | None:
    """Give when a message was sent, by the sender's clock."""
    date = header.get("date")
    return date if isinstance(date, datetime) else None
