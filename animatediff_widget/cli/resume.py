"""``resume``: take up what earlier sessions left."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import AnimateDiffError, JournalError
from animatediff_widget.texts import TEXTS

from .common import FAILED, OK, SHORT_KEY, USAGE, fail, report, say_files, take_up, text
from .output import complain, say

if TYPE_CHECKING:
    from animatediff_widget.journal import Journal, JournalEntry, SweepEntry

__all__ = ["add"]

_EVERYTHING = sys.maxsize
_RESUME = (
    "Take up jobs and sweeps of earlier sessions: follow them to their end and fetch their animations. What may cost "
    "money is never posted again. Prints the files' names. Exit codes: 0 done, 1 a job ended without an animation, "
    "2 wrong input, 130 canceled."
)


def add(commands: Any) -> None:
    """Add the command."""
    resume = commands.add_parser("resume", help="take up jobs of earlier sessions", description=_RESUME)
    resume.set_defaults(act=_resume)
    resume.add_argument(
        "keys",
        nargs="*",
        metavar="KEY",
        type=text,
        help="which ones, by key (or its beginning) or id (default: all there are)",
    )
    resume.add_argument(
        "--id", metavar="ID", type=text, help="which job at the endpoint KEY is, where several may be it"
    )
    resume.add_argument("--all", action="store_true", help="also those that were given up as unknown before")


def _resume(arguments: argparse.Namespace) -> int:
    from animatediff_widget.jobs.earlier import resume_all
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.journal import Journal

    journal = Journal()
    entries: list[JournalEntry] = []
    sweeps: list[SweepEntry] = [] if arguments.keys else journal.sweeps_to_pick_up(_EVERYTHING)
    for key in dict.fromkeys(arguments.keys):
        found, found_sweeps = _find(journal, key), journal.find_sweeps(key, 2)
        if len(found) + len(found_sweeps) != 1:
            problem = TEXTS["names_many_jobs" if found or found_sweeps else "names_no_job"]
            return fail(problem.format(key=repr(key[:80])), USAGE)
        entries += found
        sweeps += found_sweeps
    if arguments.id is not None and len(entries) != 1:
        return fail(TEXTS["id_without_key"], USAGE)
    if not arguments.keys:
        entries = journal.to_pick_up(_EVERYTHING)
        if arguments.all:
            known = {entry.key for entry in entries}
            others = (entry for entry in journal.unfinished(_EVERYTHING) if entry.key not in known)
            entries += [entry for entry in others if not _is_run(journal, entry)]
    report(journal)
    if not entries and not sweeps:
        complain(TEXTS["nothing_to_resume"])
    code = OK
    for sweep in sweeps:
        code = max(code, _take_up_sweep(journal, sweep))
    if len(entries) == 1:
        try:
            take_up(Job.resume(entries[0], journal=journal, adopt=arguments.id))
        except AnimateDiffError as error:
            code = fail(f"{entries[0].key[:SHORT_KEY]}: {error}", FAILED)
        return code
    try:
        for entry, ended in zip(entries, resume_all(entries, journal), strict=True):
            if isinstance(ended, AnimateDiffError):
                code = fail(f"{entry.key[:SHORT_KEY]}: {ended}", FAILED)
            else:
                say_files(ended)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(TEXTS["resume_stopped"]) from None
    return code


def _take_up_sweep(journal: Journal, entry: SweepEntry) -> int:
    """Follow a sweep to its end, and print the names of its files."""
    from animatediff_widget.sweeps.sweep import Sweep

    from .sweep import follow_sweep

    try:
        sweep = Sweep.load(entry.key, journal=journal)
        code = follow_sweep(sweep, None)
    except AnimateDiffError as error:
        return fail(f"{entry.key[:SHORT_KEY]}: {error}", FAILED)
    for row in sweep.rows():
        if row["file"]:
            say(row["file"])
    return code


def _find(journal: Journal, key: str) -> list[JournalEntry]:
    entry = journal.get(key)
    return [entry] if entry else journal.find(key, 2)


def _is_run(journal: Journal, entry: JournalEntry) -> bool:
    with contextlib.suppress(JournalError):  # the key of a damaged record: it is said when it is taken up
        return journal.claimed(entry.key)
    return False
