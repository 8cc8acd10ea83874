"""Animate a prompt from a notebook.

>>> from animatediff_widget import AnimateDiffPanel
>>> AnimateDiffPanel()  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from ._animate import animate
    from .animation import Animation
    from .client import Client
    from .endpoint import Endpoint
    from .errors import AnimateDiffError
    from .job import Job
    from .journal import Journal
    from .panel import AnimateDiffPanel
    from .prediction import Prediction
    from .request import AnimateDiffRequest

__all__ = [
    "AnimateDiffError",
    "AnimateDiffPanel",
    "AnimateDiffRequest",
    "Animation",
    "Client",
    "Endpoint",
    "Job",
    "Journal",
    "Prediction",
    "__version__",
    "animate",
]

# Each name is imported when it is first used, so that importing the package costs next to nothing (PEP 562).
_HOMES = {
    "AnimateDiffError": "errors",
    "AnimateDiffPanel": "panel",
    "AnimateDiffRequest": "request",
    "Animation": "animation",
    "Client": "client",
    "Endpoint": "endpoint",
    "Job": "job",
    "Journal": "journal",
    "Prediction": "prediction",
    "animate": "_animate",
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
