"""The journal: every job is written down before it is posted, and every step after."""

from .entry import JournalEntry
from .sqlite import Journal

__all__ = ["Journal", "JournalEntry"]
