"""The journal: what it keeps, for how many at once, and what damage does to it."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import hashlib
import json
import logging
import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from animatediff_widget import AnimateDiffRequest, Journal, Prediction
from animatediff_widget.errors import JournalError
from animatediff_widget.journal import JournalEntry
from animatediff_widget.journal.file import MIGRATIONS

URL = "https://relay.example/replicate/v1/predictions"
REQUEST = AnimateDiffRequest(prompt="a boat 桜", seed=7)
STARTING = Prediction.from_json({"id": "p1", "status": "starting", "logs": "\ud800 broken"})
DONE = Prediction.from_json({"id": "p1", "status": "succeeded", "output": "https://out.example/a.mp4"})


@pytest.fixture
def journal(tmp_path) -> Journal:
    return Journal(tmp_path / "journal")


def begin(journal: Journal, count: int = 1) -> list[str]:
    return [journal.begin(REQUEST, URL) for _ in range(count)]


def keys(entries) -> list[str]:
    return [entry.key for entry in entries]


@contextlib.contextmanager
def database(journal: Journal):
    with contextlib.closing(sqlite3.connect(journal.folder / "journal.sqlite3")) as connection, connection:
        yield connection


def run_python(code: str, *arguments: object, flags: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *flags, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# --- what it keeps ----------------------------------------------------------------------------------------------------


def test_a_job_is_kept_as_it_was_asked_for(journal):
    before = time.time()
    key = journal.begin(REQUEST, URL, kind="relay")
    (entry,) = journal.jobs()
    assert (entry.key, entry.endpoint, entry.kind, entry.request) == (key, URL, "relay", REQUEST)
    assert (entry.state, entry.prediction, entry.error, entry.output) == ("submitting", None, None, None)
    assert before <= entry.created <= time.time()
    assert (entry.number, entry.seen, entry.damaged, entry.seed) == (1, False, False, 7)


def test_what_becomes_known_is_kept_and_what_was_known_stays(journal, tmp_path):
    (key,) = begin(journal)
    journal.note(key, "running", prediction=STARTING)
    journal.note(key, "left", error="The job has not ended.")
    journal.note(key, "succeeded", prediction=DONE, output=tmp_path / "a.mp4", size=3, sha256="ab")
    entry = journal.get(key)
    assert entry is not None
    assert (entry.state, entry.error, entry.output) == ("succeeded", "The job has not ended.", tmp_path / "a.mp4")
    assert (entry.size, entry.sha256, entry.prediction) == (3, "ab", DONE)


def test_an_answer_is_kept_exactly_even_with_broken_characters(journal):
    (key,) = begin(journal)
    journal.note(key, "running", prediction=STARTING)
    assert journal.get(key).prediction.raw == STARTING.raw


def test_a_job_is_found_by_its_key_and_by_its_id(journal):
    first, second = begin(journal, 2)
    journal.note(first, "running", prediction=STARTING)
    assert journal.get(first) == journal.get("p1")
    assert journal.get(second).key == second
    assert journal.get("nothing") is None
    assert keys(journal.find(first[:12])) == [first]
    assert journal.find("%") == []


def test_jobs_come_newest_first_and_page_by_page(journal):
    made = begin(journal, 7)
    assert keys(journal.jobs()) == made[::-1]
    pages, before = [], None
    while page := journal.jobs(3, before=before):
        pages.append(keys(page))
        before = page[-1].key
    assert pages == [made[6:3:-1], made[3:0:-1], made[:1]]
    assert journal.jobs(before="nothing") == []


def test_a_page_does_not_move_when_new_jobs_come(journal):
    made = begin(journal, 4)
    first = journal.jobs(2)
    begin(journal, 3)
    assert keys(journal.jobs(2, before=first[-1].key)) == [made[1], made[0]]


def test_unfinished_are_those_whose_end_is_not_known(journal):
    states = ["submitting", "running", "downloading", "left", "unknown", "succeeded", "failed", "canceled", "accepted"]
    made = dict(zip(states, begin(journal, len(states)), strict=True))
    for state, key in made.items():
        journal.note(key, state)
    assert keys(journal.unfinished()) == [made[state] for state in reversed(states[:5])]
    assert keys(journal.unfinished(2)) == [made["unknown"], made["left"]]


def test_what_can_be_picked_up_is_unfinished_or_finished_unseen(journal):
    states = ["submitting", "running", "downloading", "left", "unknown", "succeeded", "failed", "canceled", "accepted"]
    made = dict(zip(states, begin(journal, len(states)), strict=True))
    for state, key in made.items():
        journal.note(key, state)
    assert keys(journal.to_pick_up()) == [made[state] for state in reversed(states[:6])]
    assert keys(journal.to_pick_up(2)) == [made["succeeded"], made["unknown"]]
    for key in made.values():
        journal.see(key)
    assert keys(journal.to_pick_up()) == [made[state] for state in reversed(states[:4])], "these go on, seen or not"
    assert all(entry.seen for entry in journal.jobs())


def test_a_seen_job_that_comes_to_another_end_is_offered_again(journal):
    (key,) = begin(journal)
    journal.note(key, "unknown")
    journal.see(key)
    journal.note(key, "unknown")
    assert journal.to_pick_up() == []
    journal.note(key, "succeeded")
    assert keys(journal.to_pick_up()) == [key]


def test_a_found_prediction_is_given_to_one_job_only(journal):
    made = begin(journal, 8)
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda key: journal.adopt(key, STARTING), made))
    assert won.count(True) == 1
    assert journal.get("p1").key == made[won.index(True)]
    assert journal.get("p1").state == "running"
    assert journal.adopt(made[won.index(True)], STARTING), "its own"


def test_beginning_twice_with_one_key_is_one_job(journal):
    key = journal.new_key()
    assert [journal.begin(REQUEST, URL, key=key), journal.begin(REQUEST, URL, key=key)] == [key, key]
    assert len(journal.jobs()) == 1


def test_a_note_about_a_job_that_is_not_there_says_so(journal):
    assert journal.note(*begin(journal), "running") is True
    assert journal.note(journal.new_key(), "running") is False


def test_an_animation_is_loaded_only_when_it_is_what_was_written(journal):
    (key,) = begin(journal)
    data = b"GIF89a" + bytes(100)
    path = journal.animations / f"{key}.gif"
    path.parent.mkdir()
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    journal.note(key, "succeeded", prediction=DONE, output=path, size=len(data), sha256=digest)
    animation = journal.get(key).animation()
    assert (animation.data, animation.path, animation.mime, animation.prediction) == (data, path, "image/gif", DONE)
    path.write_bytes(data[:-1])
    assert journal.get(key).animation() is None
    path.write_bytes(data[:-1] + b"\1")
    assert journal.get(key).animation() is None
    path.unlink()
    assert journal.get(key).animation() is None
    assert journal.get(begin(journal)[0]).animation() is None


def test_a_journal_that_was_moved_finds_its_animations(journal, tmp_path):
    (key,) = begin(journal)
    path = journal.animations / f"{key}.gif"
    path.parent.mkdir()
    path.write_bytes(b"GIF89a")
    journal.note(key, "succeeded", output=path)
    journal.folder.rename(tmp_path / "elsewhere")
    assert Journal(tmp_path / "elsewhere").get(key).animation().data == b"GIF89a"


def test_the_folder_is_the_persons_own(journal, tmp_path, monkeypatch):
    begin(journal)
    if os.name == "posix":
        assert journal.folder.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_HOME", str(tmp_path / "there"))
    assert Journal().folder == tmp_path / "there"


def test_entries_do_not_change():
    entry = JournalEntry("", 0, "", REQUEST, "running", None, None, None, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.state = "succeeded"


# --- rows that cannot be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_text", ["{", "", "null", "[]", '{"input": 5}', '{"input": {"steps": 900}}', "[" * 9999, b"\xff\0"]
)
def test_a_request_that_cannot_be_read_does_not_break_the_list(journal, request_text):
    first, second, third = begin(journal, 3)
    journal.note(second, "running", prediction=STARTING)
    with database(journal) as connection:
        connection.execute("UPDATE jobs SET request = ? WHERE key = ?", (request_text, second))
    assert keys(journal.jobs()) == keys(journal.to_pick_up()) == keys(journal.unfinished()) == [third, second, first]
    entry = journal.get(second)
    assert (entry.damaged, entry.request.prompt, entry.prediction) == (True, "", STARTING)


@pytest.mark.parametrize(
    "answer", ["{", "[]", "7", "[" * 99999, b"\xff\xfe", 5, "\ud83d".encode("utf-16", "surrogatepass")]
)
def test_an_answer_that_cannot_be_read_leaves_the_id(journal, answer):
    (key,) = begin(journal)
    journal.note(key, "running", prediction=STARTING)
    with database(journal) as connection:
        connection.execute("UPDATE jobs SET answer = ?", (answer,))
    assert journal.get(key).prediction.id == "p1"


def test_columns_of_the_wrong_type_do_not_break_the_list(journal):
    (key,) = begin(journal)
    with database(journal) as connection:
        connection.execute(
            "UPDATE jobs SET created = 'x', state = x'ff', error = 5, output = x'00', size = 'y', sha256 = x'07', "
            "kind = 1.5, endpoint = 9, seen = 'z', prediction_id = 3"
        )
    (entry,) = journal.jobs()
    assert (entry.key, entry.created, entry.output, entry.size, entry.sha256) == (key, 0.0, None, None, None)
    assert entry.animation() is None
    assert journal.to_pick_up() is not None


# --- one at a time ----------------------------------------------------------------------------------------------------


def test_a_claimed_job_is_nobody_elses(journal):
    (key,) = begin(journal)
    with journal.claim(key) as claim:
        assert claim is not None
        assert journal.claim(key) is None
        assert Journal(journal.folder).claim(key) is None
        assert journal.claimed(key)
        assert journal.to_pick_up() == []
        assert keys(journal.unfinished()) == [key]
    assert not journal.claimed(key)
    assert keys(journal.to_pick_up()) == [key]
    assert os.listdir(journal.folder / "locks") == ["journal"]
    claim.release()
    again = journal.claim(key)
    assert again is not None
    again.release()


def test_a_claim_that_is_forgotten_is_free(journal):
    (key,) = begin(journal)
    claim = journal.claim(key)
    assert claim is not None
    del claim
    gc.collect()
    assert not journal.claimed(key)
    with journal.claim(key) as again:
        assert again is not None


CLAIMING = """
    import sys, time
    from animatediff_widget import Journal
    claim = Journal(sys.argv[1]).claim(sys.argv[2])
    print("none" if claim is None else "claimed", flush=True)
    sys.stdin.read()
"""


def test_a_claim_ends_with_its_process_however_that_ends(journal):
    (key,) = begin(journal)
    with run_python(CLAIMING, journal.folder, key) as other:
        assert other.stdout.readline() == "claimed\n"
        assert journal.claim(key) is None
        assert journal.to_pick_up() == []
        other.kill()
        other.wait()
    assert keys(journal.to_pick_up()) == [key]
    assert os.listdir(journal.folder / "locks") == ["journal"], "what the dead left is swept"
    claim = journal.claim(key)
    assert claim is not None
    with run_python(CLAIMING, journal.folder, key) as other:
        assert other.communicate("")[0] == "none\n"
    claim.release()


def test_of_many_threads_one_at_a_time_holds_a_claim(journal):
    (key,) = begin(journal)
    inside = []
    most = []
    wins = []

    def fight(_: int) -> None:
        for _ in range(150):
            if (claim := journal.claim(key)) is not None:
                with claim:
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
                    wins.append(1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fight, range(8)))
    assert max(most) == 1
    assert len(wins) >= 150


def _fight(folder: str, key: str, file: str, rounds: int) -> int:
    journal, wins = Journal(folder), 0
    for _ in range(rounds):
        if (claim := journal.claim(key)) is not None:
            with claim:
                handle = os.open(file, os.O_CREAT | os.O_EXCL)  # raises where somebody else is in as well
                os.close(handle)
                os.unlink(file)
                wins += 1
        else:
            journal.claimed(key)
    return wins


def test_of_many_processes_one_at_a_time_holds_a_claim(journal, tmp_path):
    (key,) = begin(journal)
    processes = multiprocessing.get_context("spawn")
    with processes.Pool(3) as pool:
        wins = pool.starmap(_fight, [(str(journal.folder), key, str(tmp_path / "inside"), 300)] * 3, chunksize=1)
    assert all(wins)


@pytest.mark.parametrize("key", ["", "..", "../../x", "a" * 31, "A" * 32, "journal"])
def test_a_key_never_becomes_another_path(journal, key):
    begin(journal)
    with pytest.raises(JournalError, match="not a key"):
        journal.claim(key)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_fork_does_not_keep_a_claim_alive(journal):
    (key,) = begin(journal)
    code = """
        import os, signal, sys
        from animatediff_widget import Journal
        journal = Journal(sys.argv[1])
        claim = journal.claim(sys.argv[2])
        if os.fork() == 0:
            claim.release()  # not its own
            print(journal.claimed(sys.argv[2]), os.getpid(), flush=True)
            signal.pause()
        sys.stdin.readline()
        os._exit(0)  # the parent is gone, the child goes on
    """
    with run_python(code, journal.folder, key) as other:
        claimed, child = other.stdout.readline().split()
        try:
            assert claimed == "True"
            assert journal.claimed(key)
            other.stdin.write("\n")
            other.stdin.flush()
            other.wait()
            assert not journal.claimed(key)
        finally:
            os.kill(int(child), signal.SIGKILL)


# --- many at once -----------------------------------------------------------------------------------------------------


def test_many_threads_write_at_once_and_nothing_is_lost(journal):
    def work(_: int) -> None:
        for key in begin(journal, 5):
            journal.note(key, "running", prediction=STARTING)
            journal.jobs(3)
            journal.note(key, "succeeded")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    entries = journal.jobs()
    assert len(entries) == 40
    assert {entry.state for entry in entries} == {"succeeded"}
    assert [entry.number for entry in entries] == list(range(40, 0, -1))


def test_many_processes_open_a_new_journal_at_once(journal):
    code = """
        import sys
        from animatediff_widget import AnimateDiffRequest, Journal
        journal = Journal(sys.argv[1])
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(20):
            journal.note(journal.begin(AnimateDiffRequest(seed=7), "https://relay.example"), "running")
    """
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(run_python(code, journal.folder)) for _ in range(3)]
        for other in others:
            assert other.stdout.readline() == "ready\n"
        for other in others:
            other.stdin.write("\n")
            other.stdin.flush()
        for other in others:
            assert other.communicate()[1] == ""
    assert len(journal.unfinished()) == 60


def test_nothing_stays_open(tmp_path):
    code = """
        import gc, os, sys
        from animatediff_widget import AnimateDiffRequest, Journal
        journal = Journal(sys.argv[1])
        before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
        key = journal.begin(AnimateDiffRequest(seed=7), "https://relay.example")
        journal.claim(key).release()
        journal.to_pick_up()
        (journal.folder / "journal.sqlite3").write_bytes(b"damaged" * 999)
        journal.jobs()
        after = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
        gc.collect()
        print(after - before, sorted(name for name in os.listdir(sys.argv[1]) if "damaged" not in name))
    """
    with run_python(code, tmp_path / "journal", flags=("-X", "dev", "-W", "error")) as other:
        out, err = other.communicate()
    assert out == "0 ['journal.sqlite3', 'locks']\n"
    assert "ResourceWarning: unclosed database" not in err
    assert "Exception ignored" not in err


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


def _folder(path: Path) -> None:
    path.unlink()
    path.write_text("this is no database, and shorter than one")


@pytest.mark.parametrize("damage", [_garbage, _head, _middle, _cut, _foreign, _tables, _folder])
def test_a_damaged_journal_is_set_aside_and_work_goes_on(journal, caplog, damage):
    begin(journal, 30)
    assert journal.report == ""
    damage(journal.folder / "journal.sqlite3")
    damaged = (journal.folder / "journal.sqlite3").read_bytes()
    with caplog.at_level(logging.WARNING, "animatediff_widget"):
        (key,) = begin(journal)
        assert keys(journal.jobs(1)) == [key]
        journal.note(key, "running", prediction=STARTING)
        assert journal.get("p1").state == "running"
    (aside,) = journal.folder.glob("journal-damaged-*.sqlite3")
    assert aside.read_bytes()[100:4096] == damaged[100:4096]
    assert [record.message for record in caplog.records] == [journal.report]
    assert str(aside) in journal.report
    assert Journal(journal.folder).report == journal.report, "another view of it can say it too"
    assert Journal(journal.folder / "other").report == ""


def test_what_can_be_read_of_a_damaged_journal_is_carried_over(journal):
    made = begin(journal, 200)
    journal.note(made[0], "running", prediction=STARTING)
    path = journal.folder / "journal.sqlite3"
    with database(journal) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    data = bytearray(path.read_bytes())
    middle = len(data) // size // 2 * size
    data[middle : middle + size] = b"\xaa" * size
    path.write_bytes(data)
    with database(journal) as connection:
        assert connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok"
    with contextlib.suppress(JournalError):
        journal.jobs(1000)
    carried = keys(journal.jobs(1000))
    assert set(carried) <= set(made)
    assert len(carried) > 100
    assert journal.get("p1").key == made[0]
    assert f"{len(carried)} jobs" in journal.report


@pytest.mark.parametrize("tail", ["-wal", "-shm"])
def test_garbage_beside_the_journal_harms_nothing(journal, tail):
    made = begin(journal, 3)
    Path(f"{journal.folder / 'journal.sqlite3'}{tail}").write_bytes(random.Random(4).randbytes(40_000))
    assert keys(journal.jobs()) == made[::-1]
    assert len(begin(journal)) == 1


def test_the_log_of_a_damaged_journal_never_meets_the_new_one(journal):
    begin(journal, 3)
    path = journal.folder / "journal.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE jobs SET state = 'running'")
        connection.commit()
        wal = Path(f"{path}-wal").read_bytes()
        assert wal
    Path(f"{path}-wal").write_bytes(wal)
    _garbage(path)
    (key,) = begin(journal)
    assert keys(journal.jobs()) == [key]
    with database(journal) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert not Path(f"{path}-wal").exists()


def test_many_find_the_damage_at_once_and_one_sets_it_aside(journal, caplog):
    begin(journal, 3)
    _garbage(journal.folder / "journal.sqlite3")
    barrier = threading.Barrier(8)

    def work(_: int) -> str:
        barrier.wait()
        return journal.begin(REQUEST, URL)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(work, range(8)))
    assert sorted(keys(journal.jobs())) == sorted(made)
    assert len(list(journal.folder.glob("journal-damaged-*.sqlite3"))) == 1
    assert len([record for record in caplog.records if "damaged" in record.message]) == 1


def test_a_journal_of_a_newer_version_is_refused_and_left_alone(journal):
    begin(journal)
    path = journal.folder / "journal.sqlite3"
    with database(journal) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    for act in (journal.jobs, journal.to_pick_up, lambda: begin(journal), lambda: journal.see("x")):
        with pytest.raises(JournalError, match="newer version"):
            act()
    assert path.read_bytes() == before
    assert journal.report == ""


def test_a_journal_of_the_first_version_is_brought_up_to_date(journal):
    journal.folder.mkdir()
    body = json.dumps(REQUEST.body())
    with database(journal) as connection:
        connection.executescript(f"{MIGRATIONS[0]}; PRAGMA user_version = 1;")
        connection.executemany(
            "INSERT INTO jobs (key, created, endpoint, request, state, output) VALUES (?, 1.5, ?, ?, ?, '/x/a.mp4')",
            [(f"{number:032x}", URL, body, state) for number, state in enumerate(["succeeded", "running", "unknown"])],
        )
    assert [entry.state for entry in journal.jobs()] == ["unknown", "running", "succeeded"]
    assert [entry.state for entry in journal.to_pick_up()] == ["unknown", "running"], "nobody could say seen then"
    (first,) = journal.find("0" * 32)
    assert (first.created, first.request, first.output, first.kind) == (1.5, REQUEST, Path("/x/a.mp4"), None)
    begin(journal)
    with database(journal) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    assert journal.report == ""


def test_an_interrupted_migration_leaves_the_version_before(journal, monkeypatch):
    journal.folder.mkdir()
    with database(journal) as connection:
        connection.executescript(f"{MIGRATIONS[0]}; PRAGMA user_version = 1;")
    monkeypatch.setattr(
        "animatediff_widget.journal.file.MIGRATIONS",
        (*MIGRATIONS, "CREATE TABLE more (x);\nSELECT raise_an_error();\n"),
    )
    with pytest.raises(JournalError):
        journal.jobs()
    with database(journal) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"jobs"}


def test_a_folder_that_cannot_be_made_ends_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "journal")
    for act in (journal.jobs, journal.to_pick_up, lambda: begin(journal), lambda: journal.claim(journal.new_key())):
        with pytest.raises(JournalError, match="ANIMATEDIFF_WIDGET_HOME"):
            act()


def test_it_is_written_to_survive_a_power_cut(journal):
    statements = []

    def connect(*arguments, **options):
        connection = real(*arguments, **options)
        connection.set_trace_callback(statements.append)
        return connection

    real = sqlite3.connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect)
        begin(journal)
    assert "PRAGMA journal_mode = WAL" in statements
    assert statements.index("PRAGMA synchronous = FULL") < statements.index("BEGIN IMMEDIATE")
    with database(journal) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


# --- large ------------------------------------------------------------------------------------------------------------


def test_no_question_reads_the_whole_journal(journal, monkeypatch):
    begin(journal)
    asked: list[str] = []
    real = sqlite3.connect

    def connect(*arguments, **options):
        connection = real(*arguments, **options)
        connection.set_trace_callback(asked.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    (key,) = keys(journal.jobs())
    journal.jobs(20, before=key)
    journal.unfinished()
    journal.to_pick_up()
    journal.get(key)
    journal.find(key[:8])
    journal.note(key, "running", prediction=STARTING)
    journal.adopt(key, STARTING)
    journal.see(key)
    monkeypatch.undo()
    plans = {}
    with database(journal) as connection:
        for statement in asked:
            if "jobs" in statement:
                rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
                plans[statement] = [row[3] for row in rows]
    assert len(plans) == 10
    for statement, plan in plans.items():
        for step in plan:
            whole = step.startswith("SCAN") and "USING INDEX" not in step
            assert not whole or (step == "SCAN jobs" and "LIMIT" in statement and "WHERE" not in statement), (
                statement,
                plan,
            )
            # Scanned may be what holds the few that are asked for, and the rows by number, until the limit.
            assert "SCAN" not in step or step.split()[-1] in ("to_pick_up", "unfinished", "jobs"), (statement, plan)
        assert "USE TEMP B-TREE FOR ORDER BY" not in plan or "prediction_id = " in statement, (statement, plan)
