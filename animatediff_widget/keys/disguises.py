"""The forms in which a server may repeat a key: as it is, in another case, broken over lines, or encoded."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection, Iterator
from html.entities import codepoint2name

from .hiding import hide

__all__ = ["disguises", "quick_look"]

# Where a key is broken: a line's end and the next one's beginning, as they are, escaped or encoded; marks of no width.
_GAP = r"(?:[\s\\=>|\xad\u200b-\u200d\ufeff]|(?<=\\)[nrt]|%(?:25)*(?:0[9adAD]|20)|<br ?/?>|&#(?:10|13|x0?[ad]);){0,80}"
_AMPERSAND = r"(?:&|%(?:25)*26)(?:amp(?:;|%(?:25)*3b))*"
# What an encoded letter begins with, or a gap that is no single character; and the three letters beyond ASCII that are
# the same as one of its letters where the case does not matter.
_MARKS = "%&\\<\u0131\u017f\u212a"
_FOR_URLS = {"+": "[+-]", "/": "[/_]"}


def disguises(key: str) -> str:
    """Write a pattern that finds a key of printable ASCII in text, in any of these forms, also mixed."""
    encoded = [[_FOR_URLS.get(letter, letter) for letter in letters] for letters in _base64(key)]
    firsts = "|".join(
        (f"(?i:{re.escape(key[0])})", r"[%&\\]", *(letters[0] for letters in encoded))
    )  # is twice as fast
    return f"(?={firsts})(?:(?i:{_GAP.join(map(_letter, key))})|{'|'.join(map(_GAP.join, encoded))})"


def quick_look(key: str) -> Callable[[Collection[str]], Collection[str]]:
    """Make what gives, of some texts, those in which `disguises` may find the key; that it is in no other is certain.

    It takes a small part of the time of that pattern, which is only needed where there are such texts.
    """
    spaces = (code for code in range(0x3001) if chr(code).isspace())
    gaps = dict.fromkeys([*spaces, *map(ord, "=>|\xad\u200b\u200c\u200d\ufeff")])

    def fold(text: str) -> str:
        """Make one of what the pattern takes for the same; more than that may become the same."""
        return hide(text.translate(gaps).lower().replace("-", "+").replace("_", "/"))

    forms = tuple(map(fold, (key, *_base64(key))))

    def look(texts: Collection[str]) -> Collection[str]:
        together = "\n".join(texts)
        folded = fold(together)
        if any(form in folded for form in forms):
            return texts
        if not any(mark in together for mark in _MARKS):
            return ()
        return [text for text in texts if any(mark in text for mark in _MARKS)]

    return look


def _letter(letter: str) -> str:
    """Match a letter as it is, url-encoded once or several times, HTML-escaped, or escaped as in JSON."""
    codes = sorted({ord(letter.lower()), ord(letter.upper())})
    hexadecimal = "|".join(f"{code:x}" for code in codes)
    decimal = "|".join(map(str, codes))
    names = "".join(f"|{codepoint2name[code]}" for code in codes if code in codepoint2name)
    html = f"{_AMPERSAND}(?:#0*(?:{decimal})|#x0*(?:{hexadecimal}){names})(?:;|%(?:25)*3b)?"
    return f"(?:{re.escape(letter)}|%(?:25)*(?:{hexadecimal})|{html}|\\\\u00(?:{hexadecimal}))"


def _base64(key: str) -> Iterator[str]:
    """Yield its base64, in each of the three places that it can begin at."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + key.encode()).decode()
        yield encoded[-(-before * 8 // 6) : (before + len(key)) * 8 // 6]  # what depends on the key alone
