"""The command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from animatediff_widget import Journal, __version__
from animatediff_widget.cli import main
from animatediff_widget.engines import Canceled, Engine
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.server import LocalServer

ROOT = Path(__file__).parents[2]


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "animatediff_widget", *arguments], capture_output=True, text=True, timeout=120, **options
    )


def test_run_makes_a_file_and_prints_its_name(tmp_path):
    done = command("run", "boat, sea", "--steps", "2", "--seed", "5", "-o", "boat.gif", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "boat.gif\n"
    assert (tmp_path / "boat.gif").read_bytes()[:4] == b"GIF8"
    assert done.stderr == ""  # progress is for a terminal


def test_run_names_the_file_by_the_seed_and_prints_the_answer_as_json(tmp_path):
    done = command("run", "海上的船", "--steps", "2", "--seed", "6", "--json", "--builtin", cwd=tmp_path)
    answer = json.loads(done.stdout)
    assert answer["status"] == "succeeded"
    assert answer["input"]["prompt"] == "海上的船"
    assert done.stderr == "animation-6.webp\n"
    assert (tmp_path / "animation-6.webp").exists()


def test_run_saves_into_a_folder_and_says_where_what_cannot_be_saved_lies(tmp_path, capsys):
    for folder in (tmp_path, f"{tmp_path / 'new'}{os.sep}"):
        assert main(["run", "a boat", "--steps", "1", "--seed", "6", "-o", str(folder)]) == 0
        assert capsys.readouterr().out == f"{Path(folder) / 'animation-6.webp'}\n"
    (tmp_path / "file").touch()
    assert main(["run", "a boat", "--steps", "1", "--seed", "6", "-o", str(tmp_path / "file" / "boat.webp")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[1:] == [f"It lies at {Journal().jobs()[0].output}."]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "x", "--steps", "500"], "steps must be a whole number from 1 to 100, not 500."),
        (["run", "x", "--steps", "many"], "steps must be a whole number from 1 to 100, not 'many'."),
        (["run", "x", "--extra-input", "{"], "extra_input must be a JSON object, not '{'."),
        (["run", "x", "--relay", "nowhere"], "base url"),
        (["run", "x", "--on", "dask=http://nowhere"], "no running Dask cluster"),
        (["run", "x", "--on", "mars"], "no place 'mars'"),
        (["run", "x", "--on", "relay"], "base url"),
        (["run", "x", "--on", "replicate=https://relay.example"], "without an address"),
        (["run", "x", "--set", "output_format"], "'output_format' is not NAME=VALUE"),
        (["run", "x", "--set", "output_format=avi"], "output_format must be one of webp / gif, not 'avi'."),
        (["run", "x", "--extra-input", '{"output_format": 3}'], "output_format must be one of webp / gif, not 3."),
        (["run", "x", "--set", "frames=3"], "The model has no input frames; it has output_format,"),
        (["run", "x", "--set", "steps=3"], "which the request has already"),
        (["sweep", "x", "--steps", "1", "--set", "output_format=gif,avi"], "must be one of webp / gif, not 'avi'."),
        (["run", "x", "-o", "boat.avi"], "An animation cannot be saved as .avi; use .webp, .gif, .png, .mp4."),
        (["run"], "required"),
        (["dance"], "invalid choice"),
        ([], "required"),
        (["serve", "--port", "99999"], "--port must be a number"),
        (["serve", "--port", "\u00b2"], "--port must be a number"),
    ],
)
def test_wrong_input_is_one_sentence_on_stderr_and_exit_code_2(arguments, says, capsys):
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    shown = capsys.readouterr()
    assert code == 2
    assert says in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""


def test_set_gives_what_the_place_takes_besides(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["--steps", "1", "--set", "output_format=gif", "--extra-input", '{"frames": 3}']
    assert main(["run", "sea", "--seed", "7", *arguments, "-o", "sea.gif"]) == 0
    assert (tmp_path / "sea.gif").read_bytes() == Journal().jobs()[0].animations()[0].data
    assert Journal().jobs()[0].body.input["output_format"] == "gif"
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("sea.gif\n", "The model ignores frames.\n")


class FailingEngine(Engine):
    def run(self, request, *, seed, log, canceled, preview):
        raise ValueError("no more boats")


def test_a_job_that_fails_is_one_sentence_and_exit_code_1(monkeypatch):
    with LocalServer(FailingEngine()) as server:
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", server.token)
        done = command("run", "x", "--relay", server.base_url)
    assert done.returncode == 1
    assert done.stderr == "The model failed: no more boats\n"


class PatientEngine(Engine):
    """An engine that draws until it is canceled."""

    name = "patient"

    def __init__(self):
        self.begun = threading.Event()

    def run(self, request, *, seed, log, canceled, preview):
        self.begun.set()
        while not canceled():
            time.sleep(0.01)
        raise Canceled


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a process")
def test_an_interrupt_cancels_the_job_and_exits_with_130(tmp_path, monkeypatch):
    engine = PatientEngine()
    with LocalServer(engine) as server:
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", server.token)
        process = subprocess.Popen(
            [sys.executable, "-m", "animatediff_widget", "run", "x", "--relay", server.base_url, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        assert engine.begun.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert json.loads(out)["status"] == "canceled"
    assert err == "Interrupted. The job was canceled.\n"
    assert Journal().jobs()[0].state == "canceled"


class StubbornEngine(PatientEngine):
    """An engine that draws on although it is canceled."""

    def __init__(self):
        super().__init__()
        self.over = threading.Event()

    def run(self, request, *, seed, log, canceled, preview):
        self.begun.set()
        self.over.wait(60)
        raise Canceled


TWICE = """
import os, signal, sys, threading
from animatediff_widget.cli import main
from animatediff_widget.jobs.runner import Runner
def cancel_and_interrupt(runner):
    cancel(runner)
    threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT)).start()
cancel, Runner.cancel = Runner.cancel, cancel_and_interrupt
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a process")
def test_after_a_second_interrupt_the_job_is_said_to_run_perhaps(monkeypatch):
    engine = StubbornEngine()
    with LocalServer(engine) as server:
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", server.token)
        command = [sys.executable, "-c", TWICE, "run", "x", "--relay", server.base_url]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert engine.begun.wait(60)
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=60)[1]
        engine.over.set()
    assert process.returncode == 130
    assert "The job may still be running there; it stays in the journal" in err


def test_help_names_every_field_with_its_default():
    shown = command("run", "--help").stdout
    for name, trait in AnimateDiffRequest().traits().items():
        if name != "prompt":
            assert f"--{name.replace('_', '-')}" in shown
        words = trait.help.split()[:3]
        assert name == "prompt" or re.search(r"\s+".join(map(re.escape, words)), shown), name
    assert "(default: 25)" in shown
    for name in ("run", "lab", "serve"):
        assert command(name, "--help").returncode == 0
    assert command("--version").stdout.strip() == __version__


def test_serve_on_a_taken_port_says_so(capsys):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def started(monkeypatch):
    """The commands that `lab` would start, in place of this process or, on Windows, beside it; none is."""
    commands = []
    monkeypatch.setattr(os, "execv", lambda program, command: commands.append(command))
    monkeypatch.setattr(subprocess, "call", lambda command: commands.append(command) or 0)
    return commands


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "JupyterLab does not start as root unless it is told to: animatediff-widget lab --allow-root\n"),
        ("zh", "以 root 身份启动 JupyterLab 需要加上选项：animatediff-widget lab --allow-root\n"),
    ],
)
def test_lab_as_root_says_in_one_sentence_what_to_do(started, monkeypatch, capsys, language, sentence):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setenv("LANGUAGE", language)
    assert main(["lab"]) == 1
    assert capsys.readouterr() == ("", sentence)
    assert started == []


@pytest.mark.parametrize(
    "arguments", [["--allow-root"], ["--", "--allow-root"], ["--", "--ServerApp.allow_root=True", "--no-browser"]]
)
def test_lab_starts_as_root_where_it_is_told_to(started, monkeypatch, arguments):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    main(["lab", *arguments])
    command = started[0]
    assert command[1:3] == ["-m", "jupyterlab"]
    assert command[4:] == [argument for argument in arguments if argument != "--"]


def test_lab_starts_for_anyone_else_without_the_flag(started, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    main(["lab"])
    command = started[0]
    assert command[1:3] == ["-m", "jupyterlab"]
    assert command[4:] == []


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package with its notebooks that lies in no checkout."""
    package = tmp_path / "site-packages" / "animatediff_widget"
    shutil.copytree(ROOT / "notebooks", package / "notebooks")
    monkeypatch.setattr("animatediff_widget.cli.lab.__file__", str(package / "cli" / "lab.py"))


@pytest.mark.parametrize(("language", "opened"), [("en", "quickstart.ipynb"), ("zh", "zh/quickstart.ipynb")])
@pytest.mark.usefixtures("installed")
def test_lab_puts_the_notebooks_into_a_folder_and_opens_the_one_in_the_readers_language(
    started, monkeypatch, tmp_path, language, opened
):
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setenv("LANGUAGE", language)
    folder = tmp_path / "animatediff-notebooks"
    (folder / "zh").mkdir(parents=True)
    (folder / opened).write_text("my own work")
    main(["lab", "--folder", str(tmp_path)])
    assert started[0][3] == str(folder / opened)
    assert (folder / opened).read_text() == "my own work"
    copied = {path.relative_to(folder) for path in folder.rglob("*.ipynb")}
    assert copied == {path.relative_to(ROOT / "notebooks") for path in (ROOT / "notebooks").rglob("*.ipynb")}


@pytest.mark.usefixtures("installed")
def test_lab_says_in_one_sentence_where_the_notebooks_cannot_be_put(started, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    (tmp_path / "animatediff-notebooks").write_text("in the way")
    assert main(["lab", "--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert started == []
