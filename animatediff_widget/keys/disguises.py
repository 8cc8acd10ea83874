"""The forms in which a server may repeat a key: as it is, in another case, broken over lines, or encoded."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html.entities import codepoint2name

__all__ = ["disguises"]

# Where a key is broken: a line's end and the next one's beginning, as they are, escaped or encoded; marks of no width.
_GAP = r"(?:[\s\\=>|\xad\u200b-\u200d\ufeff]|(?<=\\)[nrt]|%(?:25)*(?:0[9adAD]|20)|<br ?/?>|&#(?:10|13|x0?[ad]);){0,80}"
_AMPERSAND = r"(?:&|%(?:25)*26)(?:amp(?:;|%(?:25)*3b))*"


def disguises(key: str) -> str:
    """Write a pattern that finds a key of printable ASCII in text, in any of these forms, also mixed."""
    encoded = [list(letters) for letters in _base64(key)]
    firsts = "|".join(
        (f"(?i:{re.escape(key[0])})", r"[%&\\]", *(letters[0] for letters in encoded))
    )  # is twice as fast
    return f"(?={firsts})(?:(?i:{_GAP.join(map(_letter, key))})|{'|'.join(map(_GAP.join, encoded))})"


def _letter(letter: str) -> str:
    """Match a letter as it is, url-encoded once or several times, HTML-escaped, or escaped as in JSON."""
    codes = sorted({ord(letter.lower()), ord(letter.upper())})
    hexadecimal = "|".join(f"{code:x}" for code in codes)
    decimal = "|".join(map(str, codes))
    names = "".join(f"|{codepoint2name[code]}" for code in codes if code in codepoint2name)
    html = f"{_AMPERSAND}(?:#0*(?:{decimal})|#x0*(?:{hexadecimal}){names})(?:;|%(?:25)*3b)?"
    return f"(?:{re.escape(letter)}|%(?:25)*(?:{hexadecimal})|{html}|\\\\u00(?:{hexadecimal}))"


def _base64(key: str) -> Iterator[Iterator[str]]:
    """Yield the letters of its base64, plain or safe for urls, in each of the three places that it can begin at."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + key.encode()).decode()
        whole = encoded[-(-before * 8 // 6) : (before + len(key)) * 8 // 6]  # what depends on the key alone
        yield ({"+": "[+-]", "/": "[/_]"}.get(letter, letter) for letter in whole)
