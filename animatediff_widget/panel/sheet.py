"""The grid of a sweep's cells: labels, a button for each cell that is seen, and its loop as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from animatediff_widget.jobs.status_line import describe
from animatediff_widget.media.animation import data_url
from animatediff_widget.media.strips import Strip, strip
from animatediff_widget.model.status import ENDED_STATES
from animatediff_widget.sweeps.labels import axis_label, cell_state, settings_label, value_label
from animatediff_widget.sweeps.pace import Pace

from .arrangement import Arrangement
from .controls import Maker, draws, refill
from .front_end import may_show
from .markup import breakable, plain, shorten
from .sheet_copy import keep_sheet
from .static_copy import KeptSheet

if TYPE_CHECKING:
    from animatediff_widget.sweeps.sweep import Sweep

__all__ = ["Sheet"]

_LONGEST = 0.8  # in seconds: how long one look makes strips
_HEAD = 3  # lines of the grid above the cells: how the sweep stands, the name of the columns, their labels
_LONGEST_LABEL = 60
_ACTIVE = ("running", "paused", "stopping")
_HELD_UP = {"paused": "sweep_paused", "stopping": "sweep_stopping"}


class Sheet:
    """Shows a sweep, whatever runs it; `open_cell` is told the number of the cell that is pressed.

    It is drawn at most once in `pace` seconds, with two messages: how cells stand, and the clips that have come. Where
    somebody beside it shows how far the sweep is (`looked`), the two take turns.

    All is drawn by `pace`: beside the kernel, or inside the click (`beside` False), where `pace.idle` has to be called.
    What is sent is what is seen: labels when another part is looked at, how cells stand as they change, and each clip
    once, as a film strip over its button.
    """

    def __init__(
        self, sweep: Sweep, maker: Maker, open_cell: Callable[[int], None], *, beside: bool = True, pace: float = 1.0
    ) -> None:
        self.sweep, self._maker, self._texts, self._open_cell = sweep, maker, maker.texts, open_cell
        self.opened: int | None = None  # the cell that is open, which is opened anew when it ends
        self.looked: Callable[[], None] | None = None  # called after each second look, and at the end
        self._is_others_turn = False
        self.settled: Callable[[], None] | None = None  # called when the sweep has ended and all that is seen is there
        self.arrangement = Arrangement.of(tuple(map(len, sweep.axes.values())))
        self._drawn: Arrangement | None = None
        self._seen: dict[int, tuple[int, int]] = {}
        self._token = 0
        self._is_settled = False
        self._rows: list[dict[str, Any]] = []
        self._have: dict[int, bool] = {}  # whether a cell's clip is on the page, or cannot be
        self._labels, self._live = maker.html(), maker.html()
        self._announced: tuple[Any, ...] = ()
        self._buttons: dict[tuple[int, int], Any] = {}
        self._empty: list[Any] = []  # pieces of HTML for clips to come: one for each cell, as adding one takes messages
        self.grid = maker.make(widgets.Box, "ad-sheet", children=[self._labels, self._live])
        self.pace = Pace(self._look, pace, beside=beside)

    def show(self) -> None:
        """Show the sweep from now on; once, when everybody is known who is told of it."""
        self.sweep.observe(self._changed, ["progress", "state"])
        self.pace.ask(now=True)

    def close(self) -> None:
        """Watch the sweep no more."""
        self.sweep.unobserve(self._changed, ["progress", "state"])
        self.pace.close()

    def arrange(self, arrangement: Arrangement) -> None:
        """Show the cells in another way."""
        self.arrangement = arrangement
        self.pace.ask(now=True)

    def kept(self) -> KeptSheet:
        """Give what is seen of it for readers without a kernel."""
        return keep_sheet(self.sweep, self._drawn or self.arrangement, self._texts)

    def press(self, model: str) -> None:
        """Open the cell whose button this is, if it is one."""
        for place, button in self._buttons.items():
            if button.model_id == model:
                self._pressed(place)

    def name(self, number: int) -> str:
        """Give what tells a cell from the others."""
        return settings_label(dict(self.sweep.cells[number].settings), self._texts)

    def _changed(self, _: Any) -> None:
        self.pace.ask()

    def _look(self) -> bool:
        """Send what has changed of what is seen; give whether there is more to do."""
        if self.grid.comm is None:
            return False
        arrangement = self.arrangement
        is_new = arrangement != self._drawn
        if self.looked is not None and self._is_others_turn and not is_new:
            self._is_others_turn = False
            self.looked()
            return True
        self._is_others_turn = True
        token, changed = self.sweep.changes(self._token)
        if is_new:
            self._draw(arrangement)
        if is_new or not self._rows or not self._seen.keys().isdisjoint(changed):
            self._rows = self.sweep.rows()
        self._token = token
        for number in changed:
            if number in self._have and not self._rows[number]["file"]:
                del self._have[number]
        self._send_states()
        self._open_anew(changed)
        more = self._send_strips()
        ended = self.sweep.state == "finished" and not more
        if ended and self.looked is not None:
            self.looked()
        if ended and not self._is_settled and self.settled is not None:
            self.settled()
        self._is_settled = ended
        return more or self.sweep.state in _ACTIVE  # whose cells change without its traits

    @draws
    def _open_anew(self, changed: list[int]) -> None:
        """Show how the cell ended that is open, if it is among these."""
        if self.opened in changed and self._rows[self.opened]["state"] in ENDED_STATES:
            self._open_cell(self.opened)

    @draws
    def _draw(self, arrangement: Arrangement) -> None:
        """Send the labels, and the buttons, of another part of the sheet."""
        self._drawn, self._seen, self._have = arrangement, arrangement.seen(), {}
        buttons = []
        for number, place in self._seen.items():
            button = self._buttons.get(place)
            if button is None or button.comm is None:
                button = self._buttons[place] = self._button(place)
            button.description = shorten(self.name(number), 200)
            buttons.append(button)
        self._labels.value = self._write_labels(arrangement)
        self._live.value = ""
        self._empty = self._more_empty()
        refill(self.grid, self._labels, self._live, *buttons, *self._empty)
        self.mark(self.opened)

    @draws
    def mark(self, number: int | None) -> None:
        """Mark the cell that is open, if there is one."""
        self.opened = number
        for shown, place in self._seen.items():
            button = self._buttons[place]
            (button.add_class if shown == number else button.remove_class)("ad-open")

    def _more_empty(self) -> list[Any]:
        return [self._maker.html() for _ in self._seen]

    def _button(self, place: tuple[int, int]) -> Any:
        button = self._maker.make(widgets.Button, "ad-cell", f"ad-r{place[0]}", f"ad-c{place[1]}")
        button.on_click(lambda _: self._pressed(place))
        return button

    def _pressed(self, place: tuple[int, int]) -> None:
        for number, there in self._seen.items():
            if there == place:
                self._open_cell(number)

    def _write_labels(self, arrangement: Arrangement) -> str:
        axes = list(self.sweep.axes.items())
        name, values = axes[arrangement.across]
        wide = len(arrangement.seen_columns)
        parts = [_label(2, 2, axis_label(name, self._texts), "ad-axis", wide)]
        if arrangement.is_folded:
            for number, (row, column) in self._seen.items():
                parts.append(_label(row + _HEAD + 1, column + 2, value_label(name, values[number]), "ad-caption"))
        else:
            for column in arrangement.seen_columns:
                parts.append(_label(_HEAD, column - arrangement.left + 2, value_label(name, values[column])))
        if arrangement.down is not None:
            name, values = axes[arrangement.down]
            parts.append(_label(_HEAD, 1, axis_label(name, self._texts), "ad-axis"))
            for row in arrangement.seen_rows:
                parts.append(_label(row - arrangement.top + _HEAD + 1, 1, value_label(name, values[row]), "ad-line"))
        return "".join(parts)

    def _send_states(self) -> None:
        """Say how the sweep stands, and each cell that is seen and has no clip on the page."""
        progress, texts = self.sweep.progress, self._texts
        line = progress.in_words(texts)
        state = self.sweep.state
        if state in _HELD_UP:
            line = f"{texts[_HELD_UP[state]]} · {line}"
        wide = len(self._drawn.seen_columns) + 1 if self._drawn else 1
        parts = [f'<div class="ad-status" style="grid-area:1/1/auto/span {wide}">{plain(shorten(line, 400))}</div>']
        for number, place in self._seen.items():
            if self._have.get(number):
                continue
            says, kind = cell_state(self._rows[number]["state"], texts), self._rows[number]["state"]
            if kind in ("running", "submitting", "downloading"):
                says = describe(self.sweep.view(number), texts).partition(" · ")[0]
            parts.append(
                f'<span class="ad-cell-state ad-{plain(kind)}" style="{_area(place)}">'
                f'<span class="ad-hidden">{plain(self.name(number))}: </span>{plain(shorten(says, 60))}</span>'
            )
        # Read out rarely: at the end, and at each quarter of the way; by the page, once it finds it here (`panel.js`).
        announced = (state, progress.done * 4 // max(progress.total, 1), progress.failed > 0)
        if announced != self._announced:
            self._announced = announced
            parts.append(f'<div class="ad-hidden ad-said">{plain(line)}</div>')
        self._live.value = "".join(parts)

    def _send_strips(self) -> bool:
        """Send the clips that have come, as far as their strips can be made within a moment."""
        end, parts, more = time.monotonic() + _LONGEST, [], False
        folder = self.sweep.journal.folder / "thumbnails"
        for number, place in self._seen.items():
            file = self._rows[number]["file"]
            if file is None or number in self._have or not may_show():
                continue
            if time.monotonic() > end or self.arrangement != self._drawn:
                more = True
                break
            made = strip(Path(file), self.sweep.cells[number].key, folder)
            self._have[number] = made is not None
            if made is not None:
                parts.append(_strip(made, place, f"{self.name(number)}: {self._texts['state_succeeded']}"))
        if parts:
            self._add("".join(parts))
        return more

    @draws
    def _add(self, clips: str) -> None:
        if not self._empty:
            self._empty = self._more_empty()
            self.grid.children = (*self.grid.children, *self._empty)
        self._empty.pop(0).value = clips


def _area(place: tuple[int, int]) -> str:
    return f"grid-area:{place[0] + _HEAD + 1}/{place[1] + 2}"


def _label(row: int, column: int, text: str, classes: str = "", wide: int = 1) -> str:
    short = breakable(shorten(text, _LONGEST_LABEL))
    title = f' title="{plain(shorten(text, 400))}"' if len(text) > 12 else ""
    return f'<span class="ad-label {classes}"{title} style="grid-area:{row}/{column}/auto/span {wide}">{short}</span>'


def _strip(made: Strip, place: tuple[int, int], name: str) -> str:
    """Write a film strip that the style plays (`panel.css`); the page lets all begin together (`panel.js`)."""
    width, height = made.size
    style = (
        f"{_area(place)};aspect-ratio:{width}/{height};background-size:{made.count * 100}% 100%;"
        f"background-image:url({data_url('image/webp', made.data)});"
    )
    if made.count > 1:
        style += f"animation-duration:{made.seconds:.3f}s;animation-timing-function:steps({made.count},jump-none)"
    kind = "ad-strip" if made.count > 1 else "ad-strip ad-one"
    return f'<span class="{kind}" role="img" aria-label="{plain(shorten(name, 200))}" style="{style}"></span>'
