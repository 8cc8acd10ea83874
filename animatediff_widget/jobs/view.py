"""What a job shows: one frozen value, and the traits that follow it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from traitlets import Enum, HasTraits, Instance, Tuple, Unicode

from animatediff_widget.errors import AnimateDiffError, JobError
from animatediff_widget.journal import JournalEntry
from animatediff_widget.media.animation import Animation
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.status import ENDED_STATES, STATES
from animatediff_widget.texts import Message

__all__ = ["JobTraits", "JobView", "unforeseen"]

logger = logging.getLogger(__name__)

_SHOWN = ("prediction", "animations", "animation", "error", "notice", "state")  # the traits beside `view`


@dataclass(frozen=True)
class JobView:
    """How a job stands at one moment.

    Parameters
    ----------
    state : str
        One of `STATES`.
    prediction : Prediction or None
        The endpoint's last answer.
    error : AnimateDiffError or None
        Why the job ended without an animation.
    animations : sequence of Animation
        The animations, in the model's order, once all are on the disk; most models make one.
    preview : bytes or None
        The first frame as it stands, a JPEG, until the animation is there; of a job that was told to look.
    notice : Message or None
        What goes on behind the scenes (a fault that is being waited out, ...).
    started, ended : float or None
        When it was started and when it ended, in seconds on the monotonic clock.
    adopted : bool
        Whether it was found in the endpoint's list after its answer was lost: it takes two cancellations to cancel it.
    candidates : tuple of Prediction
        Where it ended as "unknown": the jobs at the endpoint that it may be. `Job.resume` is told which.
    """

    state: str = "new"
    prediction: Prediction | None = None
    error: AnimateDiffError | None = None
    animations: Sequence[Animation] = ()
    preview: bytes | None = field(default=None, repr=False)
    notice: Message | None = None
    started: float | None = None
    ended: float | None = None
    adopted: bool = False
    candidates: tuple[Prediction, ...] = ()

    @classmethod
    def of(cls, entry: JournalEntry, animations: tuple[Animation, ...] = ()) -> JobView:
        """How a job of the journal stands when it is taken up."""
        state = "succeeded" if animations else "submitting" if entry.prediction is None else "running"
        return cls(state, entry.prediction, animations=animations, adopted=entry.adopted)

    @property
    def animation(self) -> Animation | None:
        """The first animation."""
        return self.animations[0] if self.animations else None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in ENDED_STATES

    @property
    def over(self) -> bool:
        """Whether nothing runs at the endpoint any more; the animation may still have to be fetched."""
        return self.finished or self.state == "downloading" or bool(self.prediction and self.prediction.done)

    @property
    def elapsed(self) -> float | None:
        """How long the job has taken so far, or took, in seconds; None before it was started."""
        if self.started is None:
            return None
        return (time.monotonic() if self.ended is None else self.ended) - self.started


def unforeseen(view: JobView, error: BaseException) -> JobView:
    """How a job stands that was driven no further because of a fault of ours."""
    return JobView("left", view.prediction, JobError(Message("unforeseen", error=repr(error))))


class JobTraits(HasTraits):
    """What a job shows, as traits to observe; `Job` says what they are."""

    prediction = Instance(Prediction, allow_none=True, read_only=True)
    animation = Instance(Animation, allow_none=True, read_only=True)
    animations = Tuple(read_only=True)
    error = Instance(Exception, allow_none=True, read_only=True)
    notice = Unicode("", read_only=True)
    state = Enum(STATES, "new", read_only=True)
    view = Instance(JobView, (), read_only=True)

    def __init__(self) -> None:
        super().__init__()
        self._followers: list[queue.SimpleQueue[JobView]] = []
        self._ended = threading.Event()
        self._shown_by: threading.Thread | None = None  # while its observers are called

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.view.finished

    @property
    def elapsed(self) -> float | None:
        """How long the job has taken so far, or took, in seconds; None before it was started."""
        return self.view.elapsed

    def _follow(self, start: Callable[[], object]) -> Iterator[JobView]:
        """Start the job, and yield every view that it shows from then on."""
        views: queue.SimpleQueue[JobView] = queue.SimpleQueue()
        self._followers.append(views)
        try:
            start()
            while not (self.finished and views.empty()):
                yield views.get()
        finally:
            self._followers.remove(views)

    def _show(self, view: JobView) -> None:
        """Let the traits follow a view. An observer that raises stops neither the job nor the other traits."""
        before, interrupt = self.view, None
        outer, self._shown_by = self._shown_by, threading.current_thread()
        values = {name: getattr(view, name) for name in _SHOWN if getattr(view, name) is not getattr(before, name)}
        if "notice" in values:
            values["notice"] = str(view.notice or "")
        try:
            for name, value in {**values, "view": view}.items():
                try:
                    self.set_trait(name, value)
                except KeyboardInterrupt as error:
                    interrupt = error
                except Exception:
                    logger.exception("an observer of the job's %s failed", name)
        finally:
            self._shown_by = outer
        for views in tuple(self._followers):
            views.put(view)
        if view.finished:
            self._ended.set()
        if interrupt is not None:
            raise interrupt
