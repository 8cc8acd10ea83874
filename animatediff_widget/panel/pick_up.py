"""Jobs of an earlier session that are unfinished, or finished when nobody looked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import JournalError
from animatediff_widget.texts import TEXTS

from .controls import Maker
from .markup import plain

if TYPE_CHECKING:
    from animatediff_widget.journal.sqlite import JournalEntry

__all__ = ["PickUp"]


class PickUp:
    """A line above the form that offers such a job; empty when there is none.

    Parameters
    ----------
    maker : Maker
        What makes the widgets.
    take : callable
        Called with the `JournalEntry` that is to be taken up.
    """

    def __init__(self, maker: Maker, take: Callable[[JournalEntry], Any]) -> None:
        self._maker = maker
        self._take = take
        self._waiting: list[JournalEntry] = []
        self.box = maker.row([], "ad-pick-up")

    def look(self) -> None:
        """Look into the journal, once, when the panel opens."""
        from animatediff_widget.journal.sqlite import Journal

        journal = Journal()
        if not journal.folder.exists():
            return
        try:
            self._waiting = journal.to_pick_up()
        except JournalError:
            return  # it is said when a job is to be written down
        self._offer(journal.report)

    def tell(self, sentence: str) -> None:
        """Say something about such a job that cannot be offered.

        Parameters
        ----------
        sentence : str
            What is said, beside what is offered.
        """
        self.box.children = (*self.box.children, self._maker.html(f'<div class="ad-said">{plain(sentence)}</div>'))

    def _offer(self, report: str = "") -> None:
        if not self._waiting:
            note = self._maker.html(f'<div class="ad-quiet">{plain(report)}</div>') if report else None
            self.box.children = (note,) if note else ()
            return
        entry = self._waiting[0]
        name = "unseen" if entry.state == "succeeded" else "unfinished"
        text = TEXTS[name].format(prompt=_shorten(entry.request.prompt), seed=entry.seed)
        if len(self._waiting) > 1:
            text += " " + TEXTS["and_more"].format(count=len(self._waiting) - 1)
        take = self._maker.button("show" if name == "unseen" else "pick_up", "play")
        leave = self._maker.button("not_now", "times")
        take.on_click(lambda _: self._answered(entry, taken=True))
        leave.on_click(lambda _: self._answered(entry, taken=False))
        self.box.children = (self._maker.html(f'<div class="ad-said">{plain(text)}</div>'), take, leave)

    def _answered(self, entry: JournalEntry, *, taken: bool) -> None:
        from animatediff_widget.journal.sqlite import Journal

        if taken:
            self._waiting = [other for other in self._waiting if other is not entry]
            self._take(entry)
        else:
            for other in self._waiting:
                if other.state == "succeeded":  # it stays in the history
                    Journal().see(other.key)
            self._waiting = []
        self._offer()


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
