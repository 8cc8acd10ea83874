"""Finding a key, and keeping it out of everything that is shown, saved, logged or pickled."""

from __future__ import annotations

import functools
import hashlib
import importlib
import logging
import os
import re
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard
from urllib.parse import quote

from animatediff_widget.errors import AnimateDiffError, InvalidArgument, KeyRefused, MissingExtra
from animatediff_widget.paths import data_folder
from animatediff_widget.texts import Message

from .disguises import disguises, quick_look
from .hiding import hide

if TYPE_CHECKING:
    from animatediff_widget.model.endpoint import Endpoint

__all__ = [
    "Key",
    "colab_refusal",
    "find_key",
    "forget_key",
    "hide",
    "is_given",
    "remember_key",
    "save_key",
    "saved_key",
    "typed_key",
]

logger = logging.getLogger(__name__)

_KEYRING_SERVICE = "animatediff-widget"
_ORIGINS = "keyring-origins.txt"  # those whose keys are in the keyring
_WHY_KEPT_BACK = {"NotebookAccessError": "secret_not_granted", "TimeoutException": "secret_not_answered"}
"""The names of the texts, by what Colab raises."""
_SHORTEST_SECRET = 6  # stars for a test server's key "1" would spoil every answer

_remembered: dict[str, Key] = {}
"""Keys that were typed into a panel, by origin; they live as long as the process."""


class Key:
    """A key that shows itself to nobody; `KeyRefused` where it is empty, or cannot stand in a header.

    Spaces around it and a leading "Bearer " are dropped: they come along when it is pasted.
    """

    __slots__ = ("_look", "_reveal", "_star", "variable")

    def __init__(self, value: str, variable: str = "") -> None:
        if not isinstance(value, str):
            raise KeyRefused(Message("not_a_key"))
        value = hide(re.sub(r"^bearer(\s+|$)", "", value.strip(), flags=re.IGNORECASE))
        if not re.fullmatch(r"[\x21-\x7e]+", value):
            raise KeyRefused(Message("not_a_key"))
        self._reveal: Callable[[], str] = lambda: value  # in a closure, so that no listing of attributes shows it
        self.variable = variable  # which relays share, and where it was found; empty where a person gave it by hand
        self._star: Callable[[str, str], str] | None = None
        self._look: Callable[[Collection[str]], Collection[str]] | None = None

    def header(self) -> str:
        """Return the value of the ``Authorization`` header. The one way out, but for `restore`."""
        return hide(f"Bearer {self._reveal()}")

    @property
    def fingerprint(self) -> str:
        """A short one-way hash, to know it again by."""
        return hashlib.sha256(self.header().encode()).hexdigest()[:12]

    def redact(self, value: Any) -> Any:
        """Return a copy of text, a message or parsed JSON with stars where this key is, in any of its `disguises`.

        Where the key is as short as a word, JSON is handed back as it is.
        """
        if isinstance(value, Message):
            return Message(value.code, **{name: self.redact(item) for name, item in value.params.items()})
        if isinstance(value, str):
            return self._stars(value)

        def redact(value: Any) -> Any:
            if isinstance(value, str):
                return self._stars(value)
            if isinstance(value, dict):
                return {redact(name): redact(item) for name, item in value.items()}
            return [redact(item) for item in value] if isinstance(value, list) else value

        return redact(value) if self._may_hold(value) else value

    def _may_hold(self, value: Any) -> bool:
        """Whether this key may stand in JSON."""
        shortest = len(self._reveal())
        if shortest < _SHORTEST_SECRET:
            return False
        texts, nodes = [], [value]
        for node in nodes:  # which grow meanwhile
            if isinstance(node, str):
                texts.append(node)
            elif isinstance(node, dict):
                texts += node
                nodes += node.values()
            elif isinstance(node, list):
                nodes += node
        if self._look is None:
            self._look = quick_look(self._reveal())
        # Every disguise has at least as many letters as the key. Of a list's texts, most stand in it a hundred times.
        texts = [text for text in {*texts} if len(text) >= shortest]
        return any(self._stars(text) != text for text in self._look(texts))

    def restore(self, url: str) -> str:
        """Return a url of the key's own origin with the key in place of the stars, as it was before `redact`."""
        secret = len(self._reveal()) >= _SHORTEST_SECRET
        return hide(url.replace("***", quote(self._reveal(), safe=""))) if secret else url

    def _stars(self, text: str) -> str:
        if len(self._reveal()) < _SHORTEST_SECRET:
            return text.replace(self._reveal(), "***")
        if self._star is None:
            self._star = re.compile(hide(disguises(self._reveal()))).sub
        return self._star("***", text)

    def __repr__(self) -> str:
        return "<Key ***>"

    def __reduce__(self) -> NoReturn:
        raise InvalidArgument(Message("key_not_copied"))


def remember_key(endpoint: Endpoint, value: str) -> None:
    """Keep a typed key in this process's memory, for its endpoint's origin only; `KeyRefused` where it is none."""
    endpoint, value = hide(endpoint), hide(value)
    _remembered[_origin(endpoint)] = Key(value)


def save_key(endpoint: Endpoint, value: str) -> None:
    """Save a key in the system's keyring, for its endpoint's origin only; `find_key` finds it from then on.

    Raises
    ------
    KeyRefused
        When it cannot be a key, or the system has no keyring that takes it.
    MissingExtra
        When the ``keyring`` extra is not installed.
    """
    endpoint, value = hide(endpoint), hide(value)
    key = Key(value)
    origin = _origin(endpoint)
    _keyring_do("set_password", origin, hide(key.header().removeprefix("Bearer ")))
    _note_origins(_saved_origins() | {origin})


def forget_key(endpoint: Endpoint) -> None:
    """Forget the key that was typed or saved for an endpoint's origin; the keyring is asked only where it has one.

    Raises as `save_key` where the keyring does not let go of it.
    """
    endpoint = hide(endpoint)
    origin = _origin(endpoint)
    _remembered.pop(origin, None)
    saved = _saved_origins()
    if origin in saved:
        _keyring_do("delete_password", origin)
        _note_origins(saved - {origin})


def is_given(token: object) -> TypeGuard[str]:
    """Whether there is a key to be used, or something else in its place; an empty text is none."""
    return token is not None and not (isinstance(token, str) and not token)


def _origin(endpoint: Endpoint) -> str:
    origin = getattr(endpoint, "origin", None)
    if not isinstance(origin, str):
        raise AnimateDiffError(Message("not_an_endpoint"))
    return origin


def find_key(endpoint: Endpoint, token: str | Key | None = None) -> Key | None:
    """Find the key of an endpoint; None when there is none.

    Looked for in this order: `token`; the environment; Colab's secrets; what was typed into a panel of this process;
    the system's keyring, where `save_key` was used. The built-in server has none: its backend holds its token.

    Raises
    ------
    KeyRefused
        When what was found cannot be a key.
    """
    if isinstance(token, Key):
        return token
    if is_given(token):
        token = hide(token)
        return Key(token)
    if not endpoint.key_variable:
        return None
    own, shared = endpoint.own_key_variable, endpoint.key_variable
    refused = None
    for name in dict.fromkeys((own, shared)):
        value = hide(os.environ.get(name) or (_colab_secret(name)[0] if name == shared else ""))
        if value and not refused:
            try:
                return Key(value, "" if name == own else name)
            except KeyRefused:
                refused = name
    found = typed_key(endpoint) or saved_key(endpoint)
    if refused and found is None:
        raise KeyRefused(Message("variable_not_a_key", name=refused))
    return found


def typed_key(endpoint: Endpoint) -> Key | None:
    """Give the key that was typed for an endpoint's origin in this process; None where there is none."""
    return _remembered.get(endpoint.origin)


def saved_key(endpoint: Endpoint) -> Key | None:
    """Ask the keyring, which may show a dialog, only where it was given a key to keep."""
    origin = endpoint.origin
    if origin not in _saved_origins():
        return None
    try:
        value = hide(_keyring_do("get_password", origin) or "")
    except AnimateDiffError as error:
        logger.warning("the key for %s was saved, but: %s", origin, error)
        return None
    return Key(value) if value else None


def _keyring_do(action: str, origin: str, *value: str) -> Any:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise MissingExtra(Message("keyring_missing")) from None
    try:
        return getattr(keyring, action)(_KEYRING_SERVICE, origin, *value)
    except Exception as error:  # each backend has its own; they may hold the key, so only the class is told
        why = type(error).__name__
    raise KeyRefused(Message("keyring_failed", why=why))


def _saved_origins() -> set[str]:
    try:
        return set((data_folder() / _ORIGINS).read_text("utf-8").split())
    except (OSError, UnicodeError):
        return set()


def _note_origins(origins: set[str]) -> None:
    path: Path | str = _ORIGINS
    try:
        path = data_folder() / _ORIGINS
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text("".join(f"{origin}\n" for origin in sorted(origins)), "utf-8")
    except OSError as error:
        raise KeyRefused(Message("keyring_list_unwritten", path=path, why=error.strerror or error)) from None


def colab_refusal(endpoint: Endpoint) -> Message | None:
    """Say what kept Colab from handing over the secret that may be an endpoint's key; None where nothing did."""
    text = _colab_secret(endpoint.key_variable)[1]
    return Message(text, name=endpoint.key_variable) if text else None


@functools.cache
def _colab_secret(name: str) -> tuple[str, str]:
    """Ask Colab's secrets, once a process; give the secret, and the name of the text that says what kept it back."""
    if not name or "google.colab" not in sys.modules:
        return "", ""
    try:
        from google.colab import userdata

        value: Any = userdata.get(name)
    except Exception as error:  # its classes differ by Colab's version, and are known by their names
        return "", _WHY_KEPT_BACK.get(type(error).__name__, "")
    return hide(value) if isinstance(value, str) else "", ""
