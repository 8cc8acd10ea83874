"""A place that cannot be used here: named so, its sentence shown where it is chosen, and no Run."""

from __future__ import annotations

import pytest
from torch_stand_ins import put_packages, show_gpu

from animatediff_widget import AnimateDiffPanel, Endpoint


@pytest.fixture
def packages(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "packages")
    show_gpu(monkeypatch, tmp_path)
    return tmp_path / "packages"


def test_where_it_cannot_be_used_choosing_it_says_why_and_run_waits_for_another_choice(packages):
    put_packages(packages, missing=("torch",))
    panel = AnimateDiffPanel(lang="en")
    picker = panel._picker
    assert ("This computer's GPU (not available here)", "gpu") in picker.kind.options
    assert not panel.run_button.disabled
    picker.kind.value = "gpu"
    assert "pip install &quot;animatediff-widget[gpu]&quot;" in picker.note.value
    assert panel.run_button.disabled
    assert "see Run on, below" in panel._monitor.status.value
    assert panel.run() is None
    assert "The GPU needs torch" in panel._monitor.status.value
    picker.kind.value = "builtin"
    assert picker.note.value == ""
    assert "Ready" in panel._monitor.status.value
    assert not panel.run_button.disabled


def test_what_was_installed_meanwhile_is_found_when_it_is_chosen_again(packages, tmp_path, monkeypatch):
    put_packages(packages, missing=("torch",))
    panel = AnimateDiffPanel(endpoint=Endpoint.gpu())
    assert panel.run_button.disabled
    put_packages(tmp_path / "more", missing=("diffusers", "transformers", "accelerate", "peft", "safetensors"))
    monkeypatch.syspath_prepend(tmp_path / "more")
    panel._picker.kind.value = "builtin"
    panel._picker.kind.value = "gpu"
    assert not panel.run_button.disabled
    assert panel._picker.note.value == ""


def test_the_cpu_by_name_needs_no_gpu(packages, monkeypatch, tmp_path):
    put_packages(packages)
    (tmp_path / "nvidia0").unlink()
    panel = AnimateDiffPanel(endpoint=Endpoint.gpu("cpu"))
    assert not panel.run_button.disabled
    assert panel._picker.note.value == ""
    assert "(not available here)" in str(panel._picker.kind.options)


def test_a_url_that_was_typed_for_a_relay_does_not_stay_with_the_gpu(packages):
    put_packages(packages)
    panel = AnimateDiffPanel(endpoint=Endpoint.relay("https://relay.example"))
    panel._picker.kind.value = "gpu"
    assert panel.endpoint == Endpoint.gpu()
    panel._picker.kind.value = "relay"
    assert panel.endpoint == Endpoint.relay("https://relay.example")
