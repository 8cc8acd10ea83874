"""The one place that prints: nothing that a terminal obeys, and an end without a traceback where nobody can read."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from typing import Any, NoReturn, TextIO

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import printable

__all__ = ["complain", "flush", "say", "say_json"]

_BROKEN_PIPE = 141  # what a shell says of a process that SIGPIPE ended


def say(text: object) -> None:
    """Print what was asked for."""
    _print(printable(str(text)))


def say_json(value: Any) -> None:
    """Print JSON, each character escaped that is not printable or that the terminal may lack."""
    unicode = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")

    def escape(found: re.Match[str]) -> str:
        return found[0] if unicode and found[0].isprintable() else json.dumps(found[0])[1:-1]

    _print(re.sub(r"[^\n\x20-\x7e]", escape, json.dumps(value, indent=2, ensure_ascii=False)))


def complain(text: object) -> None:
    """Print what there is to know besides, on stderr; where that cannot be written, nobody is there to be told."""
    line = f"{printable(str(text))}\n"
    try:
        sys.stderr.write(line)
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        _mute(sys.stderr)


def flush() -> None:
    """Write out what others have printed, such as a help text."""
    _print("", end="")


def _print(text: str, end: str = "\n") -> None:
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        _end(_BROKEN_PIPE)
    except (OSError, ValueError) as error:
        complain(AnimateDiffError(Message("not_printed", why=getattr(error, "strerror", None) or error)))
        _end(1)


def _end(code: int) -> NoReturn:
    _mute(sys.stdout)
    raise SystemExit(code) from None


def _mute(stream: TextIO) -> None:
    """Send what is still to come, and what Python writes at its end, to nowhere."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
