"""``Prefer: wait=N`` on the GET of a prediction: the answer is held until there is news."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import requests
from gated_server import ENDED, Caller, serving

from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.engines.previews import Preview
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.server import handlers

LONG = 60


class LoggingEngine(Engine):
    """Logs what a test says, and ends when it says None."""

    name = "logging"

    def __init__(self) -> None:
        self.say: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def run(
        self,
        request: AnimateDiffRequest,
        *,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
        preview: Preview | None,
    ) -> Output:
        while not canceled():
            try:
                text = self.say.get(timeout=0.005)
            except queue.Empty:
                continue
            if text is None:
                return Output(b"clip", "webp", "image/webp")
            log(text)
        raise Canceled


class Watch:
    """One prediction, watched by a caller of its own."""

    def __init__(self, server: Caller, engine: LoggingEngine) -> None:
        self.caller, self.engine, self.pool = Caller(server.server), engine, ThreadPoolExecutor()
        self.service = server.server._thread.service
        self.prediction = server.create()
        self.running = server.until(self.prediction, "processing")

    def get(self, seconds: float | str | None = LONG, tag: str | None = None) -> requests.Response:
        headers = {} if seconds is None else {"Prefer": f"wait={seconds}"}
        if tag is not None:
            headers["If-None-Match"] = tag
        with Caller(self.caller.server) as caller:
            return caller.get(self.prediction["urls"]["get"], headers=headers, timeout=30)

    def hold(self, tag: str | None = None) -> Future[requests.Response]:
        """Ask, and return once the server holds the answer."""
        before = self.held()
        answer = self.pool.submit(self.get, LONG, tag)
        while self.held() == before:
            assert not answer.done(), "it was not held"
            time.sleep(0.001)
        return answer

    def held(self) -> int:
        return list(self.service.held.values()).count(self.prediction["id"])


@pytest.fixture
def watch() -> Iterator[Watch]:
    with serving(LoggingEngine()) as (caller, engine):
        watch = Watch(caller, engine)
        yield watch
        engine.say.put(None)
        watch.pool.shutdown()
        watch.caller.close()


def test_an_end_is_answered_at_once(watch):
    answer = watch.hold()
    watch.engine.say.put(None)
    assert answer.result(10).json()["status"] == "succeeded"
    assert watch.held() == 0


def test_a_beginning_is_answered_at_once(watch, monkeypatch):
    monkeypatch.setattr(handlers, "LOG_SECONDS", LONG)
    watch.prediction = watch.caller.create("the next")
    assert watch.prediction["status"] == "starting"
    answer = watch.hold()
    watch.engine.say.put(None)
    assert answer.result(10).json()["status"] == "processing"
    watch.engine.say.put(None)


def test_a_cancellation_is_answered_at_once(watch):
    answer = watch.hold()
    watch.caller.post(watch.prediction["urls"]["cancel"])
    assert answer.result(10).json()["status"] == "canceled"


def test_an_end_does_not_wait_for_more_of_the_log(watch, monkeypatch):
    monkeypatch.setattr(handlers, "LOG_SECONDS", LONG)
    answer = watch.hold()
    watch.engine.say.put("step 1\n")
    watch.engine.say.put(None)
    assert answer.result(10).json()["logs"] == "step 1\n"


def test_a_longer_log_is_answered_soon(watch):
    answer = watch.hold()
    watch.engine.say.put("step 1\n")
    assert answer.result(10).json() == {**watch.running, "logs": "step 1\n"}


def test_another_picture_is_answered_soon(watch):
    answer = watch.hold()
    watch.service.store.preview(watch.prediction["id"], b"picture")
    first = answer.result(10)
    answer = watch.hold(first.headers["ETag"])
    watch.service.store.preview(watch.prediction["id"], b"another")
    urls = [each.json()["urls"]["preview"] for each in (first, answer.result(10))]
    assert [watch.caller.get(url).status_code for url in urls] == [404, 200]


def test_a_job_of_25_quick_steps_takes_few_requests_and_no_news_is_missed(watch, monkeypatch):
    monkeypatch.setattr(handlers, "LOG_SECONDS", 0.5)
    answer = watch.hold()
    for step in range(25):
        watch.engine.say.put(f"step {step}\n")
    watch.engine.say.put(None)
    answers = [answer.result(10)]
    while answers[-1].json()["status"] not in ENDED:
        answers.append(watch.get(tag=answers[-1].headers["ETag"]))
    assert answers[-1].json()["logs"] == "".join(f"step {step}\n" for step in range(25))
    assert len(answers) <= 2


def test_who_knows_an_older_status_is_answered_at_once(watch, monkeypatch):
    monkeypatch.setattr(handlers, "LOG_SECONDS", LONG)
    created = watch.caller.create("the next")
    tag = watch.caller.get(created["urls"]["get"]).headers["ETag"]
    watch.engine.say.put(None)
    watch.caller.until(created, "processing")
    watch.prediction = created
    assert watch.get(tag=tag).json()["status"] == "processing"


def test_who_knows_an_older_log_is_answered_soon_and_not_once_per_line(watch, monkeypatch):
    monkeypatch.setattr(handlers, "LOG_SECONDS", 0.2)
    tag = watch.get(None).headers["ETag"]
    watch.engine.say.put("step 1\n")
    while not watch.get(None).json()["logs"]:
        pass
    answer = watch.hold(tag)
    watch.engine.say.put("step 2\n")
    assert answer.result(10).json()["logs"] == "step 1\nstep 2\n"


def test_the_tag_of_the_creation_is_known_too(watch):
    created = watch.caller.post(f"{watch.caller.base}/predictions", json={"version": "a/b", "input": {}})
    watch.prediction = created.json()
    answer = watch.hold(created.headers["ETag"])
    watch.engine.say.put(None)
    assert answer.result(10).json()["status"] == "processing"
    watch.engine.say.put(None)


@pytest.mark.parametrize("tag", ["", "*", "x", '"processing"', '"starting-0", "processing-0"'])
def test_a_tag_that_was_never_given_is_no_reason_to_wait_long(watch, tag):
    assert watch.get(tag=tag).json() == watch.running


def test_a_weak_tag_is_as_good(watch):
    answer = watch.hold("W/" + watch.get(None).headers["ETag"])
    watch.engine.say.put(None)
    assert answer.result(10).json()["status"] == "succeeded"


def test_without_news_the_same_comes_when_the_time_is_over(watch):
    before = time.monotonic()
    tag = watch.get(None).headers["ETag"]
    answer = watch.get(1, tag)
    assert 0.9 < time.monotonic() - before < 5
    assert (answer.status_code, answer.json(), answer.headers["ETag"]) == (200, watch.running, tag)
    assert answer.headers["Preference-Applied"] == "wait=1"


def test_without_the_preference_nothing_is_held_and_nothing_is_left_out(watch, monkeypatch):
    monkeypatch.setattr(watch.service.store, "tag", None)  # what holding needs
    for tag in (None, '"x"', watch.get(None).headers["ETag"]):
        answer = watch.get(None, tag)
        assert (answer.status_code, answer.json()) == (200, watch.running)
        assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize("seconds", ["", "soon", "0", "-1"])
def test_a_preference_that_makes_no_sense_is_ignored(watch, seconds):
    assert "Preference-Applied" not in watch.get(seconds).headers


def test_what_has_ended_is_never_held(watch):
    watch.engine.say.put(None)
    ended = watch.caller.until(watch.prediction)
    tag = watch.get(None).headers["ETag"]
    assert watch.get(tag=tag).json() == watch.get().json() == ended


def test_what_is_not_there_is_not_found_at_once(watch):
    watch.prediction = {"id": "x", "urls": {"get": f"{watch.caller.base}/predictions/x"}}
    assert watch.get().status_code == 404


def test_several_may_wait_for_the_same(watch):
    answers = [watch.hold() for _ in range(5)]
    watch.engine.say.put(None)
    assert {answer.result(10).json()["status"] for answer in answers} == {"succeeded"}


def test_a_caller_who_goes_away_frees_its_place(watch, caplog):
    with pytest.raises(requests.ReadTimeout), Caller(watch.caller.server) as other:
        other.get(watch.prediction["urls"]["get"], headers={"Prefer": "wait=60"}, timeout=0.1)
    while watch.service.held:
        time.sleep(0.001)
    watch.engine.say.put(None)
    assert watch.caller.until(watch.prediction)["status"] == "succeeded"
    assert not caplog.records


def test_closing_the_server_answers_what_is_held(watch):
    answer = watch.hold()
    watch.caller.server.close()
    assert answer.result(10).json()["status"] == "canceled"


def test_closing_the_server_answers_even_while_the_engine_does_not_stop(monkeypatch):
    monkeypatch.setattr("animatediff_widget.server.runners.CLOSE_SECONDS", 0.1)

    class Deaf(LoggingEngine):
        def run(self, request: AnimateDiffRequest, **how: object) -> Output:
            self.say.get()
            return Output(b"clip", "webp", "image/webp")

    with serving(Deaf()) as (caller, engine):
        watch = Watch(caller, engine)
        answer = watch.hold()
        caller.server.close()
        assert answer.result(10).json() == watch.running
        engine.say.put(None)
        watch.pool.shutdown()
        watch.caller.close()
