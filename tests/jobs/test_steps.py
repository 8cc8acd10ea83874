"""The steps of a job, by sending answers into them: no thread, no sleep, no network."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from animatediff_widget import AnimateDiffRequest, Endpoint, Prediction
from animatediff_widget.backends.base import Abilities
from animatediff_widget.errors import ApiError, ConnectionFailed, EndpointError, JournalError, OutputError
from animatediff_widget.jobs.actions import (
    Action,
    Adopt,
    Begin,
    Cancel,
    Create,
    Fetch,
    Look,
    Recall,
    Record,
    Search,
    Wait,
    Watch,
)
from animatediff_widget.jobs.control import Control
from animatediff_widget.jobs.polling import Schedule
from animatediff_widget.jobs.recovery import Found, is_same_job
from animatediff_widget.jobs.steps import Steps
from animatediff_widget.journal import JournalEntry
from animatediff_widget.media.animation import Animation
from animatediff_widget.model.body import Body
from animatediff_widget.texts import Message

BODY = Body.of(AnimateDiffRequest(prompt="a boat", seed=7))
FETCHED = Animation(b"GIF89a", BODY)
STARTING, RUNNING, DONE = (
    Prediction.from_json({"id": "job1", "status": status, "output": output})
    for status, output in (("starting", None), ("processing", None), ("succeeded", "https://files.example/a.gif"))
)
LOST = ConnectionFailed("The connection broke.", passing=True)
NOBODY = ConnectionFailed("Nobody answers there.", arrived=False, passing=True)
DURING, BEFORE, UNDATED = (
    Found(Prediction.from_json({"id": "job2", "status": "processing", "created_at": created}))
    for created in ("2001-09-09T01:46:40.2Z", "2001-09-09T01:46:30.2Z", None)
)
"""Jobs in a list: one that was created when the job was posted, one ten seconds before, and one that is not dated."""
GONE = ApiError("It is gone.", status=404)


@dataclass
class Course:
    """One run of the steps: answers go in by the kind of action, actions come out."""

    answers: dict[type, list[Any]]
    abilities: Abilities = field(default_factory=Abilities)
    entry: JournalEntry | None = None
    timeout: float = 60.0
    cancel_at: type | None = None
    actions: list[Action] = field(default_factory=list)
    waited: float = 0.0
    presses: int = 0
    canceled_at: float = 0.0
    adopt: str | None = None
    previews: bool = False
    seen: list[bytes | None] = field(default_factory=list)
    notices: list[Any] = field(default_factory=list)

    def now(self) -> float:
        return self.waited

    def wall(self) -> float:
        return 1e9 + self.waited

    def run(self) -> Course:
        endpoint = Endpoint.relay("https://relay.example")
        steps = Steps(endpoint, self.abilities, Schedule(), self, self.timeout, self.entry, self.adopt, self.previews)
        flow = steps.run()
        self.left = steps.left
        try:
            action = next(flow)
            while True:
                self.actions.append(action)
                self.seen.append(steps.view.preview)
                if steps.view.notice is not None:
                    self.notices.append(steps.view.notice)
                assert len(self.actions) < 500, "the steps go round and round"
                answer = self.answer(action)
                action = flow.throw(answer) if isinstance(answer, EndpointError) else flow.send(answer)
        except StopIteration:
            self.view = steps.view
        assert self.view.finished
        return self

    def answer(self, action: Action) -> Any:
        if self.cancel_at is not None and isinstance(action, self.cancel_at):
            self.canceled_at = self.canceled_at or self.waited
            self.presses += 1
        if isinstance(action, Wait):
            self.waited += action.seconds
        given = self.answers.get(type(action))
        if given:
            return given.pop(0) if len(given) > 1 else given[0]
        return FETCHED if isinstance(action, Fetch) else (self.entry, ()) if isinstance(action, Recall) else None

    def kinds(self) -> list[str]:
        return [type(action).__name__ for action in self.actions if not isinstance(action, (Wait, Record))]

    def recorded(self) -> list[str]:
        return [action.state for action in self.actions if isinstance(action, Record)]


def test_a_job_is_written_down_posted_followed_and_fetched():
    course = Course({Create: [STARTING], Watch: [RUNNING, DONE]}).run()
    assert course.kinds() == ["Begin", "Create", "Watch", "Watch", "Fetch"]
    assert course.recorded() == ["running", "running", "running", "downloading", "succeeded"]
    assert (course.view.state, course.view.animation, course.view.error) == ("succeeded", FETCHED, None)


def test_the_endpoint_is_given_the_jobs_own_time():
    course = Course({Create: [DONE]}, timeout=90.0).run()
    assert [action.cancel_after for action in course.actions if isinstance(action, Create)] == [90.0]


def test_where_nothing_arrived_a_post_is_repeated():
    course = Course({Create: [NOBODY, NOBODY, DONE]}).run()
    assert course.kinds() == ["Begin", "Create", "Create", "Create", "Fetch"]
    assert course.view.state == "succeeded"


def test_where_nobody_ever_answers_a_post_is_given_up():
    course = Course({Create: [NOBODY]}).run()
    assert course.kinds().count("Create") == 4
    assert (course.view.state, course.view.error) == ("failed", NOBODY)


def test_a_lost_answer_is_never_posted_twice():
    course = Course({Create: [LOST], Search: [[], [], []]}).run()
    assert course.kinds() == ["Begin", "Create", "Search", "Search", "Search"]
    assert course.view.state == "unknown"
    assert [action.since for action in course.actions if isinstance(action, Search)] == pytest.approx([1e9 - 900] * 3)


def test_a_lost_job_that_is_found_is_adopted_and_followed():
    course = Course({Create: [LOST], Search: [LOST, [BEFORE, DURING]], Adopt: [True], Watch: [DONE]}).run()
    assert course.kinds() == ["Begin", "Create", "Search", "Search", "Adopt", "Watch", "Fetch"]
    assert (course.view.state, course.view.adopted) == ("succeeded", True)
    assert [action.prediction for action in course.actions if isinstance(action, Adopt)] == [DURING.prediction]


def test_a_found_job_that_another_job_of_the_journal_took_meanwhile_is_looked_for_again():
    course = Course({Create: [LOST], Search: [[DURING], []], Adopt: [False]}).run()
    assert course.kinds() == ["Begin", "Create", "Search", "Adopt", "Search", "Search"]
    assert (course.view.state, course.view.candidates) == ("unknown", ())


@pytest.mark.parametrize("listed", [[DURING, DURING], [BEFORE], [UNDATED], [UNDATED, BEFORE]])
def test_where_it_is_in_doubt_which_job_is_the_lost_one_none_is_adopted_and_the_person_is_asked(listed):
    course = Course({Create: [LOST], Search: [listed]}).run()
    assert course.kinds() == ["Begin", "Create", "Search", "Search", "Search"]
    assert course.view.state == "unknown"
    assert course.view.candidates == tuple(found.prediction for found in listed)
    assert "job2" in str(course.view.error)
    assert "resume KEY --id ID" in str(course.view.error)


def test_the_person_is_asked_about_jobs_of_which_the_list_does_not_tell_what_they_were_made_from():
    mute, older = (dataclasses.replace(found, tells=False) for found in (DURING, BEFORE))
    course = Course({Create: [LOST], Search: [[mute, older]]}).run()
    assert (course.view.state, course.view.candidates) == ("unknown", (mute.prediction,))
    told = Course({Create: [LOST], Search: [[mute, DURING]], Adopt: [True], Watch: [DONE]}).run()
    assert told.view.state == "succeeded"


def test_a_job_is_the_lost_one_by_the_endpoints_clock_or_by_ours():
    prediction = DURING.prediction
    assert Found(prediction, clock_ahead=600.0).fits(1e9, 1e9 + 1), "a gateway's clock was wrong"
    assert Found(prediction, clock_ahead=600.0).fits(1e9 - 600, 1e9 - 599), "this machine's clock is wrong"
    assert not Found(prediction, clock_ahead=600.0).fits(1e9 - 300, 1e9 - 299)
    assert Found(prediction).fits(1e9 - 4, 1e9 - 3), "a gateway gave up before it was created"
    assert not Found(prediction).fits(1e9 + 1, 1e9 + 2)


@pytest.mark.parametrize(
    ("listed", "same"),
    [
        ({**BODY.to_json()["input"], "prompt": "  a boat\n"}, True),
        ({name: value for name, value in BODY.to_json()["input"].items() if value != ""}, True),
        ({"prompt": "a boat", "seed": 7}, True),
        ({**BODY.to_json()["input"], "n_prompt": None, "further": 1}, True),
        ({"prompt": "a boat", "seed": 8}, False),
        ({"prompt": "a boat"}, False),
        ({"seed": 7}, False),
        ({"prompt": "a boat", "seed": 7, "steps": 26}, False),
        ("a boat", False),
        (None, False),
    ],
)
def test_a_list_that_trims_and_leaves_out_still_names_the_job(listed, same):
    assert is_same_job(BODY, Prediction.from_json({"id": "a", "input": listed})) is same


def test_a_job_without_an_id_is_looked_for_before_there_is_nothing_to_follow():
    empty = Prediction.from_json({})
    course = Course({Create: [empty], Search: [[], [DURING]], Adopt: [True], Watch: [DONE]}).run()
    assert course.kinds() == ["Begin", "Create", "Search", "Search", "Adopt", "Watch", "Fetch"]
    nowhere = Course({Create: [empty], Search: [[]]}).run()
    assert (nowhere.view.state, nowhere.view.error.code) == ("accepted", "no_id")
    without_list = Course({Create: [empty]}, abilities=Abilities(list=False)).run()
    assert (without_list.kinds(), without_list.view.state) == (["Begin", "Create"], "accepted")
    in_doubt = Course({Create: [empty], Search: [[DURING, DURING]]}).run()
    assert (in_doubt.view.state, len(in_doubt.view.candidates)) == ("unknown", 2)


def test_an_answer_that_is_nothing_but_the_output_is_fetched():
    course = Course({Create: [Prediction.from_json({"output": "https://files.example/a.gif"})]}).run()
    assert course.kinds() == ["Begin", "Create", "Fetch"]
    assert course.view.state == "succeeded"


def test_a_job_that_was_found_is_canceled_when_asked_for_the_second_time():
    ended = Prediction.from_json({"id": "job2", "status": "canceled"})
    answers = {Create: [LOST], Search: [[DURING]], Adopt: [True], Watch: [RUNNING, RUNNING, ended], Cancel: [RUNNING]}
    course = Course(answers, cancel_at=Watch).run()
    assert course.kinds()[4:] == ["Watch", "Watch", "Cancel", "Watch"]
    assert Message("cancel_adopted") in course.notices
    assert course.view.state == "canceled"


def test_where_there_is_no_list_a_lost_job_is_unknown_at_once():
    course = Course({Create: [LOST]}, abilities=Abilities(list=False)).run()
    assert course.kinds() == ["Begin", "Create"]
    assert (course.view.state, course.waited) == ("unknown", 0.0)


def test_a_throttled_post_is_looked_for_before_it_is_repeated():
    throttle = ApiError("Too many.", status=429, arrived=False, passing=True, retry_after=7.0)
    course = Course({Create: [throttle, DONE], Search: [[]]}).run()
    assert course.kinds() == ["Begin", "Create", "Search", "Create", "Fetch"]
    found = Course({Create: [throttle], Search: [[DURING]], Adopt: [True], Watch: [DONE]}).run()
    assert found.kinds() == ["Begin", "Create", "Search", "Adopt", "Watch", "Fetch"]


def test_a_journal_that_cannot_be_written_stops_a_job_before_it_costs():
    flow = Steps(Endpoint.replicate(), Abilities(), Schedule(), Control(), 60.0)
    actions = flow.run()
    assert isinstance(next(actions), Begin)
    with pytest.raises(StopIteration):
        actions.throw(JournalError("The disk is full."))
    assert (flow.view.state, str(flow.view.error)) == ("failed", "The disk is full.")


def test_a_journal_that_fails_later_is_said_and_stops_nothing():
    course = Course({Create: [STARTING], Watch: [DONE], Record: [JournalError("The disk is full.")]}).run()
    assert course.view.state == "succeeded"


def test_faults_while_following_are_waited_out_longer_each_time():
    course = Course({Create: [STARTING], Watch: [LOST, LOST, LOST, DONE]}).run()
    waits = [action.seconds for action in course.actions if isinstance(action, Wait)]
    assert course.view.state == "succeeded"
    assert [wait for wait in waits if wait in (1.0, 2.0, 4.0)][-3:] == [1.0, 2.0, 4.0]


def test_no_wait_after_a_fault_is_longer_than_half_a_minute():
    course = Course({Create: [STARTING], Watch: [*[LOST] * 40, DONE]}, timeout=1e6).run()
    assert max(action.seconds for action in course.actions if isinstance(action, Wait)) == 30.0


def test_a_time_that_is_over_leaves_the_job_where_it_can_be_taken_up():
    course = Course({Create: [STARTING], Watch: [RUNNING]}, timeout=12.5).run()
    assert course.view.state == "left"
    assert course.recorded()[-1] == "left"
    assert course.waited == pytest.approx(12.5)


def test_three_refusals_leave_the_job():
    course = Course({Create: [STARTING], Watch: [ApiError("The key is wrong.", status=401)]}).run()
    assert course.kinds().count("Watch") == 3
    assert course.view.state == "left"


EMPTY = Prediction.from_json({"id": "job1", "status": "succeeded"})
REMOVED = Prediction.from_json({"id": "job1", "status": "succeeded", "data_removed": True})


def refused(status: int) -> OutputError:
    return OutputError(Message("not_fetched_status", host="files.example", status=status), passing=True)


def ends_for_good(answers, *, hours: float) -> bool:
    """Whether a job of an earlier session that was made so long ago is over when it is taken up."""
    course = Course(answers, entry=dataclasses.replace(entry(RUNNING), created=1e9 - hours * 3600), timeout=1e4).run()
    assert course.view.state in ("left", "failed")
    return course.view.state == "failed"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_an_output_that_is_refused_is_waited_out_and_offered_until_the_hour_is_over(status):
    late = Course({Create: [DONE], Fetch: [*[refused(status)] * 6, FETCHED]}, timeout=1e4).run()
    assert late.view.animation is FETCHED
    never = Course({Create: [DONE], Fetch: [refused(status)]}, timeout=1e4).run()
    assert never.view.state == "left"
    assert 120 <= never.waited < 200
    assert len([action for action in never.actions if isinstance(action, Fetch)]) < 15
    assert not ends_for_good({Watch: [DONE], Fetch: [refused(status)]}, hours=0.9)
    assert ends_for_good({Watch: [DONE], Fetch: [refused(status)]}, hours=2)
    assert not ends_for_good({Watch: [DONE], Fetch: [refused(503)]}, hours=2)


def test_an_output_that_is_named_late_is_waited_for_and_offered_until_the_hour_is_over():
    late = Course({Create: [STARTING], Watch: [*[EMPTY] * 6, DONE]}, timeout=1e4).run()
    assert late.view.animation is FETCHED
    assert late.waited > 30
    never = Course({Create: [EMPTY], Watch: [EMPTY]}, timeout=1e4).run()
    assert never.view.state == "left"
    assert 120 <= never.waited < 200
    assert never.kinds().count("Watch") < 15
    assert not ends_for_good({Watch: [EMPTY]}, hours=0.9)
    assert ends_for_good({Watch: [EMPTY]}, hours=2)
    assert ends_for_good({Watch: [REMOVED]}, hours=0.1)


def test_a_prediction_that_is_not_known_yet_is_waited_for_and_offered_until_the_hour_is_over():
    late = Course({Create: [STARTING], Watch: [*[GONE] * 6, DONE]}, timeout=1e4).run()
    assert late.view.animation is FETCHED
    assert late.waited > 30
    never = Course({Create: [STARTING], Watch: [GONE]}, timeout=1e4).run()
    assert never.view.state == "left"
    assert 120 <= never.waited < 200
    assert never.kinds().count("Watch") < 15
    assert not ends_for_good({Watch: [GONE]}, hours=0.9)
    assert ends_for_good({Watch: [GONE]}, hours=2)


def test_the_hour_begins_with_the_end_of_the_job():
    times = {"created_at": "2026-01-01T00:00:00Z", "completed_at": "2026-01-01T01:30:00Z"}
    long = Prediction.from_json({**DONE.raw, **times})
    assert not ends_for_good({Watch: [long], Fetch: [refused(404)]}, hours=2)
    assert ends_for_good({Watch: [long], Fetch: [refused(404)]}, hours=3)


def test_a_cancellation_is_sent_once_and_followed_to_its_end():
    ended = Prediction.from_json({"id": "job1", "status": "canceled"})
    course = Course({Create: [STARTING], Watch: [RUNNING, ended], Cancel: [RUNNING]}, cancel_at=Watch).run()
    assert course.kinds() == ["Begin", "Create", "Watch", "Cancel", "Watch"]
    assert course.view.state == "canceled"


SILENCE = ConnectionFailed("It did not answer in time.", passing=True)


def silent_course(answers, **options) -> Course:
    """Run the steps where nobody answers: an exchange takes all the time that it is given, 2 s after a cancellation."""
    course = Course({**{kind: [SILENCE] for kind in (Create, Watch, Cancel, Search, Fetch)}, **answers}, **options)
    answer = course.answer

    def slowly(action: Action) -> Any:
        given = answer(action)
        if given is SILENCE:
            course.waited += 2.0 if action.__class__ is course.cancel_at else max(course.left(), 1.0)
        return given

    course.answer = slowly  # type: ignore[method-assign]
    return course.run()


@pytest.mark.parametrize("kind", [Create, Watch, Fetch])
def test_a_job_that_is_canceled_while_nobody_answers_ends_within_five_seconds(kind):
    answers = {Create: [DONE if kind is Fetch else STARTING], Watch: [RUNNING]}
    course = silent_course({k: v for k, v in answers.items() if k is not kind}, cancel_at=kind, timeout=1e4)
    assert course.view.state == ("unknown" if kind is Create else "left")
    assert course.waited - course.canceled_at <= 5.0


@pytest.mark.parametrize("timeout", [0.5, 5.0, 90.0])
def test_a_job_that_nobody_answers_ends_within_two_seconds_of_its_time(timeout):
    for answers, state in (({}, "unknown"), ({Create: [STARTING]}, "left"), ({Create: [DONE]}, "left")):
        course = silent_course(answers, timeout=timeout)
        assert course.view.state == state
        assert timeout <= course.waited <= timeout + 2.0 + (0.5 if timeout < 1 else 0.0)


def test_a_canceled_job_that_goes_on_answering_is_followed_to_its_end():
    ended = Prediction.from_json({"id": "job1", "status": "canceled"})
    course = Course({Create: [STARTING], Watch: [*[RUNNING] * 30, ended], Cancel: [RUNNING]}, cancel_at=Watch).run()
    assert course.view.state == "canceled"


def test_a_canceled_job_is_not_given_up_for_the_waits_between_its_polls():
    ended = Prediction.from_json({"id": "job1", "status": "canceled"})
    course = Course({Create: [STARTING], Watch: [RUNNING, RUNNING, RUNNING, ended], Cancel: [RUNNING]}, cancel_at=Watch)
    answer = course.answer

    def slowly(action: Action) -> Any:
        course.waited += 1.9 if isinstance(action, (Watch, Cancel)) else 0.0
        if isinstance(action, (Watch, Cancel)):
            assert course.presses == 0 or course.left() > 0.0
        return answer(action)

    course.answer = slowly  # type: ignore[method-assign]
    assert course.run().view.state == "canceled"


def test_an_endpoint_that_wants_to_be_left_alone_is_asked_once_more_before_the_time_is_over():
    throttle = ApiError("Too many.", status=429, passing=True, retry_after=600.0)
    course = Course({Create: [STARTING], Watch: [throttle, DONE]}, timeout=60.0).run()
    assert course.view.state == "succeeded"
    assert 55.0 < course.waited < 60.0


def test_a_job_that_is_canceled_before_it_is_posted_is_not_posted():
    course = Course({}, presses=1).run()
    assert course.kinds() == []
    assert course.view.state == "canceled"
    assert course.recorded() == []


def test_an_output_that_cannot_be_fetched_at_all_ends_the_job():
    final = Course({Create: [DONE], Fetch: [OutputError("It is in a private network.")]}).run()
    assert final.kinds().count("Fetch") == 1
    assert final.view.state == "failed"


def several(*outputs: str) -> Prediction:
    return Prediction.from_json({"id": "job1", "status": "succeeded", "output": ["https://files.example/1", *outputs]})


def test_of_several_outputs_the_first_is_fetched_last():
    course = Course({Create: [several("https://files.example/2", "some words", "data:image/gif;base64,R0lG")]}).run()
    assert [action.number for action in course.actions if isinstance(action, Fetch)] == [2, 1, 0]
    assert course.view.animations == (FETCHED,) * 3


def test_a_further_output_that_will_never_be_fetched_keeps_nothing_from_the_person():
    answers = {Create: [several("http://10.0.0.1/2")], Fetch: [OutputError("It is in a private network."), FETCHED]}
    assert Course(answers).run().view.animations == (FETCHED,)
    answers[Fetch] = [OutputError("Not now.", passing=True)]
    assert Course(answers).run().view.state == "left"


def test_a_server_that_pushes_is_asked_without_a_wait_until_nothing_is_new():
    course = Course({Create: [STARTING], Watch: [RUNNING, RUNNING, DONE]}, abilities=Abilities(pushes=True)).run()
    before_the_second_answer = course.actions[: course.actions.index(Watch(RUNNING, 1.0)) + 1]
    assert not any(isinstance(action, Wait) for action in before_the_second_answer)
    assert any(isinstance(action, Wait) for action in course.actions), "it would be a loop"


def drawn(number: int, status: str = "processing") -> Prediction:
    urls = {"preview": f"http://127.0.0.1:1/files/x/preview-{number}.jpg"}
    return Prediction.from_json({"id": "job1", "status": status, "logs": f"{number} steps", "urls": urls})


def test_each_new_picture_is_looked_at_once_and_stays_until_the_animation_is_there():
    answers = {Create: [STARTING], Watch: [drawn(1), RUNNING, drawn(2), drawn(3), DONE], Look: [b"one", b"two", None]}
    course = Course(answers, previews=True).run()
    assert [action.url[-5] for action in course.actions if isinstance(action, Look)] == ["1", "2", "3"]
    assert Create(60.0, previews=True) in course.actions
    seen = [picture for picture, action in zip(course.seen, course.actions, strict=True) if isinstance(action, Watch)]
    assert seen == [None, b"one", b"one", b"two", b"two"]
    assert course.seen[-1] == b"two"
    assert (course.view.state, course.view.preview) == ("succeeded", None)


def test_nobody_looks_who_was_not_told_to():
    course = Course({Create: [STARTING], Watch: [drawn(1), DONE]}).run()
    assert course.kinds() == ["Begin", "Create", "Watch", "Watch", "Fetch"]
    assert Create(60.0) in course.actions


def entry(prediction: Prediction | None, state: str = "running") -> JournalEntry:
    return JournalEntry(
        key="0" * 32, created=1e9, endpoint="builtin", kind="builtin", body=BODY, state=state,
        answer=json.dumps(prediction.raw) if prediction else None,
    )  # fmt: skip


def test_a_free_job_whose_server_is_gone_is_run_again_from_its_body():
    free = Abilities(free=True)
    course = Course({Create: [DONE], Watch: [GONE]}, abilities=free, entry=entry(RUNNING)).run()
    assert course.kinds() == ["Recall", "Watch", "Begin", "Create", "Fetch"]
    assert course.view.state == "succeeded"
    unposted = Course({Create: [DONE]}, abilities=free, entry=entry(None, "submitting")).run()
    assert unposted.kinds() == ["Recall", "Begin", "Create", "Fetch"]


def test_what_costs_money_is_never_posted_when_it_is_taken_up():
    for known in (RUNNING, None):
        course = Course({Watch: [GONE], Search: [[]]}, entry=entry(known)).run()
        assert "Create" not in course.kinds()
        assert course.view.state == ("left" if known else "unknown")


def test_a_job_that_the_person_names_is_taken_up_and_needs_no_second_press():
    named = Prediction.from_json({"id": "job2", "status": "processing", "input": BODY.to_json()["input"]})
    lost = entry(None, "unknown")
    course = Course({Watch: [named, DONE], Adopt: [True]}, entry=lost, adopt="job2").run()
    assert course.kinds() == ["Recall", "Watch", "Adopt", "Watch", "Fetch"]
    assert (course.view.state, course.view.adopted) == ("succeeded", False)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({Watch: [GONE]}, ""),
        ({Watch: [Prediction.from_json({"id": "job2", "input": {"prompt": "else"}})]}, "of_another_request"),
        ({Watch: [RUNNING], Adopt: [False]}, "of_another_job"),
    ],
)
def test_a_job_that_is_named_wrongly_stays_unknown(answers, code):
    course = Course(answers, entry=entry(None, "unknown"), adopt="job2").run()
    assert (course.view.state, course.view.error.code) == ("unknown", code)


def test_an_animation_that_lies_on_the_disk_ends_a_job_that_is_taken_up():
    course = Course({Recall: [(entry(DONE), (FETCHED,))]}, entry=entry(DONE)).run()
    assert course.kinds() == ["Recall"]
    assert course.recorded() == ["succeeded"]
    assert course.view.animation is FETCHED
