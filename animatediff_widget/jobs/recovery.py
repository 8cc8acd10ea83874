"""Which job in an endpoint's list is the one whose answer was lost."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from animatediff_widget.model.body import Body
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.request import AnimateDiffRequest

__all__ = ["Found", "is_same_job", "list_jobs"]

# In seconds.
_DOUBT = 0.2  # how far off two clocks that agree may be
_COARSE = 0.5  # how far off an answer's ``Date`` may be, which is in whole seconds
_LATE = 5.0  # how long a job may take to be created after a gateway has given up


@dataclass(frozen=True)
class Found:
    """A job in the list that was made from the same body, as far as it tells, and is no other job's in the journal."""

    prediction: Prediction
    clock_ahead: float = 0.0  # the endpoint's against ours, in seconds, as its last answer said
    tells: bool = True  # whether the list tells what it was made from

    def fits(self, start: float, end: float) -> bool:
        """Whether it was created between two moments of our clock: by the endpoint's clock, or by ours.

        One of them may be wrong: this machine's, or that of a gateway, which is not the clock that dates jobs.
        """
        created = self.prediction.created_at
        if created is None:
            return False
        start -= _DOUBT + (1.0 if created.is_integer() else 0.0)  # it was cut to whole seconds
        if self.clock_ahead and start - _COARSE <= created - self.clock_ahead <= end + _LATE:
            return True
        return start <= created <= end + _LATE


def is_same_job(body: Body, prediction: Prediction) -> bool:
    """Whether a job in a list was made from a body; a list may trim texts, and leave out what is empty or default."""
    given = prediction.raw.get("input")
    if prediction.id is None or not isinstance(given, dict):
        return False
    return all(_plain(name, given.get(name)) == _plain(name, value) for name, value in body.to_json()["input"].items())


def _plain(name: str, value: Any) -> Any:
    value = value.strip() if isinstance(value, str) else value
    return _defaults().get(name) or None if value in (None, "", [], {}) else value


def list_jobs(predictions: Iterable[Prediction]) -> str:
    """Write the ids of jobs, with when they were created, for a sentence."""
    return ", ".join(f"{each.id}{_time(each.created_at)}" for each in predictions)


def _time(created: float | None) -> str:
    try:
        return "" if created is None else f" ({datetime.fromtimestamp(created):%Y-%m-%d %H:%M:%S})"
    except (ValueError, OverflowError, OSError):
        return ""


@functools.cache
def _defaults() -> dict[str, Any]:
    return AnimateDiffRequest().trait_values()
