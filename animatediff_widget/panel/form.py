"""The form: the request's fields, bound to controls both ways."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from traitlets import dlink, link

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.keys.hiding import holds_key
from animatediff_widget.model.fields import IGNORED_INPUTS, draw_seed
from animatediff_widget.texts import Message

from .controller import Controller
from .controls import Maker
from .markup import problem, said

__all__ = ["Form"]


class Form:
    """Controls for a request. A refused value shows its sentence beside the control; the request keeps its own."""

    def __init__(self, controller: Controller, maker: Maker) -> None:
        self.controls: dict[str, Any] = {}
        self.notes: dict[str, Any] = {}
        self._controller = controller
        self._maker, self._texts = maker, maker.texts
        self._refreshers: dict[str, list[Callable[[], None]]] = {}
        self._problems: dict[str, Message | str] = {}
        self._build()
        controller.observe(self._edited, "edited")

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
        self.prompt = self._field("prompt", self._control("prompt", widgets.Textarea, rows=6))
        self.main = make.box(
            [
                self._field("n_prompt", self._control("n_prompt", widgets.Textarea, rows=2)),
                make.row([self._choice("path"), self._choice("motion_module")]),
                self._number("steps", widgets.IntSlider, widgets.IntText),
                self._number("guidance_scale", widgets.FloatSlider, widgets.FloatText),
                self._field("seed", seed, self.random, self.dice),
            ]
        )
        self.previews = make.make(
            widgets.ToggleButton, "ad-previews", description=texts["previews"], help=texts["previews_help"], icon="eye"
        )
        link((self._controller, "previews"), (self.previews, "value"))
        choice = self._controller.choice
        dlink((choice, "endpoint"), (self.previews, "disabled"), lambda _: not choice.has_previews)
        self.advanced = make.box(
            [
                self._field("version", self._control("version", widgets.Text, continuous_update=False)),
                self._json("extra_input"),
                self._json("extra_body"),
                self.previews,
            ]
        )
        for name in self._refreshers:
            self._refresh(name)

    def _trait(self, name: str) -> Any:
        return self._controller.request.traits()[name]

    def _label(self, name: str) -> str:
        return self._texts.get(f"label_{name}", self._trait(name).metadata["label"])

    def _field(self, name: str, *controls: Any, classes: str = "ad-field") -> Any:
        """Put a field's controls side by side, and what is to be said of it below."""
        self.notes[name] = self._maker.html()
        row = list(controls) if len(controls) == 1 else [self._maker.row(list(controls))]
        return self._maker.box([*row, self.notes[name]], classes)

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
        """Make a control for a field and bind it both ways.

        `read` gives what the control shows, `write` makes a value of the field from what stands in the control.
        """
        trait = self._trait(name)
        hint = self._texts.get(f"help_{name}", trait.help)
        control = self._maker.make(kind, *classes, description=self._label(name), help=hint, **traits)
        read = read or (lambda: getattr(self._controller.request, name))

        def refresh() -> None:
            control.value = read()

        def edited(change: Any) -> None:
            typed = change["new"]
            if typed == read():  # it follows the request, or a person takes a refused value back
                self._refresh(name)
                return
            if isinstance(typed, str) and holds_key(typed):  # the notebook would be saved with it
                self._refresh(name)
                self.notes[name].value = problem(self._texts["key_in_field"])
                return
            try:
                setattr(self._controller.request, name, write(typed))
                self._refresh(name)
            except InvalidRequest as error:
                self._say(name, error.message)

        self.controls[key or name] = control
        self._refreshers.setdefault(name, []).append(refresh)
        control.observe(edited, "value")
        return control

    def _choice(self, name: str) -> Any:
        """Make a list of suggestions that also takes free text."""
        options = self._trait(name).metadata["suggestions"]
        control = self._control(name, widgets.Combobox, options=options, ensure_option=False)
        return self._field(name, control, classes="ad-choice")

    def _number(self, name: str, slider: type, text: type) -> Any:
        """Make a slider with a field for the same number beside it."""
        trait = self._trait(name)
        step = trait.metadata["step"]
        return self._field(
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
                if json.loads(typed or "{}") == value:
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

        return self._field(
            name,
            self._control(name, widgets.Textarea, "ad-mono", rows=3, continuous_update=False, read=read, write=write),
        )

    def _edited(self, change: Any) -> None:
        _, edited = change["new"]
        for name in [edited] if edited else self._refreshers:
            self._refresh(name)

    def _refresh(self, name: str) -> None:
        """Let a field's controls show the request's value; whatever was refused there is gone with that."""
        self._say(name)
        for refresh in self._refreshers.get(name, ()):
            refresh()

    def _say(self, name: str, refused: Message | str | None = None) -> None:
        """Say beside a field why its value was refused, or what is to be known about the one that it has."""
        if refused:
            self._problems[name] = refused
        else:
            self._problems.pop(name, None)
        if name in self.notes:
            self.notes[name].value = problem(self._texts.say(refused)) if refused else self._warning(name)
        self._controller.form_problem = next(iter(self._problems.values()), None)

    def _warning(self, name: str) -> str:
        """Warn of inputs of other models, which this one ignores in silence; nothing where there are none."""
        if name != "extra_input":
            return ""
        sentences = []
        for given in self._controller.request.extra_input:
            meant = IGNORED_INPUTS.get(given)
            if meant is not None:
                code = "input_ignored_for" if meant else "input_ignored"
                sentences.append(self._texts[code].format(name=given, field=self._label(meant) if meant else ""))
        return said(" ".join(sentences))

    def _show_random(self) -> None:
        seed = self._controller.request.seed
        if seed is not None:
            self._last_seed = seed
        self.random.value = self.controls["seed"].disabled = seed is None

    def _random_toggled(self, change: Any) -> None:
        if change["new"]:
            self._controller.request.seed = None
        elif self._controller.request.seed is None:
            self._controller.request.seed = self._last_seed
