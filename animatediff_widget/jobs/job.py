"""One job, and who runs it: this thread, a thread of its own, or whoever iterates over it."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

from animatediff_widget.backends.client import Client
from animatediff_widget.errors import (
    AnimateDiffError,
    JobError,
    JobTimeout,
    JournalError,
)
from animatediff_widget.journal.sqlite import Journal, JournalEntry
from animatediff_widget.media.animation import Animation
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import TEXTS

from .resume import client_for, is_orphan, load
from .stages import STATES, Stages

__all__ = ["STATES", "Job"]

logger = logging.getLogger(__name__)


class Job(Stages):
    """One run of a request. It is written in the journal before it is posted, and every step after.

    Run it with `run` (blocking), `start` (in the background) or by iterating over it (which yields every new
    `Prediction`). It is posted once, however often and from wherever these are called.

    Parameters
    ----------
    request : AnimateDiffRequest
        What to run. The job keeps a copy with the seed drawn.
    client : Client, optional
        How to reach the endpoint; `Client()` when not given.
    journal : Journal, optional
        Where to write it down; the person's own when not given.
    timeout : float
        The longest to wait for the end, in seconds; 30 minutes by default.

    Attributes
    ----------
    state : str
        One of `STATES`.
    prediction : Prediction or None
        The endpoint's last answer.
    error : Exception or None
        Why the job ended without an animation.
    animation : Animation or None
        The animation, once it is on disk.
    notice : str
        What goes on behind the scenes while it runs (a hiccup that is being waited out, ...); often empty.
    """

    @classmethod
    def resume(
        cls,
        entry: JournalEntry,
        client: Client | None = None,
        *,
        journal: Journal | None = None,
        timeout: float = 1800.0,
    ) -> Job:
        """Take a job of an earlier session up where it was left. It is never posted again.

        Run the job with `run`, `start` or by iterating over it. Where its animation is on the disk already, it has
        succeeded at once. Where another process runs it, it ends as "left", and says so.

        Parameters
        ----------
        entry : JournalEntry
            What the journal knows of it.
        client : Client, optional
            How to reach the endpoint; one for the url it was posted to when not given.
        journal : Journal, optional
            Where `entry` comes from; the person's own when not given.
        timeout : float
            The longest to wait for the end, in seconds.

        Returns
        -------
        Job
            The job.

        Raises
        ------
        AnimateDiffError
            When the recorded url cannot be used, or the key may not travel there.
        """
        orphan = client is None and is_orphan(entry)
        job = cls(entry.request, client or client_for(entry), journal=journal, timeout=timeout)
        job._entry, job._key, job._begun, job._posted_at = entry, entry.key, True, entry.created
        job._orphan = orphan
        job.set_trait("prediction", entry.prediction)
        job.set_trait("state", "submitting" if entry.prediction is None else "running")
        if entry.state == "succeeded" and entry.output is not None:
            load(job, entry)
        return job

    @property
    def key(self) -> str | None:
        """The job's key in the journal; None before it was submitted."""
        return self._key

    def __repr__(self) -> str:
        known = f" {self.prediction.id}" if self.prediction and self.prediction.id else ""
        return f"<Job{known} {self.state}>"

    @property
    def elapsed(self) -> float | None:
        """How long the job has taken so far, or took, in seconds; None before it was started."""
        if self._started is None:
            return None
        return (self._ended or time.monotonic()) - self._started

    def run(self, idle: Callable[[], object] | None = None) -> Animation:
        """Run the job to its end, in this thread.

        An interrupt (Ctrl-C, or the notebook's stop button) cancels the job at the endpoint.

        Parameters
        ----------
        idle : callable, optional
            Called about ten times a second while the job waits; it may call `cancel`.

        Returns
        -------
        Animation
            The animation.

        Raises
        ------
        AnimateDiffError
            The job's error.
        """
        self._idle = idle
        try:
            for _ in self._run_on():
                pass
        except KeyboardInterrupt:
            self._interrupted()
            raise KeyboardInterrupt from None
        finally:
            self._idle = None
        return self._outcome()

    def start(self) -> Job:
        """Run the job in the background; does nothing where it runs already.

        Returns
        -------
        Job
            The job itself.
        """
        with self._starting:
            if self._thread is None and not self.finished:
                self._thread = threading.Thread(target=self._background, name="animatediff-job", daemon=True)
                self._thread.start()
        return self

    def result(self, timeout: float | None = None) -> Animation:
        """Wait for the animation; starts the job where nobody has.

        Parameters
        ----------
        timeout : float, optional
            The longest to wait, in seconds. The job goes on all the same.

        Returns
        -------
        Animation
            The animation.

        Raises
        ------
        JobTimeout
            When the job has not ended by then.
        AnimateDiffError
            The job's error.
        """
        self.start()
        if not (self.finished or self._finished.wait(timeout)):
            raise JobTimeout(TEXTS["not_yet"].format(seconds=f"{timeout:g}"))
        return self._outcome()

    def cancel(self) -> None:
        """Ask for the job to be canceled; returns at once. The job's state tells when it is."""
        self._cancel_wanted = True
        self._wake.set()
        self.start()

    def __iter__(self) -> Iterator[Prediction]:
        """Run the job, or go on with it, and yield every new snapshot."""
        yield from self._run_on()
        if self.animation is not None:
            self._see()

    def _run_on(self) -> Iterator[Prediction]:
        with self._driving, contextlib.ExitStack() as stack:  # somebody else who runs it is waited for
            if self.finished:
                self._finished.set()  # an interrupt may have fallen between the two
                return
            try:
                if not stack.enter_context(self._owning()):
                    self._begun = False  # what becomes of it, the other one writes down
                    self._end("left", JobError(TEXTS["runs_elsewhere"]))
                    return
                for prediction in self._drive():
                    yield prediction
                    if self.finished:  # whoever took the snapshot ran the job on to its end
                        return
            except AnimateDiffError as error:
                self._end(self._state_after(error), error)
            except GeneratorExit:
                raise
            except Exception as error:
                logger.exception("a bug in animatediff_widget")
                self._end("left", JobError(TEXTS["unforeseen"].format(error=repr(error))))
                raise

    @contextlib.contextmanager
    def _owning(self) -> Iterator[bool]:
        """Claim the job while it is driven, so that no other process takes it up meanwhile."""
        outermost, free = self._claim is None, True
        if outermost and self._key is not None:
            try:
                self._claim = self.journal.claim(self._key)
                free = self._claim is not None
            except JournalError:
                if self._entry is not None:  # else it is known to be ours, and a journal that fails no longer stops it
                    raise
        try:
            yield free
        finally:
            if outermost and self._claim is not None:
                self._claim.release()
                self._claim = None

    def _background(self) -> None:
        with contextlib.suppress(Exception):  # it stands in `error`, and in the log
            for _ in self._run_on():
                pass

    def _outcome(self) -> Animation:
        if self.error is not None:
            raise self.error
        if self.animation is None:
            raise JobError(TEXTS["not_ended"])
        self._see()
        return self.animation

    def _see(self) -> None:
        """Note that the person has the animation: it is not offered as unseen when a panel opens."""
        if self._key is not None:
            with contextlib.suppress(JournalError):
                self.journal.see(self._key)

    def _interrupted(self) -> None:
        """Cancel after an interrupt: the thread that ran the job is ours, and the person waits."""
        self._cancel_wanted = True
        with contextlib.suppress(KeyboardInterrupt):
            for _ in self._run_on():
                pass
