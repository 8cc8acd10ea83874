"""The extra for a GPU, with the versions that Google Colab has: they are resolved, and nothing is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PINS = [HERE / "constraints.txt", HERE / "constraints-gpu.txt"]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("uv") is None, reason="uv is not installed")
def test_installing_it_in_colab_moves_no_preinstalled_package(tmp_path):
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--extra", "gpu", "--no-header"]
    command += [f"--constraint={each}" for each in PINS]
    command += [
        "--python-version=3.13",
        "--python-platform=x86_64-manylinux_2_28",
        f"--output-file={tmp_path / 'found'}",
    ]
    done = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True, timeout=240, check=False)
    if "No solution found" not in done.stderr and done.returncode:
        pytest.skip(f"the package index was not reached: {done.stderr[-500:]}")
    assert done.returncode == 0, done.stderr
    found = {line for line in (tmp_path / "found").read_text().splitlines() if "==" in line}
    pins = {line for each in PINS for line in each.read_text().splitlines() if "==" in line}
    named = {line.partition("==")[0].replace("_", "-").lower() for line in pins}
    moved = {each for each in found if each.partition("==")[0] in named} - {
        each.replace("_", "-").lower() for each in pins
    }
    assert moved == set()
    assert {"torch==2.11.0", "diffusers==0.39.0"} <= found
