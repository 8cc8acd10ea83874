"""What is wrong with how the panel looks, as far as a program can say."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from front_ends import missing

TABS = ("Animation", "JSON", "Logs", "Request", "History")
_AXE = "axe-core@4.14.1"


def axe_core(folder: Path) -> str:
    """The source of axe-core: from the folder that AXE_CORE names, else from npm, into this temporary folder."""
    if "AXE_CORE" in os.environ:
        return Path(os.environ["AXE_CORE"], "axe.min.js").read_text()
    npm = shutil.which("npm")
    if npm is None:
        return missing("The accessibility tests need npm, or AXE_CORE=the folder of axe-core.")
    done = subprocess.run(
        [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), _AXE],
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    if done.returncode:
        return missing(f"axe-core cannot be installed: {done.stderr[-500:]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


def violations(panel) -> list[str]:
    found = panel.evaluate("panel => axe.run(panel, {resultTypes: ['violations']}).then(found => found.violations)")
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def cut_off(panel) -> list[str]:
    """What stands out of the panel's cell or of the page, and whose text is cut."""
    return panel.evaluate(
        """panel => {
            const edge = panel.closest('.jp-OutputArea-output, .output_subarea').getBoundingClientRect();
            const cut = [...panel.querySelectorAll('button, input, select, textarea, img, .ad-scroll')]
                .filter(item => item.offsetParent !== null)
                .filter(item => {
                    const box = item.getBoundingClientRect();
                    return box.left < edge.left - 1 || box.right > Math.min(edge.right, innerWidth) + 1;
                })
                .map(item => item.outerHTML.slice(0, 120));
            for (const item of panel.querySelectorAll('[role=tab] *, .ad-tile button, .ad-row button'))
                if (item.offsetParent !== null && item.scrollWidth > item.clientWidth + 1)
                    cut.push(`the text of ${item.outerHTML.slice(0, 120)}`);
            return panel.scrollWidth <= panel.clientWidth + 1 ? cut : [...cut, 'the panel itself'];
        }"""
    )
