"""``serve``: an engine behind the hosted API, for this machine or for a group."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import re
import secrets
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.texts import TEXTS, Message

from .common import OK, USAGE, fail, text
from .output import complain, say

if TYPE_CHECKING:
    import ssl

    from animatediff_widget.engines import Engine
    from animatediff_widget.server.address import Address

__all__ = ["add"]

_LONGEST_KEY = 4096
_SHORTEST_KEY = 20
"""Of a key that other machines can try at: 20 random letters or digits cannot be guessed in any time."""

_SERVE = (
    "Serve the pocket model (drawn world, offline) or this computer's GPU: the predictions API of Replicate, under /v1 "
    "and /replicate/v1. Prints its url, its key, and what to paste where it is used. Stop it with Ctrl-C. On 127.0.0.1 "
    "only this machine can ask, and whoever has an account here, through ssh. With --host others can, too: all who "
    "have the key run jobs here, and see and cancel each other's; on the GPU they name weights to fetch, or files of "
    "weights on this machine."
)
_FLAGS = {
    "engine": ("pocket", "NAME", "what draws: pocket, gpu, or gpu=DEVICE, such as gpu=cuda:1 (default: pocket)"),
    "host": ("127.0.0.1", "ADDRESS", "the address to listen at, or 0.0.0.0 for all of them (default: 127.0.0.1)"),
    "port": ("0", "N", "the port to listen at (default: a free one)"),
    "token-file": (None, "FILE", "the key is in this file, or is made and kept there; it is not printed then"),
    "tls-cert": (
        None,
        "FILE",
        "speak https with this certificate (PEM, with its chain). Where it is of an authority of your own, its "
        "callers set REQUESTS_CA_BUNDLE to that one's file",
    ),
    "tls-key": (None, "FILE", "the certificate's key, where it is not in the same file"),
    "url": (None, "URL", "the base url that others use, where a proxy or a tunnel stands between"),
}


def add(commands: Any) -> None:
    """Add the command."""
    serve = commands.add_parser("serve", help="serve the pocket model or this computer's GPU", description=_SERVE)
    serve.set_defaults(act=_serve)
    for name, (default, metavar, shown) in _FLAGS.items():
        serve.add_argument(f"--{name}", type=text, default=default, metavar=metavar, help=shown)


def _serve(arguments: argparse.Namespace) -> int:
    from animatediff_widget.server import LocalServer

    if not re.fullmatch("[0-9]{1,5}", arguments.port) or int(arguments.port) > 65535:
        return fail(TEXTS["not_a_port"].format(port=repr(arguments.port)), USAGE)
    try:
        server = LocalServer(
            _make_engine(arguments.engine),
            host=arguments.host,
            port=int(arguments.port),
            token=_read_key(arguments.token_file) if arguments.token_file else None,
            tls=_read_certificate(arguments.tls_cert, arguments.tls_key),
            public_url=arguments.url,
        )
    except AnimateDiffError as error:
        return fail(error, USAGE)
    if server.address.beyond and len(server.token) < _SHORTEST_KEY:
        return fail(TEXTS["key_short"].format(file=arguments.token_file, least=_SHORTEST_KEY), USAGE)
    with contextlib.suppress(KeyboardInterrupt), server:
        _say_how(server.address, arguments.host, server.token, arguments.token_file)
        while True:
            time.sleep(3600)
    return OK


def _make_engine(said: str) -> Engine | None:
    """Make the engine that was named; None for the pocket model, which the server makes for all processors."""
    from animatediff_widget.backends.registry import place
    from animatediff_widget.engines.named import make_engine

    name, equals, device = said.partition("=")
    if said == "pocket":
        return None
    if name != "gpu" or (equals and not device):
        raise AnimateDiffError(Message("not_an_engine", engine=repr(said)))
    endpoint = place("gpu").endpoint(device)
    missing = place("gpu").available(endpoint)
    if missing:
        raise AnimateDiffError(missing)
    return make_engine("gpu", **endpoint.options)


def _say_how(address: Address, host: str, token: str, file: str | None) -> None:
    """Print where it is, what to paste elsewhere, and what is to be known of who can listen in."""
    name = socket.gethostname() if address.everywhere else host
    url = address.public or address.named(name)
    there = url
    if address.beyond:
        complain(TEXTS["serve_beyond"].format(url=url))
    say(f"url     {url}/v1/predictions\nkey     {TEXTS['serve_key_in'].format(file=file) if file else token}")
    if address.beyond and url.startswith("http:"):
        complain(TEXTS["serve_in_the_clear"])
        there = f"http://127.0.0.1:{address.port}"
        at = "127.0.0.1" if address.everywhere else address.host
        say(f"ssh     ssh -N -L {address.port}:{at}:{address.port} {name}")
    endpoint = f'Endpoint.relay("{there}")'
    say(f"panel   from animatediff_widget import *; AnimateDiffPanel(endpoint={endpoint})")
    say(f'python  from animatediff_widget import *; animate("a boat on the sea", endpoint={endpoint})')
    say(TEXTS["serve_key_there"])


def _read_key(file: str) -> str:
    """Read the key from its file; make both where there is no such file."""
    path = Path(file)
    try:
        with contextlib.suppress(FileExistsError):
            made = secrets.token_urlsafe(32)
            with open(path, "x", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as new:
                new.write(f"{made}\n")
            return made
        with path.open(encoding="utf-8") as old:
            key = old.read(_LONGEST_KEY + 1).strip()
            mode = os.fstat(old.fileno()).st_mode
        if len(key) > _LONGEST_KEY:  # a part of it would be another key than its callers have
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        if os.name == "posix" and path.is_file() and mode & 0o077:
            complain(TEXTS["key_file_open"].format(file=file))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise AnimateDiffError(Message("key_file_unread", file=file, why=why)) from None
    if not key:
        raise AnimateDiffError(Message("key_file_empty", file=file))
    if not (key.isascii() and key.isprintable()):
        raise AnimateDiffError(Message("key_file_wrong", file=file))
    return key


def _read_certificate(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """Read what https needs."""
    import ssl

    if certificate is None:
        if key is not None:
            raise AnimateDiffError(Message("certificate_missing"))
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=lambda: b"")  # or it asks for one, in the terminal
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        files = ", ".join(filter(None, (certificate, key)))
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise AnimateDiffError(Message("certificate_unread", files=files, why=why)) from None
    return context
