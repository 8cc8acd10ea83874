"""What re-running the cell, restarting the kernel and closing the notebook leave behind: nothing."""

from __future__ import annotations

import json

import psutil
from driving import run, set_number

PANEL = "from animatediff_widget import AnimateDiffPanel\npanel = AnimateDiffPanel()\npanel"
COUNT = """
import gc, json, os, tempfile, threading, psutil
from ipywidgets.widgets import widget
from animatediff_widget import Endpoint
gc.collect()
print(json.dumps({
    "threads": sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("animatediff")),
    "listening": len([c for c in psutil.Process().net_connections("tcp") if c.status == "LISTEN"]),
    "files": sorted(os.listdir(tempfile.gettempdir())),
    "widgets": len(widget._instances),
}))
"""
WHERE = "from animatediff_widget.server import shared_server; print(shared_server().base_url)"


def test_running_the_cell_again_leaves_no_thread_server_file_or_widget(visit):
    here = visit("lab", PANEL)
    counts = []
    for _ in range(3):
        here.run_cell(0)
        panel = here.panel()
        set_number(panel, "Steps", 2)
        run(panel)
        counts.append(json.loads(here.in_kernel(COUNT)))
    assert counts[2] == counts[1] == counts[0]
    assert counts[0]["listening"] >= 6  # the kernel's own five, and the built-in server
    assert here.page.locator(".animatediff").count() == 1


def test_a_panel_that_another_cell_still_shows_stays_when_its_first_cell_runs_again(visit):
    here = visit("lab", PANEL, "first = panel\nfirst")
    here.run_cell(0)
    here.run_cell(1)
    here.run_cell(0)
    here.page.wait_for_function("document.querySelectorAll('.animatediff .ad-run').length === 2")
    set_number(here.panel(1), "Steps", 2)
    run(here.panel(1))
    assert here.in_kernel("print(first is not panel and first.comm is not None)").strip() == "True"


def test_a_restarted_kernel_and_a_closed_notebook_leave_no_server_process_or_file(visit):
    site = visit.site
    others = set(site.jupyter.kernels())
    here = visit("lab", notebook=site.write("closed.ipynb", PANEL))
    files, kernels = set(site.temporary.iterdir()), set(site.jupyter.kernels()) - others
    here.run_cell(0)
    set_number(here.panel(), "Steps", 2)
    run(here.panel())
    port = int(here.in_kernel(WHERE).strip().rpartition(":")[2])
    assert port in listening()
    here.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    assert port not in listening()
    assert set(site.temporary.iterdir()) == files

    here.run_cell(0)
    set_number(here.panel(), "Steps", 2)
    run(here.panel())
    port = int(here.in_kernel(WHERE).strip().rpartition(":")[2])
    here.close()
    assert port not in listening()
    assert not set(site.jupyter.kernels()) & kernels
    assert set(site.temporary.iterdir()) == files


def listening() -> set[int]:
    return {connection.laddr.port for connection in psutil.net_connections("tcp") if connection.status == "LISTEN"}
