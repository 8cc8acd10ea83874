"""The part of the controller that runs sweeps, and what it has in common with running a job. No widget in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from traitlets import Any as AnyTrait
from traitlets import Bool, HasTraits, Instance, Unicode

from animatediff_widget.errors import AnimateDiffError, KeyRefused
from animatediff_widget.interrupts import uninterrupted
from animatediff_widget.jobs.view import JobView
from animatediff_widget.journal import JournalEntry
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .comparison import Comparison
from .earlier_jobs import EarlierJobs
from .endpoint_choice import EndpointChoice
from .running import InsideClick

if TYPE_CHECKING:  # what only a run needs is imported with the first run
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.journal import SweepEntry
    from animatediff_widget.sweeps.sweep import Sweep

__all__ = ["SweepControl"]


class SweepControl(HasTraits):
    """Runs one thing at a time, here a sweep; `Controller` adds jobs."""

    request = Instance(AnimateDiffRequest)
    running = Bool(False, help="Whether the last job, or sweep, runs and is waited for.")
    cancelable = Bool(False, help="Whether it runs and nobody has asked for it to be canceled.")
    entry = AnyTrait(None, help="The job of the journal that is displayed instead of the last job.")
    result = Instance(JobView, allow_none=True, help="What came out of the job that is displayed.")
    job = AnyTrait(None, help="The last job.")
    sweep_progress = AnyTrait(None, help="How far the last sweep is, where it was run after the last job.")
    key = Unicode(
        "", help="Its key in the journal, or a sweep's; that of what runs comes first. Empty where there is none."
    )
    refusal = AnyTrait(None, help="Why nothing was sent: a Message, a text or None.")
    form_problem = AnyTrait(None, help="What has to be corrected in the form before it can be sent; None for nothing.")

    def __init__(
        self,
        request: AnimateDiffRequest,
        choice: EndpointChoice,
        earlier: EarlierJobs,
        inside: InsideClick | None,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(request=request)
        self.choice, self.earlier = choice, earlier
        self.inside = inside  # runs jobs inside the click; None: each runs in a thread of its own
        self.comparison = Comparison(clock)
        self._clock = clock
        self._is_closed = False

    def cancel(self) -> None:
        """Cancel what runs."""
        raise NotImplementedError

    def put_back(self, body: Body) -> None:
        """Put a job's settings back into the form."""
        raise NotImplementedError

    def _leave(self) -> None:
        """Watch no sweep any more; `Controller` adds jobs."""
        if self.comparison.sweep is not None:
            self.comparison.sweep.unobserve(self._sweep_changed, "state")

    def look_at_comparison(self) -> None:
        """Say what running the lists takes."""
        self.comparison.look(self.request, self.choice.inputs, self.choice.client, self.earlier.journal)

    def resume_sweep(self, entry: SweepEntry) -> Job | Sweep | None:
        """Take up a sweep of the journal where it was left. Returns as `run` does."""

        def make() -> Sweep:
            sweep = self._load(entry)
            self.earlier.sweeps = tuple(offer for offer in self.earlier.sweeps if offer.key != entry.key)
            self.put_back(entry.body)
            return sweep

        return self._launch_sweep(make, entry)

    def run_again(self, sweep: Sweep) -> None:
        """Run the displayed sweep once more, inside the click."""
        if self.inside is not None and not self._may_not_run():
            self.inside.run_sweep(sweep, self.cancel)

    def show_sweep(self, entry: SweepEntry) -> Message | None:
        """Display a sweep of the journal, and put its settings back into the form; say why not while something runs."""
        if self._may_not_run():
            return Message("sweep_not_now")
        try:
            sweep = self._load(entry)
        except AnimateDiffError as error:
            self._refuse(error, entry)
            return None
        self.put_back(entry.body)
        self._watch_sweep(sweep, runs=False)
        return None

    def _load(self, entry: SweepEntry) -> Sweep:
        from animatediff_widget.sweeps.sweep import Sweep

        here = self.choice.endpoint
        client = self.choice.client() if here is not None and here.url == entry.endpoint else None
        return Sweep.load(entry.key, client, journal=self.earlier.journal)

    def show_cell(self, view: JobView) -> None:
        """Display a cell of the sweep."""
        self.entry = None
        self.result = view

    def _run_sweep(self) -> Job | Sweep | None:
        """Run the sweep of the lists; refused until it is confirmed where that is needed."""

        def make() -> Sweep:
            self._check_form()
            sweep = self.comparison.make(self.request, self.choice.inputs, self.choice.client(), self.earlier.journal)
            self.comparison.check_confirmed(sweep)
            return sweep

        return self._launch_sweep(make)

    def _launch_sweep(self, make: Callable[[], Sweep], entry: SweepEntry | None = None) -> Job | Sweep | None:
        """Make a sweep and run it, as `_launch` does with a job."""
        if self._may_not_run():
            return self._last()
        try:
            sweep = make()
            self._watch_sweep(sweep)
            if self.inside is not None:
                self.inside.run_sweep(sweep, self.cancel)
            else:
                sweep.start(confirm=True)
        except AnimateDiffError as error:
            self.running = self.cancelable = False
            self._refuse(error, entry)
            return None
        except KeyboardInterrupt:
            if self.comparison.sweep is not None and self.comparison.sweep.state == "new":  # it came before the start
                self.running = self.cancelable = False
            if self.inside is None:
                raise
            return None
        return sweep

    def _last(self) -> Job | Sweep | None:
        """Give what runs, or ran last."""
        last: Job | Sweep | None = self.job if self.comparison.sweep is None else self.comparison.sweep
        return last

    def _watch_sweep(self, sweep: Sweep, *, runs: bool = True) -> None:
        """Display a sweep from now on, which is run, or was before."""
        with uninterrupted():
            self._leave()
            self.refusal = self.entry = None
            self.result = JobView()
            self.comparison.sweep = sweep  # before how far it is, which is shown of this sweep alone
            self.sweep_progress = sweep.progress
            self.key = sweep.key
            self.running = self.cancelable = runs and sweep.state != "finished"  # by another process, or panel
            sweep.observe(self._sweep_changed, "state")

    def _sweep_changed(self, change: Any) -> None:
        """Follow a sweep, which may run a second time."""
        sweep = change["owner"]
        if sweep is not self.comparison.sweep:  # it was left just now
            return
        self.sweep_progress = sweep.progress
        self.running = change["new"] != "finished"
        if change["new"] != "stopping":  # by Stop, which leaves what runs to be canceled, or by Cancel
            self.cancelable = self.running

    def _check_form(self) -> None:
        if self.form_problem:
            raise AnimateDiffError(Message("correct_first", problem=self.form_problem))

    def _may_not_run(self) -> bool:
        """Whether something runs; raise where the panel is closed."""
        if self._is_closed:
            raise AnimateDiffError(Message("closed"))
        return bool(self.running)

    def _refuse(self, error: AnimateDiffError, entry: JournalEntry | SweepEntry | None) -> None:
        """Say why nothing was sent, and ask for the key where that was the reason."""
        if isinstance(error, KeyRefused):
            endpoint = Endpoint.restore(entry.endpoint, entry.kind) if entry else self.choice.endpoint
            self.choice.ask_for_key(endpoint, error)
        self.refusal = error.message
