"""What a place's model takes as input: declared by an engine, or read from the schema that a container serves."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import is_text, printable, shown

from .fields import INPUT_FIELDS, Number, Whole
from .request import AnimateDiffRequest

__all__ = ["Input", "Inputs", "Kind"]

Kind = Literal["integer", "number", "string", "boolean", "json"]

_TYPES: dict[str, Any] = {"integer": int, "number": (int, float), "string": str, "boolean": bool}
_TRUTH = {**dict.fromkeys(("true", "yes", "on", "1"), True), **dict.fromkeys(("false", "no", "off", "0"), False)}

# Inputs of other models that are often sent to this one, which ignores them in silence; by the field that is meant.
_MEANT = {
    "num_inference_steps": "steps",
    "negative_prompt": "n_prompt",
    **dict.fromkeys(("cfg_scale", "guidance"), "guidance_scale"),
    **dict.fromkeys(("checkpoint", "model", "base_model"), "path"),
    **dict.fromkeys(("num_frames", "frames", "width", "height", "fps"), ""),
}

# What is read of a schema at the most: it comes from a server.
_MOST_FIELDS = 100
_MOST_CHOICES = 500
_MOST_PARTS = 8
_LONGEST_NAME = 100
_LONGEST_TEXT = 1000
_LARGEST_BOUND = 2**64


@dataclass(frozen=True)
class Input:
    """One input: its type, what it may be, and what it is where it is not sent.

    A "json" is any JSON; nothing about it is checked here. One that we declare has no `label` and `help` of its own but
    the texts ``label_NAME`` and ``help_NAME``.
    """

    name: str
    type: Kind = "string"
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    label: str = ""
    help: str = ""
    required: bool = False  # a job without it is refused
    suggestions: tuple[str, ...] = ()  # others are taken too

    def check(self, value: Any) -> Any:
        """Give a value as it is sent; `InvalidRequest` where it cannot be. None stands for the default."""
        if (value is None and not self.required) or self.type == "json":
            return value
        if self.type == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)
        if not self.fits(value):
            problem = Message("must_be", name=self.name, wanted=self.wanted, value=shown(value))
            raise InvalidRequest(self.name, Message("value_refused", problem=problem))
        return value

    def parse(self, text: str) -> Any:
        """Read a value from a command line; `InvalidRequest` where it is none."""
        value: Any = text
        with contextlib.suppress(ValueError, KeyError, RecursionError):
            if self.type == "boolean":
                value = _TRUTH[text.strip().lower()]
            elif self.type in ("integer", "number"):
                value = float(text) if self.type == "number" else int(text)
            elif self.type == "json":
                value = json.loads(text)
        return self.check(value)

    @property
    def wanted(self) -> Message:
        """What a value must be."""
        if self.choices:
            return Message("a_choice", choices=" / ".join(map(str, self.choices)))
        if self.minimum is not None and self.maximum is not None:
            return Message(f"a_{self.type}_between", low=_written(self.minimum), high=_written(self.maximum))
        if self.minimum is not None:
            return Message(f"a_{self.type}_from", low=_written(self.minimum))
        if self.maximum is not None:
            return Message(f"a_{self.type}_to", high=_written(self.maximum))
        return Message(f"a_{self.type}")

    def label_in(self, texts: Mapping[str, str]) -> str:
        """Give its label in a language."""
        return self.label or texts.get(f"label_{self.name}", self.name)

    def help_in(self, texts: Mapping[str, str]) -> str:
        """Give in a language what it does; often empty where it is not ours."""
        return self.help or texts.get(f"help_{self.name}", "")

    def fits(self, value: Any) -> bool:
        """Whether it can be this value."""
        if not isinstance(value, _TYPES[self.type]) or (isinstance(value, bool) and self.type != "boolean"):
            return False
        if self.choices:
            return value in self.choices
        if isinstance(value, (str, bool)):
            return isinstance(value, bool) or is_text(value)
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return bool(low <= value <= high and abs(value) < math.inf)  # NaN fails the comparison


@dataclass(frozen=True)
class Inputs:
    """All inputs, in the order in which they are offered; where it is not `closed`, others may be taken as well."""

    fields: tuple[Input, ...] = ()
    closed: bool = False

    @classmethod
    def of_engine(cls, declared: Iterable[Input]) -> Inputs:
        """Give the inputs of an engine of ours: the request's own fields, and what it declares."""
        return cls((*_own_fields(), *declared), closed=True)

    @classmethod
    def from_schema(cls, openapi: Any) -> Inputs | None:
        """Read an OpenAPI document as Cog and the hosted API write it; None where there are no inputs in it.

        What it says of an input and cannot be understood is left out.
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
        return cls(tuple(each for _, each in sorted(fields, key=lambda field: field[0])), closed)

    def __getitem__(self, name: str) -> Input | None:
        """Give the input of a name; None where it is not known."""
        return next((each for each in self.fields if each.name == name), None)

    @property
    def further(self) -> tuple[Input, ...]:
        """Those that are no fields of the request: they are sent in its ``extra_input``."""
        return tuple(each for each in self.fields if each.name not in INPUT_FIELDS)

    def lacks(self, name: str) -> bool:
        """Whether an input is certainly not taken."""
        return self.closed and self[name] is None

    def problems(self, given: Mapping[str, Any]) -> Iterator[InvalidRequest]:
        """Yield what is wrong with the input of a body."""
        for each in self.fields:
            if each.name in given:
                try:
                    each.check(given[each.name])
                except InvalidRequest as error:
                    yield error
            elif each.required:
                yield InvalidRequest(each.name, Message("input_required", name=each.name))

    def check(self, given: Mapping[str, Any]) -> None:
        """Raise the first of the `problems`."""
        for problem in self.problems(given):
            raise problem

    def ignored(self, given: Iterable[str]) -> dict[str, str]:
        """Give the names that the model ignores in silence, each with the field that was meant, or empty."""
        names = [name for name in given if self[name] is None and (self.closed or name in _MEANT)]
        return {name: "" if self.lacks(meant := _MEANT.get(name, "")) else meant for name in names}

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Give the further inputs as an engine runs with them: what is not given is the default."""
        said = {name: value for name, value in given.items() if value is not None}
        return {each.name: said.get(each.name, each.default) for each in self.further}


def _own_fields() -> Iterator[Input]:
    """Give the request's own fields as inputs."""
    for name, trait in vars(AnimateDiffRequest).items():  # in the order of their declaration
        if name in INPUT_FIELDS:
            kind: Kind = "integer" if isinstance(trait, Whole) else "number" if isinstance(trait, Number) else "string"
            low, high = getattr(trait, "min", None), getattr(trait, "max", None)
            label, suggestions = trait.metadata["label"], trait.metadata.get("suggestions", ())
            yield Input(
                name, kind, trait.default_value, low, high, label=label, help=trait.help, suggestions=suggestions
            )


def _written(bound: float) -> str:
    return f"{bound:g}" if isinstance(bound, float) and not bound.is_integer() else str(int(bound))


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
    kind: Any = kinds[0] if len(set(kinds)) == 1 and kinds[0] in _TYPES else "json"
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
