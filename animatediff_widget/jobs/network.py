"""Sending what many jobs wait for, and taking in what comes back."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol

from animatediff_widget.backends.http.exchange import Permit
from animatediff_widget.errors import AnimateDiffError, ApiError, ConnectionFailed, EndpointError

from .actions import Create, Fetch, Recall, Search, Watch
from .control import Control
from .drivers import LEAST
from .member import Member
from .site import Look, Open, Site
from .together import search
from .view import JobView, unforeseen

__all__ = ["Network", "Owner"]

logger = logging.getLogger(__name__)


class Owner(Protocol):
    """What is asked of the driver; all of it in its thread."""

    def do(self, act: Callable[[], Any], then: Callable[[Future[Any]], object]) -> Future[Any]:
        """Do something beside the thread, and go on with it there when it is done."""

    def advance(self, member: Member, answer: Any = None, failure: AnimateDiffError | None = None) -> None:
        """Take a job one action further."""

    def end(self, member: Member, view: JobView) -> None:
        """Let a job stand as it will stay."""


class Network:
    """Does the exchanges of the jobs at all sites, in the driver's thread but for the exchanges themselves."""

    def __init__(self, owner: Owner, clock: Control) -> None:
        self._owner = owner
        self._clock = clock

    def send(self, site: Site, now: float) -> None:
        """Send what may be sent to a site now."""
        for member in site.ready(now):
            action, member.permit = member.action, Permit()
            if isinstance(action, Create):  # it was held back, which takes nothing from its time
                member.steps.deadline += now - member.since
                member.until = now + max(member.steps.left(), LEAST)
            member.since = now
            member.exchange = self._owner.do(partial(member.permit.run, member.act), partial(self._done, member))
        searching = site.searches()
        if searching:
            since = min(member.action.since for member in searching if isinstance(member.action, Search))
            found = self._owner.do(partial(search, searching, since), partial(self._searched, site, searching))
            for member in searching:
                member.exchange = found
        look = site.look(now)
        if look is not None:
            self._owner.do(partial(look.run, site.backend), partial(self._looked, site, look, now))

    def _done(self, member: Member, done: Future[Any]) -> None:
        """Take in what came back for one job."""
        if member.exchange is not done:  # it was waited for no longer
            return
        site, action, now = member.site, member.action, self._clock.now()
        member.exchange = None
        site.flying[type(action)] -= 1
        error = done.exception()
        if isinstance(error, EndpointError):
            self._failed(member, error, now)
        elif isinstance(error, AnimateDiffError) and isinstance(action, Open):
            self._owner.end(member, JobView("left", member.steps.view.prediction, error))
        elif isinstance(error, AnimateDiffError):
            self._owner.advance(member, failure=error)
        elif error is not None:
            logger.error("a bug in animatediff_widget", exc_info=error)
            self._owner.end(member, unforeseen(member.steps.view, error))
        elif isinstance(action, Open):
            self._owner.advance(member)
        else:
            if isinstance(action, Create):
                member.watched.began = member.watched.checked = member.since
            if isinstance(action, Watch):
                site.poller.checked(member.watched, done.result(), now, self._clock.wall() + site.backend.clock_ahead)
            if not isinstance(action, (Recall, Fetch)):
                site.went_well("create" if isinstance(action, Create) else "call", member.since)
            self._owner.advance(member, done.result())

    def _failed(self, member: Member, error: EndpointError, now: float) -> None:
        site, creates = member.site, isinstance(member.action, Create)
        pause = site.throttled("create" if creates else "call", error, now)
        if pause and creates and isinstance(error, ConnectionFailed) and not member.steps.canceled:
            member.since, member.until = now, math.inf
            site.queued[Create].appendleft(member)  # nothing left this machine
            return
        if pause and creates and isinstance(error, ApiError):  # an account that is low goes on when it is not
            member.steps.deadline += pause
            error.passing, error.retry_after = True, pause
        self._owner.advance(member, failure=error)

    def _searched(self, site: Site, searching: list[Member], done: Future[list[Any]]) -> None:
        site.flying[Search] -= 1
        for member, answer in zip(searching, done.result(), strict=True):
            if member.exchange is done:
                member.exchange = None
                failed = isinstance(answer, AnimateDiffError)
                self._owner.advance(member, failure=answer) if failed else self._owner.advance(member, answer)

    def _looked(self, site: Site, look: Look, asked: float, done: Future[Any]) -> None:
        error, now = done.exception(), self._clock.now()
        if isinstance(error, EndpointError):
            site.look_failed(error, now)
            return
        site.went_well("call", asked)
        for member, prediction in [*site.looked(done.result(), look, now)]:
            member.steps.schedule.asked(asked)
            self._owner.advance(member, prediction)
