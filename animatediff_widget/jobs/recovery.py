"""Looking for a job whose first answer was lost."""

from __future__ import annotations

from collections.abc import Callable

from animatediff_widget.backends.client import Client
from animatediff_widget.errors import EndpointError
from animatediff_widget.journal.sqlite import Journal
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.request import AnimateDiffRequest

__all__ = ["find_lost"]

_LOOKS = (0.5, 2.0, 5.0)  # seconds before each: what was just created may not be listed at once
_CLOCK_SKEW = 300.0


def find_lost(
    client: Client,
    journal: Journal,
    key: str,
    request: AnimateDiffRequest,
    submitted: float,
    sleep: Callable[[float], object],
) -> Prediction | None:
    """Look for a job in the endpoint's list.

    Parameters
    ----------
    client : Client
        Where it was posted.
    journal : Journal
        Predictions that stand there already belong to other jobs, unless it is this one's entry.
    key : str
        The job's key in the journal.
    request : AnimateDiffRequest
        What was posted.
    submitted : float
        When, in seconds since the epoch.
    sleep : callable
        Waits for a number of seconds.

    Returns
    -------
    Prediction or None
        None when the endpoint's list does not have it, or there is no list.
    """
    wanted = request.body()["input"]
    for wait in _LOOKS:
        sleep(wait)
        try:
            listed = client.list()
        except EndpointError:
            continue
        since = submitted + client.clock_ahead - _CLOCK_SKEW
        for prediction in listed:
            given = prediction.raw.get("input")
            if (
                prediction.id
                and isinstance(given, dict)
                and all(given.get(name) == value for name, value in wanted.items())
                and (prediction.created_at or since) >= since
            ):
                known = journal.get(prediction.id)
                if known is None or known.key == key:
                    return prediction
    return None
