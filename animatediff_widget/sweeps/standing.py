"""How each cell of a sweep stands, in as little memory as ten thousand of them allow."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, overload

from animatediff_widget.errors import AnimateDiffError, InvalidArgument, JobCanceled, JobError, JobFailed, JournalError
from animatediff_widget.jobs.view import JobView
from animatediff_widget.journal import JournalEntry, JournalProtocol
from animatediff_widget.media.animation import Animation
from animatediff_widget.model.prediction import read_predict_time, read_seed
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import shown

from .cells import Cell

__all__ = ["Ended", "Standing", "Views"]

_NEW = JobView()
"""How all cells stand that have not begun."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What is kept of a cell that ended; its animation lies on the disk, its answer in the journal."""

    state: str
    seconds: float | None = None  # how long the endpoint took
    predict_time: float | None = None  # of these, how long the model ran, where the endpoint says so
    seed: int | None = None  # the one that was used, where the endpoint names it
    file: str | None = None
    error: AnimateDiffError | None = None

    @property
    def spent(self) -> float:
        """How long its model ran, as far as is known, in seconds."""
        return self.predict_time or self.seconds or 0.0

    @classmethod
    def of(cls, view: JobView) -> Ended:
        """Keep what is needed of a job's last view."""
        answer = view.prediction
        predict_time, seed = (None, None) if answer is None else (answer.predict_time, answer.seed)
        seconds = view.elapsed if predict_time is None and answer is not None else predict_time
        path = view.animation.path if view.animation else None
        error = view.error.with_traceback(None) if view.error else None  # a traceback keeps all its frames
        return cls(view.state, seconds, predict_time, seed, str(path) if path else None, error)

    @classmethod
    def recorded(cls, entry: JournalEntry) -> Ended:
        """Keep what is needed of a job of the journal."""
        try:
            raw = json.loads(entry.answer or "{}")
        except (ValueError, RecursionError):
            raw = {}
        raw = raw if isinstance(raw, dict) else {}
        predict_time, seed = read_predict_time(raw), read_seed(raw)  # `entry.prediction` takes ten times as long
        seconds = entry.seconds if predict_time is None else predict_time
        error = None
        if entry.error is not None:
            kind = {"canceled": JobCanceled, "failed": JobFailed}.get(entry.state, JobError)
            error = kind(entry.error)
        return cls(entry.state, seconds, predict_time, seed, str(entry.output) if entry.output else None, error)


class Standing:
    """How each cell stands; written by the thread that runs the sweep, read by any."""

    def __init__(self, cells: Sequence[Cell], journal: JournalProtocol) -> None:
        self.cells = tuple(cells)  # a cell that is run again has another key
        self.posted = 0  # how many jobs, in all
        self.spent = 0.0  # how long their models ran, in seconds
        self._journal = journal
        self._running: dict[int, JobView] = {}
        self._ended: dict[int, Ended] = {}
        self._counts: Counter[str] = Counter()  # by the states of those that ended
        self._changed: dict[int, int] = {}  # when each changed last, the latest last
        self._token = 0
        self._lock = threading.Lock()

    def show(self, number: int, view: JobView) -> None:
        """Take in how a cell stands now."""
        self._set(number, view if not view.finished else None, Ended.of(view) if view.finished else None)

    def recall(self, number: int, entry: JournalEntry, ended: Ended | None) -> None:
        """Take in what the journal has of a cell, where that is news; `ended` is what is kept of one that has."""
        is_same = entry.key == self.cells[number].key
        if not is_same:
            self.reset(number, entry.key)
        if not (is_same and ended is not None and self.state(number) == ended.state):
            self._set(number, None if ended else JobView.of(entry), ended)

    def touch(self, number: int) -> None:
        """Count a cell among those that changed: the journal knows more of it."""
        with self._lock:
            self._token += 1
            self._changed.pop(number, None)
            self._changed[number] = self._token

    def reset(self, number: int, key: str) -> None:
        """Let a cell stand as one that has not begun, under a key."""
        with self._lock:  # cells that failed are run again from another thread
            cell = replace(self.cells[number], key=key)
            self.cells = (*self.cells[:number], cell, *self.cells[number + 1 :])
        self._set(number, None, None)

    def _set(self, number: int, view: JobView | None, ended: Ended | None) -> None:
        with self._lock:
            before = self._ended.pop(number, None)
            self._running.pop(number, None)
            if before is not None:
                self._counts[before.state] -= 1
            if view is not None:
                self._running[number] = view
            if ended is not None:
                self._ended[number] = ended
                self.spent += ended.spent
                self._counts[ended.state] += 1
        self.touch(number)

    def changes(self, since: int) -> tuple[int, list[int]]:
        """Give the numbers of the cells that changed after a token, and the token to ask with next."""
        numbers = []
        with self._lock:
            for number, token in reversed(self._changed.items()):
                if token <= since:
                    break
                numbers.append(number)
            return self._token, sorted(numbers)

    def counts(self) -> Counter[str]:
        """Count the cells that ended, by their states."""
        with self._lock:
            return +self._counts

    def _at(self, number: int) -> tuple[Ended | None, JobView]:
        with self._lock:
            return self._ended.get(number), self._running.get(number, _NEW)

    def state(self, number: int) -> str:
        """Give a cell's state, as a job's."""
        ended, view = self._at(number)
        return (ended or view).state

    def view(self, number: int) -> JobView:
        """Give how a cell stands; of one that ended, what the journal has."""
        ended, view = self._at(number)
        if ended is None:
            return view
        entry = None
        with contextlib.suppress(JournalError):
            entry = self._journal.get(self.cells[number].key)
        view = JobView(ended.state, error=ended.error, started=ended.seconds and 0.0, ended=ended.seconds)
        if entry is None:
            return view
        animations = _Stored(replace(entry, output=Path(ended.file))) if ended.file else ()
        return replace(view, prediction=entry.prediction, animations=animations, adopted=entry.adopted)

    def find(self, settings: dict[str, Any]) -> int:
        """Give the number of the one cell that has these settings."""
        fitting: list[Cell] = []
        with contextlib.suppress(Exception):  # a class of somebody's own may raise anything when it is compared
            fitting = [cell for cell in self.cells if settings.items() <= cell.settings.items()]
        if len(fitting) != 1:
            code = "names_many_cells" if fitting else "names_no_cell"
            axes = ", ".join(self.cells[0].settings)
            raise InvalidArgument(Message(code, settings=shown(settings), axes=axes))
        return fitting[0].number

    def rows(self) -> Iterator[dict[str, Any]]:
        """Give what a table says of each cell."""
        for cell in self.cells:
            known, view = self._at(cell.number)
            ended = known or Ended(view.state)
            yield {
                **cell.settings,
                "state": ended.state,
                "seed": cell.settings.get("seed", cell.grid.body.seed) if ended.seed is None else ended.seed,
                "seconds": ended.seconds,
                "file": ended.file,
                "error": None if ended.error is None else str(ended.error),
            }


class Views(Sequence[JobView]):
    """How each cell stands now, in the cells' order."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def __len__(self) -> int:
        return len(self._standing.cells)

    @overload
    def __getitem__(self, place: int) -> JobView: ...
    @overload
    def __getitem__(self, place: slice) -> list[JobView]: ...
    def __getitem__(self, place: int | slice) -> JobView | list[JobView]:
        numbers = range(len(self))[place]
        return self._standing.view(numbers) if isinstance(numbers, int) else [*map(self._standing.view, numbers)]

    def __iter__(self) -> Iterator[JobView]:
        return map(self._standing.view, range(len(self)))


class _Stored(Sequence[Animation]):
    """The animations of a job of the journal, read when they are first asked for."""

    def __init__(self, entry: JournalEntry) -> None:
        self._entry = entry

    @cached_property
    def _read(self) -> tuple[Animation, ...]:
        return self._entry.animations()

    def __len__(self) -> int:
        return len(self._read)

    @overload
    def __getitem__(self, place: int) -> Animation: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Animation, ...]: ...
    def __getitem__(self, place: int | slice) -> Animation | tuple[Animation, ...]:
        return self._read[place]
