"""What a sweep shows: two traits to observe, its cells, and how each stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from typing import Any

from traitlets import Enum, HasTraits, Instance

from animatediff_widget.backends.client import Client
from animatediff_widget.errors import InvalidArgument, check
from animatediff_widget.jobs.job import Job
from animatediff_widget.jobs.view import JobView
from animatediff_widget.journal import JournalProtocol
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .batch import Batch, Jobs
from .cells import Cell
from .plan import Budget
from .progress import SweepProgress
from .standing import Views

__all__ = ["SweepTraits"]

_STATES = ("new", "running", "paused", "stopping", "finished")


@guarded_class
class SweepTraits(HasTraits):
    """What a sweep shows; `Sweep` says what the traits are."""

    state = Enum(_STATES, "new", read_only=True)
    progress = Instance(SweepProgress, (0,), read_only=True)
    _batch: Batch

    def __repr__(self) -> str:
        return f"<Sweep {len(self.cells)} cells: {' × '.join(self.axes)}, {self.progress.done} done>"

    @property
    def key(self) -> str:
        """Its key in the journal, where it stands from its start on."""
        return self._batch.key

    @property
    def client(self) -> Client:
        """How it reaches the endpoint."""
        return self._batch.client

    @property
    def journal(self) -> JournalProtocol:
        """Where it is written down."""
        return self._batch.journal

    @property
    def at_once(self) -> int:
        """How many jobs run side by side."""
        return self._batch.at_once

    @property
    def budget(self) -> Budget:
        """How much it may take; may be set anew, as by the constructor."""
        return self._batch.budget

    @budget.setter
    def budget(self, budget: Budget | int | str | None) -> None:
        self._batch.budget = Budget.of(budget)

    @property
    def request(self) -> AnimateDiffRequest:
        """What the cells vary: a new request each time."""
        return self._batch.grid.body.request()

    @property
    def axes(self) -> Mapping[str, tuple[Any, ...]]:
        """Each axis's values, in the order given, the drawn seeds among them."""
        return self._batch.grid.axes

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells, one for each combination of values; the last axis changes quickest."""
        return tuple(self._batch.standing.cells)

    @property
    def views(self) -> Sequence[JobView]:
        """How each cell stands now; of one that ended, read from the journal when it is asked for."""
        return Views(self._batch.standing)

    def view(self, cell: Cell | int) -> JobView:
        """Give how one cell stands now."""
        return self.views[self._number(cell)]

    def _number(self, cell: Cell | int) -> int:
        check((Cell, int), cell=cell)
        number = cell.number if isinstance(cell, Cell) else cell
        if not 0 <= number < len(self.views):
            raise InvalidArgument(Message("no_such_cell", number=number, last=len(self.views) - 1))
        return number

    def fetch_log(self, cell: Cell | int, then: Callable[[], object] | None = None, within: float = 0.0) -> None:
        """Ask the endpoint, once and beside, for the log of a cell whose end only a list told, which has no logs.

        Parameters
        ----------
        cell : Cell or int
            The cell, or its number; nothing is asked where it runs, or its log is known.
        then : callable, optional
            Called when `view` has the log; from another thread.
        within : float
            So many seconds are waited for it, at the most.
        """
        check(Callable, none=True, then=then)
        check(float, within=within)
        future = self._batch.fetch_log(self._number(cell))
        if future is not None:
            if then is not None:
                future.add_done_callback(lambda done: done.result() and then())
            wait([future], within)

    @property
    def jobs(self) -> Sequence[Job]:
        """The job of each cell, made when it is asked for."""
        return Jobs(self._batch)

    def __getitem__(self, settings: Mapping[str, Any]) -> Job:
        """Give the job of the one cell that has these settings; `InvalidArgument` where none or several have."""
        check(Mapping, settings=settings)
        return self.jobs[self._batch.standing.find(dict(settings))]

    def rows(self) -> list[dict[str, Any]]:
        """Give one dict a cell: each axis's value, state, seed, seconds, file and error; pandas takes them as they are.

        ``seconds`` is how long the endpoint took, ``file`` the animation's name; None where there is none.
        """
        return [*self._batch.standing.rows()]

    def changes(self, since: int = 0) -> tuple[int, list[int]]:
        """Give a token, and the numbers of the cells that changed since another; 0 stands for the beginning."""
        check(int, since=since)
        return self._batch.standing.changes(since)
