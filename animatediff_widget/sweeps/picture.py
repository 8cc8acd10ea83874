"""A whole sweep as one animated picture with labels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from animatediff_widget.media.sheets import SheetLine, can_draw, draw_sheet
from animatediff_widget.texts import TEXTS, Texts

from .labels import axis_label, cell_state, value_label
from .page import SheetCell

__all__ = ["draw_picture", "texts_to_draw"]


def draw_picture(axes: Mapping[str, Sequence[Any]], cells: Sequence[SheetCell], to: str, texts: Texts = TEXTS) -> bytes:
    """Draw cells, in the order of `itertools.product` over the axes; the first axis goes across, all others down.

    The cells of a single axis follow each other, line by line. `OutputError` as for `draw_sheet`.
    """
    texts = texts_to_draw(axes, texts)
    names = list(axes)
    values = [[value_label(name, value) for value in axes[name]] for name in names]
    contents: list[Path | str] = [cell.file or cell_state(cell.state, texts) for cell in cells]
    labels = [axis_label(name, texts) for name in names]
    if len(names) == 1:
        wide = len(cells) if len(cells) <= 6 else max(4, math.ceil(math.sqrt(len(cells))))
        lines = [
            SheetLine("", tuple(values[0][start : start + wide]), tuple(contents[start : start + wide]))
            for start in range(0, len(cells), wide)
        ]
        return draw_sheet(lines, labels[0], "", to)
    high = len(cells) // len(values[0])
    lines = [
        SheetLine(" / ".join(label), tuple(values[0]) if index == 0 else (), tuple(contents[index::high]))
        for index, label in enumerate(itertools.product(*values[1:]))
    ]
    return draw_sheet(lines, labels[0], " / ".join(labels[1:]), to)


def texts_to_draw(axes: Iterable[str], texts: Texts) -> Texts:
    """Give texts for the words around a person's own: English where no font here has those of their language."""
    return texts if can_draw("".join(axis_label(name, texts) for name in axes)) else Texts("en")
