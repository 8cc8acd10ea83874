"""Animate a prompt from a notebook.

>>> from animatediff_widget import AnimateDiffPanel
>>> AnimateDiffPanel()  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from animatediff_widget._version import __version__

if TYPE_CHECKING:
    from animatediff_widget.backends.client import Client
    from animatediff_widget.errors import AnimateDiffError
    from animatediff_widget.jobs.animate import animate
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.journal.sqlite import Journal
    from animatediff_widget.media.animation import Animation
    from animatediff_widget.model.endpoint import Endpoint
    from animatediff_widget.model.prediction import Prediction
    from animatediff_widget.model.request import AnimateDiffRequest
    from animatediff_widget.panel.contact_sheet import ContactSheet
    from animatediff_widget.panel.panel import AnimateDiffPanel
    from animatediff_widget.sweeps.sweep import Sweep

__all__ = [
    "AnimateDiffError",
    "AnimateDiffPanel",
    "AnimateDiffRequest",
    "Animation",
    "Client",
    "ContactSheet",
    "Endpoint",
    "Job",
    "Journal",
    "Prediction",
    "Sweep",
    "__version__",
    "animate",
]

# Each name is imported when it is first used, so that importing the package costs next to nothing (PEP 562).
_HOMES = {
    "AnimateDiffError": "errors",
    "AnimateDiffPanel": "panel.panel",
    "AnimateDiffRequest": "model.request",
    "Animation": "media.animation",
    "Client": "backends.client",
    "ContactSheet": "panel.contact_sheet",
    "Endpoint": "model.endpoint",
    "Job": "jobs.job",
    "Journal": "journal",
    "Prediction": "model.prediction",
    "Sweep": "sweeps.sweep",
    "animate": "jobs.animate",
}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
