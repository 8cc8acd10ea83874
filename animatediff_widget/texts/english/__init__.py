"""The texts in English."""

from __future__ import annotations

from .endpoints import ENDPOINTS
from .jobs import JOBS
from .panel import PANEL
from .terminal import TERMINAL
from .weights import WEIGHTS

__all__ = ["ENGLISH"]

ENGLISH = {**PANEL, **ENDPOINTS, **JOBS, **TERMINAL, **WEIGHTS}
