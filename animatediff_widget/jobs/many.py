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

from animatediff_widget.errors import AnimateDiffError, JournalError
from animatediff_widget.texts import Message

from . import control
from .actions import Adopt, Begin, Create, Fetch, Recall, Record, Search, Wait, Watch
from .drivers import LEAST
from .executor import Executor
from .key_check import check_key
from .member import Member, NotOurs
from .network import Network
from .poller import Watched
from .site import Open, Site
from .together import Writer
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
    """Drives jobs, which change in its thread: who observes them there must not wait.

    `say` is given what holds back all jobs of an endpoint, such as that it throttles, or None when that is over.
    """

    def __init__(self, say: Callable[[Message | None], object] = lambda notice: None) -> None:
        self._say = say
        self._said: Message | None = None
        self._control = control.Control()
        self._events: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._workers = Workers()
        self._sites: dict[tuple[str, str], Site] = {}
        self._members: set[Member] = set()
        self._writer = Writer(self.do, self._wrote)
        self._network = Network(self, self._control)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def begin(self, job: Job, runner: Runner) -> bool:
        """Drive a job from now on; False where it was started before, or has ended."""
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="animatediff-jobs", daemon=True)
                thread.start()
                self._thread = thread
            if not runner.hand_over(self._thread, self._wake):
                return False
            self._events.put(partial(self._enter, job, runner))
            return True

    def _wake(self) -> None:
        self._events.put(lambda: None)

    # The thread.

    def _run(self) -> None:
        while True:
            try:
                self._serve()
                return
            except BaseException as error:  # those that come later are driven all the same
                logger.exception("a bug in animatediff_widget")
                self._leave_all(error)

    def _serve(self) -> None:
        idle_since, now = None, self._now()
        while True:
            self._take(self._next_time(now))
            now = self._now()
            for member in [each for each in self._members if not each.ended]:
                if member.steps.control.presses > member.heeded:
                    self._heed(member, now)
                elif member.until <= now and (member.exchange is None or not member.exchange.done()):
                    self._expire(member)  # else its answer is among the events
            self._writer.start(now)
            for site in self._sites.values():
                self._network.send(site, now)
            self._tell()
            idle_since = None if self._members else idle_since or now
            if idle_since is not None and now - idle_since > _IDLE:
                with self._lock:
                    if self._events.empty():
                        self._thread = None
                        return

    def _leave_all(self, error: BaseException) -> None:
        """Let all jobs stand as they are; which job a POST under way makes is written down when it is answered."""
        self._sites.clear()
        for member in tuple(self._members):
            if member.exchange is not None:
                member.abandon()
            member.site.held.clear()
            try:
                self.end(member, unforeseen(member.steps.view, error))
            except Exception:
                logger.exception("a bug in animatediff_widget")

    def _now(self) -> float:
        return self._control.now()

    def _next_time(self, sent: float) -> float:
        """Give how long there is nothing to do but to wait for news, in seconds; what was due was sent at `sent`."""
        times = [self._writer.next_time]
        times += [member.until for member in self._members]
        times += [site.next_time(sent) for site in self._sites.values()]
        return min(max(min(times) - self._now(), 0.0), _TICK)

    def _take(self, seconds: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._events.get(timeout=seconds)()
            while True:
                self._events.get_nowait()()

    def do(self, act: Callable[[], Any], then: Callable[[Future[Any]], object]) -> Future[Any]:
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
            steps = runner.prepare(None)
            executor = Executor(job, runner.key, site.backend, steps)
            watched = Watched((job.body.version, job.body.steps), now)
            member = Member(job, runner, site, steps, executor, watched, steps.run())
            member.named = runner.entry is not None and runner.entry.prediction_id is not None
        except AnimateDiffError as error:
            runner.show(JobView("failed", error=error))
            return
        except Exception as error:
            logger.exception("a bug in animatediff_widget")
            runner.show(unforeseen(job.view, error))
            return
        self._members.add(member)
        site.following += 1
        if site.poller.expect(watched.kind):
            self.do(runner.typical_seconds, lambda done: site.poller.took(watched.kind, done.result()))
        if runner.entry is None:  # it is claimed when it is written down
            self.advance(member)
        else:
            site.queue(member, Open(), now)

    def advance(self, member: Member, answer: Any = None, failure: AnimateDiffError | None = None) -> None:
        """Take a job one action further; what it only records is written down beside."""
        steps, site = member.steps, member.site
        steps.abilities = site.abilities(member, self._now())
        try:
            action = member.flow.send(answer) if failure is None else member.flow.throw(failure)
            while isinstance(action, Record):
                self._writer.add(member, action, self._now(), len(self._members))
                self._deliver_view(member)
                if action.state == "downloading" and not member.named:  # else a kill could leave a file of no job
                    member.action, member.exchange, member.until = action, None, math.inf
                    return
                action = member.flow.send(None)
        except StopIteration:
            member.ended, member.until = True, math.inf
            if not member.unwritten:
                self.end(member, steps.view)
            return
        except BaseException as error:
            logger.exception("a bug in animatediff_widget")
            self.end(member, unforeseen(steps.view, error))
            return
        self._deliver_view(member)
        now = self._now()
        member.action, member.exchange, member.since, member.until = action, None, now, math.inf
        if isinstance(action, Wait):
            member.until = now + action.seconds
        elif isinstance(action, (Begin, Adopt)):
            if isinstance(action, Begin):
                site.beginning, member.named = site.beginning + 1, False  # it may have had another id before
            self._writer.add(member, action, now)
        elif isinstance(action, Create) and steps.canceled:
            self.advance(member, failure=member.cut_short(arrived=False))
        else:
            if not isinstance(action, (Create, Recall)):
                member.until = now + max(steps.left(), LEAST)
            site.queue(member, action, now)

    def _deliver_view(self, member: Member) -> None:
        """Show how a job stands, where that changed; its last view is shown when all is written down."""
        view = member.steps.view
        if view is not member.delivered and not view.finished:
            member.delivered = view
            member.runner.show(view)
        if not member.over and view.over:
            member.over = True
            member.site.following -= 1

    def end(self, member: Member, view: JobView) -> None:
        """Let a job stand as it will stay."""
        site, steps = member.site, member.steps
        self._members.discard(member)
        try:
            site.following -= not member.over
            if member.claim is not None:
                member.claim.release()
                site.poller.took(member.watched.kind, steps.schedule.took if view.state == "succeeded" else None)
                member.runner.learn(steps)
            if not any(other.site is site for other in self._members):
                site.backend.close()
        finally:
            member.runner.show(view)

    # What the person wants, what takes too long, what was written down.

    def _heed(self, member: Member, now: float) -> None:
        """Heed a cancellation: what waits ends at once, an exchange after a moment."""
        member.heeded = member.steps.control.presses
        member.watched.canceled = member.steps.canceled
        action = member.action
        if isinstance(action, Wait):
            self.advance(member)
        elif isinstance(action, Watch) and member.site.drop(member):
            self.advance(member, action.prediction)
        elif isinstance(action, (Create, Fetch, Search)) and member.site.drop(member):
            self.advance(member, failure=member.cut_short(arrived=not isinstance(action, Create)))
        elif member.exchange is not None:
            member.until = min(member.until, now + control.GRACE)

    def _expire(self, member: Member) -> None:
        if isinstance(member.action, Wait):
            self.advance(member)
        elif member.exchange is None:
            member.site.drop(member)
            self.advance(member, failure=member.cut_short())
        else:
            if not isinstance(member.action, Search):  # that one goes on for all
                member.site.flying[type(member.action)] -= 1
            self.advance(member, failure=member.abandon())

    def _wrote(self, member: Member, action: Begin | Record | Adopt, answer: Any) -> None:
        member.site.beginning -= isinstance(action, Begin)
        if member not in self._members:  # after a bug
            if member.claim is not None:
                member.claim.release()
            return
        if isinstance(member.action, Record) and (member.named or not member.unwritten) and not member.ended:
            self.advance(member, answer)
        elif isinstance(action, Record):
            if isinstance(answer, AnimateDiffError) and not member.ended:
                member.steps.show(notice=answer.message)
                self._deliver_view(member)
            if member.ended and not member.unwritten:
                self.end(member, member.steps.view)
        elif isinstance(answer, NotOurs):
            self.end(member, JobView("left", error=answer))
        elif isinstance(answer, AnimateDiffError):
            self.advance(member, failure=answer)
        else:
            self.advance(member, answer)
