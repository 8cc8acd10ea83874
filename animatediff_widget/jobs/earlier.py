"""Taking up many jobs of earlier sessions, side by side."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from queue import SimpleQueue

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.journal import JournalEntry, JournalProtocol

from .job import Job
from .listing import Listing
from .many import Many
from .view import JobView

__all__ = ["resume_all"]

_EARLIER = 2 * 24 * 3600.0  # before the oldest job: a lost one is looked for since a day before it was posted
_AT_ONCE = 64


def resume_all(entries: Sequence[JournalEntry], journal: JournalProtocol) -> Iterator[Job | AnimateDiffError]:
    """Take up jobs side by side, with one look at each endpoint's list; yield each job or its error, in their order."""
    lists: dict[str, Listing] = {}
    ended: SimpleQueue[None] = SimpleQueue()
    many = Many()

    def make(entry: JournalEntry) -> Job | AnimateDiffError:
        try:
            job = Job.resume(entry, journal=journal)
        except AnimateDiffError as error:
            return error
        oldest = min(other.created for other in entries if other.endpoint == entry.endpoint)
        job.listing = lists.setdefault(entry.endpoint, Listing(min(oldest, time.time()) - _EARLIER))
        return job

    def begin(job: Job) -> bool:
        def changed(change: dict[str, JobView]) -> None:
            if change["new"].finished:
                ended.put(None)

        job.observe(changed, "view")
        return job.start_among(many)

    made = [make(entry) for entry in entries]
    waiting = (job for job in made if isinstance(job, Job) and not job.finished)
    running = 0
    for job in made:
        while isinstance(job, Job) and not job.finished:
            while running < _AT_ONCE and (further := next(waiting, None)) is not None:
                running += begin(further)
            ended.get()
            running -= 1
        if isinstance(job, Job) and job.animation is not None:
            job.see()
        yield job if isinstance(job, AnimateDiffError) else job.view.error or job
