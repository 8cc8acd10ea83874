"""One job, from the first POST to the animation on disk; the only loop that waits."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from traitlets import Enum, HasTraits, Instance, Unicode

from ._answers import shorten
from ._claim import Claim
from ._lost import find_lost
from ._media import sniff
from ._pace import Pace
from ._resume import client_for, is_orphan, load, no_longer_known, put_in_place, take_up
from .animation import Animation
from .client import Client
from .errors import (
    AnimateDiffError,
    AnswerError,
    AnswerLost,
    ApiError,
    ConnectionFailed,
    EndpointError,
    JobCanceled,
    JobError,
    JobFailed,
    JobTimeout,
    JournalError,
    NothingToFollow,
    OutputError,
    StorageError,
)
from .journal import Journal, JournalEntry
from .prediction import Prediction
from .request import AnimateDiffRequest

__all__ = ["STATES", "Job"]

logger = logging.getLogger(__name__)

STATES = (
    "new",  # not submitted
    "submitting",  # the POST is under way
    "running",  # the endpoint has it; `prediction` says more
    "downloading",  # done there; the animation is being fetched
    "succeeded",
    "failed",
    "canceled",
    "accepted",  # the endpoint took it, but returned no id to follow
    "unknown",  # it may have been created, and nobody can tell
    "left",  # it is known at the endpoint, but no longer waited for; it can be taken up again
)
_ENDED = frozenset(STATES[STATES.index("succeeded") :])
_tails: dict[str, float] = {}
"""How long after the last step a job ended, by endpoint, learned from the last job there."""

_SUBMIT_TRIES = 4
_ADOPT_TRIES = 5
_REFUSALS = 3  # answers such as 404 that end the following; the first can be a matter of a moment
_DOWNLOAD_TRIES = 6
_LONGEST_BACKOFF = 30.0
_SLICE = 0.1  # a click is noticed before it feels unheard


class Job(HasTraits):
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

    state = Enum(STATES, "new", read_only=True)
    prediction = Instance(Prediction, allow_none=True, read_only=True)
    error = Instance(Exception, allow_none=True, read_only=True)
    animation = Instance(Animation, allow_none=True, read_only=True)
    notice = Unicode("", read_only=True)

    def __init__(
        self,
        request: AnimateDiffRequest,
        client: Client | None = None,
        *,
        journal: Journal | None = None,
        timeout: float = 1800.0,
    ) -> None:
        super().__init__()
        self.request = request.seeded()
        self.client = client or Client()
        self.journal = journal or Journal()
        self.timeout = timeout
        self._started: float | None = None
        self._ended: float | None = None
        self._key: str | None = None
        self._pace = Pace(_tails.get(self.client.endpoint.url, 0.0))
        self._driving = threading.RLock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._finished = threading.Event()
        self._wake = threading.Event()
        self._idle: Callable[[], object] | None = None
        self._cancel_wanted = False
        self._cancel_sent = False
        self._posted_at: float | None = None
        self._posted_clock: float | None = None  # the same moment on the clock that never jumps
        self._empty_answers = 0
        self._begun = False  # written in the journal
        self._claim: Claim | None = None
        self._entry: JournalEntry | None = None  # what an earlier session left
        self._taken_up = False
        self._orphan = False  # posted to the built-in server of another session

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
    def finished(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in _ENDED

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
            for _ in self:
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
            raise JobTimeout(f"The job has not ended within {timeout:g} s; it goes on in the background.")
        return self._outcome()

    def cancel(self) -> None:
        """Ask for the job to be canceled; returns at once. The job's state tells when it is."""
        self._cancel_wanted = True
        self._wake.set()
        self.start()

    def __iter__(self) -> Iterator[Prediction]:
        """Run the job, or go on with it, and yield every new snapshot."""
        with self._driving, contextlib.ExitStack() as stack:  # somebody else who runs it is waited for
            if self.finished:
                self._finished.set()  # an interrupt may have fallen between the two
                return
            try:
                if not stack.enter_context(self._owning()):
                    self._begun = False  # what becomes of it, the other one writes down
                    self._end("left", JobError("Another notebook or process runs this job; see there."))
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
                self._end("left", JobError(f"Something unforeseen happened ({error!r}); the job is in the journal."))
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
            for _ in self:
                pass

    def _outcome(self) -> Animation:
        if self.error is not None:
            raise self.error
        if self.animation is None:
            raise JobError("The job has not ended.")
        if self._key is not None:
            with contextlib.suppress(JournalError):
                self.journal.see(self._key)
        return self.animation

    # The stages. Each can be taken up again where it was left.

    def _drive(self) -> Iterator[Prediction]:
        deadline = time.monotonic() + self.timeout
        self._started = self._started or time.monotonic()
        if self._entry is not None and not self._taken_up:
            take_up(self, self._entry)
            if self.finished:
                return
            self._taken_up = True
            assert self.prediction is not None
            yield self.prediction
        elif self.state in ("new", "submitting"):
            self._submit(deadline)
            assert self.prediction is not None
            yield self.prediction
        if self.prediction is not None and self.prediction.id is None and not self.prediction.done:
            raise NothingToFollow("Accepted; the endpoint returned no id, so there is nothing to follow.")
        if self.state == "running":
            yield from self._follow(deadline)
        _tails[self.client.endpoint.url] = self._pace.tail
        self._judge()
        self._download(deadline)

    def _submit(self, deadline: float) -> None:
        if self._cancel_wanted and self._posted_at is None:
            raise JobCanceled("The job was canceled before it was sent.")
        if not self._begun:
            self._key = self._key or self.journal.new_key()
            self._claim = self._claim or self.journal.claim(self._key)
            self._begin()
        self.set_trait("state", "submitting")
        for attempt in itertools.count(1):
            try:
                if self._posted_at is not None:  # an interrupt fell into the exchange
                    raise ConnectionFailed("The answer to the request was not waited for.")
                self._posted_at, self._posted_clock = time.time(), time.monotonic()
                self._pace.asked(time.monotonic())
                prediction = self.client.create(self.request)
                break
            except EndpointError as error:
                if error.arrived:
                    prediction = self._adopt(error)
                    break
                self._posted_at = None
                throttled = isinstance(error, ApiError)
                if not error.passing or (attempt >= _SUBMIT_TRIES and not throttled):
                    raise
                try:
                    self._hiccup(error, attempt, deadline)
                except JobTimeout:  # it was never taken, so this is what went wrong
                    raise error from None
                if self._cancel_wanted:
                    raise JobCanceled("The job was canceled before the endpoint took it.") from None
        self._heard(prediction, "running")

    def _begin(self) -> None:
        endpoint = self.client.endpoint
        self.journal.begin(self.request, endpoint.url, key=self._key, kind=endpoint.kind)
        self._begun = True

    def _adopt(self, error: EndpointError) -> Prediction:
        """Look for a job whose answer was lost. It is never posted again: it may cost money already."""
        assert self._posted_at is not None
        assert self._key is not None
        self.set_trait("notice", f"{error} Looking whether the job was created all the same.")
        for _ in range(_ADOPT_TRIES):
            found = find_lost(self.client, self.journal, self._key, self.request, self._posted(), self._pause)
            if found is None:
                break
            if self.journal.adopt(self._key, found):  # else another job was faster
                return found
        raise AnswerLost(
            f"{error} The job may have been created all the same, and was not found in a list at the endpoint. "
            "Look there before you run it again, so that you do not pay twice.",
            passing=True,
        )

    def _posted(self) -> float:
        """When the job was posted, by the system's clock as it stands now, which may have been set meanwhile."""
        assert self._posted_at is not None
        if self._posted_clock is None:
            return self._posted_at
        return time.time() - (time.monotonic() - self._posted_clock)

    def _follow(self, deadline: float) -> Iterator[Prediction]:
        hiccups = refusals = 0
        while self.prediction is not None and not self._is_over(self.prediction):
            if not (self._cancel_wanted and not self._cancel_sent):
                self._sleep(self._pace.delay(time.monotonic()), deadline)
            try:
                prediction = self._ask()
            except EndpointError as error:
                hiccups += 1
                if isinstance(error, (AnswerError, ApiError)) and not error.passing:
                    refusals += 1
                    if refusals >= _REFUSALS:
                        if self._entry and isinstance(error, ApiError):
                            raise no_longer_known(error, self.client.endpoint.name) from None
                        raise
                self._hiccup(error, hiccups, deadline)
                continue
            hiccups = refusals = 0
            if prediction != self.prediction or self.notice:
                self._heard(prediction, "running")
                yield prediction

    def _ask(self) -> Prediction:
        """Do the one exchange that is due: send the cancellation, or ask how the job stands."""
        assert self.prediction is not None
        assert self.prediction.id is not None
        self._pace.asked(time.monotonic())
        if self._cancel_wanted and not self._cancel_sent:
            self._cancel_sent = True
            try:
                answer = self.client.cancel(self.prediction.id)
            except EndpointError as error:
                self._cancel_sent = not error.passing
                if error.passing:
                    raise
                self.set_trait("notice", f"It cannot be canceled: {error}")
                return self.prediction
            self._pace.canceled(time.monotonic())
            if answer.status:  # some relays answer with an empty object
                return answer
        return self.client.get(self.prediction.id, self.prediction)

    def _is_over(self, prediction: Prediction) -> bool:
        """Whether a prediction has ended; a success is given a moment to name its output."""
        if prediction.status == "succeeded" and not prediction.outputs and not prediction.raw.get("data_removed"):
            self._empty_answers += 1
            return self._empty_answers > _REFUSALS
        return prediction.done

    def _judge(self) -> None:
        """Raise what a job that did not succeed ended with."""
        assert self.prediction is not None
        status, why = self.prediction.status, self.prediction.error
        if status == "canceled":
            raise JobCanceled("The job was canceled.")
        if status == "aborted":
            raise JobFailed("The endpoint gave the job up: its deadline passed before it started.")
        if status == "failed":
            raise JobFailed(f"The model failed: {shorten(why or 'it gave no reason')}")
        if not self.prediction.outputs and self.prediction.raw.get("data_removed"):
            raise OutputError("The animation is gone: endpoints delete outputs after about an hour.")
        if not self.prediction.outputs:
            raise OutputError("The model finished without an output; its log may tell why.")

    def _download(self, deadline: float) -> None:
        assert self.prediction is not None
        assert self._key is not None
        self._note("downloading")
        folder = self.journal.animations
        for attempt in range(1, _DOWNLOAD_TRIES + 1):
            try:
                path = self.client.download(self.prediction.outputs[0], folder / f"{self._key}.part")
                break
            except EndpointError as error:
                if not error.passing or attempt == _DOWNLOAD_TRIES:
                    raise
                self._hiccup(error, attempt, deadline)
        try:
            data = path.read_bytes()
            path = put_in_place(path, self._key, sniff(data))
        except OSError as error:
            raise StorageError(
                f"The animation in {folder} could not be read again: {error.strerror or error}."
            ) from None
        animation = Animation(data, self.request, self.prediction, path)
        self._write(
            "succeeded",
            prediction=self.prediction,
            output=path,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        self.set_trait("animation", animation)
        self._end("succeeded")

    # What the stages share.

    def _heard(self, prediction: Prediction, state: str) -> None:
        """Take in an answer: written down where it changes something, then shown."""
        self._pace.heard(prediction, time.monotonic())
        before = self.prediction
        if before is None or (before.id, before.status) != (prediction.id, prediction.status):
            self._write(state, prediction=prediction)
        with self.hold_trait_notifications():
            self.set_trait("prediction", prediction)
            self.set_trait("state", state)
            self.set_trait("notice", "")

    def _note(self, state: str) -> None:
        self._write(state)
        self.set_trait("state", state)

    def _write(self, state: str, **known: Any) -> None:
        """Write in the journal. Once the job is posted, a journal that fails no longer stops it."""
        if self._key is None or not self._begun:
            return
        try:
            if not self.journal.note(self._key, state, **known):  # it was damaged, and set aside, meanwhile
                self._begin()
                self.journal.note(self._key, state, **{"prediction": self.prediction, **known})
        except JournalError as error:
            logger.warning("%s", error)
            self.set_trait("notice", str(error))

    def _end(self, state: str, error: AnimateDiffError | None = None) -> None:
        if error is not None:
            self._write(state, prediction=self.prediction, error=str(error))
        self._ended = time.monotonic()
        with self.hold_trait_notifications():
            self.set_trait("notice", "")
            self.set_trait("error", error)
            self.set_trait("state", state)
        self._finished.set()
        self.client.close()

    def _state_after(self, error: AnimateDiffError) -> str:
        if isinstance(error, JobCanceled):
            return "canceled"
        if isinstance(error, NothingToFollow):
            return "accepted"
        if isinstance(error, (JobTimeout, StorageError)) or (isinstance(error, JournalError) and self._begun):
            return "left"
        if isinstance(error, AnswerLost):
            return "unknown"
        if self.state in ("running", "downloading") and isinstance(error, EndpointError):
            gone = isinstance(error, ApiError) and error.status in (404, 410)
            return "failed" if gone or (isinstance(error, OutputError) and not error.passing) else "left"
        return "failed"

    def _interrupted(self) -> None:
        """Cancel after an interrupt: the thread that ran the job is ours, and the person waits."""
        self._cancel_wanted = True
        with contextlib.suppress(KeyboardInterrupt):
            for _ in self:
                pass

    def _hiccup(self, error: EndpointError, count: int, deadline: float) -> None:
        """Wait out a fault that may pass."""
        wait = min(0.5 * 2.0 ** min(count, 10), _LONGEST_BACKOFF)
        if error.retry_after is not None:
            wait = max(error.retry_after, 1.0)  # an endpoint that says "now" again and again is not asked in a loop
        logger.info("%s; asking again in %.1f s", error, wait)
        self.set_trait("notice", f"{error} Asking again in {max(wait, 1):.0f} s.")
        self._sleep(wait, deadline)

    def _pause(self, seconds: float) -> None:
        self._sleep(seconds, math.inf)

    def _sleep(self, seconds: float, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise JobTimeout(
                f"The job has not ended within {self.timeout:g} s. It may still be running; it stays in the journal."
            )
        # A cancellation wakes it up, once.
        if self._waited(min(seconds, left)):
            self._wake.clear()

    def _waited(self, seconds: float) -> bool:
        """Wait, in short slices where there is something to do between them; whether a cancellation cut it short."""
        end, idle = time.monotonic() + seconds, self._idle
        while idle is not None and not self._wake.is_set() and end - time.monotonic() > _SLICE:
            self._wake.wait(_SLICE)
            idle()
        return self._wake.wait(max(end - time.monotonic(), 0.0))
