"""A Dask cluster, behind a server of this process."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from animatediff_widget.engines.named import inputs_of
from animatediff_widget.errors import MissingExtra
from animatediff_widget.keys.credentials import Key
from animatediff_widget.model.body import Body
from animatediff_widget.model.cluster import Cluster
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

from . import builtin
from .base import Place
from .hosted import HostedBackend

if TYPE_CHECKING:
    from animatediff_widget.server.cluster_server import ClusterServer

__all__ = ["PLACE"]

# Jobs of a sweep at once: so many that a cluster that can grow does so, and no more than this process can follow.
_FEWEST, _MOST = 32, 200


class _DaskBackend(builtin.OwnBackend):
    """Speaks to the server in front of a cluster, and says where its scheduler is lost: jobs have no end there then."""

    def __init__(self, server: ClusterServer, endpoint: Endpoint, limits: Any) -> None:
        super().__init__(server, endpoint, limits, at_once=min(max(_FEWEST, 2 * server.workers), _MOST))
        self._server = server

    def create(
        self, body: Body, job_id: str, cancel_after: float | None = None, *, previews: bool = False
    ) -> Prediction:
        """See `Backend.create`."""
        self._server.check()
        return super().create(body, job_id, cancel_after, previews=previews)

    def watch(self, prediction_id: str, previous: Prediction | None = None, at_most: float = 0.0) -> Prediction:
        """See `Backend.watch`."""
        self._server.check()
        return super().watch(prediction_id, previous, at_most)


def _available(endpoint: Endpoint | None = None) -> Message | None:
    missing = [name for name in ("dask", "distributed") if find_spec(name) is None]
    return Message("dask_missing", names=", ".join(missing)) if missing else builtin.PLACE.available()


def _open(endpoint: Endpoint, key: Key | None, limits: Any) -> HostedBackend:
    """Connect to the cluster, once in a process; `AnimateDiffError` where that cannot be used."""
    missing = _available()
    if missing:
        raise MissingExtra(missing)
    from animatediff_widget.server.cluster_server import cluster_server

    return _DaskBackend(cluster_server(Cluster.of(endpoint.url)), endpoint, limits)


def _inputs(endpoint: Endpoint) -> Inputs:
    return inputs_of(Cluster.of(endpoint.url).engine)


PLACE = Place(
    "dask",
    Endpoint.dask,
    _open,
    needs_url=True,
    example="dask_example",
    free=True,
    inputs=_inputs,
    previews=True,
    available=_available,
)
