"""Weights of the hub: what is fetched is said, can be stopped and goes on; without a network a sentence helps."""

from __future__ import annotations

import re
import shutil

import huggingface_hub.constants
import pytest
from hub import serving
from tiny import ask, draw, to_one_file

from animatediff_widget.engines import Canceled
from animatediff_widget.engines.diffusers.catalog import BASE, CHECKPOINTS, MODULES, Weights
from animatediff_widget.engines.diffusers.hub import Finder, weights_folder
from animatediff_widget.errors import AnimateDiffError

ADAPTER = MODULES["mm_sd_v15_v2"].weights
MEGABYTE = 2**20


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    return tmp_path / "hf"


@pytest.fixture
def hub(tmp_path, monkeypatch, cache):
    with serving(tmp_path / "served") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def finder(log, canceled=lambda: False, half=False):
    return Finder(half, log.append, canceled)


def test_what_a_job_needs_is_fetched_once_and_said(engine, weights, hub, cache):
    shutil.copytree(weights / "adapter", hub.root / ADAPTER.repository)
    shutil.copytree(weights / "checkpoint", hub.root / BASE.repository)
    style = CHECKPOINTS["lyriel_v16"]
    to_one_file(weights / "checkpoint", hub.root / style.repository / style.file)
    (hub.root / style.repository / "another.safetensors").write_bytes(bytes(MEGABYTE))
    request = ask(weights, path="lyriel_v16.safetensors", motion_module="mm_sd_v15_v2")
    clip, log = draw(engine, request)
    assert clip == draw(engine, ask(weights))[0]
    said = re.findall(r"Fetching (.*) of huggingface\.co/(.*): (.*B), into (.*)\n", log)
    assert [(files, repository) for files, repository, _, _ in said][::2] == [
        (style.file, style.repository),
        ("config.json, diffusion_pytorch_model.safetensors", ADAPTER.repository),
    ]
    assert {folder for _, _, _, folder in said} == {str(cache / "hub")}
    assert log.count("100%|██████████| ") == 3 + 1  # and one of the steps
    fetched = [path for path, _ in hub.asked if "/resolve/" in path]
    assert not [path for path in fetched if "another" in path or f"{BASE.repository}/resolve/main/unet/diff" in path]
    engine.close()
    again, log = draw(engine, request)
    assert again == clip
    assert "Fetching" not in log
    assert [path for path, _ in hub.asked if "/resolve/" in path] == fetched


def test_half_precision_is_fetched_where_it_will_do(weights, hub):
    folder = hub.root / ADAPTER.repository
    shutil.copytree(weights / "adapter", folder)
    shutil.copy(folder / "diffusion_pytorch_model.safetensors", folder / "diffusion_pytorch_model.fp16.safetensors")
    found = finder([], half=True).find(ADAPTER, "adapter")
    assert sorted(path.name for path in found.iterdir()) == ["config.json", "diffusion_pytorch_model.fp16.safetensors"]


@pytest.fixture
def large(hub):
    (hub.root / "somebody/large").mkdir(parents=True)
    (hub.root / "somebody/large/weights.bin").write_bytes(bytes(12 * MEGABYTE))
    hub.most = 11 * MEGABYTE
    return Weights("somebody/large", "weights.bin")


def test_a_fetch_stops_at_once_when_it_is_canceled_and_leaves_nothing_half(hub, large, cache):
    log: list[str] = []
    with pytest.raises(Canceled):
        finder(log, lambda: any("MB/12.6MB" in text for text in log)).find(large, "file")
    assert "Fetching weights.bin of huggingface.co/somebody/large: 12.6MB" in log[0]
    assert [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size > MEGABYTE] == []
    assert finder(log).find(large, "file").stat().st_size == 12 * MEGABYTE


def test_a_connection_that_breaks_costs_no_byte_twice(hub, large):
    hub.cut = True
    assert finder([]).find(large, "file").read_bytes() == bytes(12 * MEGABYTE)
    ranges = [asked for path, asked in hub.asked if "/resolve/" in path]
    assert len(ranges) == 2
    assert re.fullmatch(r"bytes=\d{8}-", ranges[1])


@pytest.mark.parametrize("offline", [False, True])
def test_without_a_network_a_sentence_says_which_files_to_put_where(weights, cache, monkeypatch, offline):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    if offline:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(AnimateDiffError) as caught:
        finder([]).find(ADAPTER, "adapter")
    folder = weights_folder() / ADAPTER.repository
    assert f"config.json, diffusion_pytorch_model.safetensors of huggingface.co/{ADAPTER}" in str(caught.value)
    assert f"put them into {folder}." in str(caught.value)
    shutil.copytree(weights / "adapter", folder)
    assert finder([]).find(ADAPTER, "adapter") == folder


def test_what_the_hub_has_not_is_one_sentence(hub, weights):
    (hub.root / ADAPTER.repository).mkdir(parents=True)
    for wanted in (ADAPTER, Weights("nobody/nothing"), Weights(ADAPTER.repository, "gone.safetensors")):
        with pytest.raises(AnimateDiffError, match=f"huggingface.co has no .* in {wanted.repository}"):
            finder([]).find(wanted, "adapter")


def test_a_full_or_forbidden_disk_is_one_sentence(hub, weights, cache):
    shutil.copytree(weights / "adapter", hub.root / ADAPTER.repository)
    cache.mkdir()
    (cache / "hub").write_text("no folder")
    with pytest.raises(AnimateDiffError, match=r"could not be written: .*HF_HOME"):
        finder([]).find(ADAPTER, "adapter")
