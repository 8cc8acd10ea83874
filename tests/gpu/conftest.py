"""The engine that draws with torch. Its tests are collected where torch and diffusers are: `.ci/run gpu` has them."""

from __future__ import annotations

import importlib.util

import pytest

if not all(map(importlib.util.find_spec, ("torch", "diffusers"))):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A folder with a tiny checkpoint and a motion module."""
    import torch
    from tiny import make_adapter, make_checkpoint

    torch.set_num_threads(1)  # the models are so small that threads only wait for each other
    folder = tmp_path_factory.mktemp("weights")
    make_checkpoint(folder / "checkpoint")
    make_adapter(folder / "adapter")
    return folder


@pytest.fixture(scope="session")
def shared_engine():
    from animatediff_widget.engines.diffusers import DiffusersEngine

    engine = DiffusersEngine(device="cpu")
    yield engine
    engine.close()


@pytest.fixture
def engine():
    from animatediff_widget.engines.diffusers import DiffusersEngine

    engine = DiffusersEngine(device="cpu")
    yield engine
    engine.close()
