"""Making controls: few models for the page to open, the same in ipywidgets 7 and 8."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import ipywidgets as widgets

from animatediff_widget.errors import AnimateDiffError, check
from animatediff_widget.interrupts import Turns
from animatediff_widget.keys.hiding import holds_key
from animatediff_widget.texts import LANGUAGES, Message, Texts

__all__ = ["Maker", "display_widget", "draws", "refill", "texts_of"]

_Method = TypeVar("_Method", bound=Callable[..., None])


def texts_of(lang: str | None) -> Texts:
    """Give the texts in a language, the environment's for None."""
    check(str, none=True, lang=lang)
    try:
        return Texts(lang)
    except ValueError:
        raise AnimateDiffError(Message("no_texts", language=repr(lang), languages=", ".join(LANGUAGES))) from None


def display_widget(widget: Any, show: Callable[..., None] | None, **kwargs: Any) -> None:
    """Display a widget as the class that it comes from does: by `show`, its method in ipywidgets 7."""
    if show is not None:
        show(**kwargs)
    else:
        from IPython.display import publish_display_data

        # Where there are no widgets, its name would be all to see, and stand above the copy for ever.
        publish_display_data({**widget._repr_mimebundle_(), "text/plain": ""})  # type: ignore[no-untyped-call]


def draws(method: _Method) -> _Method:
    """Let a method change the page in one thread at a time, as a whole, and no longer once the page is closed.

    Jobs, sweeps, sheets and what an endpoint says come in threads of their own while a person presses something. A
    method reads what it shows in its turn, so that the last one shows what stands. Its object has a `_maker`.
    """

    @functools.wraps(method)
    def call(self: Any, *arguments: Any, **named: Any) -> None:
        with self._maker.turns.taken():
            if not self._maker.is_closed:
                method(self, *arguments, **named)

    return call  # type: ignore[return-value]


def refill(box: Any, *children: Any) -> None:
    """Put these into a box; what stood there before is closed, on the page and in the kernel."""
    before, box.children = box.children, children
    _close(child for child in before if child not in children)


def _close(widgets: Iterable[Any]) -> None:
    for widget in widgets:
        _close(getattr(widget, "children", ()))
        widget.close()


class Maker:
    """Makes widgets that share their layout and style.

    Every widget of its own opens three models on the page: itself, a layout and a style. How they look is said by
    CSS classes (`panel.css`), so that one layout, and one style of each kind, serves a whole panel.
    """

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.turns = Turns()
        self.is_closed = False
        self._layout = widgets.Layout()
        self._styles: dict[type, Any] = {}
        self._made: weakref.WeakSet[Any] = weakref.WeakSet()

    def make(self, kind: Any, *classes: str, **traits: Any) -> Any:
        """Make a widget."""
        hint = traits.pop("help", None)
        if "tooltip" in kind.class_trait_names():
            traits["tooltip"] = hint or ""  # of None some views make the word "null"
        elif hint is not None and "description_tooltip" in kind.class_trait_names():  # ipywidgets 7
            traits["description_tooltip"] = hint
        shared = {"style": self._styles[kind]} if kind in self._styles else {}
        widget = kind(layout=self._layout, **shared, **traits)
        if "style" in kind.class_trait_names():
            self._styles[kind] = widget.style
        for name in classes:
            widget.add_class(name)
        self._made.add(widget)
        return widget

    def close(self) -> None:
        """Close everything that was made, on the page and in the kernel."""
        with self.turns.taken():
            self.is_closed = True
            for widget in (*self._made, *self._styles.values(), self._layout):
                widget.close()

    def box(self, children: list[Any], *classes: str) -> Any:
        """Make a box that stacks its children; classes can make it a row."""
        return self.make(widgets.VBox, "ad-stack", *classes, children=children)

    def row(self, children: list[Any], *classes: str) -> Any:
        """Make a box with its children side by side, wrapped where it is too narrow."""
        return self.make(widgets.HBox, "ad-row", *classes, children=children)

    def text(self, say: Callable[[Message], None], *classes: str, **traits: Any) -> Any:
        """Make a field for a line of text; a key that is put there by mistake is taken out, which `say` is told."""
        field = self.make(widgets.Text, *classes, **traits)

        def look(change: Any) -> None:
            if holds_key(change["new"]):
                field.value = ""
                say(Message("key_in_field"))

        field.observe(look, "value")
        return field

    def html(self, value: str = "", *classes: str) -> Any:
        """Make a piece of HTML."""
        return self.make(widgets.HTML, *classes, value=value)

    def button(self, name: str, icon: str, *classes: str, **traits: Any) -> Any:
        """Make a button whose text and tooltip are the texts `name` and `name + "_help"`."""
        text = self.texts[name]
        hint = self.texts.get(f"{name}_help", text)
        return self.make(widgets.Button, *classes, description=text, icon=icon, help=hint, **traits)
