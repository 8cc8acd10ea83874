"""A Dask cluster, as a plain value: the scheduler's address, and what a job needs there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl, quote

from animatediff_widget.errors import InvalidArgument, check
from animatediff_widget.keys.hiding import hide, holds_key, may_be_key
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import shown

__all__ = ["Cluster", "EngineName"]

EngineName = Literal["pocket", "gpu"]
"""What draws: the pocket model, or the real one by diffusers."""

_ADDRESS = re.compile(r"(?:tcp|tls|ucxx?|wss?|gateway|inproc)://[^\s/?#@]+(?:/[^\s?#]*)?")

# How an address is spoken to is known only by the live client that it came from; it is no part of the value, which is
# compared and written down.
_securities: dict[str, Any] = {}


@dataclass(frozen=True)
class Cluster:
    """Where to draw, with which engine, and which resources (names and amounts) each job takes up."""

    address: str
    engine: EngineName
    resources: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(
        cls, client_or_address: Any, engine: str = "pocket", resources: Mapping[str, float] | None = None
    ) -> Cluster:
        """Read the arguments of `Endpoint.dask`, or what `url` wrote; raises `InvalidArgument`."""
        given = client_or_address = hide(client_or_address)
        if not isinstance(given, str):
            scheduler = getattr(given, "scheduler", None)  # a client's; that of a local cluster is the real one
            given = getattr(given, "scheduler_address", None) or getattr(scheduler, "address", None)
        if isinstance(given, str):
            given = given.strip()
            if holds_key(given) or ("://" not in given and may_be_key(given)):
                raise InvalidArgument(Message("key_in_base_url" if "://" in given else "key_as_base_url"))
            given = str(given) if "://" in given else f"tcp://{given}"
        address, _, query = given.partition("?") if isinstance(given, str) else ("", "", "")
        if not _ADDRESS.fullmatch(address):
            value = given if isinstance(client_or_address, str) else type(client_or_address).__name__
            raise InvalidArgument(Message("not_a_cluster", value=shown(value)))
        more = parse_qsl(query)
        drawn_by: Any = dict(more).get("engine", engine)
        check(str, engine=drawn_by)
        engines = get_args(EngineName)
        if drawn_by not in engines:
            raise InvalidArgument(Message("no_such_engine", engine=shown(drawn_by), engines=", ".join(engines)))
        amounts: dict[str, Any] = dict(resources or {}) if isinstance(resources or {}, Mapping) else {"": 0.0}
        for text in (value for name, value in more if name == "resource"):
            kind, _, amount = text.rpartition(":")
            amounts[kind] = float(amount) if re.fullmatch(r"\d+(\.\d+)?", amount) else 0.0
        for name, amount in amounts.items():
            number = isinstance(amount, (int, float)) and not isinstance(amount, bool)
            if not (isinstance(name, str) and name.strip() and number and 0 < amount < 2**31):
                raise InvalidArgument(Message("not_resources", value=shown(resources or amounts)))
        security = getattr(client_or_address, "security", None)
        if security is not None:
            _securities[address] = security
        return cls(address, drawn_by, tuple(sorted((name, float(amount)) for name, amount in amounts.items())))

    @property
    def url(self) -> str:
        """All of it as text: the address, and behind it what differs from a pocket job without resources."""
        query = [f"engine={quote(self.engine)}"] if self.engine != "pocket" else []
        query += [f"resource={quote(name)}:{amount:g}" for name, amount in self.resources]
        return self.address + ("?" + "&".join(query) if query else "")

    @property
    def security(self) -> Any:
        """Dask's ``Security`` of the client that the address came from; None where it was given as text."""
        return _securities.get(self.address)
