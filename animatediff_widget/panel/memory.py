"""What a page puts back after a reload that brings a new kernel, as every reload in Voilà does."""

from __future__ import annotations

import contextlib
import html
import itertools
import json
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from traitlets import TraitError

from animatediff_widget.errors import JournalError

from .controls import Maker

if TYPE_CHECKING:
    from animatediff_widget.journal import JournalEntry

__all__ = ["Memory"]

_numbers = itertools.count(1)  # a notebook that runs from its top makes the same panels in the same order


class Memory:
    """What stands in a panel's controls, and its last job.

    The kernel writes it into the page. The page (`panel.js`) keeps it in the browser tab's `sessionStorage`, which goes
    with the tab, and sends it back when the panel of that number comes from another kernel. Keys are not in it.

    Parameters
    ----------
    maker : Maker
        What makes the widgets.
    controls : mapping of str to ipywidgets.Widget
        The controls to remember, in the order in which they are put back.
    show : callable
        Called with the `JournalEntry` of the last job, before the controls are put back.
    """

    def __init__(self, maker: Maker, controls: Mapping[str, Any], show: Callable[[JournalEntry], Any]) -> None:
        self._controls = controls
        self._show = show
        self._job: str | None = None
        self._number, self._kernel = next(_numbers), uuid.uuid4().hex
        self._held = False
        self._told = maker.html()
        self._back = maker.make(widgets.Text)
        self.box = maker.box([self._told, self._back], "ad-memory")
        for control in controls.values():
            control.observe(self._tell, _trait(control))
        self._back.observe(self._put_back, "value")
        self._tell()

    def note(self, job: str | None) -> None:
        """Remember the last job.

        Parameters
        ----------
        job : str or None
            Its key in the journal.
        """
        if job != self._job:
            self._job = job
            self._tell()

    def _tell(self, _: Any = None) -> None:
        if not self._held:
            values = {name: getattr(control, _trait(control)) for name, control in self._controls.items()}
            known = json.dumps({"controls": values, "job": self._job})
            self._told.value = (
                f'<i data-panel="{self._number}" data-kernel="{self._kernel}" data-known="{html.escape(known)}"></i>'
            )

    def _put_back(self, change: Any) -> None:
        """Take what the page sent. It goes the way of a person's own input, and what does not fit is left out."""
        try:
            known = json.loads(change["new"])
            values, job = dict(known["controls"]), known["job"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return
        self._held = True
        try:
            self._put_back_job(job)
            for name, control in self._controls.items():
                if name in values:
                    with contextlib.suppress(TraitError):
                        setattr(control, _trait(control), values[name])
        finally:
            self._held = False
            self._tell()

    def _put_back_job(self, job: Any) -> None:
        from animatediff_widget.journal import Journal

        if not isinstance(job, str):
            return
        with contextlib.suppress(JournalError):
            entry = Journal().get(job)
            if entry is not None:
                self._show(entry)


def _trait(control: Any) -> str:
    """Name the trait of a control that a person sets."""
    return "value" if control.has_trait("value") else "selected_index"
