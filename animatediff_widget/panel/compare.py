"""The switch that turns fields into lists, and the lines where these are written."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from animatediff_widget.sweeps.labels import axis_label

from .controller import Controller
from .controls import Maker, draws
from .markup import problem, quiet

__all__ = ["Compare"]

_FIRST = ("steps", "guidance_scale", "seed")  # what the lines offer at first
_FIELDS = ("steps", "guidance_scale", "seed", "prompt", "n_prompt", "path", "motion_module", "version")
_EXAMPLES = {
    "steps": "1, 4, 25",
    "guidance_scale": "1, 4, 7.5",
    "seed": "1-4",
    "path": "toonyou_beta3.safetensors, lyriel_v16.safetensors",
    "motion_module": "mm_sd_v14, mm_sd_v15_v2",
}


class Compare:
    """A switch for the controller's comparison, and below it a line for each list: which field, which values."""

    def __init__(self, controller: Controller, maker: Maker) -> None:
        texts = maker.texts
        self._controller, self._maker, self._texts = controller, maker, texts
        self.switch = maker.make(
            widgets.ToggleButton, "ad-compare", description=texts["compare"], icon="th", help=texts["compare_help"]
        )
        self.lines: list[tuple[Any, Any]] = []  # made when they are first wanted: most never are
        self.note = maker.html()
        self.box = maker.box([self.note], "ad-lists", "ad-folded")
        self.switch.observe(self._switched, "value")
        controller.comparison.observe(self._say, ["plan", "problem", "is_on"])
        controller.choice.observe(self._look, "endpoint")
        controller.observe(self._edited, "edited")
        controller.choice.observe(self._edited, "inputs")

    def _line(self, name: str) -> tuple[Any, Any]:
        field = self._maker.make(
            widgets.Dropdown, "ad-list-field", description=self._texts["compare_field"], options=self._options(),
            value=name,
        )  # fmt: skip
        values = self._maker.text(
            lambda message: self._controller.set_trait("refusal", message),
            "ad-grow",
            description=self._texts["compare_values"],
            placeholder=_EXAMPLES.get(name, ""),
            continuous_update=False,
        )

        def chosen(_: Any) -> None:
            values.placeholder = _EXAMPLES.get(field.value, self._texts["compare_example"])
            self._changed()

        field.observe(chosen, "value")
        values.observe(self._changed, "value")
        return field, values

    def _options(self) -> list[tuple[str, str]]:
        inputs, sent = self._controller.choice.inputs.further, self._controller.request.extra_input
        labels = {name: axis_label(name, self._texts) for name in (*_FIELDS, *sent)}
        labels |= {one.name: axis_label(one.name, self._texts) for one in inputs if one.type != "json"}
        return [(label, name) for name, label in labels.items()]

    def _switched(self, change: Any) -> None:
        if not self.lines:
            self.lines = [self._line(name) for name in _FIRST]
            hint = self._maker.html(quiet(self._texts["compare_hint"]))
            self.box.children = (*(self._maker.row(list(line)) for line in self.lines), hint, self.note)
        (self.box.remove_class if change["new"] else self.box.add_class)("ad-folded")
        self._controller.comparison.is_on = change["new"]
        self._look()

    def _changed(self, _: Any = None) -> None:
        lists: Any = [(field.value, values.value.strip()) for field, values in self.lines]
        lists = tuple(each for each in lists if each[1])
        if lists != self._controller.comparison.lists:
            self._controller.comparison.lists = lists
            self._controller.refusal = None
            self._look()

    @draws
    def _edited(self, change: Any) -> None:
        """Offer the extra input's fields too; and say anew what it takes, which may hang on any field."""
        if change["name"] == "inputs" or change["new"][1] in ("extra_input", None):
            for field, _ in self.lines:
                self._offer(field)
        self._look()

    def _offer(self, field: Any) -> None:
        """Offer what can be compared now, and what stands there: values must not become those of another field."""
        options, value = self._options(), field.value
        if value not in dict(options).values():
            options.append((axis_label(value, self._texts), value))
        if list(field.options) != options:
            field.options = options
            field.value = value

    def _look(self, _: Any = None) -> None:
        if self._controller.comparison.is_on:
            self._controller.look_at_comparison()

    def _say(self, _: Any) -> None:
        comparison = self._controller.comparison
        self.switch.value = comparison.is_on
        say = self._texts.say
        self.note.value = problem(say(comparison.problem or "")) or quiet(say(comparison.plan or ""))
