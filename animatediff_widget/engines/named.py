"""The engines by their names: on the command line, at a place, on a cluster."""

from __future__ import annotations

from animatediff_widget.model.cluster import EngineName
from animatediff_widget.model.inputs import Inputs

from . import Engine
from .declared import INPUTS

__all__ = ["inputs_of", "make_engine"]


def inputs_of(name: EngineName) -> Inputs:
    """Give what an engine takes, without making it."""
    if name == "gpu":
        from .diffusers.catalog import MODULES, MOTION_LORAS
        from .diffusers.plan import problems

        modules = tuple(module.name for module in MODULES.values())
        inputs = Inputs.of_engine(INPUTS[name], (problems,))
        return inputs.suggesting(motion_module=modules, motion_lora=MOTION_LORAS)
    return Inputs.of_engine(INPUTS[name])


def make_engine(name: EngineName, *, device: str | None = None, dtype: str | None = None) -> Engine:
    """Make an engine; what it draws with is imported now, but torch only by its first job."""
    if name == "gpu":
        from .diffusers import DiffusersEngine

        return DiffusersEngine(device=device, dtype=dtype)
    from .pocket import PocketEngine

    return PocketEngine()
