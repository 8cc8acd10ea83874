"""Whatever is put into a public entry, what comes out is a result, or an error of ours in one sound sentence."""

from __future__ import annotations

import faulthandler
import ipaddress
import os
import random
import re
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from nasty import nasty

from animatediff_widget import (
    AnimateDiffError,
    AnimateDiffPanel,
    AnimateDiffRequest,
    Animation,
    Client,
    ContactSheet,
    Endpoint,
    Job,
    Journal,
    Prediction,
    Sweep,
    animate,
)
from animatediff_widget.credentials import forget_key, remember_key, save_key
from animatediff_widget.engines import Engine, Output
from animatediff_widget.errors import InvalidArgument
from animatediff_widget.server import LocalServer
from animatediff_widget.teaching import (
    Clips,
    Plane,
    add_noise,
    amounts_over_steps,
    beside,
    film_strip,
    noise_levels,
    timesteps,
    weights_over_steps,
)

HANGS_AFTER = 300  # seconds without an end: Python then writes where every thread stands, and stops
FIELDS = [name for name in AnimateDiffRequest().trait_names() if name != "prompt"]

SLOW = [pytest.mark.slow, pytest.mark.timeout(1800)]
ANSWER = ["id", "status", "output", "error", "logs", "input", "created_at"]

Entry = Callable[[Any, Callable[[], Any]], Any]


def _set(thing: Any, name: str, value: Any) -> None:
    setattr(thing, name, value)


def _panel(world: Any, *arguments: Any, **more: Any) -> None:
    AnimateDiffPanel(*arguments, **{"journal": world.journal, "background": True, **more}).close()


def _path(bad: Callable[[], Any]) -> Any:
    """Give a value where a file is written: text that leads out of the test's folder stays in it."""
    value = bad()
    return f".{value}" if isinstance(value, str) and os.path.isabs(value) else value


def _body(world: Any, bad: Callable[[], Any]) -> Any:
    return world.draw.choice([bad(), {"input": bad()}, {"version": bad()}, {"input": {_field(world): bad()}}])


def _field(world: Any) -> str:
    return world.draw.choice(FIELDS)


def _axis(world: Any) -> str:
    """Give text that is nearly an axis."""
    parts = ["1", "25", "7.5", "-", "..", ",", ", ", "||", "(+3)", "(-1)", "[4]", "SKIP:", " ", "a", "9" * 20, "\ud800"]
    return "".join(world.draw.choices(parts, k=world.draw.randint(1, 12)))


# Every public name's ways in, by how often they are tried; `bad` gives another value at every call.
ENTRIES: dict[str, tuple[float, Entry]] = {
    "AnimateDiffError": (10, lambda w, bad: str(AnimateDiffError(bad()))),
    "AnimateDiffRequest": (40, lambda w, bad: AnimateDiffRequest(**{_field(w): bad(), _field(w): bad()})),
    "AnimateDiffRequest.steps =": (40, lambda w, bad: _set(w.request, _field(w), bad())),
    "AnimateDiffRequest.copy": (20, lambda w, bad: w.request.copy(**{_field(w): bad()})),
    "AnimateDiffRequest.from_body": (
        40,
        lambda w, bad: AnimateDiffRequest.from_body(_body(w, bad)).to_json(),
    ),
    "AnimateDiffRequest.extra_input": (20, lambda w, bad: w.request.copy(extra_input={"a": bad()}).to_json()),
    "Animation": (20, lambda w, bad: Animation(bad(), w.request)),
    "Animation, request": (10, lambda w, bad: Animation(w.file, bad())),
    "Animation, prediction": (10, lambda w, bad: repr(Animation(w.file, w.request, bad()))),
    "Animation, path": (10, lambda w, bad: Animation(w.file, w.request, None, bad())._repr_mimebundle_()),
    "Animation.frames": (20, lambda w, bad: Animation(w.bytes(), w.request).frames()),
    "Animation.to_html": (20, lambda w, bad: Animation(w.bytes(), w.request).to_html()),
    "Animation.save": (40, lambda w, bad: w.animation.save(_path(bad))),
    "Animation._repr_mimebundle_": (5, lambda w, bad: w.animation._repr_mimebundle_(bad(), bad())),
    "Client": (10, lambda w, bad: Client(bad())),
    "Client, token": (10, lambda w, bad: Client(w.endpoint, bad())),
    "Client, timeouts": (
        10,
        lambda w, bad: Client(
            w.endpoint,
            w.server.token,
            **{w.draw.choice(["connect_timeout", "read_timeout", "answer_timeout", "download_timeout"]): bad()},
        ),
    ),
    "Client.create": (10, lambda w, bad: w.client.create(bad())),
    "Client.get": (10, lambda w, bad: w.client.get(bad())),
    "Client.get, previous": (5, lambda w, bad: w.client.get(w.entry.prediction_id, bad())),
    "Client.cancel": (10, lambda w, bad: w.client.cancel(bad())),
    "Client.list": (5, lambda w, bad: w.client.list(bad())),
    "Client.download": (10, lambda w, bad: w.client.download(bad(), "download.webp")),
    "Client.download, to": (10, lambda w, bad: w.client.download(w.output, _path(bad))),
    "Client.snippet": (20, lambda w, bad: w.client.snippet(bad(), "curl")),
    "Client.snippet, language": (20, lambda w, bad: w.client.snippet(w.request, bad())),
    "Endpoint": (10, lambda w, bad: Client(Endpoint(bad(), bad(), bad()))),
    "Endpoint.relay": (40, lambda w, bad: Endpoint.relay(bad()).label),
    "Endpoint.gpu": (40, lambda w, bad: Endpoint.gpu(bad(), bad()).label),
    "Endpoint.gpu, restored": (20, lambda w, bad: Endpoint.restore(bad(), "gpu").label),
    "Endpoint.cog": (40, lambda w, bad: Endpoint.cog(bad()).label),
    "Endpoint.restore": (40, lambda w, bad: Endpoint.restore(bad(), bad()).base_url),
    "Job": (10, lambda w, bad: Job(bad(), w.client, journal=w.journal)),
    "Job, client": (10, lambda w, bad: Job(w.request, bad(), journal=w.journal)),
    "Job, journal": (10, lambda w, bad: Job(w.request, w.client, journal=bad())),
    "Job, timeout": (10, lambda w, bad: Job(w.request, w.client, journal=w.journal, timeout=bad())),
    "Job.resume": (10, lambda w, bad: Job.resume(bad(), w.client, journal=w.journal)),
    "Job.resume, adopt": (10, lambda w, bad: Job.resume(w.entry, w.client, journal=w.journal, adopt=bad())),
    "Job.attach": (3, lambda w, bad: Job.attach(bad(), bad(), journal=w.journal)),
    "Job.attach, id": (10, lambda w, bad: Job.attach(w.endpoint, bad(), token=w.server.token, journal=w.journal)),
    "Job.run": (10, lambda w, bad: w.job.run(bad())),
    "Job.result": (20, lambda w, bad: w.job.result(bad())),
    "Journal": (5, lambda w, bad: Journal(_path(bad))),
    "Journal.begin": (3, lambda w, bad: w.journal.begin(bad(), w.endpoint)),
    "Journal.begin, endpoint": (3, lambda w, bad: w.journal.begin(w.request, bad())),
    "Journal.begin, key": (3, lambda w, bad: w.journal.begin(w.request, w.endpoint, key=bad())),
    "Journal.record": (
        5,
        lambda w, bad: w.journal.record(
            w.entry.key,
            "running",
            **{w.draw.choice(["prediction", "error", "output", "size", "sha256", "seconds"]): bad()},
        ),
    ),
    "Journal.record, state": (5, lambda w, bad: w.journal.record(bad(), bad())),
    "Journal.adopt": (5, lambda w, bad: w.journal.adopt(bad(), bad())),
    "Journal.see": (5, lambda w, bad: w.journal.see(bad())),
    "Journal.claim": (10, lambda w, bad: w.journal.claim(bad())),
    "Journal.claimed": (10, lambda w, bad: w.journal.claimed(bad())),
    "Journal.jobs": (10, lambda w, bad: w.journal.jobs(bad())),
    "Journal.jobs, before": (10, lambda w, bad: w.journal.jobs(5, bad())),
    "Journal.unfinished": (10, lambda w, bad: w.journal.unfinished(bad())),
    "Journal.to_pick_up": (10, lambda w, bad: w.journal.to_pick_up(bad())),
    "Journal.get": (10, lambda w, bad: w.journal.get(bad(), bad())),
    "Journal.find": (10, lambda w, bad: w.journal.find(bad(), bad())),
    "Journal.typical_seconds": (10, lambda w, bad: w.journal.typical_seconds(bad(), bad())),
    "Journal.salvage": (5, lambda w, bad: w.journal.salvage(_path(bad))),
    "Journal.begin_sweep": (3, lambda w, bad: w.journal.begin_sweep(bad())),
    "Journal.sweep": (5, lambda w, bad: w.journal.sweep(bad())),
    "Journal.find_sweeps": (5, lambda w, bad: w.journal.find_sweeps(bad(), bad())),
    "Journal.sweeps": (5, lambda w, bad: w.journal.sweeps(bad())),
    "Journal.cells": (5, lambda w, bad: w.journal.cells(bad())),
    "Sweep": (10, lambda w, bad: Sweep(bad(), w.client, journal=w.journal, steps=[1, 2])),
    "Sweep, axes": (
        40,
        lambda w, bad: Sweep(
            w.request, w.client, journal=w.journal, **{_field(w): w.draw.choice([bad(), [bad(), bad()]])}
        ).cells[0].body.text,
    ),
    "Sweep, text": (20, lambda w, bad: Sweep(w.request, w.client, journal=w.journal, **{_field(w): _axis(w)})),
    "Sweep, client": (10, lambda w, bad: Sweep(w.request, bad(), journal=w.journal, steps=[1, 2])),
    "Sweep, others": (
        20,
        lambda w, bad: Sweep(
            w.request, w.client, steps=[1, 2],
            **{w.draw.choice(["at_once", "budget", "journal", "timeout", "key"]): bad()},
        ),
    ),
    "Sweep.load": (10, lambda w, bad: Sweep.load(bad(), w.client, journal=w.journal)),
    "Sweep.view": (10, lambda w, bad: w.sweep.view(bad())),
    "Sweep[]": (20, lambda w, bad: w.sweep[w.draw.choice([bad(), {"steps": bad()}])]),
    "Sweep.changes": (10, lambda w, bad: w.sweep.changes(bad())),
    "Sweep.start": (5, lambda w, bad: w.sweep.start(bad())),
    "Sweep.wait": (10, lambda w, bad: w.sweep.wait(bad())),
    "Sweep.to_html": (1, lambda w, bad: w.sweep.to_html(_path(bad))),
    "Sweep.save": (2, lambda w, bad: w.sweep.save(_path(bad))),
    "ContactSheet": (2, lambda w, bad: ContactSheet(bad()).close()),
    "ContactSheet, lang": (0.5, lambda w, bad: ContactSheet(w.sweep, lang=bad()).close()),
    "ContactSheet.open_cell": (2, lambda w, bad: w.sheet.open_cell(bad())),
    "Sweep.budget =": (20, lambda w, bad: _set(w.sweep, "budget", bad())),
    "teaching.timesteps": (5, lambda w, bad: timesteps(bad())),
    "teaching.add_noise": (10, lambda w, bad: add_noise(bad(), bad(), 5)),
    "teaching.add_noise, t": (5, lambda w, bad: add_noise(1, 2, bad())),
    "teaching.noise_levels": (5, lambda w, bad: noise_levels(w.draw.choice([bad(), [bad()]]))),
    "teaching.film_strip": (10, lambda w, bad: film_strip(w.draw.choice([bad(), {"a": bad()}, {"a": [bad()]}]))),
    "teaching.film_strip, columns": (
        5,
        lambda w, bad: film_strip({"a": [[[[0, 0, 0]]]]}, w.draw.choice([bad(), [bad()]])).svg.encode(),
    ),
    "teaching.film_strip, frame": (5, lambda w, bad: film_strip({"a": [[[[[0, 0, 0]]]]]}, frame=bad())),
    "teaching.weights_over_steps": (5, lambda w, bad: weights_over_steps(w.draw.choice([bad(), [bad()]]))),
    "teaching.amounts_over_steps": (5, lambda w, bad: amounts_over_steps(w.draw.choice([bad(), [bad()]]))),
    "teaching.beside": (5, lambda w, bad: beside(bad())),
    "teaching.Clips": (0.2, lambda w, bad: Clips(bad(), bad())),
    "teaching.Plane": (10, lambda w, bad: Plane(bad())),
    "teaching.Plane, spreads": (10, lambda w, bad: Plane(**{w.draw.choice(["spreads", "general_spreads"]): bad()})),
    "teaching.Plane.denoise": (10, lambda w, bad: Plane().denoise(bad(), 5)),
    "teaching.Plane.denoise, t": (5, lambda w, bad: Plane().denoise([0, 0], bad(), prompt=bad())),
    "teaching.Plane.step": (10, lambda w, bad: Plane().step([0, 0], bad(), bad())),
    "teaching.Plane.trajectory": (5, lambda w, bad: Plane().trajectory([0, 0], steps=2, guidance_scale=bad())),
    "teaching.Plane.sample": (5, lambda w, bad: Plane().sample(bad(), bad())),
    "teaching.Plane.picture": (
        10,
        lambda w, bad: (
            Plane()
            .picture(
                **{w.draw.choice(["t", "points", "paths", "arrows", "field", "general", "title"]): bad()},
            )
            .svg.encode()
        ),
    ),
    "LocalServer": (
        20,
        lambda w, bad: LocalServer(
            **{
                w.draw.choice(
                    ["engine", "port", "token", "queue_size", "output_lifetime", "keep", "host", "tls", "public_url"]
                ): bad()
            }
        ),
    ),
    "LocalServer.start": (0.2, lambda w, bad: LocalServer(port=bad()).start().close()),
    "Prediction.from_json": (40, lambda w, bad: repr(Prediction.from_json(bad()))),
    "Prediction.from_json, previous": (20, lambda w, bad: repr(Prediction.from_json({"logs": "a"}, bad()))),
    "Prediction.from_json, key": (
        40,
        lambda w, bad: w.sound(Prediction.from_json({w.draw.choice(ANSWER): bad()})),
    ),
    "animate": (2, lambda w, bad: animate(bad(), endpoint=w.endpoint, token=w.server.token, **{_field(w): bad()})),
    "animate, endpoint": (1, lambda w, bad: animate("a boat", endpoint=bad(), token=w.server.token, steps=bad())),
    "animate, token": (1, lambda w, bad: animate("a boat", endpoint=w.endpoint, token=bad(), steps=bad())),
    "AnimateDiffPanel": (0.2, lambda w, bad: _panel(w, bad())),
    "AnimateDiffPanel, endpoint": (0.2, lambda w, bad: _panel(w, None, bad())),
    "AnimateDiffPanel, token": (0.2, lambda w, bad: _panel(w, None, w.endpoint, bad())),
    "AnimateDiffPanel, lang": (0.5, lambda w, bad: _panel(w, lang=bad())),
    "AnimateDiffPanel, journal": (0.2, lambda w, bad: _panel(w, journal=bad())),
    "AnimateDiffPanel.resume": (2, lambda w, bad: w.panel.resume(bad())),
    "AnimateDiffPanel.request =": (2, lambda w, bad: _set(w.panel, w.draw.choice(["request", "endpoint"]), bad())),
    "AnimateDiffPanel.request.steps =": (2, lambda w, bad: _set(w.panel.request, _field(w), bad())),
    "remember_key": (10, lambda w, bad: remember_key(bad(), bad())),
    "remember_key, key": (10, lambda w, bad: remember_key(w.endpoint, bad())),
    "save_key": (5, lambda w, bad: save_key(w.endpoint, bad())),
    "forget_key": (5, lambda w, bad: forget_key(bad())),
}  # fmt: skip


class WebpEngine(Engine):
    """Draws at once, whatever is asked for."""

    def run(self, request: AnimateDiffRequest, **others: Any) -> Output:
        return Output(b"RIFF0000WEBPVP8X", "webp", "image/webp")


@pytest.fixture
def world(tmp_path, monkeypatch) -> Iterator[SimpleNamespace]:
    """A server, a finished job and a panel, in a folder of their own, without any network."""
    home = tmp_path / "a" / "b" / "c" / "d" / "e" / "f"
    home.mkdir(parents=True)
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    _stay_here(monkeypatch)
    monkeypatch.setitem(sys.modules, "keyring", None)  # nothing is put into this machine's
    with LocalServer(WebpEngine()) as server:
        endpoint = Endpoint.relay(server.base_url)
        client, journal = Client(endpoint, server.token), Journal()
        job = Job(AnimateDiffRequest(), client, journal=journal)
        animation = job.run()
        draw = random.Random()
        world = SimpleNamespace(
            draw=draw,
            server=server,
            endpoint=endpoint,
            client=client,
            journal=journal,
            job=job,
            file=animation.data,
            animation=Animation(b"GIF89a" + bytes(20), AnimateDiffRequest()),
            request=AnimateDiffRequest(),
            entry=journal.get(job.key),
            sweep=Sweep(AnimateDiffRequest(), client, journal=journal, steps=[1, 2]).run(),
            output=job.prediction.outputs[0],
            panel=AnimateDiffPanel(endpoint=endpoint, token=server.token, journal=journal, background=True),
            bytes=lambda: draw.choice([b"GIF89a", b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBPVP8X"]) + draw.randbytes(60),
            sound=_sound,
        )
        world.sheet = ContactSheet(world.sweep, background=False)
        yield world
        world.sheet.close()
        world.panel.close()


def _stay_here(monkeypatch) -> None:
    """Let no name be looked up and no other machine be reached."""
    connect = socket.socket.connect

    def here(self: socket.socket, address: Any) -> None:
        if not ipaddress.ip_address(address[0]).is_loopback:
            raise OSError("not from a test")
        connect(self, address)

    def look_up(host: Any, port: Any, *more: Any, **others: Any) -> Any:
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise socket.gaierror("not from a test")
        return found(host, port, *more, **others)

    found = socket.getaddrinfo
    monkeypatch.setattr(socket.socket, "connect", here)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def _sound(prediction: Prediction) -> None:
    for text in (prediction.id or "", prediction.status, prediction.error or "", prediction.logs, *prediction.outputs):
        _printable(text)
    assert len(repr(prediction)) < 10**5


def _printable(text: str) -> None:
    assert text.encode() is not None
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text), ascii(text[:300])


def attempt(world: Any, name: str, seed: int) -> None:
    """Call one entry once; raise what it must not do."""
    world.draw.seed(seed)
    problem: AnimateDiffError | None = None
    try:
        ENTRIES[name][1](world, lambda: nasty(world.draw))
    except AnimateDiffError as error:
        problem = error
    if problem is not None:
        _printable(str(problem))
        assert str(problem).strip()
        assert len(str(problem)) < 3000
        assert problem.code, f"{problem} has no code"
        if isinstance(problem, InvalidArgument) and "problem" in problem.params:
            assert problem.params["problem"].params["name"].isidentifier()


@pytest.mark.parametrize("count", [600, pytest.param(200_000, marks=SLOW)])
def test_bad_input_at_any_public_entry_is_refused_in_a_sentence(world, count):
    names = list(ENTRIES)
    start = random.Random(count)
    faults: dict[tuple[str, str], list[str]] = {}
    plan = names + start.choices(names, [ENTRIES[name][0] for name in names], k=count - len(names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed, name in enumerate(plan):
            if seed % 100 == 0:
                faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
            try:
                attempt(world, name, seed)
            except Exception as error:  # what is no error of ours, or one of ours without a sound sentence
                kind = (name, type(error).__name__)
                faults.setdefault(kind, []).append(f"seed {seed}: {ascii(_say(error))[:200]}")
    faulthandler.cancel_dump_traceback_later()
    report = "\n".join(f"{name}: {kind}, {len(all_)} times, as {all_[0]}" for (name, kind), all_ in faults.items())
    assert not faults, f"{len(faults)} kinds of faults\n{report}"


def _say(error: Exception) -> str:
    try:
        return str(error)
    except Exception as other:
        return f"str() raised {type(other).__name__}"
