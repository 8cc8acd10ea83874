"""What the panel does. No widget in it: the widgets watch its traits and call its methods."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from traitlets import Any as AnyTrait
from traitlets import Bool, Instance, Tuple, observe

from animatediff_widget.errors import AnimateDiffError, InvalidRequest, KeyRefused
from animatediff_widget.interrupts import uninterrupted
from animatediff_widget.jobs.view import JobView
from animatediff_widget.journal import JournalEntry
from animatediff_widget.model.body import Body
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.model.status import FINAL_STATES
from animatediff_widget.texts import Message

from .earlier_jobs import EarlierJobs
from .endpoint_choice import EndpointChoice
from .front_end import may_show
from .running import InsideClick
from .sweep_control import SweepControl

if TYPE_CHECKING:  # what only a run needs is imported with the first run
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.sweeps.sweep import Sweep

__all__ = ["Controller"]


_ONE_PRESS = 0.7  # in seconds, from one press to the next
_WAITED_IN_QUEUE = 0.3  # what is handled so soon after a press was sent before the person saw its end


class Controller(SweepControl):
    """The request, where it runs, the job, and what of it is displayed."""

    edited = Tuple((0, None), help="How often it was edited, and which field last; None for another request.")
    previews = Bool(True, help="Whether to show the first frame while it is drawn, where the endpoint can.")
    view = Instance(JobView, (), help="How the last job stands.")
    animation = AnyTrait(None, help="The last animation.")

    def __init__(
        self,
        request: AnimateDiffRequest,
        choice: EndpointChoice,
        earlier: EarlierJobs,
        inside: InsideClick | None = None,
        *,
        job_type: Any = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(request, choice, earlier, inside, clock)
        request.observe(self._count_edit)
        self._job_type = job_type
        self._taken_from = self._cancel_from = clock()  # presses before it belong to the last one
        self._cancels = 0
        self._observed: Job | None = None
        choice.observe(self._take_refusal_back, ["endpoint", "problem", "unavailable"])
        self._take_refusal_back()
        choice.observe(self.look_at_endpoint, "endpoint")

    def close(self) -> None:
        """Let go of the job, which goes on, and of whoever watches."""
        self._is_closed = True
        self._leave()
        for watched in (self.choice, self.earlier, self.comparison, self):
            watched.unobserve_all()
        self.request.unobserve(self._count_edit)

    def bind(self, request: AnimateDiffRequest) -> None:
        """Take another request; not once the panel is closed."""
        if self._is_closed:
            return
        self.request.unobserve(self._count_edit)
        self.request = request
        request.observe(self._count_edit)
        self._count_edit({"name": None})

    def look_at_endpoint(self, _: Any = None) -> None:
        """Find out what the chosen endpoint takes, where it has to be asked."""
        self.choice.look(background=self.inside is None)

    def _count_edit(self, change: Any) -> None:
        self.edited = (self.edited[0] + 1, change["name"])

    # Running

    def press(self, action: Callable[[], Job | Sweep | None]) -> None:
        """Do what a button that starts a job is pressed for; once for a double click, or a key that is held down.

        Inside the click, the second press is handled when the first one's job has ended. One that started nothing, as
        there was something to correct, does not count.
        """
        pressed = self._clock()
        if pressed < self._taken_from:
            self._taken_from = pressed + _ONE_PRESS
            return
        if action() is not None:
            self._taken_from = max(pressed + _ONE_PRESS, self._clock() + _WAITED_IN_QUEUE)

    def run(self) -> Job | Sweep | None:
        """Post the request as a job; give the job, what still runs where something does, or None for a refusal.

        Where lists are compared, a sweep is run.
        """

        def make(job_type: type[Job]) -> Job:
            self.look_at_endpoint()
            self._check_form()
            return job_type(self.request, self.choice.client(), journal=self.earlier.journal)

        return self._run_sweep() if self.comparison.is_on else self._launch(make)

    def resume(self, entry: JournalEntry) -> Job | Sweep | None:
        """Take up a job of the journal where it was left; nothing is paid again. Returns as `run` does."""

        def make(job_type: type[Job]) -> Job:
            return job_type.resume(entry, journal=self.earlier.journal)

        return self._launch(make, puts_back=True, entry=entry)

    def attach(self, prediction_id: str) -> Job | Sweep | None:
        """Follow a job that was started elsewhere, at the chosen endpoint. Returns as `run` does."""

        def make(job_type: type[Job]) -> Job:
            if not prediction_id.strip():
                raise AnimateDiffError(Message("id_missing"))
            endpoint, token = self.choice.ready(), self.choice.token
            return job_type.attach(endpoint, prediction_id.strip(), token=token, journal=self.earlier.journal)

        return self._launch(make, puts_back=True)

    def adopt(self, prediction_id: str) -> Job | Sweep | None:
        """Take the last job up, whose answer was lost, as the one at the endpoint that the person says it is."""
        lost, journal = self.job, self.earlier.journal

        def make(job_type: type[Job]) -> Job:
            entry = journal.get(lost.key)
            if entry is None:
                raise AnimateDiffError(Message("names_no_job", key=lost.key))
            return job_type.resume(entry, lost.client, journal=journal, adopt=prediction_id)

        return self._launch(make, puts_back=True)

    def cancel(self) -> None:
        """Cancel the job that runs; one that was found in a list (`JobView.adopted`) at the second press."""
        sweep = self.comparison.sweep
        if self.cancelable and sweep is not None:
            self.cancelable = False
            sweep.cancel()
        elif self.cancelable and self._clock() >= self._cancel_from:
            self._cancel_from = self._clock() + _ONE_PRESS
            self._cancels += 1
            self.cancelable = self._cancels <= self.view.adopted
            self.job.cancel()

    def _launch(
        self, make: Callable[[type[Job]], Job], *, puts_back: bool = False, entry: JournalEntry | None = None
    ) -> Job | Sweep | None:
        """Make a job, of an entry of the journal or anew, and run it; what keeps it from being made is the refusal."""
        if self._may_not_run():
            return self._last()
        if self._job_type is None:
            from animatediff_widget.jobs.job import Job

            self._job_type = Job
        try:
            job = make(self._job_type)
        except AnimateDiffError as error:
            self._refuse(error, entry)
            return None
        job.previews = self.previews and may_show()
        self.earlier.offers = tuple(offer for offer in self.earlier.offers if offer.key != job.key)
        if puts_back:
            self.put_back(job.body)
        if self.inside is not None:
            self.inside.run(job, lambda: self._watch(job), self.cancel, self._settle)
        else:
            self._watch(job)
            job.start()
        return job

    def _watch(self, job: Job) -> None:
        """Display a job from now on, and no other. One observer sees everything of it."""
        with uninterrupted():
            self._leave()
            self.comparison.sweep = self.sweep_progress = None
            self.entry, self.job, self._cancels = None, job, 0
            self.running = True
            job.observe(self._deliver, "view")
            self._observed = job
            self._show(job.view)

    def _leave(self) -> None:
        super()._leave()
        if self._observed is not None:
            self._observed.unobserve(self._deliver, "view")
            self._observed = None

    def _deliver(self, change: Any) -> None:
        """Show a view; in the job's own thread, or inside the click."""
        with uninterrupted():
            if change["owner"] is self._observed:
                self._show(change["new"])

    def _settle(self) -> None:
        """Show how the job stands after an interrupt may have cut in; one that still runs is no longer waited for."""
        with uninterrupted():
            if self._observed is None:
                return
            self._show(self._observed.view)
            if self.running:
                self._leave()
                self.running = self.cancelable = False
                self.refusal = Message("given_up")

    def _show(self, view: JobView) -> None:
        """Let the widgets show how the job stands. Run is offered last."""
        self.cancelable = not view.finished and self._cancels <= view.adopted
        if view.finished:
            self.entry = None
        self.refusal = None
        self.view = view
        self.key = self.job.key or ""
        if self.entry is None:
            self.result = view
        if view.animation is not None and view.animation is not self.animation:
            self.animation = view.animation
            self.earlier.see(self.key)
        if isinstance(view.error, KeyRefused):
            self.choice.ask_for_key(self.job.client.endpoint, view.error)
        self.running = not view.finished

    # What was made before

    def show_entry(self, entry: JournalEntry) -> None:
        """Display a job of the journal, and put its settings back into the form."""
        self.put_back(entry.body)
        self.entry = entry
        self.result = _view_of(entry)
        if not self.running:
            self.key = entry.key

    def recall(self, key: str) -> None:
        """Display the job, or sweep, that a page displayed before it was reloaded, where another kernel answers it."""
        if self.running:
            return
        entry = self.earlier.find(key)
        if entry is None:
            sweep = self.earlier.find_sweep(key)
            if sweep is not None:
                self.show_sweep(sweep)
            return
        self.show_entry(entry)
        assert self.result is not None
        self.animation = self.result.animation
        if entry.state in FINAL_STATES:
            self.view = self.result

    def put_back(self, body: Body) -> None:
        """Put a job's settings back into the form; a damaged record has none."""
        with contextlib.suppress(InvalidRequest):
            for name, value in body.request().trait_values().items():
                setattr(self.request, name, value)

    @observe("form_problem")
    def _take_refusal_back(self, _: Any = None) -> None:
        """Take away why nothing was sent: the reason is gone, or it is that nothing can run at the chosen place."""
        self.refusal = Message("not_here") if self.choice.unavailable and not self.running else None


def _view_of(entry: JournalEntry) -> JobView:
    """Give how a job of the journal stands, as a job would."""
    animations = entry.animations()
    why = Message("history_gone") if entry.state == "succeeded" else entry.error
    error = AnimateDiffError(why) if why and not animations else None
    return JobView(entry.state, entry.prediction, error, animations)
