"""The line above the form that offers jobs of an earlier session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .controller import Controller
from .controls import Maker, refill
from .markup import quiet, said, shorten

if TYPE_CHECKING:
    from animatediff_widget.jobs.job import Job

__all__ = ["ResumeOffer"]


class ResumeOffer:
    """Shows the first job that is offered, and what is to be said about the journal; empty when there is nothing."""

    def __init__(self, controller: Controller, maker: Maker) -> None:
        self._controller, self._maker = controller, maker
        self.box = maker.row([], "ad-offer")
        self._render()
        controller.earlier.observe(self._render, ["offers", "report"])

    def _render(self, _: Any = None) -> None:
        earlier, maker, texts = self._controller.earlier, self._maker, self._maker.texts
        children = []
        if earlier.offers:
            entry, *others = earlier.offers
            code = "unseen" if entry.state == "succeeded" else "unfinished"
            text = texts[code].format(prompt=shorten(entry.body.prompt, 60), seed=entry.seed)
            if others:
                text += " " + texts["and_more"].format(count=len(others))
            accept = maker.button("show" if code == "unseen" else "resume", "play")
            accept.on_click(lambda _: self._controller.press(self._accept))
            decline = maker.button("not_now", "times")
            decline.on_click(lambda _: earlier.decline_offers())
            children = [maker.html(said(text)), accept, decline]
        if earlier.report:
            children.append(maker.html(quiet(texts.say(earlier.report))))
        refill(self.box, *children)

    def _accept(self) -> Job | None:
        earlier = self._controller.earlier
        entry = earlier.take_offer()
        job = self._controller.resume(entry)
        if job is None:  # it can be picked up once the reason is gone
            earlier.offers = (entry, *earlier.offers)
        return job
