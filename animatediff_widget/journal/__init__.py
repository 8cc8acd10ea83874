"""The journal: every job is recorded before it is posted, and every step after."""

from .base import Claim, JournalProtocol
from .sqlite import Journal, JournalEntry

__all__ = ["Claim", "Journal", "JournalEntry", "JournalProtocol"]
