"""Keys from Colab's secrets, each in a process of its own: they are asked for once a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def in_colab(secrets: str, code: str) -> list[str]:
    """Run a program with a stand-in for `google.colab`, and give the lines that it prints."""
    program = f"import fake_colab\nfake_colab.install({secrets})\n{code}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


PANEL = """
from animatediff_widget import AnimateDiffPanel, Client, Endpoint
panel = AnimateDiffPanel({arguments})
print(panel._picker.kind.value)
if panel._picker.kind.value != "builtin": panel.run()
print(panel._monitor.status.value)
print(fake_colab.asked)
"""


def test_a_secret_puts_the_panel_on_replicate_and_is_asked_for_once():
    kind, asked = in_colab(
        'REPLICATE_API_TOKEN="r8_secret"',
        "from animatediff_widget import AnimateDiffPanel, Client, Endpoint\n"
        "panels = [AnimateDiffPanel(), AnimateDiffPanel()]\n"
        "print(panels[1].endpoint.kind)\n"
        "from animatediff_widget.keys.credentials import find_key\n"
        "assert find_key(panels[1].endpoint).header() == 'Bearer r8_secret'\n"
        "Client(Endpoint.replicate())\n"
        "print(fake_colab.asked)",
    )
    assert kind == "replicate"
    assert asked == "['REPLICATE_API_TOKEN']"


def test_no_secret_is_nothing_to_talk_about():
    kind, status, asked = in_colab("", PANEL.format(arguments=""))
    assert kind == "builtin"
    assert "Ready" in status
    assert asked == "['REPLICATE_API_TOKEN']"
    _, status, _ = in_colab("", PANEL.format(arguments="endpoint=Endpoint.replicate()"))
    assert "Replicate needs a key" in status


@pytest.mark.parametrize(
    ("error", "sentence"), [("NotebookAccessError", "may not read it"), ("TimeoutException", "did not answer")]
)
@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("Endpoint.replicate()", "REPLICATE_API_TOKEN"),
        ("Endpoint.relay('https://relay.example')", "ANIMATEDIFF_API_KEY"),
    ],
)
def test_a_refused_secret_is_said_on_run_and_nothing_is_sent(endpoint, name, error, sentence):
    secrets = f"{name}=fake_colab.{error}"
    _, status, asked = in_colab(secrets, PANEL.format(arguments=f"endpoint={endpoint}"))
    assert sentence in status
    assert name in status
    assert asked == f"['{name}']"


def test_a_refused_secret_does_not_keep_the_panel_from_starting_without_a_key():
    kind, status, _ = in_colab("REPLICATE_API_TOKEN=fake_colab.NotebookAccessError", PANEL.format(arguments=""))
    assert kind == "builtin"
    assert "Ready" in status


def test_a_pasted_key_serves_as_well_as_the_refused_secret():
    (key,) = in_colab(
        "REPLICATE_API_TOKEN=fake_colab.NotebookAccessError",
        "from animatediff_widget import AnimateDiffPanel, Endpoint\n"
        "panel = AnimateDiffPanel(endpoint=Endpoint.replicate())\n"
        "panel._picker.key.value = 'r8_pasted'\n"
        "from animatediff_widget.keys.credentials import find_key\n"
        "print(find_key(panel.endpoint).header())",
    )
    assert key == "Bearer r8_pasted"
