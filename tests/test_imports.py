"""How little an import costs, what is public, and that pytest can import the tests."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_importing_the_package_imports_nothing_heavy():
    loaded = run("import sys; import animatediff_widget; print(*sys.modules)").split()
    assert not {"ipywidgets", "requests", "traitlets", "numpy", "PIL", "tornado", "sqlite3"} & set(loaded)


def test_importing_the_panel_imports_no_server_and_no_pictures():
    loaded = run("import sys; from animatediff_widget import AnimateDiffPanel; print(*sys.modules)").split()
    assert not {"numpy", "PIL", "tornado.web", "tqdm", "imageio_ffmpeg"} & set(loaded)


def test_every_public_name_is_there():
    import animatediff_widget

    for name in animatediff_widget.__all__:
        assert getattr(animatediff_widget, name) is not None
    with pytest.raises(AttributeError):
        animatediff_widget.nothing  # noqa: B018
    assert set(dir(animatediff_widget)) == set(animatediff_widget.__all__)


def test_each_test_file_has_a_name_of_its_own():
    """As pytest wants it where the folders are no packages."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
