"""Sweeps in the journal."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing

from journaling import BODY, RELAY, begin, database, keys

from animatediff_widget import Journal
from animatediff_widget.journal import Part, SweepEntry
from animatediff_widget.journal.migrations import MIGRATIONS

SWEEP = SweepEntry(
    "b" * 32, 2.0, RELAY.url, "relay", BODY, {"steps": (1, 4, 25), "prompt": ("夜", "day")}, {"at_once": 2}
)


def test_a_sweep_is_recorded_once_with_its_axes_in_their_order(journal):
    journal.begin_sweep(SWEEP)
    journal.end_sweep(SWEEP.key, "stopped")
    journal.begin_sweep(dataclasses.replace(SWEEP, options={"at_once": 3}))
    found = journal.sweep(SWEEP.key)
    assert found == dataclasses.replace(SWEEP, options={"at_once": 3})
    assert [*found.axes] == ["steps", "prompt"]
    assert found.size == 6
    assert journal.sweeps() == journal.find_sweeps("bbb") == [found]
    assert journal.sweep("c" * 32) is None


def test_an_open_sweep_is_offered_unless_somebody_runs_it_and_its_cells_are_not(journal):
    alone = begin(journal)[0]
    journal.begin_sweep(SWEEP)
    cells = [journal.begin(BODY, RELAY, part=Part(SWEEP.key, number)) for number in range(2)]
    journal.record(cells[0], "succeeded")
    assert keys(journal.to_pick_up()) == [alone]
    assert [sweep.key for sweep in journal.sweeps_to_pick_up()] == [SWEEP.key]
    with journal.claim(SWEEP.key):
        assert Journal(journal.folder).sweeps_to_pick_up() == []
    assert journal.sweeps()[0].succeeded == 1
    journal.end_sweep(SWEEP.key, "finished")
    assert journal.sweeps_to_pick_up() == []
    assert keys(journal.to_pick_up()) == [cells[1], alone], "a job that is left over is offered by itself"
    assert keys(journal.jobs(cells=False)) == [alone]
    assert keys(journal.cells(SWEEP.key)) == cells


def test_what_is_damaged_in_a_sweeps_record_is_left_out(journal):
    journal.begin_sweep(SWEEP)
    with database(journal.folder) as connection:
        connection.execute("UPDATE sweeps SET axes = '[1', options = '7', created = 'long ago', kind = x'05'")
    found = journal.sweep(SWEEP.key)
    assert (found.axes, found.options, found.created, found.kind) == ({}, {}, 0.0, None)


def test_a_journal_of_before_sweeps_gets_them(journal):
    journal.folder.mkdir()
    with closing(sqlite3.connect(journal.folder / "journal.sqlite3")) as old:
        old.create_function("without_data", 1, str)
        old.executescript(f"{';'.join(MIGRATIONS[:5])}; PRAGMA user_version = 2; PRAGMA application_id = 5;")
        old.execute(
            "INSERT INTO jobs (key, created, endpoint, request, state) VALUES (?, 1.0, ?, ?, 'left')",
            ("a" * 32, RELAY.url, BODY.text),
        )
        old.commit()
    assert journal.get("a" * 32).part is None
    assert keys(journal.to_pick_up()) == ["a" * 32]
    journal.begin_sweep(SWEEP)
    assert journal.sweeps() == [SWEEP]


def test_no_question_about_sweeps_reads_all_jobs(journal):
    journal.begin_sweep(SWEEP)
    with database(journal.folder) as connection:
        for question in (
            "SELECT * FROM jobs WHERE sweep = 'b' ORDER BY number",
            "SELECT count(DISTINCT cell) FROM jobs WHERE sweep = 'b' AND state = 'succeeded'",
            "SELECT * FROM sweeps WHERE state = 'open' ORDER BY number DESC",
            "SELECT * FROM sweeps WHERE key = 'b'",
        ):
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {question}").fetchall()]
            assert not [step for step in plan if step.startswith("SCAN") and "USING INDEX" not in step], plan
