"""The form: the request's fields, bound to controls both ways."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from traitlets import dlink, link

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.fields import INPUT_FIELDS, draw_seed
from animatediff_widget.model.inputs import Input
from animatediff_widget.texts import Message

from .bound_controls import BoundControls
from .controller import Controller
from .controls import Maker, draws
from .further import Further
from .markup import said

__all__ = ["Form"]


class Form(BoundControls):
    """Controls for a request. A refused value shows its sentence beside the control; the request keeps its own.

    What the chosen endpoint takes is looked at too: its bounds, its further inputs, and what it does not have.
    """

    def __init__(self, controller: Controller, maker: Maker) -> None:
        super().__init__(maker)
        self._controller = controller
        self._standing: dict[str, Message | str] = {}  # why the endpoint would refuse what stands, by field
        self._looked_at: Endpoint | None = None
        self._build()
        controller.observe(self._edited, "edited")
        controller.choice.observe(self._look_at_endpoint, "inputs")

    def _build(self) -> None:
        make, texts = self._maker, self._texts
        seed = self._control("seed", widgets.IntText, "ad-seed", read=lambda: self._last_seed)
        self.random = make.make(
            widgets.ToggleButton, description=texts["random"], icon="random", help=texts["random_help"]
        )
        self.dice = make.button("dice", "refresh")
        self._last_seed = draw_seed()
        self._refreshers["seed"].insert(0, self._show_random)
        self.random.observe(self._random_toggled, "value")
        self.dice.on_click(lambda _: setattr(self._controller.request, "seed", draw_seed()))
        self.prompt = self.field("prompt", self._control("prompt", widgets.Textarea, rows=6))
        self.further = Further(self, make)
        self.main = make.box(
            [
                self.field("n_prompt", self._control("n_prompt", widgets.Textarea, rows=2)),
                make.row([self._choice("path"), self._choice("motion_module")]),
                self._number("steps", widgets.IntSlider, widgets.IntText),
                self._number("guidance_scale", widgets.FloatSlider, widgets.FloatText),
                self.field("seed", seed, self.random, self.dice),
            ]
        )
        self.previews = make.make(
            widgets.ToggleButton,
            "ad-previews",
            description=texts["previews"],
            help=texts["previews_help"],
            icon="paint-brush",
        )
        link((self._controller, "previews"), (self.previews, "value"))
        choice = self._controller.choice
        dlink((choice, "endpoint"), (self.previews, "disabled"), lambda _: not choice.has_previews)
        self.advanced = make.box(
            [
                self.field("version", self._control("version", widgets.Text, continuous_update=False)),
                self._json("extra_input"),
                self._json("extra_body"),
                self.previews,
            ]
        )
        self._look_at_endpoint()

    def _trait(self, name: str) -> Any:
        return self._controller.request.traits()[name]

    def _label(self, name: str) -> str:
        return self._texts.get(f"label_{name}", self._trait(name).metadata["label"])

    def _control(
        self,
        name: str,
        kind: type,
        *classes: str,
        key: str | None = None,
        read: Callable[[], Any] | None = None,
        write: Callable[[Any], Any] = lambda value: value,
        **traits: Any,
    ) -> Any:
        """Make a control for a field of the request and bind it both ways.

        `read` gives what the control shows, `write` makes a value of the field from what stands in the control.
        """
        hint = self._texts.get(f"help_{name}", self._trait(name).help)
        control = self._maker.make(kind, *classes, description=self._label(name), help=hint, **traits)

        def put(typed: Any) -> None:
            value = write(typed)
            if name in INPUT_FIELDS:
                self._controller.choice.inputs.check_one(name, value)
            setattr(self._controller.request, name, value)

        self.bind(name, control, read or (lambda: getattr(self._controller.request, name)), put, key=key)
        return control

    def sent(self, one: Input) -> Any:
        """Give what is sent of a further input, or would be done without it."""
        value = self._controller.request.extra_input.get(one.name)
        return one.default if value is None else value

    def send(self, one: Input, value: Any) -> None:
        """Send a further input from now on; not where it is the default."""
        one.check(value)
        extra = {name: each for name, each in self._controller.request.extra_input.items() if name != one.name}
        self._controller.request.extra_input = extra if value in (None, one.default) else {**extra, one.name: value}

    def _choice(self, name: str) -> Any:
        """Make a list of suggestions that also takes free text."""
        options = self._trait(name).metadata["suggestions"]
        control = self._control(name, widgets.Combobox, options=options, ensure_option=False)
        return self.field(name, control, classes="ad-choice")

    def _number(self, name: str, slider: type, text: type) -> Any:
        """Make a slider with a field for the same number beside it."""
        trait = self._trait(name)
        step = trait.metadata["step"]
        return self.field(
            name,
            self._control(name, slider, min=trait.min, max=trait.max, step=step, readout=False),
            self._control(name, text, "ad-number", key=f"{name}_number", step=step),
        )

    def _json(self, name: str) -> Any:
        """Make a text area for a JSON object; blank stands for none."""

        def read() -> str:
            value = getattr(self._controller.request, name)
            typed = self.controls[name].value
            with contextlib.suppress(ValueError, RecursionError):  # how a person laid the text out is left alone
                if json.dumps(json.loads(typed or "{}")) == json.dumps(value):  # true and 1 are equal in Python
                    return str(typed)
            return json.dumps(value, indent=2, ensure_ascii=False) if value else ""

        def write(text: str) -> Any:
            try:
                value = json.loads(text) if text.strip() else {}
            except (ValueError, RecursionError) as error:
                raise InvalidRequest(name, Message("not_json", label=self._label(name), why=error)) from None
            if not isinstance(value, dict):
                raise InvalidRequest(name, Message("not_object", label=self._label(name)))
            return value

        return self.field(
            name,
            self._control(name, widgets.Textarea, "ad-mono", rows=3, continuous_update=False, read=read, write=write),
        )

    @draws
    def _look_at_endpoint(self, _: Any = None) -> None:
        """Offer what the endpoint takes, within its bounds, and grey what it certainly does not take."""
        inputs = self._controller.choice.inputs
        with self.following():
            self.further.show(inputs.further)
            for name in INPUT_FIELDS:
                control, trait, known = self.controls[name], self._trait(name), inputs[name]
                for each in (control, self.controls.get(f"{name}_number", control)):
                    each.disabled = inputs.lacks(name)
                if "suggestions" in trait.metadata:
                    offered = known.choices or known.suggestions if known and known.type == "string" else ()
                    control.options = offered or trait.metadata["suggestions"]
                elif "step" in trait.metadata:
                    low, high = (getattr(known, end, None) for end in ("minimum", "maximum"))
                    low, high = max(trait.min, low or trait.min), min(trait.max, high or trait.max)
                    _bound(control, *((low, high) if low <= high else (trait.min, trait.max)))
        self.random.disabled = self.dice.disabled = inputs.lacks("seed")
        self._standing = self._refusals()
        # What an endpoint says late must not replace what was typed meanwhile and refused: Run would not mind it then.
        before, self._looked_at = self._looked_at, self._controller.choice.endpoint
        kept = self.refused if before == self._looked_at else ()
        self.refresh(*(name for name in self._refreshers if name not in kept))

    @draws
    def _edited(self, change: Any) -> None:
        _, edited = change["new"]
        before, self._standing = self._standing, self._refusals()
        further = [name for name in self._refreshers if name.startswith("input.")] if edited == "extra_input" else []
        self.refresh(*([edited, *further] if edited else ()))
        for name in {*before, *self._standing} - self.refused:  # what one field holds may ask something of another
            self.say(name)

    def say(self, name: str, refused: Message | str | None = None) -> None:
        """See `BoundControls.say`; Run says what is wrong as well."""
        super().say(name, refused)
        self._controller.form_problem = next(iter(self.problems.values()), None)

    def refusal(self, name: str) -> Message | str | None:
        """See `BoundControls.refusal`."""
        return self._standing.get(name)

    def _refusals(self) -> dict[str, Message | str]:
        """Give why the endpoint would refuse what stands, by field; of what has no control, as of the extra input."""
        request = self._controller.request
        found: dict[str, Message | str] = {}
        given = {each: getattr(request, each) for each in INPUT_FIELDS} | request.extra_input
        for error in self._controller.choice.inputs.problems(given):
            key = error.field if error.field in INPUT_FIELDS else f"input.{error.field}"
            found.setdefault(key if key in self.notes else "extra_input", error.message)
        return found

    def remark(self, name: str) -> str:
        """Warn of what the endpoint does not take, and ignores in silence."""
        inputs = self._controller.choice.inputs
        if name in INPUT_FIELDS and inputs.lacks(name):
            return said(self._texts["input_lacking"])
        if name != "extra_input":
            return ""
        remarks = inputs.remarks(self._controller.request.extra_input, self._label)
        return said(" ".join(map(self._texts.say, remarks)))

    def _show_random(self) -> None:
        seed = self._controller.request.seed
        if seed is not None:
            self._last_seed = seed
        self.random.value = seed is None
        self.controls["seed"].disabled = seed is None or self._controller.choice.inputs.lacks("seed")

    def _random_toggled(self, change: Any) -> None:
        if change["new"]:
            self._controller.request.seed = None
        elif self._controller.request.seed is None:
            self._controller.request.seed = self._last_seed


def _bound(slider: Any, low: float, high: float) -> None:
    """Set the bounds of a slider, which takes no lower end that is above its upper one, not even for a moment."""
    slider.min = min(slider.min, low)
    slider.max = high
    slider.min = low
