"""What every place that runs jobs can do, and what it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from animatediff_widget.keys.credentials import Key
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

from .http.transport import Limits

__all__ = ["Abilities", "Available", "Backend", "Language", "Place"]

Language = Literal["curl", "python"]


@dataclass(frozen=True)
class Abilities:
    """What a place can do."""

    list: bool = True  # a job whose answer was lost can be looked for in a list
    pushes: bool = False  # it tells when something changed: `Backend.watch` waits for it; elsewhere it is one poll
    free: bool = False  # a job costs nothing, and the same body gives the same animation: a lost one is run again
    creates: int | None = None  # how many jobs an account may create in a minute, where it is known
    calls: int | None = None  # how many other requests it may send in a minute
    at_once: int = 8  # how many jobs side by side suit it
    previews: bool = False  # it shows the first frame of a job while it draws
    runs: int | None = None  # how many of them it runs at the same time, where that is known; the others wait there


class Backend(Protocol):
    """One place, and how it is spoken to.

    Every method does one exchange and returns what was answered or raises an `EndpointError`. Nothing is repeated.
    """

    @property
    def endpoint(self) -> Endpoint:
        """Where it is."""

    @property
    def abilities(self) -> Abilities:
        """What it can do."""

    @property
    def clock_ahead(self) -> float:
        """By how much its clock is ahead of ours, in seconds, as far as its last answer told; 0.0 where they agree."""

    def inputs(self, version: str | None = None) -> Inputs:
        """Give what a version of the model takes, as far as the place says; every `create` checks its body by it.

        Asked of a container, which may be down: nothing is known then, and nothing is raised.
        """

    def create(
        self, body: Body, job_id: str, cancel_after: float | None = None, *, previews: bool = False
    ) -> Prediction:
        """Create a job, under `job_id` where the place takes ids of ours; it has `cancel_after` seconds to end.

        With `previews`, a place that has them is asked for `Prediction.preview`.
        """

    def watch(self, prediction_id: str, previous: Prediction | None = None, at_most: float = 0.0) -> Prediction:
        """Ask how a job stands; where the place pushes, wait up to `at_most` seconds until that changed."""

    def cancel(self, prediction_id: str) -> Prediction:
        """Cancel a job; it may still run for a moment."""

    def list(self, since: float | None = None) -> Iterator[Prediction]:
        """Yield jobs, the newest first, page after page until older than `since` (seconds since the epoch)."""

    def fetch(self, output: str, to: Path) -> Path:
        """Fetch an output into a file, which appears under its name when it is whole and on the disk."""

    def preview(self, url: str) -> bytes:
        """Fetch a `Prediction.preview`: a JPEG."""

    def snippet(self, body: Body, language: Language) -> str:
        """Write the same job as a curl command or a Python script."""

    def close(self) -> None:
        """Close the connections; the backend can be used again all the same."""


class Available(Protocol):
    """Says whether a place, or one endpoint of it, can be used here."""

    def __call__(self, endpoint: Endpoint | None = None) -> Message | None:
        """Give None where it can, else why not. Nothing large is imported for it."""


@dataclass(frozen=True)
class Place:
    """A kind of endpoint: what has to be known for it, and which backend speaks to it."""

    kind: str  # in records and on the command line; its label in the panel is the text of that code
    endpoint: Callable[[str], Endpoint]  # makes it of a base url; of an empty one where it needs none
    open: Callable[[Endpoint, Key | None, Limits], Backend]
    needs_url: bool = False
    may_be_told: bool = False  # the command line can say more of it than its kind: a device
    example: str = "base_url_example"  # the text of that code is one of its urls
    needs_key: bool = False
    free: bool = False  # see `Abilities.free`
    inputs: Callable[[Endpoint], Inputs | None] = lambda _: Inputs()  # None where the place itself has to be asked
    previews: bool = False  # see `Abilities.previews`
    available: Available = lambda endpoint=None: None
