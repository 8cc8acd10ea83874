"""The tab with the request as it would be sent now: as JSON, as a curl command, as Python."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.model.request import AnimateDiffRequest

from .controller import Controller
from .controls import Maker
from .markup import code_block, plain, problem

__all__ = ["RequestTab"]

_LANGUAGES = (("JSON", ""), ("curl", "curl"), ("Python", "python"))


class RequestTab:
    """Writes the request, only while it is looked at: a snippet may need the built-in server."""

    def __init__(self, controller: Controller, maker: Maker) -> None:
        self._controller, self._texts = controller, maker.texts
        self._request: AnimateDiffRequest = controller.request
        self.is_open = False  # whether the tab is looked at
        self.language = maker.make(widgets.ToggleButtons, description=maker.texts["as"], options=_LANGUAGES, value="")
        self.code = maker.html()
        self.box = maker.box([self.language, self.code])
        self.language.observe(self.render, "value")
        controller.choice.observe(self.render, ["endpoint", "problem"])
        self._request.observe(self.render)

    def bind(self, request: AnimateDiffRequest) -> None:
        """Write another request from now on."""
        self.close()
        self._request = request
        request.observe(self.render)
        self.render()

    def close(self) -> None:
        """Let go of the request."""
        self._request.unobserve(self.render)

    def render(self, _: Any = None) -> None:
        """Write the request, where the tab is looked at."""
        if not self.is_open:
            return
        try:
            language = self.language.value
            text = self._controller.choice.snippet(self._request, language) if language else self._request.to_json()
        except AnimateDiffError as error:
            self.code.value = problem(self._texts.say(error))
            return
        later = f'<p class="ad-quiet">{plain(self._texts["seed_later"])}</p>' if self._request.seed is None else ""
        self.code.value = code_block(text, self._texts) + later
