"""What the command line prints: nothing that a terminal obeys, whatever takes it; the file first, then the words."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

import pytest
from misbehaving import Misbehaving, says, status

from animatediff_widget import AnimateDiffRequest, Endpoint, Journal
from animatediff_widget.cli import main
from animatediff_widget.model.prediction import Prediction

posix = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX system")
HOSTILE = "\x1b]0;title\x07\x1b[2J\x1b[31mred\x9b5m\x7f\u202e"


@pytest.fixture(autouse=True)
def _buffered(monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


def command(*arguments, **options):
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        [sys.executable, "-m", "animatediff_widget", *arguments],
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
        **options,
    )


def harmless(text: str) -> bool:
    return all(character.isprintable() or character in "\n\t" for character in text)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", "the-relays-own-key")
    with Misbehaving() as server:
        yield server


def answer(job_id: str, state: str) -> dict:
    return {"id": job_id, "status": state, "error": HOSTILE, "logs": HOSTILE, "input": {"prompt": HOSTILE}}


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_servers_control_characters_never_reach_the_terminal_from_run(server, capsys, flags):
    server.always["get"] = lambda call: call.json(200, answer("job001", f"failed{HOSTILE}"))
    server.scripts["get"] = [lambda call: call.json(200, answer("job001", HOSTILE))]
    server.always["get"] = lambda call: call.json(200, answer("job001", "failed"))
    assert main(["run", "x", "--relay", server.url, *flags]) == 1
    out, err = capsys.readouterr()
    assert "title" in err
    assert harmless(out + err)
    if flags:
        assert json.loads(out)["logs"] == HOSTILE, "the same JSON, escaped"


@pytest.mark.parametrize(
    "fault", [status(401, {"detail": HOSTILE}), says(HOSTILE.encode()), status(422, {"title": HOSTILE})]
)
def test_nor_in_the_words_with_which_it_refuses(server, capsys, fault):
    server.always["create"] = server.always["get"] = fault
    main(["run", "x", "--relay", server.url])
    main(["attach", "abc", "--relay", server.url])
    assert harmless("".join(capsys.readouterr()))


def test_nor_from_resume_and_jobs(server, capsys):
    journal = Journal()
    for number in range(2):
        key = journal.begin(AnimateDiffRequest(prompt=f"a {HOSTILE}", seed=number), server.endpoint)
        journal.record(key, "running", prediction=Prediction.from_json({"id": f"a{number}"}), error=HOSTILE)
    server.always["get"] = lambda call: call.json(200, answer("a0", "failed"))
    assert main(["resume"]) == 1
    assert main(["jobs"]) == 0
    out, err = capsys.readouterr()
    assert harmless(out + err)
    assert "title" in err
    assert "title" in out
    assert main(["jobs", "--json"]) == 0
    out = capsys.readouterr().out
    assert harmless(out)
    assert json.loads(out)[0]["prompt"] == f"a {HOSTILE}"


@posix
def test_on_a_terminal_there_is_nothing_but_our_own_line(server, tmp_path):
    import pty

    server.scripts["get"] = [lambda call: call.json(200, answer("job001", HOSTILE))]
    server.always["get"] = lambda call: call.json(200, answer("job001", "failed"))
    ours, theirs = pty.openpty()
    try:
        done = subprocess.Popen(
            [sys.executable, "-m", "animatediff_widget", "run", "x", "--relay", server.url],
            stdout=theirs,
            stderr=theirs,
            cwd=tmp_path,
        )
        os.close(theirs)
        told = b""
        with contextlib.suppress(OSError):  # the terminal is gone with the process
            while piece := os.read(ours, 4096):
                told += piece
        assert done.wait(60) == 1
    finally:
        os.close(ours)
    text = told.decode()
    assert "title" in text
    assert harmless(text.replace("\r\x1b[K", "").replace("\r\n", "\n"))


@posix
@pytest.mark.parametrize("arguments", [["jobs"], ["jobs", "--json"], ["--help"], ["serve"]])
def test_a_pipe_that_nobody_reads_ends_quietly_with_141(arguments):
    Journal().begin(AnimateDiffRequest(seed=1), Endpoint.builtin())
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = command(*arguments, stdout=writes)
    finally:
        os.close(writes)
    assert (done.returncode, done.stderr) == (141, b"")


@posix
@pytest.mark.parametrize("arguments", [["jobs"], ["jobs", "--json"], ["--help"], ["serve"]])
def test_a_full_disk_is_one_sentence(arguments):
    Journal().begin(AnimateDiffRequest(seed=1), Endpoint.builtin())
    with open("/dev/full", "w") as full:
        done = command(*arguments, stdout=full)
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert b"No space left" in done.stderr


@posix
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_the_file_is_there_though_the_words_cannot_be_written(tmp_path, flags):
    with open("/dev/full", "w") as full:
        done = command("run", "a boat", "--steps", "1", "-o", "boat.gif", *flags, stdout=full, cwd=tmp_path)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert (tmp_path / "boat.gif").read_bytes()[:4] == b"GIF8"


@posix
@pytest.mark.parametrize("more", [{}, {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_a_chinese_prompt_on_a_terminal_that_knows_ascii_only(tmp_path, more):
    ascii_only = {**os.environ, "LC_ALL": "C", "LANGUAGE": "zh", "PYTHONIOENCODING": "ascii", **more}
    arguments = ["run", "海上的船", "--steps", "1", "--seed", "1", "--json", "-o", "boat.gif"]
    done = command(*arguments, env=ascii_only, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["input"]["prompt"] == "海上的船"
    assert (tmp_path / "boat.gif").exists()
    listed = command("jobs", env=ascii_only)
    assert (listed.returncode, listed.stderr) == (0, b"")
    assert b"\\u6d77" in listed.stdout
    refused = command("run", "x", "--steps", "500", env=ascii_only)
    assert (refused.returncode, refused.stderr.count(b"\n")) == (2, 1)


@posix
@pytest.mark.parametrize(
    "arguments",
    [
        ["run", b"a \xff boat"],
        ["run", "x", "--n-prompt", b"\xff"],
        ["run", "x", "--relay", b"\xff"],
        ["run", "x", "--steps", b"\xff"],
        ["attach", b"\xff", "--builtin"],
        ["resume", b"\xff"],
        ["resume", "abc", "--id", b"\xff"],
        ["serve", "--port", b"\xff"],
        [b"\xff"],
        ["jobs", b"\xff"],
    ],
)
def test_an_argument_that_is_no_text_is_one_sentence(arguments):
    done = command(*arguments)
    assert done.returncode == 2
    assert (done.stdout, done.stderr.count(b"\n")) == (b"", 1)


@posix
def test_a_file_whose_name_is_no_text_is_written_all_the_same(tmp_path):
    done = command("run", "x", "--steps", "1", "-o", b"\xff.gif", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\xff.gif" in os.listdir(os.fsencode(tmp_path))


@posix
@pytest.mark.parametrize("home", ["/dev/null/home", "~nobody-has-this-name/home"])
@pytest.mark.parametrize("arguments", [["jobs"], ["resume"], ["run", "x", "--steps", "1"], ["attach", "x"]])
def test_a_home_that_cannot_be_is_one_sentence(arguments, home, tmp_path):
    done = command(*arguments, env={**os.environ, "ANIMATEDIFF_WIDGET_HOME": home}, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"ANIMATEDIFF_WIDGET_HOME" in done.stderr
    assert os.listdir(tmp_path) == []


@posix
@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-"])
def test_a_job_runs_without_a_place_for_its_words(tmp_path, closed):
    run = f'"$0" -m animatediff_widget run x --steps 1 --json -o boat.gif {closed}'
    done = subprocess.run(
        ["sh", "-c", run, sys.executable], stdout=subprocess.PIPE, cwd=tmp_path, timeout=120, check=False
    )
    assert done.returncode == 0
    assert (tmp_path / "boat.gif").exists()
    assert "boat.gif" not in done.stdout.decode(), "it is for stderr"


def test_a_working_folder_that_is_gone_is_one_sentence(tmp_path):
    code = (
        "import os, sys; os.mkdir('x'); os.chdir('x'); os.rmdir('../x');"
        "sys.path.remove('');"  # Python 3.13.0 itself falls over it
        "os.environ['ANIMATEDIFF_WIDGET_HOME'] = 'home';"
        "from animatediff_widget.cli import main; sys.exit(main(['jobs']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False, cwd=tmp_path)
    if os.name == "posix":
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1), done.stderr
