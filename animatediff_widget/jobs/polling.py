"""When to ask next how a job stands: rarely while it runs, closely when its end is due.

The official client sleeps half a second between two answers. A `Schedule` has never sent more requests than that client
would have sent by then, but distributes them otherwise: what it does not use while the end is far is saved, and is
spent where the end is expected.

The end is expected

- where the log has a progress bar, `tail` seconds after its last step. A step that is seen at the time t was done at t
  at the latest: two or more such sightings, on this machine's monotonic clock, give the seconds that a step takes, and
  the earliest of what they say of the last step is taken, so that a log that grows in lumps misleads little. The speed
  that the bar itself claims is not used, for it may be wrong;
- where there is no bar, after as long as an earlier job took;
- otherwise at no particular time. Then it asks evenly, after a sparse beginning: an animation takes some seconds.

Around an expected end the saved requests are spread over a span in proportion to the distance from it: the nearer, the
closer together, and ever more widely when it does not come.
"""

from __future__ import annotations

from collections import deque
from statistics import linear_regression
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from animatediff_widget.model.prediction import Prediction

__all__ = ["Schedule"]

# Found by simulation; tests/jobs/test_polling.py has a small one. In seconds where nothing else is said.
_BURST = 8  # requests in any one second
_PERIOD = 0.505  # from an answer to the next request, in the official client
_FAR = 1.25  # the wait while the end is far, and at the beginning: a person watches the bar
_SPARSE_UNTIL = 2.6  # the beginning, where nothing is known
_SPENT_WITHIN = 3.0  # what was saved, where nothing is known
_SHARE = 0.6  # of the time to the expected end, waited at once
_SPREAD, _SPREAD_LATE = 1.5, 5.0  # the span for the saved requests, in distances from the end; and after it
_LATE = 0.125  # of the time since then, waited at least: a long job has saved more than anyone should spend at once
_CLOSEST = 0.07
_UNCERTAIN = 0.1  # how far off an expected end may be at the least
_LONGEST = 2.0
_LONG_JOB = 240.0  # the wait is at least this part of a job's age
_SIGHTINGS = 16  # the last so many count


class Schedule:
    """Says when to ask next about one job, and learns from the answers. All times are seconds on one monotonic clock.

    `tail` is how long after its last step a job is expected to end (encoding, uploading): that of an earlier job there,
    and once this one has succeeded, its own. `known` is how long earlier jobs of the same endpoint, version and steps
    took, from the POST to the end; `took` is how long this one did, once it has succeeded. Neither means anything for a
    job that was taken up after its POST.
    """

    def __init__(self, *, tail: float = 0.0, known: float | None = None) -> None:
        self.tail = tail
        self.took: float | None = None
        self._known = known
        self._asked: deque[float] = deque(maxlen=_BURST)
        self._polls = 0  # requests since the first answer
        self._posted = 0.0
        self._answered: float | None = None  # for the first time
        self._answers = 0
        self._exchange = 0.0  # from a request to its answer, on average
        self._ahead: float | None = None  # the server's clock against ours
        self._unended = 0.0  # last seen not to have ended
        self._bar: deque[tuple[int, float]] = deque(maxlen=_SIGHTINGS)  # steps, and when each was first seen
        self._total = 0
        self._canceled: float | None = None

    def asked(self, now: float) -> None:
        """Count a request that is sent at the time `now`, the POST included."""
        self._asked.append(now)
        self._polls += self._answered is not None

    def heard(self, prediction: Prediction, now: float) -> None:
        """Learn from an answer that came at the time `now`."""
        sent = self._asked[-1] if self._asked else now
        seen = (sent + now) / 2  # when the server looked
        self._answers += 1
        self._exchange += (now - sent - self._exchange) / self._answers
        if self._answered is None:
            self._posted, self._answered, self._unended = sent, now, sent
            if prediction.created_at is not None:
                self._ahead = prediction.created_at - seen
        if prediction.step is not None and prediction.total:
            self._see(prediction.step, prediction.total, seen)
        if not prediction.done:
            self._unended = seen
        elif prediction.status == "succeeded" and self.took is None:  # one that failed says nothing about others
            self._learn(prediction.completed_at, seen)

    def canceled(self, now: float) -> None:
        """Expect the end at once, whatever the log says."""
        self._canceled = now

    def delay(self, now: float) -> float:
        """Give how long to wait before asking again, in seconds."""
        answered = now if self._answered is None else self._answered
        age = now - answered
        allowed = _PERIOD + self._exchange
        steady = min(max(allowed, age / _LONG_JOB), _LONGEST)
        if self._canceled is not None:
            wanted = min(0.1 + (now - self._canceled) / 4, _LONGEST)
        else:
            saved = max(age / allowed - self._polls, 0.0)
            due = (self._polls + 1) * allowed - age
            wanted = max(self._wanted(now, age, saved, steady), min(due, _LONGEST))
        if len(self._asked) == _BURST:
            wanted = max(wanted, self._asked[0] + 1.0 - now)
        return wanted

    def _wanted(self, now: float, age: float, saved: float, steady: float) -> float:
        """Give how long to wait where `saved` requests can be spent beside one every `steady` seconds."""
        last_step = self._last_step()
        if last_step is not None:
            end = last_step + self.tail
        elif self._known is not None:
            end = self._posted + self._known
        elif age < _SPARSE_UNTIL and not self._bar:
            return _FAR
        else:
            return min(max(1 / (1 / steady + saved / _SPENT_WITHIN), age / _LONG_JOB), _LONGEST)
        span = min(max(_SPREAD * max(end - now, _UNCERTAIN), _SPREAD_LATE * (now - end)), _SPENT_WITHIN)
        close = max(1 / (1 / steady + saved / span), _CLOSEST, min(_LATE * (now - end), steady))
        if now >= end:
            return close
        wanted = max(min(_SHARE * (end - now), _FAR), close)
        # This job may have no tail: ask once when its last step is done.
        if last_step is not None and now < last_step < now + wanted - _UNCERTAIN:
            return max(last_step + _UNCERTAIN - now, _CLOSEST)
        return wanted

    def _last_step(self) -> float | None:
        """Give when the bar's last step is or was done."""
        if len(self._bar) > 1:
            seconds = linear_regression(*zip(*self._bar, strict=True)).slope
            return min(seen + (self._total - step) * seconds for step, seen in self._bar)
        return self._bar[0][1] if self._bar and self._bar[0][0] >= self._total else None

    def _see(self, step: int, total: int, seen: float) -> None:
        """Take in where the bar stood at the time `seen`; another bar begins anew."""
        if total != self._total or (self._bar and step < self._bar[-1][0]):
            self._bar.clear()
            self._total = total
        if not self._bar or step > self._bar[-1][0]:
            self._bar.append((step, seen))

    def _learn(self, completed_at: float | None, seen: float) -> None:
        """Take in how long the job and its tail were, from an answer at the time `seen`."""
        end = (self._unended + seen) / 2
        if self._ahead is not None and completed_at is not None:  # whole seconds, or a clock that jumps, are bounded
            end = min(max(completed_at - self._ahead, self._unended), seen)
        self.took = end - self._posted
        last_step = self._last_step()
        if last_step is not None:
            self.tail = max(end - last_step, 0.0)
