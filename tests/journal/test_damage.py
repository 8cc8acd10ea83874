"""A damaged journal is set aside whole, and work goes on."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from journaling import BODY, RELAY, STARTING, begin, database, files, keys, run_python, write_from_processes

from animatediff_widget import Journal
from animatediff_widget.errors import JournalError
from animatediff_widget.journal.file import LOGS, rename_database


def damaged(journal: Journal) -> list[Path]:
    return sorted(journal.folder.glob("journal-damaged-*.sqlite3"))


def garble(journal: Journal) -> bytes:
    """Write over the file in place, as a disk would; the connections to it stay open."""
    data = random.Random(1).randbytes(20_000)
    (journal.folder / "journal.sqlite3").write_bytes(data)
    return data


def _garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(20_000))


def _head(path: Path) -> None:
    path.write_bytes(random.Random(2).randbytes(100) + path.read_bytes()[100:])


def _middle(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4096] + random.Random(3).randbytes(len(data) - 4096))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _foreign(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE jobs (name TEXT)")
        connection.commit()


def _tables(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE jobs")
        connection.commit()


def _short(path: Path) -> None:
    path.unlink()
    path.write_text("this is no database, and shorter than one")


@pytest.mark.parametrize(
    ("damage", "reopened"),
    [
        *((damage, True) for damage in (_garbage, _head, _middle, _cut, _foreign, _tables, _short)),
        # An open connection has the middle in its memory.
        *((damage, False) for damage in (_garbage, _head, _cut, _foreign, _tables, _short)),
    ],
)
def test_a_damaged_journal_is_set_aside_whole_and_work_goes_on(journal, caplog, damage, reopened):
    begin(journal, 30)
    assert journal.report is None
    damage(journal.folder / "journal.sqlite3")
    before = (journal.folder / "journal.sqlite3").read_bytes()
    journal = Journal(journal.folder) if reopened else journal
    with caplog.at_level(logging.WARNING, "animatediff_widget"):
        (key,) = begin(journal)
        assert keys(journal.jobs(10)) == [key]
        journal.record(key, "running", prediction=STARTING)
        assert journal.get("p1").state == "running"
    (aside,) = damaged(journal)
    assert aside.read_bytes()[100:] == before[100:]
    assert len(caplog.records) == 1
    assert str(aside) in caplog.text
    assert f'animatediff-widget jobs --salvage "{aside}"' in str(journal.report)
    assert Journal(journal.folder).report == journal.report
    assert Journal(journal.folder / "other").report is None


def test_every_process_says_so_until_it_is_dealt_with(journal):
    begin(journal)
    garble(journal)
    journal.jobs()
    code = "import sys; from animatediff_widget import Journal; print(Journal(sys.argv[1]).report)"
    for expected in (str(journal.report), "None"):
        with run_python(code, journal.folder) as other:
            assert other.communicate()[0] == f"{expected}\n"
        journal.salvage(*damaged(journal)) if damaged(journal) else None


@pytest.mark.parametrize("evidence", ["an animation", "a log"])
def test_a_file_that_was_cut_to_nothing_is_reported_where_there_were_jobs(journal, evidence):
    begin(journal, 5)
    path = journal.folder / "journal.sqlite3"
    os.truncate(path, 0)
    if evidence == "an animation":
        Path(f"{path}-journal").unlink()
        journal.animations.mkdir()
        (journal.animations / "a.gif").write_bytes(b"GIF89a")
    journal = Journal(journal.folder)
    assert journal.jobs() == []
    assert journal.report is not None
    assert len(damaged(journal)) == 1


def test_an_empty_file_in_an_empty_folder_is_a_new_journal(journal):
    journal.folder.mkdir()
    (journal.folder / "journal.sqlite3").touch()
    assert len(begin(journal)) == 1
    assert journal.report is None
    assert files(journal) == []


@pytest.mark.parametrize("tail", LOGS)
def test_garbage_beside_the_journal_harms_nothing(journal, tail):
    made = begin(journal, 3)
    Path(f"{journal.folder / 'journal.sqlite3'}{tail}").write_bytes(random.Random(4).randbytes(40_000))
    journal = Journal(journal.folder)
    assert keys(journal.jobs()) == made[::-1]
    assert len(begin(journal)) == 1
    assert journal.report is None


@pytest.mark.parametrize("tail", ["-wal", "-journal"])
def test_the_log_of_a_damaged_journal_goes_with_it(journal, tail):
    begin(journal, 3)
    garble(journal)
    path = journal.folder / "journal.sqlite3"
    log = Path(f"{path}{tail}")
    log.write_bytes(b"the old log")
    (key,) = begin(journal)
    assert keys(journal.jobs()) == [key]
    (aside,) = damaged(journal)
    assert Path(f"{aside}{tail}").read_bytes() == b"the old log"
    with database(journal.folder) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_log_without_its_database_never_meets_a_new_one(journal):
    begin(journal, 3)
    path = journal.folder / "journal.sqlite3"
    with database(journal.folder) as connection:  # a hot one, as a killed process leaves it
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE jobs SET request = hex(zeroblob(50000))")
        hot = Path(f"{path}-journal").read_bytes()
        connection.rollback()
    assert len(hot) > 1000
    path.unlink()
    Path(f"{path}-journal").write_bytes(hot)
    journal = Journal(journal.folder)
    assert journal.jobs() == []
    made = begin(journal, 2)
    assert keys(Journal(journal.folder).jobs()) == made[::-1]
    (kept,) = journal.folder.glob("journal-damaged-*-journal")
    assert kept.read_bytes() == hot
    assert journal.report is None, "there is no database in it to salvage"


KILLED = """
    import os, sys
    from animatediff_widget import Journal
    step, real = int(sys.argv[2]), os.replace
    def replace(source, target):
        global step
        if os.path.exists(source):
            if step == 0:
                os._exit(9)
            step -= 1
        real(source, target)
    os.replace = replace
    Journal(sys.argv[1]).jobs()
"""


@pytest.mark.parametrize("step", range(2))
def test_a_process_killed_while_it_sets_a_journal_aside_leaves_it_and_its_log_together(journal, tmp_path, step):
    begin(journal, 3)
    garble(journal)
    path = journal.folder / "journal.sqlite3"
    log = Path(f"{path}-wal")
    log.write_bytes(b"the old log")
    with run_python(KILLED, journal.folder, step) as other:
        other.communicate()
    assert other.returncode == 9
    assert (log.exists(), path.exists()) == (step == 0, True)
    if step == 1:  # without its log it may look sound; it must not be used as it is
        stamp, sound = path.stat(), Journal(tmp_path / "sound")
        begin(sound)
        path.write_bytes((sound.folder / "journal.sqlite3").read_bytes())
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    before = path.read_bytes()
    journal = Journal(journal.folder)
    made = begin(journal, 2)
    assert keys(journal.jobs()) == made[::-1]
    (aside,) = damaged(journal)
    assert aside.read_bytes() == before
    assert Path(f"{aside}-wal").read_bytes() == b"the old log"


def test_no_name_is_given_twice(journal):
    kept = []
    for number in range(3):
        begin(journal)
        kept.append(data := f"damaged, {number}".encode() * 99)
        (journal.folder / "journal.sqlite3").write_bytes(data)
        os.utime(journal.folder / "journal.sqlite3", ns=(10**18, 10**18))
        assert journal.jobs() == []
    assert sorted(path.read_bytes() for path in damaged(journal)) == sorted(kept)


def test_a_full_disk_loses_nothing_and_leaves_no_heap_of_files(journal, monkeypatch):
    begin(journal)
    journal.animations.mkdir()
    (journal.animations / "a.gif").write_bytes(b"GIF89a")
    data = garble(journal)

    def full(*arguments, **options):
        if not str(arguments[0]).endswith("journal.sqlite3"):
            raise sqlite3.OperationalError("database or disk is full")
        return real(*arguments, **options)

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", full)
    for _ in range(3):
        with pytest.raises(JournalError, match="Make room"):
            begin(journal)
    monkeypatch.undo()
    assert [path.read_bytes() for path in damaged(journal)] == [data]
    assert journal.report is not None
    assert len(begin(journal)) == len(journal.jobs()) == 1


def test_a_process_that_was_killed_while_it_made_a_new_journal_is_in_nobodys_way(journal):
    journal.folder.mkdir()
    for tail in ("", "-journal"):
        (journal.folder / f"journal-new.sqlite3{tail}").write_bytes(random.Random(5).randbytes(5000))
    assert len(begin(journal)) == len(journal.jobs()) == 1
    assert files(journal) == []


def test_many_processes_find_a_damaged_journal_at_once_and_lose_nothing(journal):
    begin(journal)
    garble(journal)
    write_from_processes(journal.folder)
    assert len(journal.unfinished()) == 60
    assert len(damaged(journal)) == 1


def test_many_find_the_damage_at_once_and_one_sets_it_aside(journal, caplog):
    begin(journal, 3)
    garble(journal)
    barrier = threading.Barrier(8)

    def work(number: int) -> str:
        barrier.wait()
        return (journal if number % 2 else Journal(journal.folder)).begin(BODY, RELAY)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(work, range(8)))
    assert sorted(keys(journal.jobs())) == sorted(made)
    assert len(damaged(journal)) == 1
    assert len([record for record in caplog.records if "damaged" in record.message]) == 1


def test_a_database_is_renamed_after_its_logs(tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr(os, "replace", lambda source, target: order.append(Path(source).name))
    rename_database(tmp_path / "a", tmp_path / "b")
    assert order == ["a-wal", "a-shm", "a-journal", "a"]


def test_a_folder_that_cannot_be_made_ends_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "journal")
    for act in (journal.jobs, journal.to_pick_up, lambda: begin(journal), lambda: journal.claim(journal.new_key())):
        with pytest.raises(JournalError, match="ANIMATEDIFF_WIDGET_HOME"):
            act()
    assert journal.report is None
