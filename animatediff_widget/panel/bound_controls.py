"""Controls that are bound to values both ways, each with a place for what is to be said of it."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.keys.hiding import holds_key
from animatediff_widget.texts import Message

from .controls import Maker
from .markup import problem

__all__ = ["BoundControls"]

# Whose controls are set here, and not by a person. Of each thread its own: what an endpoint takes may be learned in
# another one, and what a person types meanwhile must not be lost.
_follows: contextvars.ContextVar[object] = contextvars.ContextVar("follows", default=None)


class BoundControls:
    """Binds controls by the names of what they stand for; a refused value shows its sentence beside its control."""

    def __init__(self, maker: Maker) -> None:
        self.controls: dict[str, Any] = {}
        self.notes: dict[str, Any] = {}
        self.problems: dict[str, Message | str] = {}
        self.refused: set[str] = set()  # those of what a person typed
        self._maker, self._texts = maker, maker.texts
        self._refreshers: dict[str, list[Callable[[], None]]] = {}

    def refusal(self, name: str) -> Message | str | None:
        """Give what is wrong with the value that stands, which was not put there with its control."""
        raise NotImplementedError

    def remark(self, name: str) -> str:
        """Give what is to be known about the value that stands, as HTML; often empty."""
        raise NotImplementedError

    def field(self, name: str, *controls: Any, classes: str = "ad-field") -> Any:
        """Put a field's controls side by side, and what is to be said of it below."""
        self.notes[name] = self._maker.html()
        row = list(controls) if len(controls) == 1 else [self._maker.row(list(controls))]
        return self._maker.box([*row, self.notes[name]], classes)

    def bind(
        self,
        name: str,
        control: Any,
        read: Callable[[], Any],
        write: Callable[[Any], None],
        *,
        key: str | None = None,
    ) -> None:
        """Let a control show what `read` gives, and hand to `write` what a person puts there."""

        def edited(change: Any) -> None:
            typed = change["new"]
            if _follows.get() is self:
                return
            if typed == read():  # a person takes a refused value back
                self.refresh(name)
                return
            if isinstance(typed, str) and holds_key(typed):  # the notebook would be saved with it
                self.refresh(name)
                self.notes[name].value = problem(self._texts["key_in_field"])
                return
            try:
                write(typed)
                self.refresh(name)
            except InvalidRequest as error:
                kept = error.code == "value_refused"  # by an `Input`, which does not know that there is one before it
                self.say(name, Message("value_kept", **error.params) if kept else error.message)

        self.controls[key or name] = control
        self._refreshers.setdefault(name, []).append(lambda: setattr(control, "value", read()))
        control.observe(edited, "value")

    def release(self, prefix: str) -> None:
        """Forget the controls whose names begin so: others come in their place."""
        known: Any
        for known in (self.controls, self.notes, self._refreshers, self.problems):
            for name in [name for name in known if name.startswith(prefix)]:
                del known[name]
        self.refused = {name for name in self.refused if not name.startswith(prefix)}

    def refresh(self, *names: str) -> None:
        """Let controls show the values that stand, all of them where none is named; what was refused is gone."""
        for name in names or [*self._refreshers]:
            self.say(name)
            with self.following():
                for refresh in self._refreshers.get(name, ()):
                    refresh()

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        """Let what is set meanwhile not be taken for a person's."""
        token = _follows.set(self)
        try:
            yield
        finally:
            _follows.reset(token)

    def say(self, name: str, refused: Message | str | None = None) -> None:
        """Say beside a field why its value was refused, or what is to be known about the one that it has."""
        (self.refused.add if refused else self.refused.discard)(name)
        refused = refused or self.refusal(name)
        if refused:
            self.problems[name] = refused
        else:
            self.problems.pop(name, None)
        if name in self.notes:
            self.notes[name].value = problem(self._texts.say(refused)) if refused else self.remark(name)
