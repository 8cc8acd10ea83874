"""Many jobs as one, as a person sees it."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NoReturn

from animatediff_widget.backends.client import Client
from animatediff_widget.backends.registry import default_endpoint, place
from animatediff_widget.errors import InvalidArgument, JobError, JournalError, NotConfirmed, check
from animatediff_widget.interrupts import uninterrupted
from animatediff_widget.journal import Claim, Journal, JournalProtocol
from animatediff_widget.keys.credentials import saved_key, typed_key
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .axes import read_axes
from .batch import Batch
from .cells import Grid
from .files import SweepFiles
from .loop import TICK, Loop
from .plan import Budget, SweepPlan
from .progress import SweepProgress
from .under_way import RunningSweep

__all__ = ["Sweep"]

logger = logging.getLogger(__name__)

_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)


@guarded_class
class Sweep(RunningSweep, SweepFiles):
    """One request run over many values of its fields: a job for each combination, side by side.

    It is written in the journal before its first job is posted, and each job in it as any job is; a sweep whose process
    was killed goes on with `Sweep.load`.

    Parameters
    ----------
    request : AnimateDiffRequest or Body
        What to vary. Its seed, drawn once where it has none, is the same in all cells unless it is an axis.
    client : Client or Endpoint, optional
        Where to run; as for `Job` when not given.
    at_once : int, optional
        How many jobs run side by side; by default 8, at the built-in server two for each
        processor, on a cluster two for each of its threads and at least 32.
    budget : int, str or Budget, optional
        How much it may take: a number of jobs, or a time such as ``"90s"``, ``"5 min"`` or ``"2h"`` that the endpoint's
        models run in all (its ``predict_time``). Once that is reached, no further job is begun.
    journal : Journal, optional
        Where to write it down; the person's own when not given.
    timeout : float
        The longest to wait for the end of one job, in seconds; 30 minutes by default.
    key : str, optional
        Its key in the journal; drawn when not given.
    **axes
        For any field of the request, of its `extra_input`, or of what our own engines take besides (`Client.inputs`),
        the values to try: ``steps=[1, 4, 25]``, or text: ``"1, 5, .., 25"``, ``"1-10 (+3)"``, ``"1-10 [4]"`` (four of
        them, evenly), ``"1-10, SKIP: 7"``, prompts with ``||`` between them. ``seed=4`` is a number of seeds, drawn
        once and kept. Where the first value of ``prompt=["night", "day"]`` stands in the request's prompt, each takes
        its place there; else each is a whole prompt.

    Attributes
    ----------
    state : str
        ``"new"``, ``"running"``, ``"paused"``, ``"stopping"`` or ``"finished"``.
    progress : SweepProgress
        How far it is, as one value; ``str()`` is one line.

    Raises
    ------
    InvalidRequest
        When an axis names no field, has no value or one twice, or a value is refused.
    InvalidArgument
        When another argument cannot be.

    Examples
    --------
    >>> sweep = Sweep(AnimateDiffRequest(prompt="a boat", seed=7), Endpoint.builtin(), steps=[1, 4], guidance_scale=[7])
    >>> [dict(cell.settings) for cell in sweep.cells]
    [{'steps': 1, 'guidance_scale': 7.0}, {'steps': 4, 'guidance_scale': 7.0}]
    """

    def __init__(
        self,
        request: AnimateDiffRequest | Body,
        client: Client | Endpoint | None = None,
        at_once: int | None = None,
        *,
        budget: Budget | int | str | None = None,
        journal: JournalProtocol | None = None,
        timeout: float = 1800.0,
        key: str | None = None,
        **axes: Any,
    ) -> None:
        super().__init__()
        check((Client, Endpoint), none=True, client=client)
        check(int, none=True, at_once=at_once)
        check(JournalProtocol, none=True, journal=journal)
        check(float, timeout=timeout)
        check(str, none=True, key=key)
        if key is not None and not _KEY.fullmatch(key):
            raise JournalError(Message("not_a_journal_key", key=repr(key[:80])))
        body = Body.of(Body.of(request).request().seeded())
        endpoint = client.endpoint if isinstance(client, Client) else client or default_endpoint()
        inputs = place(endpoint.kind).inputs(endpoint) or Inputs()
        grid = Grid(body, MappingProxyType(read_axes(body.request(), axes, inputs)))
        limits = Budget.of(budget)
        client = client if isinstance(client, Client) else Client(endpoint)
        journal = journal or Journal()
        self._batch = Batch(key, grid, client, journal, at_once, timeout)
        self._batch.budget = limits
        self._loop: Loop | None = None
        self._thread: threading.Thread | None = None
        self._process = 0  # where the loop is
        self._starting = threading.RLock()  # an observer that is told of the start may ask for something
        self.set_trait("progress", SweepProgress(len(self.cells)))

    @classmethod
    def load(
        cls, key: str, client: Client | Endpoint | None = None, *, journal: JournalProtocol | None = None
    ) -> Sweep:
        """Take a sweep up from the journal; what ended is there at once, and `run` or `start` goes on with the rest.

        What was begun is followed to its end and never posted again; what was never begun is posted.

        Parameters
        ----------
        key : str
            Its key in the journal.
        client : Client or Endpoint, optional
            Where to run what was never begun; where the sweep was begun when not given.
        journal : Journal, optional
            The journal that it stands in.

        Raises
        ------
        AnimateDiffError
            When the journal has no such sweep, or its record is damaged.
        """
        check(str, key=key)
        check((Client, Endpoint), none=True, client=client)
        check(JournalProtocol, none=True, journal=journal)
        journal = journal or Journal()
        entry = journal.sweep(key)
        if entry is None:
            raise JobError(Message("no_such_sweep", key=repr(key[:80])))
        if client is None:
            endpoint = Endpoint.restore(entry.endpoint, entry.kind)
            client = Client(endpoint, typed_key(endpoint) or saved_key(endpoint))
        given: dict[str, Any] = {**entry.options, **entry.axes}
        sweep = cls(entry.body, client, journal=journal, key=key, **given)
        sweep._batch.recall(entry, journal.cells(key))
        sweep._show_recalled()
        return sweep

    def __reduce__(self) -> NoReturn:
        raise InvalidArgument(Message("job_not_copied"))

    def refresh(self) -> Sweep:
        """Take in what another process has done with the sweep since it was loaded, and give it back.

        Does nothing while it runs here. `run` and `start` do so by themselves.

        Raises
        ------
        AnimateDiffError
            When the journal cannot be read.
        """
        with self._starting:
            if self._loop is None:
                self._batch.refresh()
                self._show_recalled()
        return self

    def plan(self) -> SweepPlan:
        """Say what running it takes: how many jobs are still to be posted, where, and about how long that takes."""
        return self._batch.plan()

    def start(self, confirm: bool = False) -> Sweep:
        """Run the cells in the background, and give the sweep back; does nothing where it runs already.

        `confirm` and what is raised are as for `run`.
        """
        with uninterrupted(), self._starting:
            begun = self._open(confirm)
            if begun is not None:
                self._thread = threading.Thread(target=self._go, args=begun, name="animatediff-sweep", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # the system has no more threads
                    self._leave(*begun)
                    raise
        return self

    def run(self, idle: Callable[[], object] | None = None, confirm: bool = False) -> Sweep:
        """Run the cells to their end, and give the sweep back. Observers are called in this thread.

        A cell that fails does not stop the others. Where the endpoint takes no jobs for a while (too many of them, no
        credit, no connection), the sweep waits and goes on by itself. An interrupt cancels the jobs that run and leaves
        the rest as it is; `run` goes on with it.

        Parameters
        ----------
        idle : callable, optional
            Called about ten times a second while it runs; it may call `pause`, `stop` or `cancel`.
        confirm : bool
            That more than 10 jobs may be posted where they cost money. One that was confirmed stays so.

        Raises
        ------
        NotConfirmed
            When that is needed and was not given; it says what would be posted (`plan`).
        AnimateDiffError
            When the journal cannot be written, or another process runs this sweep.
        """
        check(Callable, none=True, idle=idle)
        begun = None
        try:
            with uninterrupted(), self._starting:
                begun = self._open(confirm)
            if begun is None:
                loop = None if self._thread is threading.current_thread() else self._loop
                while idle is not None and loop is not None and not loop.ended.wait(TICK):
                    idle()
                self.wait()
            elif self._go(*begun, idle):
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            if begun is None:  # it runs in the background
                self.cancel()
            if begun is not None and self._loop is begun[0]:  # it came before anything ran
                self._leave(*begun)
            raise
        return self

    def retry(self, confirm: bool = False, start: bool = True) -> Sweep:
        """Run the cells again, in the background, that failed or were canceled, and what was never begun.

        A cell whose job may have been created all the same (state ``"unknown"``), or may still run, is not posted
        again. One that is stopping, by `stop` or `cancel`, goes on then. `confirm` is as for `run`, of the cells that
        are run again. Without `start` they wait for the next `run`, which may be in this thread.
        """
        check(bool, start=start)
        with uninterrupted(), self._starting:
            if self._loop is None:
                self._batch.refresh()
            failed = self._batch.failed()
            self._check_confirmed(self._batch.plan(failed), confirm)
            for number in failed:
                self._batch.reset(number)
            loop = self._loop
            is_late = loop is not None and not loop.add(failed)
        if loop is not None and is_late:
            loop.ended.wait()
        return self.start(confirm) if start else self

    def _check_confirmed(self, plan: SweepPlan, confirm: object) -> None:
        check(bool, confirm=confirm)
        if plan.needs_confirmation and not confirm:
            raise NotConfirmed(Message("not_confirmed", plan=plan.message))

    def _open(self, confirm: bool) -> tuple[Loop, Claim] | None:
        """Write the sweep down; give what runs it, or None where it runs already or nothing is to be done."""
        if self._loop is not None:
            self._check_process()
            return None
        if not self._batch.pending():
            with contextlib.suppress(JournalError):
                self._batch.close_left()
            self._show_recalled()
            return None
        if not self._batch.is_confirmed:
            self._check_confirmed(self.plan(), confirm)
        claim = self._batch.open()
        try:
            loop = Loop(self._batch, self._show)
        except BaseException:
            claim.release()
            raise
        self._loop, self._process, self._thread = loop, os.getpid(), threading.current_thread()
        try:
            loop.tell()
        except BaseException:
            self._leave(loop, claim)
            raise
        return loop, claim

    def _go(self, loop: Loop, claim: Claim, idle: Callable[[], object] | None = None) -> bool:
        """Run the loop in this thread; give whether an interrupt canceled the jobs."""
        try:
            return loop.run(idle)
        finally:
            self._leave(loop, claim)

    def _leave(self, loop: Loop, claim: Claim) -> None:
        """Let the sweep be run again, by anybody."""
        with uninterrupted():
            try:
                with claim, contextlib.suppress(JournalError):  # it is open then, and is offered to be taken up
                    self._batch.close(loop.is_wanted)
            finally:
                self._loop = self._thread = None
                loop.finish()

    def _show_recalled(self) -> None:
        """Let the traits follow what the journal has; whoever sees the state finds the progress."""
        self.set_trait("progress", SweepProgress.of(self._batch.standing))
        if not self._batch.pending():
            self.set_trait("state", "finished")

    def _show(self, state: str, progress: SweepProgress) -> None:
        """Let the traits follow. An observer that raises stops nothing."""
        for name, value in (("progress", progress), ("state", state)):
            try:
                self.set_trait(name, value)
            except Exception:
                logger.exception("an observer of the sweep's %s failed", name)
