"""Stand-ins for the packages that a GPU needs: they can be found, and importing one of them fails."""

from __future__ import annotations

from pathlib import Path

PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "peft", "safetensors")


def put_packages(folder: Path, *, torch: str = "2.13.0+cu130", missing: tuple[str, ...] = ()) -> None:
    """Put them into a folder, for `sys.path`; torch in a version."""
    for name in PACKAGES:
        if name not in missing:
            (folder / name).mkdir(parents=True)
            (folder / name / "__init__.py").write_text(f"raise AssertionError('{name} was imported')")
    about = folder / f"torch-{torch}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {torch}\n")


def show_gpu(monkeypatch, folder: Path, *, there: bool = True) -> None:
    """Let this computer have a GPU, or none, whatever it has."""
    sign = folder / "nvidia0"
    if there:
        sign.touch()
    monkeypatch.setattr("animatediff_widget.backends.gpu._SIGNS", (str(sign),))
    monkeypatch.setattr("animatediff_widget.backends.gpu._SYSTEM", "linux")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
