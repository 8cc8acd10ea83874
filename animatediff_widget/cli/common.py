"""What the commands share: exit codes, where to run, what is printed."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import JobError
from animatediff_widget.texts import TEXTS, Message

if TYPE_CHECKING:
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.journal import Journal
    from animatediff_widget.model.endpoint import Endpoint

__all__ = [
    "CANCELED",
    "FAILED",
    "OK",
    "SHORT_KEY",
    "USAGE",
    "add_endpoint",
    "count",
    "fail",
    "follow",
    "given_endpoint",
    "report",
]

OK, FAILED, USAGE, CANCELED = 0, 1, 2, 130
"""The exit codes: done, a job failed, wrong input, interrupted."""

SHORT_KEY = 8
"""How many characters of a key are enough to name a job."""


def fail(error: object, code: int) -> int:
    """Print what went wrong; give the exit code."""
    print(error, file=sys.stderr)
    return code


def add_endpoint(parser: Any) -> None:
    """Add the flags that say where to run."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--builtin", action="store_true", help="run on the pocket model (offline, no key)")
    where.add_argument("--relay", metavar="URL", help="run on a relay; its key comes from ANIMATEDIFF_API_KEY")


def given_endpoint(arguments: argparse.Namespace) -> Endpoint | None:
    """Give the endpoint that the flags name; None where there is no flag.

    Raises
    ------
    AnimateDiffError
        When the relay's url is none, an empty one (an unset shell variable) included.
    """
    from animatediff_widget.model.endpoint import Endpoint

    if arguments.relay is not None:
        return Endpoint.relay(arguments.relay)
    return Endpoint.builtin() if arguments.builtin else None


def count(text: str) -> int:
    """Read a whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(TEXTS["not_a_count"].format(text=repr(text)))
    return min(int(text), 10**9)


def report(journal: Journal) -> None:
    """Print what there is to say about a damaged journal."""
    if journal.report:
        print(journal.report, file=sys.stderr)


def follow(job: Job) -> None:
    """Follow a job of the journal to its end, and print its files' names.

    Raises
    ------
    AnimateDiffError
        The job's error.
    KeyboardInterrupt
        After an interrupt, which cancels the job; what became of it has been printed.
    """
    from animatediff_widget.jobs.progress import show_progress

    try:
        with show_progress(job):
            animation = job.run()
    except KeyboardInterrupt:
        if job.error is not None:
            print(f"{(job.key or '')[:SHORT_KEY]}: {job.error}", file=sys.stderr)
        raise
    if animation.path is None:
        raise JobError(Message("no_file"))
    for each in job.animations:
        print(each.path, flush=True)
