"""Connections that keep to the exchange they are used for."""

from __future__ import annotations

import http.client
import io
import os
import socket
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from animatediff_widget._version import __version__

from .exchange import Exchange, current

__all__ = ["Session"]

_SURELY_KEPT = 0.5  # seconds: servers close a connection that is idle for a whole second at the soonest
_MOST_KEPT = 32  # connections to one host


class Session(requests.Session):
    """A session whose connections are ours, and which takes nothing from the environment by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # proxies are looked up for each request; a proxy can do nothing for this machine's own
        self.headers["User-Agent"] = f"animatediff-widget/{__version__}"
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(pool_maxsize=_MOST_KEPT))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Find none: requests would read a redirect's body, however large, to prepare for following it."""


class _Response(http.client.HTTPResponse):
    """An answer whose every wait is cut to what the exchange has left."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp = io.BufferedReader(_PatientReader(sock, self.fp.detach(), current.get()))


class _Http(HTTPConnection):
    """A connection that knows the exchange it is used for."""

    debuglevel = 0  # http.client prints headers where it is told to debug
    response_class = _Response
    process = 0  # where it was made
    _answered = (0.0, 0.0)  # when it last brought an answer, on both clocks: one of them stops while a laptop sleeps

    @property
    def surely_kept(self) -> bool:
        """Whether the other end has answered so lately that it keeps the connection."""
        idle = (now - then for now, then in zip(_clocks(), self._answered, strict=True))
        return all(0 <= seconds < _SURELY_KEPT for seconds in idle)

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        self.process = os.getpid()
        if self.proxy is None:
            exchange = current.get()
            try:  # the name may have been given another address since it was looked up
                address = sock.getpeername()[0]
                exchange.check_address(address)
            except BaseException:
                sock.close()
                raise
            self._address: str | None = address
        return sock

    def connect(self) -> None:
        self._address = None
        super().connect()
        exchange = current.get()
        exchange.begin()
        if exchange.own and self._address is not None:
            exchange.own_addresses.add(self._address)

    def request(self, *args: Any, **more: Any) -> None:
        if self.sock is not None:
            exchange = current.get()
            exchange.begin()
            self.sock.settimeout(exchange.patience())
        super().request(*args, **more)

    def getresponse(self) -> Any:
        response = super().getresponse()
        self._answered = _clocks()
        return response


class _Https(_Http, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    def _get_conn(self, timeout: float | None = None) -> Any:
        """Give a connection; what is sent once gets a new one where the other end may have closed a kept one.

        One that the child of a fork inherited is its parent's: each would read what the other was answered.
        """
        connection: Any = super()._get_conn(timeout)
        if connection.process != os.getpid() or (current.get().once and not connection.surely_kept):
            connection.close()  # it connects anew by itself
        return connection


class _HttpPool(_Pool):
    ConnectionCls = _Http


class _HttpsPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _Https


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **more)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager


class _PatientReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, raw: io.RawIOBase, exchange: Exchange) -> None:
        self._sock = sock
        self._raw = raw
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._exchange.patience())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.time()
