"""When to look into an endpoint's list for all jobs there that are followed, and whether to believe it.

One look tells how a hundred jobs stand. A job is looked for closely around the moment at which it is expected to have
ended, which is as long after its POST as such jobs took before; else now and then. The looks are bounded by the number
of jobs, however many end at different moments.

A list may not show a job (a relay's, or far down), and may be a copy that is behind. So each job is also asked for by
itself now and then; what the list does not have, and all jobs of a list that is behind, are followed one by one.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter

from animatediff_widget.model.prediction import Prediction

__all__ = ["Poller", "Watched"]

# In seconds where nothing else is said.
_CLOSEST, _CLOSE = 0.02, 1 / 100  # from one look to the next around an expected end; in parts of what a job takes
_CLOSE_MOST, _FAR_LEAST, _FAR_MOST = 0.5, 0.5, 5.0
_UNKNOWN_LEAST, _UNKNOWN_MOST, _UNKNOWN = 0.15, 2.0, 0.08  # where nothing is known; in parts of a job's age
_LATE = 0.25  # of the time since an end was expected
_EARLY, _EARLY_LEAST = 0.1, 0.02  # of what a job takes, it may end earlier; where the last ones took the same
_CANCELED = 0.2
_LOOKS_A_JOB, _LOOKS_A_SECOND, _LOOKS = 0.35, 0.5, 20  # so many looks at the most
_ENDS_A_LOOK = 2.5  # where there were more
_CHECK_LEAST, _CHECK, _CHECK_UNKNOWN = 3.0, 0.75, 0.5  # asked for by itself; in parts of what it takes, or of its age
_BEHIND = 3.0  # by so much a list may be
_REST, _LONGEST_REST = 2.0, 60.0  # after a look that failed
_MOST_BEHIND, _MOST_MISSES = 2, 3  # before it is believed no more
_LAST_ONES, _ENOUGH = 9, 5
_BEGAN = attrgetter("began")


@dataclass(eq=False)
class Watched:
    """A job that is followed. All times are seconds on one monotonic clock."""

    kind: Hashable  # jobs of one kind take about the same time
    began: float
    canceled: bool = False
    misses: int = 0  # looks in which it was not listed
    checked: float = 0.0  # when it was asked for by itself, lest the list be behind
    checking: bool = False

    def __post_init__(self) -> None:
        self.checked = self.began

    @property
    def unlisted(self) -> bool:
        """Whether the list does not have it."""
        return self.misses >= _MOST_MISSES


class Poller:
    """Says when to look next, and learns from what is seen."""

    def __init__(self, now: float, *, trusted: bool) -> None:
        self.trusted = trusted  # whether the list is used at all
        self._resting = 0.0  # until when it is not used after it failed
        self._failures = 0  # since it was seen last
        self._began = now
        self._last = -math.inf  # when the last look was answered
        self._looks = self._jobs = self._behind = 0
        self._took: dict[Hashable, deque[float]] = {}
        self._expected: dict[Hashable, float] = {}  # their medians
        self._early: dict[Hashable, float] = {}  # by how much earlier one may end

    def expect(self, kind: Hashable) -> bool:
        """Count a job that begins; give whether it is the first of its kind."""
        self._jobs += 1
        is_first = kind not in self._took
        if is_first:
            self._took[kind] = deque(maxlen=_LAST_ONES)
        return is_first

    def took(self, kind: Hashable, seconds: float | None) -> None:
        """Learn how long a job took, where it is known."""
        if seconds is not None:
            self._took[kind].append(seconds)
            took = self._took[kind]
            expected = self._expected[kind] = statistics.median(took)
            spread = max(took) - min(took) + _EARLY_LEAST * expected
            self._early[kind] = min(spread, _EARLY * expected) if len(took) >= _ENOUGH else _EARLY * expected

    def next_look(self, watched: Iterable[Watched], now: float) -> float:
        """Give when to look for these jobs next; infinity where there are none."""
        all_watched = tuple(watched)
        wanted = min((self._want(each, now) for each in self._first_to_look_for(all_watched, now)), default=math.inf)
        return max(wanted, self._last + self._spacing(all_watched, now))

    def _first_to_look_for(self, watched: Iterable[Watched], now: float) -> Iterator[Watched]:
        """Yield those of which one is to be looked for first; this is asked for often, and of many jobs."""
        kinds: dict[Hashable, list[Watched]] = {}
        for each in watched:
            if each.canceled or each.kind not in self._expected:
                yield each
            else:
                kinds.setdefault(each.kind, []).append(each)
        for kind, jobs in kinds.items():  # the oldest whose end is far, and the youngest whose end is near or past
            near = now - self._expected[kind] + self._early[kind]
            yield from sorted((each for each in jobs if each.began > near), key=_BEGAN)[:1]
            yield from sorted((each for each in jobs if each.began <= near), key=_BEGAN)[-1:]

    def _spacing(self, watched: tuple[Watched, ...], now: float) -> float:
        allowed = _LOOKS_A_JOB * self._jobs + _LOOKS_A_SECOND * (now - self._began) + _LOOKS
        if self._looks <= allowed or not watched:
            return _CLOSEST
        expected = [self._expected[each.kind] for each in watched if each.kind in self._expected]
        return min(_ENDS_A_LOOK * statistics.mean(expected) / len(watched), _UNKNOWN_MOST) if expected else _FAR_LEAST

    def _want(self, watched: Watched, now: float) -> float:
        expected = self._expected.get(watched.kind)
        if watched.canceled:
            return self._last + _CANCELED
        if expected is None:
            last = max(self._last, watched.began)
            return last + min(max(_UNKNOWN * (now - watched.began), _UNKNOWN_LEAST), _UNKNOWN_MOST)
        late, early = now - watched.began - expected, self._early[watched.kind]
        if late < -early:
            far = max(self._last, watched.began) + min(max(expected / 4, _FAR_LEAST), _FAR_MOST)
            return min(now - late - early, far)
        close = min(max(_CLOSE * expected, _CLOSEST), _CLOSE_MOST)
        return self._last + min(max(_LATE * late, close), _UNKNOWN_MOST)

    def uses_list(self, now: float) -> bool:
        """Whether jobs are followed by the list now."""
        return self.trusted and now >= self._resting

    def looked(self, now: float) -> None:
        """Count a look that was answered."""
        self._last, self._looks, self._failures = now, self._looks + 1, 0

    def failed(self, now: float, *, for_good: bool) -> None:
        """Count a look that failed: the list is used no more, or not for a while."""
        self._last, self._looks = now, self._looks + 1
        self._resting = now + min(_REST * 2.0 ** min(self._failures, 10), _LONGEST_REST)
        self._failures += 1
        self.trusted = self.trusted and not for_good

    def check(self, watched: Watched, now: float) -> bool:
        """Begin to ask for a job by itself, lest the list be behind, where it is time; give whether it is."""
        expected = self._expected.get(watched.kind)
        often = _CHECK_UNKNOWN * (now - watched.began) if expected is None else _CHECK * expected
        watched.checking = now - watched.checked > max(_CHECK_LEAST, often)
        return watched.checking

    def checked(self, watched: Watched, answer: Prediction, now: float, wall: float) -> None:
        """Take in what a job has answered that was asked for by itself; `wall` is the endpoint's time."""
        late = answer.completed_at is None or wall - answer.completed_at > _BEHIND
        if watched.checking and answer.done and late:
            self._behind += 1
            self.trusted = self.trusted and self._behind < _MOST_BEHIND
        watched.checked, watched.checking = now, False
