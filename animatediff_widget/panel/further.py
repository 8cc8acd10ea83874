"""The controls for what the chosen endpoint takes beside the request's own fields: its `extra_input`, each by name."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from animatediff_widget.model.inputs import Input

from .controls import Maker, refill
from .markup import as_label

if TYPE_CHECKING:
    from .form import Form

__all__ = ["Further"]

_LONGEST_SLIDER = 10_000  # a number of more values than that cannot be found with a slider
_NUMBERS = {
    "integer": (widgets.IntSlider, widgets.IntText),
    "number": (widgets.FloatSlider, widgets.FloatText),
}
_TEXTS = (widgets.IntText, widgets.FloatText)  # they show a number beyond the bounds too


class Further:
    """Makes and binds the controls; where the endpoint takes nothing more there are none."""

    def __init__(self, form: Form, maker: Maker) -> None:
        self._form, self._maker = form, maker
        self.box = maker.row([])

    def show(self, inputs: tuple[Input, ...]) -> None:
        """Put these into the box, in place of those before; what is any JSON is written into the extra input."""
        self._form.release("input.")
        refill(self.box, *(self._field(one) for one in inputs if one.type != "json"))

    def _field(self, one: Input) -> Any:
        """Make the controls of one input, bound to its place in the extra input."""
        blank = "" if one.required or one.default is not None else self._maker.texts["left_to_model"]
        if one.type == "boolean":
            return self._bound(one, (widgets.Checkbox, {"indent": False}))
        if one.choices:
            options = [(str(choice), choice) for choice in one.choices]
            return self._bound(
                one, (widgets.Dropdown, {"options": options if one.default is not None else [(blank, None), *options]})
            )
        if one.type == "string" or one.default is None:
            line = {"placeholder": blank, "continuous_update": False}
            more = {"options": one.suggestions, "ensure_option": False} if one.suggestions else {}
            return self._bound(one, (widgets.Combobox if more else widgets.Text, {**line, **more}))
        slider, text = _NUMBERS[one.type]
        bounds, step = {"min": one.minimum, "max": one.maximum, "readout": False}, {"step": _step(one)}
        if one.minimum is None or one.maximum is None or one.maximum - one.minimum > _LONGEST_SLIDER * step["step"]:
            return self._bound(one, (text, step))
        return self._bound(one, (slider, {**bounds, **step}), (text, step))

    def _bound(self, one: Input, *kinds: Any) -> Any:
        """Make the controls and put them into a field."""
        key, description = f"input.{one.name}", as_label(one.label_in(self._maker.texts))
        controls = []
        for number, (kind, traits) in enumerate(kinds):
            classes = ("ad-number",) if number else ()
            control = self._maker.make(kind, *classes, description=description, help=self._hint(one), **traits)
            is_line = "placeholder" in traits
            read = partial(self._line, one) if is_line else partial(self._value, one, kind in _TEXTS)
            self._form.bind(key, control, read, partial(self._write, one), key=f"{key}_number" if number else key)
            controls.append(control)
        return self._form.field(key, *controls, classes="ad-choice")

    def _value(self, one: Input, takes_any: bool) -> Any:
        """Give what a control shows; of a value that it cannot show the default, and beside it is said what stands."""
        value = self._form.sent(one)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if one.fits(value) or (takes_any and is_number):
            return value
        return False if one.type == "boolean" and one.default is None else one.default

    def _line(self, one: Input) -> str:
        """Give what a line of text shows; blank for what is left to the model."""
        value = self._form.sent(one)
        return "" if value is None else str(value)

    def _write(self, one: Input, typed: Any) -> None:
        """Send what a person put there."""
        is_line = isinstance(typed, str) and not one.choices
        is_blank = is_line and not typed.strip() and not one.default
        self._form.send(one, None if is_blank else one.parse(typed) if is_line else typed)

    def _hint(self, one: Input) -> str:
        """Say what it does, and of one that is not ours what is possible."""
        possible = one.row()[3] if one.label and not one.choices and not one.suggestions else ""
        return " · ".join(part for part in (one.help_in(self._maker.texts), possible) if part)


def _step(one: Input) -> float:
    """Give the step of a number; else a power of ten, some fifty or more of which fit between its bounds."""
    if one.type == "integer":
        return max(1, int(one.step or 1))
    if one.step is not None:
        return one.step
    span = 10.0 if one.minimum is None or one.maximum is None else one.maximum - one.minimum
    least = span / 50  # of the smallest numbers it is 0
    return 10.0 ** min(math.floor(math.log10(least)), 0) if least > 0 else 0.1
