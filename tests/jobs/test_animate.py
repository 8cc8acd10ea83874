"""The whole job in one call, and its progress in a terminal and in a notebook."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time

import pytest

from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Client, Endpoint, Job, Journal, animate
from animatediff_widget.engines import Engine, Output
from animatediff_widget.errors import InvalidRequest
from animatediff_widget.server import LocalServer
from animatediff_widget.texts.plain import columns


def test_animate_does_the_whole_job_and_returns_the_animation(capfd):
    animation = animate("a boat", steps=2, seed=5)
    assert animation.seed == 5
    assert animation.path.read_bytes() == animation.data
    assert Journal().jobs()[0].state == "succeeded"
    assert capfd.readouterr() == ("", "")  # nobody watches a pipe


def test_the_same_request_gives_the_same_bytes():
    endpoint = Endpoint.builtin()
    first, again, other = (animate("a boat", steps=3, seed=seed, endpoint=endpoint).data for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_a_wrong_field_is_refused_before_anything_is_sent():
    with pytest.raises(AnimateDiffError, match="steps must be"):
        animate("a boat", steps=0)
    assert not Journal().folder.exists()


def test_what_the_engine_does_not_take_is_refused_in_one_sentence_before_anything_is_posted():
    listed = len(Client(Endpoint.builtin()).list())
    sentence = "output_format must be one of webp / gif, not 'avi'."
    request = AnimateDiffRequest(extra_input={"output_format": "avi"})
    for post in (
        lambda: animate("a boat", extra_input=request.extra_input),
        lambda: Job(request, Client(Endpoint.builtin())).run(),
        lambda: Client(Endpoint.builtin()).create(request),
    ):
        with pytest.raises(InvalidRequest) as caught:
            post()
        assert str(caught.value) == sentence
    assert len(Client(Endpoint.builtin()).list()) == listed


class FailingEngine(Engine):
    def run(self, request, *, seed, log, canceled, preview) -> Output:
        raise ValueError("no more boats")


def test_a_failed_job_raises_its_own_words(monkeypatch):
    with LocalServer(FailingEngine()) as server:
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", server.token)
        with pytest.raises(AnimateDiffError, match=r"The model failed: no more boats"):
            animate("a boat", endpoint=Endpoint.relay(server.base_url))


class SlowEngine(Engine):
    """Draws in three steps that can be seen."""

    name = "slow"

    def run(self, request, *, seed, log, canceled, preview) -> Output:
        for step in range(1, 4):
            log(f" {step * 33}%|###       | {step}/3 [00:0{step}<00:01,  2.00it/s]\r")
            time.sleep(0.6)
        return Output(b"GIF89a", "gif", "image/gif")


@pytest.fixture
def slow(monkeypatch):
    with LocalServer(SlowEngine()) as server:
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", server.token)
        yield server


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_terminal_shows_the_progress_on_one_line(tmp_path, slow, language, monkeypatch):
    monkeypatch.setenv("LANGUAGE", language)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
    command = [
        sys.executable,
        "-m",
        "animatediff_widget",
        "run",
        "boat",
        "--relay",
        slow.base_url,
        "-o",
        str(tmp_path / "a.gif"),
    ]
    process = subprocess.Popen(command, stderr=theirs, stdout=subprocess.PIPE)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    process.communicate(timeout=60)
    lines = shown.decode().replace("\x1b[K", "").split("\r")
    assert process.returncode == 0
    assert any(re.match(r"Processing · step \d|正在处理 · 第 \d", line) for line in lines)
    assert re.match("Done · |完成 · ", lines[-2])
    assert max(columns(line.rstrip("\n")) for line in lines) < 30
    assert shown.count(b"\n") == 1


def test_a_notebook_shows_the_progress_under_the_cell(slow):
    code = "\n".join(
        (
            "from animatediff_widget import Endpoint, animate",
            f"a = animate('boat', endpoint=Endpoint.relay({slow.base_url!r}))",
        )
    )
    shown = run_in_kernel(code)
    assert any(re.match(r"Processing · step \d of 3 · ", line) for line in shown), shown
    assert shown[-1].startswith("Done · ")


def run_in_kernel(code: str) -> list[str]:
    """Run code in a real kernel; gives the texts that its displays showed, one after another."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    manager.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager.start_kernel()
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        shown = []

        def heard(message):
            if message["msg_type"] in ("display_data", "update_display_data"):
                shown.append(message["content"]["data"]["text/plain"])

        reply = client.execute_interactive(code, timeout=120, output_hook=heard)
        assert reply["content"]["status"] == "ok", reply["content"]
        return shown
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
