"""Finding a key, and keeping it out of everything that is shown, saved, logged or pickled."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from .errors import KeyRefused

if TYPE_CHECKING:
    from .endpoint import Endpoint

__all__ = ["Key", "find_key", "remember_key"]

_remembered: dict[str, Key] = {}
"""Keys that were typed into a panel, by origin; they live as long as the process."""


class _Hidden(str):
    """Text that a traceback with local variables does not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Key:
    """A key that shows itself to nobody.

    Parameters
    ----------
    value : str
        The key. Spaces around it and a leading "Bearer " are dropped: they come along when it is pasted.

    Raises
    ------
    KeyRefused
        When it is empty or holds characters that cannot stand in a header.
    """

    __slots__ = ("_reveal",)

    def __init__(self, value: str) -> None:
        value = re.sub(r"^bearer\s+", "", value.strip(), flags=re.IGNORECASE)
        if not re.fullmatch(r"[\x21-\x7e]+", value):
            raise KeyRefused(
                "That is not a key: it is empty, or holds spaces or characters outside ASCII. Copy it again, whole."
            )
        self._reveal: Callable[[], str] = lambda: value  # in a closure, so that no listing of attributes shows it

    def header(self) -> str:
        """Return the value of the ``Authorization`` header. The one way out."""
        return _Hidden(f"Bearer {self._reveal()}")

    def redact(self, text: str) -> str:
        """Return `text` with stars where this key stands in it."""
        return text.replace(self._reveal(), "***")

    def __repr__(self) -> str:
        return "<Key ***>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A key is not pickled or copied; find it anew where it is needed.")


def remember_key(endpoint: Endpoint, value: str) -> None:
    """Keep a typed key in this process's memory, for its endpoint's origin only.

    Parameters
    ----------
    endpoint : Endpoint
        Where the key is valid.
    value : str
        The key.

    Raises
    ------
    KeyRefused
        When it cannot be a key.
    """
    _remembered[endpoint.origin] = Key(value)


def find_key(endpoint: Endpoint, token: str | Key | None = None) -> Key | None:
    """Find the key of an endpoint.

    Looked for in this order: `token`; the environment; Colab's secrets; what was typed into a panel of this process.

    Parameters
    ----------
    endpoint : Endpoint
        Where the key is to be used. The built-in server's key is known to the server itself.
    token : str or Key, optional
        A key at hand.

    Returns
    -------
    Key or None
        None when there is none.

    Raises
    ------
    KeyRefused
        When what was found cannot be a key.
    """
    if token:
        return token if isinstance(token, Key) else Key(token)
    if endpoint.kind == "builtin":
        from .server import shared_server

        return Key(shared_server().token)
    value = os.environ.get(endpoint.key_variable) or _colab_secret(endpoint.key_variable)
    return Key(value) if value else _remembered.get(endpoint.origin)


@functools.cache
def _colab_secret(name: str) -> str | None:
    """Ask Colab's secrets, once a process; None elsewhere, and when there is none or access is refused."""
    if "google.colab" not in sys.modules:
        return None
    from google.colab import userdata

    try:
        value: Any = userdata.get(name)
    except Exception:  # absent, not granted or timed out: each has a class of its own that differs by Colab's version
        return None
    return value if isinstance(value, str) else None
