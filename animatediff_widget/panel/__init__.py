"""The panel: the ipywidgets face of a request and its job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .panel import AnimateDiffPanel

__all__ = ["AnimateDiffPanel"]


def __getattr__(name: str) -> Any:
    """Import the widget when it is asked for, so that the controller can be used without any (PEP 562)."""
    if name != "AnimateDiffPanel":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .panel import AnimateDiffPanel

    return AnimateDiffPanel
