"""Reading what a model takes from an OpenAPI document, as Cog and the hosted API write it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from animatediff_widget.texts.plain import printable

from .inputs import TYPES, Input, Inputs

__all__ = ["read_schema"]

# What is read at the most.
_MOST_FIELDS = 100
_MOST_CHOICES = 500
_MOST_PARTS = 8
_LONGEST_NAME = 100
_LONGEST_TEXT = 1000
_LARGEST_BOUND = 2**64


def read_schema(openapi: Any) -> Inputs | None:
    """Read a document; None where there are no inputs in it.

    What it says of an input and cannot be understood is left out: it comes from a server.
    """
    schemas = _part(_part(openapi, "components"), "schemas")
    model = _part(schemas, "Input")
    properties, required = _part(model, "properties"), model.get("required")
    fields = []
    for place, (name, given) in enumerate(itertools.islice(properties.items(), _MOST_FIELDS)):
        if isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and printable(name) == name:
            needed = isinstance(required, list) and name in required
            order = _bound(_part(properties, name).get("x-order"))
            fields.append((place if order is None else order, _read(name, given, schemas, needed)))
    if not fields:
        return None
    closed = len(fields) == len(properties) and model.get("additionalProperties") is not True
    return Inputs(tuple(each for _, each in sorted(fields, key=lambda field: field[0])), closed)


def _part(value: Any, name: str) -> dict[str, Any]:
    """Give an object inside another one; an empty one where there is none."""
    part = value.get(name) if isinstance(value, dict) else None
    return part if isinstance(part, dict) else {}


def _text(value: Any) -> str:
    return printable(value[:_LONGEST_TEXT]).strip() if isinstance(value, str) else ""


def _bound(value: Any) -> float | None:
    """Give a number that can be a bound; None where it is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and -_LARGEST_BOUND < value < _LARGEST_BOUND:
        return int(value) if float(value).is_integer() else value
    return None


def _read(name: str, given: Any, schemas: dict[str, Any], needed: bool) -> Input:
    """Read one input; its type, choices and bounds may stand in other parts of the document."""
    parts = list(_parts(given, schemas))

    def said(key: str) -> Any:
        return next((part[key] for part in parts if key in part), None)

    kinds = [kind for part in parts for kind in _listed(part.get("type")) if isinstance(kind, str) and kind != "null"]
    kind: Any = kinds[0] if len(set(kinds)) == 1 and kinds[0] in TYPES else "json"
    if said("format") == "password":  # it belongs in no form that is saved with a notebook
        kind = "json"
    read = Input(name, kind, label=_text(said("title")), help=_text(said("description")), required=needed)
    if kind == "json":
        return read
    choices = [each for each in _listed(said("enum")) if each is not None]
    if len(choices) <= _MOST_CHOICES and all(read.fits(each) and _is_plain(each) for each in choices):
        read = replace(read, choices=tuple(choices))
    examples = [each for each in _listed(said("examples")) if isinstance(each, str) and _is_plain(each)]
    read = replace(read, suggestions=tuple(examples[:_MOST_CHOICES]) if kind == "string" else ())
    low, high = _bound(said("minimum")), _bound(said("maximum"))
    if kind in ("integer", "number") and (low is None or high is None or low <= high):
        read = replace(read, minimum=low, maximum=high)
        step = _bound(said("multipleOf"))
        read = replace(read, step=step if step is not None and step > 0 else None)
    default = said("default")
    if default is not None and read.fits(default) and _is_plain(default):
        read = replace(read, default=read.check(default), required=False)
    return read


def _is_plain(value: Any) -> bool:
    """Whether a value can stand in a form as it is."""
    return not isinstance(value, str) or (len(value) <= _LONGEST_TEXT and printable(value, keep="\r\n") == value)


def _parts(given: Any, schemas: dict[str, Any], depth: int = 4) -> Iterator[dict[str, Any]]:
    """Yield an object of the schema, and those that it refers to or is made of, the nearest first."""
    if not isinstance(given, dict) or not depth:
        return
    yield given
    target = given.get("$ref")
    if isinstance(target, str):
        yield from _parts(schemas.get(target.rpartition("/")[2]), schemas, depth - 1)
    for key in ("allOf", "anyOf", "oneOf"):
        for part in _listed(given.get(key))[:_MOST_PARTS]:
            yield from _parts(part, schemas, depth - 1)


def _listed(value: Any) -> list[Any]:
    """Give what may be a list or a single text as a list."""
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []
