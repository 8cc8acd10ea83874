"""Who imports whom, and how little an import costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "animatediff_widget"


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


def imports(path: Path) -> set[str]:
    """The full names of what a file imports, anywhere in it."""
    package = ["animatediff_widget", *path.relative_to(PACKAGE).parts[:-1]]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_rooms_keep_to_their_doors(path):
    room = path.relative_to(PACKAGE).parts[0]
    names = imports(path)

    def uses(*modules: str) -> bool:
        return any(name == module or name.startswith(f"{module}.") for name in names for module in modules)

    if room != "panel":
        assert not uses("ipywidgets")
    if room != "server":
        assert not uses("tornado", "numpy")
    if room == "server":
        assert not uses(*(f"animatediff_widget.{other}" for other in ("client", "job", "panel", "journal", "cli")))
    if room == "panel":
        assert not uses("requests", "threading", "sqlite3")
        assert not uses("animatediff_widget.server")
    if room in ("request.py", "prediction.py", "endpoint.py"):
        assert not uses(
            *(f"animatediff_widget.{other}" for other in ("client", "job", "panel", "journal", "animation"))
        )
    if room == "client.py":
        assert not uses(*(f"animatediff_widget.{other}" for other in ("job", "panel", "journal", "animation")))
    if room in ("job.py", "_stages.py"):
        assert not uses("animatediff_widget.panel", "animatediff_widget.cli")
