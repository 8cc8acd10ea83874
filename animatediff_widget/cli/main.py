"""The command line: reads the arguments and calls the command, each a file beside this one."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from typing import Any

from animatediff_widget._version import __version__
from animatediff_widget.errors import AnimateDiffError, JobCanceled
from animatediff_widget.texts import TEXTS

from . import attach, endpoints, jobs, lab, resume, run, serve, sweep
from .common import CANCELED, FAILED, USAGE, fail
from .output import complain, flush

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit code.

    0 when it worked, 1 when the job failed, 2 when the input was wrong, 130 when it was interrupted. `SystemExit` where
    it is over before a command began, and with 141 where nobody reads what is printed.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a character that its encoding lacks ends nothing
    try:
        arguments = _parser().parse_args(argv)
        return int(arguments.act(arguments))
    except JobCanceled as error:
        return fail(error, CANCELED)
    except KeyboardInterrupt as interrupt:
        return fail(TEXTS["interrupted"].format(error=interrupt).rstrip(), CANCELED)
    except AnimateDiffError as error:
        return fail(error, FAILED)
    finally:
        flush()


class _OneSentence(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence."""

    def error(self, message: str) -> Any:
        complain(f"{message[:1].upper()}{message[1:]}. Try: {self.prog} --help")
        raise SystemExit(USAGE)


def _parser() -> argparse.ArgumentParser:
    parser = _OneSentence(
        prog="animatediff-widget", description="Animate a prompt: on Replicate, on a relay, or offline with no key."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (run, sweep, lab, serve, jobs, resume, attach, endpoints):
        command.add(commands)
    return parser
