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

__all__ = ["PLACE", "OwnBackend"]


def _available(endpoint: Endpoint | None = None) -> Message | None:
    missing = [name for name in ("tornado", "numpy", "PIL", "tqdm") if find_spec(name) is None]
    return Message("server_missing", names=", ".join(missing)) if missing else None


class OwnBackend(HostedBackend):
    """Speaks to a server of this process; its token is no person's key, and dies with the process."""

    def __init__(self, server: LocalServer, endpoint: Endpoint, limits: Any, *, at_once: int | None = None) -> None:
        # While one job is fetched and the next is posted, its processor has another to draw.
        runs = None if at_once else server.workers
        abilities = Abilities(pushes=True, free=True, previews=True, at_once=at_once or 2 * server.workers, runs=runs)
        super().__init__(
            endpoint,
            Key(server.token),
            limits,
            url=f"{server.base_url}/replicate/v1/predictions",
            abilities=abilities,
            inputs=server.inputs,
            snippet_token=server.token,
        )


def _open(endpoint: Endpoint, key: Key | None, limits: Any) -> HostedBackend:
    from animatediff_widget.server import shared_server

    return OwnBackend(shared_server(), endpoint, limits)


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
