"""When to ask next: rarely while a job runs, closely when it is about to end."""

from __future__ import annotations

from collections import deque

from animatediff_widget.model.prediction import Prediction

__all__ = ["Pace"]

_MOST_PER_SECOND = 3
_LONGEST = 2.0  # what a person watching a progress bar bears
_LONGEST_UNKNOWN = 3.0


class Pace:
    """Learns from a job's log when the job will end, and says when to ask.

    Parameters
    ----------
    tail : float
        How long after its last step a job is expected to end (encoding, uploading), in seconds: the `tail` of an
        earlier job at the same endpoint.
    """

    def __init__(self, tail: float = 0.0) -> None:
        self.tail = tail
        self._asked: deque[float] = deque(maxlen=_MOST_PER_SECOND)
        self._begun: float | None = None
        self._step: int | None = None
        self._last_step: float | None = None
        self._ahead: float | None = None
        self._canceled: float | None = None

    def asked(self, now: float) -> None:
        """Count a request at the time `now`, in seconds on a monotonic clock."""
        self._asked.append(now)
        if self._begun is None:
            self._begun = now

    def heard(self, prediction: Prediction, now: float) -> None:
        """Learn from an answer that came at the time `now`."""
        if self._ahead is None and prediction.created_at is not None:
            self._ahead = prediction.created_at - now  # the server's clock against ours, to within the way of an answer
        if prediction.done:
            if None not in (self._ahead, self._last_step, prediction.completed_at):
                learned = prediction.completed_at - self._ahead - self._last_step  # type: ignore[operator]
                self.tail = min(max(learned, 0.0), 60.0)
        # A bar that stands still says nothing new about the end.
        elif prediction.eta is not None and prediction.step != self._step:
            self._step = prediction.step
            self._last_step = now + prediction.eta

    def canceled(self, now: float) -> None:
        """Expect the end within a moment, whatever the log says."""
        self._canceled = now

    def delay(self, now: float) -> float:
        """How long to wait before asking again, in seconds."""
        if self._canceled is not None:
            wanted = min(0.1 + (now - self._canceled) / 4, _LONGEST)
        elif self._last_step is None:
            elapsed = now - (self._begun if self._begun is not None else now)
            wanted = min(0.35 + elapsed / 6, _LONGEST_UNKNOWN)
        else:
            left = self._last_step + self.tail - now
            if left > 1.2:
                wanted = min(left / 2, _LONGEST)
            elif left > 0:
                wanted = left + 0.03
            else:
                wanted = min(0.08 - left / 4, _LONGEST)
        if len(self._asked) == _MOST_PER_SECOND:
            wanted = max(wanted, self._asked[0] + 1.0 - now)
        return wanted
