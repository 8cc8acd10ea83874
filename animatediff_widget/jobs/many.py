"""Taking up many jobs of earlier sessions, side by side."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.journal import JournalEntry, JournalProtocol

from .control import beside
from .job import Job
from .listing import Listing

__all__ = ["resume_all"]

_EARLIER = 2 * 24 * 3600.0  # before the oldest job: a lost one is looked for since a day before it was posted
_AT_ONCE = 64  # a job that waits for its endpoint takes a few threads and no time


def resume_all(entries: Sequence[JournalEntry], journal: JournalProtocol) -> Iterator[Job | AnimateDiffError]:
    """Take up jobs side by side, with one look at each endpoint's list; yield each job or its error, in their order."""
    lists: dict[str, Listing] = {}
    places = threading.Semaphore(_AT_ONCE)

    def make(entry: JournalEntry) -> Job | AnimateDiffError:
        try:
            job = Job.resume(entry, journal=journal)
        except AnimateDiffError as error:
            return error
        oldest = min(other.created for other in entries if other.endpoint == entry.endpoint)
        job.listing = lists.setdefault(entry.endpoint, Listing(min(oldest, time.time()) - _EARLIER))
        return job

    def run(job: Job | AnimateDiffError) -> Job | AnimateDiffError:
        if isinstance(job, AnimateDiffError):
            return job
        with places, contextlib.suppress(AnimateDiffError):
            job.result()
        return job.view.error or job

    for ended in [beside(partial(run, make(entry))) for entry in entries]:
        yield ended.result()
