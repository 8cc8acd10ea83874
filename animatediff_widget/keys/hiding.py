"""What looks like a key, and text that a traceback with variables shows as stars."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from types import FunctionType
from typing import Any, ParamSpec, SupportsIndex, TypeVar

__all__ = ["guarded", "guarded_class", "hide", "hide_keys", "holds_key", "is_named_as_key", "may_be_key"]

_T = TypeVar("_T")
_P = ParamSpec("_P")
_Class = TypeVar("_Class", bound=type)

_STARS = "'***'"
_SHAPES = re.compile(
    r"(?<![a-z0-9])(?:r8_|sk-)(?=[a-z_-]*\d)[a-z0-9_-]{16,}"  # Replicate's, and the shape that many others have
    r"|\bbearer\s+[\x21-\x7e]{8,}"
    r"|://[^\s/?#]*@"  # a user in a url
    r"|[?&#](?:[a-z_-]*token|api_?key|key|secret)=[^&\s]+",
    re.IGNORECASE,
)
_LONG_WORD = re.compile(r"\s*[^\s./:]{16,}\s*")
_NAMES = re.compile(r"(?:.*[_-])?(?:api)?(?:token|key|secret|password|auth|authorization)", re.IGNORECASE)


def _strip(text: str, characters: str | None = None, /) -> str:
    return _Hidden(str.strip(text, characters))


class _Hidden(str):
    """Text that a traceback with local variables does not show, as a whole or in part."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _STARS

    def __getitem__(self, part: SupportsIndex | slice) -> str:
        return _Hidden(super().__getitem__(part))  # rich and reprlib show the beginning of long text

    # Of a method that the code names, stackprinter shows what it is bound to; of this, its repr.
    strip = functools.partialmethod(_strip)

    def __add__(self, other: str) -> str:
        return _Hidden(super().__add__(other))

    def __radd__(self, other: str) -> str:
        return _Hidden(other + str(self))


def holds_key(text: str) -> bool:
    """Whether text looks like a key (``r8_...``, ``sk-...``) or holds one, such as a url with a user or ``token=``."""
    return _SHAPES.search(text) is not None


def may_be_key(text: str) -> bool:
    """Whether text may be a key of whatever shape, where no such text belongs."""
    return holds_key(text) or _LONG_WORD.fullmatch(text) is not None


def hide(value: _T) -> _T:
    """Return the same text as a string whose ``repr`` is stars; for arguments that stand in a frame that may fail.

    What is no text is handed back as it is.
    """
    plain = isinstance(value, str) and not isinstance(value, _Hidden)
    return _Hidden(value) if plain else value  # type: ignore[return-value]


def hide_keys(value: Any, depth: int = 100) -> Any:
    """Return the same arguments, or JSON, with all text hidden that looks like a key or is named as one."""
    if isinstance(value, str):
        return hide(value) if holds_key(value) else value
    if isinstance(value, (list, tuple)) and depth:
        items = [hide_keys(item, depth - 1) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict) and depth:
        return {
            hide_keys(name): hide_keys(hide(item) if is_named_as_key(name) else item, depth - 1)
            for name, item in value.items()
        }
    return value


def is_named_as_key(name: object) -> bool:
    """Whether an argument's name says that it is a key, such as ``api_key``."""
    return isinstance(name, str) and _NAMES.fullmatch(name) is not None


def guarded(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Hide keys in the arguments of a public function, wherever they are put: no traceback below shows them.

    In place of a url, and of what is no text, that may be a key of whatever shape.
    """
    code, kinds = function.__code__, function.__annotations__
    places = code.co_varnames[: code.co_argcount]
    job_keys = {"key"}.intersection(code.co_varnames)  # the journal's names for jobs

    def hidden(name: str, value: Any) -> Any:
        is_named = is_named_as_key(name) and name not in job_keys
        is_free_text = "str" in str(kinds.get(name, "str")) and "url" not in name
        is_misplaced = isinstance(value, str) and not is_free_text and may_be_key(value)
        return hide_keys(hide(value) if is_named or is_misplaced else value)

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> _T:
        arguments = (*map(hidden, places, arguments), *(hide_keys(hide(one)) for one in arguments[len(places) :]))
        named = {name: hidden(name, value) for name, value in named.items()}
        return function(*arguments, **named)

    return call


def guarded_class(kind: _Class) -> _Class:
    """Guard the constructor and all public methods of a class as `guarded` does."""
    for name, method in tuple(vars(kind).items()):
        inner = getattr(method, "__func__", method)  # of a class method
        if isinstance(inner, FunctionType) and (name == "__init__" or not name.startswith("_")):
            wrapped = guarded(inner)
            setattr(kind, name, wrapped if inner is method else type(method)(wrapped))
    return kind
