"""What was made before: the last jobs of the journal, as small looping pictures; and following one from elsewhere."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from animatediff_widget.errors import JournalError
from animatediff_widget.journal import JournalEntry, SweepEntry
from animatediff_widget.media.animation import data_url
from animatediff_widget.media.formats import still
from animatediff_widget.media.thumbnails import kept_thumbnail, thumbnail, thumbnails_beside
from animatediff_widget.sweeps.labels import axis_label

from .controller import Controller
from .controls import Maker, draws, refill
from .front_end import may_show
from .markup import empty, plain, problem, shorten
from .prompt_words import telling_words

__all__ = ["History"]

_PAGE = 12
_SWEEPS = 6
_LONGEST_IN_CLICK = 2  # in seconds


class History:
    """A page of the journal. Nothing is read, and no tile made, before it is looked at."""

    def __init__(self, controller: Controller, maker: Maker) -> None:
        self._controller, self._maker, self._texts = controller, maker, maker.texts
        self._tiles: dict[str, _Tile] = {}
        self.sweeps = maker.row([], "ad-history-sweeps")
        self.grid = maker.row([], "ad-history")
        self.note = maker.html()
        self.older = maker.button("older", "chevron-down")
        self.older.on_click(lambda _: self.refresh(more=True))
        self.prediction_id = maker.text(
            lambda message: controller.set_trait("refusal", message),
            "ad-grow",
            description=maker.texts["attach_id"],
            placeholder=maker.texts["attach_example"],
            help=maker.texts["attach_help"],
        )
        self.attach = maker.button("attach", "link")
        self.attach.on_click(lambda _: controller.press(lambda: controller.attach(self.prediction_id.value)))
        self._attach_row = maker.row([self.prediction_id, self.attach], "ad-attach")
        self.box = maker.box([self.sweeps, self.grid, self.note, self._attach_row])

    @draws
    def refresh(self, *, more: bool = False) -> None:
        """Read the newest jobs again; or `more`, the ones before those that are there."""
        journal = self._controller.earlier.journal
        tiles = dict(self._tiles) if more else {}
        try:
            entries = journal.jobs(_PAGE + 1, before=next(reversed(tiles), None))
            sweeps = journal.sweeps(_SWEEPS)
        except JournalError as error:
            self.note.value = problem(self._texts.say(error))
            return
        for entry in entries[:_PAGE]:
            known = self._tiles.get(entry.key)
            tiles[entry.key] = known if known and known.entry == entry else self._tile(entry)
        self._tiles = tiles
        refill(self.grid, *(tile.box for tile in tiles.values()))
        refill(self.sweeps, *map(self._sweep, sweeps))
        self.note.value = "" if tiles or sweeps else empty(self._texts["no_history"])
        older = [self.older] if len(entries) > _PAGE else []
        self.box.children = (self.sweeps, self.grid, self.note, *older, self._attach_row)
        if may_show():
            self._add_pictures(entries[:_PAGE], journal.folder / "thumbnails")

    def _sweep(self, entry: SweepEntry) -> Any:
        """Make the button of a sweep."""
        axes = " × ".join(axis_label(name, self._texts) for name in entry.axes)
        words = telling_words(entry.body.prompt, 32) or self._texts["no_prompt"]
        made = f"{shorten(axes, 60)} · {words} · {_when(entry.created)}"
        button = self._maker.make(widgets.Button, icon="th", description=made, help=entry.body.prompt[:200])
        button.on_click(lambda _: self._show_sweep(entry))
        return button

    def _show_sweep(self, entry: SweepEntry) -> None:
        self.note.value = problem(self._texts.say(self._controller.show_sweep(entry) or ""))

    def _tile(self, entry: JournalEntry) -> _Tile:
        """Make a tile: how the job stands, and a button that says what tells this job from the next."""
        state = self._texts.get(f"state_{entry.state}", entry.state)
        words = telling_words(entry.body.prompt, 32) or self._texts["no_prompt"]
        date = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
        made = f"{words} · {_when(entry.created)} · {entry.seed}"
        button = self._maker.make(widgets.Button, description=made, help=f"{date} · {entry.body.prompt[:200]}")
        button.on_click(lambda _: self._controller.show_entry(entry))
        picture = self._maker.html(f'<div class="ad-thumbnail">{plain(state)}</div>')
        return _Tile(entry, self._maker.box([picture, button], "ad-tile"), picture)

    def _add_pictures(self, entries: list[JournalEntry], folder: Path) -> None:
        """Show the pictures that are kept; the others are made beside the kernel, one after the other.

        Inside the click, they are made in it for a while: what comes later, no page would show before the next look.
        """
        missing, is_inside = [], self._controller.inside is not None
        end = time.monotonic() + _LONGEST_IN_CLICK
        for entry in entries:
            tile = self._tiles[entry.key]
            if tile.has_picture:
                continue
            data = kept_thumbnail(entry.key, folder)
            if data is None and entry.output is not None and not tile.is_asked_for:
                tile.is_asked_for = True
                if is_inside and time.monotonic() < end:
                    data = thumbnail(entry.output, entry.key, folder)
                else:
                    missing.append((entry.key, entry.output))
            tile.show(data)
        waiting = self._tiles

        def deliver(key: str, data: bytes | None) -> bool:
            if not is_inside:
                waiting[key].show(data)
            return self.grid.comm is not None  # else the panel is closed

        if missing:
            thumbnails_beside(missing, folder, deliver)


def _when(seconds: float) -> str:
    """Write a date and time; of today, the time of day is enough."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)).removeprefix(time.strftime("%Y-%m-%d "))


@dataclasses.dataclass
class _Tile:
    """A job's picture and button."""

    entry: JournalEntry
    box: Any
    picture: Any
    is_asked_for: bool = False
    has_picture: bool = False

    def show(self, data: bytes | None) -> None:
        """Show a picture where there is one, and the tile is still on the page."""
        if data and self.picture.comm is not None:
            image = f'<img class="ad-thumbnail" alt="" src="{data_url("image/webp", data)}">'
            frame = still(data, "webp")  # for those who asked for less motion
            less = f'<source media="(prefers-reduced-motion: reduce)" srcset="{data_url(*frame)}">' if frame else ""
            self.picture.value = f"<picture>{less}{image}</picture>"
            self.has_picture = True
