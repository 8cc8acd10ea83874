"""``attach``, and where a command runs."""

from __future__ import annotations

import json

import pytest
from misbehaving import Misbehaving

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Journal
from animatediff_widget.cli import main
from animatediff_widget.server import LocalServer


@pytest.fixture
def relay(monkeypatch):
    with LocalServer(token="the-relays-own-key") as server:
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", "the-relays-own-key")
        yield server.base_url


def test_a_job_that_was_started_elsewhere_is_followed_saved_and_listed(relay, capsys):
    with Client(Endpoint.relay(relay)) as client:
        created = client.create(AnimateDiffRequest(prompt="a boat", steps=2, seed=7))
    assert main(["attach", created.id, "--relay", relay]) == 0
    entry = Journal().get(created.id)
    assert capsys.readouterr().out == f"{entry.output}\n"
    assert entry.animation().seed == 7
    main(["jobs", "--json"])
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["id"], listed["state"], listed["endpoint"]) == (
        created.id,
        "succeeded",
        f"{relay}/replicate/v1/predictions",
    )


def test_a_job_whose_input_has_halves_of_characters_is_followed(monkeypatch, capsys):
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", "the-relays-own-key")
    with Misbehaving() as server:
        given = {"input": {"prompt": "half \ud83d of one"}, "version": "\ud83d", "status": "failed", "error": "no"}
        server.always["get"] = lambda call: call.json(200, {"id": "abc", **given})
        assert main(["attach", "abc", "--relay", server.url]) == 1
    assert capsys.readouterr().err == "The model failed: no\n"
    assert main(["jobs", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["id"], listed["prompt"], listed["state"]) == ("abc", "half \ud83d of one", "failed")
    assert main(["jobs"]) == 0


def test_a_job_that_nobody_knows_is_a_sentence(relay, capsys):
    assert main(["attach", "no-such-job", "--relay", relay]) == 1
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert "404" in error


@pytest.mark.parametrize("command", [["run", "a boat"], ["attach", "abc"]])
def test_an_empty_relay_as_of_an_unset_variable_is_an_error_and_nothing_is_sent(command, capsys, monkeypatch):
    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_a-key-that-must-not-be-used")
    assert main([*command, "--relay", ""]) == 2
    assert "'' is not a base url" in capsys.readouterr().err
    assert not Journal().folder.exists()
