"""The quickstart runs top to bottom without a person, and installs into Colab without moving anything."""

from __future__ import annotations

import json
import os
import re
import sys
from importlib import metadata
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "quickstart.ipynb"

# What Google Colab has preinstalled (CPU runtime, August 2026).
COLAB = {
    "ipykernel": "6.17.1", "ipython": "7.34.0", "ipywidgets": "7.7.1", "traitlets": "5.7.1", "requests": "2.32.4",
    "urllib3": "2.5.0", "tornado": "6.5.7", "numpy": "2.1.3", "pillow": "11.3.0", "platformdirs": "4.11.3",
    "keyring": "25.7.0", "tqdm": "4.67.1", "imageio-ffmpeg": "0.6.0",
}  # fmt: skip


def test_the_quickstart_runs_from_top_to_bottom(tmp_path):
    from jupyter_client.manager import KernelManager

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    environment = {key: value for key, value in os.environ.items() if not key.endswith(("_TOKEN", "_API_KEY"))}
    manager = KernelManager()
    manager.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    client = NotebookClient(notebook, km=manager, timeout=240, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=environment)
    text = json.dumps([cell.get("outputs") for cell in notebook.cells])
    assert "application/vnd.jupyter.widget-view+json" in text
    assert text.count("data:image/webp;base64,") == 2  # what panel.job.result and animate returned
    assert "succeeded" in text
    assert "16 frames (512, 512)" in text
    assert (tmp_path / "snow.gif").exists()


def test_the_quickstart_is_committed_without_outputs():
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_the_install_cell_moves_nothing_that_colab_has():
    install = re.search(
        r"%pip install --quiet \"animatediff-widget\[([\w,]+)\]\"", NOTEBOOK.read_text().replace('\\"', '"')
    )
    extras = install[1].split(",")
    checked = set()
    for line in metadata.requires("animatediff-widget"):
        requirement = Requirement(line)
        wanted = requirement.marker is None or any(requirement.marker.evaluate({"extra": name}) for name in extras)
        if wanted:
            assert requirement.name.lower() in COLAB, f"{requirement} would be new in Colab"
            assert requirement.specifier.contains(COLAB[requirement.name.lower()]), f"{requirement} would be moved"
            checked.add(requirement.name.lower())
    assert {"ipywidgets", "requests", "traitlets", "tornado", "numpy", "pillow"} <= checked
