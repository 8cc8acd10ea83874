"""How a job stands, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .job import Job

__all__ = ["describe", "duration"]

_STATES = {
    "new": "Ready",
    "submitting": "Sending",
    "downloading": "Fetching the animation",
    "succeeded": "Done",
    "failed": "Failed",
    "canceled": "Canceled",
    "accepted": "Accepted",
    "unknown": "Unknown",
    "left": "Left",
}


def describe(job: Job) -> str:
    """Say how a job stands: state, step, elapsed, about how long still.

    Parameters
    ----------
    job : Job
        The job.

    Returns
    -------
    str
        One line, such as ``Processing · step 12 of 25 · 6 s · about 7 s left``.
    """
    prediction = job.prediction
    if job.state == "running":
        status = prediction.status if prediction and prediction.status else "accepted"
        parts = [status.capitalize()]
        if prediction and prediction.total:
            parts.append(f"step {prediction.step} of {prediction.total}")
    else:
        parts = [_STATES[job.state]]
    if job.elapsed is not None:
        parts.append(duration(job.elapsed))
    if job.state == "running" and prediction and prediction.eta:
        parts.append(f"about {duration(prediction.eta)} left")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Say a duration, such as ``0.4 s``, ``12 s`` or ``2 min 05 s``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
