"""Following a job to its end at the endpoint."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from animatediff_widget.errors import AnswerError, ApiError, EndpointError, EndpointGone, NothingToFollow, OutputError
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.texts import Message

from .actions import Action, Cancel, Flow, Look, Watch
from .context import Context
from .submission import Submission

__all__ = ["Following"]

_REFUSALS = 3  # answers such as 401 that end the following; the first can be a matter of a moment
_HOLD = 1.0  # how long a pushing server may hold an answer: a cancellation waits for it
_AT_ONCE = 0.05  # an unchanged answer that came quicker was not held


class Following:
    """The steps from the first answer to the last; `submission` posts a job again that was lost and costs nothing."""

    def __init__(self, job: Context, submission: Submission) -> None:
        self._job = job
        self._submission = submission
        self._cancel_sent = False

    def follow(self) -> Flow:
        """Ask, or cancel, until the job is over at the endpoint."""
        faults = refusals = 0
        first_fault = 0.0
        at_once = self._job.abilities.pushes
        while not _is_over(prediction := self._job.prediction()):
            if prediction.id is None:
                found = yield from self._submission.find_unnamed()
                if found is None:
                    raise NothingToFollow(Message("no_id"))
                yield from self._job.accept(found)
                continue
            if at_once:
                self._job.check_time()
            elif not self._cancel_is_due():
                yield from self._job.wait(self._job.schedule.delay(self._job.control.now()))
            self._job.remind()
            if not faults:  # the wait before was ours
                self._job.answered()
            asked = self._job.control.now()
            try:
                answer = yield from self._ask(prediction)
                if answer.done and not _is_over(answer):
                    yield from self._job.accept(answer)
                    raise OutputError(Message("no_output"), passing=True)  # some name it a little later
            except EndpointGone:
                raise
            except EndpointError as error:
                at_once = False
                gone = isinstance(error, ApiError) and error.status in (404, 410)
                if gone and self._job.abilities.free:  # its server ended; the same body gives the same animation
                    self._job.show(prediction=None)
                    yield from self._submission.submit()
                    continue
                first_fault = first_fault if faults else self._job.control.now()
                faults += 1
                if isinstance(error, (AnswerError, ApiError)) and not error.passing:
                    refusals += 1
                    if refusals >= _REFUSALS and (not gone or self._job.tried(first_fault)):
                        raise self._no_longer_known(error) from None
                elif isinstance(error, OutputError) and self._job.tried(first_fault):
                    raise OutputError(error.message, passing=not self._job.is_late()) from None
                yield from self._job.wait_out(error, faults)
                continue
            faults = refusals = 0
            self._job.answered()
            is_new = answer != prediction
            if is_new or self._job.view.notice:
                yield from self._job.accept(answer)
                yield from self._look(prediction, answer)
            # Where the place pushes, the next question is held until there is something to say.
            at_once = self._job.abilities.pushes and (is_new or self._job.control.now() - asked > _AT_ONCE)

    def _cancel_is_due(self) -> bool:
        return self._job.canceled and not self._cancel_sent

    def _ask(self, prediction: Prediction) -> Generator[Action, Any, Prediction]:
        """Do the one exchange that is due: send the cancellation, or ask how the job stands."""
        self._job.schedule.asked(self._job.control.now())
        if self._cancel_is_due():
            self._cancel_sent = True
            try:
                answer: Prediction = yield Cancel(prediction)
            except EndpointError as error:
                self._cancel_sent = not error.passing
                if error.passing:
                    raise
                self._job.show(notice=Message("cannot_cancel", error=error))
                return prediction
            self._job.schedule.canceled(self._job.control.now())
            if answer.status:  # some relays answer with an empty object
                return answer
        answer = yield Watch(prediction, _HOLD if self._job.abilities.pushes else 0.0)
        return answer

    def _look(self, before: Prediction, now: Prediction) -> Flow:
        """Show the first frame as it stands, where there is another one."""
        if self._job.previews and now.preview and now.preview != before.preview:
            picture = yield Look(now.preview)
            self._job.show(preview=picture or self._job.view.preview)

    def _no_longer_known(self, error: EndpointError) -> EndpointError:
        """Say in words what it means that an endpoint refuses to tell of a job of an earlier session."""
        if self._job.entry is None or not isinstance(error, ApiError) or error.status not in (404, 410):
            return error
        code = "no_longer_known" if self._job.is_late() else "not_known_there"
        message = Message(code, who=self._job.endpoint.label, status=error.status)
        return ApiError(message, status=error.status, body=error.body)


def _is_over(prediction: Prediction) -> bool:
    """Whether a prediction has ended, and its output is named or will never be; an output may be all there is."""
    if prediction.status == "succeeded":
        return bool(prediction.outputs or prediction.raw.get("data_removed"))
    return prediction.done or bool(prediction.id is None and prediction.outputs)
