"""The same job as curl and as Python, run for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

import pytest
import requests
from interface_document import EXAMPLE

from animatediff_widget import AnimateDiffRequest, Client, Endpoint
from animatediff_widget.server import LocalServer, shared_server

PROMPT = 'it\'s a "boat" $HOME `x` \\ 船, 100%\nsea'


def request() -> AnimateDiffRequest:
    return AnimateDiffRequest(prompt=PROMPT, steps=2, seed=5)


def snippet(language: str, endpoint: Endpoint = Endpoint.builtin(), token: str | None = None) -> str:  # noqa: B008
    return Client(endpoint, token).snippet(request(), language)


PERSON = {"PATH": os.environ["PATH"], "REPLICATE_API_TOKEN": "r8_the-persons-own-key"}
"""The environment of somebody who has a key for Replicate: no snippet for another endpoint may use it."""


def test_the_curl_command_makes_the_job_as_pasted():
    assert shutil.which("curl"), "this test needs curl"
    command = snippet("curl")
    assert "REPLICATE" not in command
    done = subprocess.run(["sh", "-c", command], env=PERSON, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["input"] == request().body()["input"]
    assert answer["status"] in ("starting", "processing", "succeeded")


def test_the_script_makes_the_job_waits_and_saves_the_animation(tmp_path):
    script = snippet("python")
    assert "environ" not in script
    done = subprocess.run(
        [sys.executable, "-c", script], env=PERSON, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    saved = (tmp_path / done.stdout.strip()).read_bytes()
    assert saved[:4] == b"RIFF"


def test_a_relays_script_sends_the_relays_own_key_and_no_other(tmp_path):
    with LocalServer(token="the-relays-key-0123456789") as server:
        script = snippet("python", Endpoint.relay(server.base_url), "the-relays-key-0123456789")
        assert "the-relays-key" not in script
        refused = subprocess.run([sys.executable, "-c", script], env=PERSON, capture_output=True, text=True, timeout=60)
        assert "KeyError: 'ANIMATEDIFF_API_KEY'" in refused.stderr
        person = {**PERSON, "ANIMATEDIFF_API_KEY": "the-relays-key-0123456789"}
        done = subprocess.run(
            [sys.executable, "-c", script], env=person, cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr


def test_a_key_is_only_named_and_each_endpoint_has_its_own_variable():
    relay = Endpoint.relay("https://relay.example")
    key = "r8_a-key-of-somebody-0123456789"
    for language in ("curl", "python"):
        assert key not in snippet(language, relay, key) + snippet(language, Endpoint.replicate(), key)
    assert "Bearer $ANIMATEDIFF_API_KEY" in snippet("curl", relay)
    assert "os.environ['ANIMATEDIFF_API_KEY']" in snippet("python", relay)
    assert "https://relay.example/replicate/v1/predictions" in snippet("curl", relay)
    assert "Bearer $REPLICATE_API_TOKEN" in snippet("curl", Endpoint.replicate())
    assert "https://api.replicate.com/v1/predictions" in snippet("python", Endpoint.replicate())


def test_a_relay_whose_key_has_a_variable_of_its_own_is_not_sent_what_stands_in_the_one_that_all_share(monkeypatch):
    monkeypatch.setenv("ANIMATEDIFF_API_KEY_RELAY_EXAMPLE", "the-relays-key-0123456789")
    assert "Bearer $ANIMATEDIFF_API_KEY_RELAY_EXAMPLE" in snippet("curl", Endpoint.relay("https://relay.example"))
    assert "_RELAY_EXAMPLE" not in snippet("curl", Endpoint.relay("https://other.example"))


@pytest.mark.parametrize("path", ["/v1/predictions", "/replicate/v1/predictions"])
def test_the_documents_example_body_ends_in_a_playing_animation(path):
    server = shared_server()
    headers = {"Authorization": f"Bearer {server.token}"}
    answer = requests.post(server.base_url + path, json=json.loads(EXAMPLE), headers=headers, timeout=60).json()
    while answer["status"] not in ("succeeded", "failed", "canceled", "aborted"):
        time.sleep(0.1)
        answer = requests.get(answer["urls"]["get"], headers=headers, timeout=60).json()
    assert answer["status"] == "succeeded", answer["error"]
    from animatediff_widget import Animation

    data = requests.get(answer["output"], timeout=60).content
    frames = Animation(data, AnimateDiffRequest()).frames()
    assert len(frames) == 16
    assert frames[0].size == (512, 512)
    assert len({frame.tobytes() for frame in frames}) > 8
