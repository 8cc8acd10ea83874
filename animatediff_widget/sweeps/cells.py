"""The cells of a sweep: one for each combination of the axes' values."""

from __future__ import annotations

import itertools
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from animatediff_widget.model.body import Body
from animatediff_widget.model.fields import INPUT_FIELDS

__all__ = ["Cell", "Grid", "cell_key", "order"]

_DEAREST = ("version", "path", "motion_module")
"""What an endpoint loads anew when it changes, the dearest first."""


@dataclass(frozen=True)
class Grid:
    """What a sweep varies, and over which axes."""

    body: Body
    axes: Mapping[str, tuple[Any, ...]]

    def cells(self, sweep: str) -> list[Cell]:
        """Make the cells of a sweep, the last axis the quickest."""
        return [
            Cell(number, MappingProxyType(dict(zip(self.axes, values, strict=True))), cell_key(sweep, number), self)
            for number, values in enumerate(itertools.product(*self.axes.values()))
        ]

    def body_of(self, settings: Mapping[str, Any]) -> Body:
        """Make the body of a cell, whose values were checked when the axes were read.

        The prompt is made by search and replace where the axis's first value stands in it.
        """
        body = self.body.to_json()
        fields: dict[str, Any] = body["input"]
        for name, value in settings.items():
            if name == "version":
                body["version"] = value
            elif name == "extra_body":
                body = {"version": body["version"], "input": fields, **value}
            elif name == "extra_input":
                for other in set(fields) - set(INPUT_FIELDS) - set(self.axes):
                    del fields[other]
                fields |= value
            elif name == "prompt" and self.axes[name][0] in fields[name]:
                fields[name] = fields[name].replace(self.axes[name][0], value)
            else:
                fields[name] = value
        return Body.from_json(body)


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
        return self.grid.body_of(self.settings)


def cell_key(sweep: str, number: int, attempt: int = 0) -> str:
    """Give the key of a cell's job, the same in every process; the second attempt has another than the first."""
    return uuid.uuid5(uuid.UUID(sweep), f"{number}/{attempt}").hex


def order(axes: Mapping[str, Sequence[Any]]) -> list[int]:
    """Give the cells' numbers in the order of running: what is dearest to change changes slowest."""
    sizes = [len(values) for values in axes.values()]
    strides = dict(zip(axes, (math.prod(sizes[place + 1 :]) for place in range(len(sizes))), strict=True))
    names = sorted(axes, key=lambda name: _DEAREST.index(name) if name in _DEAREST else len(_DEAREST))  # stable
    rows = itertools.product(*(range(0, len(axes[name]) * strides[name], strides[name]) for name in names))
    return [*map(sum, rows)]
