"""The notebooks, read and run: the English ones in `notebooks/`, the same in Chinese in `notebooks/zh/`."""

from __future__ import annotations

import os
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
FOLDERS = {"en": ROOT / "notebooks", "zh": ROOT / "notebooks" / "zh"}
NAMES = sorted(path.stem for path in FOLDERS["en"].glob("*.ipynb"))

GAP = "# YOUR CODE HERE\nraise NotImplementedError()"
"""What nbgrader puts in the place of a solution."""

# The kernel may speak with its own machine only.
OFFLINE = """\
def stay_here():
    import socket

    connect = socket.socket.connect

    def connect_here(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"A notebook asked the network for {address}.")
        return connect(self, address)

    socket.socket.connect = connect_here

stay_here()
del stay_here
"""


def read(name: str, language: str = "en") -> Any:
    return nbformat.read(FOLDERS[language] / f"{name}.ipynb", as_version=4)


def install_cell(name: str, language: str = "en") -> str:
    """The code of the one cell that installs the package, without its comments."""
    (source,) = [cell.source for cell in read(name, language).cells if "%pip" in cell.source]
    return "\n".join(line for line in source.splitlines() if not line.startswith("#"))


def requirements(name: str) -> list[Requirement]:
    """What the notebook's install cell brings, besides the package itself."""
    return wanted(set(re.search(r"animatediff-widget\[([\w,]+)\]", install_cell(name))[1].split(",")))


def wanted(extras: set[str]) -> list[Requirement]:
    """What the package asks for with some of its extras, one of which may name others."""
    listed = [Requirement(line) for line in metadata.requires("animatediff-widget")]
    asked = [
        each for each in listed if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras)
    ]
    inner = set().union(*(each.extras for each in asked if each.name == "animatediff-widget"))
    return wanted(extras | inner) if inner - extras else [each for each in asked if each.name != "animatediff-widget"]


class Exercise:
    """The cell of an answer, and the cells that check it."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.checks: list[Any] = []

    @property
    def id(self) -> str:
        return self.answer.metadata.nbgrader.grade_id

    @property
    def unsolved(self) -> str:
        return re.sub(r"### BEGIN SOLUTION.*?### END SOLUTION", lambda _: GAP, self.answer.source, flags=re.DOTALL)


def exercises(notebook: Any) -> list[Exercise]:
    """Every exercise with code; a check belongs to the answer before it."""
    found: list[Exercise] = []
    for cell in notebook.cells:
        grading = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and grading.get("solution"):
            found.append(Exercise(cell))
        elif cell.cell_type == "code" and grading.get("grade"):
            found[-1].checks.append(cell)
    return found


def execute(name: str, folder: Path, language: str = "en", wrong: dict[str, list[str]] | None = None) -> Any:
    """Run a notebook top to bottom in one kernel, with no key and no network, and give it with its outputs.

    Before an exercise's own answer its gap and the wrong answers are tried; one that a check lets pass is an error.
    """
    notebook = read(name, language)
    answers = {each.answer.id: each for each in exercises(notebook)}
    environment = {key: value for key, value in os.environ.items() if not key.endswith(("_TOKEN", "_API_KEY"))}
    manager = KernelManager()
    manager.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    client = NotebookClient(notebook, km=manager, timeout=240, resources={"metadata": {"path": str(folder)}})

    def error_of(*sources: str) -> str | None:
        """Run code beside the notebook's cells until a piece of it fails; give the error's name."""
        for source in sources:
            # With this tag the kernel goes on; without it, it might still refuse the next cell (ipykernel 6).
            piece = nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]})
            client.execute_cell(piece, -1, store_history=False)
            for output in piece.outputs:
                if output.output_type == "error":
                    return str(output.ename)
        return None

    with client.setup_kernel(env=environment):
        assert error_of(OFFLINE) is None
        for index, cell in enumerate(notebook.cells):
            if exercise := answers.get(cell.id):
                checks = [check.source for check in exercise.checks]
                assert error_of(exercise.unsolved, *checks), f"{name}: the check of {exercise.id} lets a gap pass"
                for answer in (wrong or {}).get(exercise.id, []):
                    assert error_of(answer) is None, answer
                    said = error_of(*checks)
                    assert said == "AssertionError", f"{name}: the check of {exercise.id} gives {said} for\n{answer}"
            client.execute_cell(cell, index)
    return notebook


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]
