"""Which cell shows which panel, so that a cell that runs again leaves no panel behind."""

from __future__ import annotations

import sys
import weakref
from typing import Any

__all__ = ["Shown"]


class Shown:
    """Remembers where panels were shown, and closes those that no cell shows any more.

    ipywidgets keeps every widget until it is closed. A cell that makes a panel and runs ten times would leave nine
    panels in the kernel and on the page, which nobody can see.
    """

    def __init__(self) -> None:
        self._runs: dict[str, int] = {}  # by cell: its last run that showed a panel
        self._cells: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()

    def add(self, panel: Any) -> None:
        """Note that the cell that runs shows a panel; what an earlier run of that cell alone had shown is closed.

        Parameters
        ----------
        panel : AnimateDiffPanel
            The panel.
        """
        cell, run = _running_cell()
        if not cell:
            return
        if self._runs.get(cell) != run:
            self._runs[cell] = run
            for other, cells in list(self._cells.items()):
                cells.discard(cell)
                if not cells and other is not panel:
                    del self._cells[other]
                    other.close()
        self._cells.setdefault(panel, set()).add(cell)


def _running_cell() -> tuple[str, int]:
    """Tell which cell of the notebook runs, and the number of that run; an empty name where nobody can say."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    try:
        return str(shell.get_parent()["metadata"]["cellId"]), int(shell.execution_count)
    except (AttributeError, KeyError, TypeError):
        return "", 0
