"""What many jobs at one endpoint share: its limits, the look into its list, and what waits to be sent."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from animatediff_widget.backends.base import Abilities, Backend
from animatediff_widget.backends.client import Client
from animatediff_widget.errors import AnswerError, ApiError, ConnectionFailed, EndpointError
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

from .actions import Cancel, Create, Exchange, Fetch, Recall, Search, Watch
from .pace import Kind, pace_of
from .poller import Poller
from .status_line import lasting

if TYPE_CHECKING:
    from .member import Member

__all__ = ["Look", "Open", "Site"]


@dataclass(frozen=True)
class Open:
    """Claim a job, and look whether it was run before: what comes before its steps."""


_MOST: dict[type, int] = {Open: 4, Recall: 4, Create: 8, Watch: 8, Fetch: 6, Cancel: 16}  # at the same time
# Where more than a few files wait, none is fetched for a turn after a job began or ended; each waits so long at most.
_FEW_FILES, _TURN, _HELD = 2, 0.05, 0.25
_PAGE = 100
_SKEW = 60.0  # seconds by which a clock may be off
_FEW, _FEW_HELD = 2, 8  # so many jobs are asked for one by one, and where the endpoint holds its answers


@dataclass(frozen=True)
class Look:
    """What a look into the list is for."""

    ids: frozenset[str]
    since: float | None  # our time

    def run(self, backend: Backend) -> dict[str, Prediction]:
        """Look; no further page is fetched once all jobs were seen."""
        found: dict[str, Prediction] = {}
        most = _PAGE * (1 + 2 * len(self.ids) // _PAGE)
        for prediction in itertools.islice(backend.list(self.since), most):
            if prediction.id in self.ids:
                found[prediction.id] = prediction
                if len(found) == len(self.ids):
                    break
        return found


class Site:
    """One endpoint as one account sees it. Used by the thread of `Many` alone."""

    def __init__(self, client: Client, now: float) -> None:
        self.client, self.backend = client, client.backend
        self._sharing = dataclasses.replace(client.backend.abilities, pushes=True)
        self.pace = pace_of(client)
        self.poller = Poller(now, trusted=self.backend.abilities.list)
        self.queued: dict[type, deque[Member]] = {kind: deque() for kind in (*_MOST, Search)}
        self.flying: Counter[type] = Counter()
        self.held: dict[str, Member] = {}  # those that wait for a look into the list, by their ids
        self.following = 0  # how many are not over at the endpoint
        self.beginning = 0  # how many are being written down before their POST
        self._began = -math.inf  # when a job was last being begun
        self.looking = False
        self.reached = False  # whether it has ever answered
        self._notices: dict[Kind, Message] = {}

    # What goes next.

    def abilities(self, member: Member, now: float) -> Abilities:
        """Give what the steps of a job are told: where one look tells of all, it is as if the endpoint pushed."""
        return self._sharing if self.shares(member, now) else self.backend.abilities

    def shares(self, member: Member, now: float) -> bool:
        """Whether a job is followed by the list."""
        few = _FEW_HELD if self.backend.abilities.pushes else _FEW
        listed = self.poller.uses_list(now) and not member.watched.unlisted and self.following > few
        answer = member.steps.view.prediction
        # Of several that an endpoint has given one id, only one can be found by it.
        return listed and (answer is None or self.held.get(answer.id or "", member) is member)

    def queue(self, member: Member, action: Exchange | Recall | Open, now: float) -> None:
        """Let an exchange wait until it may be sent."""
        if isinstance(action, Watch) and self.shares(member, now) and action.prediction.id is not None:
            self.held[action.prediction.id] = member
        else:
            self.queued[type(action)].append(member)

    def drop(self, member: Member) -> bool:
        """Take out what waits; give whether it did."""
        if member.action is None:
            return False
        waiting = self.queued.get(type(member.action))
        if waiting is not None and member in waiting:
            waiting.remove(member)
            return True
        watched_id = getattr(getattr(member.action, "prediction", None), "id", None)
        if watched_id is not None and self.held.get(watched_id) is member:
            del self.held[watched_id]
            return True
        return False

    def ready(self, now: float) -> Iterator[Member]:
        """Yield those whose exchange is sent now, a search apart."""
        for kind, most in _MOST.items():
            waiting = self.queued[kind]
            if kind is Fetch and self._holds_files(now):
                continue
            while waiting and self.flying[kind] < most and self._is_free(kind, now):
                if kind in (Create, Watch, Cancel):
                    self.pace.sent("create" if kind is Create else "call", now)
                self.flying[kind] += 1
                yield waiting.popleft()

    def _holds_files(self, now: float) -> bool:
        """Whether animations wait: what the endpoint can begin with comes first, where jobs ended together."""
        if self.beginning or self.queued[Create] or self.flying[Create] or self.flying[Open]:
            self._began = now
        waiting = self.queued[Fetch]
        return len(waiting) > _FEW_FILES and now < min(self._began + _TURN, waiting[0].since + _HELD)

    def _is_free(self, kind: type, now: float) -> bool:
        if kind is Create:
            return self.pace.free_at("create", now) <= now and not (self.pace.probes("create") and self.flying[Create])
        return kind is not Watch or self.pace.free_at("call", now) <= now

    def searches(self) -> list[Member]:
        """Give those that look for themselves in the list together."""
        waiting = self.queued[Search]
        if not waiting or self.flying[Search]:
            return []
        self.flying[Search] += 1
        searching = [member for member in waiting if member.job.listing is waiting[0].job.listing]
        self.queued[Search] = deque(member for member in waiting if member not in searching)
        return searching

    def look(self, now: float) -> Look | None:
        """Give the look that is due."""
        if self.looking or not self.held or self._look_at(now) > now:
            return None
        self.looking = True
        self.pace.sent("call", now)
        created = [member.created for member in self.held.values()]
        known = [time for time in created if time is not None]
        since = min(known) - self.backend.clock_ahead - _SKEW if len(known) == len(created) else None
        return Look(frozenset(self.held), since)

    def _look_at(self, now: float) -> float:
        wanted = self.poller.next_look((member.watched for member in self.held.values()), now)
        return max(wanted, self.pace.free_at("call", now))

    def next_time(self, now: float) -> float:
        """Give when there is something to do next."""
        times = [math.inf]
        if self.held and not self.looking:
            times.append(self._look_at(now))
        times += [self.pace.free_at(lane, now) for kind, lane in _LANES if self.queued[kind]]
        if self.queued[Fetch]:
            times += [self._began + _TURN, self.queued[Fetch][0].since + _HELD]
        return min((time for time in times if time > now), default=math.inf)

    # What came back.

    def looked(self, found: dict[str, Prediction], look: Look, now: float) -> Iterator[tuple[Member, Prediction]]:
        """Yield the jobs of which a look told something new; what it does not tell, they are asked for themselves."""
        self.looking = False
        self.poller.looked(now)
        for prediction_id in look.ids & self.held.keys():
            member = self.held[prediction_id]
            assert isinstance(member.action, Watch)
            before, listed = member.action.prediction, found.get(prediction_id)
            if listed is None:
                member.watched.misses += 1
                if member.watched.unlisted:
                    self.ask(member)
                continue
            member.watched.misses = 0
            whole = listed.status == "canceled" or bool(listed.outputs) or not listed.done
            if not whole or self.poller.check(member.watched, now):
                self.ask(member)
            elif listed.status != before.status or listed.outputs != before.outputs or member.watched.canceled:
                del self.held[prediction_id]
                if listed.done:
                    self._began = now  # another may be begun in its place
                yield member, dataclasses.replace(Prediction.from_json(listed.raw, before), id=prediction_id)

    def look_failed(self, error: EndpointError, now: float) -> None:
        """Follow the jobs one by one: for a while, or from now on where there is no list."""
        self.looking = False
        if self.throttled("call", error, now):
            self.poller.looked(now)
            return
        self.poller.failed(now, for_good=isinstance(error, (ApiError, AnswerError)) and not error.passing)
        for member in tuple(self.held.values()):
            self.ask(member)

    def ask(self, member: Member) -> None:
        """Ask for one job by itself, which waited for a look into the list."""
        self.drop(member)
        self.queued[Watch].append(member)

    def throttled(self, kind: Kind, error: EndpointError, now: float) -> float:
        """Pause where an answer asks for it; give for how long, in seconds."""
        status = error.status if isinstance(error, ApiError) else None
        unreached = isinstance(error, ConnectionFailed) and not error.arrived and self.reached
        if not (status == 429 or (kind == "create" and (status == 402 or unreached))):
            return 0.0
        pause = self.pace.refused(kind, now, error.retry_after)
        self._notices[kind] = Message("sweep_waits", error=error, time=lasting(pause))
        return pause

    def went_well(self, kind: Kind, sent: float) -> None:
        """Say that the endpoint did what was asked then."""
        self.reached = True
        if self.pace.went_well(kind, sent):  # the pause may be another sweep's, which ends it for both
            self._notices.pop(kind, None)

    @property
    def notice(self) -> Message | None:
        """What holds all jobs back."""
        return next(iter(self._notices.values()), None)


_LANES: tuple[tuple[type, Kind], ...] = ((Create, "create"), (Watch, "call"))
