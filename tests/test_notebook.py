"""The quickstart runs top to bottom without a person, and installs into Colab without moving anything."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import sys
from importlib import metadata
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from packaging.requirements import Requirement
from PIL import Image

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "quickstart.ipynb"

# What Google Colab has preinstalled (CPU runtime, August 2026).
COLAB = dict(
    line.split("==")
    for line in (ROOT / "tests" / "colab" / "constraints.txt").read_text().splitlines()
    if "==" in line and not line.startswith("#")
)


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
    for source in ("panel.job.result", "animate("):
        (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and source in cell.source]
        (picture,) = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
        with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
            assert image.n_frames == 16
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
