"""The texts in Simplified Chinese; the fields' labels and help besides."""

from __future__ import annotations

from .endpoints import ENDPOINTS
from .jobs import JOBS
from .panel import PANEL
from .terminal import TERMINAL
from .weights import WEIGHTS

__all__ = ["CHINESE"]

CHINESE = {**PANEL, **ENDPOINTS, **JOBS, **TERMINAL, **WEIGHTS}
