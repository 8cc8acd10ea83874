"""What is done once for several of many jobs: writing in the journal, and looking for those whose answers were lost."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from animatediff_widget.errors import AnimateDiffError, EndpointError, JournalError
from animatediff_widget.model.prediction import Prediction

from .actions import Record, Search
from .listing import Listing
from .member import Member

__all__ = ["search", "write_down"]

logger = logging.getLogger(__name__)


def write_down(members: Sequence[Member]) -> list[Any]:
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
