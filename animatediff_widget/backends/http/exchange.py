"""What a connection has to know of its exchange: when it must end, where it may go, whether it has begun."""

from __future__ import annotations

import contextlib
import contextvars
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from animatediff_widget.errors import AnimateDiffError, ConnectionFailed, EndpointError, OutputError
from animatediff_widget.texts import Message

__all__ = ["Exchange", "Permit", "current"]

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_WHY = {
    socket.gaierror: "why_no_name",
    ssl.SSLError: "why_not_encrypted",
    ConnectionRefusedError: "why_nobody",
}


class Permit:
    """Whether an exchange may still begin: its caller may wait for it no longer. It begins with the first byte sent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = "unknown"  # to whoever connects: not every exchange asks

    def run(self, act: Callable[[], _T]) -> _T:
        """Do exchanges by this permit."""
        token = _permit.set(self)
        try:
            return act()
        finally:
            _permit.reset(token)

    def prepare(self) -> None:
        """Say that this exchange will ask before it begins."""
        with self._lock:
            self._state = "asked for" if self._state == "unknown" else self._state

    def begin(self) -> None:
        """Begin; raise where nobody waits any more."""
        with self._lock:
            if self._state == "withdrawn":
                raise TimeoutError("nobody waits for it any more")
            self._state = "used"

    def withdraw(self) -> bool:
        """Let nothing begin from now on; give whether nothing has."""
        with self._lock:
            unused = self._state == "asked for"
            self._state = "withdrawn"
            return unused


_permit: contextvars.ContextVar[Permit] = contextvars.ContextVar("permit")


@dataclass
class Exchange:
    """What the connection has to know about the request that it carries."""

    host: str
    what: Message
    within: float
    read_timeout: float
    own_addresses: set[str]
    own: bool
    once: bool = False  # it is not to be sent where nobody could know whether it arrived
    deadline: float = field(init=False)
    connected: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.within
        if permit := _permit.get(None):
            permit.prepare()

    def begin(self) -> None:
        """Say that from now on the request may arrive; raise where it is no longer to."""
        if permit := _permit.get(None):
            permit.begin()
        self.connected = True

    def patience(self) -> float:
        """How long the next bytes may take, in seconds."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the exchange took too long")
        return min(left, self.read_timeout)

    def check_host(self, url: str) -> None:
        """Refuse a host that is in a private network before anything goes there."""
        parts = urlsplit(url)
        with contextlib.suppress(OSError, UnicodeError):  # the connection itself will say it
            for found in socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM):
                self.check_address(str(found[4][0]))

    def check_address(self, address: str) -> None:
        """Refuse an address that only this machine or its network can reach, unless the endpoint is there itself."""
        if not (self.own or address in self.own_addresses or _is_public(address)):
            raise OutputError(Message("private_network", host=self.host))

    def guard(self, act: Callable[[], _T]) -> _T:
        """Do something with the network; what goes wrong there becomes an error of ours.

        It is raised outside the handler, without its past: the frames below hold headers, key and all.
        """
        failure: BaseException
        try:
            return act()
        except AnimateDiffError as error:
            failure = error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            failure = self._explain(error)
            logger.debug("%s: %s (%s)", self.what, failure, type(error).__name__)
        except BaseException as error:
            failure = error
        failure.__cause__ = failure.__context__ = None
        raise failure.with_traceback(None)

    def _explain(self, error: Exception) -> EndpointError:
        causes = _causes(error)

        def any_is(*kinds: type[BaseException]) -> bool:
            return any(isinstance(cause, kinds) for cause in causes)

        late = any_is(requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
        if self.connected:
            name = "did_not_answer" if late else "connection_broke"
            if time.monotonic() >= self.deadline:
                name = "took_too_long"
            text = Message(name, host=self.host, what=self.what, within=f"{self.within:g}")
            return ConnectionFailed(text, passing=True)
        if any_is(ssl.SSLCertVerificationError):
            return ConnectionFailed(Message("not_certified", host=self.host), arrived=False)
        if any_is(ValueError, LookupError):  # requests' and urllib3's complaints about urls are ValueErrors
            return ConnectionFailed(Message("not_an_address", host=self.host), arrived=False)
        why = next((name for kind, name in _WHY.items() if any_is(kind)), "why_late" if late else "why_no_connection")
        text = Message("not_reached", host=self.host, why=Message(why))
        return ConnectionFailed(text, arrived=False, passing=True)


current: contextvars.ContextVar[Exchange] = contextvars.ContextVar("exchange")


def _is_public(address: str) -> bool:
    """Whether an address is one of the open internet, seen through IPv6's ways of wrapping IPv4."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            ip = wrapped
    return ip.is_global and not ip.is_multicast


def _causes(error: BaseException) -> list[BaseException]:
    """List an error and all that it wraps: requests keeps urllib3's, urllib3 keeps the socket's."""
    found = [error]
    for each in found:
        inner = [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
        found += [item for item in inner if isinstance(item, BaseException) and not any(item is one for one in found)]
    return found
