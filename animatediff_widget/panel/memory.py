"""The key of the last job, which a browser's tab remembers where a reload brings a new kernel, as in Voilà."""

from __future__ import annotations

import html
import itertools
from typing import Any

import ipywidgets as widgets

from .controller import Controller
from .controls import Maker

__all__ = ["Memory"]

_numbers = itertools.count(1)  # a notebook that runs from its top makes the same panels in the same order


class Memory:
    """Writes the key of the displayed job into the page, and takes the one that the page knows.

    The page (`panel.js`) keeps the key of a job that a person ran or picked in the tab's `sessionStorage`, and gives it
    back once, when the panel of that number comes from another kernel.
    """

    def __init__(self, controller: Controller, maker: Maker) -> None:
        self._controller, self._number = controller, next(_numbers)
        self.note = maker.html()
        self.answer = maker.make(widgets.Text)
        self.box = maker.box([self.note, self.answer], "ad-memory")
        self._write()
        controller.observe(self._write, "key")
        self.answer.observe(self._given_back, "value")

    def _given_back(self, change: Any) -> None:
        self.answer.unobserve(self._given_back, "value")
        self._controller.recall(change["new"])

    def _write(self, _: Any = None) -> None:
        key = html.escape(self._controller.key)
        self.note.value = f'<i data-panel="{self._number}" data-job="{key}"></i>'
