"""What the panel does, without any widget: with a job that does as it is told, and no network."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from traitlets import HasTraits, Instance

from animatediff_widget.errors import AnimateDiffError, JobCanceled, JournalError
from animatediff_widget.jobs.view import JobView
from animatediff_widget.journal import Journal
from animatediff_widget.media.animation import Animation
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.panel.controller import Controller
from animatediff_widget.panel.earlier_jobs import EarlierJobs
from animatediff_widget.panel.endpoint_choice import EndpointChoice
from animatediff_widget.panel.running import InsideClick
from animatediff_widget.texts import Message

RELAY = Endpoint.relay("https://relay.example")


class FakeJob(HasTraits):
    """A job whose view a test sets."""

    view = Instance(JobView, ())
    error: AnimateDiffError | None = None

    def __init__(self, request, client=None, *, journal=None):
        super().__init__()
        self.body, self.client, self.journal, self.key = Body.of(request), client, journal, "a-key"
        self.started, self.canceled = 0, 0

    @classmethod
    def resume(cls, entry, client=None, *, journal=None, adopt=None):
        job = cls(entry.body, client, journal=journal)
        job.key, job.resumed = entry.key, (entry.key, adopt)
        return job

    @classmethod
    def attach(cls, endpoint, prediction_id, *, token=None, journal=None):
        if cls.error:
            raise cls.error
        job = cls(AnimateDiffRequest(prompt=prediction_id), journal=journal)
        job.attached = (endpoint, prediction_id)
        return job

    @property
    def request(self):
        return self.body.request()

    def start(self):
        self.started += 1

    def cancel(self):
        self.canceled += 1

    def become(self, state, **known):
        self.view = JobView(state, **known)


@pytest.fixture
def controller():
    return make()


def make(inside=None, job_type=FakeJob, journal=None, **given) -> Controller:
    choice = EndpointChoice(RELAY, "a-key")
    return Controller(AnimateDiffRequest(seed=1), choice, EarlierJobs(journal), inside, job_type=job_type, **given)


def observers(job) -> int:
    return sum(len(handlers) for kinds in job._trait_notifiers.values() for handlers in kinds.values())


def animation() -> Animation:
    return Animation(b"GIF89a" + bytes(20), AnimateDiffRequest(seed=1))


@pytest.mark.parametrize(("kept_out", "switch", "asked"), [("", True, True), ("", False, False), ("0", True, False)])
def test_a_job_is_asked_for_previews_where_they_are_wanted_and_may_be_shown(monkeypatch, kept_out, switch, asked):
    monkeypatch.setitem(sys.modules, "google.colab", object())  # it saves what a page shows
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_EMBED", kept_out or "1")
    controller = make()
    controller.previews = switch
    assert controller.run().previews == asked


def test_no_widget_is_imported_for_it():
    code = "import sys, animatediff_widget.panel.controller; print('ipywidgets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_job_is_run_once_while_it_runs_and_the_next_one_after_it(controller):
    job = controller.run()
    assert (controller.running, controller.cancelable, job.started) == (True, True, 1)
    assert controller.run() is job
    job.become("running")
    assert controller.run() is job
    job.become("succeeded", animations=(animation(),))
    assert (controller.running, controller.cancelable) == (False, False)
    assert controller.animation is job.view.animation
    assert controller.run() is not job


def test_one_observer_sees_a_job_and_none_the_one_before(controller):
    first = controller.run()
    assert observers(first) == 1
    first.become("failed", error=AnimateDiffError("no"))
    second = controller.run()
    assert (observers(first), observers(second)) == (0, 1)
    first.become("running")
    assert controller.view is second.view


def test_run_is_offered_after_everything_else_is_shown(controller):
    order = []
    controller.observe(lambda change: order.append(change["name"]), ["view", "result", "animation", "running"])
    job = controller.run()
    order.clear()
    job.become("succeeded", animations=(animation(),))
    assert order == ["view", "result", "animation", "running"]


class BriefJob(FakeJob):
    """A job that has ended when it is looked at, as at a relay that answers `{}`."""

    takes = 0

    def start(self):
        self.run()

    def run(self, idle=None):
        super().start()
        self.clock.now += self.takes
        self.become("failed", error=AnimateDiffError("nothing to follow"))


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("inside", [None, InsideClick("cancel")])
@pytest.mark.parametrize("takes", [0, 5])
def test_a_double_click_is_one_job_though_that_ends_at_once(inside, takes):
    class Job(BriefJob):
        clock = Clock()

    Job.takes = takes
    controller = make(inside, Job, clock=Job.clock)
    jobs = []
    controller.observe(lambda change: jobs.append(change["new"]), "job")
    controller.press(controller.run)
    for pause in (0.06, 0.24, 0.3, 0.69):  # a key that is held down goes on and on
        Job.clock.now += pause if takes == 0 else 0.001  # inside the click they waited for its end
        controller.press(controller.run)
    assert len(jobs) == 1
    Job.clock.now += 0.71
    controller.press(controller.run)
    assert [job.started for job in jobs] == [1, 1]


def test_a_press_that_started_nothing_is_not_the_first_of_a_double_click():
    controller = make(clock=Clock())
    controller.form_problem = Message("url_missing")
    controller.press(controller.run)
    assert controller.refusal is not None
    controller.form_problem = None
    controller.press(controller.run)
    assert controller.job.started == 1


def test_what_code_runs_is_not_taken_for_a_double_click(controller):
    controller.press(controller.run)
    controller.job.become("failed", error=AnimateDiffError("no"))
    assert controller.run() is controller.job
    assert controller.job.started == 1


def test_cancel_is_asked_for_once(controller):
    job = controller.run()
    controller.cancel()
    controller.cancel()
    assert job.canceled == 1
    assert (controller.running, controller.cancelable) == (True, False)
    job.become("canceled", error=JobCanceled("canceled"))
    controller.cancel()
    assert job.canceled == 1


def test_an_adopted_job_is_canceled_at_the_second_press():
    clock = Clock()
    controller = make(clock=clock)
    job = controller.run()
    job.become("running", adopted=True)
    controller.cancel()
    assert (job.canceled, controller.cancelable) == (1, True)
    job.become("running", adopted=True, notice=Message("cancel_adopted"))
    clock.now += 0.3
    controller.cancel()  # the second press of a double click
    assert (job.canceled, controller.cancelable) == (1, True)
    clock.now += 0.5
    controller.cancel()
    assert (job.canceled, controller.cancelable) == (2, False)
    job.become("running", adopted=True)
    assert not controller.cancelable


def test_a_job_that_is_adopted_after_cancel_was_pressed_is_canceled_at_the_next_press():
    clock = Clock()
    controller = make(clock=clock)
    job = controller.run()
    controller.cancel()
    assert not controller.cancelable
    job.become("running", adopted=True)
    assert controller.cancelable
    clock.now += 1
    controller.cancel()
    assert (job.canceled, controller.cancelable) == (2, False)


def test_the_job_that_a_person_says_is_theirs_is_taken_up_in_place_of_the_lost_one(controller):
    lost = controller.run()
    lost.key = lost.journal.begin(lost.body, RELAY)
    candidates = (Prediction.from_json({"id": "one"}), Prediction.from_json({"id": "two"}))
    lost.become("unknown", error=AnimateDiffError("lost"), candidates=candidates)
    job = controller.adopt("two")
    assert job.resumed == (lost.key, "two")
    assert job.client is lost.client
    assert (job.started, controller.running) == (1, True)


def test_what_keeps_a_job_from_being_made_is_a_refusal_until_it_is_mended(controller):
    controller.form_problem = Message("url_missing")
    assert controller.run() is None
    assert controller.refusal == Message("correct_first", problem=Message("url_missing"))
    controller.form_problem = None
    assert controller.refusal is None
    controller.choice.choose("relay", "")
    assert controller.run() is None
    assert controller.refusal == Message("url_missing")
    controller.choice.choose("relay", "https://other.example")
    assert controller.refusal is None
    assert controller.run() is controller.job is not None


def test_a_job_elsewhere_is_followed_and_its_settings_are_put_into_the_form(controller):
    job = controller.attach(" an-id ")
    assert job.attached == (RELAY, "an-id")
    assert controller.request.prompt == "an-id"
    assert (controller.running, job.started) == (True, 1)


def test_an_id_that_is_missing_or_unknown_is_refused(controller):
    assert controller.attach("  ") is None
    assert controller.refusal == Message("id_missing")

    class Unknown(FakeJob):
        error = AnimateDiffError("no such job")

    controller = make(job_type=Unknown)
    assert controller.attach("an-id") is None
    assert controller.refusal == "no such job"
    assert not controller.running


def test_a_closed_one_lets_go_of_its_job_and_runs_no_other(controller):
    job = controller.run()
    seen = []
    controller.observe(lambda change: seen.append(change), "view")
    controller.close()
    assert observers(job) == 0
    assert observers(controller) == observers(controller.choice) == 0
    view = controller.view
    job.become("running")
    assert controller.view is view
    assert seen == []
    with pytest.raises(AnimateDiffError, match="closed"):
        controller.run()


def test_a_view_on_its_way_when_the_panel_closes_is_not_shown(controller):
    job = controller.run()
    late = []
    job.observe(lambda _: controller.close(), "view")
    job._trait_notifiers["view"]["change"].reverse()  # the close comes first, the controller's turn after it
    controller.observe(late.append, "view")
    job.become("running")
    assert controller.view.state == "new"
    assert late == []


class InterruptedJob(FakeJob):
    """A job inside the click that is interrupted while it waits: once it ends as canceled, twice it goes on."""

    times = 1

    def run(self, idle=None):
        self.set_trait("view", JobView("running"))
        if self.times == 1:
            with self.hold_trait_notifications():  # the interrupt cuts in before anybody was told
                self._trait_values["view"] = JobView("canceled", error=JobCanceled("canceled"))
        raise KeyboardInterrupt


def test_after_an_interrupt_the_jobs_own_view_is_shown_again():
    controller = make(InsideClick("cancel"), InterruptedJob)
    job = controller.run()
    assert job.canceled == 1
    assert controller.view is job.view
    assert controller.view.state == "canceled"
    assert not controller.running


def test_a_second_interrupt_gives_the_job_up_and_nothing_of_it_is_shown_any_more():
    class Twice(InterruptedJob):
        times = 2

    controller = make(InsideClick("cancel"), Twice)
    job = controller.run()
    assert not controller.running
    assert controller.refusal == Message("given_up")
    assert observers(job) == 0
    job.become("failed", error=AnimateDiffError("late"))
    assert controller.view.state == "running"
    assert controller.run() is not job


def test_an_interrupt_while_a_view_is_shown_comes_after_it():
    class Interrupted(FakeJob):
        def run(self, idle=None):
            self.become("succeeded", animations=(animation(),))

    controller = make(InsideClick("cancel"), Interrupted)
    shown = []

    def interrupt(change):
        shown.append(change["name"])
        if change["name"] == "view" and change["new"].finished and len(shown) < 100:
            signal.raise_signal(signal.SIGINT)

    controller.observe(interrupt, ["view", "result", "animation", "running"])
    job = controller.run()
    assert shown[-3:] == ["result", "animation", "running"]
    assert controller.view is job.view
    assert not controller.running


@pytest.fixture
def entries():
    journal = Journal()
    keys = []
    for seed, state in ((1, "failed"), (2, "running"), (3, "submitting")):
        keys.append(journal.begin(Body.of(AnimateDiffRequest(prompt=state, seed=seed)), RELAY))
        journal.record(keys[-1], state, error="no credit" if state == "failed" else None)
    return {entry.state: entry for entry in journal.jobs()}


def test_jobs_of_an_earlier_session_are_offered_one_after_the_other(controller, entries):
    controller.earlier.look()
    first, second = controller.earlier.offers
    controller.resume(first)
    assert controller.earlier.offers == (second,)
    assert controller.job.body == first.body
    assert controller.request.seed == first.seed
    controller.earlier.decline_offers()
    assert controller.earlier.offers == ()


def test_an_offer_that_is_pressed_while_another_job_runs_is_still_there_after_it(controller, entries):
    controller.earlier.look()
    offers = controller.earlier.offers
    job = controller.run()
    assert controller.resume(offers[0]) is job
    assert controller.earlier.offers == offers


def test_an_entry_is_displayed_with_its_settings_while_a_job_runs_and_until_that_ends(controller, entries):
    job = controller.run()
    controller.show_entry(entries["failed"])
    assert controller.request.prompt == "failed"
    assert str(controller.result.error) == "no credit"
    assert controller.key == "a-key"
    job.become("running")
    assert controller.result.state == "failed"
    assert controller.view.state == "running"
    job.become("failed", error=AnimateDiffError("mine"))
    assert controller.result is job.view
    assert controller.entry is None


def test_a_recalled_job_is_displayed_with_its_settings(controller, entries):
    controller.recall(entries["failed"].key)
    assert controller.view.state == controller.result.state == "failed"
    assert controller.key == entries["failed"].key
    assert controller.request.prompt == "failed"
    assert controller.job is None


def test_a_recalled_job_that_another_kernel_runs_is_left_to_it(controller, entries):
    with Journal().claim(entries["running"].key):
        controller.recall(entries["running"].key)
    assert controller.earlier.report == Message("left_running")
    assert controller.view.state == "new"
    assert not controller.running


def test_nothing_is_recalled_over_a_job_that_runs_nor_by_a_key_that_is_none(controller, entries):
    controller.recall("../../etc/passwd")
    assert controller.result is None
    job = controller.run()
    controller.recall(entries["failed"].key)
    assert controller.result is job.view


def test_a_journal_that_cannot_be_read_keeps_no_panel_from_opening_and_is_said(tmp_path):
    class Broken(Journal):
        def to_pick_up(self, limit=20):
            raise JournalError("locked")

        get = to_pick_up

    controller = make(journal=Broken(tmp_path))
    controller.earlier.look()
    controller.recall("a-key")
    assert controller.earlier.offers == ()
    assert controller.earlier.report == "locked"
    assert controller.result is None
