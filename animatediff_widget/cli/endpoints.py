"""``endpoints``: where jobs can run from here, and what is missing."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.texts import TEXTS, Message

from .common import OK
from .output import say

if TYPE_CHECKING:
    from animatediff_widget.backends.base import Place

__all__ = ["add"]

_ENDPOINTS = "List the places that jobs can run at, by the names that --on takes, and what each of them lacks here."


def add(commands: Any) -> None:
    """Add the command."""
    endpoints = commands.add_parser("endpoints", help="list where jobs can run", description=_ENDPOINTS)
    endpoints.set_defaults(act=_endpoints)


def _endpoints(arguments: argparse.Namespace) -> int:
    from animatediff_widget.backends.registry import places

    for each in places():
        name = f"{each.kind}=URL" if each.needs_url else each.kind
        lacks = _lacks(each)
        say(f"{name:<12} {TEXTS[each.kind]}: {TEXTS.say(lacks or Message('can_be_used'))}")
        inputs = None if each.needs_url or lacks else each.inputs(each.endpoint(""))
        for one in inputs.further if inputs else ():
            default = "" if one.default is None else one.default
            say(f"{f'  --set {one.name}={default}':<32}  {one.row()[3]}".rstrip())
    return OK


def _lacks(place: Place) -> Message | str | None:
    """Say what a place lacks here; None where it can be used."""
    from animatediff_widget.keys.credentials import find_key

    try:
        has_key = not place.needs_key or find_key(place.endpoint("")) is not None
    except AnimateDiffError as error:
        return error.message
    return place.available() or (None if has_key else Message("key_missing"))
