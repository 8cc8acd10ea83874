"""``jobs``: what the journal has."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Any

from animatediff_widget.texts import TEXTS, Message
from animatediff_widget.texts.plain import columns, cut

from .common import FAILED, OK, SHORT_KEY, USAGE, count, fail, report, text
from .output import complain, say, say_json

if TYPE_CHECKING:
    from animatediff_widget.journal import JournalEntry, SweepEntry

__all__ = ["add"]

_PROMPT_WIDTH = 40
_COLUMNS = ("KEY", "DATE", "STATE", "SEED", "PROMPT", "FILE")
_JOBS = "List the jobs in the journal, the newest first; a sweep is one line."


def add(commands: Any) -> None:
    """Add the command."""
    jobs = commands.add_parser("jobs", help="list the jobs in the journal", description=_JOBS)
    jobs.set_defaults(act=_jobs)
    jobs.add_argument("--limit", type=count, default=20, metavar="N", help="the most to list (default: 20)")
    jobs.add_argument("--unfinished", action="store_true", help="only those whose end is not known")
    jobs.add_argument("--sweep", metavar="KEY", type=text, help="the jobs of one sweep, by its key or its beginning")
    jobs.add_argument("--json", action="store_true", help="as JSON")
    jobs.add_argument("--salvage", metavar="FILE", help="add what can be read of a damaged journal that was set aside")


def _jobs(arguments: argparse.Namespace) -> int:
    from animatediff_widget.journal import Journal, SweepEntry

    journal = Journal()
    if arguments.salvage is not None:
        done = journal.salvage(arguments.salvage)
        code = "salvaged" if done.found else "nothing_salvaged"
        say(Message(code, found=done.found, added=done.added, file=done.file))
        return OK if done.found else FAILED
    entries: list[JournalEntry | SweepEntry] = []
    if arguments.sweep is not None:
        found = journal.find_sweeps(arguments.sweep, 2)
        if len(found) != 1:
            code = "names_many_jobs" if found else "names_no_sweep"
            return fail(Message(code, key=repr(arguments.sweep[:80])), USAGE)
        entries += journal.cells(found[0].key)
    elif arguments.unfinished:
        entries += journal.unfinished(arguments.limit)
    else:
        entries += journal.jobs(arguments.limit, cells=False)
        entries += journal.sweeps(arguments.limit)
        entries = sorted(entries, key=lambda entry: entry.created, reverse=True)[: arguments.limit]
    report(journal)
    if arguments.json:
        say_json([_sweep_as_json(entry) if isinstance(entry, SweepEntry) else _as_json(entry) for entry in entries])
    elif entries:
        _print_table(entries)
    else:
        complain(TEXTS["no_unfinished_job" if arguments.unfinished else "no_job"])
    return OK


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


def _sweep_as_json(sweep: SweepEntry) -> dict[str, Any]:
    return {
        "key": sweep.key,
        "created": _date(sweep).astimezone().isoformat(timespec="seconds"),
        "endpoint": sweep.endpoint,
        "state": sweep.state,
        "prompt": sweep.body.prompt,
        "axes": {name: list(values) for name, values in sweep.axes.items()},
        "cells": sweep.size,
        "succeeded": sweep.succeeded,
    }


def _print_table(entries: list[JournalEntry | SweepEntry]) -> None:
    rows = [_COLUMNS, *map(_row, entries)]
    widths = [max(columns(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        cells = [text + " " * (width - columns(text)) for text, width in zip(row, widths, strict=True)]
        say("  ".join(cells).rstrip())


def _row(entry: JournalEntry | SweepEntry) -> tuple[str, ...]:
    from animatediff_widget.journal import SweepEntry

    if isinstance(entry, SweepEntry):
        return _sweep_row(entry)
    return (
        entry.key[:SHORT_KEY],
        _date(entry).strftime("%Y-%m-%d %H:%M"),
        _plain(entry.state),
        "" if entry.seed is None else str(entry.seed),
        TEXTS["damaged"] if entry.damaged else cut(_plain(entry.body.prompt[:1000]), _PROMPT_WIDTH),
        _plain(str(entry.output)) if entry.output else "",
    )


def _sweep_row(sweep: SweepEntry) -> tuple[str, ...]:
    return (
        sweep.key[:SHORT_KEY],
        _date(sweep).strftime("%Y-%m-%d %H:%M"),
        f"{sweep.succeeded}/{sweep.size}",
        "" if "seed" in sweep.axes else str(sweep.body.seed),
        cut(_plain(sweep.body.prompt[:1000]), _PROMPT_WIDTH),
        _plain(" × ".join(sweep.axes)),
    )


def _date(entry: JournalEntry | SweepEntry) -> datetime:
    try:
        return datetime.fromtimestamp(entry.created)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0)


def _plain(text: str) -> str:
    """Keep text to one line."""
    return "".join(character if character.isprintable() else " " for character in text)
