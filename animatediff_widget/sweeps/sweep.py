"""Many jobs as one, as a person sees it."""

from __future__ import annotations

import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

from traitlets import Enum, HasTraits, Instance

from animatediff_widget.backends.client import Client
from animatediff_widget.errors import InvalidArgument, JobError, JournalError, check
from animatediff_widget.interrupts import uninterrupted
from animatediff_widget.jobs.job import Job
from animatediff_widget.jobs.view import JobView
from animatediff_widget.journal import Journal, JournalProtocol, Part, SweepEntry
from animatediff_widget.keys.credentials import saved_key, typed_key
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.model.status import FINAL_STATES
from animatediff_widget.texts import Message

from .axes import read_axes
from .cells import Cell, Grid, order
from .files import SweepFiles
from .loop import Loop
from .progress import SweepProgress
from .standing import Standing, Views

__all__ = ["Sweep"]

_HOSTED_AT_ONCE = 8
_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
STATES = ("new", "running", "paused", "stopping", "finished")


@guarded_class
class Sweep(HasTraits, SweepFiles):
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
        How many jobs run side by side; by default 8, at the built-in server one for each processor.
    journal : Journal, optional
        Where to write it down; the person's own when not given.
    timeout : float
        The longest to wait for the end of one job, in seconds; 30 minutes by default.
    key : str, optional
        Its key in the journal; drawn when not given.
    **axes
        For any field of the request, or of its `extra_input`, the values to try: ``steps=[1, 4, 25]``. ``seed=4`` is a
        number of seeds, drawn once and kept. Where the first value of ``prompt=["night", "day"]`` stands in the
        request's prompt, each takes its place there; else each is a whole prompt.

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

    Examples
    --------
    >>> sweep = Sweep(AnimateDiffRequest(prompt="a boat", seed=7), Endpoint.builtin(), steps=[1, 4], guidance_scale=[7])
    >>> [dict(cell.settings) for cell in sweep.cells]
    [{'steps': 1, 'guidance_scale': 7.0}, {'steps': 4, 'guidance_scale': 7.0}]
    """

    state = Enum(STATES, "new", read_only=True)
    progress = Instance(SweepProgress, allow_none=False, read_only=True)

    def __init__(
        self,
        request: AnimateDiffRequest | Body,
        client: Client | Endpoint | None = None,
        at_once: int | None = None,
        *,
        journal: JournalProtocol | None = None,
        timeout: float = 1800.0,
        key: str | None = None,
        **axes: Any,
    ) -> None:
        super().__init__()
        check((Client, Endpoint), none=True, client=client)
        check(int, none=True, at_once=at_once)
        check(str, none=True, key=key)
        body = Body.of(Body.of(request).request().seeded())
        check(JournalProtocol, none=True, journal=journal)
        check(float, timeout=timeout)
        self.client = client if isinstance(client, Client) else Client(client)
        free = self.client.backend.abilities.free
        self.at_once = max(at_once or ((os.cpu_count() or 1) if free else _HOSTED_AT_ONCE), 1)
        self.journal: JournalProtocol = journal or Journal()
        self.timeout = timeout
        self.key = key or self.journal.new_key()
        if not _KEY.fullmatch(self.key):
            raise JournalError(Message("not_a_journal_key", key=repr(self.key[:80])))
        self._grid = grid = Grid(body, MappingProxyType(read_axes(body.request(), axes)))
        self._created = time.time()
        self._standing = Standing(grid.cells(self.key), self.journal)
        self._order = order(self.cells, self.axes)
        self._made: weakref.WeakValueDictionary[int, Job] = weakref.WeakValueDictionary()
        self._loop: Loop | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self.set_trait("progress", self._progress(0))

    @classmethod
    def load(
        cls, key: str, client: Client | Endpoint | None = None, *, journal: JournalProtocol | None = None
    ) -> Sweep:
        """Take a sweep up from the journal; what ended is there at once, and `run` or `start` goes on with the rest.

        What is begun is followed to its end and never posted again; what was never begun is posted.

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
        # Of a cell that was run again, the last time.
        last = {job.part.cell: job for job in journal.cells(key) if job.part}
        for number, job in last.items():
            if number < len(sweep.cells):
                sweep._standing.recall(number, job)
        sweep.show("new" if sweep._pending() else "finished")
        return sweep

    def __reduce__(self) -> NoReturn:
        raise InvalidArgument(Message("job_not_copied"))

    def __repr__(self) -> str:
        return f"<Sweep {len(self.cells)} cells: {' × '.join(self.axes)}, {self.progress.done} done>"

    @property
    def request(self) -> AnimateDiffRequest:
        """What the cells vary: a new request each time."""
        return self._grid.body.request()

    @property
    def axes(self) -> Mapping[str, tuple[Any, ...]]:
        """Each axis's values, in the order given, the drawn seeds among them."""
        return self._grid.axes

    @property
    def cells(self) -> Sequence[Cell]:
        """The cells, one for each combination of values; the last axis changes quickest."""
        return self._standing.cells

    @property
    def views(self) -> Sequence[JobView]:
        """How each cell stands now; of one that ended, read from the journal when it is asked for."""
        return Views(self._standing)

    def view(self, cell: Cell | int) -> JobView:
        """Give how one cell stands now."""
        return self.views[self._number(cell)]

    @property
    def jobs(self) -> Sequence[Job]:
        """The job of each cell, made when it is asked for."""
        return Jobs(self)

    def __getitem__(self, settings: Mapping[str, Any]) -> Job:
        """Give the job of the one cell that has these settings."""
        check(Mapping, settings=settings)
        fitting = [cell for cell in self.cells if cell.settings.items() >= dict(settings).items()]
        if len(fitting) != 1:
            code = "names_many_cells" if fitting else "names_no_cell"
            raise InvalidArgument(Message(code, settings=str(dict(settings)), axes=", ".join(self.axes)))
        return self.jobs[fitting[0].number]

    def rows(self) -> list[dict[str, Any]]:
        """Give one dict a cell: each axis's value, state, seed, seconds, file and error; pandas takes them as they are.

        ``seconds`` is how long the endpoint took, ``file`` the animation's name; None where there is none.
        """
        rows = []
        for cell in tuple(self.cells):
            ended = self._standing.ended(cell.number)
            seed = ended.seed if ended and ended.seed is not None else cell.settings.get("seed", self._grid.body.seed)
            rows.append(
                {
                    **cell.settings,
                    "state": self._standing.state(cell.number),
                    "seed": seed,
                    "seconds": ended and ended.seconds,
                    "file": ended and ended.file,
                    "error": str(ended.error) if ended and ended.error else None,
                }
            )
        return rows

    def changes(self, since: int = 0) -> tuple[int, list[int]]:
        """Give a token, and the numbers of the cells that changed since another; 0 stands for the beginning."""
        check(int, since=since)
        return self._standing.changes(since)

    def start(self) -> Sweep:
        """Run the cells in the background, and give the sweep back; does nothing where it runs already."""
        with uninterrupted(), self._starting:
            if self._loop is None:
                loop = self._open()
                if loop is not None:
                    self._thread = threading.Thread(
                        target=self._go, args=(loop,), name="animatediff-sweep", daemon=True
                    )
                    self._thread.start()
        return self

    def run(self, idle: Callable[[], object] | None = None) -> Sweep:
        """Run the cells to their end, and give the sweep back. Observers are called in this thread.

        A cell that fails does not stop the others. An interrupt cancels the jobs that run, and leaves the rest.

        Parameters
        ----------
        idle : callable, optional
            Called about ten times a second while it runs; it may call `pause`, `stop` or `cancel`.

        Raises
        ------
        AnimateDiffError
            When the journal cannot be written, or another process runs this sweep.
        """
        check(Callable, none=True, idle=idle)
        with self._starting:
            loop = self._open() if self._loop is None else None
        if loop is not None:
            if self._go(loop, idle):
                raise KeyboardInterrupt
        else:
            self.wait()
        return self

    def pause(self) -> None:
        """Begin no further cells; those that run go on."""
        self._want("pause")

    def resume(self) -> None:
        """Begin cells again after `pause`."""
        self._want("resume")

    def stop(self) -> None:
        """Begin no further cells, and end when those that run have ended."""
        self._want("stop")

    def cancel(self) -> None:
        """Begin no further cells, and cancel those that run."""
        self._want("cancel")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, `timeout` seconds at the most; give whether it has ended."""
        check(float, none=True, timeout=timeout)
        loop = self._loop
        if loop is None or self._thread is threading.current_thread():
            return self.state == "finished"
        return loop.ended.wait(None if timeout is None else min(timeout, threading.TIMEOUT_MAX))

    def _want(self, what: str) -> None:
        loop = self._loop
        if loop is not None:
            loop.want(what)

    def _number(self, cell: Cell | int) -> int:
        check((Cell, int), cell=cell)
        return cell.number if isinstance(cell, Cell) else cell

    def _pending(self) -> list[int]:
        """Give the cells that are to be begun or taken up, in the order of running."""
        return [number for number in self._order if self._standing.state(number) not in FINAL_STATES]

    def _open(self) -> Loop | None:
        """Write the sweep down; give the loop that runs it, or None where nothing is to be done."""
        pending = self._pending()
        if not pending:
            self.set_trait("state", "finished")
            return None
        self._claim = self.journal.claim(self.key)
        if self._claim is None:
            raise JobError(Message("sweep_runs_elsewhere"))
        try:
            endpoint = self.client.endpoint
            options = {"at_once": self.at_once, "timeout": self.timeout}
            self.journal.begin_sweep(
                SweepEntry(
                    self.key, self._created, endpoint.url, endpoint.kind, self._grid.body, dict(self.axes), options
                )
            )
        except BaseException:
            self._claim.release()
            raise
        self._loop = Loop(self, pending)
        self.show("running")
        return self._loop

    def _go(self, loop: Loop, idle: Callable[[], object] | None = None) -> bool:
        try:
            return loop.run(idle)
        finally:
            left = self._pending()
            self.journal.end_sweep(self.key, "stopped" if left else "finished")
            self._loop = None
            if self._claim is not None:
                self._claim.release()
            self.show("finished")
            loop.ended.set()

    def make_job(self, number: int) -> Job:
        """Give the job of a cell: the one that somebody has, or a new one, or one of the journal."""
        job = self._made.get(number)
        cell = self.cells[number]
        if job is None or job.key != cell.key or (job.finished and job.state not in FINAL_STATES):
            entry = self.journal.get(cell.key)
            if entry is None:
                part = Part(self.key, number)
                job = Job(cell.body, self.client, journal=self.journal, timeout=self.timeout, key=cell.key, part=part)
            else:
                there = self.client if entry.endpoint == self.client.endpoint.url else None
                job = Job.resume(entry, there, journal=self.journal, timeout=self.timeout)
            self._made[number] = job
        return job

    def show_cell(self, number: int, view: JobView) -> None:
        """Take in how a cell stands."""
        self._standing.show(number, view)

    def show(self, state: str | None = None, *, running: int = 0) -> None:
        """Let the traits follow."""
        self.set_trait("progress", self._progress(running))
        if state is not None:
            self.set_trait("state", state)

    def _progress(self, running: int) -> SweepProgress:
        counts = self._standing.counts()
        done = sum(counts.values())
        good, canceled = counts["succeeded"], counts["canceled"]
        return SweepProgress(len(self.cells), done, good, done - good - canceled, canceled, running)


class Jobs(Sequence[Job]):
    """The jobs of a sweep, made when they are asked for."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    def __len__(self) -> int:
        return len(self._sweep.cells)

    def __getitem__(self, place: Any) -> Any:
        numbers = range(len(self))[place]
        make = self._sweep.make_job
        return make(numbers) if isinstance(numbers, int) else [*map(make, numbers)]
