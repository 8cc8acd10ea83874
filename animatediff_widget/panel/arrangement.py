"""Which cells of a sweep stand where on a sheet, and which of them are seen. No widget in it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

__all__ = ["Arrangement"]

COLUMNS, ROWS = 8, 6  # so many are seen at a time


@dataclass(frozen=True)
class Arrangement:
    """A sheet of axes that have so many values each: one goes across, one down, and each other stands at one value.

    A single axis is laid in lines, one after the other. `left` and `top` are the first column and row that are seen.
    """

    sizes: tuple[int, ...]
    across: int = 0
    down: int | None = field(default=None)
    at: tuple[int, ...] = ()
    left: int = 0
    top: int = 0

    @classmethod
    def of(cls, sizes: tuple[int, ...]) -> Arrangement:
        """Arrange axes as they come: the first across, the second down, the others at their first values."""
        return cls(sizes, 0, 1 if len(sizes) > 1 else None, (0,) * len(sizes))

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return min(self.sizes[self.across], COLUMNS) if self.down is None else self.sizes[self.across]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return -(-self.sizes[self.across] // COLUMNS) if self.down is None else self.sizes[self.down]

    @property
    def is_folded(self) -> bool:
        """Whether a single axis takes more than one line."""
        return self.down is None and self.rows > 1

    @property
    def further(self) -> tuple[int, ...]:
        """The axes that stand at one value."""
        return tuple(axis for axis in range(len(self.sizes)) if axis not in (self.across, self.down))

    @property
    def seen_columns(self) -> range:
        """The columns that are seen."""
        return range(self.left, min(self.left + COLUMNS, self.columns))

    @property
    def seen_rows(self) -> range:
        """The rows that are seen."""
        return range(self.top, min(self.top + ROWS, self.rows))

    def seen(self) -> dict[int, tuple[int, int]]:
        """Give the numbers of the cells that are seen, each with its row and column from the first one seen."""
        cells = {}
        for row, column in itertools.product(self.seen_rows, self.seen_columns):
            at = list(self.at)
            at[self.across] = column
            if self.down is None:
                at[self.across] += row * COLUMNS
                if at[self.across] >= self.sizes[self.across]:
                    continue
            else:
                at[self.down] = row
            number = 0
            for index, size in zip(at, self.sizes, strict=True):
                number = number * size + index
            cells[number] = row - self.top, column - self.left
        return cells

    def put(self, *, across: int | None = None, down: int | None = None) -> Arrangement:
        """Put an axis across or down; the one that was there takes its place."""
        new = replace(self, left=0, top=0)
        if across is not None and across != self.across:
            new = replace(new, across=across, down=self.across if across == self.down else self.down)
        elif down is not None and down != self.down:
            new = replace(
                new, down=down, across=self.down if down == self.across and self.down is not None else self.across
            )
        return new

    def stand(self, axis: int, index: int) -> Arrangement:
        """Let a further axis stand at another of its values."""
        return replace(self, at=tuple(index if one == axis else old for one, old in enumerate(self.at)))

    def page(self, *, right: int = 0, down: int = 0) -> Arrangement:
        """Go so many screens to the right and down; no further than there are cells."""
        left = min(max(self.left + right * COLUMNS, 0), (self.columns - 1) // COLUMNS * COLUMNS)
        top = min(max(self.top + down * ROWS, 0), (self.rows - 1) // ROWS * ROWS)
        return replace(self, left=left, top=top)
