"""A sheet with what stands above it: which axis goes where, which part is seen, and how its sweep is held up."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.sweeps.labels import axis_label, value_label

from .arrangement import COLUMNS, ROWS, Arrangement
from .comparison import Comparison
from .controls import Maker, draws, refill
from .markup import as_label, plain, problem, shorten
from .sheet import Sheet

if TYPE_CHECKING:
    from animatediff_widget.sweeps.sweep import Sweep

__all__ = ["SheetBox"]

_MOST_OPTIONS = 500
_IN_A_CLICK = 2.0  # in seconds


class SheetBox:
    """A sweep's sheet and its controls; `cancels` puts a button to cancel it beside them.

    It is drawn at most once in `pace` seconds.
    """

    def __init__(
        self,
        sweep: Sweep,
        maker: Maker,
        open_cell: Callable[[int], None],
        *,
        beside: bool = True,
        cancels: bool = False,
        pace: float = 1.0,
    ) -> None:
        self.sweep, self._maker, self._texts, self._beside = sweep, maker, maker.texts, beside
        self.hold = maker.button("sheet_hold", "pause")
        self.stop = maker.button("sheet_stop", "stop")
        self.retry = maker.button("sheet_retry", "repeat")
        self.cancel = maker.button("cancel", "times")
        self.note = maker.html()
        self._confirmation = Comparison()
        self.hold.on_click(lambda _: self.toggle_pause())
        self.stop.on_click(lambda _: sweep.stop())
        self.retry.on_click(lambda _: self._retry())
        self.cancel.on_click(lambda _: sweep.cancel())
        self._axes = [axis_label(name, maker.texts) for name in sweep.axes]
        self.sheet = Sheet(sweep, maker, open_cell, beside=beside, pace=pace)
        self.choices = maker.row([], "ad-sheet-choices")
        self.pages = maker.row([], "ad-sheet-pages")
        self.run_here: Callable[[], object] = lambda: None  # runs the sweep inside the click
        actions = [self.hold, self.stop, *([self.cancel] if cancels else []), self.retry]
        self.actions = maker.row(actions, "ad-sheet-actions")
        self.box = maker.box([self.choices, self.actions, self.note, self.sheet.grid, self.pages])
        self._offer()
        sweep.observe(self._state_changed, "state")
        self._state_changed()

    def close(self) -> None:
        """Watch the sweep no more."""
        self.sweep.unobserve(self._state_changed, "state")
        self.sheet.close()

    def fetch_log(self, number: int) -> None:
        """Fetch the log of a cell that has none: it is opened anew then; in a click, that is waited for."""
        with contextlib.suppress(AnimateDiffError):
            self.sweep.fetch_log(number, self.sheet.pace.ask, 0.0 if self._beside else _IN_A_CLICK)

    def toggle_pause(self) -> None:
        """Pause the sweep, or let it go on."""
        (self.sweep.resume if self.sweep.state == "paused" else self.sweep.pause)()

    def press(self, model: str) -> None:
        """Do what the click on a widget is for that waits in the kernel's queue; the kernel comes to it later."""
        if model == self.hold.model_id:
            self.toggle_pause()
        elif model == self.stop.model_id:
            self.sweep.stop()
        elif model == self.cancel.model_id:
            self.sweep.cancel()
        else:
            self.sheet.press(model)

    def _retry(self) -> None:
        """Run the cells again that failed."""
        self.note.value = ""
        if self.retry.disabled:  # it was pressed while the kernel was busy
            return
        try:
            self._confirmation.retry(self.sweep, start=self._beside)
            if not self._beside:
                self.run_here()
        except AnimateDiffError as error:
            self.note.value = problem(self._texts.say(error))

    @draws
    def _state_changed(self, _: Any = None) -> None:
        state = self.sweep.state
        with self.hold.hold_sync():
            self.hold.disabled = state not in ("running", "paused")
            self.hold.description = self._texts["sheet_go_on" if state == "paused" else "sheet_hold"]
            self.hold.icon = "play" if state == "paused" else "pause"
        self.stop.disabled = state not in ("running", "paused")
        self.cancel.disabled = state not in ("running", "paused", "stopping")
        progress = self.sweep.progress
        with self.retry.hold_sync():
            self.retry.disabled = state not in ("new", "finished") or progress.succeeded == progress.total
            self.retry.description = self._texts["run" if state == "new" else "sheet_retry"]

    def _offer(self) -> None:
        """Offer what can be chosen of the sheet as it is arranged."""
        arrangement = self.sheet.arrangement
        axes = [(label, axis) for axis, label in enumerate(self._axes)]
        choices = []
        if arrangement.down is not None:
            choices.append(self._choice("sheet_columns", axes, arrangement.across, lambda new: {"across": new}))
            choices.append(self._choice("sheet_rows", axes, arrangement.down, lambda new: {"down": new}))
        names = list(self.sweep.axes)
        for axis in arrangement.further:
            values = self.sweep.axes[names[axis]][:_MOST_OPTIONS]
            options = [(shorten(value_label(names[axis], value), 60), at) for at, value in enumerate(values)]
            choices.append(self._further(axis, _distinct(options), arrangement.at[axis]))
        refill(self.choices, *choices)
        self._offer_pages()

    def _offer_pages(self) -> None:
        arrangement = self.sheet.arrangement
        parts: list[Any] = []
        ways = (
            ("sheet_columns", arrangement.seen_columns, arrangement.columns, COLUMNS, "right", ("left", "right")),
            ("sheet_rows", arrangement.seen_rows, arrangement.rows, ROWS, "down", ("up", "down")),
        )
        for name, seen, count, screen, way, icons in ways:
            if count <= screen:
                continue
            text = self._texts["sheet_part"].format(
                what=self._texts[name], first=seen.start + 1, last=seen.stop, count=count
            )
            parts.append(self._page("sheet_before", f"chevron-{icons[0]}", {way: -1}, off=seen.start == 0))
            parts.append(self._maker.html(f'<span class="ad-quiet">{plain(text)}</span>'))
            parts.append(self._page("sheet_after", f"chevron-{icons[1]}", {way: 1}, off=seen.stop >= count))
        refill(self.pages, *parts)

    def _page(self, name: str, icon: str, way: dict[str, int], *, off: bool) -> Any:
        button = self._maker.button(name, icon, disabled=off)

        def turn(_: Any) -> None:
            self.sheet.arrange(self.sheet.arrangement.page(**way))
            self._offer_pages()

        button.on_click(turn)
        return button

    def _choice(self, name: str, options: list[tuple[str, int]], value: int, put: Callable[[int], Any]) -> Any:
        choice = self._dropdown(self._texts[name], options, value)

        def chosen(change: Any) -> None:
            self._arrange(self.sheet.arrangement.put(**put(change["new"])))

        choice.observe(chosen, "value")
        return choice

    def _further(self, axis: int, options: list[tuple[str, int]], value: int) -> Any:
        choice = self._dropdown(self._axes[axis], options, value)
        choice.observe(lambda change: self.sheet.arrange(self.sheet.arrangement.stand(axis, change["new"])), "value")
        return choice

    def _dropdown(self, name: str, options: list[tuple[str, int]], value: int) -> Any:
        return self._maker.make(widgets.Dropdown, description=as_label(name), options=options, value=value)

    def _arrange(self, arrangement: Arrangement) -> None:
        self.sheet.arrange(arrangement)
        self._offer()


def _distinct(options: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Tell apart what looks the same: a drop-down takes each label once."""
    seen: set[str] = set()
    distinct = []
    for label, at in options:
        text = label if label not in seen else f"{label} ({at + 1})"
        seen.add(text)
        distinct.append((text, at))
    return distinct
