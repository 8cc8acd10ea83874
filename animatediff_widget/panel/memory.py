"""What a page gives back after a reload that brings a new kernel, as every reload in Voilà does."""

from __future__ import annotations

import contextlib
import html
import itertools
import json
import uuid
import zlib
from collections.abc import Callable, Collection
from typing import Any

import ipywidgets as widgets
from traitlets import TraitError

from .controls import Maker

__all__ = ["Memory"]

_LONGEST = 20_000  # of a value, as JSON: all that is remembered is sent again with every change
_numbers = itertools.count(1)  # a notebook that runs from its top makes the same panels in the same order


class Memory:
    """What a person changed in a panel.

    The kernel writes it into the page. The page (`panel.js`) keeps it in the browser tab's `sessionStorage`, and sends
    it back when the panel of that number comes from another kernel. It answers every panel, if only to say that it
    knows nothing: what stands there then is the notebook's own, as Voilà runs the notebook before it shows the page.
    Where the notebook says otherwise than before the reload, it is left as it says.

    Parameters
    ----------
    maker : Maker
        What makes the widgets.
    read : callable
        Gives what stands in the panel: values of JSON by name, in the order in which they are put back; no key.
    write : callable
        Called with a name and a value to put back. `traitlets.TraitError`, ValueError and TypeError refuse it.
    fleeting : collection of str
        The names of what is never the same in two kernels, and is put back whatever the notebook says.
    """

    def __init__(
        self,
        maker: Maker,
        read: Callable[[], dict[str, Any]],
        write: Callable[[str, Any], None],
        fleeting: Collection[str] = (),
    ) -> None:
        self._read, self._write, self._fleeting = read, write, fleeting
        self._number, self._kernel = next(_numbers), uuid.uuid4().hex
        self._first = self._digests()
        self._given_back = False
        self._held = False
        self._told = maker.html()
        self._answer = maker.make(widgets.Text)
        self._answer.observe(self._answered, "value")
        self.box = maker.box([self._told, self._answer], "ad-memory")
        self.tell()

    def _digests(self) -> dict[str, int]:
        return {name: _digest(json.dumps(value)) for name, value in self._read().items()}

    def tell(self, _: Any = None) -> None:
        """Write what stands in the panel into the page; to be called when it changed."""
        # A job tells from its own thread: whoever writes last looks once more.
        while not self._held and self._told.value != (text := self._as_html()):
            self._told.value = text

    def _as_html(self) -> str:
        changed = {}
        for name, value in self._read().items():
            text = json.dumps(value)
            if _digest(text) != self._first[name] and len(text) <= _LONGEST:
                changed[name] = [self._first[name], value]
        return (
            f'<i data-panel="{self._number}" data-kernel="{self._kernel}" data-back="{self._given_back}" '
            f'data-known="{html.escape(json.dumps(changed))}"></i>'
        )

    def _answered(self, change: Any) -> None:
        """Take what the page sent. It goes the way of a person's own input; what does not fit is left out."""
        try:
            known = dict(json.loads(change["new"]))
        except (ValueError, TypeError, RecursionError):
            known = {}
        if not self._given_back:
            self._first = self._digests()
        self._given_back = self._held = True
        try:
            for name, first in self._first.items():
                with contextlib.suppress(TraitError, ValueError, TypeError):
                    before, value = known.get(name, (None, None))
                    if before == first or (name in self._fleeting and name in known):
                        self._write(name, value)
        finally:
            self._held = False
            self.tell()


def _digest(text: str) -> int:
    return zlib.crc32(text.encode())
