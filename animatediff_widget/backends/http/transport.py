"""Exchanges over HTTP that always end, follow no redirect, and know for certain whether anything was sent."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase

from animatediff_widget.errors import AnswerError, ConnectionFailed
from animatediff_widget.keys.credentials import Key
from animatediff_widget.model.endpoint import is_loopback, origin_of
from animatediff_widget.texts import Message

from .connection import Session
from .exchange import Exchange, current

__all__ = ["TRUSTED", "Limits", "Reply", "Transport", "resolve"]

TRUSTED = "ANIMATEDIFF_WIDGET_OUTPUTS"
"""The environment variable that lists origins to fetch outputs from, beside the endpoint's own and https."""

_PIECE = 2**16


@dataclass(frozen=True)
class Limits:
    """How long exchanges may take, in seconds, as the time-outs of `Client`."""

    connect: float = 10.0
    read: float = 30.0
    answer: float = 60.0
    download: float = 600.0


class Transport:
    """Sends requests, from any thread; the key goes along to `origin` only, the endpoint's own, from `origin_of`."""

    def __init__(self, origin: str, key: Key | None, limits: Limits) -> None:
        self._origin = origin
        self._auth = _Bearer(key, origin)
        self._limits = limits
        self._own_addresses: set[str] = set()
        self._session = Session()

    def close(self) -> None:
        """Close the connections; others are opened where they are needed."""
        self._session.close()

    def is_own(self, url: str) -> bool:
        """Whether a url is at the endpoint's own origin."""
        try:
            return origin_of(url) == self._origin
        except ValueError:
            return False

    def trusts(self, url: str) -> bool:
        """Whether outputs may be fetched from a url's origin although it is not encrypted, or private."""
        try:
            listed = [origin_of(each) for each in os.environ.get(TRUSTED, "").replace(",", " ").split()]
            return self.is_own(url) or origin_of(url) in listed
        except ValueError:
            return self.is_own(url)

    @contextlib.contextmanager
    def send(
        self,
        method: str,
        url: str,
        what: Message,
        *,
        within: float,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        compressed: bool = True,
        once: bool = False,
    ) -> Iterator[Reply]:
        """Send one request, with `body` as JSON; all of it, the reply's body included, ends `within` seconds.

        What is to be sent `once` uses no kept connection that may have been closed at the other end meanwhile: nobody
        could know then whether it arrived.

        Anywhere but at an origin that is trusted, private addresses are refused. In the `EndpointError` that is raised
        when there is no reply, ``arrived`` is False only where not one byte of the request left this machine.
        """
        own = self.trusts(url)
        exchange = Exchange(_host(url), what, within, self._limits.read, self._own_addresses, own, once)

        def ask() -> requests.Response:
            if not own:
                exchange.check_host(url)
            proxies = {} if is_loopback(url) else requests.utils.get_environ_proxies(url)
            # Through a SOCKS proxy the connection is not one of ours, and does not tell when it stands.
            if any(proxy.lower().startswith("socks") for proxy in proxies.values()):
                exchange.begin()
            # By hand: `Session.request` merges what a session has with each request, which takes a third of its time.
            request = requests.PreparedRequest()
            request.prepare(
                method=method,
                url=url,
                json=body,
                headers={
                    **self._session.headers,
                    "Accept-Encoding": "gzip" if compressed else "identity",
                    **(headers or {}),
                },
                auth=self._auth,
                cookies=self._session.cookies,
            )
            return self._session.send(
                request,
                timeout=(min(self._limits.connect, within), self._limits.read),
                proxies=proxies,
                verify=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True,
                stream=True,
                allow_redirects=False,
            )

        token = current.set(exchange)
        try:
            response = exchange.guard(ask)
        finally:
            current.reset(token)
        try:
            yield Reply(response, exchange)
        finally:
            response.close()


class Reply:
    """What came back: status and headers at once, the body piece by piece."""

    def __init__(self, response: requests.Response, exchange: Exchange) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._exchange = exchange

    def pieces(self, cap: int) -> Generator[bytes, None, None]:
        """Yield the body as it comes, decompressed, up to `cap` bytes."""
        host, size = self._exchange.host, 0
        encoding = self.headers.get("Content-Encoding", "").strip().lower()
        if encoding in ("", "identity"):
            pieces: Iterator[bytes] = self._raw()
        elif encoding in ("gzip", "x-gzip", "deflate"):
            pieces = _decompress(self._raw(), host)
        else:
            raise AnswerError(Message("unknown_encoding", host=host, encoding=encoding[:40]))
        for piece in pieces:
            size += len(piece)
            if size > cap:
                raise AnswerError(Message("answer_too_large", host=host, size=f"{cap / 2**20:g}"))
            yield piece

    def _raw(self) -> Iterator[bytes]:
        raw = self._response.raw
        while True:
            piece: bytes = self._exchange.guard(lambda: raw.read(_PIECE, decode_content=False))
            if not piece:
                break
            yield piece
        if raw.length_remaining:  # not every urllib3 minds a body that ends too early
            raise _broken_off(self._exchange.host)


class _Bearer(AuthBase):
    """Put the key on requests to one origin. Being an auth of its own, it also keeps ``.netrc`` out."""

    def __init__(self, key: Key | None, origin: str) -> None:
        self._key = key
        self._origin = origin

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None and origin_of(request.url or "") == self._origin:
            request.headers["Authorization"] = self._key.header()
        return request


def _decompress(pieces: Iterator[bytes], host: str) -> Iterator[bytes]:
    """Decompress gzip or zlib in small pieces: the content may be a thousand times larger than what came."""
    decompressor, compressed = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS), None
    for compressed in pieces:
        while not decompressor.eof:
            try:
                piece = decompressor.decompress(compressed, _PIECE)
            except zlib.error:
                raise AnswerError(Message("not_decompressed", host=host), passing=True) from None
            if piece:
                yield piece
            compressed = decompressor.unconsumed_tail
            if not compressed and len(piece) < _PIECE:
                break
    if not (decompressor.eof or compressed is None):  # an empty body may be said to be compressed
        raise _broken_off(host)


def _broken_off(host: str) -> ConnectionFailed:
    return ConnectionFailed(Message("broke_off", host=host), passing=True)


def _host(url: str) -> str:
    """Name a url's host and port, without a user name."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2][:100] or repr(url[:80])
    except ValueError:
        return repr(url[:80])


def resolve(base: str, url: Any) -> str | None:
    """Give a url relative to another; None where it is none."""
    if not isinstance(url, str) or not url:
        return None
    try:
        resolved = urljoin(base, url)
        parts = urlsplit(resolved)
        return resolved if parts.hostname and parts.port != 0 else None
    except ValueError:  # it is broken, or its port is no number
        return None
