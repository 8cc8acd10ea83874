"""How the job stands: one line, a bar, and the same in words for screen readers."""

from __future__ import annotations

import re
from typing import Any

import ipywidgets as widgets

from animatediff_widget.jobs.status_line import describe

from .controller import Controller
from .controls import Maker
from .markup import plain, problem, quiet, shorten

__all__ = ["Monitor"]


class Monitor:
    """Shows the controller's view, or why nothing was sent."""

    def __init__(self, controller: Controller, maker: Maker) -> None:
        self._controller, self._texts = controller, maker.texts
        self._announced: tuple[str, int, str] = ("new", 0, "")
        self.status = maker.html()
        # Read out on its own, and rarely: a line that changes with every step would talk without end.
        # The page makes it a live region when the panel opens, before there is anything to read out.
        self.announcer = maker.html("", "ad-hidden", "ad-announcer")
        self.bar = maker.make(widgets.FloatProgress, min=0.0, max=1.0, value=0.0)
        self.box = maker.box([self.status, self.bar, self.announcer])
        self._render()
        controller.observe(self._render, ["view", "refusal"])

    def _render(self, _: Any = None) -> None:
        view, texts = self._controller.view, self._texts
        if self._controller.refusal:
            self.status.value = problem(texts.say(self._controller.refusal))
            return
        line, notice = shorten(describe(view, texts)), shorten(texts.say(view.notice or ""))
        why = texts.say(view.error) if view.error is not None and view.state != "canceled" else ""
        self.status.value = f'<div class="ad-status">{plain(line)}</div>{quiet(notice)}{problem(why)}'
        progress = 1.0 if view.state == "succeeded" else (view.prediction and view.prediction.progress) or 0.0
        self.bar.value = progress if view.state in ("running", "downloading", "succeeded") else 0.0
        self.bar.bar_style = {"succeeded": "success", "failed": "danger"}.get(view.state, "")
        # A notice counts the seconds until the next try: the same one is said once.
        announced = (view.state, int(progress * 4), re.sub(r"\d+", "", notice))
        if announced != self._announced:
            self._announced = announced
            self.announcer.value = f"<div>{plain(f'{line} {notice}'.rstrip())}</div>"
