"""The cell of a sheet that is open: its name, what can be done with it, and what came out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from animatediff_widget.jobs.view import JobView

from .controls import Maker, draws
from .markup import plain, shorten

if TYPE_CHECKING:
    from animatediff_widget.sweeps.cells import Cell

    from .sheet_box import SheetBox

__all__ = ["OpenedCell"]


class OpenedCell:
    """The line above an open cell; `render` shows its job, `put_back` puts its settings back where there is a form."""

    def __init__(
        self,
        maker: Maker,
        below: Any,
        render: Callable[[JobView], None],
        put_back: Callable[[Cell], None] | None = None,
    ) -> None:
        self._maker, self._render, self._below = maker, render, below
        self._sheet: SheetBox | None = None
        self.number: int | None = None
        self.title = maker.html()
        self.put_back = maker.button("sheet_put_back", "sliders")
        self.close = maker.button("sheet_close", "times")
        buttons = [*([self.put_back] if put_back else []), self.close]
        self.box = maker.row([self.title, *buttons], "ad-detail-head", "ad-folded")
        self.close.on_click(lambda _: self.fold())
        if put_back is not None:
            self.put_back.on_click(lambda _: self._with_cell(put_back))

    @draws
    def open(self, sheet: SheetBox, number: int) -> None:
        """Open a cell, or show how it ended while it was open."""
        self._sheet, self.number = sheet, number
        sheet.sheet.mark(number)
        name = plain(shorten(sheet.sheet.name(number), 300))
        self.title.value = f'<h3 class="ad-title ad-said">{name}</h3>'
        sheet.fetch_log(number)
        self._render(sheet.sweep.view(number))
        self.box.remove_class("ad-folded")
        self._below.remove_class("ad-folded")

    @draws
    def fold(self) -> None:
        """Show no cell, and nothing below."""
        self.unfold()
        self._below.add_class("ad-folded")

    @draws
    def unfold(self) -> None:
        """Show no cell, but what stands below: it is of something else."""
        if self._sheet is not None:
            self._sheet.sheet.mark(None)
        self.number = None
        self.box.add_class("ad-folded")
        self._below.remove_class("ad-folded")

    def _with_cell(self, put_back: Callable[[Cell], None]) -> None:
        if self._sheet is not None and self.number is not None:
            put_back(self._sheet.sweep.cells[self.number])
