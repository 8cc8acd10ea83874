"""Text from anywhere, made fit to be shown and stored."""

from __future__ import annotations

import re
import unicodedata
from typing import TypeGuard

__all__ = ["columns", "cut", "is_text", "printable", "shown"]

# Control characters but tab and line feed, those that turn the reading direction, and halves of characters: a terminal
# obeys the first, the second make a sentence read as another, and the third cannot be encoded.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST_VALUE = 60


def printable(text: str, keep: str = "") -> str:
    """Put a U+FFFD for each character, but those to `keep`, that no terminal may get or that cannot be encoded."""
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub(lambda found: found[0] if found[0] in keep else "\ufffd", text)


def is_text(value: object) -> TypeGuard[str]:
    """Whether a value is text that can be encoded."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def shown(value: object) -> str:
    """Give a wrong value as part of a sentence: short, and whatever it is."""
    try:
        if isinstance(value, (bytes, bytearray)):  # it may be a key
            return f"<{type(value).__name__}>"
        text = repr(value[:100] if isinstance(value, str) else value)
    except Exception:  # a number of very many digits, a list that is too deep, a class of somebody's own
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(map(_columns, text))


def cut(text: str, most: int) -> str:
    """Cut text to so many columns of a terminal; one that is cut ends with an ellipsis."""
    if columns(text) <= most:
        return text
    taken = 1
    for place, character in enumerate(text):
        taken += _columns(character)
        if taken > most:
            return f"{text[:place]}…"[: max(most, 0)]
    return text


def _columns(character: str) -> int:
    return 0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
