"""The journal: what it keeps, and what it gives back."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from journaling import BODY, DONE, RELAY, STARTING, begin, database, keys

from animatediff_widget import AnimateDiffRequest, Endpoint, Journal, Prediction
from animatediff_widget.errors import InvalidRequest, JournalError
from animatediff_widget.journal import JournalEntry, JournalProtocol
from animatediff_widget.model.body import Body
from animatediff_widget.texts import Message, Texts

STATES = ["submitting", "running", "downloading", "left", "unknown", "succeeded", "failed", "canceled", "accepted"]


def in_each_state(journal: Journal) -> dict[str, str]:
    made = dict(zip(STATES, begin(journal, len(STATES)), strict=True))
    for state, key in made.items():
        journal.record(key, state)
    return made


def raw(journal: Journal, column: str) -> str:
    with database(journal.folder) as connection:
        return connection.execute(f"SELECT {column} FROM jobs").fetchone()[0]


# --- what it keeps ----------------------------------------------------------------------------------------------------


def test_a_job_is_kept_as_it_was_asked_for(journal):
    before = time.time()
    key = journal.begin(BODY, RELAY)
    (entry,) = journal.jobs()
    assert (entry.key, entry.endpoint, entry.kind, entry.body) == (key, RELAY.url, "relay", BODY)
    assert entry.request == BODY.request()
    assert (entry.state, entry.prediction, entry.error, entry.output) == ("submitting", None, None, None)
    assert before <= entry.created <= time.time()
    assert (entry.number, entry.seen, entry.damaged, entry.seed) == (1, False, False, 7)


def test_a_request_is_taken_as_its_body(journal):
    journal.begin(request := AnimateDiffRequest(prompt="a kite", seed=9), Endpoint.builtin())
    request.prompt = "something else"
    (entry,) = journal.jobs()
    assert (entry.body.prompt, entry.endpoint, entry.kind) == ("a kite", "builtin", "builtin")


def test_what_becomes_known_is_kept_and_what_was_known_stays(journal, tmp_path):
    (key,) = begin(journal)
    journal.record(key, "running", prediction=STARTING)
    journal.record(key, "downloading", output=tmp_path / "a.mp4", size=3, sha256="ab")
    journal.record(key, "left", error="The job has not ended.")
    entry = journal.get(key)
    assert (entry.state, entry.error, entry.output) == ("left", "The job has not ended.", tmp_path / "a.mp4")
    assert (entry.size, entry.sha256, entry.prediction) == (3, "ab", STARTING)


def test_a_job_that_succeeded_after_all_has_no_error(journal):
    (key,) = begin(journal)
    journal.record(key, "left", error=Message("not_ended"))
    journal.record(key, "succeeded", prediction=DONE)
    assert journal.get(key).error is None


def test_an_error_is_said_in_the_language_of_whoever_reads_it(journal):
    (key,) = begin(journal)
    error = Message("model_failed", why=Message("no_reason"))
    journal.record(key, "failed", error=error)
    assert journal.get(key).error == error
    assert Texts("zh").say(journal.get(key).error) != Texts("en").say(journal.get(key).error)


@pytest.mark.parametrize("error", ["It broke.", "{", '{"code"', '{"code": "unknown to us", "params": {}}', "[]", ""])
def test_an_error_that_is_plain_text_stays_as_it_is(journal, error):
    (key,) = begin(journal)
    journal.record(key, "failed", error=error)
    assert journal.get(key).error == error


def test_an_answer_is_kept_exactly_even_with_broken_characters(journal):
    (key,) = begin(journal)
    journal.record(key, "running", prediction=STARTING)
    assert journal.get(key).prediction.raw == STARTING.raw


def test_an_answer_is_kept_without_the_files_in_it(journal):
    (key,) = begin(journal)
    image = "data:image/webp;base64," + "UklGR" * 400_000
    answer = {"id": "p1", "output": [image, "data:text/plain,short"], "input": {"note": 'say "data:'}, "logs": "a,b"}
    journal.record(key, "succeeded", prediction=Prediction.from_json(answer))
    assert len(raw(journal, "answer")) < 500
    kept = journal.get(key).prediction.raw
    assert kept == {**answer, "output": ["data:image/webp;base64,(2000000 characters)", "data:text/plain,short"]}


def test_an_answer_whose_data_cannot_be_told_from_other_text_stays_whole(journal):
    (key,) = begin(journal)
    answer = {"id": "p1", "output": "data:text/html," + '"' * 2000, "more": "data:," + "\\" * 2001, "ä": "data:x"}
    journal.record(key, "succeeded", prediction=Prediction.from_json(answer))
    assert journal.get(key).prediction.raw == answer


def test_listing_reads_no_answer(journal, monkeypatch):
    made = begin(journal, 3)
    for key in made:
        journal.record(key, "running", prediction=STARTING)
    read = []
    real = json.loads
    monkeypatch.setattr(json, "loads", lambda text: read.append(text) or real(text))
    entries = journal.jobs()
    assert read == []
    assert entries[0].prediction is entries[0].prediction
    assert len(read) == 1


def test_the_recorded_id_is_the_jobs_whatever_later_answers_say(journal):
    (key,) = begin(journal)
    journal.record(key, "running", prediction=STARTING)
    journal.record(key, "running", prediction=Prediction.from_json({"status": "processing"}))
    prediction = journal.get(key).prediction
    assert (prediction.id, prediction.status) == ("p1", "processing")


def test_a_job_is_found_by_its_key_and_by_its_id(journal):
    first, second = begin(journal, 2)
    journal.record(first, "running", prediction=STARTING)
    assert journal.get(first) == journal.get("p1") == journal.get("p1", RELAY.url)
    assert journal.get("p1", "https://other.example") is None
    assert journal.get(second).key == second
    assert journal.get("nothing") is None
    assert keys(journal.find(first[:12])) == [first]
    assert journal.find("%") == []


def test_jobs_come_newest_first_and_page_by_page(journal):
    made = begin(journal, 7)
    assert keys(journal.jobs()) == made[::-1]
    pages, before = [], None
    while page := journal.jobs(3, before=before):
        pages.append(keys(page))
        before = page[-1].key
    assert pages == [made[6:3:-1], made[3:0:-1], made[:1]]
    assert journal.jobs(before="nothing") == []


def test_a_page_does_not_move_when_new_jobs_come(journal):
    made = begin(journal, 4)
    first = journal.jobs(2)
    begin(journal, 3)
    assert keys(journal.jobs(2, before=first[-1].key)) == [made[1], made[0]]


def test_unfinished_are_those_whose_end_is_not_known(journal):
    made = in_each_state(journal)
    assert keys(journal.unfinished()) == [made[state] for state in reversed(STATES[:5])]
    assert keys(journal.unfinished(2)) == [made["unknown"], made["left"]]


def test_what_can_be_picked_up_is_unfinished_or_finished_unseen(journal):
    made = in_each_state(journal)
    assert keys(journal.to_pick_up()) == [made[state] for state in reversed(STATES[:6])]
    assert keys(journal.to_pick_up(2)) == [made["succeeded"], made["unknown"]]
    with journal.claim(made["succeeded"]), journal.claim(made["left"]):
        assert keys(journal.to_pick_up(2)) == [made["unknown"], made["downloading"]], "from the next page"
        assert len(journal.to_pick_up(10**9)) == 4
    for key in made.values():
        journal.see(key)
    assert keys(journal.to_pick_up()) == [made[state] for state in reversed(STATES[:4])], "these go on, seen or not"
    assert all(entry.seen for entry in journal.jobs())


def test_a_seen_job_that_comes_to_another_end_is_offered_again(journal):
    (key,) = begin(journal)
    journal.record(key, "unknown")
    journal.see(key)
    journal.record(key, "unknown")
    assert journal.to_pick_up() == []
    journal.record(key, "succeeded")
    assert keys(journal.to_pick_up()) == [key]


def test_a_found_prediction_is_given_to_one_job_only(journal):
    made = begin(journal, 8)
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda key: journal.adopt(key, STARTING), made))
    assert won.count(True) == 1
    assert journal.get("p1").key == made[won.index(True)]
    assert journal.get("p1").state == "running"
    assert journal.adopt(made[won.index(True)], STARTING), "its own"


def test_the_same_id_at_another_endpoint_is_another_job(journal):
    here = journal.begin(BODY, RELAY)
    there = journal.begin(BODY, Endpoint.relay("https://other.example"))
    assert journal.adopt(here, STARTING)
    assert journal.adopt(there, STARTING)


def test_beginning_twice_with_one_key_is_one_job(journal):
    key = journal.new_key()
    assert [journal.begin(BODY, RELAY, key=key), journal.begin(BODY, RELAY, key=key)] == [key, key]
    assert len(journal.jobs()) == 1


def test_recording_a_job_that_is_not_there_says_so(journal):
    assert journal.record(*begin(journal), "running") is True
    assert journal.record(journal.new_key(), "running") is False


def test_a_typical_duration_is_the_median_of_the_last_such_jobs(journal):
    def run(seconds: float, state: str = "succeeded", endpoint: Endpoint = RELAY, **fields: object) -> None:
        journal.record(journal.begin(AnimateDiffRequest(**fields), endpoint), state, seconds=seconds)

    asked = AnimateDiffRequest(prompt="anything", seed=5)
    assert journal.typical_seconds(asked, RELAY) is None
    for seconds in (100.0, 100.0, 100.0, 3.0, 5.0, 4.0, 8.0, 1.0):
        run(seconds)
    run(50.0, steps=50)
    run(60.0, version="a" * 64)
    run(70.0, endpoint=Endpoint.builtin())
    assert journal.typical_seconds(asked, RELAY) == 4.0
    assert journal.typical_seconds(AnimateDiffRequest(steps=50), RELAY) == 50.0
    assert journal.typical_seconds(AnimateDiffRequest(version="a" * 64), RELAY) == 60.0
    assert journal.typical_seconds(asked, Endpoint.builtin()) == 70.0
    assert journal.typical_seconds(asked, Endpoint.replicate()) is None


def test_a_job_that_failed_does_not_say_how_long_one_takes(journal):
    journal.record(journal.begin(BODY, RELAY), "failed", seconds=1.0)
    assert journal.typical_seconds(BODY, RELAY) is None


def test_an_animation_is_loaded_only_when_it_is_what_was_written(journal):
    (key,) = begin(journal)
    data = b"GIF89a" + bytes(100)
    path = journal.animations / f"{key}.gif"
    path.parent.mkdir()
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    journal.record(key, "succeeded", prediction=DONE, output=path, size=len(data), sha256=digest)
    animation = journal.get(key).animation()
    assert (animation.data, animation.path, animation.mime, animation.prediction) == (data, path, "image/gif", DONE)
    assert animation.body == BODY
    path.write_bytes(data[:-1])
    assert journal.get(key).animation() is None
    path.write_bytes(data[:-1] + b"\1")
    assert journal.get(key).animation() is None
    path.unlink()
    assert journal.get(key).animation() is None
    assert journal.get(begin(journal)[0]).animation() is None


def test_a_journal_that_was_moved_finds_its_animations(journal, tmp_path):
    (key,) = begin(journal)
    path = journal.animations / f"{key}.gif"
    path.parent.mkdir()
    path.write_bytes(b"GIF89a")
    journal.record(key, "succeeded", output=path)
    journal.folder.rename(tmp_path / "elsewhere")
    assert Journal(tmp_path / "elsewhere").get(key).animation().data == b"GIF89a"


def test_the_folder_is_the_persons_own(journal, tmp_path, monkeypatch):
    begin(journal)
    if os.name == "posix":
        assert journal.folder.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_HOME", str(tmp_path / "there"))
    assert Journal().folder == tmp_path / "there"


def test_entries_do_not_change_and_can_be_in_a_set(journal):
    (key,) = begin(journal)
    journal.record(key, "failed", prediction=STARTING, error=Message("model_failed", why="x"))
    entry = journal.get(key)
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.state = "succeeded"
    entry.request.prompt = "another"
    assert entry.request.prompt == BODY.prompt
    assert {entry, journal.get(key)} == {entry}


def test_the_journal_keeps_what_the_protocol_promises():
    promised = {name for name in vars(JournalProtocol) if not name.startswith("_")}
    assert promised >= {"begin", "record", "adopt", "see", "claim", "claimed", "jobs", "typical_seconds"}
    assert all(getattr(Journal, name) is not getattr(JournalProtocol, name) for name in promised - {"folder"})


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        '{"input": 5}',
        '{"version": 5, "input": {"steps": "many"}}',
        f'{{"input": {{"steps": {10**30}}}}}',
    ],
)
def test_a_damaged_body_is_recorded_again_and_has_no_usual_duration(journal, text):
    key = journal.begin(Body(text), RELAY)
    assert journal.get(key).body == Body(text)
    assert journal.typical_seconds(Body(text), RELAY) is None


# --- rows that cannot be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_text", ["{", "", "null", "[]", '{"input": 5}', '{"input": {"steps": 900}}', "[" * 9999, b"\xff\0"]
)
def test_a_request_that_cannot_be_read_does_not_break_the_list(journal, request_text):
    first, second, third = begin(journal, 3)
    journal.record(second, "running", prediction=STARTING)
    with database(journal.folder) as connection:
        connection.execute("UPDATE jobs SET request = ? WHERE key = ?", (request_text, second))
    assert keys(journal.jobs()) == keys(journal.to_pick_up()) == keys(journal.unfinished()) == [third, second, first]
    entry = journal.get(second)
    assert (entry.damaged, entry.body.prompt, entry.seed, entry.prediction) == (True, "", None, STARTING)
    with pytest.raises(InvalidRequest):
        _ = entry.request


@pytest.mark.parametrize(
    "answer", ["{", "[]", "7", "[" * 99999, b"\xff\xfe", 5, "\ud83d".encode("utf-16", "surrogatepass")]
)
def test_an_answer_that_cannot_be_read_leaves_the_id(journal, answer):
    (key,) = begin(journal)
    journal.record(key, "running", prediction=STARTING)
    with database(journal.folder) as connection:
        connection.execute("UPDATE jobs SET answer = ?", (answer,))
    assert journal.get(key).prediction.id == "p1"


def test_columns_of_the_wrong_type_do_not_break_the_list(journal):
    (key,) = begin(journal)
    with database(journal.folder) as connection:
        connection.execute(
            "UPDATE jobs SET created = 'x', state = x'ff', error = 5, output = x'00', size = 'y', sha256 = x'07', "
            "kind = 1.5, endpoint = 9, seen = 'z', prediction_id = 3, seconds = 'w', version = 8"
        )
    (entry,) = journal.jobs()
    assert (entry.key, entry.created, entry.output, entry.size, entry.sha256) == (key, 0.0, None, None, None)
    assert entry.animation() is None
    assert journal.to_pick_up() is not None
    assert journal.typical_seconds(BODY, RELAY) is None


# --- large ------------------------------------------------------------------------------------------------------------


def test_no_question_reads_the_whole_journal(journal, monkeypatch):
    begin(journal)
    asked: list[str] = []
    real = sqlite3.connect

    def connect(*arguments, **options):
        connection = real(*arguments, **options)
        connection.set_trace_callback(asked.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    journal = Journal(journal.folder)
    (key,) = keys(journal.jobs())
    journal.jobs(20, before=key)
    journal.unfinished()
    journal.to_pick_up()
    journal.get(key)
    journal.get(key, RELAY.url)
    journal.find(key[:8])
    journal.typical_seconds(BODY, RELAY)
    journal.record(key, "running", prediction=STARTING)
    journal.adopt(key, STARTING)
    journal.see(key)
    monkeypatch.undo()
    plans = {}
    with database(journal.folder) as connection:
        for statement in asked:
            if "jobs" in statement:
                rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
                plans[statement] = [row[3] for row in rows]
    assert len(plans) == 12
    for statement, plan in plans.items():
        for step in plan:
            whole = step.startswith("SCAN") and "USING INDEX" not in step
            assert not whole or (step == "SCAN jobs" and "LIMIT" in statement and "WHERE" not in statement), (
                statement,
                plan,
            )
            # Scanned may be what holds the few that are asked for, and the rows by number, until the limit.
            assert "SCAN" not in step or step.split()[-1] in ("to_pick_up", "unfinished", "jobs"), (statement, plan)
        assert "USE TEMP B-TREE FOR ORDER BY" not in plan or "prediction_id = " in statement, (statement, plan)
    (durations,) = (plan for statement, plan in plans.items() if "seconds IS NOT NULL" in statement)
    assert "USING INDEX durations" in durations[0]


def test_an_entry_can_be_made_by_hand():
    entry = JournalEntry("k", 0.0, RELAY.url, BODY, "running", output=Path("/nowhere/a.gif"))
    assert (entry.prediction, entry.seed, entry.animation()) == (None, 7, None)


def test_what_is_written_together_is_there_whole_or_not_at_all(tmp_path):
    journal = Journal(tmp_path)
    keys = [journal.new_key() for _ in range(3)]
    body = BODY
    given = journal.together([lambda key=key: journal.begin(body, RELAY, key=key) for key in keys])
    assert given == keys
    records = [lambda: journal.record(keys[0], "failed"), lambda: journal.record("0" * 32, "failed")]
    assert journal.together(records) == [True, False]

    def fail() -> None:
        raise JournalError("no")

    with pytest.raises(JournalError):
        journal.together([lambda: journal.record(keys[1], "failed"), fail])
    assert [Journal(tmp_path).get(key).state for key in keys] == ["failed", "submitting", "submitting"]
