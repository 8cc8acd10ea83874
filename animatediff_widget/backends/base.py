"""What every place that runs jobs can do, and what it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from animatediff_widget.keys.credentials import Key
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

__all__ = ["Abilities", "Backend", "Language", "Place"]

Language = Literal["curl", "python"]


@dataclass(frozen=True)
class Abilities:
    """What a place can do.

    Parameters
    ----------
    own_ids : bool
        It takes ids of ours: the same job can be created again under its id, and is run once.
    list : bool
        It has a list, in which a job whose answer was lost can be looked for.
    pushes : bool
        It tells when something changed: `Backend.watch` waits for it. Elsewhere it is one poll.
    cancel : bool
        A job can be canceled.
    previews : bool
        It shows a frame while it draws.
    free : bool
        A job costs nothing, and the same body gives the same animation: one that is lost is run again.
    """

    own_ids: bool = False
    list: bool = True
    pushes: bool = False
    cancel: bool = True
    previews: bool = False
    free: bool = False


class Backend(Protocol):
    """One place, and how it is spoken to.

    Every method does one exchange and returns what was answered or raises an `EndpointError`. Nothing is repeated.
    """

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint."""

    @property
    def abilities(self) -> Abilities:
        """What it can do."""

    @property
    def clock_ahead(self) -> float:
        """How far its clock is ahead of ours, in seconds, by its last answer."""

    def create(self, body: Body, job_id: str, cancel_after: float | None = None) -> Prediction:
        """Create a job, under `job_id` where the place takes ids of ours; it has `cancel_after` seconds to end."""

    def watch(self, prediction_id: str, previous: Prediction | None = None, at_most: float = 0.0) -> Prediction:
        """Ask how a job stands; where the place pushes, wait up to `at_most` seconds until that changed."""

    def cancel(self, prediction_id: str) -> Prediction:
        """Cancel a job; it may still run for a moment."""

    def list(self, since: float | None = None) -> Iterator[Prediction]:
        """Yield jobs, the newest first, page after page until older than `since` (seconds since the epoch)."""

    def fetch(self, output: str, to: Path) -> Path:
        """Fetch an output into a file, which appears under its name when it is whole and on the disk."""

    def snippet(self, body: Body, language: Language) -> str:
        """Write the same job as a curl command or a Python script."""

    def close(self) -> None:
        """Close the connections; the backend can be used again all the same."""


@dataclass(frozen=True)
class Place:
    """A kind of endpoint: what has to be known for it, and which backend speaks to it.

    Parameters
    ----------
    kind : str
        Its name in records and on the command line; its label in the panel is the text of that code.
    endpoint : callable
        Makes the endpoint of a base url; of an empty one where it needs none.
    open : callable
        Opens the backend of an endpoint, with a key (or None) and the time-outs of `Client`.
    needs_url, needs_key : bool
        Whether a person has to give a base url, and whether jobs there need a key.
    available : callable
        Gives None where it can be used here, else the sentence why not.
    """

    kind: str
    endpoint: Callable[[str], Endpoint]
    open: Callable[[Endpoint, Key | None, Any], Backend]
    needs_url: bool = False
    needs_key: bool = False
    available: Callable[[], Message | None] = lambda: None
