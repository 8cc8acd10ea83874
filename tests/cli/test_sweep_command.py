"""The command line's sweeps."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from gated_server import GatedEngine
from sheets import ClipEngine

from animatediff_widget import Journal, Sweep
from animatediff_widget.cli import main
from animatediff_widget.server import LocalServer


@pytest.fixture
def relay(monkeypatch):
    """Give the flags for a relay that draws at once; jobs there cost money."""
    with LocalServer(ClipEngine()) as server:
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", server.token)
        yield ["--relay", server.base_url]


def test_a_sweep_is_run_and_saved_as_a_sheet(relay, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = main(["sweep", "a boat", "--steps", "1,4", "--guidance-scale", "1,7.5", "--path", "one", "--seeds", "2",
                 "-o", "sheet.html", "--at-once", "4", *relay])  # fmt: skip
    shown = capsys.readouterr()
    assert (code, shown.out) == (0, "sheet.html\n")
    assert shown.err.startswith("Jobs to post: 8, at Relay ")
    assert shown.err.count("\n") == 1
    sweep = Sweep.load(Journal().sweeps()[0].key)
    assert [*sweep.axes] == ["steps", "guidance_scale", "seed"], "in the order given"
    assert sweep.axes["guidance_scale"] == (1.0, 7.5)
    assert {cell.body.to_json()["input"]["path"] for cell in sweep.cells} == {"one"}
    assert "<script" in (tmp_path / "sheet.html").read_text("utf-8")


def test_jobs_shows_a_sweep_as_one_line_and_its_cells_on_request(relay, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["run", "alone", "--seed", "1", *relay])
    main(["sweep", "a boat", "--steps", "1,4", "--seed", "7", "-o", "x.webp", *relay])
    key = Journal().sweeps()[0].key
    capsys.readouterr()
    assert main(["jobs"]) == 0
    _head, sweep, alone = capsys.readouterr().out.splitlines()
    assert sweep.split()[0] == key[:8]
    assert sweep.split()[3:] == ["2/2", "7", "a", "boat", "steps"]
    assert "alone" in alone
    assert main(["jobs", "--sweep", key[:10], "--json"]) == 0
    cells = json.loads(capsys.readouterr().out)
    assert [cell["key"] for cell in cells] == [cell.key for cell in Sweep.load(key).cells]
    assert main(["jobs", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed[0]["axes"] == {"steps": [1, 4]}
    assert (listed[0]["cells"], listed[0]["succeeded"], listed[0]["state"]) == (2, 2, "finished")
    assert main(["jobs", "--sweep", "zz"]) == 2


def test_what_the_place_takes_besides_can_be_an_axis(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["--set", "output_format=gif,webp", "--steps", "1", "--seed", "7", "-o", "sheet.html"]
    assert main(["sweep", "a boat", *arguments, "--builtin"]) == 0
    sweep = Sweep.load(Journal().sweeps()[0].key)
    assert dict(sweep.axes) == {"output_format": ("gif", "webp")}
    assert [view.animation.suffix for view in sweep.views] == ["gif", "webp"]


def test_many_jobs_that_cost_money_are_run_only_with_yes(relay, tmp_path, capsys):
    assert main(["sweep", "a boat", "--seeds", "11", *relay]) == 2
    assert "Nothing was posted. Run it with confirm=True, on the command line with --yes" in capsys.readouterr().err
    assert Journal().jobs() == []
    assert main(["sweep", "a boat", "--seeds", "11", "--yes", "-o", str(tmp_path / "s.html"), *relay]) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--steps", "4"], "A sweep needs a list of values for at least one field"),
        (["--steps", "1,500"], "steps must be a whole number from 1 to 100, not 500."),
        (["--steps", "1,2", "-o", "x.doc"], "A sheet cannot be saved as “.doc”; use .html, .webp"),
        (["--steps", "1,2", "--budget", "much"], "budget must be a number of jobs, or a time"),
        (["--seeds", "none"], "is not a whole number above 0"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(relay, arguments, says, capsys):
    try:
        code = main(["sweep", "a boat", *arguments, *relay])
    except SystemExit as stop:
        code = stop.code
    shown = capsys.readouterr()
    assert (code, shown.out) == (2, "")
    assert says in shown.err
    assert Journal().jobs() == []


def test_cells_that_fail_are_said_once_and_the_code_is_1(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with LocalServer(GatedEngine(open_gate=True)) as server:
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", server.token)
        code = main(["sweep", "break", "--seeds", "3", "--relay", server.base_url])
    lines = capsys.readouterr().err.splitlines()
    assert code == 1
    assert lines[-1] == "3 of 3 done · 3 failed"
    assert len(lines) == 3, "the plan, one reason, how it stands"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a process")
def test_an_interrupted_sweep_says_how_it_goes_on_and_a_killed_one_is_taken_up(tmp_path, monkeypatch, capsys):
    engine = GatedEngine()
    with LocalServer(engine) as server:
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", server.token)
        run = [sys.executable, "-m", "animatediff_widget", "sweep", "a boat", "--seeds", "3", "--at-once", "1"]
        process = subprocess.Popen(
            [*run, "--relay", server.base_url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
        )
        engine.begun.acquire()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        key = Journal().sweeps()[0].key
        assert process.returncode == 130, err
        assert f"1 of 3 cells have ended. This goes on with the rest: animatediff-widget resume {key[:8]}" in err
        engine.open.set()
        assert main(["resume"]) == 0, "nobody wanted it to go on"
        assert "There is nothing to resume." in capsys.readouterr().err
        assert main(["resume", key[:8]]) == 1, "one was canceled"
        assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_sweep_is_taken_up(tmp_path, monkeypatch, capsys):
    engine = GatedEngine()
    with LocalServer(engine) as server:
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", server.token)
        run = [sys.executable, "-m", "animatediff_widget", "sweep", "a boat", "--seeds", "3", "--at-once", "1"]
        process = subprocess.Popen([*run, "--relay", server.base_url], cwd=tmp_path)
        engine.begun.acquire()
        while not (begun := Journal().jobs()) or begun[0].prediction_id is None:
            assert process.poll() is None
        process.kill()
        process.wait()
        engine.open.set()
        assert main(["resume"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 3
    assert len(set(engine.seeds)) == len(engine.seeds) == 3


def test_a_plain_terminal_gets_one_line(relay, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    main(["sweep", "a boat", "--steps", "1,4", "-o", str(tmp_path / "sheet.html"), *relay])
    written = capsys.readouterr().err
    assert written.count("\n") == 2, "the plan, and the line"
    assert "\r\x1b[K2 of 2 done\n" in written
