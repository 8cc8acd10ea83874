"""What the journal knows of earlier jobs, as far as the panel asks. No widget in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from traitlets import Any as AnyTrait
from traitlets import HasTraits, Tuple

from animatediff_widget.errors import JournalError, check
from animatediff_widget.journal import Journal, JournalEntry, JournalProtocol, SweepEntry
from animatediff_widget.texts import Message

__all__ = ["EarlierJobs"]


class EarlierJobs(HasTraits):
    """The journal's jobs. A journal that cannot be read keeps no panel from opening; that is reported."""

    offers = Tuple(help="Jobs of an earlier session that are unfinished, or finished when nobody looked.")
    sweeps = Tuple(help="Sweeps of an earlier session that are not finished.")
    report = AnyTrait(None, help="What is to be said about the journal, or about a job that another kernel runs.")

    def __init__(self, journal: JournalProtocol | None = None) -> None:
        super().__init__()
        check(JournalProtocol, none=True, journal=journal)
        self._journal = journal

    @property
    def journal(self) -> JournalProtocol:
        """The journal; a person's own, which can be unusable, is opened with the first use."""
        if self._journal is None:
            self._journal = Journal()
        return self._journal

    def look(self) -> None:
        """Look for jobs to offer; once, when the panel opens."""
        with self._reading() as journal:
            if journal.folder.exists():
                self.offers = tuple(journal.to_pick_up())
                self.sweeps = tuple(journal.sweeps_to_pick_up())
                self.report = journal.report

    def decline_offers(self) -> None:
        """Offer nothing for now; finished jobs are not offered again, and stay in the history."""
        for entry in self.offers:
            if entry.state == "succeeded":
                self.see(entry.key)
        self.offers = self.sweeps = ()

    def see(self, key: str) -> None:
        """Record that the person has seen how a job ended."""
        with self._reading() as journal:
            journal.see(key)

    def find(self, key: str) -> JournalEntry | None:
        """Give a job by its key; where another kernel runs it, that is reported."""
        with self._reading() as journal:
            entry = journal.get(key) if journal.folder.exists() else None
            if entry is not None and journal.claimed(entry.key):
                self.report = Message("left_running")
            return entry
        return None

    def find_sweep(self, key: str) -> SweepEntry | None:
        """Give a sweep by its key; where another kernel runs it, that is reported."""
        with self._reading() as journal:
            entry = journal.sweep(key) if journal.folder.exists() else None
            if entry is not None and journal.claimed(entry.key):
                self.report = Message("left_comparing")
            return entry
        return None

    @contextlib.contextmanager
    def _reading(self) -> Iterator[JournalProtocol]:
        try:
            yield self.journal
        except JournalError as error:
            self.report = error.message
