"""A sheet for readers without a kernel: what is seen of it, as one animated picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from animatediff_widget.media.animation import may_embed
from animatediff_widget.media.sheets import SheetLine, draw_small
from animatediff_widget.media.strips import kept_strip
from animatediff_widget.sweeps.labels import axis_label, cell_state, settings_label, value_label
from animatediff_widget.sweeps.picture import texts_to_draw
from animatediff_widget.texts import Texts

from .arrangement import Arrangement
from .static_copy import KeptSheet

if TYPE_CHECKING:
    from animatediff_widget.sweeps.sweep import Sweep

__all__ = ["keep_sheet"]

_LARGEST = 750_000  # in bytes: 1 MB in a notebook


def keep_sheet(sweep: Sweep, arrangement: Arrangement, texts: Texts) -> KeptSheet:
    """Draw the cells that an arrangement shows, from the strips that are kept; and write down how all were made."""
    rows, names = sweep.rows(), list(sweep.axes)
    picture, width = None, 0
    if may_embed():
        words = texts_to_draw(names, texts)
        across = axis_label(names[arrangement.across], words)
        down = "" if arrangement.down is None else axis_label(names[arrangement.down], words)
        picture, width = draw_small(_lines(sweep, arrangement, words), across, down, _LARGEST) or (None, 0)
    title = " × ".join(axis_label(name, texts) for name in names)
    if arrangement.further:
        at = {names[axis]: sweep.axes[names[axis]][arrangement.at[axis]] for axis in arrangement.further}
        title += f" ({settings_label(at, texts)})"
    record = {"request": sweep.request.body(), "cells": [rows[number] for number in arrangement.seen()]}
    return KeptSheet(picture, width, f"{title}: {sweep.progress.in_words(texts)}", record)


def _lines(sweep: Sweep, arrangement: Arrangement, texts: Texts) -> list[SheetLine]:
    """Give the lines of the sheet: labels, and each cell's strip or how it stands."""
    names, rows = list(sweep.axes), sweep.rows()
    folder = sweep.journal.folder / "thumbnails"
    by_row: dict[int, list[int]] = {}
    for number, (row, _) in arrangement.seen().items():
        by_row.setdefault(row, []).append(number)

    def label(axis: int, number: int) -> str:
        return value_label(names[axis], rows[number][names[axis]])

    return [
        SheetLine(
            "" if arrangement.down is None else label(arrangement.down, numbers[0]),
            tuple(label(arrangement.across, number) for number in numbers if row == 0 or arrangement.is_folded),
            tuple(
                (kept_strip(sweep.cells[number].key, folder) if rows[number]["file"] else None)
                or cell_state(rows[number]["state"], texts)
                for number in numbers
            ),
        )
        for row, numbers in by_row.items()
    ]
