"""A model that returns several files."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from faults import a_client
from misbehaving import CLIP, Misbehaving, status, well

from animatediff_widget import AnimateDiffRequest, Job, Journal, animate
from animatediff_widget.backends.hosted import HostedBackend
from animatediff_widget.cli.main import main
from animatediff_widget.errors import OutputError


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as server:
        server.output = [f"{server.url}/files/{name}" for name in ("one", "two", "three")]
        server._file = lambda call: call.answer(200, CLIP + call.path[-3:].encode(), content_type="image/webp")
        yield server


def a_job(server: Misbehaving) -> Job:
    return Job(AnimateDiffRequest(prompt="a boat", steps=3), a_client(server))


def endings(animations) -> list[bytes]:
    return [animation.data[len(CLIP) :] for animation in animations]


def test_all_are_fetched_journaled_and_given_in_order(server, waits):
    job = a_job(server)
    assert job.run() is job.animation is job.animations[0]
    assert endings(job.animations) == [b"one", b"two", b"ree"]
    assert [each.path.name for each in job.animations] == [f"{job.key}{end}.webp" for end in ("", "-2", "-3")]
    [entry] = Journal().jobs()
    assert endings(entry.animations()) == endings(job.animations)
    assert endings(Job.resume(entry, a_client(server)).animations) == endings(job.animations)


@pytest.mark.parametrize("killed_before", range(6))
def test_a_kill_between_any_two_files_loses_none(server, waits, monkeypatch, killed_before):
    class Killed(BaseException):
        pass

    left, replace, record = [killed_before], os.replace, Journal.record

    def step() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    def replacing(source, target):
        if str(target).endswith(".webp"):
            step()
        replace(source, target)

    def recording(self, key, state, **known):
        if state == "succeeded" or left[0] < 0:
            step()
        return record(self, key, state, **known)

    job = a_job(server)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replacing)
        patch.setattr(Journal, "record", recording)
        job.start()._runner.thread.join(30)
    [entry] = Journal().jobs()
    assert entry.animations() == () or entry.state == "succeeded"
    again = Job.resume(entry, a_client(server))
    again.run()
    assert endings(again.animations) == [b"one", b"two", b"ree"]
    assert server.creates == 1
    assert len(list(Journal().animations.iterdir())) == 3


def test_what_an_attempt_before_has_fetched_is_not_fetched_again(server, waits, monkeypatch):
    server.scripts["file"] = [well, well, *[status(503)] * 40]
    job = a_job(server)
    with pytest.raises(OutputError):
        job.run()
    assert job.state == "left"
    server.scripts["file"].clear()
    fetched, fetch = [], HostedBackend.fetch
    monkeypatch.setattr(HostedBackend, "fetch", lambda self, url, to: fetched.append(url) or fetch(self, url, to))
    assert len(Job.resume(Journal().get(job.key), a_client(server)).run().data) == len(CLIP) + 3
    assert [url[-3:] for url in fetched] == ["one"]


def test_one_call_gives_the_first_and_says_where_the_others_are(server, monkeypatch, capsys):
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", "a-key-of-the-relay")
    assert endings([animate("a boat", endpoint=server.endpoint)]) == [b"one"]
    [job] = Journal().jobs()
    said = capsys.readouterr().err
    assert f"{job.key}-2.webp" in said
    assert f"{job.key}-3.webp" in said


def test_the_command_line_saves_the_first_and_says_where_the_others_are(server, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", "a-key-of-the-relay")
    assert main(["run", "a boat", "--relay", server.url, "-o", str(tmp_path / "boat.webp")]) == 0
    assert endings([type("File", (), {"data": (tmp_path / "boat.webp").read_bytes()})]) == [b"one"]
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(tmp_path / "boat.webp")]
    assert "-2.webp" in said.err
