"""The journal: every job is recorded before it is posted, and every step after."""

from .base import Claim, JournalProtocol
from .entry import Part
from .sqlite import Journal, JournalEntry
from .sweeps import SweepEntry

__all__ = ["Claim", "Journal", "JournalEntry", "JournalProtocol", "Part", "SweepEntry"]
