"""Where jobs are posted."""

from __future__ import annotations

import ipaddress
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit

from animatediff_widget.errors import AnimateDiffError, KeyRefused
from animatediff_widget.texts import TEXTS

if TYPE_CHECKING:
    from animatediff_widget.keys.credentials import Key

__all__ = ["Endpoint", "default_endpoint", "default_kind", "is_builtin_url", "is_loopback", "origin_of"]

_RELAY_PATH = "/replicate/v1/predictions"


@dataclass(frozen=True)
class Endpoint:
    """A place that runs jobs. Make one with `builtin`, `replicate` or `relay`.

    Parameters
    ----------
    kind : {"builtin", "replicate", "relay"}
        Which of the known ones it is.
    url : str
        Where predictions are created and listed, such as ``https://api.replicate.com/v1/predictions``.
    key_variable : str
        The environment variable that may hold its key.
    """

    kind: Literal["builtin", "replicate", "relay"]
    url: str
    key_variable: str = "REPLICATE_API_TOKEN"

    @classmethod
    def builtin(cls) -> Endpoint:
        """Give the predictions server inside this package, started on first use: offline, free, no key.

        Raises
        ------
        MissingExtra
            When the ``local`` extra is not installed.
        """
        from animatediff_widget.server import shared_server

        return cls("builtin", shared_server().base_url + _RELAY_PATH)

    @classmethod
    def replicate(cls) -> Endpoint:
        """Give Replicate itself, https://replicate.com."""
        return cls("replicate", "https://api.replicate.com/v1/predictions")

    @classmethod
    def relay(cls, base_url: str) -> Endpoint:
        """Give a reseller that relays Replicate's API.

        Parameters
        ----------
        base_url : str
            Its address, such as ``https://relay.example``; a path that ends in ``/replicate/v1/predictions``, or in
            the beginning of that, is taken as well.

        Raises
        ------
        AnimateDiffError
            When it is not the address of a web server.
        """
        url = base_url.strip()
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018 - raises where the port is not a number
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
        except ValueError:
            sound = False
        if not sound or any(character.isspace() for character in url):
            raise AnimateDiffError(TEXTS["not_a_base_url"].format(url=repr(url[:80])))
        if parts.username is not None:
            raise AnimateDiffError(TEXTS["key_in_base_url"])
        path = parts.path.rstrip("/")
        for tail in (_RELAY_PATH, "/replicate/v1", "/replicate"):
            if path.endswith(tail):
                path = path[: -len(tail)]
                break
        return cls("relay", f"{parts.scheme}://{parts.netloc}{path}{_RELAY_PATH}", "ANIMATEDIFF_API_KEY")

    @classmethod
    def from_url(cls, url: str, *, kind: str | None = None) -> Endpoint:
        """Give the endpoint that a job was posted to, as the journal has it.

        Parameters
        ----------
        url : str
            Its `url`.
        kind : str, optional
            Its `kind`; judged by the url when not given.

        Returns
        -------
        Endpoint
            Of the kind "builtin" only where it is the server of this very process: the key of another one is known to
            nobody here, and no other key is sent there.

        Raises
        ------
        AnimateDiffError
            When it is not the address of a web server.
        """
        if url == cls.replicate().url:
            return cls.replicate()
        if kind == "builtin" or (kind is None and is_builtin_url(url)):
            return cls("builtin", url) if url == _own_server_url() else cls("relay", url, "")
        return replace(cls.relay(url), url=url)

    @property
    def name(self) -> str:
        """What the endpoint is called in front of people."""
        if self.kind == "builtin":
            return TEXTS["name_builtin"]
        return "Replicate" if self.kind == "replicate" else TEXTS["name_relay"].format(host=urlsplit(self.url).netloc)

    @property
    def base_url(self) -> str:
        """The address without the path of the predictions."""
        return self.url.removesuffix(_RELAY_PATH).removesuffix("/v1/predictions")

    @property
    def origin(self) -> str:
        """Scheme, host and port: the only place its key goes to."""
        return origin_of(self.url)

    def prediction_url(self, prediction_id: str) -> str:
        """Give the url of one prediction, always at this endpoint's own base."""
        return f"{self.url}/{quote(prediction_id, safe='')}"

    def cancel_url(self, prediction_id: str) -> str:
        """Give the url that cancels one prediction."""
        return f"{self.prediction_url(prediction_id)}/cancel"


def default_kind(token: str | Key | None = None) -> Literal["builtin", "replicate"]:
    """Choose where to run when nobody said: Replicate where a key for it is at hand, else the built-in server.

    Parameters
    ----------
    token : str or Key, optional
        A key at hand.
    """
    from animatediff_widget.keys.credentials import find_key

    try:
        return "replicate" if find_key(Endpoint.replicate(), token) else "builtin"
    except KeyRefused:
        if token:
            raise
        return "replicate"  # that is what was meant; what is wrong with the key is said when it is used


def default_endpoint(token: str | Key | None = None) -> Endpoint:
    """Give the endpoint of `default_kind`.

    Parameters
    ----------
    token : str or Key, optional
        A key at hand.
    """
    return Endpoint.replicate() if default_kind(token) == "replicate" else Endpoint.builtin()


def is_builtin_url(url: str) -> bool:
    """Whether a url looks like one of a built-in server, of this process or another."""
    return url.startswith("http://127.0.0.1:") and url.endswith(_RELAY_PATH)


def _own_server_url() -> str | None:
    """Give the url of this process's built-in server, without starting one."""
    server = getattr(sys.modules.get("animatediff_widget.server.local"), "_shared", None)
    return f"{server.base_url}{_RELAY_PATH}" if server is not None and server.running else None


def origin_of(url: str) -> str:
    """Give a url's scheme, host and port, in lower case, the port always said.

    Raises
    ------
    ValueError
        When the url has no readable host or port.
    """
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def is_loopback(url: str) -> bool:
    """Whether a url stays on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
