"""One job, as a person sees it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn

from animatediff_widget.backends.client import Client
from animatediff_widget.errors import InvalidArgument, JobError, JobTimeout, JournalError, check
from animatediff_widget.journal import Journal, JournalEntry, JournalProtocol, Part
from animatediff_widget.keys.credentials import Key, saved_key, typed_key
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.media.animation import Animation
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .elsewhere import find_elsewhere
from .key_check import check_key
from .listing import Listing
from .runner import Runner
from .view import JobTraits, JobView

if TYPE_CHECKING:
    from .many import Many

__all__ = ["Job"]


@guarded_class
class Job(JobTraits):
    """One run of a request. It is written in the journal before it is posted, and every step after.

    Run it with `run` (blocking), `start` (in the background) or by iterating over it (which yields every new
    `Prediction`). It is posted once, however often and from wherever these are called.

    Parameters
    ----------
    request : AnimateDiffRequest or Body
        What to run. The job keeps its body, with the seed drawn; changing the request later changes nothing.
    client : Client, optional
        How to reach the endpoint; `Client()` when not given.
    journal : Journal, optional
        Where to write it down; the person's own when not given.
    timeout : float
        The longest to wait for the end, in seconds; 30 minutes by default. The endpoint is told to cancel the job then.
    key : str, optional
        Its key in the journal, as `Sweep` knows it before the job is made; drawn when not given.
    part : Part, optional
        Which cell of which sweep it is.
    previews : bool
        Whether `view.preview` shows the first frame while it is drawn, where the endpoint can: this machine, a cluster.

    Attributes
    ----------
    view : JobView
        How the job stands, as one value. The other traits follow from it, and are set before it.
    state : str
        One of `STATES`.
    prediction : Prediction or None
        The endpoint's last answer.
    error : Exception or None
        Why the job ended without an animation.
    animation : Animation or None
        The animation, once it is on disk.
    animations : tuple of Animation
        All of them, in the model's order, where it makes several; `animation` is the first.
    notice : str
        What goes on behind the scenes while it runs (a fault that is being waited out, ...); often empty.
    """

    def __init__(
        self,
        request: AnimateDiffRequest | Body,
        client: Client | None = None,
        *,
        journal: JournalProtocol | None = None,
        timeout: float = 1800.0,
        key: str | None = None,
        part: Part | None = None,
        previews: bool = False,
    ) -> None:
        super().__init__()
        check(Client, none=True, client=client)
        check(JournalProtocol, none=True, journal=journal)
        check(float, timeout=timeout)
        check(str, none=True, key=key)
        check(Part, none=True, part=part)
        check(bool, previews=previews)
        self.body = Body.of(request, seeded=True)
        self.client = client or Client()
        self.journal: JournalProtocol = journal or Journal()
        self.timeout = timeout
        self.part = part
        self.previews = previews
        self.listing: Listing | None = None  # in which it looks for itself, with others; else it fetches its own
        self._runner = Runner(self, self._show, key)

    @classmethod
    def resume(
        cls,
        entry: JournalEntry,
        client: Client | None = None,
        *,
        journal: JournalProtocol | None = None,
        timeout: float = 1800.0,
        adopt: str | None = None,
    ) -> Job:
        """Take a job of an earlier session up where it was left. What may cost money is never posted again.

        Run the job with `run`, `start` or by iterating over it. Where its animation is on the disk already, it has
        succeeded at once. Where another process runs it, it ends as "left", and says so. A job of a built-in server
        that is gone is run again from its body.

        Parameters
        ----------
        entry : JournalEntry
            What the journal knows of it.
        client : Client, optional
            How to reach the endpoint; one for the url it was posted to when not given.
        journal, timeout
            As for `Job`; the journal is the one that `entry` comes from.
        adopt : str, optional
            Where the answer to the post was lost and several jobs may be this one (`JobView.candidates`): the id of the
            one that is.

        Raises
        ------
        AnimateDiffError
            When the recorded url cannot be used, or the key that was found may not travel there (`KeyRefused`); when it
            has another id already.
        """
        check(JournalEntry, entry=entry)
        check(str, none=True, adopt=adopt)
        if adopt is not None and Prediction.from_json({"id": adopt}).id is None:
            raise JobError(Message("not_an_id", id=repr(adopt[:80])))
        if adopt is not None and entry.prediction_id not in (None, adopt):
            raise JobError(Message("has_an_id", id=entry.prediction_id))
        if client is None:
            endpoint = Endpoint.restore(entry.endpoint, entry.kind)
            # Nobody names the endpoint today, so a key that was given for it goes before one that is for all relays.
            client = Client(endpoint, typed_key(endpoint) or saved_key(endpoint))
        job = cls(entry.body, client, journal=journal, timeout=timeout, key=entry.key, part=entry.part)
        job._runner.entry, job._runner.adopt = entry, adopt
        job._show(JobView.of(entry, entry.animations() if entry.state == "succeeded" else ()))
        if job.animation is None:
            check_key(client, job.journal, resumes=True)
        return job

    @classmethod
    def attach(
        cls,
        endpoint: Endpoint,
        prediction_id: str,
        *,
        token: str | Key | None = None,
        journal: JournalProtocol | None = None,
        timeout: float = 1800.0,
    ) -> Job:
        """Follow, journal and save a job that was started elsewhere: on the web page, by a colleague.

        Parameters
        ----------
        endpoint : Endpoint
            Where it runs.
        prediction_id : str
            Its id there.
        token : str or Key, optional
            The endpoint's key; looked for as `Client` does when not given.
        journal, timeout
            As for `Job`; a job that stands in the journal already is taken up.

        Raises
        ------
        AnimateDiffError
            When the endpoint does not know it, or the journal cannot be written.
        """
        Endpoint.check(endpoint)
        check(Endpoint, endpoint=endpoint)
        check(str, prediction_id=prediction_id)
        client, journal = Client(endpoint, token), journal or Journal()
        check_key(client, journal)
        entry = find_elsewhere(endpoint, prediction_id, token, journal)
        return cls.resume(entry, client, journal=journal, timeout=timeout)

    def __reduce__(self) -> NoReturn:
        raise InvalidArgument(Message("job_not_copied"))

    def __repr__(self) -> str:
        known = f" {self.prediction.id}" if self.prediction and self.prediction.id else ""
        return f"<Job{known} {self.state}>"

    @property
    def request(self) -> AnimateDiffRequest:
        """What was asked for: a new request each time, to look at or to change for another job."""
        return self.body.request()

    @property
    def key(self) -> str:
        """The job's key in the journal, where it stands from its submission on."""
        return self._runner.key

    def start(self) -> Job:
        """Run the job in the background, and give it back; does nothing where it runs already."""
        self._runner.start()
        return self

    def start_among(self, many: Many) -> bool:
        """Run the job with many others, in their thread; False where it was started, or has ended."""
        return many.begin(self, self._runner)

    def run(self, idle: Callable[[], object] | None = None) -> Animation:
        """Run the job to its end. Its traits change, and its observers are called, in this thread.

        An interrupt (Ctrl-C, or the notebook's stop button) cancels the job at the endpoint and waits for its end; a
        second one does not wait.

        Parameters
        ----------
        idle : callable, optional
            Called about ten times a second while the job runs; it may call `cancel`.

        Returns
        -------
        Animation
            The animation.

        Raises
        ------
        AnimateDiffError
            The job's error.
        """
        check(Callable, none=True, idle=idle)
        if self._asked_by_observer():
            return self._outcome()
        if self._runner.run(idle):
            raise KeyboardInterrupt
        return self._outcome()

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
        check(float, none=True, timeout=timeout)
        self.start()
        if self._asked_by_observer():
            return self._outcome()
        if not (self.finished or self._ended.wait(None if timeout is None else min(timeout, threading.TIMEOUT_MAX))):
            raise JobTimeout(Message("not_yet", seconds=f"{timeout:g}"))
        return self._outcome()

    def cancel(self) -> None:
        """Ask for the job to be canceled; returns at once. The job's state tells when it is.

        One whose answer was lost and that was found in the endpoint's list (`JobView.adopted`) is canceled only when
        asked a second time; the job's notice says so.
        """
        self._runner.cancel()

    def __iter__(self) -> Iterator[Prediction]:
        """Run the job in the background, and yield every new snapshot."""
        last = None
        for view in self._follow(self.start):
            if view.prediction is not None and view.prediction is not last:
                last = view.prediction
                yield last
        if self.animation is not None:
            self.see()

    def _asked_by_observer(self) -> bool:
        """Whether an observer asks, in a thread that it would wait for."""
        return threading.current_thread() in (self._runner.thread, self._shown_by)

    def _outcome(self) -> Animation:
        if self.error is not None:
            raise self.error
        if self.animation is None:
            raise JobError(Message("not_ended"))
        self.see()
        return self.animation

    def see(self) -> None:
        """Record that the person has the animation: it is not offered as unseen when a panel opens."""
        with contextlib.suppress(JournalError):
            self.journal.see(self.key)
