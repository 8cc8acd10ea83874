"""The quickstart as Colab runs it: jobs inside the cells, every output embedded."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

HERE = Path(__file__).parent
NOTEBOOK = HERE.parents[1] / "notebooks" / "quickstart.ipynb"
WATCH = """\
import threading
threads = set()
note = lambda change: threads.add(threading.current_thread().name)
panel.observe(lambda change: change.new.observe(note, "view"), "job")
"""


def test_the_quickstart_runs_from_top_to_bottom_in_colab(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    fake = (HERE / "fake_colab.py").read_text()
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"{fake}\ninstall()"))
    watched = next(index for index, cell in enumerate(notebook.cells) if "AnimateDiffPanel(" in cell.source) + 1
    notebook.cells.insert(watched, nbformat.v4.new_code_cell(WATCH))
    notebook.cells.append(nbformat.v4.new_code_cell("sorted(threads), panel.job.state"))
    environment = {key: value for key, value in os.environ.items() if not key.endswith(("_TOKEN", "_API_KEY"))}
    manager = KernelManager()
    manager.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    client = NotebookClient(notebook, km=manager, timeout=240, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=environment)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    # All that the panel's job showed was sent by the thread that ran its cell, while it ran.
    assert outputs[-1]["data"]["text/plain"] == "(['MainThread'], 'succeeded')"
    assert (tmp_path / "snow.gif").exists()
