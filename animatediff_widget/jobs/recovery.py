"""Which job in an endpoint's list is the one whose answer was lost."""

from __future__ import annotations

from animatediff_widget.model.body import Body
from animatediff_widget.model.prediction import Prediction

__all__ = ["is_same_job"]


def is_same_job(body: Body, prediction: Prediction) -> bool:
    """Whether a job in a list was made from a body."""
    given = prediction.raw.get("input")
    wanted = body.to_json()["input"]
    return (
        prediction.id is not None
        and isinstance(given, dict)
        and all(given.get(name) == value for name, value in wanted.items())
    )
