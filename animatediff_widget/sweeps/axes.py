"""The axes of a sweep: which fields vary, over which values, each checked as the request checks it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.model.fields import draw_seed
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import shown

from .text import read_text

__all__ = ["MOST_CELLS", "NO_AXES", "check_axes", "check_name", "read_axes", "with_inputs"]

MOST_CELLS = 100_000
"""A sweep has at most so many cells: its list must fit into memory."""

NO_AXES = frozenset(("self", "request", "client", "at_once", "budget", "journal", "timeout", "key"))
"""Names of `Sweep`'s own arguments: an input of the same name cannot be varied."""


def read_axes(request: AnimateDiffRequest, given: Mapping[str, Any], inputs: Inputs) -> dict[str, tuple[Any, ...]]:
    """Read the axes of a sweep, in the order given; `InvalidRequest` where one cannot be.

    A value is what the request's field makes of it, or what the model takes as one of its `inputs`; a number of seeds
    is drawn here.
    """
    if not given:
        raise InvalidRequest("axes", Message("no_axes"))
    request = with_inputs(request, given, inputs)
    axes = {name: _read_axis(request, name, values) for name, values in given.items()}
    size = 1
    for values in axes.values():
        size *= len(values)
    if size > MOST_CELLS:
        raise InvalidRequest("axes", Message("too_many_cells", count=size, most=MOST_CELLS))
    check_axes(axes, inputs)
    return axes


def check_axes(axes: Mapping[str, tuple[Any, ...]], inputs: Inputs) -> None:
    """Refuse a value that the model does not take."""
    for name, values in axes.items():
        for value in values:
            inputs.check_one(name, value)


def with_inputs(request: AnimateDiffRequest, names: Iterable[str], inputs: Inputs) -> AnimateDiffRequest:
    """Copy a request with those of the names in its extra input, with their defaults, that are further inputs."""
    further = {one.name: one.default for one in inputs.further if one.name in names}
    return request.copy(extra_input={**further, **request.extra_input})


def _read_axis(request: AnimateDiffRequest, name: str, given: Any) -> tuple[Any, ...]:
    check_name(request, name)
    if name == "seed" and isinstance(given, int) and not isinstance(given, bool):
        return _draw_seeds(given)
    if isinstance(given, str):
        given = read_text(request, name, given, MOST_CELLS)
    try:
        if isinstance(given, (bytes, Mapping)):
            raise TypeError
        given = iter(given)
    except Exception:  # a class of somebody's own may raise anything
        problem = Message("must_be", name=name, wanted=Message("a_list"), value=shown(given))
        raise InvalidRequest(name, Message("value_refused", problem=problem)) from None
    scratch = request.copy()
    values: list[Any] = []
    known: set[str] = set()
    for value in given:
        if len(values) == MOST_CELLS:
            raise InvalidRequest(name, Message("too_many_cells", count=f"> {MOST_CELLS}", most=MOST_CELLS))
        values.append(_checked(scratch, name, value))
        text = json.dumps(values[-1], sort_keys=True)
        if text in known:
            raise InvalidRequest(name, Message("twice_in_axis", name=name, value=shown(values[-1])))
        known.add(text)
    if not values:
        raise InvalidRequest(name, Message("empty_axis", name=name))
    return tuple(values)


def check_name(request: AnimateDiffRequest, name: str) -> None:
    """Refuse what is neither a field nor in the request's extra input: a slip of the pen would be posted otherwise."""
    known = [*request.trait_names(), *(each for each in request.extra_input if each not in NO_AXES)]
    if name not in known:
        names = ", ".join(known)
        raise InvalidRequest(name, Message("no_such_axis", name=name, names=names))


def _draw_seeds(count: int) -> tuple[int, ...]:
    if not 1 <= count <= MOST_CELLS:
        problem = Message("must_be", name="seed", wanted=Message("a_list_or_count"), value=shown(count))
        raise InvalidRequest("seed", Message("value_refused", problem=problem))
    seeds: dict[int, None] = {}
    while len(seeds) < count:
        seeds[draw_seed()] = None
    return tuple(seeds)


def _checked(scratch: AnimateDiffRequest, name: str, value: Any) -> Any:
    """Give a value as the request takes it."""
    value = value.item() if hasattr(value, "item") and not isinstance(value, Mapping) else value  # numpy's numbers
    if name == "seed" and value is None:  # each run would have another
        problem = Message("must_be", name=name, wanted=Message("a_value"), value="None")
        raise InvalidRequest(name, Message("value_refused", problem=problem))
    try:
        if scratch.has_trait(name):
            setattr(scratch, name, value)
            return getattr(scratch, name)
        scratch.extra_input = {**scratch.extra_input, name: value}
        return scratch.extra_input[name]
    except InvalidRequest as error:  # there is no value before it that could be kept
        raise InvalidRequest(error.field, Message("value_refused", **error.params)) from None
