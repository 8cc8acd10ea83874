"""What a job, the panel and the command line ask of a journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .entry import JournalEntry, Part
from .sweeps import SweepEntry

__all__ = ["Claim", "JournalProtocol"]


_T = TypeVar("_T")


class Claim(AbstractContextManager["Claim"], Protocol):
    """The right to run one job, held until `release` or the end of the process, however that comes."""

    def release(self) -> None:
        """Give the job free; does nothing the second time."""


@runtime_checkable
class JournalProtocol(Protocol):
    """The record of all jobs. Every method raises `JournalError` where it cannot be used."""

    folder: Path
    """Where it keeps its files."""

    @property
    def animations(self) -> Path:
        """The folder of the animations."""

    @property
    def report(self) -> Message | None:
        """What the person must know about the journal itself, such as that it was damaged; most often None."""

    def new_key(self) -> str:
        """Draw a key for a job."""

    def begin(
        self,
        body: AnimateDiffRequest | Body,
        endpoint: Endpoint,
        *,
        key: str | None = None,
        part: Part | None = None,
    ) -> str:
        """Record a job before it is posted.

        Parameters
        ----------
        body : AnimateDiffRequest or Body
            What will be posted, its seed drawn.
        endpoint : Endpoint
            Where.
        key : str, optional
            From `new_key`, where the job was claimed already, so that nobody takes it for an abandoned one.
        part : Part, optional
            Which cell of which sweep it is.

        Returns
        -------
        str
            The job's key in the journal.
        """

    def record(
        self,
        key: str,
        state: str,
        *,
        prediction: Prediction | None = None,
        error: Message | str | None = None,
        output: Path | None = None,
        size: int | None = None,
        sha256: str | None = None,
        seconds: float | None = None,
    ) -> bool:
        """Record a job's new state, and what has become known with it. What is None stays as it was.

        Parameters
        ----------
        key : str
            From `begin`.
        state : str
            The job's state. ``"succeeded"`` takes away the error of an attempt before.
        prediction : Prediction, optional
            The last answer. Files in it (``data:`` URIs) are left out.
        error : Message or str, optional
            What went wrong.
        output : pathlib.Path, optional
            The animation's file, whole and on the disk.
        size : int, optional
            Its size in bytes.
        sha256 : str, optional
            Its digest, in hexadecimal.
        seconds : float, optional
            How long the endpoint took, for `typical_seconds`.

        Returns
        -------
        bool
            False when the journal does not know the job: it was set aside meanwhile.
        """

    def adopt(self, key: str, prediction: Prediction, *, named: bool = False) -> bool:
        """Record that a job found at the endpoint is this one, unless it is another one's already.

        Parameters
        ----------
        key : str
            From `begin`.
        prediction : Prediction
            The job there.
        named : bool
            Whether the person has named it; else the entry is `JournalEntry.adopted`.

        Returns
        -------
        bool
            False when another job of the same endpoint has that id: of several that look at once, one gets it.
        """

    def together(self, acts: Sequence[Callable[[], _T]]) -> list[_T]:
        """Do many things at once: all is on the disk when this returns, after one wait for it, or nothing is.

        Parameters
        ----------
        acts : sequence of callables
            Each calls `begin`, `record`, `adopt`, `see` or `get`, in this thread, and does nothing else that could not
            be done twice.

        Returns
        -------
        list
            What they gave.
        """

    def see(self, key: str) -> None:
        """Mark a job that ended as seen by the person, so that it is not offered again."""

    def claim(self, key: str) -> Claim | None:
        """Claim the right to run a job; None when a living process, this one included, runs it."""

    def claimed(self, key: str) -> bool:
        """Whether a living process runs a job, this one included."""

    def jobs(self, limit: int = 100, before: str | None = None, *, cells: bool = True) -> list[JournalEntry]:
        """List the last jobs, the newest first; `before` is a job's key: go on with those submitted before it.

        Without `cells`, the jobs of sweeps are left out.
        """

    def unfinished(self, limit: int = 100) -> list[JournalEntry]:
        """List the jobs whose end is not known, the newest first."""

    def to_pick_up(self, limit: int = 20) -> list[JournalEntry]:
        """List what can be picked up again, the newest first.

        Returns
        -------
        list of JournalEntry
            Jobs that did not end and that no living process runs, and jobs that succeeded with nobody there to see.
        """

    def get(self, key: str, endpoint: str | None = None) -> JournalEntry | None:
        """Find one job by its key in the journal, or by its id at an endpoint (any, where no url is given)."""

    def find(self, beginning: str, limit: int = 100) -> list[JournalEntry]:
        """Find jobs by the beginning of their key."""

    def begin_sweep(self, sweep: SweepEntry) -> None:
        """Record a sweep before the first of its jobs; one that is recorded already is open again."""

    def end_sweep(self, key: str, state: str) -> None:
        """Record how a sweep was left: ``"finished"``, or ``"stopped"`` by the person with cells that did not run."""

    def sweep(self, key: str) -> SweepEntry | None:
        """Find a sweep by its key."""

    def sweeps(self, limit: int = 100) -> list[SweepEntry]:
        """List the last sweeps, the newest first."""

    def find_sweeps(self, beginning: str, limit: int = 100) -> list[SweepEntry]:
        """Find sweeps by the beginning of their key."""

    def sweeps_to_pick_up(self, limit: int = 20) -> list[SweepEntry]:
        """List the sweeps, the newest first, that were neither finished nor stopped and that no living process runs."""

    def cells(self, sweep: str) -> list[JournalEntry]:
        """Give the jobs of a sweep in the order of their submission; a cell that was run again has several."""

    def key_uses(self) -> set[tuple[str, str]]:
        """Give which keys were used where: fingerprints, with the origins of endpoints."""

    def note_key_use(self, fingerprint: str, origin: str) -> None:
        """Note that a key goes to an endpoint. A key itself is never written down."""

    def typical_seconds(self, body: AnimateDiffRequest | Body, endpoint: Endpoint) -> float | None:
        """Say how long such a job takes: the median of the last ones of the same endpoint, version and steps."""
