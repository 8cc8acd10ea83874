"""The journal's tables, and what brings an older journal up to date."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from animatediff_widget.errors import JournalError
from animatediff_widget.texts import Message

from .entry import without_data

__all__ = ["MIGRATIONS", "bring_up_to_date"]

MIGRATIONS = (
    """
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY,      -- in the order of submission
        key TEXT NOT NULL UNIQUE,        -- ours, known before the server's
        created REAL NOT NULL,           -- seconds since the epoch
        endpoint TEXT NOT NULL,          -- where it was posted
        request TEXT NOT NULL,           -- the body, as posted
        state TEXT NOT NULL,             -- the Job's state
        prediction_id TEXT,
        answer TEXT,                     -- the last answer, without the files in it
        error TEXT,                      -- a Message as JSON, or a sentence
        output TEXT,                     -- the animation's file, relative to the journal's folder where it lies in it
        size INTEGER,
        sha256 TEXT
    );
    CREATE INDEX unfinished ON jobs (number) WHERE state NOT IN ('succeeded', 'failed', 'canceled', 'accepted');
    """,
    """
    -- The endpoint's kind, and whether the person has seen how the job ended.
    ALTER TABLE jobs ADD COLUMN kind TEXT;
    ALTER TABLE jobs ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
    UPDATE jobs SET seen = 1 WHERE state = 'succeeded';
    CREATE INDEX by_prediction ON jobs (prediction_id) WHERE prediction_id IS NOT NULL;
    CREATE INDEX to_pick_up ON jobs (number) WHERE (
        state NOT IN ('succeeded', 'failed', 'canceled', 'accepted') AND (seen = 0 OR state <> 'unknown')
        OR state = 'succeeded' AND seen = 0
    );
    """,
    """
    -- How long the endpoint took, and what that depends on. Files that lie on the disk leave the answers.
    ALTER TABLE jobs ADD COLUMN seconds REAL;
    ALTER TABLE jobs ADD COLUMN version TEXT;
    ALTER TABLE jobs ADD COLUMN steps INTEGER;
    CREATE INDEX durations ON jobs (endpoint, version, steps, number) WHERE state = 'succeeded';
    UPDATE jobs SET answer = without_data(answer) WHERE output IS NOT NULL AND length(answer) > 10000;
    """,
    """
    -- Where a key was used. It is a hash that stands here, never a key.
    CREATE TABLE keys (fingerprint TEXT NOT NULL, origin TEXT NOT NULL, PRIMARY KEY (fingerprint, origin));
    """,
    """
    -- Whether a job was found at the endpoint after its answer was lost, and is this one as far as can be told.
    ALTER TABLE jobs ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0;
    """,
    """
    -- Many jobs as one, and which cell of which sweep a job is.
    CREATE TABLE sweeps (
        number INTEGER PRIMARY KEY,      -- in the order of submission
        key TEXT NOT NULL UNIQUE,
        created REAL NOT NULL,           -- seconds since the epoch
        endpoint TEXT NOT NULL,
        kind TEXT,
        request TEXT NOT NULL,           -- the body that the cells vary, its seed drawn
        axes TEXT NOT NULL,              -- a JSON object: each axis's values, the drawn seeds among them
        options TEXT NOT NULL,           -- a JSON object: what else it was started with
        state TEXT NOT NULL              -- open: to be taken up where nobody runs it; stopped; finished
    );
    CREATE INDEX open_sweeps ON sweeps (number) WHERE state = 'open';
    ALTER TABLE jobs ADD COLUMN sweep TEXT;
    ALTER TABLE jobs ADD COLUMN cell INTEGER;
    CREATE INDEX by_sweep ON jobs (sweep, number) WHERE sweep IS NOT NULL;
    """,
)
"""What brings a journal from each version to the next. Only ever add to it."""

_LIVED_WITH = 2
"""What is written as ``user_version``: version 0.1 refuses more than it knows, but lives with what came after these.

How many migrations a journal has had is its ``application_id``, or its ``user_version`` where that is more.
"""


def bring_up_to_date(database: sqlite3.Connection, folder: Path) -> None:
    """Do what a folder's journal, which may be a new one, has not had yet, all in one transaction.

    `JournalError` where a newer version of this package made it.
    """
    if _version(database, folder) >= len(MIGRATIONS):
        return
    database.create_function("without_data", 1, without_data)
    database.execute("BEGIN IMMEDIATE")
    for migration in MIGRATIONS[_version(database, folder) :]:  # it may have changed before the transaction
        for statement in migration.split(";\n"):
            database.execute(statement)
    database.execute(f"PRAGMA user_version = {_LIVED_WITH}")
    database.execute(f"PRAGMA application_id = {len(MIGRATIONS)}")
    database.execute("COMMIT")


def _version(database: sqlite3.Connection, folder: Path) -> int:
    needed, had = (int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("user_version", "application_id"))
    if needed > len(MIGRATIONS):
        raise JournalError(Message("journal_newer", folder=folder))
    return max(needed, had)
