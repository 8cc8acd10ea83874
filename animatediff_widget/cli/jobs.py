"""The command line's journal: ``jobs`` lists it, ``resume`` takes up what was left."""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import AnimateDiffError, JobError
from animatediff_widget.texts import TEXTS, Message

if TYPE_CHECKING:
    from animatediff_widget.journal.sqlite import Journal, JournalEntry

__all__ = ["add_commands"]

_OK, _FAILED, _USAGE = 0, 1, 2
_EVERYTHING = sys.maxsize
_SHORT_KEY = 8
_PROMPT_WIDTH = 40
_COLUMNS = ("KEY", "DATE", "STATE", "SEED", "PROMPT", "FILE")

_JOBS = "List the jobs in the journal, the newest first."
_RESUME = (
    "Take up jobs of earlier sessions: follow them to their end and fetch their animations. Nothing is posted again. "
    "Prints the files' names. Exit codes: 0 done, 1 a job ended without an animation, 2 wrong input, 130 canceled."
)


def add_commands(commands: Any) -> None:
    """Add ``jobs`` and ``resume``.

    Parameters
    ----------
    commands : argparse subparsers
        Where to.
    """
    jobs = commands.add_parser("jobs", help="list the jobs in the journal", description=_JOBS)
    jobs.set_defaults(act=_jobs)
    jobs.add_argument("--limit", type=_count, default=20, metavar="N", help="the most to list (default: 20)")
    jobs.add_argument("--unfinished", action="store_true", help="only those whose end is not known")
    jobs.add_argument("--json", action="store_true", help="as JSON")
    jobs.add_argument("--salvage", metavar="FILE", help="add what can be read of a damaged journal that was set aside")

    resume = commands.add_parser("resume", help="take up jobs of earlier sessions", description=_RESUME)
    resume.set_defaults(act=_resume)
    resume.add_argument(
        "keys", nargs="*", metavar="KEY", help="which ones, by key (or its beginning) or id (default: all there are)"
    )
    resume.add_argument("--all", action="store_true", help="also those that were given up as unknown before")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(TEXTS["not_a_count"].format(text=repr(text)))
    return min(int(text), 10**9)


def _jobs(arguments: argparse.Namespace) -> int:
    from animatediff_widget.journal.sqlite import Journal

    journal = Journal()
    if arguments.salvage is not None:
        return _salvage(journal, arguments.salvage)
    entries = journal.unfinished(arguments.limit) if arguments.unfinished else journal.jobs(arguments.limit)
    _report(journal)
    if arguments.json:
        print(json.dumps([_as_json(entry) for entry in entries], indent=2))
    elif entries:
        _print_table(entries)
    else:
        print(TEXTS["no_unfinished_job" if arguments.unfinished else "no_job"], file=sys.stderr)
    return _OK


def _salvage(journal: Journal, file: str) -> int:
    done = journal.salvage(file)
    code = "salvaged" if done.found else "nothing_salvaged"
    print(Message(code, found=done.found, added=done.added, file=done.file))
    return _OK if done.found else _FAILED


def _resume(arguments: argparse.Namespace) -> int:
    from animatediff_widget.journal.sqlite import Journal

    journal = Journal()
    entries: list[JournalEntry] = []
    for key in dict.fromkeys(arguments.keys):
        found = _find(journal, key)
        if len(found) != 1:
            print(TEXTS["names_many_jobs" if found else "names_no_job"].format(key=repr(key[:80])), file=sys.stderr)
            return _USAGE
        entries += found
    if not arguments.keys:
        entries = journal.to_pick_up(_EVERYTHING)
        if arguments.all:
            known = {entry.key for entry in entries}
            others = (entry for entry in journal.unfinished(_EVERYTHING) if entry.key not in known)
            entries += [entry for entry in others if not journal.claimed(entry.key)]
    _report(journal)
    if not entries:
        print(TEXTS["nothing_to_resume"], file=sys.stderr)
    code = _OK
    for entry in entries:
        try:
            _resume_one(entry, journal)
        except AnimateDiffError as error:
            code = _FAILED
            _say(entry, error)
    return code


def _resume_one(entry: JournalEntry, journal: Journal) -> None:
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.jobs.progress import show_progress

    job = Job.resume(entry, journal=journal)
    try:
        with show_progress(job):
            animation = job.run()
    except KeyboardInterrupt:
        if job.error is not None:
            _say(entry, job.error)
        raise
    if animation.path is None:
        raise JobError(TEXTS["no_file"])
    print(animation.path, flush=True)


def _find(journal: Journal, key: str) -> list[JournalEntry]:
    entry = journal.get(key)
    return [entry] if entry else journal.find(key, 2)


def _say(entry: JournalEntry, error: Exception) -> None:
    print(f"{entry.key[:_SHORT_KEY]}: {error}", file=sys.stderr)


def _report(journal: Journal) -> None:
    if journal.report:
        print(journal.report, file=sys.stderr)


def _as_json(entry: JournalEntry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "created": _date(entry).astimezone().isoformat(timespec="seconds"),
        "endpoint": entry.endpoint,
        "state": entry.state,
        "seed": entry.seed,
        "prompt": entry.body.prompt,
        "id": entry.prediction.id if entry.prediction else None,
        "error": None if entry.error is None else str(entry.error),
        "file": str(entry.output) if entry.output else None,
        "seen": entry.seen,
    }


def _print_table(entries: list[JournalEntry]) -> None:
    rows = [_COLUMNS, *(_row(entry) for entry in entries)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        cells = [text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def _row(entry: JournalEntry) -> tuple[str, ...]:
    return (
        entry.key[:_SHORT_KEY],
        _date(entry).strftime("%Y-%m-%d %H:%M"),
        _plain(entry.state),
        "" if entry.seed is None else str(entry.seed),
        TEXTS["damaged"] if entry.damaged else _shorten(_plain(entry.body.prompt[:1000])),
        _plain(str(entry.output)) if entry.output else "",
    )


def _date(entry: JournalEntry) -> datetime:
    try:
        return datetime.fromtimestamp(entry.created)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0)


def _plain(text: str) -> str:
    """Keep text to one line, and what a terminal would take as a command out of it."""
    return "".join(character if character.isprintable() else " " for character in text)


def _shorten(text: str) -> str:
    if _width(text) <= _PROMPT_WIDTH:
        return text
    while _width(text) > _PROMPT_WIDTH - 1:
        text = text[: min(len(text) - 1, _PROMPT_WIDTH - 1)]
    return f"{text}…"


def _width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
