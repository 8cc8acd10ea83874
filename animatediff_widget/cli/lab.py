"""``lab``: open JupyterLab on the notebooks that come with the package."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from animatediff_widget.errors import AnimateDiffError, MissingExtra
from animatediff_widget.texts import TEXTS, Message

from .output import flush

__all__ = ["add"]

_LAB = "Open JupyterLab on the quickstart, with the course's other notebooks beside it, in English and Chinese."
_FOLDER = "animatediff-notebooks"
_ALLOW_ROOT = ("--allow-root", "--ServerApp.allow_root")


def add(commands: Any) -> None:
    """Add the command."""
    lab = commands.add_parser("lab", help="open JupyterLab on the quickstart notebook", description=_LAB)
    lab.set_defaults(act=_lab)
    lab.add_argument("--folder", default=".", help=f"where to put {_FOLDER}, where it is not there yet (default: here)")
    lab.add_argument("--allow-root", action="store_true", help="start although you are root, as in a container")
    lab.add_argument("rest", nargs="*", metavar="ARGUMENT", help="for jupyter lab itself, after --")


def _lab(arguments: argparse.Namespace) -> int:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    if shutil.which("jupyter-lab", path=path) is None:
        raise MissingExtra(Message("lab_missing"))
    rest = [*arguments.rest, *(["--allow-root"] if arguments.allow_root else [])]
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_root and not any(argument.startswith(_ALLOW_ROOT) for argument in rest):
        raise AnimateDiffError(Message("lab_as_root"))
    notebook = _quickstart(Path(arguments.folder))
    # In place of this process, so that Ctrl-C and the exit code are Jupyter's own.
    command = [sys.executable, "-m", "jupyterlab", str(notebook), *rest]
    flush()
    if os.name != "nt":
        os.execv(sys.executable, command)  # noqa: S606
    import subprocess

    return subprocess.call(command)  # noqa: S603


def _quickstart(folder: Path) -> Path:
    """Find the quickstart in the reader's language: in a checkout, or in `folder`, where copies are put."""
    package = Path(__file__).parents[1]
    notebooks = package.parent / "notebooks"
    if not (notebooks / "quickstart.ipynb").exists():
        notebooks = _copy(package / "notebooks", folder / _FOLDER)
    return (notebooks / "zh" if TEXTS.language == "zh" else notebooks) / "quickstart.ipynb"


def _copy(source: Path, target: Path) -> Path:
    """Copy a folder; what is there already stays, because somebody may have worked in it."""
    try:
        for path in source.rglob("*"):
            copy = target / path.relative_to(source)
            if path.is_file() and not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    except OSError as error:
        raise AnimateDiffError(Message("notebook_unwritten", path=target, why=error.strerror or error)) from None
    return target
