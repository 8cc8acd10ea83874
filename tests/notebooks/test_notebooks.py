"""The notebooks run top to bottom without a person, and their checks refuse wrong answers."""

from __future__ import annotations

import base64
import io
import json
import re
from importlib import metadata

import nbformat
import pytest
from course import FOLDERS, NAMES, ROOT, execute, exercises, install_cell, outputs, read, requirements
from PIL import Image
from wrong_answers import WRONG_ANSWERS

# What Google Colab has preinstalled (August 2026).
COLAB = dict(
    line.split("==")
    for name in ("constraints", "constraints-gpu")
    for line in (ROOT / "tests" / "colab" / f"{name}.txt").read_text().splitlines()
    if "==" in line and not line.startswith("#")
)
WITHOUT_ITS_NEEDS = {"your-gpu"}
"""Notebooks that say what is missing, and run all the same."""
every_notebook = pytest.mark.parametrize("name", NAMES)
both_languages = pytest.mark.parametrize("language", FOLDERS)


def executed(name, folder, language="en"):
    for requirement in () if name in WITHOUT_ITS_NEEDS else requirements(name):
        try:
            metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            pytest.skip(f"{requirement.name} is not installed")
    notebook = execute(name, folder, language, WRONG_ANSWERS.get(name) if language == "en" else None)
    warnings = [output.text for output in outputs(notebook) if output.get("name") == "stderr"]
    assert warnings == []
    return notebook


def test_the_quickstart_runs_from_top_to_bottom_and_its_animations_play(tmp_path):
    notebook = executed("quickstart", tmp_path)
    text = json.dumps([cell.get("outputs") for cell in notebook.cells])
    assert "application/vnd.jupyter.widget-view+json" in text
    for source in ("panel.job.result", "animate("):
        (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and source in cell.source]
        (picture,) = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
        with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
            assert image.n_frames == 16
    assert "16 (512, 512)" in text
    assert (tmp_path / "snow.gif").exists()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("quickstart", "your-gpu")])
def test_a_notebook_runs_from_top_to_bottom_and_its_checks_refuse_wrong_answers(name, tmp_path):
    executed(name, tmp_path)


def test_without_a_gpu_its_notebook_says_why_and_draws_with_the_pocket_model(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    cells = {cell.id: cell for cell in executed("your-gpu", tmp_path).cells}
    # A Mac has one, without the packages.
    said = cells["gpu"].outputs[0].text
    assert said.startswith(("No GPU was found on this computer", "The GPU needs torch"))
    assert any("image/png" in output.get("data", {}) for output in cells["clip"].outputs)


@pytest.mark.slow
@every_notebook
def test_a_chinese_notebook_runs_from_top_to_bottom(name, tmp_path):
    executed(name, tmp_path, "zh")


@every_notebook
def test_every_exercise_has_a_check_and_wrong_answers(name):
    found = exercises(read(name))
    assert set(WRONG_ANSWERS.get(name, {})) == {exercise.id for exercise in found}
    for exercise in found:
        assert exercise.answer.source.count("### BEGIN SOLUTION") == 1, exercise.id
        assert exercise.answer.source.count("### END SOLUTION") == 1, exercise.id
        assert exercise.checks, f"{exercise.id} has no check"


@both_languages
@every_notebook
def test_no_text_names_nbgraders_marks_which_it_would_take_for_an_answer(name, language):
    assert not [cell.source for cell in read(name, language).cells if cell.cell_type != "code" and "SOLUTION" in cell.source]


@both_languages
@every_notebook
def test_a_notebook_is_committed_as_jupyter_writes_it_without_outputs(name, language):
    written = (FOLDERS[language] / f"{name}.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.reads(written, as_version=4)
    nbformat.validate(notebook)
    assert written == nbformat.writes(notebook) + "\n"
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert set(cell.metadata) <= {"nbgrader"}
    assert notebook.metadata.kernelspec == {"display_name": "Python 3", "language": "python", "name": "python3"}


@both_languages
@every_notebook
def test_a_link_from_a_notebook_to_another_leads_somewhere(name, language):
    for cell in read(name, language).cells:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", cell.source if cell.cell_type == "markdown" else ""):
            assert (FOLDERS[language] / target).exists(), target


@every_notebook
def test_the_install_cell_moves_nothing_that_colab_has(name):
    assert install_cell(name, "zh") == install_cell(name)
    needed = requirements(name)
    for requirement in needed:
        assert requirement.name.lower() in COLAB, f"{requirement} would be new in Colab"
        assert requirement.specifier.contains(COLAB[requirement.name.lower()]), f"{requirement} would be moved"
    assert {"ipywidgets", "requests", "traitlets", "tornado", "numpy", "pillow"} <= {
        each.name.lower() for each in needed
    }
