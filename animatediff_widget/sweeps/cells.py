"""The cells of a sweep: one for each combination of the axes' values."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from animatediff_widget.model.body import Body

from .axes import apply

__all__ = ["Cell", "Grid", "cell_key", "order"]

_DEAREST = ("version", "path", "motion_module")
"""What an endpoint loads anew when it changes, the dearest first."""


@dataclass(frozen=True)
class Grid:
    """What a sweep varies, and over which axes."""

    body: Body
    axes: Mapping[str, tuple[Any, ...]]

    def cells(self, sweep: str) -> tuple[Cell, ...]:
        """Make the cells of a sweep, the last axis the quickest."""
        return tuple(
            Cell(number, MappingProxyType(dict(zip(self.axes, values, strict=True))), cell_key(sweep, number), self)
            for number, values in enumerate(itertools.product(*self.axes.values()))
        )


@dataclass(frozen=True)
class Cell:
    """One combination of a sweep's values.

    Parameters
    ----------
    number : int
        Its place, from 0, in the order of the axes; the last axis changes quickest.
    settings : Mapping
        Its value on each axis, such as ``{"steps": 4, "seed": 7}``.
    key : str
        The key of its job in the journal, known before the job is made; another one after `Sweep.retry`.
    """

    number: int
    settings: Mapping[str, Any]
    key: str
    grid: Grid = field(repr=False, compare=False)

    @cached_property
    def body(self) -> Body:
        """What is posted for it, made when it is first asked for."""
        request = self.grid.body.request()
        apply(request, self.grid.axes, self.settings)
        return Body.of(request)


def cell_key(sweep: str, number: int, attempt: int = 0) -> str:
    """Give the key of a cell's job, the same in every process; the second attempt has another than the first."""
    return uuid.uuid5(uuid.UUID(sweep), f"{number}/{attempt}").hex


def order(cells: Sequence[Cell], axes: Mapping[str, tuple[Any, ...]]) -> list[int]:
    """Give the cells' numbers in the order of running: what is dearest to change changes slowest."""
    dear = [name for name in _DEAREST if name in axes]
    rank = {name: {value: place for place, value in enumerate(axes[name])} for name in dear}
    return [
        cell.number
        for cell in sorted(cells, key=lambda cell: [rank[name][cell.settings[name]] for name in dear])  # stable
    ]
