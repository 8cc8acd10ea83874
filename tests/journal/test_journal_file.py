"""The journal's file: for many at once, kept open, and brought up to date."""

from __future__ import annotations

import gc
import json
import os
import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from journaling import BODY, RELAY, STARTING, begin, database, files, keys, run_python, write_from_processes

from animatediff_widget import Journal
from animatediff_widget.errors import JournalError
from animatediff_widget.journal import file as journal_file
from animatediff_widget.journal import migrations
from animatediff_widget.journal.locks import gate
from animatediff_widget.journal.migrations import MIGRATIONS

# --- many at once -----------------------------------------------------------------------------------------------------


def test_many_threads_write_at_once_and_nothing_is_lost(journal):
    def work(number: int) -> None:
        mine = journal if number % 2 else Journal(journal.folder)
        for key in begin(mine, 5):
            mine.record(key, "running", prediction=STARTING)
            mine.jobs(3)
            mine.record(key, "succeeded")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    entries = journal.jobs()
    assert len(entries) == 40
    assert {entry.state for entry in entries} == {"succeeded"}
    assert [entry.number for entry in entries] == list(range(40, 0, -1))


def test_many_processes_open_a_new_journal_at_once(journal):
    write_from_processes(journal.folder)
    assert len(journal.unfinished()) == 60
    assert files(journal) == []


def test_reading_gives_up_after_two_seconds_with_a_sentence(journal):
    begin(journal)
    with database(journal.folder) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with pytest.raises(JournalError) as caught:
            journal.to_pick_up()
        assert caught.value.code == "journal_busy"
        assert 1.5 < time.monotonic() - began < 3
    assert len(journal.to_pick_up()) == 1


def test_a_process_that_holds_the_gate_holds_up_nobody_for_long(journal):
    (key,) = begin(journal)
    for act, most in ((journal.jobs, 3), (lambda: journal.record(key, "running"), 5)):
        with gate(journal.folder / "locks" / "journal", 1):
            began = time.monotonic()
            with pytest.raises(JournalError) as caught:
                act()
            assert caught.value.code == "journal_busy"
            assert time.monotonic() - began < most
        act()


def test_a_thread_that_waits_to_write_does_not_hold_up_one_that_reads(journal):
    begin(journal)
    with gate(journal.folder / "locks" / "journal", 1), ThreadPoolExecutor(4) as pool:
        began = time.monotonic()
        waiting = [pool.submit(begin, journal) for _ in range(3)]
        with pytest.raises(JournalError) as caught:
            journal.jobs()
        assert caught.value.code == "journal_busy"
        assert time.monotonic() - began < 3
        assert all(isinstance(each.exception(), JournalError) for each in waiting)
        assert time.monotonic() - began < 6
    assert len(journal.jobs()) == 1


# --- an open connection -----------------------------------------------------------------------------------------------


def test_nothing_stays_open(tmp_path):
    code = """
        import gc, os, sys
        from animatediff_widget import AnimateDiffRequest, Endpoint, Journal
        def count():
            gc.collect()
            return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
        before = count()
        for _ in range(3):
            journal = Journal(sys.argv[1])
            key = journal.begin(AnimateDiffRequest(seed=7), Endpoint.builtin())
            journal.claim(key).release()
            journal.to_pick_up()
            (journal.folder / "journal.sqlite3").write_bytes(b"damaged" * 999)
            journal.jobs()
        del journal
        print(count() - before)
        kept = Journal(sys.argv[1])
        kept.jobs()
    """
    with run_python(code, tmp_path / "journal", flags=("-X", "dev", "-W", "error")) as other:
        out, err = other.communicate(timeout=60)  # it ends, though a journal is open
    assert (out, err.count("unclosed"), err.count("Exception ignored"), other.returncode) == ("0\n", 0, 0, 0), err


def test_a_process_ends_while_a_thread_of_it_uses_the_journal(tmp_path):
    code = """
        import sys, threading
        from animatediff_widget import AnimateDiffRequest, Endpoint, Journal
        journal, begun = Journal(sys.argv[1]), threading.Event()
        key = journal.begin(AnimateDiffRequest(seed=7), Endpoint.builtin())
        def go_on():
            while True:
                journal.see(key)
                journal.jobs()
                begun.set()
        threading.Thread(target=go_on, daemon=True).start()
        begun.wait()
    """
    for number in range(3):  # each time it crashed, or stumbled over a closed connection
        with run_python(code, tmp_path / f"{number}") as other:
            assert other.communicate(timeout=60) == ("", "")
        assert other.returncode == 0


def test_the_file_is_opened_once(journal, monkeypatch):
    begin(journal)
    monkeypatch.setattr(sqlite3, "connect", lambda *_, **__: pytest.fail("opened again"))
    (key,) = keys(journal.jobs())
    journal.record(key, "running")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(journal.jobs).result()[0].state == "running"


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be moved there")
def test_a_file_that_was_removed_or_replaced_is_not_written_to_any_more(journal, tmp_path):
    begin(journal, 2)
    other = Journal(tmp_path / "other")
    begin(other)
    shutil.copy(other.folder / "journal.sqlite3", tmp_path / "copy")
    os.replace(tmp_path / "copy", journal.folder / "journal.sqlite3")
    assert keys(journal.jobs()) == keys(other.jobs())
    shutil.rmtree(journal.folder)
    assert journal.jobs() == []
    assert len(begin(journal)) == 1
    assert len(Journal(journal.folder).jobs()) == 1


def test_an_interrupted_transaction_is_rolled_back(journal):
    (key,) = begin(journal)

    class Broken:
        def __str__(self) -> str:
            raise KeyboardInterrupt

    file = journal_file.JournalFile(journal.folder)

    def interrupted(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE jobs SET state = 'canceled'")
        str(Broken())

    with pytest.raises(KeyboardInterrupt):
        file.write(interrupted)
    journal.see(key)
    assert journal.get(key).state == "submitting"
    assert file.read(lambda connection: connection.execute("SELECT state FROM jobs").fetchone()[0]) == "submitting"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_of_a_fork_opens_the_file_for_itself(journal):
    code = """
        import os, sqlite3, sys, threading
        from animatediff_widget import AnimateDiffRequest, Endpoint, Journal
        journal = Journal(sys.argv[1])
        journal.begin(AnimateDiffRequest(seed=7), Endpoint.builtin())  # else a child might have to make the file
        stop = threading.Event()
        def work():
            while not stop.wait(0.002):
                journal.begin(AnimateDiffRequest(seed=7), Endpoint.builtin())
        thread = threading.Thread(target=work, daemon=True)  # a failure below must not leave it writing for ever
        thread.start()
        for _ in range(8):
            child = os.fork()
            if child == 0:
                opened, connect = [], sqlite3.connect
                sqlite3.connect = lambda *names, **options: (opened.append(1), connect(*names, **options))[1]
                for _ in range(5):
                    journal.begin(AnimateDiffRequest(seed=8), Endpoint.builtin())
                assert opened == [1]
                sys.exit()  # not os._exit: what the child inherited is closed, too
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        stop.set()
        thread.join()
        print(sum(entry.seed == 8 for entry in journal.jobs(10**6)))
    """
    with run_python(code, journal.folder) as other:
        out, err = other.communicate(timeout=120)
    assert out == "40\n", err
    with database(journal.folder) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_it_is_written_to_survive_a_power_cut_and_stands_on_nfs(journal):
    begin(journal)
    journal_settings = journal_file.JournalFile(journal.folder).read(
        lambda connection: [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")
        ]
    )
    assert journal_settings == [2, "persist"]


# --- an older or newer one --------------------------------------------------------------------------------------------


def old_journal(folder: Path, version: int) -> None:
    """Write a journal as version 0.1 did."""
    folder.mkdir()
    body, answer = BODY.text, {"id": "p", "output": "data:image/gif;base64," + "A" * 50_000}
    with database(folder) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"{';'.join(MIGRATIONS[:version])}; PRAGMA user_version = {version};")
        connection.executemany(
            "INSERT INTO jobs (key, created, endpoint, request, state, output, error, answer, prediction_id) "
            "VALUES (?, 1.5, ?, ?, ?, ?, 'A sentence.', ?, ?)",
            [
                (f"{number:032x}", RELAY.url, body, state, output, json.dumps(answer), f"p{number}")
                for number, (state, output) in enumerate(
                    [("succeeded", "/x/a.mp4"), ("running", None), ("unknown", None)]
                )
            ],
        )


@pytest.mark.parametrize("version", [1, 2])
def test_a_journal_of_version_0_1_is_brought_up_to_date(journal, version):
    old_journal(journal.folder, version)
    assert [entry.state for entry in journal.jobs()] == ["unknown", "running", "succeeded"]
    (first,) = journal.find("0" * 32)
    assert (first.created, first.body, first.output, first.kind) == (1.5, BODY, Path("/x/a.mp4"), None)
    assert (first.error, first.prediction.id) == ("A sentence.", "p0")
    assert first.prediction.raw["output"] == "data:image/gif;base64,(50000 characters)", "the file has it"
    assert len(journal.get("p1").answer) > 50_000, "nothing else has it"
    begin(journal)
    with database(journal.folder) as connection:
        assert connection.execute("PRAGMA application_id").fetchone()[0] == len(MIGRATIONS)
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete", "not WAL"
    assert journal.report is None


@pytest.mark.parametrize("version", range(3, len(MIGRATIONS)))
def test_a_journal_of_a_version_in_between_is_brought_up_to_date(journal, version):
    journal.folder.mkdir()
    with database(journal.folder) as connection:
        connection.create_function("without_data", 1, str)
        connection.executescript(f"{';'.join(MIGRATIONS[:version])}; PRAGMA user_version = 2;")
        connection.execute(f"PRAGMA application_id = {version}")
        connection.execute(
            "INSERT INTO jobs (key, created, endpoint, kind, request, state) VALUES (?, 1.5, ?, 'relay', ?, 'running')",
            ("a" * 32, RELAY.url, BODY.text),
        )
    assert [entry.key for entry in journal.to_pick_up()] == ["a" * 32]
    journal.note_key_use("abc", "https://relay.example:443")
    assert journal.key_uses() == {("abc", "https://relay.example:443")}
    assert journal.report is None


def test_a_succeeded_job_of_the_first_version_is_not_offered(journal):
    old_journal(journal.folder, 1)
    assert [entry.state for entry in journal.to_pick_up()] == ["unknown", "running"], "nobody could say seen then"


def test_a_journal_that_version_0_1_has_open_is_used_in_wal_until_it_is_closed(journal):
    old_journal(journal.folder, 2)
    with database(journal.folder) as other:
        other.execute("SELECT * FROM jobs").fetchone()
        other.execute("UPDATE jobs SET seen = 1")
        other.commit()
        began = time.monotonic()
        (key,) = begin(journal)
        assert time.monotonic() - began < 2
        assert other.execute("SELECT state FROM jobs WHERE key = ?", (key,)).fetchone()[0] == "submitting"
        assert other.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        other.execute("UPDATE jobs SET state = 'left'")
        other.commit()
    assert {entry.state for entry in journal.jobs()} == {"left"}
    del journal._file
    gc.collect()
    again = Journal(journal.folder)
    assert len(again.jobs()) == 4
    with database(journal.folder) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_a_session_of_version_0_1_goes_on_with_a_journal_that_was_brought_up_to_date(journal):
    old_journal(journal.folder, 2)
    (known, *_) = keys(journal.jobs())
    with database(journal.folder) as old:  # what it asks before everything else, and then writes
        assert old.execute("PRAGMA user_version").fetchone()[0] <= 2
        columns, key = "(key, created, endpoint, kind, request, state)", "c" * 32
        old.execute(f"INSERT INTO jobs {columns} VALUES (?, 2.5, ?, 'relay', ?, 'submitting')", (key, RELAY.url, "{}"))
        old.execute("UPDATE jobs SET seen = (seen AND state = 'left'), state = 'left' WHERE key = ?", (known,))
    assert keys(journal.jobs(1)) == [key]
    assert journal.get(known).state == "left"
    assert journal.record(key, "succeeded", seconds=3.0)


def test_a_journal_of_a_newer_version_is_refused_and_left_alone(journal):
    begin(journal)
    path = journal.folder / "journal.sqlite3"
    with database(journal.folder) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        connection.execute("PRAGMA journal_mode = WAL")
    before = path.read_bytes()
    journal = Journal(journal.folder)
    for act in (journal.jobs, journal.to_pick_up, lambda: begin(journal), lambda: journal.see("x")):
        with pytest.raises(JournalError, match="newer version"):
            act()
    assert path.read_bytes() == before
    assert journal.report is None


def test_an_interrupted_migration_leaves_the_version_before(journal, monkeypatch):
    old_journal(journal.folder, 1)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE more (x);\nSELECT raise_an_error();\n"))
    with pytest.raises(JournalError):
        journal.jobs()
    with database(journal.folder) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"jobs"}
