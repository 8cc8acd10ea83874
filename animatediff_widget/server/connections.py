"""A bounded number of connections, and which one is closed when there are too many."""

from __future__ import annotations

import math
import sys
from enum import IntEnum
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPMessageDelegate
from tornado.iostream import IOStream

__all__ = ["Listener"]

MAX_CONNECTIONS = 500
"""Of one server, and no more than a quarter of the files that its process may open; select() on Windows takes 512."""

IDLE_SECONDS = 60.0
BODY_SECONDS = 30.0


class _Rank(IntEnum):
    """What a connection has done so far; the lowest rank is closed first."""

    UNPROVEN = 0  # has sent no request that the server may answer: with the token, or for a file by its secret path
    IDLE = 1  # has sent one, and no other since its answer
    BUSY = 2  # has sent one that is being answered


def _quarter_of_files() -> float:
    """Give a quarter of the files that this process may open: with none left, accept() fails for the owner too."""
    if sys.platform == "win32":
        return math.inf
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else max(soft // 4, 4)


class Listener(HTTPServer):
    """Tornado's server with a bounded number of connections.

    When there are as many, a new connection replaces the one that has had the lowest rank for longest. So a process
    without the token, however many connections it opens, cannot keep out one that has it.
    """

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Set up the server; tornado calls it with the constructor's arguments."""
        kwargs.update(idle_connection_timeout=IDLE_SECONDS, body_timeout=BODY_SECONDS)
        super().initialize(*args, **kwargs)
        self._most = _quarter_of_files()
        self._ranks: dict[IOStream, _Rank] = {}  # of one rank: in the order in which they came to it

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Take a new connection."""
        if len(self._ranks) >= min(self._most, MAX_CONNECTIONS):
            first = min(self._ranks, key=self._ranks.__getitem__)
            if self._ranks[first] is _Rank.BUSY:
                stream.close()
                return
            del self._ranks[first]
            first.close()
        self._ranks[stream] = _Rank.UNPROVEN
        super().handle_stream(stream, address)

    def start_request(self, server_conn: Any, request_conn: Any) -> HTTPMessageDelegate:
        """Wait for a connection's next request."""
        if self._ranks.get(request_conn.stream) is _Rank.BUSY:
            del self._ranks[request_conn.stream]  # so that it comes last among the idle ones
            self._ranks[request_conn.stream] = _Rank.IDLE
        return super().start_request(server_conn, request_conn)

    def prove(self, request_conn: Any) -> None:
        """Note that a connection has sent a request that is answered."""
        if request_conn.stream in self._ranks:
            self._ranks[request_conn.stream] = _Rank.BUSY

    def on_close(self, server_conn: Any) -> None:
        """Forget a connection."""
        self._ranks.pop(server_conn.stream, None)
        super().on_close(server_conn)
