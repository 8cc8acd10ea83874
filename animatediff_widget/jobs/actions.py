"""What the steps of a job ask a driver to do."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from animatediff_widget.journal import JournalEntry
from animatediff_widget.model.prediction import Prediction


@dataclass(frozen=True)
class Begin:
    """Write the body in the journal; a `JournalError` is thrown in."""


@dataclass(frozen=True)
class Record:
    """Write a state in the journal, with what is known beside it; answered with a `JournalError` or None."""

    state: str
    known: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recall:
    """Look into the journal and on the disk; answered with the entry as it is now, and its animations."""

    entry: JournalEntry


@dataclass(frozen=True)
class Create:
    """Post the body; the endpoint is to cancel the job after so many seconds."""

    cancel_after: float
    previews: bool = False


@dataclass(frozen=True)
class Watch:
    """Ask how the job stands, or wait at most so many seconds until that changed."""

    prediction: Prediction
    at_most: float


@dataclass(frozen=True)
class Cancel:
    """Cancel the job at the endpoint."""

    prediction: Prediction


@dataclass(frozen=True)
class Search:
    """List the jobs with this body that are no other job's, created since then (our clock); answered with `Found`s."""

    since: float


@dataclass(frozen=True)
class Adopt:
    """Write down that a job that was found, or named by the person, is this one; answered with whether it was free."""

    prediction: Prediction
    named: bool = False


@dataclass(frozen=True)
class Fetch:
    """Fetch one of the outputs, the first or a further one; answered with its animation, whole and on the disk."""

    prediction: Prediction
    number: int = 0


@dataclass(frozen=True)
class Look:
    """Fetch the first frame as it stands, from a `Prediction.preview`; answered with it, or None where that failed."""

    url: str


@dataclass(frozen=True)
class Wait:
    """Wait, or until a cancellation is wanted."""

    seconds: float


Exchange = Create | Watch | Cancel | Search | Fetch | Look
Action = Begin | Record | Recall | Adopt | Wait | Exchange
Flow = Generator[Action, Any, None]
