"""Whether a sweep's new jobs are held back, because the endpoint takes none at present."""

from __future__ import annotations

import time

from animatediff_widget.errors import (
    AnimateDiffError,
    ApiError,
    ConnectionFailed,
    EndpointGone,
    JournalError,
    KeyRefused,
    OutputNotAllowed,
    StorageError,
)
from animatediff_widget.jobs.status_line import lasting
from animatediff_widget.jobs.view import JobView
from animatediff_widget.texts import Message

__all__ = ["Holding", "ends_all", "was_turned_away"]

_FIRST_WAIT, _LONGEST_WAIT = 5.0, 300.0
_NO_CREDIT, _TOO_MANY, _WRONG_KEY = 402, 429, 401


def was_turned_away(view: JobView) -> bool:
    """Whether a job was certainly not created, for a reason that lies in none of its fields."""
    error = view.error
    if view.state != "failed" or view.prediction is not None:
        return False
    if isinstance(error, ApiError):
        return error.status in (_NO_CREDIT, _TOO_MANY, _WRONG_KEY)
    return isinstance(error, (KeyRefused, JournalError)) or (isinstance(error, ConnectionFailed) and not error.arrived)


def ends_all(error: AnimateDiffError | None) -> bool:
    """Whether no other job will fare better until the person does something: about the key, the place, the disk."""
    is_wrong_key = isinstance(error, ApiError) and error.status == _WRONG_KEY
    return is_wrong_key or isinstance(error, (EndpointGone, KeyRefused, JournalError, StorageError, OutputNotAllowed))


class Holding:
    """Holds new jobs back after one was turned away; then one is tried, later and later, until it is taken."""

    def __init__(self) -> None:
        self.notice: Message | None = None
        self._error: AnimateDiffError | None = None
        self._until = 0.0
        self._count = 0
        self._trying: int | None = None

    def hold(self, error: AnimateDiffError | None) -> None:
        """Hold new jobs back from now on."""
        now = time.monotonic()
        if self._until > now:  # of several that were turned away together, the first says for how long
            return
        wait = min(_FIRST_WAIT * 2.0 ** min(self._count, 10), _LONGEST_WAIT)
        wait = max(wait, getattr(error, "retry_after", None) or 0.0)
        self._count += 1
        self._error, self._trying, self._until = error, None, now + wait
        self.notice = Message("sweep_waits", error=error, time=lasting(wait))

    def taken(self, number: int) -> None:
        """Let jobs through again where the one that was tried was taken by the endpoint."""
        if self._trying == number:
            self.notice = self._error = self._trying = None
            self._count = 0

    def may_begin(self, number: int) -> bool:
        """Whether a job may begin now."""
        if self._error is None:
            return True
        if self._trying is not None or self._until > time.monotonic():
            return False
        self._trying = number
        self.notice = Message("sweep_tries", error=self._error)
        return True

    def ended(self, number: int) -> None:
        """Let another job be tried: this one ended without having been taken or turned away."""
        if self._trying == number:
            self._trying = None
