"""An axis written as text, as on the command line and in the panel: ``1, 5, .., 25``, ``1-10 (+3)``, ``1-10 [4]``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.model.fields import Number, Text, Whole
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import shown

__all__ = ["read_text"]

_NUMBER = r"(-?\d{1,15}(?:\.\d{1,15})?)"
_STEP = r"\(\s*\+?\s*(-?\d{1,15}(?:\.\d{1,15})?)\s*\)"
_SINGLE = re.compile(_NUMBER, re.ASCII)
_RANGE = re.compile(rf"{_NUMBER}\s*-\s*{_NUMBER}\s*(?:{_STEP}|\[\s*(\d{{1,9}})\s*\])?", re.ASCII)
_WITH_COMMAS = ("prompt", "n_prompt", "extra_input", "extra_body")
_DOTS = ("..", "...", "…")
_SKIP = re.compile(r"skip\s*:\s*", re.IGNORECASE)


def read_text(request: AnimateDiffRequest, name: str, text: str, most: int) -> list[Any]:
    """Read the values of an axis, each once; whether the field takes them is not looked at.

    Values stand between commas; prompts and JSON, which hold commas, between ``||`` or on lines of their own. For
    numbers there are ``1, 5, .., 25`` (on in the same step), ``1-10`` and ``1-10 (+3)`` (up to there, in steps), and
    ``1-10 [4]`` (so many, evenly). A part ``SKIP: x`` takes ``x`` away. `InvalidRequest` where it cannot be read, or
    has more than `most` values.
    """
    separators = r"\|\||\n" if name in _WITH_COMMAS or "||" in text else ",|\n"
    parts = [part for each in re.split(separators, text) if (part := each.strip())]
    skipped = [part[found.end() :] for part in parts if (found := _SKIP.match(part))]
    read = _reader(request, name, most)
    dropped = {repr(value) for value in read(skipped)}
    values = {repr(value): value for value in read([part for part in parts if not _SKIP.match(part)])}
    return [value for written, value in values.items() if written not in dropped]


def _reader(request: AnimateDiffRequest, name: str, most: int) -> Callable[[list[str]], list[Any]]:
    """Choose how the parts are read: by the field, or by the value that the extra input has there."""
    field, value = request.traits().get(name), request.extra_input.get(name)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(field, (Whole, Number)) or (field is None and is_number):
        is_whole = isinstance(field, Whole) or isinstance(value, int)
        return partial(_numbers, name, is_whole, most)
    if isinstance(field, Text) or isinstance(value, str):
        return lambda parts: parts
    return lambda parts: [_json(part) for part in parts]


def _json(part: str) -> Any:
    try:
        return json.loads(part)
    except (ValueError, RecursionError):
        return part


def _numbers(name: str, is_whole: bool, most: int, parts: list[str]) -> list[Any]:
    found: list[Decimal] = []
    for place, part in enumerate(parts):
        more = _go_on(name, found, parts[place + 1 :]) if part in _DOTS else _part(name, part, is_whole)
        for value in more:
            found.append(value)
            if len(found) > most:
                raise InvalidRequest(name, Message("too_many_cells", count=f"> {most}", most=most))
    return [int(value) if is_whole and value == int(value) else float(value) for value in found]


def _part(name: str, part: str, is_whole: bool) -> Iterator[Decimal]:
    """Read one part: a number or a range of them."""
    if _SINGLE.fullmatch(part):
        yield Decimal(part)
        return
    found = _RANGE.fullmatch(part)
    if found is None:
        raise InvalidRequest(name, Message("axis_not_numbers", name=name, part=shown(part)))
    first, last, count = Decimal(found[1]), Decimal(found[2]), found[4]
    if count is None:
        step = Decimal(found[3] or (1 if last >= first else -1))
        if step == 0 or (last - first) * step < 0:
            raise InvalidRequest(name, Message("axis_never_arrives", name=name, part=shown(part)))
        yield from _steps(first, step, last)
        return
    if count == "0":
        raise InvalidRequest(name, Message("axis_not_numbers", name=name, part=shown(part)))
    for place in range(int(count)):
        value = first + (last - first) * place / max(int(count) - 1, 1)
        yield value.to_integral_value(ROUND_HALF_UP) if is_whole else round(value, 10)


def _go_on(name: str, before: list[Decimal], after: list[str]) -> Iterator[Decimal]:
    """Go on in the step of the last two numbers, or by 1, until just before the number that comes next."""
    problem = InvalidRequest(name, Message("axis_dots", name=name))
    if not before or not after or not _SINGLE.fullmatch(after[0]):
        raise problem
    last, end = before[-1], Decimal(after[0])
    step = last - before[-2] if len(before) > 1 else Decimal(1 if end >= last else -1)
    if step == 0 or (end - last) * step < 0 or (end - last) % step != 0:
        raise problem
    yield from _steps(last, step, end - step)


def _steps(first: Decimal, step: Decimal, last: Decimal) -> Iterator[Decimal]:
    value = first
    while (last - value) * step >= 0:
        yield value
        value += step
