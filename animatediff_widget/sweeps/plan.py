"""What a sweep is going to take, said before anything is posted; and how much it may take."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from animatediff_widget.errors import InvalidArgument, check
from animatediff_widget.jobs.status_line import lasting
from animatediff_widget.journal import JournalProtocol
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import shown

from .cells import Cell

__all__ = ["Budget", "SweepPlan", "estimate"]

_CONFIRM_ABOVE = 10
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(s|min|h)", re.ASCII)
_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep is going to do; ``str()`` says it in a sentence or two.

    Parameters
    ----------
    jobs : int
        How many jobs will be posted.
    endpoint : Endpoint
        Where.
    at_once : int
        How many run side by side.
    seconds : float or None
        How long that takes, by the times of earlier jobs in the journal; None where there were none like these.
    costs : bool
        Whether the endpoint takes money.
    """

    jobs: int
    endpoint: Endpoint
    at_once: int
    seconds: float | None
    costs: bool

    @property
    def needs_confirmation(self) -> bool:
        """Whether it is run only when that is confirmed: above 10 jobs that cost money."""
        return self.costs and self.jobs > _CONFIRM_ABOVE

    @property
    def message(self) -> Message:
        """What ``str()`` says, not yet in words."""
        time = Message("plan_no_time") if self.seconds is None else Message("plan_time", time=lasting(self.seconds))
        cost = Message("plan_costs" if self.costs else "plan_free")
        return Message("plan", count=self.jobs, who=self.endpoint.label, at_once=self.at_once, time=time, cost=cost)

    def __str__(self) -> str:
        return str(self.message)


@dataclass(frozen=True)
class Budget:
    """How much a sweep may take; when that is reached, no further job is begun.

    Parameters
    ----------
    jobs : int, optional
        So many jobs are posted at the most.
    seconds : float, optional
        So long the endpoint's models run (its ``predict_time``; where it does not say, its jobs), all added up.
    """

    jobs: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        check(int, none=True, jobs=self.jobs)
        check(float, none=True, seconds=self.seconds)

    @classmethod
    def of(cls, given: Budget | int | str | Mapping[str, Any] | None) -> Budget:
        """Read a budget: a number of jobs, or a time such as ``"90s"``, ``"5 min"`` or ``"2h"``; or as JSON has it."""
        if given is None or isinstance(given, Budget):
            return given or cls()
        if isinstance(given, Mapping) and given.keys() <= {"jobs", "seconds"}:
            return cls(**given)
        if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 2**63:
            return cls(jobs=given)
        if isinstance(given, str) and (found := _SECONDS.fullmatch(given.strip())):
            return cls(seconds=float(found[1]) * _UNITS[found[2]])
        if isinstance(given, str) and given.isdecimal() and given.isascii() and len(given) < 10:
            return cls(jobs=int(given))
        problem = Message("must_be", name="budget", wanted=Message("a_budget"), value=shown(given))
        raise InvalidArgument(Message("value_refused", problem=problem))

    def is_reached(self, jobs: int, seconds: float) -> bool:
        """Whether no further job may begin after so many, which ran for so long."""
        return (self.jobs is not None and jobs >= self.jobs) or (self.seconds is not None and seconds >= self.seconds)


def estimate(cells: Iterable[Cell], at_once: int, journal: JournalProtocol, endpoint: Endpoint) -> float | None:
    """Say how long cells take side by side, by the journal's times of jobs with the same version and steps.

    Where there are none with the same steps, a step is taken to last as long as in the others.
    """
    counts: Counter[tuple[str | None, int]] = Counter()
    examples: dict[tuple[str | None, int], Cell] = {}
    for cell in cells:
        base = cell.grid.body
        kind = (cell.settings.get("version", base.version), cell.settings.get("steps", base.steps) or 1)
        counts[kind] += 1
        examples.setdefault(kind, cell)
    times = {kind: journal.typical_seconds(cell.body, endpoint) for kind, cell in examples.items()}
    known = {kind: seconds for kind, seconds in times.items() if seconds is not None}
    if not known:
        return None
    step = sum(known.values()) / sum(steps for _, steps in known)
    total = sum(count * known.get(kind, step * kind[1]) for kind, count in counts.items())
    return total / min(at_once, sum(counts.values()))
