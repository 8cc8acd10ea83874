"""A class with nbgrader: what students get, and what is graded, by the real one in an environment of its own.

It is not in the tests' environment, because it would add extensions to the JupyterLab that is tested there.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from course import FOLDERS, GAP, NAMES, ROOT, exercises, read

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

GRADED = [name for name in NAMES if exercises(read(name))]


@pytest.fixture(scope="module")
def nbgrader(tmp_path_factory):
    """A course with one assignment a language, and a function that runs nbgrader's commands in it."""
    folder = tmp_path_factory.mktemp("course")
    environment, root = folder / "environment", folder / "course"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    package = f"{ROOT}[local,video]"
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", "nbgrader", package], check=True)
    root.mkdir()
    (root / "nbgrader_config.py").write_text(f"c = get_config()\nc.CourseDirectory.root = {str(root)!r}\n")
    variables = {key: value for key, value in os.environ.items() if not key.endswith(("_TOKEN", "_API_KEY"))}
    variables["PATH"] = f"{programs}{os.pathsep}{variables['PATH']}"

    def run(*arguments):
        command = [programs / "nbgrader", *arguments]
        done = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    for language, source in FOLDERS.items():
        (root / "source" / language).mkdir(parents=True)
        for name in GRADED:
            shutil.copy(source / f"{name}.ipynb", root / "source" / language)
        run("generate_assignment", language)
    return root, run


@pytest.mark.parametrize("language", FOLDERS)
def test_students_get_the_notebooks_with_gaps(nbgrader, language):
    root, _ = nbgrader
    for name in GRADED:
        released = nbformat.read(root / "release" / language / f"{name}.ipynb", as_version=4)
        cells = [cell.source for cell in released.cells]
        assert not [source for source in cells if "SOLUTION" in source]
        assert sum(GAP.splitlines()[1] in source for source in cells) == len(exercises(read(name)))


@pytest.mark.parametrize("language", FOLDERS)
def test_all_points_for_right_answers_and_none_for_gaps(nbgrader, language):
    root, run = nbgrader
    shutil.copytree(root / "source" / language, root / "submitted" / "right" / language)
    shutil.copytree(root / "release" / language, root / "submitted" / "gaps" / language)
    run("autograde", language)
    run("export")
    with (root / "grades.csv").open(encoding="utf-8") as file:
        scores = {
            row["student_id"]: float(row["score"]) for row in csv.DictReader(file) if row["assignment"] == language
        }
    checks = [check for name in GRADED for exercise in exercises(read(name)) for check in exercise.checks]
    assert scores == {"right": sum(check.metadata.nbgrader.points for check in checks), "gaps": 0}


@pytest.mark.parametrize("name", GRADED)
def test_a_solved_notebook_validates(nbgrader, name):
    root, run = nbgrader
    assert "Success!" in run("validate", str(root / "source" / "en" / f"{name}.ipynb"))
