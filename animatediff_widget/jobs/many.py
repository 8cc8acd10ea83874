"""Driving many jobs at once: one thread for all of their steps, few connections, one look into the list for all.

Each job keeps what it is promised alone: it is written down before it is posted, no other process runs it meanwhile, a
cancellation is heeded within seconds, and where an answer was lost it is looked for. What is shared is what one account
has once: its limits, the pauses it asks for, its list.
"""

from __future__ import annotations

import contextlib
import logging
import math
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from animatediff_widget.backends.http.connection import Permit
from animatediff_widget.errors import (
    AnimateDiffError,
    ApiError,
    ConnectionFailed,
    EndpointError,
    JournalError,
)
from animatediff_widget.texts import Message

from . import control
from .actions import Adopt, Begin, Create, Fetch, Recall, Record, Search, Wait, Watch
from .drivers import LEAST
from .executor import Executor
from .key_check import check_key
from .member import Member, NotOurs
from .poller import Watched
from .site import Look, Open, Site
from .together import Writer, search
from .view import JobView, unforeseen
from .workers import Workers

if TYPE_CHECKING:
    from .job import Job
    from .runner import Runner

__all__ = ["Many"]

logger = logging.getLogger(__name__)

_TICK = 0.1  # the longest that the thread waits, whatever the clock of the jobs says
_IDLE = 2.0  # seconds after which the thread ends where there is nothing to do


class Many:
    """Drives jobs; `deliver`, or else the job, is given every view of each, in the driver's thread; it must not wait.

    `say` is given what holds back all jobs of an endpoint, such as that it throttles, or None when that is over.
    """

    def __init__(
        self,
        deliver: Callable[[Runner, JobView], object] | None = None,
        say: Callable[[Message | None], object] = lambda notice: None,
    ) -> None:
        self._deliver = deliver
        self._say = say
        self._said: Message | None = None
        self._control = control.Control()
        self._events: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._workers = Workers()
        self._sites: dict[tuple[str, str], Site] = {}
        self._members: set[Member] = set()
        self._writer = Writer(self._do, self._wrote)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def begin(self, job: Job, runner: Runner) -> bool:
        """Drive a job from now on; False where it was started before, or has ended."""
        with self._lock:
            thread = self._thread or threading.Thread(target=self._run, name="animatediff-jobs", daemon=True)
            if not runner.hand_over(thread, self._wake):
                return False
            self._events.put(partial(self._enter, job, runner))
            if self._thread is None:
                self._thread = thread
                thread.start()
            return True

    def _wake(self) -> None:
        self._events.put(lambda: None)

    # The thread.

    def _run(self) -> None:
        idle_since = None
        try:
            while True:
                self._take(self._next_time())
                now = self._now()
                for member in [each for each in self._members if not each.ended]:
                    if member.steps.control.presses > member.heeded:
                        self._heed(member, now)
                    elif member.until <= now:
                        self._expire(member)
                self._writer.start(now)
                for site in self._sites.values():
                    self._send(site, now)
                self._tell()
                idle_since = None if self._members else idle_since or now
                if idle_since is not None and now - idle_since > _IDLE:
                    with self._lock:
                        if self._events.empty():
                            self._thread = None
                            return
        except BaseException as error:
            logger.exception("a bug in animatediff_widget")
            with self._lock:
                self._thread = None
            for member in tuple(self._members):
                self._end(member, unforeseen(member.steps.view, error))

    def _now(self) -> float:
        return self._control.now()

    def _next_time(self) -> float:
        """Give how long there is nothing to do but to wait for news, in seconds."""
        now = self._now()
        times = [self._writer.next_time]
        times += [member.until for member in self._members]
        times += [site.next_time(now) for site in self._sites.values()]
        return min(max(min(times) - now, 0.0), _TICK)

    def _take(self, seconds: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._events.get(timeout=seconds)()
            while True:
                self._events.get_nowait()()

    def _do(self, act: Callable[[], Any], then: Callable[[Future[Any]], object]) -> Future[Any]:
        """Do something beside this thread, and go on with it here when it is done."""
        future = self._workers.do(act)
        future.add_done_callback(lambda done: self._events.put(partial(then, done)))
        return future

    def _tell(self) -> None:
        notice = next((site.notice for site in self._sites.values() if site.notice), None)
        if notice != self._said:
            self._said = notice
            self._say(notice)

    # The way of one job.

    def _enter(self, job: Job, runner: Runner) -> None:
        """Take a job in."""
        key, now = job.client.key, self._now()
        name = (job.client.endpoint.url, key.fingerprint if key else "")
        site = self._sites.get(name)
        try:
            if site is None:
                if runner.entry is None:  # else it was checked when the job was taken up
                    with contextlib.suppress(JournalError):  # it says so when it is written to
                        check_key(job.client, job.journal)
                site = self._sites[name] = Site(job.client, now)
        except AnimateDiffError as error:
            self._show(runner, JobView("failed", error=error))
            return
        steps = runner.prepare(None)
        executor = Executor(job, runner.key, site.backend, steps)
        watched = Watched((job.body.version, job.body.steps), now)
        member = Member(job, runner, site, steps, executor, watched, steps.run())
        self._members.add(member)
        site.following += 1
        if site.poller.expect(watched.kind):
            self._do(partial(_typical_seconds, job), lambda done: site.poller.took(watched.kind, done.result()))
        if runner.entry is None:  # it is claimed when it is written down
            self._advance(member)
        else:
            site.queue(member, Open(), now)

    def _advance(self, member: Member, answer: Any = None, failure: AnimateDiffError | None = None) -> None:
        """Take a job one action further; what it only records is written down beside."""
        steps, site = member.steps, member.site
        steps.abilities = site.abilities(member, self._now())
        try:
            action = member.flow.send(answer) if failure is None else member.flow.throw(failure)
            while isinstance(action, Record):
                self._writer.add(member, action, self._now(), len(self._members))
                self._deliver_view(member)
                action = member.flow.send(None)
        except StopIteration:
            member.ended = True
            if not member.unwritten:
                self._end(member, steps.view)
            return
        except BaseException as error:
            logger.exception("a bug in animatediff_widget")
            self._end(member, unforeseen(steps.view, error))
            return
        self._deliver_view(member)
        now = self._now()
        member.action, member.exchange, member.since, member.until = action, None, now, math.inf
        if isinstance(action, Wait):
            member.until = now + action.seconds
        elif isinstance(action, (Begin, Adopt)):
            self._writer.add(member, action, now)
        elif isinstance(action, Create) and steps.canceled:
            self._advance(member, failure=member.cut_short(arrived=False))
        else:
            if not isinstance(action, (Create, Recall)):
                member.until = now + max(steps.left(), LEAST)
            site.queue(member, action, now)

    def _deliver_view(self, member: Member) -> None:
        """Show how a job stands, where that changed; its last view is shown when all is written down."""
        view = member.steps.view
        if view is not member.delivered and not view.finished:
            member.delivered = view
            self._show(member.runner, view)
        if not member.over and view.over:
            member.over = True
            member.site.following -= 1

    def _end(self, member: Member, view: JobView) -> None:
        site, steps = member.site, member.steps
        self._members.discard(member)
        site.following -= not member.over
        if member.claim is not None:
            member.claim.release()
            site.poller.took(member.watched.kind, steps.schedule.took if view.state == "succeeded" else None)
            member.runner.learn(steps)
        if not any(other.site is site for other in self._members):
            site.backend.close()
        self._show(member.runner, view)

    def _show(self, runner: Runner, view: JobView) -> None:
        if self._deliver is None:
            runner.show(view)
        else:
            self._deliver(runner, view)

    # What the person wants, what takes too long, what was written down.

    def _heed(self, member: Member, now: float) -> None:
        """Heed a cancellation: what waits ends at once, an exchange after a moment."""
        member.heeded = member.steps.control.presses
        member.watched.canceled = member.steps.canceled
        action = member.action
        if isinstance(action, Wait):
            self._advance(member)
        elif isinstance(action, Watch) and member.site.drop(member):
            self._advance(member, action.prediction)
        elif isinstance(action, (Create, Fetch, Search)) and member.site.drop(member):
            self._advance(member, failure=member.cut_short(arrived=not isinstance(action, Create)))
        elif member.exchange is not None:
            member.until = min(member.until, now + control.GRACE)

    def _expire(self, member: Member) -> None:
        if isinstance(member.action, Wait):
            self._advance(member)
        elif member.exchange is None:
            member.site.drop(member)
            self._advance(member, failure=member.cut_short())
        else:
            if not isinstance(member.action, Search):  # that one goes on for all
                member.site.flying[type(member.action)] -= 1
            self._advance(member, failure=member.abandon())

    def _wrote(self, member: Member, action: Begin | Record | Adopt, answer: Any) -> None:
        if isinstance(action, Record):
            if isinstance(answer, AnimateDiffError) and not member.ended:
                member.steps.show(notice=answer.message)
                self._deliver_view(member)
            if member.ended and not member.unwritten:
                self._end(member, member.steps.view)
        elif isinstance(answer, NotOurs):
            self._end(member, JobView("left", error=answer))
        elif isinstance(answer, AnimateDiffError):
            self._advance(member, failure=answer)
        else:
            self._advance(member, answer)

    # The network.

    def _send(self, site: Site, now: float) -> None:
        for member in site.ready(now):
            action, member.permit = member.action, Permit()
            if isinstance(action, Create):  # it was held back, which takes nothing from its time
                member.steps.deadline += now - member.since
                member.until = now + max(member.steps.left(), LEAST)
            member.since = now
            member.exchange = self._do(partial(member.permit.run, member.act), partial(self._done, member))
        searching = site.searches()
        if searching:
            found = self._do(partial(search, searching), partial(self._searched, site, searching))
            for member in searching:
                member.exchange = found
        look = site.look(now)
        if look is not None:
            self._do(partial(look.run, site.backend), partial(self._looked, site, look, now))

    def _done(self, member: Member, done: Future[Any]) -> None:
        """Take in what came back for one job."""
        if member.exchange is not done:  # it was waited for no longer
            return
        site, action, now = member.site, member.action, self._now()
        member.exchange = None
        site.flying[type(action)] -= 1
        error = done.exception()
        if isinstance(error, EndpointError):
            self._failed(member, error, now)
        elif isinstance(error, AnimateDiffError) and isinstance(action, Open):
            self._end(member, JobView("left", member.steps.view.prediction, error))
        elif isinstance(error, AnimateDiffError):
            self._advance(member, failure=error)
        elif error is not None:
            logger.error("a bug in animatediff_widget", exc_info=error)
            self._end(member, unforeseen(member.steps.view, error))
        elif isinstance(action, Open):
            self._advance(member)
        else:
            if isinstance(action, Create):
                member.watched.began = member.watched.checked = member.since
            if isinstance(action, Watch):
                site.poller.checked(member.watched, done.result(), now, self._control.wall() + site.backend.clock_ahead)
            if not isinstance(action, (Recall, Fetch)):
                site.went_well("create" if isinstance(action, Create) else "call", member.since)
            self._advance(member, done.result())

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
        self._advance(member, failure=error)

    def _searched(self, site: Site, searching: list[Member], done: Future[list[Any]]) -> None:
        site.flying[Search] -= 1
        for member, answer in zip(searching, done.result(), strict=True):
            if member.exchange is done:
                member.exchange = None
                failed = isinstance(answer, AnimateDiffError)
                self._advance(member, failure=answer) if failed else self._advance(member, answer)

    def _looked(self, site: Site, look: Look, asked: float, done: Future[Any]) -> None:
        error, now = done.exception(), self._now()
        if isinstance(error, EndpointError):
            site.look_failed(error, now)
            return
        site.went_well("call", asked)
        for member, prediction in [*site.looked(done.result(), look, now)]:
            member.steps.schedule.asked(asked)
            self._advance(member, prediction)


def _typical_seconds(job: Job) -> float | None:
    """Give how long such a job took before."""
    with contextlib.suppress(JournalError):
        return job.journal.typical_seconds(job.body, job.client.endpoint)
    return None
