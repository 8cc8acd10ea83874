"""Which cell displays which panel, so that a cell that runs again leaves no panel behind."""

from __future__ import annotations

import weakref
from typing import Any

from .front_end import running_cell

__all__ = ["Cells"]


class Cells:
    """Remembers in which cells panels were displayed, and closes those that no cell displays any more.

    ipywidgets keeps every widget until it is closed. A cell that makes a panel and runs ten times would leave nine
    panels in the kernel and on the page, which nobody can see.
    """

    def __init__(self) -> None:
        self._runs: dict[str, int] = {}  # by cell: its last run that displayed a panel
        self._of: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()

    def add(self, panel: Any) -> None:
        """Note that the cell that runs displays a panel; what only an earlier run of that cell displayed is closed."""
        cell, run = running_cell()
        if not cell:
            return
        if self._runs.get(cell) != run:
            self._runs[cell] = run
            for other, cells in list(self._of.items()):
                cells.discard(cell)
                if not cells and other is not panel:
                    del self._of[other]
                    other.close()
        self._of.setdefault(panel, set()).add(cell)
