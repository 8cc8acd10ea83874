"""What a job goes through, from the POST to the animation on disk; the only loop that waits.

Each stage can be taken up again where it was left.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from traitlets import Enum, HasTraits, Instance, Unicode

from animatediff_widget.backends.client import Client
from animatediff_widget.backends.http.answers import shorten
from animatediff_widget.errors import (
    AnimateDiffError,
    AnswerError,
    AnswerLost,
    ApiError,
    ConnectionFailed,
    EndpointError,
    JobCanceled,
    JobFailed,
    JobTimeout,
    JournalError,
    NothingToFollow,
    OutputError,
    StorageError,
)
from animatediff_widget.journal.locks import Claim
from animatediff_widget.journal.sqlite import Journal, JournalEntry
from animatediff_widget.media.animation import Animation
from animatediff_widget.media.formats import sniff
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import TEXTS

from .pace import Pace
from .recovery import find_lost
from .resume import no_longer_known, put_in_place, take_up

__all__ = ["STATES", "Stages"]

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


class Stages(HasTraits):
    """The stages of a `Job`, which says who runs them, and when."""

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

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in _ENDED

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
            raise NothingToFollow(TEXTS["no_id"])
        if self.state == "running":
            yield from self._follow(deadline)
        _tails[self.client.endpoint.url] = self._pace.tail
        self._judge()
        self._download(deadline)

    def _submit(self, deadline: float) -> None:
        if self._cancel_wanted and self._posted_at is None:
            raise JobCanceled(TEXTS["canceled_unsent"])
        if not self._begun:
            self._key = self._key or self.journal.new_key()
            self._claim = self._claim or self.journal.claim(self._key)
            self._begin()
        self.set_trait("state", "submitting")
        for attempt in itertools.count(1):
            try:
                if self._posted_at is not None:  # an interrupt fell into the exchange
                    raise ConnectionFailed(TEXTS["not_waited_for"])
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
                    raise JobCanceled(TEXTS["canceled_untaken"]) from None
        self._heard(prediction, "running")

    def _begin(self) -> None:
        endpoint = self.client.endpoint
        self.journal.begin(self.request, endpoint.url, key=self._key, kind=endpoint.kind)
        self._begun = True

    def _adopt(self, error: EndpointError) -> Prediction:
        """Look for a job whose answer was lost. It is never posted again: it may cost money already."""
        assert self._posted_at is not None
        assert self._key is not None
        self.set_trait("notice", TEXTS["looking"].format(error=error))
        for _ in range(_ADOPT_TRIES):
            found = find_lost(self.client, self.journal, self._key, self.request, self._posted(), self._pause)
            if found is None:
                break
            if self.journal.adopt(self._key, found):  # else another job was faster
                return found
        raise AnswerLost(TEXTS["perhaps_created"].format(error=error), passing=True)

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
                self.set_trait("notice", TEXTS["cannot_cancel"].format(error=error))
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
            raise JobCanceled(TEXTS["canceled"])
        if status == "aborted":
            raise JobFailed(TEXTS["gave_up"])
        if status == "failed":
            raise JobFailed(TEXTS["model_failed"].format(why=shorten(why or TEXTS["no_reason"])))
        if not self.prediction.outputs and self.prediction.raw.get("data_removed"):
            raise OutputError(TEXTS["gone"])
        if not self.prediction.outputs:
            raise OutputError(TEXTS["no_output"])

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
            why = error.strerror or error
            raise StorageError(TEXTS["not_read_again"].format(folder=folder, why=why)) from None
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

    def _hiccup(self, error: EndpointError, count: int, deadline: float) -> None:
        """Wait out a fault that may pass."""
        wait = min(0.5 * 2.0 ** min(count, 10), _LONGEST_BACKOFF)
        if error.retry_after is not None:
            wait = max(error.retry_after, 1.0)  # an endpoint that says "now" again and again is not asked in a loop
        logger.info("%s; asking again in %.1f s", error, wait)
        self.set_trait("notice", TEXTS["asking_again"].format(error=error, seconds=f"{max(wait, 1):.0f}"))
        self._sleep(wait, deadline)

    def _pause(self, seconds: float) -> None:
        self._sleep(seconds, math.inf)

    def _sleep(self, seconds: float, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise JobTimeout(TEXTS["timed_out"].format(seconds=f"{self.timeout:g}"))
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
