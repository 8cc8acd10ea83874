"""What the functions for teaching are given, checked, and refused in a sentence."""

from __future__ import annotations

import contextlib
import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from animatediff_widget.engines.diffusion import MAX_STEPS, TRAIN_STEPS
from animatediff_widget.errors import InvalidArgument
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import shown

__all__ = ["Floats", "count", "length", "number", "points", "refused", "step_count", "timestep"]

Floats: TypeAlias = NDArray[np.float64]


def refused(name: str, wanted: Message, value: object) -> InvalidArgument:
    """Make the error for a value that is not what is wanted; of an array its shape and kind are said."""
    outline = f"array {value.shape} {value.dtype}" if isinstance(value, np.ndarray) else shown(value)
    return InvalidArgument(
        Message("value_refused", problem=Message("must_be", name=name, wanted=wanted, value=outline))
    )


def count(name: str, value: Any, low: int, high: int) -> int:
    """Check a whole number, which may be numpy's."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not low <= value <= high:
        raise refused(name, Message("a_integer_between", low=low, high=high), value)
    return int(value)


def length(name: str, value: Any, high: int) -> int:
    """Check that something has 1 to `high` items; say how many."""
    if not 1 <= len(value) <= high:
        raise refused(name, Message("a_length", low=1, high=high), value)
    return len(value)


def timestep(name: str, value: Any) -> int:
    """Check a timestep of the schedule."""
    return count(name, value, 0, TRAIN_STEPS - 1)


def step_count(value: Any) -> int:
    """Check a number of steps."""
    return count("steps", value, 1, MAX_STEPS)


def number(name: str, value: Any, low: float, high: float) -> float:
    """Check a number, which may be numpy's."""
    kinds = (int, float, np.integer, np.floating)
    if not isinstance(value, kinds) or isinstance(value, bool) or not low <= value <= high or not math.isfinite(value):
        raise refused(name, Message("a_number_between", low=f"{low:g}", high=f"{high:g}"), value)
    return float(value)


def points(
    name: str, value: Any, shape: tuple[int | None, ...], *, exact: bool = False, least: float = -1e9, most: float = 1e9
) -> Floats:
    """Check an array of finite numbers; its last dimensions must be `shape`, None for any size from 1, before them any.

    With `exact` there are no others.
    """
    # An object of somebody's own class raises what it likes when it is made an array.
    with contextlib.suppress(Exception):
        array = np.asarray(value)
        fits = array.dtype.kind in "iuf" and array.size > 0 and array.ndim >= len(shape)
        sizes = array.shape[array.ndim - len(shape) :]
        fits = fits and (array.ndim == len(shape) or not exact)
        fits = fits and all(wanted in (None, size) for wanted, size in zip(shape, sizes, strict=True))
        if fits and least <= array.min() <= array.max() <= most:  # not so for NaN
            return np.asarray(array, dtype=np.float64)
    words = " x ".join("n" if size is None else str(size) for size in shape) or "any"
    wanted = Message("an_array", shape=words, low=f"{least:g}", high=f"{most:g}")
    raise refused(name, wanted, value)
