"""How the job stands: one line, a bar, and the same in words for screen readers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from animatediff_widget.jobs.status_line import describe
from animatediff_widget.texts import TEXTS

from .controls import Maker, problem
from .markup import plain

if TYPE_CHECKING:
    from animatediff_widget.jobs.job import Job

__all__ = ["Monitor"]


class Monitor:
    """Watches a job.

    Parameters
    ----------
    maker : Maker
        What makes the widgets.

    Attributes
    ----------
    line : str
        How the job stands, in words; empty where there was none.
    """

    def __init__(self, maker: Maker) -> None:
        self._job: Job | None = None
        self.line = ""
        self._announced: tuple[str, int, str] = ("", 0, "")
        self._refused = False
        self.status = maker.html(_status(TEXTS["ready"]))
        # Read out on its own, and rarely: a line that changes with every step would talk without end.
        # The page makes it a live region when the panel opens, before there is anything to read out.
        self.announcer = maker.html("", "ad-hidden", "ad-announcer")
        self.bar = maker.make(widgets.FloatProgress, min=0.0, max=1.0, value=0.0)
        self.box = maker.box([self.status, self.bar, self.announcer])

    def watch(self, job: Job) -> None:
        """Watch a job from now on, and no other.

        Parameters
        ----------
        job : Job
            The job.
        """
        if self._job is not None:
            self._job.unobserve(self._changed, ["state", "prediction", "notice"])
        self._job = job
        job.observe(self._changed, ["state", "prediction", "notice"])
        self._changed(None)

    def tell(self, line: str, state: str, error: str) -> None:
        """Say how a job of an earlier session ended.

        Parameters
        ----------
        line : str
            The status line.
        state : str
            The `Job`'s state.
        error : str
            What went wrong, or nothing.
        """
        self.line = line
        self.status.value = _status(line) + (problem(error) if state != "canceled" else "")
        self._draw(state, 1.0)

    def _draw(self, state: str, progress: float) -> None:
        self.bar.value = progress if state in ("running", "downloading", "succeeded") else 0.0
        self.bar.bar_style = {"succeeded": "success", "failed": "danger"}.get(state, "")

    def refuse(self, sentence: str) -> None:
        """Say why nothing was sent.

        Parameters
        ----------
        sentence : str
            The reason.
        """
        self._refused = True
        self.status.value = problem(sentence)

    def take_back(self) -> None:
        """Take away what `refuse` said: its reason is gone, or another one."""
        if self._refused:
            self._refused = False
            self.status.value = _status(self.line or TEXTS["ready"])

    def _changed(self, _: Any) -> None:
        job = self._job
        assert job is not None
        prediction = job.prediction
        progress = (prediction.progress if prediction else None) or 0.0
        self.line = describe(job)
        line = _status(self.line)
        if job.notice:
            line += f'<div class="ad-quiet">{plain(job.notice)}</div>'
        if job.error is not None and job.state != "canceled":
            line += problem(str(job.error))
        self.status.value = line
        self._refused = False
        self._draw(job.state, progress)
        # A notice counts the seconds until the next try: the same one is said once.
        announced = (job.state, int(progress * 4), re.sub(r"\d+", "", job.notice))
        if announced != self._announced:
            self._announced = announced
            self.announcer.value = f"<div>{plain(f'{self.line} {job.notice}'.rstrip())}</div>"


def _status(text: str) -> str:
    return f'<div class="ad-status">{plain(text)}</div>'
