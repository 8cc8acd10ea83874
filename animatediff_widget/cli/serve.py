"""``serve``: the pocket model alone."""

from __future__ import annotations

import argparse
import contextlib
import re
import time
from typing import Any

from animatediff_widget.texts import TEXTS

from .common import OK, USAGE, fail, text
from .output import say

__all__ = ["add"]

_SERVE = (
    "Serve the pocket model (drawn world, offline) on 127.0.0.1: the predictions API of Replicate, under /v1 and "
    "/replicate/v1. Prints its url and its key. Stop it with Ctrl-C."
)


def add(commands: Any) -> None:
    """Add the command."""
    serve = commands.add_parser("serve", help="serve the pocket model alone", description=_SERVE)
    serve.set_defaults(act=_serve)
    serve.add_argument(
        "--port", type=text, default="0", metavar="N", help="the port on 127.0.0.1 (default: a free one)"
    )


def _serve(arguments: argparse.Namespace) -> int:
    from animatediff_widget.server import LocalServer

    if not re.fullmatch("[0-9]{1,5}", arguments.port) or int(arguments.port) > 65535:
        return fail(TEXTS["not_a_port"].format(port=repr(arguments.port)), USAGE)
    with LocalServer(port=int(arguments.port)) as server:
        say(f"url    {server.base_url}/v1/predictions\nkey    {server.token}")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
    return OK
