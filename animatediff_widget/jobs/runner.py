"""Who runs a job: a thread of its own, which delivers every change to the job, or to the thread that waits for it."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from animatediff_widget.errors import JobError, JournalError, KeyRefused
from animatediff_widget.interrupts import uninterrupted
from animatediff_widget.journal import JournalEntry
from animatediff_widget.texts import Message

from .control import Control
from .drivers import Driver
from .key_check import check_key
from .polling import Schedule
from .steps import Steps
from .view import JobView, unforeseen

if TYPE_CHECKING:
    from .job import Job

__all__ = ["Runner"]

logger = logging.getLogger(__name__)

_TICK = 0.1  # a click is noticed before it feels unheard

_tails: dict[str, float] = {}
"""How long after its last step a job ended, by the endpoint's url: the last job's there."""


class Runner:
    """Runs one job, once; `show` lets the job follow a view, and an observer's fault is no matter there."""

    def __init__(self, job: Job, show: Callable[[JobView], None], key: str | None) -> None:
        # Drawn here, so that a process and its fork know that they have one job.
        self.key = key or job.journal.new_key()
        self.entry: JournalEntry | None = None  # what an earlier session left
        self.adopt: str | None = None
        self.thread: threading.Thread | None = None
        self._job = job
        self.show = show
        self._views: queue.SimpleQueue[JobView] | None = None  # of the thread that waits for the job's, and shows them
        self._control = Control()
        self._starting = threading.Lock()
        self._process = 0  # where the thread is

    def start(self, views: queue.SimpleQueue[JobView] | None = None) -> None:
        """Start the thread that drives the job, once; `views` takes what it shows, where it does not do that itself."""
        self._check_process()
        with uninterrupted(), self._starting:
            if self.thread is None and not self._job.finished:
                self._views, self._process = views, os.getpid()
                thread = threading.Thread(target=self._drive, name="animatediff-job", daemon=True)
                thread.start()  # raises where the system has no more threads
                self.thread = thread

    def hand_over(self, thread: threading.Thread, on_cancel: Callable[[], object]) -> bool:
        """Let a thread that drives many jobs drive this one; False where it was started, or has ended."""
        self._check_process()
        with uninterrupted(), self._starting:
            if self.thread is not None or self._job.finished:
                return False
            self.thread, self._process = thread, os.getpid()
            self._control.on_cancel = on_cancel
            return True

    def _check_process(self) -> None:
        """Refuse to wait for a thread that is in another process."""
        if self.thread is not None and self._process != os.getpid() and not self._job.finished:
            raise JobError(Message("in_a_fork", key=self.key))

    def cancel(self) -> None:
        """Cancel the job; one that was not started ends without having been sent."""
        self._check_process()
        self._control.cancel()
        self.start()

    def run(self, idle: Callable[[], object] | None) -> bool:
        """Run the job to its end, with its views shown in this thread; give whether an interrupt canceled it.

        A second interrupt is raised, and the thread shows what comes from then on.
        """
        views: queue.SimpleQueue[JobView] = queue.SimpleQueue()
        interrupts = 0
        try:
            while not self._job.finished:
                try:
                    self.start(views)
                    self._take(views, _TICK)
                    if idle is not None and not self._job.finished:
                        idle()
                except KeyboardInterrupt:
                    self.cancel()
                    interrupts += 1
                    if interrupts > 1 + self._job.view.adopted:  # the first one does not cancel a job that was found
                        raise
        finally:
            if not self._job.finished:  # nobody takes what comes into the queue any more
                with uninterrupted():
                    self._leave(views)
        return interrupts > 0

    def _take(self, views: queue.SimpleQueue[JobView], seconds: float) -> None:
        """Wait at most so long for a view, and show all that came. An interrupt comes after that, and loses none."""
        with uninterrupted(), contextlib.suppress(queue.Empty):
            while True:
                self.show(views.get(timeout=seconds))
                seconds = 0.0

    def _leave(self, views: queue.SimpleQueue[JobView]) -> None:
        """Let the job's thread show its views itself, once all that came before are shown."""
        while self._views is views:
            with contextlib.suppress(KeyboardInterrupt):  # an observer's own
                self._take(views, 0.0)
            with self._starting:
                if views.empty():
                    self._views = None

    def _deliver(self, view: JobView) -> None:
        """Give a view to the thread that waits for it, or show it in this one."""
        with self._starting:
            views = self._views
            if views is not None:
                views.put(view)
        if views is None:
            self.show(view)

    def prepare(self, known: float | None, *, previews: bool = False) -> Steps:
        """Make the job's steps; `known` is how long such a job took before."""
        job, endpoint = self._job, self._job.client.endpoint
        schedule = Schedule(tail=_tails.get(endpoint.url, 0.0), known=known)
        abilities = job.client.backend.abilities
        previews = previews and abilities.previews
        return Steps(endpoint, abilities, schedule, self._control, job.timeout, self.entry, self.adopt, previews)

    def typical_seconds(self) -> float | None:
        """Give how long such a job took before, where the journal tells."""
        with contextlib.suppress(JournalError):
            return self._job.journal.typical_seconds(self._job.body, self._job.client.endpoint)
        return None

    def learn(self, steps: Steps) -> None:
        """Remember of a job that ended what helps with the next one there."""
        _tails[steps.endpoint.url] = steps.schedule.tail

    def _drive(self) -> None:
        """Drive the steps to the end; whatever happens, a last view is delivered."""
        job = self._job
        try:
            known = None
            with contextlib.suppress(JournalError):  # it is written to before anything is sent, and says so then
                if self.entry is None:
                    check_key(job.client, job.journal)
                    known = self.typical_seconds()
            steps = self.prepare(known, previews=job.previews)
            Driver(job, steps, self._deliver).drive()
            self.learn(steps)
        except KeyRefused as error:
            self._deliver(JobView(state="failed", error=error))
        except BaseException as error:
            logger.exception("a bug in animatediff_widget")
            if not job.finished:
                self._deliver(unforeseen(job.view, error))
