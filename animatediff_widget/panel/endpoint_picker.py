"""The controls for where to run: the place, its base url, its key."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from animatediff_widget.texts import Message

from .controls import Maker
from .endpoint_choice import EndpointChoice
from .markup import problem, quiet

__all__ = ["EndpointPicker"]


class EndpointPicker:
    """Controls for an `EndpointChoice`. A typed key leaves its control at once."""

    def __init__(self, choice: EndpointChoice, maker: Maker) -> None:
        texts = maker.texts
        self._choice, self._texts = choice, texts
        options = [
            (texts["unavailable"].format(place=texts[each.kind]) if each.available() else texts[each.kind], each.kind)
            for each in choice.registry.places()
        ]
        self.kind = maker.make(widgets.Dropdown, description=texts["endpoint"], options=options, value=choice.kind)
        self.base_url = maker.make(
            widgets.Text,
            description=texts["base_url"],
            continuous_update=False,
        )
        self.key = maker.make(
            widgets.Password, description=texts["key"], placeholder=texts["key_placeholder"], continuous_update=False
        )
        self.note = maker.html()
        self.box = maker.box([])
        self._render()
        choice.observe(self._render, ["endpoint", "problem", "kind", "base_url", "unavailable", "refused_key"])
        self.kind.observe(self._chosen, "value")
        self.base_url.observe(self._chosen, "value")
        self.key.observe(self._typed, "value")

    def _chosen(self, change: Any) -> None:
        known = self._choice.kind if change["owner"] is self.kind else self._choice.base_url
        if change["new"] != known:  # else the control follows the choice
            self._choice.choose(self.kind.value, self.base_url.value)
            self._render()  # nobody is told where a key was taken out of the same base url again

    def _typed(self, change: Any) -> None:
        if change["new"].strip():
            self.key.value = ""
            self._render(refused=self._choice.give_key(change["new"]))

    def _render(self, _: Any = None, refused: Message | str | None = None) -> None:
        """Show what the chosen place needs, and what is wrong with what it was given."""
        choice = self._choice
        self.kind.value, self.base_url.value = choice.kind, choice.base_url
        status, wrong = choice.key_status()
        wrong = refused or choice.unavailable or choice.problem or wrong
        asked = [self.kind]
        place = choice.registry.place(choice.kind)
        self.base_url.placeholder = self._texts[place.example]
        if place.needs_url:
            asked.append(self.base_url)
        if status in ("missing", "typed"):
            asked.append(self.key)
        code = {"typed": "key_kept", "found": "key_found"}.get(status)
        self.note.value = problem(self._texts.say(wrong)) if wrong else quiet(self._texts[code] if code else "")
        self.box.children = (*asked, self.note)
