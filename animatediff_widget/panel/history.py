"""What was made before: the last jobs of the journal, as small looping pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from animatediff_widget.errors import JournalError
from animatediff_widget.texts import TEXTS

from .controls import Maker, problem
from .markup import plain
from .place import may_show

if TYPE_CHECKING:
    from animatediff_widget.journal.sqlite import JournalEntry

__all__ = ["History"]

_PAGE = 12


class History:
    """A page of the journal. Nothing is read, and no widget made, before it is looked at.

    Parameters
    ----------
    maker : Maker
        What makes the widgets.
    show : callable
        Called with the `JournalEntry` that a person picked.
    """

    def __init__(self, maker: Maker, show: Callable[[JournalEntry], None]) -> None:
        self._maker = maker
        self._show = show
        self._tiles: dict[str, Any] = {}
        self._of: dict[str, tuple[Any, ...]] = {}  # what a tile was made of
        self.grid = maker.row([], "ad-history")
        self.note = maker.html()
        self.older = maker.button("older", "chevron-down")
        self.older.on_click(lambda _: self._load(more=True))
        self.box = maker.box([self.grid, self.note])

    def refresh(self) -> None:
        """Read the newest jobs again."""
        self._load(more=False)

    def _load(self, *, more: bool) -> None:
        from animatediff_widget.journal.sqlite import Journal

        journal = Journal()
        shown = list(self._tiles) if more else []
        try:
            entries = journal.jobs(_PAGE + 1, before=shown[-1] if shown else None)
        except JournalError as error:
            self.note.value = problem(str(error))
            return
        page = entries[:_PAGE]
        tiles = {key: self._tiles[key] for key in shown}
        for entry in page:
            made_of = (entry.state, entry.output, entry.seed)
            known = self._tiles.get(entry.key) if self._of.get(entry.key) == made_of else None
            tiles[entry.key] = known or self._tile(entry, journal.folder)
            self._of[entry.key] = made_of
        for key, tile in self._tiles.items():
            if tiles.get(key) is not tile:
                _close(tile)
        self._tiles = tiles
        self.grid.children = tuple(tiles.values())
        self.note.value = "" if tiles else f'<div class="ad-empty"><span>{plain(TEXTS["no_history"])}</span></div>'
        self.box.children = (self.grid, self.note, *([self.older] if len(entries) > _PAGE else []))

    def _tile(self, entry: JournalEntry, folder: Any) -> Any:
        from animatediff_widget.media.animation import data_url
        from animatediff_widget.media.formats import still
        from animatediff_widget.media.thumbnails import thumbnail

        data = thumbnail(entry, folder / "thumbnails") if may_show() else None
        if data:
            image = f'<img class="ad-thumbnail" alt="" src="{data_url("image/webp", data)}">'
            frame = still(data, "webp")  # for those who asked for less motion
            less = f'<source media="(prefers-reduced-motion: reduce)" srcset="{data_url(*frame)}">' if frame else ""
            picture = f"<picture>{less}{image}</picture>"
        else:
            picture = f'<div class="ad-thumbnail">{plain(TEXTS.get(f"state_{entry.state}", entry.state))}</div>'
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
        words = entry.request.prompt[:200]
        button = self._maker.make(widgets.Button, description=f"{TEXTS['show']} {entry.seed}", help=f"{when} · {words}")
        button.on_click(lambda _: self._show(entry))
        return self._maker.box([self._maker.html(picture), button], "ad-tile")


def _close(tile: Any) -> None:
    for child in tile.children:
        child.close()
    tile.close()
