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

from animatediff_widget import AnimateDiffRequest, Endpoint
from animatediff_widget.server import shared_server

PROMPT = 'it\'s a "boat" $HOME `x` \\ 船, 100%\nsea'


def request() -> AnimateDiffRequest:
    return AnimateDiffRequest(prompt=PROMPT, steps=2, seed=5)


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **more}


def test_the_curl_command_makes_the_job():
    assert shutil.which("curl"), "this test needs curl"
    server = shared_server()
    command = request().to_curl(Endpoint.builtin())
    assert server.token not in command
    done = subprocess.run(
        ["sh", "-c", command], env=environment(REPLICATE_API_TOKEN=server.token), capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["input"] == request().body()["input"]
    assert answer["status"] in ("starting", "processing", "succeeded")


def test_the_script_makes_the_job_waits_and_saves_the_animation(tmp_path):
    server = shared_server()
    script = request().to_python(Endpoint.builtin())
    assert server.token not in script
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(REPLICATE_API_TOKEN=server.token),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    saved = (tmp_path / done.stdout.strip()).read_bytes()
    assert saved[:4] == b"RIFF"


def test_a_key_is_only_named_and_each_endpoint_has_its_own_variable():
    relay = Endpoint.relay("https://relay.example")
    assert "Bearer $ANIMATEDIFF_API_KEY" in request().to_curl(relay)
    assert "os.environ['ANIMATEDIFF_API_KEY']" in request().to_python(relay)
    assert "https://relay.example/replicate/v1/predictions" in request().to_curl(relay)
    assert "Bearer $REPLICATE_API_TOKEN" in request().to_curl()
    assert "https://api.replicate.com/v1/predictions" in request().to_python()


@pytest.mark.parametrize("path", ["/v1/predictions", "/replicate/v1/predictions"])
def test_the_documents_example_body_ends_in_a_playing_animation(path):
    from test_request import EXAMPLE

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
