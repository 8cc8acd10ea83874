"""A sweep in a notebook: its clips side by side, as they come."""

from __future__ import annotations

import contextlib
from typing import Any

import ipywidgets as widgets

from animatediff_widget.errors import check
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.sweeps.sweep import Sweep

from .cells import Cells
from .controls import Maker, display_widget, texts_of
from .front_end import runs_in_background
from .opened import OpenedCell
from .results import Outcome
from .sheet_box import SheetBox
from .static_copy import StaticCopy
from .theme import STYLE
from .waiting import WaitingMessages

__all__ = ["ContactSheet"]

_cells = Cells()
_TABS = ("tab_animation", "tab_json", "tab_logs")


@guarded_class
class ContactSheet(widgets.VBox):  # type: ignore[misc]
    """The cells of a sweep side by side, all loops in step. Show it as the last line of a cell.

    Cells fill as they come, whatever runs the sweep; the sheet itself starts nothing. Only what is seen is sent to the
    page: at most 48 cells, each clip once, as a picture of at most 40 KB. A cell that is pressed opens large, with its
    JSON, its log and its recipe.

    Parameters
    ----------
    sweep : Sweep
        What it shows.
    background : bool, optional
        Whether the page shows what is sent after a cell or a click has ended. When not given, not in Colab; there the
        sheet is drawn while its cell runs, and whenever something of it is pressed. `run` keeps it drawn.
    lang : {"en", "zh"}, optional
        The language; found from the environment when not given.

    Raises
    ------
    AnimateDiffError
        When `sweep` is no sweep, or there are no texts in that language.

    Examples
    --------
    >>> sweep = Sweep(AnimateDiffRequest(prompt="a boat"), steps=[1, 4, 25], seed=4)  # doctest: +SKIP
    >>> ContactSheet(sweep.start())  # doctest: +SKIP
    """

    def __init__(self, sweep: Sweep, *, background: bool | None = None, lang: str | None = None) -> None:
        check(Sweep, sweep=sweep)
        self._maker = make = Maker(texts_of(lang))
        self.sweep = sweep
        outcome = Outcome(make)
        tabs = make.make(widgets.Tab, "ad-results", children=list(outcome.boxes))
        for index, name in enumerate(_TABS):
            tabs.set_title(index, make.texts[name])
        tabs.selected_index = 0
        self._opened = OpenedCell(make, tabs, lambda view: outcome.render(view, is_old=True))
        self._opened.fold()
        self._sheet = SheetBox(sweep, make, self.open_cell, beside=runs_in_background(background), cancels=True)
        super().__init__(children=[make.html(STYLE), self._sheet.box, self._opened.box, tabs])
        self._copy = StaticCopy(self.model_id, make.texts)
        self._sheet.sheet.settled = self._keep
        self._sheet.run_here = self._run_in_click
        for name in ("animatediff", f"ad-{make.texts.language}"):
            self.add_class(name)
        self._sheet.sheet.show()

    def __repr__(self) -> str:
        return f"<ContactSheet {self.sweep!r}>"

    def run(self) -> Sweep:
        """Run the sweep to its end, with the sheet drawn meanwhile, where that is not done in the background.

        Returns
        -------
        Sweep
            The sweep.

        Raises
        ------
        AnimateDiffError
            As `Sweep.run`.
        """
        return self._run(confirm=False)

    def _run_in_click(self) -> None:
        with contextlib.suppress(KeyboardInterrupt):  # it is canceled
            self._run(confirm=True)

    def _run(self, *, confirm: bool) -> Sweep:
        waiting = WaitingMessages.here()

        def idle() -> None:
            for model in waiting.newly_clicked() if waiting else ():
                self._sheet.press(model)
            self._sheet.sheet.pace.idle()

        self.sweep.run(idle=idle, confirm=confirm)
        self._sheet.sheet.pace.finish()
        return self.sweep

    def open_cell(self, number: int) -> None:
        """Show a cell large, as a press on it does.

        Parameters
        ----------
        number : int
            Its number in `Sweep.cells`.

        Raises
        ------
        AnimateDiffError
            When there is no such cell.
        """
        check(int, number=number)
        self.sweep.view(number)
        self._opened.open(self._sheet, number)

    def close(self) -> None:
        """Take the sheet off the page and let go of what it holds. The sweep goes on."""
        if self.comm is None:
            return
        self._sheet.close()
        layout = self.layout
        self._maker.close()
        super().close()
        layout.close()

    def _ipython_display_(self, **kwargs: Any) -> None:
        if self.comm is None:
            print(self._maker.texts["closed"])
            return
        display_widget(self, getattr(super(), "_ipython_display_", None), **kwargs)
        self._copy.display()
        _cells.add(self)

    def _keep(self) -> None:
        """Leave a picture of the finished sheet in the cell."""
        self._copy.keep(self._sheet.sheet.kept())
