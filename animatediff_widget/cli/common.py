"""What the commands share: exit codes, where to run, how arguments are read."""

from __future__ import annotations

import argparse
import contextlib
import os
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import AnimateDiffError, InvalidRequest
from animatediff_widget.model.inputs import Input, Inputs
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import TEXTS, Message

from .output import complain, say

if TYPE_CHECKING:
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.journal import Journal
    from animatediff_widget.media.animation import Animation
    from animatediff_widget.model.endpoint import Endpoint

__all__ = [
    "CANCELED",
    "FAILED",
    "OK",
    "SHORT_KEY",
    "USAGE",
    "add_endpoint",
    "add_inputs",
    "count",
    "fail",
    "find_input",
    "follow",
    "given_endpoint",
    "report",
    "say_files",
    "say_ignored",
    "take_up",
    "text",
]

OK, FAILED, USAGE, CANCELED = 0, 1, 2, 130
"""The exit codes: done, a job failed, wrong input, interrupted."""

SHORT_KEY = 8
"""How many characters of a key are enough to name a job."""


def fail(error: object, code: int) -> int:
    """Print what went wrong; give the exit code."""
    complain(error)
    return code


def add_endpoint(parser: Any) -> None:
    """Add the flags that say where to run."""
    where = parser.add_mutually_exclusive_group()
    places = "builtin, gpu, gpu=DEVICE (cuda:1), replicate, relay=URL, dask=ADDRESS, cog=URL"
    where.add_argument("--on", metavar="PLACE", type=text, help=f"where to run: {places}")
    where.add_argument(
        "--builtin", action="store_const", dest="on", const="builtin", help="run on the pocket model (offline, no key)"
    )
    where.add_argument("--relay", dest="on", metavar="URL", type=_relay, help="run on a relay: --on relay=URL")


def add_inputs(parser: Any, metavar: str, action: Any = "append") -> None:
    """Add the flag for what a place's model takes beside the request's own fields."""
    shown = "a further input of the place's model, as often as there are some; endpoints lists them"
    parser.add_argument("--set", metavar=metavar, type=_setting, action=action, default=[], help=shown)


def _setting(argument: str) -> tuple[str, str]:
    name, equals, value = text(argument).partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(TEXTS["not_a_setting"].format(text=repr(argument)))
    return name, value


def find_input(name: str, inputs: Inputs) -> Input:
    """Give a further input; one that is not known is any JSON. `InvalidRequest` where the model has no such."""
    if inputs.lacks(name):
        names = ", ".join(one.name for one in inputs.further)
        raise InvalidRequest(name, Message("no_such_input", name=name, names=names))
    return inputs[name] or Input(name, "json")


def say_ignored(request: AnimateDiffRequest, inputs: Inputs) -> None:
    """Print which of the extra inputs the model ignores."""
    for remark in inputs.remarks(request.extra_input):
        complain(remark)


def _relay(url: str) -> str:
    return f"relay={text(url)}"


def given_endpoint(arguments: argparse.Namespace) -> Endpoint | None:
    """Give the endpoint that the flags name; None where there is no flag. An empty url is an unset shell variable."""
    from animatediff_widget.backends.registry import place

    if arguments.on is None:
        return None
    kind, equals, url = arguments.on.partition("=")
    chosen = place(kind)
    if equals and not (chosen.needs_url or chosen.may_be_told):
        raise AnimateDiffError(Message("takes_no_url", kind=kind))
    return chosen.endpoint(url)


def text(argument: str) -> str:
    """Read an argument that is text; as UTF-8 where the terminal's own encoding cannot say it."""
    with contextlib.suppress(UnicodeError):
        argument.encode()
        return argument
    with contextlib.suppress(UnicodeError):
        return os.fsencode(argument).decode()
    raise argparse.ArgumentTypeError(TEXTS["argument_no_text"])


def count(argument: str) -> int:
    """Read a whole number above 0."""
    if not argument.isdecimal() or int(argument) < 1:
        raise argparse.ArgumentTypeError(TEXTS["not_a_count"].format(text=repr(argument)))
    return min(int(argument), 10**9)


def report(journal: Journal) -> None:
    """Print what there is to say about a damaged journal."""
    if journal.report:
        complain(journal.report)


def follow(job: Job) -> Animation:
    """Follow a job to its end; raises its error, or the interrupt that canceled it, which says what became of it."""
    from animatediff_widget.jobs.progress import show_progress

    try:
        with show_progress(job):
            return job.run()
    except KeyboardInterrupt:
        if job.animation is None:
            unknown = Message("nothing_sent" if job.state == "new" else "cancel_unconfirmed")
            raise KeyboardInterrupt(job.error or unknown) from None
        return job.animation  # it was too late to cancel


def take_up(job: Job) -> None:
    """Follow a job of the journal to its end, and print its files' names; raises as `follow`, and says of which job."""
    try:
        follow(job)
    except KeyboardInterrupt as interrupt:
        complain(f"{(job.key or '')[:SHORT_KEY]}: {interrupt}")
        raise KeyboardInterrupt from None
    say_files(job)


def say_files(job: Job) -> None:
    """Print the names of a job's files."""
    for each in job.animations:
        say(each.path)
