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

from .actions import Record, Search
from .listing import Listing
from .member import Member

__all__ = ["Writer", "search"]

logger = logging.getLogger(__name__)

# For so long news for the journal are gathered, in seconds; what came of a POST for less where it could not be found
# again in a list.
_GATHER, _GATHER_SOON = 0.25, 0.02


class Writer:
    """Writes for many jobs at once: `do` does something beside, and then calls something in the thread of all jobs.

    There `tell` is called with each job and what came of it.
    """

    def __init__(
        self,
        do: Callable[[Callable[[], Any], Callable[[Future[Any]], object]], object],
        tell: Callable[[Member, Any], object],
    ) -> None:
        self._do, self._tell = do, tell
        self._waiting: list[Member] = []
        self._at = math.inf
        self._writing = False

    def add(self, member: Member, now: float) -> None:
        """Write what a job waits for, together with others, at once where a POST is to follow."""
        gather, action = 0.0, member.action
        if isinstance(action, Record):
            listed = member.site.poller.trusted or action.state != "running"
            gather = _GATHER if listed else _GATHER_SOON
        self._waiting.append(member)
        self._at = min(self._at, now + gather)

    @property
    def next_time(self) -> float:
        """When there is something to write."""
        return math.inf if self._writing else self._at

    def start(self, now: float) -> None:
        """Write what there is, where it is time, and nothing is being written."""
        if now >= self.next_time:
            members, self._waiting, self._at, self._writing = self._waiting, [], math.inf, True
            self._do(partial(_write_down, members), partial(self._written, members))

    def _written(self, members: list[Member], written: Future[list[Any]]) -> None:
        self._writing = False
        for member, answer in zip(members, written.result(), strict=True):
            member.begun = member.begun or not isinstance(answer, AnimateDiffError)
            self._tell(member, answer)


def _write_down(members: Sequence[Member]) -> list[Any]:
    """Write what jobs have to be written, in one transaction for each journal; give the answers, or the errors."""
    answers: dict[Member, Any] = {member: _take(member) for member in members}
    members_ours = [member for member in members if answers[member] is None]
    for journal in {id(member.job.journal): member.job.journal for member in members_ours}.values():
        own = [member for member in members_ours if member.job.journal is journal]
        try:
            given = journal.together([member.write for member in own])
            answers.update(zip(own, given, strict=True))
        except JournalError as error:
            answers.update((member, _write_alone(member, error)) for member in own)
    return [answers[member] for member in members]


def _take(member: Member) -> AnimateDiffError | None:
    """Claim a job; give what is in the way."""
    try:
        member.take()
    except AnimateDiffError as error:
        return error
    return None


def _write_alone(member: Member, error: JournalError) -> Any:
    """Write what could not be written with the others.

    A record that another process keeps from being written is written later; a POST that was to follow does not.
    """
    if error.code == "journal_busy" and not isinstance(member.action, Record):
        return error
    try:
        return member.write()
    except JournalError as own:
        logger.warning("%s", own)
        return own


def search(members: Sequence[Member]) -> list[Any]:
    """Look for jobs whose answers were lost, in one list; give what was found for each, or the error."""
    listing = members[0].job.listing or Listing(
        min(member.action.since for member in members if isinstance(member.action, Search))
    )
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
