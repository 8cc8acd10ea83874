"""The runner's processes: when they start, that what is done in them is as in the thread, and that none stays."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from acting import ActingEngine, Reported, start

from animatediff_widget.engines.drawing import draw
from animatediff_widget.engines.pocket import PocketEngine
from animatediff_widget.errors import InvalidArgument
from animatediff_widget.media.formats import sniff
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.server import LocalServer, runners
from animatediff_widget.server.processes import Process, cores
from animatediff_widget.server.runners import LocalRunner, Run


@pytest.fixture
def reported() -> Reported:
    return Reported()


@pytest.fixture
def runner(tmp_path) -> Iterator[LocalRunner]:
    runner = LocalRunner(ActingEngine(tmp_path), 2)
    yield runner
    runner.close()


@pytest.fixture(autouse=True)
def others() -> Iterator[None]:
    """Leave aside what other tests' servers have started."""
    _others.update(psutil.Process().children(recursive=True))
    yield
    _others.clear()


_others: set[psutil.Process] = set()


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child not in _others]


HERE = str(os.getpid())


def test_one_run_after_the_other_starts_no_process(runner, reported):
    for _ in range(3):
        start(runner, reported, "draw")
        assert [*reported.ends(1).values()] == [HERE]
    assert children() == []


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS tells nobody another process's environment")
def test_a_process_uses_one_core_and_keeps_its_memory_although_dask_was_there(runner, reported, monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    start(runner, reported, "meet 2", "meet 2")
    reported.ends(2)
    environments = [child.environ() for child in children()]
    assert {each["OMP_NUM_THREADS"] for each in environments} == {str(max(1, cores() // 2))}
    assert not any("MALLOC_TRIM_THRESHOLD_" in each for each in environments)


def test_runs_that_come_together_run_at_the_same_time(runner, reported):
    start(runner, reported, "meet 2", "meet 2")
    assert len({*reported.ends(2).values()}) == 2


def test_as_many_run_at_once_as_there_are_workers_and_no_more(runner, reported):
    ids = start(runner, reported, "wait", "wait", "draw", "draw")
    waiting = {reported.begun.get(timeout=60) for _ in range(2)}
    assert waiting == {*ids[:2]}
    assert reported.begun.empty()
    runner.cancel(ids[1])
    assert reported.ended.get(timeout=60) == (ids[1], "None")
    assert {*reported.ends(2)} == {*ids[2:]}
    runner.cancel(ids[0])
    assert reported.ended.get(timeout=60) == (ids[0], "None")


def test_the_pocket_engine_draws_the_same_bytes_and_log_in_a_process(reported):
    process = Process(PocketEngine())
    process.wait_ready()
    for seed, prompt in enumerate(("a boat at night", "1girl, cherry blossoms", "city, rain, masterpiece")):
        request = AnimateDiffRequest(prompt=prompt, n_prompt="snow, day", steps=5, guidance_scale=4.3)
        run, log = Run(prompt, request, seed, reported), []
        assert process.draw(run) == draw(PocketEngine(), request, seed, log.append, run.stop.is_set, None)
        assert _timeless(reported.logs[prompt]) == _timeless("".join(log))
    process.close()


def _timeless(log: str) -> str:
    return re.sub(r"\[.*?\]", "", log)  # of a progress bar: how long it took


def test_a_picture_of_a_run_comes_from_its_process(runner, reported):
    [waits] = start(runner, reported, "wait")  # in the thread
    reported.logged.get(timeout=60)
    [shows] = start(runner, reported, "show 90", previews=True)
    run_id, picture = reported.shown.get(timeout=60)
    assert (run_id, sniff(picture)) == (shows, "jpg")
    for each in (shows, waits):
        runner.cancel(each)
    assert reported.ends(2) == {shows: "None", waits: "None"}


def test_a_process_that_dies_costs_only_the_time_of_its_run(runner, reported):
    ids = start(runner, reported, "wait", "die 2", "draw", "draw")
    ends = reported.ends(3)
    assert {*ends} == {*ids[1:]}
    assert ends[ids[1]].isdigit()
    assert reported.logs[ids[1]].count("it is drawn again") <= 2  # fewer where the thread of this process drew it
    runner.cancel(ids[0])
    assert reported.ends(1) == {ids[0]: "None"}


def test_a_run_whose_process_dies_each_time_fails_in_a_sentence(runner, reported):
    [waits] = start(runner, reported, "wait")  # in the thread
    reported.logged.get(timeout=60)
    for _ in range(2):
        [dies] = start(runner, reported, "die 9")
        assert "ended 3 times" in reported.ends(1)[dies]
    assert start(runner, reported, "draw") == [*reported.ends(1)]
    runner.cancel(waits)
    assert reported.ends(1) == {waits: "None"}


def test_a_run_that_is_canceled_before_it_is_drawn_again_ends(runner, reported):
    class Canceling(Reported):
        def log(self, run_id: str, text: str) -> None:
            super().log(run_id, text)
            if "it is drawn again" in text:
                runner.cancel(run_id)

    [waits] = start(runner, reported, "wait")  # in the thread
    reported.logged.get(timeout=60)
    canceling = Canceling()
    [dies] = start(runner, canceling, "die 9")
    assert canceling.ends(1) == {dies: "None"}
    runner.cancel(waits)
    assert reported.ends(1) == {waits: "None"}


def test_processes_that_were_killed_while_they_had_nothing_to_do_cost_no_run(tmp_path, reported):
    runner = LocalRunner(ActingEngine(tmp_path), 3)
    start(runner, reported, *["meet 3"] * 3)
    reported.ends(3)
    killed = children()
    assert len(killed) == 3
    for child in killed:
        child.kill()
    psutil.wait_procs(killed)
    [says] = start(runner, reported, "say hello")
    assert reported.ends(1) == {says: "hello"}
    assert "it is drawn again" not in reported.logs[says]
    runner.close()


def test_an_engine_that_breaks_in_a_process_tells_this_process_s_log(runner, reported, caplog):
    start(runner, reported, "wait")
    reported.logged.get(timeout=60)
    with caplog.at_level(logging.ERROR):
        [breaks] = start(runner, reported, "break")
        sentence = reported.ends(1)[breaks]
    assert "internal error (KeyError)" in sentence
    assert "secret" not in sentence
    assert "secret" in caplog.text


def test_closing_ends_all_that_runs_and_every_process_and_thread(tmp_path, reported):
    before = set(threading.enumerate())
    runner = LocalRunner(ActingEngine(tmp_path), 3)
    ids = start(runner, reported, "wait", "wait", "wait", "wait")
    for _ in range(3):
        reported.logged.get(timeout=60)
    assert len(children()) >= 2
    runner.close()
    assert reported.ends(3) == dict.fromkeys(ids[:3], "None")
    assert children() == []
    assert set(threading.enumerate()) == before


def test_processes_end_when_there_has_been_nothing_to_do(monkeypatch, tmp_path, reported):
    monkeypatch.setattr(runners, "IDLE_SECONDS", 0.01)
    runner = LocalRunner(ActingEngine(tmp_path), 2)
    start(runner, reported, "meet 2", "meet 2")
    reported.ends(2)
    psutil.wait_procs(children(), timeout=60)
    assert children() == []
    start(runner, reported, "draw")
    assert [*reported.ends(1).values()] == [HERE]
    runner.close()


def test_where_no_process_can_be_started_the_thread_draws_all(monkeypatch, runner, reported, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    ids = start(runner, reported, "draw", "draw", "draw", "draw")
    assert reported.ends(4) == dict.fromkeys(ids, HERE)


def test_where_processes_print_before_they_are_ready_the_thread_draws_all(monkeypatch, runner, reported, tmp_path):
    broken = []
    monkeypatch.setattr(threading, "excepthook", broken.append)
    (tmp_path / "sitecustomize.py").write_text("print('Welcome!', flush=True)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    [waits] = start(runner, reported, "wait")  # in the thread
    reported.logged.get(timeout=60)
    ids = start(runner, reported, "draw", "draw")
    assert psutil.wait_procs(children(), timeout=60)[1] == []
    runner.cancel(waits)
    assert reported.ends(3) == {waits: "None", **dict.fromkeys(ids, HERE)}
    assert broken == []


def test_where_no_thread_can_be_started_for_a_process_the_one_that_is_there_draws_all(monkeypatch, reported, tmp_path):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    runner = LocalRunner(ActingEngine(tmp_path), 2)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        ids = start(runner, reported, "draw", "draw", "draw")
    assert reported.ends(3) == dict.fromkeys(ids, HERE)
    runner.close()


def test_what_cannot_be_several_is_refused(tmp_path):
    class Local(ActingEngine):
        pass

    LocalServer(Local(tmp_path))
    with pytest.raises(InvalidArgument, match="Local cannot be used in other processes"):
        LocalServer(Local(tmp_path), workers=2)
    with pytest.raises(InvalidArgument, match="must be above 0"):
        LocalServer(workers=0)


def test_there_is_at_least_one_core_and_no_more_than_the_machine_has():
    assert 1 <= cores() <= (os.cpu_count() or 1)


# --- what stays behind, seen from outside -----------------------------------------------------------------------------

SCRIPT = """
print("once")
import os, sys, time, requests
from concurrent.futures import ThreadPoolExecutor
from animatediff_widget.server import LocalServer
import psutil

server = LocalServer(workers=2).start()
body = {"version": "a/b", "input": {"steps": 1}}
headers = {"Authorization": "Bearer " + server.token, "Prefer": "wait"}

def statuses():
    with ThreadPoolExecutor(3) as pool:
        posted = [pool.submit(requests.post, server.base_url + "/v1/predictions", json=body, headers=headers)
                  for _ in range(3)]
    return [each.result().json()["status"] for each in posted]

def workers():
    return [child.pid for child in psutil.Process().children()]

assert statuses() == ["succeeded"] * 3
"""


def script(tmp_path: Path, rest: str) -> subprocess.Popen[str]:
    """Run a script without a guard for its main part, which a process that imports it would run again."""
    file = tmp_path / "script.py"
    file.write_text(SCRIPT + textwrap.dedent(rest))
    return subprocess.Popen(
        [sys.executable, "-W", "error::ResourceWarning", file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def gone(line: str) -> bool:
    """Whether all processes named in a line end by themselves."""
    processes = [psutil.Process(int(pid)) for pid in line.split() if psutil.pid_exists(int(pid))]
    return psutil.wait_procs(processes, timeout=60)[1] == []


def test_a_parent_that_is_killed_leaves_none(tmp_path):
    parent = script(tmp_path, "print(*workers(), flush=True); sys.stdin.read()")
    assert parent.stdout.readline() == "once\n"
    line = parent.stdout.readline()
    assert line.split()
    parent.kill()
    assert gone(line)
    parent.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork, and interrupts no group")
def test_a_forked_child_keeps_none_alive_and_an_interrupt_of_the_group_ends_none(tmp_path):
    parent = script(
        tmp_path,
        """
        import signal, warnings
        before = workers()
        try:
            os.killpg(0, signal.SIGINT)  # as Jupyter interrupts a kernel
            time.sleep(60)
        except KeyboardInterrupt:
            pass
        assert statuses() == ["succeeded"] * 3
        assert workers() == before
        warnings.simplefilter("ignore")
        child = os.fork()
        if child == 0:
            sys.stdin.read()
            os._exit(0)
        assert statuses() == ["succeeded"] * 3
        assert workers() == [*before, child]
        print(*before, flush=True)
        sys.stdin.read()
        """,
    )
    assert parent.stdout.readline() == "once\n"
    line = parent.stdout.readline()
    assert line.split()
    parent.kill()
    assert gone(line)
    parent.communicate()  # its input's end ends the child


def test_a_parent_that_ends_leaves_none_and_its_working_folder_takes_no_library_s_place(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "pickle.py").write_text("raise SystemExit('imported')")
    parent = script(
        tmp_path,
        """
        server.close()
        os.chdir(os.path.join(os.path.dirname(__file__), "here"))
        sys.path.insert(0, "")  # as in a notebook
        server = LocalServer(workers=2).start()
        headers["Authorization"] = "Bearer " + server.token
        assert statuses() == ["succeeded"] * 3
        print(*workers(), flush=True)
        """,
    )
    once, line = parent.communicate()[0].splitlines()
    assert once == "once"
    assert len(line.split()) == 2
    assert gone(line)
