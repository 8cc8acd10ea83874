"""The tab with the request as it would be sent now: as JSON, as a curl command, as Python."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from animatediff_widget.errors import AnimateDiffError

from .controller import Controller
from .controls import Maker
from .markup import code_block, plain, problem

__all__ = ["RequestTab"]

_LANGUAGES = (("JSON", ""), ("curl", "curl"), ("Python", "python"))


class RequestTab:
    """Writes the request, only while it is looked at: a snippet may need the built-in server."""

    def __init__(self, controller: Controller, maker: Maker) -> None:
        self._controller, self._texts = controller, maker.texts
        self.is_open = False  # whether the tab is looked at
        self.language = maker.make(widgets.ToggleButtons, description=maker.texts["as"], options=_LANGUAGES, value="")
        self.code = maker.html()
        self.box = maker.box([self.language, self.code])
        self.language.observe(self.render, "value")
        controller.choice.observe(self.render, ["endpoint", "problem"])
        controller.observe(self.render, "edited")

    def render(self, _: Any = None) -> None:
        """Write the request, where the tab is looked at."""
        if not self.is_open:
            return
        request, language = self._controller.request, self.language.value
        try:
            text = self._controller.choice.snippet(request, language) if language else request.to_json()
        except AnimateDiffError as error:
            self.code.value = problem(self._texts.say(error))
            return
        later = f'<p class="ad-quiet">{plain(self._texts["seed_later"])}</p>' if request.seed is None else ""
        self.code.value = code_block(text, self._texts) + later
