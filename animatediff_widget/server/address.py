"""Where a server listens, how it is encrypted, and by which names it is asked."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.model.endpoint import is_loopback
from animatediff_widget.texts import Message

__all__ = ["Address"]

_BACKLOG = 512
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened at
_NAME = re.compile(r"(?:[\w.-]{1,253}|\[[0-9a-f:.%]{2,60}\])(?::\d{1,5})?", re.ASCII)


@dataclass(frozen=True)
class Address:
    """An address to listen at. `public` is the url by which others come where something stands between."""

    host: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    public: str = ""

    @property
    def everywhere(self) -> bool:
        """Whether it is all addresses of this machine."""
        return self.host in _EVERYWHERE

    @property
    def beyond(self) -> bool:
        """Whether other machines may reach it."""
        return not is_loopback(self.base_url) or self.everywhere

    @property
    def base_url(self) -> str:
        """The url that reaches it from this machine."""
        return self.named(_EVERYWHERE.get(self.host, self.host))

    def named(self, host: str) -> str:
        """Give the url under another name, or address, of the machine."""
        return f"{'https' if self.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def listen(self) -> tuple[Address, socket.socket]:
        """Begin to listen; give the address in numbers, with its port. `AnimateDiffError` where that cannot be."""
        try:
            if not self.host.strip():  # for a socket that is everywhere; for a person, a variable that is not set
                raise socket.gaierror(socket.EAI_NONAME, "")
            family, *_, where = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
            dual = self.host == "::" and socket.has_dualstack_ipv6()
            listening = socket.create_server(where[:2], family=family, backlog=_BACKLOG, dualstack_ipv6=dual)
        except (OSError, OverflowError, UnicodeError) as error:
            raise AnimateDiffError(self._explain(error)) from error
        listening.setblocking(False)
        return replace(self, host=listening.getsockname()[0], port=listening.getsockname()[1]), listening

    def _explain(self, error: Exception) -> Message:
        if isinstance(error, (socket.gaierror, UnicodeError)):
            return Message("not_an_address_here", host=repr(self.host), why=Message("why_no_name"))
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        if isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL:
            return Message("not_an_address_here", host=repr(self.host), why=why)
        return Message("port_taken", port=self.port, why=why) if self.port else Message("no_port", why=why)

    def accepts(self, host: str) -> bool:
        """Whether a request may name the server so.

        On this machine only by its own names: a web page of anybody's can have its own name lead here (DNS rebinding).
        By which names other machines come is not known here; a page there lacks the token.
        """
        host = host.lower()
        if self.beyond:
            return _NAME.fullmatch(host) is not None
        if self.public and host == urlsplit(self.public).netloc.lower():
            return True
        if not re.search(r":\d+$", host):
            host = f"{host}:{443 if self.tls else 80}"
        return host in (urlsplit(self.base_url).netloc, f"localhost:{self.port}")

    def origin(self, host: str) -> str:
        """Give what the urls in an answer begin with, for a request that named the server so."""
        if self.public and host.lower() == urlsplit(self.public).netloc.lower():
            return self.public
        return f"{'https' if self.tls else 'http'}://{host}"
