"""How a job stands, in words."""

from __future__ import annotations

from collections.abc import Mapping

from animatediff_widget.texts import TEXTS, Message

from .view import JobView

__all__ = ["describe", "duration", "lasting"]

_LONGEST = 100
"""Of a line of the log, in characters."""


def describe(view: JobView, texts: Mapping[str, str] = TEXTS) -> str:
    """Say how a job stands in one line, such as ``Processing · step 12 of 25 · 6 s · about 7 s left``."""
    prediction = view.prediction
    if view.state == "running":
        status = prediction.status if prediction and prediction.status else "accepted"
        known = texts.get(f"status_{status}") or texts.get(f"state_{status}")
        parts = [known or status.capitalize()]
        if prediction and prediction.fetching:
            done, total = prediction.fetching
            parts.append(texts["fetching"].format(done=done, total=total))
        elif prediction and prediction.total:
            parts.append(texts["step_of"].format(step=prediction.step, total=prediction.total))
        elif prediction and status == "starting" and prediction.logs.strip():  # it says what it waits for
            parts.append(prediction.logs.strip().splitlines()[-1][:_LONGEST])
    else:
        parts = [texts[f"state_{view.state}"]]
    if view.elapsed is not None:
        parts.append(duration(view.elapsed, texts))
    if view.state == "running" and prediction and prediction.eta:
        parts.append(texts["time_left"].format(time=duration(prediction.eta, texts)))
    return " · ".join(parts)


def duration(seconds: float, texts: Mapping[str, str] = TEXTS) -> str:
    """Say a duration, such as ``0.4 s``, ``12 s`` or ``2 min 05 s``."""
    return lasting(seconds).in_words(texts)


def lasting(seconds: float) -> Message:
    """Give the message that says a duration."""
    if seconds < 9.95:
        return Message("seconds", seconds=f"{seconds:.1f}")
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return Message("hours", hours=minutes // 60, minutes=minutes % 60)
    return Message("minutes", minutes=minutes, seconds=rest) if minutes else Message("seconds", seconds=rest)
