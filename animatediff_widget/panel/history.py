"""What was made before: the last jobs of the journal, as small looping pictures; and following one from elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from animatediff_widget.errors import JournalError

from .controller import Controller
from .controls import Maker
from .front_end import may_show
from .markup import empty, plain, problem
from .prompt_words import telling_words

if TYPE_CHECKING:
    from animatediff_widget.journal import JournalEntry

__all__ = ["History"]

_PAGE = 12


class History:
    """A page of the journal. Nothing is read, and no tile made, before it is looked at."""

    def __init__(self, controller: Controller, maker: Maker) -> None:
        self._controller, self._maker, self._texts = controller, maker, maker.texts
        self._tiles: dict[str, Any] = {}
        self._made_of: dict[str, tuple[Any, ...]] = {}
        self.grid = maker.row([], "ad-history")
        self.note = maker.html()
        self.older = maker.button("older", "chevron-down")
        self.older.on_click(lambda _: self._load(more=True))
        self.prediction_id = maker.make(
            widgets.Text,
            "ad-grow",
            description=maker.texts["attach_id"],
            placeholder=maker.texts["attach_example"],
            help=maker.texts["attach_help"],
        )
        self.attach = maker.button("attach", "link")
        self.attach.on_click(lambda _: controller.press(self._attach))
        self._attach_row = maker.row([self.prediction_id, self.attach], "ad-attach")
        self.box = maker.box([self.grid, self.note, self._attach_row])

    def _attach(self) -> None:
        self._controller.attach(self.prediction_id.value)

    def refresh(self) -> None:
        """Read the newest jobs again."""
        self._load(more=False)

    def _load(self, *, more: bool) -> None:
        journal = self._controller.earlier.journal
        kept = list(self._tiles) if more else []
        try:
            entries = journal.jobs(_PAGE + 1, before=kept[-1] if kept else None)
        except JournalError as error:
            self.note.value = problem(self._texts.say(error))
            return
        tiles = {key: self._tiles[key] for key in kept}
        for entry in entries[:_PAGE]:
            made_of = (entry.state, entry.output, entry.seed)
            known = self._tiles.get(entry.key) if self._made_of.get(entry.key) == made_of else None
            tiles[entry.key] = known or self._tile(entry, journal.folder)
            self._made_of[entry.key] = made_of
        for key, tile in self._tiles.items():
            if tiles.get(key) is not tile:
                _close(tile)
        self._tiles = tiles
        self.grid.children = tuple(tiles.values())
        self.note.value = "" if tiles else empty(self._texts["no_history"])
        older = [self.older] if len(entries) > _PAGE else []
        self.box.children = (self.grid, self.note, *older, self._attach_row)

    def _tile(self, entry: JournalEntry, folder: Any) -> Any:
        """Make a tile: the picture, and a button that says what tells this job from the next."""
        from animatediff_widget.media.animation import data_url
        from animatediff_widget.media.formats import still
        from animatediff_widget.media.thumbnails import thumbnail

        data = thumbnail(entry.output, entry.key, folder / "thumbnails") if may_show() else None
        if data:
            image = f'<img class="ad-thumbnail" alt="" src="{data_url("image/webp", data)}">'
            frame = still(data, "webp")  # for those who asked for less motion
            less = f'<source media="(prefers-reduced-motion: reduce)" srcset="{data_url(*frame)}">' if frame else ""
            picture = f"<picture>{less}{image}</picture>"
        else:
            state = self._texts.get(f"state_{entry.state}", entry.state)
            picture = f'<div class="ad-thumbnail">{plain(state)}</div>'
        words = telling_words(entry.body.prompt, 32) or self._texts["no_prompt"]
        made = f"{words} · {_when(entry.created)} · {entry.seed}"
        date = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
        button = self._maker.make(widgets.Button, description=made, help=f"{date} · {entry.body.prompt[:200]}")
        button.on_click(lambda _: self._controller.show_entry(entry))
        return self._maker.box([self._maker.html(picture), button], "ad-tile")


def _when(created: float) -> str:
    """Write the time of a job: of today's, the time of day; of an older one, the date as well."""
    then = time.localtime(created)
    is_today = then[:3] == time.localtime()[:3]
    return time.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M", then)


def _close(tile: Any) -> None:
    for child in tile.children:
        child.close()
    tile.close()
