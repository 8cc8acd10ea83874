"""Whether a key that was found may go to an endpoint."""

from __future__ import annotations

import contextlib

from animatediff_widget.backends.client import Client
from animatediff_widget.errors import KeyRefused
from animatediff_widget.journal import JournalProtocol
from animatediff_widget.model.endpoint import origin_of
from animatediff_widget.texts import Message

__all__ = ["check_key"]


def check_key(client: Client, journal: JournalProtocol, *, resumes: bool = False) -> None:
    """Refuse to take a key from the variable that all relays share to one that it was not given for.

    A key belongs to where it was used before. One that was never used goes where the person sends a new job; for a job
    that `resumes`, whose relay nobody named today, only where it cannot be another relay's. One that was given by hand
    goes where it was given for. Where it goes is noted. Raises `KeyRefused` and `JournalError`.
    """
    key, endpoint = client.key, client.endpoint
    if key is None:
        return
    uses, here = journal.key_uses(), endpoint.origin
    if (key.fingerprint, here) in uses:
        return
    if key.variable:
        used_at = sorted(origin for fingerprint, origin in uses if fingerprint == key.fingerprint)
        blanks = {"name": key.variable, "here": here, "own": endpoint.own_key_variable}
        if used_at:
            raise KeyRefused(Message("key_of_another_relay", used_at=", ".join(used_at), **blanks))
        if resumes and (any(origin == here for _, origin in uses) or _relays(journal) - {here}):
            raise KeyRefused(Message("key_of_unknown_relay", **blanks))
    journal.note_key_use(key.fingerprint, here)


def _relays(journal: JournalProtocol) -> set[str]:
    """Give the origins of the relays where the last jobs were posted."""
    origins = set()
    for entry in journal.jobs():
        with contextlib.suppress(ValueError):  # a damaged record
            if entry.kind == "relay":
                origins.add(origin_of(entry.endpoint))
    return origins
