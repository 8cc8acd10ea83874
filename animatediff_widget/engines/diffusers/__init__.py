"""Real AnimateDiff by diffusers: names of weights, where they lie, loading, drawing, decoding.

Nothing here imports torch before a job runs.
"""

from __future__ import annotations

from .engine import DiffusersEngine

__all__ = ["DiffusersEngine"]
