"""Who runs the cells of a sweep: at present each job in threads of its own."""

from __future__ import annotations

from collections.abc import Callable

from animatediff_widget.jobs.job import Job
from animatediff_widget.jobs.view import JobView
from animatediff_widget.texts import Message

__all__ = ["CellRunner"]


class CellRunner:
    """Runs jobs side by side.

    `deliver` is given a cell's number and each view of its job, from any thread; `say` is given what holds back all of
    them, such as that the endpoint throttles, or None when that is over.
    """

    def __init__(self, deliver: Callable[[int, JobView], None], say: Callable[[Message | None], None]) -> None:
        self._deliver, self._say = deliver, say
        self._jobs: dict[int, Job] = {}

    def begin(self, number: int, job: Job) -> None:
        """Run a cell's job; the last view that is delivered of it is a finished one."""
        self._jobs[number] = job

        def changed(_: object = None) -> None:
            if job.finished:
                job.unobserve(changed, "view")
                self._jobs.pop(number, None)
            self._deliver(number, job.view)

        if job.finished:  # what its animation lies on the disk for
            changed()
        else:
            job.observe(changed, "view")
            job.start()

    def cancel(self) -> None:
        """Cancel all that run."""
        for job in tuple(self._jobs.values()):
            job.cancel()

    def close(self) -> None:
        """End what serves the jobs, once all of them have ended."""
