"""Claims: one process runs a job, and its death frees it."""

from __future__ import annotations

import contextlib
import errno
import gc
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import FileLock
from journaling import begin, keys, run_python

from animatediff_widget import Journal
from animatediff_widget.errors import JournalError
from animatediff_widget.journal import locks as locks_module

CLAIMING = """
    import sys, time
    from animatediff_widget import Journal
    claim = Journal(sys.argv[1]).claim(sys.argv[2])
    print("none" if claim is None else "claimed", flush=True)
    sys.stdin.read()
"""


def locks(journal: Journal) -> set[str]:
    return set(os.listdir(journal.folder / "locks")) - {"journal"}


def test_a_claimed_job_is_nobody_elses(journal):
    (key,) = begin(journal)
    with journal.claim(key) as claim:
        assert claim is not None
        assert journal.claim(key) is None
        assert Journal(journal.folder).claim(key) is None
        assert journal.claimed(key)
        assert Journal(journal.folder).claimed(key)
        assert journal.to_pick_up() == []
        assert keys(journal.unfinished()) == [key]
    assert not journal.claimed(key)
    assert keys(journal.to_pick_up()) == [key]
    assert locks(journal) == set()
    claim.release()
    again = journal.claim(key)
    assert again is not None
    again.release()


def test_looking_leaves_no_trace(tmp_path):
    journal = Journal(tmp_path / "journal")
    assert not journal.claimed(journal.new_key())
    assert not journal.folder.exists()


def test_a_claim_that_is_forgotten_is_free(journal):
    (key,) = begin(journal)
    claim = journal.claim(key)
    assert claim is not None
    del claim
    gc.collect()
    assert locks(journal) == set()
    assert not journal.claimed(key)
    with journal.claim(key) as again:
        assert again is not None


@pytest.mark.parametrize("released", [True, False])
def test_a_claim_is_forgotten_while_another_thread_claims(journal, released):
    (key,) = begin(journal)
    claims = [journal.claim(key)]
    if released:
        claims[0].release()
    forget = threading.Thread(target=claims.clear, daemon=True)
    with locks_module._guard:
        forget.start()
        forget.join(10)
        assert not forget.is_alive(), "they would wait for each other"
    assert not journal.claimed(key)
    assert locks(journal) == set()


def test_a_claim_ends_with_its_process_however_that_ends(journal):
    (key,) = begin(journal)
    with run_python(CLAIMING, journal.folder, key) as other:
        assert other.stdout.readline() == "claimed\n"
        assert journal.claim(key) is None
        assert journal.claimed(key)
        assert journal.to_pick_up() == []
        other.kill()
        other.wait()
    assert locks(journal) == {key}
    assert keys(journal.to_pick_up()) == [key]
    assert locks(journal) == set(), "what the dead left is swept"
    claim = journal.claim(key)
    assert claim is not None
    with run_python(CLAIMING, journal.folder, key) as other:
        assert other.communicate("")[0] == "none\n"
    claim.release()


def test_the_locks_of_the_dead_are_swept_though_their_jobs_are_not_offered(journal):
    (key,) = begin(journal)
    with run_python(CLAIMING, journal.folder, key) as other:
        assert other.stdout.readline() == "claimed\n"
        journal.record(key, "failed")
        journal.to_pick_up()
        assert locks(journal) == {key}, "of the living"
        other.kill()
    journal.to_pick_up()
    assert locks(journal) == set()


def test_of_many_threads_one_at_a_time_holds_a_claim(journal):
    (key,) = begin(journal)
    inside, most = [], []

    def fight(_: int) -> None:
        wins = 0
        while wins < 20:  # however long the others hold it
            if (claim := journal.claim(key)) is not None:
                with claim:
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
                    wins += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fight, range(8)))
    assert most == [1] * 160


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
    for act in (journal.claim, journal.claimed):
        with pytest.raises(JournalError, match="not a key"):
            act(key)


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_a_file_system_knows_no_locks_this_process_counts(journal, monkeypatch, code):
    def acquire(lock, **options):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(FileLock, "acquire", acquire)
    (key,) = begin(journal)
    with journal.claim(key) as claim:
        assert claim is not None
        assert journal.claim(key) is None
        assert journal.claimed(key)
    assert not journal.claimed(key)
    assert keys(journal.to_pick_up()) == [key]


def test_a_lock_that_cannot_be_made_is_no_claim(journal, monkeypatch):
    def acquire(lock, **options):
        raise OSError(errno.ENOSPC, "no room")

    begin(journal)
    monkeypatch.setattr(FileLock, "acquire", acquire)
    with pytest.raises(JournalError, match="no room"):
        journal.claim(journal.new_key())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_neither_releases_a_claim_nor_keeps_it_alive(journal):
    (key,) = begin(journal)
    code = """
        import gc, os, signal, sys
        from animatediff_widget import Journal
        journal = Journal(sys.argv[1])
        claim = journal.claim(sys.argv[2])
        if os.fork() == 0:
            claim.release()  # not its own
            there = journal.claimed(sys.argv[2])
            del claim
            gc.collect()
            print(there, journal.claimed(sys.argv[2]), os.getpid(), flush=True)
            signal.pause()
        sys.stdin.readline()
        os._exit(0)  # the parent is gone, the child goes on
    """
    with run_python(code, journal.folder, key) as other:
        *claimed, child = other.stdout.readline().split()
        try:
            assert claimed == ["True", "True"]
            assert journal.claimed(key)
            other.stdin.write("\n")
            other.stdin.flush()
            other.wait()
            assert not journal.claimed(key)
        finally:
            os.kill(int(child), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_while_other_threads_claim_does_not_hang(journal):
    code = """
        import os, sys, threading
        from animatediff_widget import Journal
        journal = Journal(sys.argv[1])
        stop = threading.Event()
        def work():
            while not stop.is_set():
                with journal.claim(journal.new_key()):
                    journal.jobs(1)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(30):
            child = os.fork()
            if child == 0:
                with journal.claim(journal.new_key()):
                    os._exit(len(journal.jobs()))
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        stop.set()
        print("done")
    """
    begin(journal)
    with run_python(code, journal.folder) as other:
        began = time.monotonic()
        try:
            out, err = other.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                other.kill()
    assert out == "done\n", err
    assert time.monotonic() - began < 60
