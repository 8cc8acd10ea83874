"""When to ask next how a job stands: rarely while it runs, closely when its end is due.

The official client sleeps half a second between two answers. A `Schedule` has never sent more requests than that client
would have sent by then, but distributes them otherwise: what it does not use while the end is far is saved, and is
spent where the end is expected.

The end is expected

- where the log has a progress bar, `tail` seconds after its last step. A step that is seen at the time t was done at t
  at the latest, and the next one was not yet: two or more such sightings give the seconds that a step takes and bounds
  for the last one, all on this machine's monotonic clock. The speed that the bar itself claims is not used, for it may
  be wrong. Where the log grows in lumps the bounds contradict each other, and the end is as uncertain as they differ;
- where there is no bar, after as long as an earlier job took;
- otherwise at no particular time. Then it asks evenly, after a sparse beginning: an animation takes some seconds.

Around an expected end the saved requests are spread over a span in proportion to the distance from it, and to its
uncertainty: the nearer, the closer together, and ever more widely when it does not come.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import linear_regression
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from animatediff_widget.model.prediction import Prediction

__all__ = ["Schedule"]

# Found by simulation; tests/jobs/test_polling.py has a small one. In seconds where nothing else is said.
_BURST = 8  # requests in any one second
_PERIOD = 0.505  # from an answer to the next request, in the official client
_FIRST, _SPARSE_UNTIL = 1.0, 2.5  # the wait at the beginning, where nothing is known
_SPENT_WITHIN = 3.0  # what was saved, where nothing is known
_FARTHEST = 1.0  # the wait while the end is far: a person watches the bar
_SHARE = 0.6  # of the time to the expected end, waited at once
_SPREAD, _SPREAD_LATE = 1.5, 3.0  # the span for the saved requests, in distances from the end; and after it
_LATE = 0.125  # of the time since then, waited at least: a long job has saved more than anyone should spend at once
_CLOSEST = 0.07
_UNCERTAIN, _JOB_VARIES, _STEPS_VARY = 0.05, 0.03, 0.03  # the uncertainty: at least, and as shares of what is left
_LONGEST = 2.0
_LONG_JOB = 240.0  # the wait is at least this part of a job's age
_LONGEST_TAIL = 60.0
_SIGHTINGS = 16


@dataclass
class _Sighting:
    """A step of the progress bar, and when it was first and last seen to be the last one done."""

    step: int
    first: float
    last: float


class Schedule:
    """Says when to ask next about one job, and learns from the answers.

    All times are seconds on one monotonic clock.

    Parameters
    ----------
    tail : float
        How long after its last step a job is expected to end (encoding, uploading): the `tail` of an earlier job at
        the same endpoint.
    known : float, optional
        How long earlier jobs of the same endpoint, version and steps took, from the POST to the end.

    Attributes
    ----------
    tail : float
        As given; once the job has succeeded, as it was.
    took : float or None
        How long the job took, from the POST to the end; None until it has succeeded. For a job that was taken up after
        its POST it means nothing, and so does `known`.
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
        self._barless: float | None = None  # last seen without a bar
        self._bar: deque[_Sighting] = deque(maxlen=_SIGHTINGS)
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
            self._see(min(prediction.step, prediction.total), prediction.total, seen)
        elif not self._bar:
            self._barless = seen
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
            wanted = max(self._wanted(now, age, saved, steady), answered + (self._polls + 1) * allowed - now)
        if len(self._asked) == _BURST:
            wanted = max(wanted, self._asked[0] + 1.0 - now)
        return max(wanted, 0.0)

    def _wanted(self, now: float, age: float, saved: float, steady: float) -> float:
        """Give how long to wait where `saved` requests can be spent beside one every `steady` seconds."""
        expected = self._expected()
        if expected is None:
            even = 1 / (1 / steady + saved / _SPENT_WITHIN)
            return _FIRST if age < _SPARSE_UNTIL else min(max(even, age / _LONG_JOB), _LONGEST)
        end, uncertain = expected
        span = min(max(_SPREAD * max(end - now, uncertain), _SPREAD_LATE * (now - end)), _SPENT_WITHIN)
        close = max(1 / (1 / steady + saved / span), _CLOSEST, min(_LATE * (now - end), steady))
        if now >= end - uncertain:
            return close
        wanted = max(min(_SHARE * (end - now), max(_FARTHEST, steady)), close)
        # This job may have no tail: ask once when its last step is done.
        done = sum(self._last_step() or (now, 0.0)) + _UNCERTAIN
        return max(done - now, _CLOSEST) if now < done - _UNCERTAIN < now + wanted else wanted

    def _expected(self) -> tuple[float, float] | None:
        """Give when the job will end, and how uncertain that is."""
        last_step = self._last_step()
        if last_step is not None:
            return last_step[0] + self.tail, last_step[1] + _UNCERTAIN + _JOB_VARIES * self.tail
        if self._known is not None and not self._bar:
            return self._posted + self._known, _UNCERTAIN + _JOB_VARIES * self._known
        return None

    def _last_step(self) -> tuple[float, float] | None:
        """Give when the bar's last step is or was done, and how uncertain that is."""
        before = [sighting for sighting in self._bar if sighting.step < self._total]
        if len(before) > 1:
            step = linear_regression([each.step for each in before], [each.first for each in before]).slope
            latest = min(each.first + (self._total - each.step) * step for each in self._bar)
        elif len(before) < len(self._bar):  # the last one was seen
            step, latest = 0.0, self._bar[-1].first
        else:
            return None
        earliest = max((each.last + (self._total - each.step - 1) * step for each in before), default=self._barless)
        if earliest is None:
            earliest = latest
        varies = _STEPS_VARY * (self._total - self._bar[-1].step) * step
        return (min(earliest, latest) + latest) / 2, abs(latest - earliest) / 2 + varies

    def _see(self, step: int, total: int, seen: float) -> None:
        """Take in where the bar stood at the time `seen`; another bar begins anew."""
        if total != self._total or (self._bar and step < self._bar[-1].step):
            self._bar.clear()
            self._total = total
        if self._bar and step == self._bar[-1].step:
            self._bar[-1].last = seen
        else:
            self._bar.append(_Sighting(step, seen, seen))

    def _learn(self, completed_at: float | None, seen: float) -> None:
        """Take in how long the job and its tail were, from an answer at the time `seen`."""
        end = (self._unended + seen) / 2
        if self._ahead is not None and completed_at is not None:  # whole seconds, or a clock that jumps, are bounded
            end = min(max(completed_at - self._ahead, self._unended), seen)
        self.took = end - self._posted
        last_step = self._last_step()
        if last_step is not None:
            self.tail = min(max(end - last_step[0], 0.0), _LONGEST_TAIL)
