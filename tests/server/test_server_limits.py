"""What the built-in server takes, keeps and forgets."""

from __future__ import annotations

import os
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from gated_server import BODY, Caller, GatedEngine, serving

from animatediff_widget.engines import Output
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.server import store


def test_a_full_queue_says_when_to_come_back():
    with serving(GatedEngine(), queue_size=2) as (caller, engine):
        running = caller.create()
        caller.until(running, "processing")
        waiting = [caller.create() for _ in range(2)]
        answer = caller.post(f"{caller.base}/predictions", json=BODY)
        assert answer.status_code == 429
        seconds = answer.headers["Retry-After"]
        assert answer.json() == {"detail": f"Request was throttled. Your rate limit resets in ~{seconds}s."}
        assert 1 <= int(seconds) <= 30
        engine.open.set()
        assert [caller.until(each)["status"] for each in waiting] == ["succeeded"] * 2
        assert len(engine.prompts) == 3


def test_two_hundred_clients_at_once_are_all_served():
    with serving(queue_size=200) as (caller, _):
        barrier = threading.Barrier(200)

        def visit(number: int) -> bytes:
            with Caller(caller.server) as mine:
                barrier.wait()
                return mine.get(mine.create(str(number), wait=True)["output"]).content

        with ThreadPoolExecutor(200) as pool:
            assert list(pool.map(visit, range(200))) == [str(number).encode() for number in range(200)]


def test_an_ended_predictions_data_is_removed_after_its_time():
    with serving(output_lifetime=0.2) as (caller, _):
        ended = caller.create(wait=True)
        while not (seen := caller.look(ended))["data_removed"]:
            time.sleep(0.01)
        assert (seen["input"], seen["logs"], seen["output"]) == ({}, "", None)
        assert (seen["status"], seen["metrics"]) == ("succeeded", ended["metrics"])
        assert requests.get(ended["output"], timeout=10).status_code == 404
        assert caller.get(ended["output"]).status_code == 404


def test_what_has_outlived_its_time_goes_without_anybody_asking():
    with serving(output_lifetime=0.1) as (caller, _):
        prediction = caller.create(wait=True)["id"]
        entry = caller.server._thread.store._entries[prediction]
        while entry.output:
            time.sleep(0.02)
        assert entry.size == 0


def test_only_so_many_ended_predictions_are_remembered():
    with serving(GatedEngine(), keep=3) as (caller, engine):
        created = [caller.create(str(number)) for number in range(6)]
        engine.permits.release(5)
        caller.until(created[4])
        caller.until(created[5], "processing")
        statuses = [caller.get(each["urls"]["get"]).status_code for each in created]
        assert statuses == [404, 404, 200, 200, 200, 200]
        listed = caller.get(f"{caller.base}/predictions").json()["results"]
        assert [each["id"] for each in listed] == [each["id"] for each in created[:1:-1]]
        assert len(caller.server._thread.store._files) == 3


def test_outputs_beyond_the_memory_set_aside_for_them_go_early(monkeypatch):
    monkeypatch.setattr(store, "MAX_HELD", 3_500_000)
    with serving() as (caller, _):
        ended = [caller.create(f"{number}" * 400_000, wait=True) for number in range(8)]  # counted twice: in and out
        kept = [requests.get(each["output"], timeout=10).status_code == 200 for each in ended]
        assert kept == [False] * 4 + [True] * 4
        assert [caller.look(each)["data_removed"] for each in ended] == [True] * 4 + [False] * 4


def test_memory_stays_flat_however_many_predictions_come_and_go():
    class Drawing(GatedEngine):
        def run(self, request: AnimateDiffRequest, **how: Any) -> Output:
            return Output(os.urandom(200_000), "webp", "image/webp")

    with serving(Drawing(), keep=20) as (caller, _):
        for _ in range(40):
            caller.create(wait=True)
        tracemalloc.start()
        for _ in range(100):
            caller.create(wait=True)
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert grown < 25 * 200_000
