"""The journal's file: many at once, an older one, damage, and no room."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import random
import shutil
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from journaling import BODY, RELAY, STARTING, begin, database, files, keys, run_python

from animatediff_widget import Journal
from animatediff_widget.errors import JournalError
from animatediff_widget.journal import file as journal_file
from animatediff_widget.journal.file import LOGS, MIGRATIONS, rename_database
from animatediff_widget.journal.locks import gate


def damaged(journal: Journal) -> list[Path]:
    return sorted(journal.folder.glob("journal-damaged-*.sqlite3"))


def garble(journal: Journal) -> bytes:
    """Write over the file in place, as a disk would; the connections to it stay open."""
    data = random.Random(1).randbytes(20_000)
    (journal.folder / "journal.sqlite3").write_bytes(data)
    return data


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


WRITING = """
    import sys
    from animatediff_widget import AnimateDiffRequest, Endpoint, Journal
    journal = Journal(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(20):
        journal.record(journal.begin(AnimateDiffRequest(seed=7), Endpoint.relay("https://relay.example")), "running")
"""


def write_from_processes(folder: Path) -> None:
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(run_python(WRITING, folder)) for _ in range(3)]
        for other in others:
            assert other.stdout.readline() == "ready\n"
        for other in others:
            other.stdin.write("\n")
            other.stdin.flush()
        for other in others:
            assert other.communicate()[1] == ""


def test_many_processes_open_a_new_journal_at_once(journal):
    write_from_processes(journal.folder)
    assert len(journal.unfinished()) == 60
    assert files(journal) == []


def test_many_processes_find_a_damaged_journal_at_once_and_lose_nothing(journal):
    begin(journal)
    garble(journal)
    write_from_processes(journal.folder)
    assert len(journal.unfinished()) == 60
    assert len(damaged(journal)) == 1


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
        import os, sys, threading
        from animatediff_widget import AnimateDiffRequest, Endpoint, Journal
        journal = Journal(sys.argv[1])
        stop = threading.Event()
        def work():
            while not stop.is_set():
                journal.begin(AnimateDiffRequest(seed=7), Endpoint.builtin())
        thread = threading.Thread(target=work)
        thread.start()
        for _ in range(20):
            child = os.fork()
            if child == 0:
                for _ in range(5):
                    journal.begin(AnimateDiffRequest(seed=8), Endpoint.builtin())
                stop.set()
                sys.exit()  # not os._exit: what the child inherited is closed, too
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        stop.set()
        thread.join()
        print(sum(entry.seed == 8 for entry in journal.jobs(10**6)))
    """
    with run_python(code, journal.folder) as other:
        out, err = other.communicate(timeout=120)
    assert out == "100\n", err
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
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete", "not WAL"
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
    monkeypatch.setattr(journal_file, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE more (x);\nSELECT raise_an_error();\n"))
    with pytest.raises(JournalError):
        journal.jobs()
    with database(journal.folder) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"jobs"}


# --- damage -----------------------------------------------------------------------------------------------------------


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


def test_a_file_that_was_cut_to_nothing_is_reported_where_there_were_jobs(journal):
    begin(journal, 5)
    journal.animations.mkdir()
    (journal.animations / "a.gif").write_bytes(b"GIF89a")
    with contextlib.ExitStack() as stack:
        for tail in ("", "-journal"):
            stack.enter_context(open(f"{journal.folder / 'journal.sqlite3'}{tail}", "wb"))
    again = Journal(journal.folder)
    assert again.jobs() == []
    assert again.report is not None
    assert len(damaged(again)) == 1


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
