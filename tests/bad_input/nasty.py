"""Values that no caller should give, from a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any


class _Text(str):
    """Text of somebody's own class."""


class _Unshowable:
    """An object that cannot be shown, compared or counted."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __len__ = __bool__ = __iter__ = __hash__ = __repr__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")


def _deep(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = {"a": value} if depth % 2 else [value]
    return value


def _circle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


_PIECES = [
    *("", " ", "a", "x" * 300, "\n", "\r", "\t", "é", "船", "🛶", "'", '"', "<b>", "{}", "{name}", "%s"),
    *("\x00", "\x1b]0;t\x07", "\x9b2J", "\ud800", "\udcff", "\u202e", "\u2028", "\ufeff", "\U0010ffff"),
    *("..", "/", "\\", "~", ":", "http://", "https://", "127.0.0.1", "[::1", "relay.example", "?token=", "#", "@"),
    *("data:", "data:;base64,", "NaN", "-1", "1e999", "null", ".webp", "succeeded", "64x", "owner/name"),
]

_FIXED: list[Callable[[], Any]] = [
    lambda: None,
    lambda: True,
    lambda: False,
    lambda: 0,
    lambda: -1,
    lambda: 2**31,
    lambda: 2**63,
    lambda: 10**5000,
    lambda: -(10**400),
    lambda: 0.0,
    lambda: -0.5,
    lambda: math.nan,
    lambda: math.inf,
    lambda: -math.inf,
    lambda: 1e308,
    lambda: 1j,
    lambda: Decimal("NaN"),
    lambda: Fraction(1, 3),
    lambda: b"",
    lambda: b"\xff\x00key",
    lambda: bytearray(b"GIF89a"),
    lambda: memoryview(b"abc"),
    list,
    dict,
    lambda: set(),
    lambda: (1, 2),
    lambda: range(3),
    lambda: object(),
    lambda: object,
    lambda: int,
    lambda: len,
    lambda: lambda: None,
    lambda: iter(()),
    lambda: NotImplemented,
    lambda: ...,
    _Unshowable,
    _circle,
    lambda: _deep(50),
    lambda: _deep(5000),
    lambda: Path("some/where.webp"),
    lambda: Path("\udcff"),
    lambda: ValueError("\ud800"),
    lambda: {"prompt": "\ud800"},
    lambda: {1: 2, None: 3},
    lambda: {"input": {"prompt": 5}},
    lambda: {"input": [], "version": None},
    lambda: {"id": "\ud800", "status": 5, "output": {"a": "\x1b"}, "logs": ["x"], "error": {"message": "\x9b"}},
    lambda: {"id": "..", "status": "x" * 10**5, "output": ["\ud800" * 9], "logs": "\x1b" * 10**4, "error": "\ud800"},
    lambda: {"steps": math.nan, "seed": 10**5000, "extra_input": {"a": math.inf}},
    lambda: "x" * 10**5,
]


def nasty(draw: random.Random) -> Any:
    """Give one value; a text that is glued of pieces in two cases of five."""
    if draw.random() < 0.6:
        return draw.choice(_FIXED)()
    text = "".join(draw.choice(_PIECES) for _ in range(draw.randrange(1, 6)))
    return _Text(text) if draw.random() < 0.1 else text
