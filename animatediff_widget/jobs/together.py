"""What is done once for several of many jobs: writing in the journal, and looking for those whose answers were lost."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from animatediff_widget.errors import AnimateDiffError, EndpointError, JournalError
from animatediff_widget.model.prediction import Prediction

from .actions import Adopt, Begin, Record
from .listing import Listing
from .member import Member

__all__ = ["Writer", "search"]

logger = logging.getLogger(__name__)

# For so long what is to be written is gathered, in seconds: records, at the most, and for each job that runs; what came
# of a POST where it could not be found again in a list, or where its file is waited for; and what comes before a POST,
# while which records wait.
_GATHER, _GATHER_EACH, _GATHER_SOON, _GATHER_BEGUN = 0.15, 0.005, 0.02, 0.005
_GATHER_MOST = 0.5


Write = Begin | Record | Adopt


class Writer:
    """Writes for many jobs at once: `do` does something beside, and then calls something in the thread of all jobs.

    There `tell` is called with each job, what was to be written, and what came of it.
    """

    def __init__(
        self,
        do: Callable[[Callable[[], Any], Callable[[Future[Any]], object]], object],
        tell: Callable[[Member, Write, Any], object],
    ) -> None:
        self._do, self._tell = do, tell
        self._waiting: list[tuple[Member, Any]] = []
        self._records: dict[Member, int] = {}  # where the record of a job stands in it
        self._at = self._at_last = math.inf
        self._begins: list[tuple[Member, Any]] = []
        self._begins_at = math.inf
        self._writing = False

    def add(self, member: Member, action: Write, now: float, count: int = 0) -> None:
        """Write something for a job: what is only recorded, together with what comes next from all `count` jobs."""
        if isinstance(action, Begin) and member not in self._records:
            self._begins.append((member, action))
            self._begins_at = min(self._begins_at, now + _GATHER_BEGUN)
            self._at = min(max(self._at, now + _GATHER), self._at_last)
            return
        gather = most = 0.0
        if isinstance(action, Record):
            listed = member.named or (member.site.poller.trusted and action.state != "downloading")
            gather, most = (_GATHER, _GATHER_MOST) if listed else (_GATHER_SOON, _GATHER_SOON)
            gather = min(gather, count * _GATHER_EACH)
        self._at, self._at_last = min(self._at, now + gather), min(self._at_last, now + most)
        before = self._records.get(member)
        if before is not None and isinstance(action, Record):  # one record says what both of them say
            known = {**self._waiting[before][1].known, **action.known}
            self._waiting[before] = member, Record(action.state, known)
            return
        if isinstance(action, Record):
            member.unwritten += 1
            self._records[member] = len(self._waiting)
        self._waiting.append((member, action))

    @property
    def next_time(self) -> float:
        """When there is something to write."""
        return math.inf if self._writing else min(self._at, self._begins_at)

    def start(self, now: float) -> None:
        """Write what there is, where it is time, and nothing is being written; first what POSTs wait for."""
        if now < self.next_time:
            return
        if now >= self._begins_at:
            writes, self._begins, self._begins_at = self._begins, [], math.inf
        else:
            writes, self._waiting, self._at, self._at_last = self._waiting, [], math.inf, math.inf
            self._records.clear()
        self._do(partial(_write_down, writes), partial(self._written, writes))
        self._writing = True

    def _written(self, writes: list[tuple[Member, Write]], written: Future[list[Any]]) -> None:
        self._writing = False
        for (member, action), answer in zip(writes, written.result(), strict=True):
            member.unwritten -= isinstance(action, Record)
            if not isinstance(answer, AnimateDiffError):
                known = None
                if isinstance(action, Record):
                    known = action.known.get("prediction")
                elif isinstance(action, Adopt) and answer:
                    known = action.prediction
                member.begun, member.named = True, member.named or bool(known and known.id)
            self._tell(member, action, answer)


def _write_down(writes: Sequence[tuple[Member, Write]]) -> list[Any]:
    """Write in one transaction for each journal; give the answers, or the errors."""
    answers: list[Any] = [_take(member) for member, _ in writes]
    places = [place for place, answer in enumerate(answers) if answer is None]
    for journal in {id(writes[place][0].job.journal): writes[place][0].job.journal for place in places}.values():
        own = [place for place in places if writes[place][0].job.journal is journal]
        try:
            given = journal.together([partial(member.write, action) for member, action in map(writes.__getitem__, own)])
        except JournalError as error:
            given = [_write_alone(*writes[place], error) for place in own]
        for place, answer in zip(own, given, strict=True):
            answers[place] = answer
    return answers


def _take(member: Member) -> AnimateDiffError | None:
    """Claim a job; give what is in the way."""
    try:
        member.take()
    except AnimateDiffError as error:
        return error
    return None


def _write_alone(member: Member, action: Write, error: JournalError) -> Any:
    """Write what could not be written with the others.

    A record that another process keeps from being written is written later; a POST that was to follow does not.
    """
    if error.code == "journal_busy" and not isinstance(action, Record):
        return error
    try:
        return member.write(action)
    except JournalError as own:
        logger.warning("%s", own)
        return own


def search(members: Sequence[Member], since: float) -> list[Any]:
    """Look for jobs whose answers were lost, in one list; give what was found for each, or the error."""
    listing = members[0].job.listing or Listing(since)
    listed: list[Prediction] = []
    failure: AnimateDiffError | None = None
    try:
        for prediction in listing.read(members[0].site.backend):
            listed.append(prediction)
    except EndpointError as error:
        failure = error

    def look_for(member: Member) -> Any:
        try:  # a further page that fails takes nothing from what an earlier one had
            return [*member.executor.look_at(listed, listing.clock_ahead)] or failure or []
        except AnimateDiffError as error:
            return error

    return [look_for(member) for member in members]
