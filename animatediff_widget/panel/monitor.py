"""How the job stands: one line, a bar, and the same in words for screen readers."""

from __future__ import annotations

import re
from typing import Any

import ipywidgets as widgets

from animatediff_widget.jobs.recovery import list_jobs
from animatediff_widget.jobs.status_line import describe
from animatediff_widget.jobs.view import JobView
from animatediff_widget.model.prediction import Prediction

from .controller import Controller
from .controls import Maker, draws, refill
from .markup import plain, problem, quiet, shorten

__all__ = ["Monitor"]


class Monitor:
    """Shows the controller's view, or why nothing was sent."""

    def __init__(self, controller: Controller, maker: Maker) -> None:
        self._controller, self._maker, self._texts = controller, maker, maker.texts
        self._candidates: tuple[Prediction, ...] = ()
        self._announced: tuple[str, int, str] = ("new", 0, "")
        self.status = maker.html()
        # Read out on its own, and rarely: a line that changes with every step would talk without end.
        # The page makes it a live region when the panel opens, before there is anything to read out.
        self.announcer = maker.html("", "ad-hidden", "ad-announcer")
        self.bar = maker.make(widgets.FloatProgress, min=0.0, max=1.0, value=0.0)
        self._always = (self.status, self.bar, self.announcer)
        self.box = maker.box(list(self._always))
        self._render()
        controller.observe(self._render, ["view", "refusal", "sweep_progress"])

    @draws
    def _render(self, _: Any = None) -> None:
        view, texts = self._controller.view, self._texts
        if self._controller.refusal:
            self.status.value = problem(texts.say(self._controller.refusal))
            return
        # The sheet of a sweep before this job may just tell how far it was.
        if self._controller.comparison.sweep is not None and self._controller.sweep_progress is not None:
            self._render_sweep(self._controller.sweep_progress)
            return
        line, notice = shorten(describe(view, texts)), shorten(texts.say(view.notice or ""))
        why = texts.say(view.error) if view.error is not None and view.state != "canceled" else ""
        if view.candidates:
            why = texts["one_of_these"]
        if view.candidates != self._candidates:
            self._candidates = view.candidates
            refill(self.box, *self._always, *map(self._candidate, view.candidates))
        self.status.value = f'<div class="ad-status">{plain(line)}</div>{quiet(notice)}{problem(why)}'
        progress = 1.0 if view.state == "succeeded" else (view.prediction and view.prediction.progress) or 0.0
        with self.bar.hold_sync():
            self.bar.value = progress if view.state in ("running", "downloading", "succeeded") else 0.0
            self.bar.bar_style = {"succeeded": "success", "failed": "danger"}.get(view.state, "")
        # A notice counts the seconds until the next try: the same one is said once.
        announced = (view.state, int(progress * 4), re.sub(r"\d+", "", notice))
        if announced != self._announced:
            self._announced = announced
            self.announcer.value = f"<div>{plain(f'{line} {notice}'.rstrip())}</div>"

    def _render_sweep(self, progress: Any) -> None:
        """Show how far a sweep is; its sheet reads that out."""
        line = shorten(progress.in_words(self._texts), 400)
        self.status.value = f'<div class="ad-status">{plain(line)}</div>'
        with self.bar.hold_sync():
            self.bar.value = progress.done / max(progress.total, 1)
            self.bar.bar_style = "success" if progress.succeeded == progress.total else ""

    def _candidate(self, prediction: Prediction) -> Any:
        """Make the line for a job at the endpoint that may be the one whose answer was lost."""
        controller, status = self._controller, describe(JobView("running", prediction), self._texts)
        mine = self._maker.button("mine", "check")
        mine.on_click(lambda _: controller.press(lambda: controller.adopt(prediction.id or "")))
        line = self._maker.html(plain(f"{shorten(list_jobs([prediction]), 100)} · {status}"))
        return self._maker.row([line, mine], "ad-candidate")
