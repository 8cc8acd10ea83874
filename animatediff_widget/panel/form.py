"""The form: the request's fields, bound to controls both ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from traitlets import HasTraits, Unicode

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.model.request import AnimateDiffRequest, draw_seed
from animatediff_widget.texts import TEXTS, field_help, field_label

from .controls import Maker, problem

__all__ = ["Form"]


class Form(HasTraits):
    """Controls for a request. A refused value shows its sentence beside the control; the request keeps its own.

    Parameters
    ----------
    request : AnimateDiffRequest
        The request to bind.
    maker : Maker
        What makes the controls.

    Attributes
    ----------
    first_problem : str
        The first sentence that stands in the form; empty when every control holds what the request holds.
    """

    first_problem = Unicode("", read_only=True)

    def __init__(self, request: AnimateDiffRequest, maker: Maker) -> None:
        super().__init__()
        self.request = request
        self.controls: dict[str, Any] = {}
        self._maker = maker
        self._refreshers: dict[str, list[Callable[[], None]]] = {}
        self._places: dict[str, Any] = {}
        self._problems: dict[str, str] = {}
        self._refreshing = False
        self._build()
        request.observe(self._changed)

    def bind(self, request: AnimateDiffRequest) -> None:
        """Bind another request.

        Parameters
        ----------
        request : AnimateDiffRequest
            The request to bind from now on; its values go into the controls.
        """
        self.request.unobserve(self._changed)
        self.request = request
        for name in self._refreshers:
            self._refresh(name)
        request.observe(self._changed)

    def read(self) -> dict[str, Any]:
        """Give what stands in the controls by their names, refused numbers too.

        None stands for a seed that is random, and for a refused text, which may hold a key.
        """
        values = {name: control.value for name, control in self.controls.items()}
        values |= {name: None for name in self._problems if isinstance(values.get(name), str)}
        return values | {"seed": None if self.random.value else values["seed"]}

    def write(self, name: str, value: Any) -> None:
        """Put a value of `read` into its control, as a person would.

        Parameters
        ----------
        name : str
            The control's name.
        value : object
            The value.

        Raises
        ------
        traitlets.TraitError
            When the control cannot hold it.
        """
        if name == "seed":
            self.random.value = value is None
        if name != "seed" or value is not None:
            self.controls[name].value = value

    def _build(self) -> None:
        make = self._maker
        steps, guidance = self._trait("steps"), self._trait("guidance_scale")
        seed = self._control("seed", widgets.IntText, "ad-seed", read=lambda: self._last_seed)
        self.random = make.make(
            widgets.ToggleButton, description=TEXTS["random"], icon="random", help=TEXTS["random_help"]
        )
        self.dice = make.button("dice", "refresh")
        self._last_seed = draw_seed()
        self._refreshers["seed"].insert(0, self._show_random)
        self.random.observe(self._random_toggled, "value")
        self.dice.on_click(lambda _: setattr(self.request, "seed", draw_seed()))
        self.main = make.box(
            [
                self._field("prompt", self._control("prompt", widgets.Textarea, rows=5)),
                self._field("n_prompt", self._control("n_prompt", widgets.Textarea, rows=2)),
                make.row([self._choice("path"), self._choice("motion_module")]),
                self._field(
                    "steps",
                    self._control("steps", widgets.IntSlider, min=steps.min, max=steps.max, readout=False),
                    self._control("steps", widgets.IntText, "ad-number", key="steps_number"),
                ),
                self._field(
                    "guidance_scale",
                    self._control(
                        "guidance_scale",
                        widgets.FloatSlider,
                        min=guidance.min,
                        max=guidance.max,
                        step=guidance.metadata["step"],
                        readout=False,
                    ),
                    self._control(
                        "guidance_scale",
                        widgets.FloatText,
                        "ad-number",
                        key="guidance_scale_number",
                        step=guidance.metadata["step"],
                    ),
                ),
                self._field("seed", seed, self.random, self.dice),
            ]
        )
        self.advanced = make.box(
            [
                self._field("version", self._control("version", widgets.Text, continuous_update=False)),
                self._field("extra_input", self._json("extra_input")),
                self._field("extra_body", self._json("extra_body")),
            ]
        )
        for name in self._refreshers:
            self._refresh(name)

    def _trait(self, name: str) -> Any:
        return self.request.traits()[name]

    def _field(self, name: str, *controls: Any, classes: str = "ad-field") -> Any:
        """Put a field's controls side by side, and the place for its sentence below."""
        self._places[name] = self._maker.html()
        row = list(controls) if len(controls) == 1 else [self._maker.row(list(controls))]
        return self._maker.box([*row, self._places[name]], classes)

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
        control = self._maker.make(
            kind, *classes, description=field_label(name, trait), help=field_help(name, trait), **traits
        )
        read = read or (lambda: getattr(self.request, name))

        def refresh() -> None:
            value = read()
            if control.value != value:
                self._refreshing = True
                try:
                    control.value = value
                finally:
                    self._refreshing = False

        def edited(change: Any) -> None:
            if self._refreshing:
                return
            try:
                setattr(self.request, name, write(change["new"]))
            except InvalidRequest as error:
                self._tell(name, str(error))
            else:
                self._refresh(name)

        self.controls[key or name] = control
        self._refreshers.setdefault(name, []).append(refresh)
        control.observe(edited, "value")
        return control

    def _choice(self, name: str) -> Any:
        """Make a list of suggestions that also takes free text."""
        options = self._trait(name).metadata["suggestions"]
        control = self._control(name, widgets.Combobox, options=options, ensure_option=False)
        return self._field(name, control, classes="ad-choice")

    def _json(self, name: str) -> Any:
        """Make a text area for a JSON object; blank stands for none."""
        label = field_label(name, self._trait(name))

        def read() -> str:
            value = getattr(self.request, name)
            shown = self.controls[name].value if name in self.controls else ""
            try:  # how a person laid the text out is left alone
                if json.loads(shown or "{}") == value:
                    return str(shown)
            except ValueError:
                pass
            return json.dumps(value, indent=2, ensure_ascii=False) if value else ""

        def write(text: str) -> Any:
            try:
                value = json.loads(text) if text.strip() else {}
            except (ValueError, RecursionError) as error:
                raise InvalidRequest(name, TEXTS["not_json"].format(label=label, why=error)) from None
            if not isinstance(value, dict):
                raise InvalidRequest(name, TEXTS["not_object"].format(label=label))
            return value

        return self._control(name, widgets.Textarea, "ad-mono", rows=3, continuous_update=False, read=read, write=write)

    def _changed(self, change: Any) -> None:
        self._refresh(change["name"])

    def _refresh(self, name: str) -> None:
        """Let a field's controls show the request's value; whatever was refused there is gone with that."""
        self._tell(name, "")
        for refresh in self._refreshers.get(name, ()):
            refresh()

    def _tell(self, name: str, sentence: str) -> None:
        if sentence:
            self._problems[name] = sentence
        else:
            self._problems.pop(name, None)
        if name in self._places and self._places[name].value != problem(sentence):
            self._places[name].value = problem(sentence)
        self.set_trait("first_problem", next(iter(self._problems.values()), ""))

    def _show_random(self) -> None:
        is_random = self.request.seed is None
        if not is_random:
            self._last_seed = self.request.seed
        self.random.value = is_random
        self.controls["seed"].disabled = is_random

    def _random_toggled(self, change: Any) -> None:
        if change["new"]:
            self.request.seed = None
        elif self.request.seed is None:
            self.request.seed = self._last_seed
