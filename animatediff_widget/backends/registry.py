"""The places that jobs can run at. A new one is a backend beside this one, its texts, and a line here."""

from __future__ import annotations

from functools import partial

from animatediff_widget.errors import AnimateDiffError, KeyRefused
from animatediff_widget.keys.credentials import Key, find_key, is_given
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.texts import Message

from . import builtin, cog, dask, gpu
from .base import Abilities, Place
from .hosted import HostedBackend

__all__ = ["default_endpoint", "is_free", "place", "places"]

_open_replicate = partial(HostedBackend, abilities=Abilities(creates=600, calls=3000))  # by its documentation

_PLACES = {
    each.kind: each
    for each in (
        builtin.PLACE,
        gpu.PLACE,
        Place("replicate", lambda _: Endpoint.replicate(), _open_replicate, needs_key=True),
        Place("relay", Endpoint.relay, HostedBackend, needs_url=True),
        dask.PLACE,
        cog.PLACE,
    )
}


def places() -> tuple[Place, ...]:
    """Give every known place, in the order in which they are offered."""
    return tuple(_PLACES.values())


def place(kind: str) -> Place:
    """Give the place of a kind; `AnimateDiffError` where this version has none."""
    if kind not in _PLACES:
        raise AnimateDiffError(Message("no_such_place", kind=repr(kind), kinds=", ".join(_PLACES)))
    return _PLACES[kind]


def is_free(kind: str | None) -> bool:
    """Whether a job at a place of this kind costs nothing; where the kind is not known it may cost."""
    return kind in _PLACES and _PLACES[kind].free


def default_endpoint(token: str | Key | None = None) -> Endpoint:
    """Choose where to run when nobody said: Replicate where a key for it is at hand, else the built-in server."""
    hosted = Endpoint.replicate()
    try:
        return hosted if find_key(hosted, token) else Endpoint.builtin()
    except KeyRefused:
        if is_given(token):
            raise
        return hosted  # that is what was meant; what is wrong with the key is said when it is used
