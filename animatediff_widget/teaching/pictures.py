"""Pictures of noise, of clips, and of what a sampler does step by step."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from animatediff_widget.engines import diffusion
from animatediff_widget.engines.painter import LEXICON
from animatediff_widget.errors import check
from animatediff_widget.texts import TEXTS, Message

from .arguments import count, length, number, points, refused, timestep
from .drawing import Chart
from .model import Step
from .svg import BLUE, COLORS, GRAY, RED, Canvas, Picture

__all__ = ["amounts_over_steps", "beside", "film_strip", "noise_levels", "weights_over_steps"]

_CELL, _GAP = 104, 6
_LONGEST_ROW, _MOST_ROWS = 16, 100
_WIDE, _HIGH = 560, 250
_QUALITIES = {
    "light": "amount_of_light",
    "colour": "amount_of_colour",
    "tone": "amount_of_tone",
    "shape": "amount_of_shape",
    "detail": "amount_of_detail",
    "unwanted": "amount_unwanted",
}


def film_strip(rows: Mapping[str, Any], columns: Sequence[Any] = (), *, frame: int = 0) -> Picture:
    """Draw frames in rows, as on a strip of film.

    Parameters
    ----------
    rows : mapping
        The rows by their labels: each up to 16 pictures, shape (rows, columns, 3), or clips, shape (frames, rows,
        columns, 3), with values from 0 to 1; what is beyond is clipped. A single clip is a row of its frames.
    columns : sequence, optional
        Texts or numbers that are written above the columns.
    frame : int
        Which frame of a clip is drawn, 0 or more.

    Returns
    -------
    Picture
        Shows itself as the last line of a cell.

    Raises
    ------
    InvalidArgument
        Where an argument is none of these.
    """
    check(Mapping, rows=rows)
    length("rows", rows, _MOST_ROWS)
    check((Sequence, np.ndarray), columns=columns)
    heads = [words if isinstance(words, str) else f"{number('columns', words, -1e9, 1e9):g}" for words in columns]
    for label in rows:
        check(str, rows=label)
    table = {label: _row(row, frame) for label, row in rows.items()}
    labels = max(map(_length, table), default=0) * 7 + 14 if any(table) else _GAP
    widest = max(map(len, table.values()))
    top = 26 if heads else _GAP
    canvas = Canvas(round(labels) + widest * (_CELL + _GAP), top + len(table) * (_CELL + _GAP))
    for index, words in enumerate(heads[:widest]):
        canvas.text(labels + index * (_CELL + _GAP) + _CELL / 2, 18, words, anchor="middle")
    for line, (label, row) in enumerate(table.items()):
        y = top + line * (_CELL + _GAP)
        canvas.text(labels - 8, y + _CELL / 2 + 4, label, anchor="end")
        for index, pixels in enumerate(row):
            canvas.pixels(pixels, labels + index * (_CELL + _GAP), y, _CELL, _CELL)
    return canvas.finish(str(Message("picture_of_frames", rows=", ".join(filter(None, table)), count=widest)))


def noise_levels(marks: Sequence[int] = ()) -> Picture:
    """Draw how much of the signal and of the noise there is in a noisy point, over the timesteps.

    Parameters
    ----------
    marks : sequence of int, optional
        Timesteps to mark with a dot, 0 to 999: those that a sampler visits.

    Returns
    -------
    Picture
        ``sqrt(alpha_bar)`` in blue and ``sqrt(1 - alpha_bar)`` in grey, from 0 to 1.

    Raises
    ------
    InvalidArgument
        Where a mark is no timestep.
    """
    check((Sequence, np.ndarray), marks=marks)
    canvas = Canvas(_WIDE, _HIGH)
    chart = Chart(canvas, (48, 16, _WIDE - 20, _HIGH - 44), (0, 999), (0, 1))
    chart.axes({t: str(t) for t in range(0, 1000, 200)}, {0: "0", 0.5: "0.5", 1: "1"})
    canvas.text(_WIDE / 2, _HIGH - 10, f"{Message('timestep')} t", anchor="middle")
    visits = [timestep("marks", mark) for mark in marks]
    bars = diffusion.alpha_bars()
    for curve, color, name, shift in (
        (np.sqrt(bars), BLUE, f"{Message('signal')} √ᾱ", -6),
        (np.sqrt(1.0 - bars), GRAY, f"{Message('noise')} √(1 − ᾱ)", 20),
    ):
        canvas.line(chart.places(np.arange(1000), curve), color, 2.5)
        if visits:
            canvas.dots(chart.places(visits, curve[visits]), 4, color, edge="#ffffff")
        ((x, y),) = chart.places(600, curve[600:601])
        canvas.text(x + 10, y + shift, name, color=color, size=14, halo=True)
    return canvas.finish(str(Message("picture_of_noise")))


def weights_over_steps(steps: Sequence[Step]) -> Picture:
    """Draw how likely each component is at each step: what the guess with the prompt is mixed from.

    Parameters
    ----------
    steps : sequence of Step
        A trajectory.

    Returns
    -------
    Picture
        A column for each step, of height 1, divided among the components.

    Raises
    ------
    InvalidArgument
        Where `steps` is no trajectory.
    """
    trajectory = _trajectory(steps)
    canvas = Canvas(_WIDE, _HIGH)
    chart = Chart(canvas, (48, 16, _WIDE - 66, _HIGH - 44), (0, len(trajectory)), (0, 1))
    labels = _step_labels(trajectory)
    chart.axes({}, {0: "0", 0.5: "0.5", 1: "1"})
    for index, step in enumerate(trajectory):
        edges = np.concatenate([[0.0], np.cumsum(step.weights)])
        left, right = chart.places([index, index + 1], [0, 0])[:, 0]
        for which, (low, high) in enumerate(itertools.pairwise(edges.tolist())):
            (_, bottom), (_, top) = chart.places([0, 0], [low, high])
            if bottom - top > 0.05:
                canvas.rectangle(left, top, right - left - 1, bottom - top, COLORS[which % len(COLORS)])
        if index in labels:
            canvas.text((left + right) / 2, chart.bottom + 16, labels[index], anchor="middle", size=12)
    for which in range(min(len(trajectory[0].weights), len(COLORS))):
        canvas.rectangle(chart.right + 14, chart.top + which * 20, 13, 13, COLORS[which])
        canvas.text(chart.right + 33, chart.top + which * 20 + 11, str(which))
    canvas.text(_WIDE / 2, _HIGH - 10, f"{Message('timestep')} t", anchor="middle")
    return canvas.finish(str(Message("picture_of_weights")))


def amounts_over_steps(steps: Sequence[Step]) -> Picture:
    """Draw how much of what is in the guesses of each step: see `Step.amounts`.

    Parameters
    ----------
    steps : sequence of Step
        A trajectory.

    Returns
    -------
    Picture
        A small chart for each name: with the prompt in blue, without it in grey, guided in red.

    Raises
    ------
    InvalidArgument
        Where `steps` is no trajectory.
    """
    trajectory = _trajectory(steps)
    amounts = [step.amounts for step in trajectory]
    names = list(amounts[0])
    values = np.array([[each[name] for name in names] for each in amounts])
    low, high = min(0.0, float(values.min())), max(1.0, float(values.max()))
    high += 0.05 * (high - low)
    across, wide, tall = min(len(names), 4), 190, 150
    canvas = Canvas(across * wide + 8, -(-len(names) // across) * tall + 30)
    for place, name in enumerate(names):
        left, top = place % across * wide + 34, place // across * tall + 24
        chart = Chart(
            canvas, (left, top, left + wide - 44, top + tall - 48), (0, len(trajectory) - 1 or 1), (low, high)
        )
        ticks = range(int(np.ceil(low)), int(high) + 1)
        chart.axes({}, {tick: str(tick) for tick in ticks if (high - low) < 6 or tick % 2 == 0})
        words = _in_words(name)
        canvas.text(left, top - 7, words if _length(words) < 24 else f"{words[:22]}…")
        for column, color in ((1, GRAY), (0, BLUE), (2, RED)):
            canvas.line(chart.places(np.arange(len(trajectory)), values[:, place, column]), color, 2.2)
        canvas.text(left, chart.bottom + 15, f"t = {trajectory[0].timestep}", size=11)
        canvas.text(chart.right, chart.bottom + 15, str(trajectory[-1].timestep), anchor="end", size=11)
    x = 34.0
    for code, color in (("with_prompt", BLUE), ("without_prompt", GRAY), ("guided", RED)):
        words = str(Message(code))
        canvas.line([(x, canvas.height - 14), (x + 18, canvas.height - 14)], color, 2.5)
        canvas.text(x + 24, canvas.height - 10, words, color=color)
        x += 50 + 7.2 * _length(words)
    return canvas.finish(str(Message("picture_of_amounts", names=", ".join(map(_in_words, names)))))


def beside(*pictures: Picture) -> Picture:
    """Put pictures side by side.

    Parameters
    ----------
    *pictures : Picture
        1 to 16.

    Returns
    -------
    Picture
        As wide as all of them together, as high as the highest.

    Raises
    ------
    InvalidArgument
        Where there is none, or one is no picture.
    """
    length("pictures", pictures, _LONGEST_ROW)
    for picture in pictures:
        check(Picture, pictures=picture)
    canvas, x = Canvas(sum(each.width for each in pictures), max(each.height for each in pictures)), 0
    for picture in pictures:
        canvas.inside(picture, x, 0)
        x += picture.width
    return canvas.finish(" · ".join(picture.alt for picture in pictures))


def _row(row: Any, frame: int) -> list[Any]:
    """Check a row, and take a frame of each clip in it."""
    check((Sequence, np.ndarray), rows=row)
    length("rows", row, _LONGEST_ROW)
    out = []
    for item in row:
        array = points("rows", item, (None, None, 3))
        if array.ndim == 4:
            array = array[count("frame", frame, 0, len(array) - 1)]
        out.append(points("rows", array, (None, None, 3), exact=True))
    return out


def _trajectory(steps: Sequence[Step]) -> list[Step]:
    """Check a trajectory."""
    if not isinstance(steps, Sequence) or not steps or not all(isinstance(step, Step) for step in steps):
        raise refused("steps", Message("a_trajectory"), steps)
    return list(steps)


def _step_labels(steps: list[Step]) -> dict[int, str]:
    """Give the timesteps of about six of the steps, by their index."""
    chosen = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), 6)).round().astype(int))
    return {int(index): str(steps[index].timestep) for index in chosen}


def _in_words(name: str) -> str:
    """Put a name of `Step.amounts` into the environment's language: a quality, or a group of prompted tags."""
    if name in _QUALITIES:
        return str(Message(_QUALITIES[name]))
    english = TEXTS.language == "en"
    words = {tag: word for word, tag in reversed(LEXICON.items()) if word.isascii() == english}
    return " + ".join(words.get(tag, tag) for tag in name.split(" + "))


def _length(words: str) -> float:
    """Say how long words are, in letters; a Chinese one is about two."""
    return sum(1.0 if character < "\u2e80" else 1.9 for character in words)
