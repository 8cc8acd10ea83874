"""How a job stands, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from animatediff_widget.texts import TEXTS

if TYPE_CHECKING:
    from .job import Job

__all__ = ["describe", "duration"]


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
        known = TEXTS.get(f"status_{status}") or TEXTS.get(f"state_{status}")
        parts = [known or status.capitalize()]
        if prediction and prediction.total:
            parts.append(TEXTS["step_of"].format(step=prediction.step, total=prediction.total))
    else:
        parts = [TEXTS[f"state_{job.state}"]]
    if job.elapsed is not None:
        parts.append(duration(job.elapsed))
    if job.state == "running" and prediction and prediction.eta:
        parts.append(TEXTS["time_left"].format(time=duration(prediction.eta)))
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Say a duration, such as ``0.4 s``, ``12 s`` or ``2 min 05 s``."""
    if seconds < 9.95:
        return TEXTS["seconds"].format(seconds=f"{seconds:.1f}")
    minutes, rest = divmod(round(seconds), 60)
    return TEXTS["minutes"].format(minutes=minutes, seconds=rest) if minutes else TEXTS["seconds"].format(seconds=rest)
