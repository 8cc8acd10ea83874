"""The server in front of a Dask cluster."""

from __future__ import annotations

import os
import threading

from animatediff_widget.engines.named import inputs_of
from animatediff_widget.errors import EndpointGone
from animatediff_widget.model.cluster import Cluster
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.texts import Message

from .cluster import ClusterRunner
from .local import LocalServer
from .runners import Runner

__all__ = ["ClusterServer", "cluster_server"]

_QUEUE = 100_000  # the cluster itself is the queue


class ClusterServer(LocalServer):
    """A `LocalServer` whose engine runs on a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(queue_size=_QUEUE)
        self._cluster = cluster
        self._runner: ClusterRunner | None = None

    @property
    def inputs(self) -> Inputs:
        """See `LocalServer.inputs`."""
        return inputs_of(self._cluster.engine)

    @property
    def lost(self) -> bool:
        """Whether the connection to the scheduler is lost, and all that ran there."""
        return self._runner is not None and self._runner.lost

    def check(self) -> None:
        """Raise where the scheduler is lost; what was refused then certainly does not run."""
        if self.lost:
            raise EndpointGone(Message("cluster_gone", address=self._cluster.address), arrived=False)

    def _make_runner(self) -> Runner:
        self._runner = ClusterRunner(self._cluster)
        self._workers = self._runner.workers
        return self._runner


_lock = threading.Lock()
_servers: dict[Cluster, ClusterServer] = {}


def cluster_server(cluster: Cluster) -> ClusterServer:
    """Give this process's server for a cluster, started on first use; a new one where its scheduler was lost."""
    with _lock:
        server = _servers.get(cluster)
        if server is not None and server.running and not server.lost:
            return server
        if server is not None:
            server.close()
        server = ClusterServer(cluster)
        server.start()
        _servers[cluster] = server
        return server


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()  # another thread of the parent may have held it, for as long as a cluster was silent


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
