"""The line above the form that offers jobs of an earlier session."""

from __future__ import annotations

from typing import Any

from animatediff_widget.sweeps.labels import axis_label

from .controller import Controller
from .controls import Maker, draws, refill
from .markup import quiet, said, shorten

__all__ = ["ResumeOffer"]


class ResumeOffer:
    """Shows the first job that is offered, and what is to be said about the journal; empty when there is nothing."""

    def __init__(self, controller: Controller, maker: Maker) -> None:
        self._controller, self._maker = controller, maker
        self.box = maker.row([], "ad-offer")
        self._render()
        controller.earlier.observe(self._render, ["offers", "sweeps", "report"])

    @draws
    def _render(self, _: Any = None) -> None:
        earlier, maker, texts = self._controller.earlier, self._maker, self._maker.texts
        children = []
        if earlier.sweeps:
            sweep, *others = earlier.sweeps
            text = texts["unfinished_sweep"].format(
                prompt=shorten(sweep.body.prompt, 60),
                axes=" × ".join(axis_label(name, texts) for name in sweep.axes),
                count=sweep.size,
            )
            if others or earlier.offers:
                text += " " + texts["and_more"].format(count=len(others) + len(earlier.offers))
            accept = maker.button("resume", "play")
            accept.on_click(lambda _: self._controller.press(lambda: self._controller.resume_sweep(sweep)))
            children = self._offer(text, accept)
        elif earlier.offers:
            entry, *others = earlier.offers
            code = "unseen" if entry.state == "succeeded" else "unfinished"
            text = texts[code].format(prompt=shorten(entry.body.prompt, 60), seed=entry.seed)
            if others:
                text += " " + texts["and_more"].format(count=len(others))
            accept = maker.button("show" if code == "unseen" else "resume", "play")
            accept.on_click(lambda _: self._controller.press(lambda: self._controller.resume(entry)))
            children = self._offer(text, accept)
        if earlier.report:
            children.append(maker.html(quiet(texts.say(earlier.report))))
        refill(self.box, *children)

    def _offer(self, text: str, accept: Any) -> list[Any]:
        """Make the line of an offer, which can be declined too."""
        decline = self._maker.button("not_now", "times")
        decline.on_click(lambda _: self._controller.earlier.decline_offers())
        return [self._maker.html(said(text)), accept, decline]
