"""The tabs beside the form: the animation, the JSON, the log, the request, the history."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from animatediff_widget.errors import ApiError
from animatediff_widget.jobs.view import JobView
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.sweeps.cells import Cell

from .animation_tab import AnimationTab
from .controller import Controller
from .controls import Maker, draws, refill
from .history import History
from .markup import empty, json_view, log_view, problem, said
from .opened import OpenedCell
from .request_tab import RequestTab
from .sheet import Sheet
from .sheet_box import SheetBox

__all__ = ["Outcome", "Results"]

_TABS = ("tab_animation", "tab_json", "tab_logs", "tab_request", "tab_history")


class Outcome:
    """What came out of one job: its animation, its JSON, its log; each for a tab of its own."""

    def __init__(self, maker: Maker, set_seed: Callable[[int], None] | None = None) -> None:
        texts = maker.texts
        self._texts = texts
        self._prediction: Prediction | None = None
        self.animation_tab = AnimationTab(maker, set_seed)
        self.json = maker.html(empty(texts["no_json"]))
        self.save_json = maker.button("save_json", "download", disabled=True)
        self.json_note = maker.html()
        self.logs = maker.html(empty(texts["no_logs"]))
        self.boxes = (
            self.animation_tab.box,
            maker.box([self.json, maker.row([self.save_json, self.json_note])]),
            maker.box([self.logs]),
        )
        self.save_json.on_click(self._save_json)

    def render(self, view: JobView, *, is_old: bool = False) -> None:
        """Show a job; one of the journal is old."""
        self.animation_tab.render(view, is_old=is_old)
        answer, logs = (view.prediction.raw, view.prediction.logs) if view.prediction else (None, "")
        if isinstance(view.error, ApiError) and view.error.body is not None:  # an endpoint's error is an answer as well
            answer = view.error.body
        self.json.value = empty(self._texts["no_json"]) if answer is None else json_view(answer, self._texts)
        self.logs.value = log_view(logs) if logs else empty(self._texts["no_logs"])
        if view.prediction is not self._prediction:
            self.json_note.value = ""
        self._prediction = view.prediction
        self.save_json.disabled = view.prediction is None

    def _save_json(self, _: Any) -> None:
        prediction = self._prediction
        if prediction is None:
            return
        path = Path(f"prediction-{re.sub(r'[^A-Za-z0-9-]', '', prediction.id or 'answer')[:64]}.json")
        try:
            path.write_text(json.dumps(prediction.raw, indent=2), encoding="utf-8")
        except OSError as error:
            why = error.strerror or error
            self.json_note.value = problem(self._texts["not_written"].format(path=path, why=why))
            return
        self.json_note.value = said(self._texts["saved"].format(path=path.resolve()))


class Results(Outcome):
    """Shows the controller's result; and the request as it stands, and the history."""

    def __init__(self, controller: Controller, maker: Maker) -> None:
        super().__init__(maker, lambda seed: setattr(controller.request, "seed", seed))
        self._controller, self._maker = controller, maker
        self._sheet: SheetBox | None = None
        self._sheet_slot = maker.box([])
        self.sheet_settled: Callable[[Sheet], None] = lambda sheet: None  # told when all that is seen of one is there
        self.opened = OpenedCell(maker, self.animation_tab.box, controller.show_cell, self._put_back)
        first = maker.box([self._sheet_slot, self.opened.box, self.animation_tab.box])
        self.request_tab = RequestTab(controller, maker)
        self.history = History(controller, maker)
        self.tabs = maker.make(
            widgets.Tab,
            "ad-results",
            children=[first, *self.boxes[1:], self.request_tab.box, self.history.box],
        )
        for index, name in enumerate(_TABS):
            self.tabs.set_title(index, maker.texts[name])
        self.tabs.selected_index = 0
        self.tabs.observe(self._tab_chosen, "selected_index")
        controller.observe(self._result_changed, "result")
        controller.observe(self._displayed_another, ["job", "entry"])
        controller.comparison.observe(self._sweep_changed, "sweep")

    def _tab_chosen(self, change: Any) -> None:
        name = _TABS[change["new"]] if change["new"] is not None else ""
        self.request_tab.is_open = name == "tab_request"
        self.request_tab.render()
        if name == "tab_history":
            self.history.refresh()

    @draws
    def _displayed_another(self, change: Any) -> None:
        if self.tabs.selected_index == _TABS.index("tab_history") and change["new"] is not None:
            self.tabs.selected_index = 0  # it was picked there
        if change["new"] is not None:
            self.opened.unfold()

    def close(self) -> None:
        """Watch no sweep any more."""
        if self._sheet is not None:
            self._sheet.close()
            self._sheet = None

    @draws
    def _sweep_changed(self, _: Any) -> None:
        """Let the sheet of another sweep stand above the animation, or none."""
        self.close()
        sweep, inside = self._controller.comparison.sweep, self._controller.inside
        if sweep is None:
            refill(self._sheet_slot)
            self.opened.unfold()
            return
        self._sheet = box = SheetBox(sweep, self._maker, self._open, beside=inside is None)
        box.sheet.looked = lambda: self._looked(box)
        box.sheet.settled = lambda: self.sheet_settled(box.sheet)
        if inside is not None:
            box.run_here = lambda: self._controller.run_again(sweep)
            inside.pressed, inside.idle, inside.finish = box.press, box.sheet.pace.idle, box.sheet.pace.finish
        refill(self._sheet_slot, box.box)
        self.opened.fold()
        self.tabs.selected_index = 0
        box.sheet.show()

    @draws
    def _looked(self, box: SheetBox) -> None:
        """Say how far a sweep is, but for one whose sheet is closed already."""
        if box is self._sheet:
            self._controller.sweep_progress = box.sweep.progress

    def _open(self, number: int) -> None:
        if self._sheet is not None:
            self.opened.open(self._sheet, number)

    def _put_back(self, cell: Cell) -> None:
        self._controller.comparison.is_on = False
        self._controller.put_back(cell.body)

    @draws
    def _result_changed(self, _: Any) -> None:
        view = self._controller.result or JobView()
        self.render(view, is_old=self._controller.entry is not None or view.state == "new")
        if view.animation is not None and self.tabs.selected_index == _TABS.index("tab_history"):
            self.history.refresh()
