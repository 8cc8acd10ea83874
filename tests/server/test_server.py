"""The built-in server, over real HTTP: creating, following, canceling, listing."""

from __future__ import annotations

import io
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests
from gated_server import BODY, PROBLEM, Caller, serving
from PIL import Image

from animatediff_widget.model.request import DEFAULT_VERSION, MAX_SEED
from animatediff_widget.server import LocalServer

# --- creating and following -------------------------------------------------------------------------------------------


def test_a_new_prediction_has_every_key_of_the_hosted_one(gated):
    caller, _ = gated
    caller.create("first")
    answer = caller.post(f"{caller.base}/predictions", json=BODY)
    prediction = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert {key: prediction[key] for key in prediction if key not in ("id", "created_at", "urls")} == {
        "model": "lucataco/animate-diff",
        "version": DEFAULT_VERSION,
        "input": BODY["input"],
        "logs": "",
        "output": None,
        "data_removed": False,
        "error": None,
        "status": "starting",
        "started_at": None,
        "completed_at": None,
        "metrics": {},
    }
    assert len(prediction["id"]) == 26
    assert prediction["created_at"].endswith("Z")


def test_a_prediction_goes_from_starting_over_processing_to_succeeded(gated):
    caller, engine = gated
    created = caller.create("a lighthouse")
    engine.begun.acquire()
    running = caller.until(created, "processing")
    assert running["started_at"]
    assert running["output"] is None
    assert running["logs"] == f"Using seed: {engine.seeds[0]}\n"
    engine.permits.release()
    ended = caller.until(created)
    assert ended["status"] == "succeeded"
    assert ended["logs"].endswith("done\n")
    assert ended["created_at"] <= ended["started_at"] <= ended["completed_at"]
    assert ended["metrics"]["predict_time"] >= 0
    assert ended["output"].startswith(caller.server.base_url + "/files/")
    assert caller.get(ended["output"]).content == b"a lighthouse"


@pytest.mark.parametrize(
    ("prefer", "wanted"),
    [
        ("previews", True),
        ("respond-async, Previews", True),
        ("wait=1;previews", True),
        ("", False),
        ("no-previews", False),
    ],
)
def test_who_prefers_previews_finds_the_first_frame_while_it_is_drawn_and_nobody_else(gated, prefer, wanted):
    caller, engine = gated
    engine.frame = np.full((8, 8, 3), 90, np.uint8)
    created = caller.create(Prefer=prefer)
    engine.begun.acquire()
    running = caller.until(created, "processing")
    assert ("preview" in running["urls"]) == wanted
    if wanted:
        url = running["urls"]["preview"]
        assert url.startswith(caller.server.base_url + "/files/")
        picture = requests.get(url, timeout=10)  # its secret path is enough
        assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/jpeg")
        assert np.asarray(Image.open(io.BytesIO(picture.content)))[0, 0] == pytest.approx([90] * 3, abs=2)
    engine.permits.release()
    ended = caller.until(created)
    assert ended["urls"].keys() == {"get", "cancel"}
    assert not wanted or requests.get(url, timeout=10).status_code == 404


@pytest.mark.parametrize("prefix", ["/v1", "/replicate/v1"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_urls_lead_back_the_way_the_caller_came(caller, prefix, host):
    origin = f"http://{host}:{caller.server.base_url.rpartition(':')[2]}"
    answer = caller.post(f"{origin}{prefix}/predictions", json=BODY, headers={"Prefer": "wait"}).json()
    assert answer["urls"]["get"] == f"{origin}{prefix}/predictions/{answer['id']}"
    assert answer["urls"]["cancel"] == f"{origin}{prefix}/predictions/{answer['id']}/cancel"
    assert answer["output"].startswith(f"{origin}/files/")
    assert caller.get(answer["urls"]["get"]).json() == answer
    assert caller.post(answer["urls"]["cancel"]).json() == answer


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"steps": 25.0, "guidance_scale": 7, "seed": None},
        {"prompt": "зима, 月, 🌙", "unknown": {"deep": [1, None, "x"]}, "scheduler": "DDIM"},
        {"path": "my own.safetensors", "motion_module": "mm_new"},
    ],
)
def test_the_input_comes_back_exactly_as_it_was_sent(caller, given):
    answer = caller.post(f"{caller.base}/predictions", json={"version": DEFAULT_VERSION, "input": given})
    assert answer.status_code == 201
    assert json.dumps(answer.json()["input"]) == json.dumps(given)


@pytest.mark.parametrize(
    ("version", "model", "shown"),
    [
        ("a" * 64, "lucataco/animate-diff", "a" * 64),
        ("some/model:" + "b" * 64, "some/model", "b" * 64),
        ("lucataco/animate-diff", "lucataco/animate-diff", DEFAULT_VERSION),
        ("some/model", "some/model", "hidden"),
    ],
)
def test_a_version_has_three_forms(caller, version, model, shown):
    answer = caller.post(f"{caller.base}/predictions", json={"version": version, "input": {}}).json()
    assert (answer["model"], answer["version"]) == (model, shown)


def test_a_model_in_the_path_needs_no_version_in_the_body(caller):
    answer = caller.post(f"{caller.base}/models/lucataco/animate-diff/predictions", json={"input": {}})
    assert answer.status_code == 201
    assert answer.json()["model"] == "lucataco/animate-diff"


def test_a_body_is_read_as_json_whatever_it_calls_itself(caller):
    headers = {"Content-Type": "text/plain"}
    assert caller.post(f"{caller.base}/predictions", data=json.dumps(BODY), headers=headers).status_code == 201


@pytest.mark.parametrize("prefer", ["wait", "wait=60", "respond-async, wait=30", "WAIT"])
def test_prefer_wait_answers_with_the_output(caller, prefer):
    answer = caller.post(f"{caller.base}/predictions", json=BODY, headers={"Prefer": prefer})
    assert answer.status_code == 201
    assert answer.json()["status"] == "succeeded"


def test_prefer_wait_answers_as_it_stands_when_the_time_is_over(gated):
    caller, _ = gated
    answer = caller.post(f"{caller.base}/predictions", json=BODY, headers={"Prefer": "wait=1"})
    assert answer.status_code == 201
    assert answer.json()["status"] == "processing"


@pytest.mark.parametrize("prefer", ["wait=", "wait=soon", "wait=0", "wait=-1", "waiting", "return=minimal"])
def test_a_preference_that_makes_no_sense_is_ignored(gated, prefer):
    caller, _ = gated
    answer = caller.post(f"{caller.base}/predictions", json=BODY, headers={"Prefer": prefer})
    assert answer.json()["status"] in ("starting", "processing")


def test_a_caller_who_hangs_up_while_waiting_is_forgotten_but_the_prediction_goes_on(gated, caplog):
    caller, engine = gated
    with pytest.raises(requests.ReadTimeout), Caller(caller.server) as other:
        other.post(f"{other.base}/predictions", json=BODY, headers={"Prefer": "wait"}, timeout=0.2)
    engine.begun.acquire()
    while caller.server._thread.service.held:
        time.sleep(0.002)
    engine.open.set()
    newest = caller.get(f"{caller.base}/predictions").json()["results"][0]
    assert caller.until(newest)["status"] == "succeeded"
    assert not caplog.records


def test_predictions_run_one_at_a_time_in_their_order(gated):
    caller, engine = gated
    created = [caller.create(str(number)) for number in range(5)]
    engine.begun.acquire()
    assert [caller.look(each)["status"] for each in created] == ["processing"] + ["starting"] * 4
    engine.open.set()
    assert caller.until(created[-1])["status"] == "succeeded"
    assert engine.prompts == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("given", [{}, {"seed": None}, {"seed": 0}])
def test_without_a_seed_the_server_draws_one(given):
    with serving() as (caller, engine):
        body = {"version": DEFAULT_VERSION, "input": given}
        for _ in range(3):
            answer = caller.post(f"{caller.base}/predictions", json=body, headers={"Prefer": "wait"}).json()
            assert answer["input"] == given
            assert f"Using seed: {engine.seeds[-1]}\n" in answer["logs"]
        assert len(set(engine.seeds)) == 3
        assert all(0 < seed <= MAX_SEED for seed in engine.seeds)


@pytest.mark.parametrize("seed", [1, 2**31, 4294967295])
def test_a_given_seed_reaches_the_engine(seed):
    with serving() as (caller, engine):
        body = {"version": DEFAULT_VERSION, "input": {"seed": seed}}
        answer = caller.post(f"{caller.base}/predictions", json=body, headers={"Prefer": "wait"}).json()
        assert answer["logs"].startswith(f"Using seed: {seed}\n")
        assert engine.seeds == [seed]


# --- failing ----------------------------------------------------------------------------------------------------------


def test_what_the_engine_refuses_fails_with_its_sentence(caller):
    failed = caller.create("refuse me", wait=True)
    assert failed["status"] == "failed"
    assert failed["error"] == "This engine cannot draw that."
    assert failed["output"] is None


def test_an_engine_that_breaks_tells_the_log_and_not_the_caller(caller, caplog):
    with caplog.at_level(logging.ERROR):
        failed = caller.create("break", wait=True)
    assert failed["status"] == "failed"
    assert "internal error (KeyError)" in failed["error"]
    assert "secret" not in json.dumps(failed)
    assert "secret" in caplog.text
    assert caller.server.token not in caplog.text
    assert caller.create("and on", wait=True)["status"] == "succeeded"


# --- canceling --------------------------------------------------------------------------------------------------------


def test_a_cancelled_queued_prediction_never_runs(gated):
    caller, engine = gated
    first, second = caller.create("first"), caller.create("second")
    answer = caller.post(second["urls"]["cancel"])
    assert answer.status_code == 200
    assert answer.json()["status"] == "canceled"
    assert answer.json()["completed_at"]
    assert answer.json()["metrics"] == {}
    engine.open.set()
    caller.until(first)
    caller.create("third", wait=True)
    assert engine.prompts == ["first", "third"]


def test_a_cancelled_running_prediction_ends_as_soon_as_the_engine_stops(gated):
    caller, engine = gated
    created = caller.create()
    engine.begun.acquire()
    assert caller.post(created["urls"]["cancel"]).json()["status"] == "processing"
    ended = caller.until(created)
    assert ended["status"] == "canceled"
    assert ended["output"] is None
    assert ended["error"] is None
    assert ended["metrics"]["predict_time"] > 0


def test_a_waiting_answer_leaves_when_its_prediction_is_cancelled(gated):
    caller, engine = gated
    with ThreadPoolExecutor() as pool, Caller(caller.server) as other:
        waiting = pool.submit(other.create, wait=True)
        engine.begun.acquire()
        newest = caller.get(f"{caller.base}/predictions").json()["results"][0]
        caller.post(newest["urls"]["cancel"])
        assert waiting.result()["status"] == "canceled"


def test_cancelling_an_ended_prediction_changes_nothing(caller):
    ended = caller.create(wait=True)
    answer = caller.post(ended["urls"]["cancel"])
    assert answer.status_code == 200
    assert answer.json() == ended == caller.look(ended)


def test_a_deadline_aborts_what_never_started(gated):
    caller, engine = gated
    running, waiting = caller.create(), caller.create(**{"Cancel-After": "0.1"})
    assert caller.until(waiting)["status"] == "aborted"
    engine.open.set()
    assert caller.until(running)["status"] == "succeeded"
    assert len(engine.prompts) == 1


def test_a_deadline_cancels_what_runs(gated):
    caller, engine = gated
    running, waiting = caller.create(**{"Cancel-After": "0.5s"}), caller.create(**{"Cancel-After": "1h30m"})
    assert caller.until(running)["status"] == "canceled"
    engine.open.set()
    assert caller.until(waiting)["status"] == "succeeded"


@pytest.mark.parametrize("duration", ["soon", "", "0", "-5", "1d", "m", "nan", "1e9"])
def test_a_deadline_that_cannot_be_read_is_refused(caller, duration):
    answer = caller.post(f"{caller.base}/predictions", json=BODY, headers={"Cancel-After": duration})
    assert answer.status_code == 400
    assert "Cancel-After" in answer.json()["detail"]


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_is_newest_first_a_hundred_a_page():
    with serving(queue_size=300) as (caller, _):
        ids = [caller.create(str(number))["id"] for number in range(230)][::-1]
        first = caller.get(f"{caller.base}/predictions").json()
        second = caller.get(first["next"]).json()
        third = caller.get(second["next"]).json()
        pages = [[each["id"] for each in page["results"]] for page in (first, second, third)]
        assert pages == [ids[:100], ids[100:200], ids[200:]]
        assert first["previous"] is None
        assert third["next"] is None
        assert first["next"].startswith(f"{caller.base}/predictions?cursor=")
        back = caller.get(third["previous"]).json()
        assert [each["id"] for each in back["results"]] == ids[100:200]


def test_an_empty_list_is_a_list():
    with serving() as (caller, _):
        answer = caller.get(f"{caller.base}/predictions")
        assert answer.json() == {"previous": None, "next": None, "results": []}


def test_listed_predictions_have_everything_but_their_logs(caller):
    ended = caller.create(wait=True)
    listed = caller.get(f"{caller.base}/predictions").json()["results"][0]
    assert listed == {key: value for key, value in ended.items() if key != "logs"}


@pytest.mark.parametrize(
    "cursor", ["", "x", "====", "before-", "after-x", "before-1after-1", "%00", "before-%C2%B2", "4pi6"]
)
def test_a_cursor_that_was_never_given_is_not_found(caller, cursor):
    answer = caller.get(f"{caller.base}/predictions?cursor={cursor}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == PROBLEM


# --- with the real engine ---------------------------------------------------------------------------------------------


def test_without_an_engine_of_ones_own_the_pocket_engine_draws():
    with LocalServer() as server, Caller(server) as caller:
        body = {"version": DEFAULT_VERSION, "input": {"prompt": "a boat on the sea", "steps": 5, "seed": 11}}
        first, second = (
            caller.post(f"{caller.base}/predictions", json=body, headers={"Prefer": "wait"}).json() for _ in range(2)
        )
        assert first["status"] == "succeeded"
        assert "Using seed: 11" in first["logs"]
        assert "5/5" in first["logs"]
        assert first["output"].endswith("/animation.webp")
        data = caller.get(first["output"])
        assert data.headers["Content-Type"] == "image/webp"
        assert data.content[:4] == b"RIFF"
        assert caller.get(second["output"]).content == data.content


def test_the_pocket_engine_can_be_cancelled_under_way():
    with LocalServer() as server, Caller(server) as caller:
        body = {"version": DEFAULT_VERSION, "input": {"steps": 100}}
        created = caller.post(f"{caller.base}/predictions", json=body).json()
        caller.until(created, "processing")
        caller.post(created["urls"]["cancel"])
        assert caller.until(created)["status"] == "canceled"
