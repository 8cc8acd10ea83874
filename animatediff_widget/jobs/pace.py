"""How quickly an account may be asked, by all of its jobs together."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from animatediff_widget.backends.client import Client

__all__ = ["Kind", "Pace", "pace_of"]

Kind = Literal["create", "call"]

_MINUTE = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


@dataclass
class _Lane:
    """One kind of request. All times are seconds on one monotonic clock."""

    most: int | None  # in a minute
    sent: deque[float] = field(default_factory=deque)
    resumes: float = 0.0
    refusals: int = 0  # since something went well
    refused: float = 0.0  # when the last one was

    def free_at(self, now: float) -> float:
        while self.sent and self.sent[0] <= now - _MINUTE:
            self.sent.popleft()
        full = self.most is not None and len(self.sent) >= self.most
        return max(self.resumes, self.sent[0] + _MINUTE if full else 0.0)


class Pace:
    """The limits of one account, and the pauses that it asked for. Safe to use from any thread.

    Creating jobs and everything else have limits of their own. After a pause, jobs are created one at a time until one
    of them is.
    """

    def __init__(self, creates: int | None = None, calls: int | None = None) -> None:
        self._lanes: dict[Kind, _Lane] = {"create": _Lane(creates), "call": _Lane(calls)}
        self._lock = threading.Lock()

    def free_at(self, kind: Kind, now: float) -> float:
        """Give when the next request of a kind may be sent; the past where it may be sent now."""
        with self._lock:
            return self._lanes[kind].free_at(now)

    def probes(self, kind: Kind) -> bool:
        """Whether the last one was refused: the next ones are sent one at a time."""
        return self._lanes[kind].refusals > 0

    def sent(self, kind: Kind, now: float) -> None:
        """Count a request."""
        with self._lock:
            self._lanes[kind].sent.append(now)

    def went_well(self, kind: Kind, sent: float) -> bool:
        """Say that a request that was sent then was not refused; give whether it was sent after the last refusal."""
        with self._lock:
            lane = self._lanes[kind]
            if sent < lane.refused:
                return False
            lane.refusals = 0
            return True

    def refused(self, kind: Kind, now: float, retry_after: float | None) -> float:
        """Pause; give for how long, in seconds: as long as the endpoint asks, else ever longer."""
        with self._lock:
            lane = self._lanes[kind]
            lane.refused = now
            pause = min(_FIRST_PAUSE * 2.0 ** min(lane.refusals, 10), _LONGEST_PAUSE)
            if now >= lane.resumes or not lane.refusals:  # of several that were under way, the first counts
                lane.refusals += 1
            else:
                pause = min(pause, lane.resumes - now)
            if retry_after is not None:
                pause = max(retry_after, _FIRST_PAUSE)
            lane.resumes = max(lane.resumes, now + pause)
            return lane.resumes - now


_paces: weakref.WeakValueDictionary[tuple[str, str], Pace] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def pace_of(client: Client) -> Pace:
    """Give the pace of a client's account; everybody in this process who uses the account gets the same."""
    account = (client.endpoint.url, client.key.fingerprint if client.key else "")
    abilities = client.backend.abilities
    with _lock:
        pace = _paces.get(account)
        if pace is None:
            pace = _paces[account] = Pace(abilities.creates, abilities.calls)
        return pace
