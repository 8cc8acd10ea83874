"""What can be read of a damaged journal comes back, and nothing of it is lost."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from journaling import BODY, DONE, RELAY, begin, database, files, keys

from animatediff_widget import Journal
from animatediff_widget.cli.main import main
from animatediff_widget.errors import JournalError
from animatediff_widget.journal import Part, SweepEntry
from animatediff_widget.journal.migrations import MIGRATIONS

PAGE = 4096


def aside(journal: Journal) -> Path:
    """Have the damage found, and give the file that was set aside."""
    journal.jobs(10_000)
    (path,) = journal.folder.glob("journal-damaged-*.sqlite3")
    return path


def damage(journal: Journal, page: int) -> None:
    with open(journal.folder / "journal.sqlite3", "r+b") as file:
        file.seek(page * PAGE)
        file.write(b"\xaa" * PAGE)


def set_aside_whole(journal: Journal) -> Path:
    """Have a journal set aside in which everything can be read, because its head was damaged only for a moment."""
    with open(journal.folder / "journal.sqlite3", "rb") as file:
        head = file.read(PAGE)
    damage(journal, 0)
    damaged = aside(journal)
    with open(damaged, "r+b") as file:
        file.write(head)
    return damaged


def fill(journal: Journal, count: int) -> list[str]:
    """Write many jobs quickly."""
    journal.jobs()
    made = [f"{number:032x}" for number in range(count)]
    with database(journal.folder) as connection:
        connection.executemany(
            "INSERT INTO jobs (key, created, endpoint, kind, request, state) VALUES (?, 2.5, ?, 'relay', ?, 'running')",
            [(key, RELAY.url, BODY.text) for key in made],
        )
    return made


def test_a_file_without_its_last_page_gives_back_nearly_all(journal):
    made = fill(journal, 500)
    path = journal.folder / "journal.sqlite3"
    os.truncate(path, path.stat().st_size - PAGE)
    journal = Journal(journal.folder)
    damaged = aside(journal)
    assert str(damaged) in str(journal.report)
    done = journal.salvage(damaged)
    back = keys(journal.jobs(1000))
    assert done.found == done.added == len(back)
    assert 480 <= len(back) < 500
    assert back == [key for key in reversed(made) if key in set(back)], "in their old order"
    assert journal.jobs(1)[0].body == BODY
    assert journal.report is None


def test_what_lies_before_between_and_after_damaged_pages_comes_back(journal):
    made = fill(journal, 3000)
    pages = (journal.folder / "journal.sqlite3").stat().st_size // PAGE
    for place in (3, 5):
        damage(journal, pages * place // 8)
    damaged = aside(Journal(journal.folder))
    found = Journal(journal.folder).salvage(damaged).found
    back = set(keys(journal.jobs(10_000)))
    assert found == len(back)
    assert 2900 < found < 3000
    middle = [key in back for key in made[1200:1700]]
    assert sum(middle) > 450, "between the two"


def test_what_is_only_in_the_log_comes_back(journal):
    journal.folder.mkdir()
    path = journal.folder / "journal.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as old:  # as version 0.1 wrote it
        old.execute("PRAGMA journal_mode = WAL")
        old.executescript(f"{';'.join(MIGRATIONS[:2])}; PRAGMA user_version = 2;")
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        old.execute(
            "INSERT INTO jobs (key, created, endpoint, request, state) VALUES (?, 1.0, ?, ?, 'left')",
            ("a" * 32, RELAY.url, BODY.text),
        )
        old.commit()
        for tail in ("", "-wal"):
            shutil.copy(f"{path}{tail}", f"{journal.folder / 'journal-damaged-x.sqlite3'}{tail}")
    for tail in ("", "-wal", "-shm"):
        Path(f"{path}{tail}").unlink(missing_ok=True)
    done = journal.salvage(journal.folder / "journal-damaged-x.sqlite3")
    assert (done.found, done.added) == (1, 1)
    assert journal.get("a" * 32).state == "left"
    assert files(journal) == ["journal-salvaged-x.sqlite3", "journal-salvaged-x.sqlite3-wal"]


@pytest.mark.parametrize("tail", ["-wal", "-journal"])
def test_a_damaged_log_takes_nothing_away(journal, tail):
    made = fill(journal, 20)
    damaged = set_aside_whole(journal)
    Path(f"{damaged}{tail}").write_bytes(random.Random(6).randbytes(30_000))
    assert journal.salvage(damaged).found == 20
    assert set(keys(journal.jobs())) == set(made)


def test_the_log_of_something_else_takes_nothing_away(journal):
    made = fill(journal, 20)
    damaged = set_aside_whole(journal)
    other = Journal(journal.folder / "other")
    other.jobs()
    with contextlib.closing(sqlite3.connect(other.folder / "journal.sqlite3", isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        for number in range(50):
            values = (f"{number:032x}", "x" * 5000)
            connection.execute(
                "INSERT INTO jobs (key, created, endpoint, request, state) VALUES (?, 1.0, '', ?, '')", values
            )
        shutil.copy(other.folder / "journal.sqlite3-journal", f"{damaged}-journal")  # SQLite would undo these
        connection.execute("ROLLBACK")
    assert journal.salvage(damaged).found == 20
    assert set(keys(journal.jobs())) == set(made)


def test_a_wide_gap_ends_no_search(journal):
    made = fill(journal, 600)
    with database(journal.folder) as connection:
        connection.execute("UPDATE jobs SET number = number + 1000000 WHERE number > 300")
    damage(journal, (journal.folder / "journal.sqlite3").stat().st_size // PAGE // 2)
    damaged = aside(Journal(journal.folder))
    journal.salvage(damaged)
    back = set(keys(journal.jobs(1000)))
    assert made[0] in back
    assert made[-1] in back


def test_jobs_that_are_there_stay_as_they_are_and_older_ones_come_below(journal):
    made = begin(journal, 3)
    journal.record(made[1], "left", prediction=DONE)
    copy = journal.folder.parent / "copy.sqlite3"
    shutil.copy(journal.folder / "journal.sqlite3", copy)
    with database(journal.folder) as connection:
        connection.execute("DELETE FROM jobs WHERE key <> ?", (made[1],))
    journal.record(made[1], "failed")
    (newer,) = begin(journal)
    done = journal.salvage(copy)
    assert (done.found, done.added, done.file) == (3, 2, copy)
    assert keys(journal.jobs()) == [newer, made[1], made[2], made[0]]
    assert journal.get(made[1]).state == "failed"
    assert copy.exists(), "a file of another name keeps it"
    assert journal.salvage(copy).added == 0, "twice is as good as once"


def test_where_keys_were_used_comes_back(journal):
    fill(journal, 3)
    journal.note_key_use("abc", "https://relay.example:443")
    damaged = set_aside_whole(journal)
    assert journal.key_uses() == set()
    journal.salvage(damaged)
    assert journal.key_uses() == {("abc", "https://relay.example:443")}


def test_a_sweep_comes_back_with_its_cells(journal):
    sweep = SweepEntry("a" * 32, 1.0, RELAY.url, "relay", BODY, {"steps": (1, 4)})
    journal.begin_sweep(sweep)
    key = journal.begin(BODY, RELAY, part=Part(sweep.key, 1))
    damaged = set_aside_whole(journal)
    assert journal.sweeps() == []
    journal.salvage(damaged)
    assert journal.sweeps() == [sweep]
    assert [(entry.key, entry.part.cell) for entry in journal.cells(sweep.key)] == [(key, 1)]


def test_nothing_is_written_to_the_damaged_file(journal):
    fill(journal, 200)
    damage(journal, (journal.folder / "journal.sqlite3").stat().st_size // PAGE // 2)
    damaged = aside(Journal(journal.folder))
    before, stamp = damaged.read_bytes(), damaged.stat().st_mtime_ns
    kept = journal.salvage(damaged).file
    assert (kept.read_bytes(), kept.stat().st_mtime_ns) == (before, stamp)
    assert not damaged.exists()


def test_a_salvaged_file_never_takes_the_place_of_another(journal):
    for number in range(2):
        journal.jobs()
        damaged = journal.folder / "journal-damaged-x.sqlite3"
        damaged.write_bytes(b"garbage %d" % number * 99)
        journal.salvage(damaged)
    assert sorted(path.read_bytes()[:9] for path in journal.folder.glob("journal-salvaged-*")) == [
        b"garbage 0",
        b"garbage 1",
    ]


def test_after_a_crash_in_the_middle_it_goes_on_where_it_was(journal, monkeypatch):
    fill(journal, 1200)
    damaged = set_aside_whole(journal)
    monkeypatch.setattr("animatediff_widget.journal.salvage.rename_database", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        journal.salvage(damaged)
    monkeypatch.undo()
    assert journal.report is not None
    journal.salvage(damaged)
    assert len(journal.jobs(10_000)) == 1200
    assert journal.report is None


def test_with_no_room_for_the_copy_it_says_so_and_leaves_the_file(journal, monkeypatch):
    begin(journal)
    damage(journal, 0)
    damaged = aside(journal)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(JournalError, match="No space left"):
        journal.salvage(damaged)
    assert damaged.exists()
    assert journal.report is not None


def test_the_copies_do_not_stay(journal, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    begin(journal)
    damage(journal, 0)
    journal.salvage(aside(journal))
    assert list((tmp_path / "temporary").iterdir()) == []


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, monkeypatch) -> Journal:
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_HOME", str(tmp_path / "home"))
    return Journal()


def test_the_command_line_names_the_file_and_brings_the_jobs_back(home, capsys):
    fill(home, 500)
    path = home.folder / "journal.sqlite3"
    os.truncate(path, path.stat().st_size - PAGE)
    assert main(["jobs"]) == 0
    damaged = aside(home)
    assert f'jobs --salvage "{damaged}"' in capsys.readouterr().err
    assert main(["jobs", "--salvage", str(damaged)]) == 0
    said = capsys.readouterr().out
    assert f"{len(home.jobs(1000))} jobs could be read" in said
    assert "journal-salvaged-" in said
    assert main(["jobs"]) == 0
    assert capsys.readouterr().err == ""


def test_garbage_ends_in_a_sentence_and_is_kept(home, capsys):
    begin(home)
    (home.folder / "journal.sqlite3").write_bytes(data := random.Random(1).randbytes(20_000))
    assert main(["jobs", "--salvage", str(aside(home))]) == 1
    (kept,) = home.folder.glob("journal-salvaged-*.sqlite3")
    assert kept.read_bytes() == data
    assert capsys.readouterr().out == f"No job can be read in the damaged journal. It is kept as {kept}.\n"


def test_tables_of_somebody_else_end_in_a_sentence(home, capsys, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "theirs.sqlite3")) as theirs, theirs:
        theirs.executescript("CREATE TABLE jobs (a); CREATE TABLE sweeps (a); INSERT INTO sweeps VALUES (1)")
    assert main(["jobs", "--salvage", str(tmp_path / "theirs.sqlite3")]) == 1
    assert "No job can be read" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["nowhere.sqlite3", "", ".", "a\0b"])
def test_a_file_that_is_not_there_ends_in_a_sentence(home, capsys, name):
    assert main(["jobs", "--salvage", name]) == 1
    assert "cannot be read as a damaged journal" in capsys.readouterr().err
