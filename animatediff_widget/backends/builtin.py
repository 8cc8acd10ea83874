"""The server inside this package: offline, free, no key."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from animatediff_widget.engines.named import inputs_of
from animatediff_widget.keys.credentials import Key
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.texts import Message

from .base import Abilities, Place
from .hosted import HostedBackend

if TYPE_CHECKING:
    from animatediff_widget.server import LocalServer

__all__ = ["PLACE", "speak_to"]


def _available(endpoint: Endpoint | None = None) -> Message | None:
    missing = [name for name in ("tornado", "numpy", "PIL", "tqdm") if find_spec(name) is None]
    return Message("server_missing", names=", ".join(missing)) if missing else None


def _open(endpoint: Endpoint, key: Key | None, limits: Any) -> HostedBackend:
    from animatediff_widget.server import shared_server

    return speak_to(shared_server(), endpoint, limits)


def speak_to(server: LocalServer, endpoint: Endpoint, limits: Any) -> HostedBackend:
    """Speak to a server of this process; its token is no person's key, and dies with the process."""
    # While one job is fetched and the next is posted, its processor has another to draw.
    workers = server.workers
    abilities = Abilities(pushes=True, free=True, previews=True, at_once=2 * workers, runs=workers)
    url = f"{server.base_url}/replicate/v1/predictions"
    key, token = Key(server.token), server.token
    return HostedBackend(endpoint, key, limits, url=url, abilities=abilities, inputs=server.inputs, snippet_token=token)


def _inputs(endpoint: Endpoint) -> Inputs:
    return inputs_of("pocket")


PLACE = Place(
    "builtin",
    lambda _: Endpoint.builtin(),
    _open,
    free=True,
    previews=True,
    inputs=_inputs,
    available=_available,
)
