"""Replicate itself, https://replicate.com."""

from __future__ import annotations

from animatediff_widget.model.endpoint import Endpoint

from .base import Place
from .hosted import HostedBackend

__all__ = ["PLACE"]

PLACE = Place("replicate", lambda _: Endpoint.replicate(), HostedBackend, needs_key=True)
