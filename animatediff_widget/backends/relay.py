"""A reseller that relays Replicate's API at ``BASE/replicate/v1/predictions``."""

from __future__ import annotations

from animatediff_widget.model.endpoint import Endpoint

from .base import Place
from .hosted import HostedBackend

__all__ = ["PLACE"]

PLACE = Place("relay", Endpoint.relay, HostedBackend, needs_url=True)
