"""Charts: from numbers to places on a canvas."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from animatediff_widget.texts import Message

from .arguments import Floats
from .svg import BLUE, GRAY, GREEN, INK, RED, Canvas, Picture

__all__ = ["Chart", "Scatter", "draw_plane"]

_PLANE = (-5.0, 5.0, -3.5, 5.0)
_SCALE = 36  # pixels for 1 on the plane
_LONGEST_ARROW = 0.5  # of the field, on the plane


class Chart:
    """A rectangle of a canvas with two axes."""

    def __init__(
        self,
        canvas: Canvas,
        box: tuple[float, float, float, float],
        across: tuple[float, float],
        up: tuple[float, float],
    ) -> None:
        self.canvas = canvas
        self.left, self.top, self.right, self.bottom = box
        self._across, self._up = across, up

    def places(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Give the places of points in pixels, shape (n, 2)."""
        (x0, x1), (y0, y1) = self._across, self._up
        across = self.left + (np.asarray(x, dtype=np.float64) - x0) / (x1 - x0) * (self.right - self.left)
        down = self.bottom - (np.asarray(y, dtype=np.float64) - y0) / (y1 - y0) * (self.bottom - self.top)
        return np.stack(np.broadcast_arrays(across, down), axis=-1)

    def axes(self, across: Mapping[float, str], up: Mapping[float, str]) -> None:
        """Draw grid lines with their labels."""
        for value, label in across.items():
            (place,) = self.places([value], [self._up[0]])
            self.canvas.line([(place[0], self.top), (place[0], self.bottom)])
            self.canvas.text(place[0], self.bottom + 16, label, anchor="middle", size=12)
        for value, label in up.items():
            (place,) = self.places([self._across[0]], [value])
            self.canvas.line([(self.left, place[1]), (self.right, place[1])])
            self.canvas.text(self.left - 6, place[1] + 4, label, anchor="end", size=12)


class Scatter(NamedTuple):
    """What is drawn on the plane; points of shape (n, 2)."""

    prompt: Floats
    general: Floats | None
    points: Floats | None
    paths: list[Floats]
    arrows: dict[str, Floats]
    field: tuple[Floats, Floats] | None


def draw_plane(what: Scatter, title: str) -> Picture:
    """Draw points, lines and arrows on the plane."""
    x0, x1, y0, y1 = _PLANE
    width, height = round((x1 - x0) * _SCALE), round((y1 - y0) * _SCALE)
    top = 28 if title else 8
    canvas = Canvas(width + 16, height + top + 24)
    chart = Chart(canvas, (8, top, width + 8, height + top), (x0, x1), (y0, y1))
    chart.axes({value: f"{value:g}" for value in (-4, -2, 0, 2, 4)}, dict.fromkeys((-2, 0, 2, 4), ""))
    if title:
        canvas.text(8 + width / 2, 19, title, anchor="middle", size=15)

    def visible(points: Floats) -> Floats:
        inside = (points >= (x0, y0)) & (points <= (x1, y1))
        kept = points[inside.all(axis=1)]
        return chart.places(*kept.T)

    if what.general is not None:
        canvas.dots(visible(what.general), 1.8, GRAY, 0.45)
    canvas.dots(visible(what.prompt), 1.8, BLUE, 0.55)
    if what.field is not None:
        _draw_field(chart, *what.field)
    # Lines and dots that leave the picture end at its edge.
    for path in what.paths:
        inside = np.clip(path, (x0, y0), (x1, y1))
        canvas.line(chart.places(*inside.T), RED, 1.3, opacity=0.6)
        canvas.dots(chart.places(*inside[-1:].T), 3.6, RED, edge="#ffffff")
    if what.points is not None:
        canvas.dots(chart.places(*np.clip(what.points, (x0, y0), (x1, y1)).T), 4.2, RED, edge="#ffffff")
    for (label, ends), color in zip(what.arrows.items(), itertools.cycle((BLUE, GRAY, RED, GREEN)), strict=False):
        start, end = chart.places(*np.clip(ends, (x0, y0), (x1, y1)).T)
        canvas.arrow(start, end, color)
        right = end[0] >= start[0]
        canvas.text(
            end[0] + (7 if right else -7), end[1] - 5, label, anchor="start" if right else "end", color=color, halo=True
        )
    return canvas.finish(title or str(Message("picture_of_plane")))


def _draw_field(chart: Chart, places: Floats, score: Floats) -> None:
    """Draw the score as arrows: their lengths grow with its own, but slowly, so that the small ones are seen."""
    length = np.hypot(*score.T)[:, None]
    longest = max(float(length.max()), 1e-12)
    ends = places + score / np.maximum(length, 1e-12) * _LONGEST_ARROW * np.sqrt(length / longest)
    for start, end in zip(chart.places(*places.T), chart.places(*ends.T), strict=True):
        chart.canvas.arrow(start, end, INK, 1.2)
