"""Every text that a person meets, in English and in Simplified Chinese: the panel's, and the sentences of the errors.

Not here are the fields' English labels and help, which stand in the request model, once; the command line's help and
the heads of its tables; and what the built-in server answers, which is the hosted API's English.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .chinese import CHINESE
from .english import ENGLISH
from .plain import printable, shown

__all__ = ["LANGUAGES", "TEXTS", "Message", "Texts"]

_LONGEST = 1000
_LARGEST = 10**100  # Python refuses to write whole numbers of 4300 digits

LANGUAGES: dict[str, dict[str, str]] = {"en": ENGLISH, "zh": CHINESE}
"""The texts by language, each by the same codes; Chinese has the fields' labels and help besides."""


class Texts(Mapping[str, str]):
    """The texts of one language, by code.

    The language is ``"en"``, ``"zh"``, or a locale such as ``"zh_CN.UTF-8"`` (`ValueError` where there are no texts in
    it); when not given, the environment's, as it is at each use.
    """

    def __init__(self, language: str | None = None) -> None:
        self._language = None if language is None else _short(language)
        if self._language is not None and self._language not in LANGUAGES:
            raise ValueError(language)

    @property
    def language(self) -> str:
        """The language: ``"en"`` or ``"zh"``."""
        return self._language or _environment()

    def say(self, message: object) -> str:
        """Put a message, or an error that holds one, into words; any other object as ``str`` writes it."""
        message = getattr(message, "message", message)
        return message.in_words(self) if isinstance(message, Message) else str(message)

    def __getitem__(self, code: str) -> str:
        return LANGUAGES[self.language][code]

    def __iter__(self) -> Iterator[str]:
        return iter(ENGLISH)

    def __len__(self) -> int:
        return len(ENGLISH)


TEXTS = Texts()
"""The texts in the environment's language: the terminal's, and that of ``str(error)``."""


@dataclass(frozen=True, init=False)
class Message:
    """A text's code and what goes into its blanks; put into words by whoever shows it, in their language.

    The code is one of `LANGUAGES`; into the blanks go text, numbers, other messages, or errors that hold one.
    """

    code: str
    params: Mapping[str, Any]

    def __init__(self, code: str, /, **params: Any) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "params", {name: _plain(value) for name, value in params.items()})

    def __hash__(self) -> int:
        return hash((self.code, tuple(self.params.items())))

    def __str__(self) -> str:
        return self.in_words(TEXTS)

    def in_words(self, texts: Mapping[str, str]) -> str:
        """Write the sentence in the language of `texts`."""
        blanks = {
            name: value.in_words(texts) if isinstance(value, Message) else _bounded(value)
            for name, value in self.params.items()
        }
        return texts[self.code].format(**blanks).rstrip()

    def to_json(self) -> dict[str, Any]:
        """Write the message as plain JSON; the inverse of `from_json`."""
        params = {name: value.to_json() if isinstance(value, Message) else value for name, value in self.params.items()}
        return {"code": self.code, "params": params}

    @classmethod
    def from_json(cls, value: Any) -> Message | None:
        """Read what `to_json` wrote; None where it is no message, or has a code that this version does not know."""
        if not (isinstance(value, dict) and value.get("code") in ENGLISH and isinstance(value.get("params"), dict)):
            return None
        params = {str(name): cls.from_json(item) or item for name, item in value["params"].items()}
        message = cls(value["code"], **params)
        try:
            str(message)
        except (LookupError, ValueError, TypeError):  # its blanks are another version's
            return None
        return message


def _plain(value: Any) -> Any:
    """Keep of a value what can be shown and stored: an error's message without its frames, a path as text."""
    value = getattr(value, "message", value)
    if isinstance(value, Message) or (isinstance(value, (int, float)) and abs(value) < _LARGEST):
        return value
    return printable(value if isinstance(value, str) else shown(value) if isinstance(value, int) else str(value))


def _bounded(value: Any) -> Any:
    """Cut what is too long for a sentence; whoever keeps the message keeps it whole."""
    return f"{value[: _LONGEST // 2]} … {value[-_LONGEST // 2 :]}" if len(str(value)) > _LONGEST else value


def _short(locale: str) -> str:
    return locale.replace("-", "_").partition("_")[0].partition(".")[0].lower()


def _environment() -> str:
    """Give the language of the environment, in the order of gettext; English where there are no texts in it."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return next((short for entry in value.split(":") if (short := _short(entry)) in LANGUAGES), "en")
    return "en"
