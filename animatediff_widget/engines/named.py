"""The engines by their names: on the command line, at a place, on a cluster."""

from __future__ import annotations

from typing import Literal

from . import Engine

__all__ = ["EngineName", "make_engine"]

EngineName = Literal["pocket", "gpu"]


def make_engine(name: EngineName, *, device: str | None = None, dtype: str | None = None) -> Engine:
    """Make an engine; what it draws with is imported now, but torch only by its first job."""
    if name == "gpu":
        from .diffusers import DiffusersEngine

        return DiffusersEngine(device=device, dtype=dtype)
    from .pocket import PocketEngine

    return PocketEngine()
