"""How far a sweep is, as one value and one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from animatediff_widget.jobs.status_line import duration
from animatediff_widget.texts import TEXTS, Message

from .standing import Standing

__all__ = ["SweepProgress"]


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep is; ``str()`` is one line, such as ``12 of 100 done · 2 failed · 8 running · about 40 s left``.

    Parameters
    ----------
    total : int
        How many cells it has.
    done : int
        How many have ended, one way or another.
    succeeded, failed, canceled : int
        How many of them have an animation, ended without one, or were canceled.
    running : int
        How many are at the endpoint.
    seconds_left : float or None
        How long the rest will take; None where nothing is known.
    notice : Message, str or None
        Why it waits, or stopped early.
    """

    total: int
    done: int = 0
    succeeded: int = 0
    failed: int = 0
    canceled: int = 0
    running: int = 0
    seconds_left: float | None = None
    notice: Message | str | None = None

    @classmethod
    def of(
        cls,
        standing: Standing,
        running: int = 0,
        seconds_left: float | None = None,
        notice: Message | str | None = None,
    ) -> SweepProgress:
        """Give how far the cells are."""
        counts = standing.counts()
        done, good, canceled = sum(counts.values()), counts["succeeded"], counts["canceled"]
        return cls(len(standing.cells), done, good, done - good - canceled, canceled, running, seconds_left, notice)

    def in_words(self, texts: Mapping[str, str] = TEXTS) -> str:
        """Put it into words in the texts' language."""
        parts = [texts["cells_done"].format(done=self.done, total=self.total)]
        counts = {"cells_failed": self.failed, "cells_canceled": self.canceled, "cells_running": self.running}
        parts += [texts[code].format(count=count) for code, count in counts.items() if count]
        if self.seconds_left is not None and self.done < self.total:
            parts.append(texts["time_left"].format(time=duration(self.seconds_left, texts)))
        if self.notice is not None:
            parts.append(self.notice.in_words(texts) if isinstance(self.notice, Message) else self.notice)
        return " · ".join(parts)

    def __str__(self) -> str:
        return self.in_words()
