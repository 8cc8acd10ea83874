"""The panel: the ipywidgets face of a request and its job."""

from .panel import AnimateDiffPanel

__all__ = ["AnimateDiffPanel"]
