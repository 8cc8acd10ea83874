"""What is sent to a cluster's workers, and whether they have the same version of this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.texts import Message

__all__ = ["PACKAGE", "compare", "make_task"]

PACKAGE = "animatediff_widget"


def make_task(version: str) -> Callable[..., Any]:
    """Make what a worker calls: a function that is pickled with its code, so that it can say what is missing there."""

    def draw_on_worker(engine: Any, body: str, seed: int, run_id: str, topic: str, previews: bool) -> Any:
        try:
            import animatediff_widget
            from animatediff_widget.engines import cluster
        except ImportError as error:
            return f"A worker of the cluster cannot draw ({error}): install animatediff-widget {version} there."
        if animatediff_widget.__version__ != version:
            there = animatediff_widget.__version__
            return f"animatediff-widget is {version} here and {there} on a worker: install the same in both places."
        return cluster.draw_here(engine, body, seed, run_id, topic, previews)

    return draw_on_worker


def compare(address: str, ours: str, versions: Any) -> None:
    """Raise where another version of the package, or none, is installed on a worker that is there.

    Dask knows what was installed. Where the package runs from its sources that may be an older version, here as there,
    or none; then `make_task` says what differs.
    """
    here = versions["client"]["packages"].get(PACKAGE)
    found = {worker: each["packages"].get(PACKAGE) for worker, each in versions["workers"].items() if each}
    others = {worker: version for worker, version in found.items() if version not in (ours, here)}
    for code, wrong in (
        ("cluster_without", [worker for worker, version in others.items() if version is None]),
        ("cluster_versions", [f"{worker}: {version}" for worker, version in others.items()]),
    ):
        if wrong:
            raise AnimateDiffError(Message(code, address=address, ours=ours, workers=", ".join(wrong[:3])))
