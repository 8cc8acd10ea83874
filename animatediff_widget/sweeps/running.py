"""Who runs the cells of a sweep: a driver of many jobs."""

from __future__ import annotations

from collections.abc import Callable

from animatediff_widget.jobs.job import Job
from animatediff_widget.jobs.many import Many
from animatediff_widget.jobs.view import JobView
from animatediff_widget.texts import Message

__all__ = ["CellRunner"]

_FEW = 8
# So many jobs whose animations are being fetched keep no other from being begun; or as many as run side by side, which
# often end together.
_FETCHING = 16


class CellRunner:
    """Runs jobs side by side.

    `deliver` is given a cell's number and each view of its job, from any thread; `say` what holds back all of them,
    such as that the endpoint throttles, or None when that is over.
    """

    def __init__(
        self,
        deliver: Callable[[int, JobView], None],
        say: Callable[[Message | None], None] = lambda notice: None,
        at_once: int = 0,
    ) -> None:
        self._deliver = deliver
        self._fetching = max(_FETCHING, at_once)
        self._many = Many(say)
        self._jobs: dict[int, Job] = {}
        self._over: set[int] = set()  # those for which nothing runs at the endpoint any more
        self._stores = False  # whether an animation could be fetched and stored: else no other job should be paid for

    @property
    def running(self) -> int:
        """How many jobs are at the endpoint, or about to be."""
        return len(self._jobs) - len(self._over)

    @property
    def busy(self) -> int:
        """How many jobs there are that keep others from being begun."""
        fetching = min(len(self._over), self._fetching) if self._stores or len(self._jobs) > _FEW else 0
        return len(self._jobs) - fetching

    def begin(self, number: int, job: Job) -> None:
        """Run a cell's job; the last view that is delivered of it is a finished one."""
        self._jobs[number] = job

        def changed(_: object = None) -> None:
            view = job.view
            if view.over:
                self._over.add(number)
            if view.finished:
                self._stores = view.state == "succeeded" or self._stores
                job.unobserve(changed, "view")
                self._over.discard(number)
                if self._jobs.pop(number, None) is None:  # it was told already
                    return
            self._deliver(number, view)

        job.observe(changed, "view")
        # Else somebody has started it alone, or its animation lies on the disk.
        if not job.start_among(self._many) and job.finished:
            changed()

    def cancel(self) -> None:
        """Cancel all that run, those found in a list too: each as often as that takes (`Job.cancel`)."""
        for job in (*self._jobs.values(), *self._jobs.values()):
            job.cancel()
