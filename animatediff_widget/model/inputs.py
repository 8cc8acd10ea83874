"""What a place's model takes as input, as an engine declares it or a schema (`schema`) says."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import is_text, shown

from .fields import INPUT_FIELDS, Number, Whole
from .request import AnimateDiffRequest

__all__ = ["TYPES", "Input", "Inputs", "Kind"]

Kind = Literal["integer", "number", "string", "boolean", "json"]

TYPES: dict[str, Any] = {"integer": int, "number": (int, float), "string": str, "boolean": bool}
"""The Python types of those that are checked."""

_TRUTH = {**dict.fromkeys(("true", "yes", "on", "1"), True), **dict.fromkeys(("false", "no", "off", "0"), False)}

# Inputs of other models that are often sent to this one, which ignores them in silence; by the field that is meant.
_MEANT = {
    "num_inference_steps": "steps",
    "negative_prompt": "n_prompt",
    **dict.fromkeys(("cfg_scale", "guidance"), "guidance_scale"),
    **dict.fromkeys(("checkpoint", "model", "base_model"), "path"),
    **dict.fromkeys(("num_frames", "frames", "width", "height", "fps"), ""),
}


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
    step: float | None = None  # of its slider

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
            return Message("a_choice", choices=_cut(" / ".join(map(str, self.choices)), 300))
        if self.minimum is not None and self.maximum is not None:
            between = "between_or_none" if self.type == "integer" and self._is_optional else "between"
            return Message(f"a_{self.type}_{between}", low=_written(self.minimum), high=_written(self.maximum))
        if self.minimum is not None:
            return Message(f"a_{self.type}_from", low=_written(self.minimum))
        if self.maximum is not None:
            return Message(f"a_{self.type}_to", high=_written(self.maximum))
        return Message(f"a_{self.type}")

    @property
    def _is_optional(self) -> bool:
        return self.default is None and not self.required

    def row(self) -> tuple[str, str, str, str]:
        """Give its name, type, default and what is possible, for a table."""
        default = "(required)" if self.required else "" if self.default is None else shown(self.default)
        low, high = ("" if end is None else _written(end) for end in (self.minimum, self.maximum))
        bounds = f"{low} to {high}" if low and high else f">= {low}" if low else f"<= {high}" if high else ""
        suggestions = " / ".join([*self.suggestions, "..."]) if self.suggestions else bounds
        return self.name, self.type, _cut(default, 30), _cut(" / ".join(map(str, self.choices)) or suggestions, 150)

    def label_in(self, texts: Mapping[str, str]) -> str:
        """Give its label in a language."""
        return self.label or texts.get(f"label_{self.name}", self.name)

    def help_in(self, texts: Mapping[str, str]) -> str:
        """Give in a language what it does; often empty where it is not ours."""
        return self.help or texts.get(f"help_{self.name}", "")

    def fits(self, value: Any) -> bool:
        """Whether it can be this value."""
        if not isinstance(value, TYPES[self.type]) or (isinstance(value, bool) and self.type != "boolean"):
            return False
        if self.choices:
            return value in self.choices
        if isinstance(value, (str, bool)):
            return isinstance(value, bool) or is_text(value)
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return bool(low <= value <= high and abs(value) < math.inf)  # NaN fails the comparison


Rule = Callable[[Mapping[str, Any]], Iterable[InvalidRequest]]
"""Tells of a body's input, each value of which is possible, whether they do not go together."""


@dataclass(frozen=True, repr=False)
class Inputs:
    """All inputs, in the order in which they are offered; where it is not `closed`, others may be taken as well.

    Its ``repr`` is a table.
    """

    fields: tuple[Input, ...] = ()
    closed: bool = False
    rules: tuple[Rule, ...] = ()

    @classmethod
    def of_engine(cls, declared: Iterable[Input], rules: Iterable[Rule] = ()) -> Inputs:
        """Give the inputs of an engine of ours: the request's own fields, and what it declares."""
        return cls((*_own_fields(), *declared), closed=True, rules=tuple(rules))

    def suggesting(self, **names: tuple[str, ...]) -> Inputs:
        """Give the same inputs, with other suggestions for some of them."""
        fields = (replace(each, suggestions=names.get(each.name, each.suggestions)) for each in self.fields)
        return replace(self, fields=tuple(fields))

    def __repr__(self) -> str:
        if not self.fields:
            return "What the model takes is not known."
        rows = [("name", "type", "default", "possible"), *(each.row() for each in self.fields)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, *(["What else is sent is ignored."] if self.closed else [])])

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
        sound = True
        for each in self.fields:
            try:
                if each.name in given:
                    each.check(given[each.name])
                elif each.required:
                    raise InvalidRequest(each.name, Message("input_required", name=each.name))
            except InvalidRequest as error:
                sound = False
                yield error
        for rule in self.rules if sound else ():
            yield from rule(given)

    def check(self, given: Mapping[str, Any]) -> None:
        """Raise the first of the `problems`."""
        for problem in self.problems(given):
            raise problem

    def check_one(self, name: str, value: Any) -> None:
        """Raise where the model would refuse a value, as far as that is known."""
        one = self[name]
        if one is not None:
            one.check(value)

    def ignored(self, given: Iterable[str]) -> dict[str, str]:
        """Give the names that the model ignores in silence, each with the field that was meant, or empty."""
        names = [name for name in given if self[name] is None and (self.closed or name in _MEANT)]
        return {name: "" if self.lacks(meant := _MEANT.get(name, "")) else meant for name in names}

    def remarks(self, given: Iterable[str], label: Callable[[str], str] = str) -> list[Message]:
        """Say which of the names are `ignored`; `label` gives what a person calls the field that was meant.

        Where it is not known what the model takes, only the hosted one is known to ignore them.
        """
        said = []
        for name, meant in self.ignored(given).items():
            if meant:
                said.append(Message("input_ignored_for", name=name, field=label(meant)))
            else:
                said.append(Message("input_ignored" if self.closed else "input_ignored_hosted", name=name))
        return said

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


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
