"""Where the engine runs: a thread of this process, tried without a server; and a store with a runner that has none."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from gated_server import GatedEngine

from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.engines.previews import Preview
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.media.formats import sniff
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.server import runners
from animatediff_widget.server.problem import Problem
from animatediff_widget.server.runners import LocalRunner, Run
from animatediff_widget.server.store import Store
from animatediff_widget.texts import Message

# --- the runner -------------------------------------------------------------------------------------------------------


class Reported:
    """Writes down what a runner reports."""

    def __init__(self) -> None:
        self.reports: queue.SimpleQueue[tuple[str, ...]] = queue.SimpleQueue()
        self.canceled: set[str] = set()

    def begin(self, run_id: str) -> bool:
        self.reports.put(("begin", run_id))
        return run_id not in self.canceled

    def log(self, run_id: str, text: str) -> None:
        self.reports.put(("log", run_id, text))

    def preview(self, run_id: str, data: bytes) -> None:
        self.reports.put(("preview", run_id, sniff(data)))

    def end(self, run_id: str, result: Output | str | None) -> None:
        self.reports.put(("end", run_id, result.data.decode() if isinstance(result, Output) else str(result)))

    def next(self) -> tuple[str, ...]:
        return self.reports.get(timeout=10)

    def until_end(self) -> tuple[str, ...]:
        while (report := self.next())[0] != "end":
            pass
        return report


class Failing(Engine):
    name = "failing"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def run(self, request: AnimateDiffRequest, **how: Any) -> Output:
        raise self.error


@pytest.fixture
def reported() -> Reported:
    return Reported()


@pytest.fixture
def engine() -> GatedEngine:
    return GatedEngine()


@pytest.fixture
def runner(engine: GatedEngine) -> Iterator[LocalRunner]:
    runner = LocalRunner(engine)
    yield runner
    runner.close()


def run(reported: Reported, run_id: str) -> Run:
    return Run(run_id, AnimateDiffRequest(prompt=run_id), 7, reported)


def test_a_run_begins_logs_and_ends(runner, engine, reported):
    runner.start(run(reported, "a boat"))
    assert reported.next() == ("begin", "a boat")
    assert reported.next() == ("log", "a boat", "Using seed: 7\n")
    engine.permits.release()
    assert reported.next() == ("log", "a boat", "done\n")
    assert reported.next() == ("end", "a boat", "a boat")


def test_an_engine_shows_previews_only_where_they_are_wanted(reported):
    class Showing(GatedEngine):
        def run(self, request: AnimateDiffRequest, *, preview: Preview | None, **how: Any) -> Output:
            if preview:
                preview.show(np.zeros((8, 8, 3), np.uint8))
            return Output(b"clip", "webp", "image/webp")

    runner = LocalRunner(Showing())
    for name, previews in (("a", False), ("b", True)):
        runner.start(Run(name, AnimateDiffRequest(), 7, reported, previews))
    told = [reported.next() for _ in range(5)]
    runner.close()
    assert [report for report in told if report[0] == "preview"] == [("preview", "b", "jpg")]


def test_an_engine_lets_go_of_its_memory_once_the_runner_is_closed(engine, runner):
    engine.close = lambda: engine.prompts.append("closed")
    assert engine.prompts == []
    runner.close()
    assert engine.prompts == ["closed"]


def test_runs_come_one_after_the_other(runner, engine, reported):
    engine.open.set()
    for name in "abcde":
        runner.start(run(reported, name))
    assert [reported.until_end()[1] for _ in range(5)] == list("abcde")


def test_a_run_that_waits_is_dropped_when_it_is_canceled(runner, engine, reported):
    for name in "abc":
        runner.start(run(reported, name))
    engine.begun.acquire()
    runner.cancel("b")
    engine.open.set()
    assert [reported.until_end() for _ in range(2)] == [("end", "a", "a"), ("end", "c", "c")]
    assert engine.prompts == ["a", "c"]


def test_a_run_that_was_canceled_while_it_was_taken_from_the_queue_does_not_run(runner, engine, reported):
    reported.canceled.add("a")
    runner.start(run(reported, "a"))
    runner.start(run(reported, "b"))
    engine.permits.release()
    assert reported.until_end() == ("end", "b", "b")
    assert engine.prompts == ["b"]


def test_a_run_under_way_is_stopped_and_no_other(runner, engine, reported):
    runner.start(run(reported, "a"))
    engine.begun.acquire()
    runner.cancel("nobody")
    runner.start(run(reported, "b"))
    runner.cancel("a")
    assert reported.until_end() == ("end", "a", "None")
    engine.open.set()
    assert reported.until_end() == ("end", "b", "b")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("This cannot be drawn."), "This cannot be drawn."),
        (AnimateDiffError(Message("no_port", why="x")), "The built-in server cannot listen on this machine: x."),
        (KeyError("/home/somebody/secret"), "internal error (KeyError)"),
        (SystemExit(3), "internal error (SystemExit)"),
    ],
)
def test_a_failure_is_a_sentence_in_english_and_does_not_end_the_thread(monkeypatch, reported, error, words):
    monkeypatch.setenv("LANGUAGE", "zh")
    runner = LocalRunner(Failing(error))
    for _ in range(2):
        runner.start(run(reported, "a"))
        sentence = reported.until_end()[2]
        assert words in sentence
        assert "secret" not in sentence
    runner.close()


def test_closing_stops_what_runs_drops_what_waits_and_ends_the_thread(engine, reported):
    before = set(threading.enumerate())
    runner = LocalRunner(engine)
    for name in "ab":
        runner.start(run(reported, name))
    engine.begun.acquire()
    runner.close()
    assert reported.until_end() == ("end", "a", "None")
    assert reported.reports.empty()
    assert set(threading.enumerate()) == before


def test_closing_does_not_wait_for_ever_for_an_engine_that_does_not_stop(monkeypatch, reported):
    monkeypatch.setattr(runners, "CLOSE_SECONDS", 0.05)
    go_on = threading.Event()

    class Deaf(GatedEngine):
        def run(self, request: AnimateDiffRequest, **how: Any) -> Output:
            self.begun.release()
            go_on.wait()
            raise Canceled

    engine = Deaf()
    runner = LocalRunner(engine)
    runner.start(run(reported, "a"))
    engine.begun.acquire()
    runner.close()
    assert reported.next() == ("begin", "a")
    assert reported.reports.empty()
    go_on.set()
    assert reported.until_end() == ("end", "a", "None")


# --- the store, with a runner that runs nothing -----------------------------------------------------------------------


class NoRunner:
    """Remembers what it is asked for; the test reports."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.canceled: list[str] = []
        self.closed = False

    def start(self, run: Run) -> None:
        self.runs.append(run)

    def cancel(self, run_id: str) -> None:
        self.canceled.append(run_id)

    def close(self) -> None:
        self.closed = True

    def abandon(self) -> None:
        raise NotImplementedError


CLIP = Output(b"clip", "webp", "image/webp")


class Kept(Store):
    """A store without a thread."""

    def __init__(self) -> None:
        self.runner = NoRunner()
        self.changes: list[str] = []
        super().__init__(
            self.runner, queue_size=9, output_lifetime=9.0, keep=2, on_change=lambda _: self.changes.append("x")
        )

    def add(self, **fields: Any) -> str:
        return self.create(AnimateDiffRequest(**fields), {}, 10).id

    def status(self, prediction_id: str) -> str:
        snapshot = self.get(prediction_id)
        return "forgotten" if snapshot is None else snapshot.fields["status"]


@pytest.fixture
def store() -> Kept:
    return Kept()


def test_several_predictions_may_run_at_once_and_end_in_any_order(store):
    first, second = store.add(), store.add()
    assert store.begin(first)
    assert store.begin(second)
    store.end(second, CLIP)
    assert (store.status(first), store.status(second)) == ("processing", "succeeded")
    store.end(first, "It broke.")
    assert (store.status(first), store.get(first).fields["error"]) == ("failed", "It broke.")


def test_every_change_has_another_tag_and_is_announced_once(store):
    prediction = store.add()
    tags = [store.tag(prediction)]
    for change in (
        lambda: store.begin(prediction),
        lambda: store.log(prediction, "step 1"),
        lambda: store.log(prediction, "step 2"),
        lambda: store.end(prediction, CLIP),
    ):
        change()
        tags.append(store.tag(prediction))
        assert store.get(prediction).tag == tags[-1]
        assert len(store.changes) == len(tags) - 1
    assert len(set(tags)) == 5


def test_what_was_canceled_does_not_succeed_after_all(store):
    prediction = store.add()
    store.begin(prediction)
    assert store.cancel(prediction).fields["status"] == "processing"
    assert store.runner.canceled == [prediction]
    store.end(prediction, CLIP)
    ended = store.get(prediction).fields
    assert (ended["status"], ended["output"]) == ("canceled", None)


def test_what_was_canceled_while_it_waited_must_not_begin(store):
    prediction = store.add()
    assert store.cancel(prediction, late=True).fields["status"] == "aborted"
    assert not store.begin(prediction)
    assert store.status(prediction) == "aborted"


def test_reports_that_come_too_late_or_for_nobody_change_nothing(store):
    prediction = store.add()
    store.end(prediction, CLIP)  # it never began
    assert store.status(prediction) == "starting"
    store.begin(prediction)
    store.end(prediction, CLIP)
    before = store.get(prediction)
    store.end(prediction, "It broke.")
    store.log(prediction, "more")
    store.preview(prediction, b"picture")
    assert not store.begin(prediction)
    assert store.get(prediction) == before
    store.log("nobody", "x")
    store.preview("nobody", b"picture")
    store.end("nobody", CLIP)
    assert not store.begin("nobody")


def test_the_last_preview_is_kept_under_a_path_of_its_own_until_the_end(store):
    prediction = store.create(AnimateDiffRequest(), {}, 10, previews=True).id
    assert [run.previews for run in store.runner.runs] == [True]
    store.begin(prediction)
    seen = [store.get(prediction)]
    for picture in (b"one", b"two"):
        store.preview(prediction, picture)
        seen.append(store.get(prediction))
    none, first, second = (snapshot.preview for snapshot in seen)
    assert none is None
    assert len({snapshot.tag for snapshot in seen}) == 3
    key, name = second.removeprefix("/files/").split("/")
    assert store.file(key, name) == Output(b"two", "jpg", "image/jpeg")
    assert store.file(*first.removeprefix("/files/").split("/")) is None
    store.end(prediction, CLIP)
    assert store.get(prediction).preview is None
    assert store.file(key, name) is None


def test_a_seed_is_drawn_once_for_the_run(store):
    store.add(seed=4294967295)
    store.add()
    given, drawn = (run.seed for run in store.runner.runs)
    assert given == 4294967295
    assert 0 < drawn <= 4294967295


def test_closing_cancels_all_and_takes_nothing_more(store):
    running, waiting = store.add(), store.add()
    store.begin(running)
    store.close()
    assert store.runner.closed
    assert (store.status(running), store.status(waiting)) == ("processing", "canceled")
    assert set(store.runner.canceled) == {running, waiting}
    with pytest.raises(Problem) as refusal:
        store.add()
    assert refusal.value.status_code == 503
