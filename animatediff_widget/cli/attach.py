"""``attach``: follow a job that was started elsewhere."""

from __future__ import annotations

import argparse
from typing import Any

from animatediff_widget.errors import AnimateDiffError

from .common import OK, USAGE, add_endpoint, fail, given_endpoint, report, take_up, text

__all__ = ["add"]

_ATTACH = (
    "Follow a job that was started elsewhere (on the web page, by a colleague), save its animation and write it in the "
    "journal. Nothing is posted. Looks at Replicate unless it is told otherwise. Prints the file's name. Exit codes: "
    "0 done, 1 the job ended without an animation, 2 wrong input, 130 canceled."
)


def add(commands: Any) -> None:
    """Add the command."""
    attach = commands.add_parser("attach", help="follow a job that was started elsewhere", description=_ATTACH)
    attach.set_defaults(act=_attach)
    attach.add_argument("id", metavar="ID", type=text, help="the job's id at the endpoint")
    add_endpoint(attach)


def _attach(arguments: argparse.Namespace) -> int:
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.journal import Journal
    from animatediff_widget.model.endpoint import Endpoint

    try:
        endpoint = given_endpoint(arguments) or Endpoint.replicate()
    except AnimateDiffError as error:
        return fail(error, USAGE)
    journal = Journal()
    job = Job.attach(endpoint, arguments.id, journal=journal)
    report(journal)
    take_up(job)
    return OK
