"""Reading what a server says about a job, however odd."""

from __future__ import annotations

import copy
import json
import pickle
import re

import pytest

from animatediff_widget import Prediction
from animatediff_widget.model import prediction

HOSTED = {
    "id": "w44zs9cet5rmc0cqzp49gpkhf8",
    "model": "lucataco/animate-diff",
    "version": "beecf59c4aee8d81bf04f0381033dfa10dc16e845b4ae00d281e2fa377e48a9f",
    "input": {"prompt": "a boat", "seed": 255224557, "steps": 25},
    "logs": "",
    "output": None,
    "data_removed": False,
    "error": None,
    "status": "starting",
    "created_at": "2026-01-05T10:00:00.000Z",
    "started_at": None,
    "completed_at": None,
    "metrics": {},
    "urls": {"get": "https://api.replicate.com/v1/predictions/w44z", "cancel": "https://api.replicate.com/v1/x/cancel"},
}
BAR = " 48%|████▊     | 12/25 [00:06<00:06,  1.93it/s]"


def read(previous: Prediction | None = None, **fields) -> Prediction:
    return Prediction.from_json({**HOSTED, **fields}, previous)


# --- the answers of the interface -------------------------------------------------------------------------------------


def test_the_hosted_prediction_is_read():
    snapshot = Prediction.from_json(HOSTED)
    assert (snapshot.id, snapshot.status, snapshot.done) == ("w44zs9cet5rmc0cqzp49gpkhf8", "starting", False)
    assert (snapshot.progress, snapshot.eta, snapshot.seed, snapshot.outputs) == (None, None, 255224557, ())
    assert snapshot.created_at == 1767607200.0
    assert snapshot.completed_at is None
    assert snapshot.raw is HOSTED


def test_the_documents_empty_answer_is_read():
    snapshot = Prediction.from_json({})
    assert (snapshot.id, snapshot.status, snapshot.done, snapshot.error) == (None, "", False, None)
    assert (snapshot.progress, snapshot.eta, snapshot.seed, snapshot.outputs, snapshot.logs) == (
        None,
        None,
        None,
        (),
        "",
    )
    assert snapshot.raw == {}


def test_the_answer_of_a_container_is_read():
    answer = {"id": None, "status": "succeeded", "output": "data:video/mp4;base64,AAAA", "logs": BAR, "metrics": {}}
    snapshot = Prediction.from_json(answer)
    assert (snapshot.id, snapshot.done, snapshot.progress) == (None, True, 1.0)
    assert snapshot.outputs == ("data:video/mp4;base64,AAAA",)


@pytest.mark.parametrize("odd", [None, 5, "text", [HOSTED], True, 1.5])
def test_what_is_no_object_reads_as_an_empty_one(odd):
    assert Prediction.from_json(odd) == Prediction.from_json({})


@pytest.mark.parametrize("name", HOSTED)
@pytest.mark.parametrize("value", [None, 7, -1.5, True, "text", [], [1, None], {}, {"a": {"b": []}}, "\ud800"])
def test_any_key_may_hold_anything_or_be_missing(name, value):
    snapshot = read(**{name: value})
    assert snapshot.raw[name] == value
    assert snapshot.done in (True, False)
    for number in (snapshot.progress, snapshot.eta, snapshot.created_at, snapshot.completed_at):
        assert number is None or number >= 0
    for text in (snapshot.id or "", snapshot.status, snapshot.error or "", snapshot.logs):
        text.encode()
    missing = {key: item for key, item in HOSTED.items() if key != name}
    assert Prediction.from_json(missing).raw == missing


@pytest.mark.parametrize("name", ["id", "status", "error", "logs"])
def test_no_text_of_a_server_is_kept_without_bounds_or_with_what_a_terminal_obeys(name):
    hostile = f"\x1b]0;title\x07\x9b31m{'x' * 3_000_000}\u202eend\x00\n"
    snapshot = read(
        **{name: hostile, "output": ["https://x.example/" + "x" * 10_000, "https://x.example/\ud800\n"] * 99}
    )
    kept = getattr(snapshot, name) or ""
    assert len(kept) <= 200_010
    assert not set(kept) & set("\x00\x07\x1b\x9b\u202e")
    assert name == "id" or kept.endswith("end\ufffd\n")
    assert snapshot.outputs == ()
    assert snapshot.raw[name] == hostile


def test_a_server_that_names_no_end_of_outputs_is_cut_short_but_not_one_that_sends_a_large_file():
    assert len(read(output=["https://x.example/a.mp4"] * 10**5).outputs) == 100
    data = "data:video/mp4;base64," + "A" * 10**6
    assert read(output=data).outputs == (data,)


@pytest.mark.parametrize("status", ["succeeded", "failed", "canceled", "aborted"])
def test_four_statuses_are_the_end(status):
    assert read(status=status).done
    assert read(status=status).eta == 0.0


@pytest.mark.parametrize("status", ["starting", "processing", "queued", "SUCCEEDED", "warming up", ""])
def test_any_other_status_is_shown_as_it_is_and_runs_on(status):
    assert (read(status=status).status, read(status=status).done) == (status, False)


@pytest.mark.parametrize(
    ("output", "outputs"),
    [
        (["a caption", "https://x.example/a.mp4", "seed 7"], ("https://x.example/a.mp4",)),
        ({"text": "a caption", "video": "/files/a.mp4"}, ("/files/a.mp4",)),
        (["files/a.mp4"], ("files/a.mp4",)),
        ("https://x.example/a.mp4", ("https://x.example/a.mp4",)),
        (
            ["https://x.example/a.mp4", "https://x.example/b.mp4"],
            ("https://x.example/a.mp4", "https://x.example/b.mp4"),
        ),
        ({"video": "https://x.example/a.mp4", "size": 5}, ("https://x.example/a.mp4",)),
        ("data:image/webp;base64,QUJD", ("data:image/webp;base64,QUJD",)),
        ([None, 5, "", {"url": "x"}, "https://x.example/a.mp4"], ("https://x.example/a.mp4",)),
        (None, ()),
        ("", ()),
        ([], ()),
        (5, ()),
    ],
)
def test_outputs_are_found_in_every_shape(output, outputs):
    assert read(output=output).outputs == outputs


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("out of memory", "out of memory"),
        ({"message": "no"}, "no"),
        ({"detail": "no"}, "no"),
        ({"title": "no", "status": 5}, "no"),
        ({"code": 5}, '{"code": 5}'),
        (["a", "b"], '["a", "b"]'),
        (7, "7"),
        ("", None),
        (None, None),
    ],
)
def test_errors_are_words(given, told):
    assert read(error=given).error == told


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("abc", "abc"),
        (123, "123"),
        ("任务-7", "任务-7"),
        ("..", None),
        (".", None),
        ("", None),
        ("   ", None),
        (True, None),
        (1.5, None),
        (-1, None),
        ("a\nb", None),
        ("a\x00b", None),
        ("\ud800", None),
        ("x" * 257, None),
        (["a"], None),
    ],
)
def test_an_id_is_a_name_or_nothing(given, known):
    assert read(id=given).id == known


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-05T10:00:00Z", 1767607200.0),
        ("2026-01-05T10:00:00", 1767607200.0),
        ("2026-01-05T12:30:00+02:30", 1767607200.0),
        ("2026-01-05T10:00:00.25Z", 1767607200.25),
        ("2026-01-05T10:00:00.123456789Z", 1767607200.123456789),
        ("2026-13-05T10:00:00Z", None),
        ("2026-01-05", None),
        ("yesterday", None),
        ("", None),
        (1767607200, None),
    ],
)
def test_times_are_read_in_the_forms_that_occur(text, seconds):
    assert read(created_at=text).created_at == seconds


def test_a_snapshot_does_not_change_and_can_be_kept():
    snapshot = read(logs=BAR)
    with pytest.raises(AttributeError):
        snapshot.status = "succeeded"
    assert copy.deepcopy(snapshot) == pickle.loads(pickle.dumps(snapshot)) == snapshot
    assert isinstance(hash(snapshot), int)
    assert "████" not in repr(snapshot)
    assert len(repr(read(logs="x" * 10**6))) < 1000


# --- the log ----------------------------------------------------------------------------------------------------------


def test_progress_rate_and_eta_come_from_the_bar():
    snapshot = read(status="processing", logs=f"Using seed: 42\n{BAR}")
    assert (snapshot.step, snapshot.total, snapshot.rate, snapshot.seed) == (12, 25, 1.93, 42)
    assert snapshot.progress == pytest.approx(0.48)
    assert snapshot.eta == pytest.approx(13 / 1.93)


@pytest.mark.parametrize("between", ["\n", "\r", "\r\n", "\n\r", "\n\n"])
def test_the_last_bar_counts_whatever_stands_between(between):
    lines = [f" {n * 4}%|#####     | {n}/25 [00:06<00:06,  1.93it/s]" for n in range(1, 14)]
    assert read(logs=between.join(lines)).step == 13
    assert read(logs=between.join([*lines, ""])).step == 13


def test_of_several_bars_the_last_counts():
    log = (
        "100%|██████████| 7/7 [00:01<00:00,  7.00it/s]\nLoading done\n  4%|▍         | 1/25 [00:01<00:24,  1.02s/it]\n"
    )
    snapshot = read(logs=log)
    assert (snapshot.step, snapshot.total) == (1, 25)
    assert snapshot.rate == pytest.approx(1 / 1.02)


def test_a_bar_without_a_rate_has_progress_but_no_eta():
    snapshot = read(logs="  0%|          | 0/25 [00:00<?, ?it/s]")
    assert (snapshot.progress, snapshot.rate, snapshot.eta) == (0.0, None, None)


@pytest.mark.parametrize(
    ("log", "far"),
    [
        ("Using seed: 7\n  4%|▍         | 98.6M/2.30G [00:02<00:45, 48.2MB/s]", ("98.6M", "2.30G")),
        ("\r  0%|          | 0.00B/2.30GB [00:00<?, ?B/s]\r 45%|####5     | 1.03GB/2.30GB [00:20<00:25, 50MB/s]",
         ("1.03G", "2.30G")),
        (" 45%|####5     | 1.03GB/2.30GB [00:20<00:25, 50MB/s]\nLoading\n", None),
        (" 48%|####8     | 12/25 [00:06<00:06,  1.93it/s]", None),
        (" 45%|####5     | 1.03GB/2.30GB [00:20<00:25, 50M", None),
    ],
)  # fmt: skip
def test_a_download_at_the_end_of_the_log_says_how_far_it_is_and_is_no_step(log, far):
    read = Prediction.from_json({"status": "processing", "logs": log})
    assert read.fetching == far
    assert read.step == (12 if "it/s" in log else None)
    assert Prediction.from_json({"status": "failed", "logs": log}).fetching is None


@pytest.mark.parametrize("log", ["0%|  | 0/0 [00:00<00:00, 1.00it/s]", "9%|#| 30/25 [00:01<00:00, 0.00it/s]"])
def test_a_bar_of_nonsense_is_taken_calmly(log):
    snapshot = read(logs=log)
    assert snapshot.progress in (None, 1.0)
    assert snapshot.eta in (None, 0.0)


@pytest.mark.parametrize(
    "log", ["", "no bar", "48%", "48%|", "48%|###|", "48%|###| 12/", "48%|###| 12/25 [", "|" * 999]
)
def test_half_a_bar_is_none(log):
    assert read(logs=log).step is None


def test_a_line_that_is_not_finished_is_read_again():
    first = read(logs="Using seed: 25522")
    second = read(first, logs="Using seed: 255224557\n 4%|#| 1/2")
    third = read(second, logs="Using seed: 255224557\n 4%|#| 1/25 [00:01<00:24,  1.00it/s]")
    assert (first.seed, second.seed, third.seed) == (25522, 255224557, 255224557)
    assert (second.step, third.step, third.total) == (None, 1, 25)


def test_another_log_is_read_from_its_beginning():
    long = read(logs=f"Using seed: 1\nx\ny\n{BAR}\nlast")
    assert read(long, logs=BAR.replace("12/25", "3/25")).step == 3
    assert read(long, logs="").step is None
    shorter = read(long, logs="Using seed: 9\n")
    assert shorter.seed == 9
    assert read(shorter, logs=f"Using seed: 9\n{BAR}").step == 12


def test_the_seed_is_the_logs_or_else_the_inputs():
    assert read(logs="Using seed: 9\n").seed == 9
    assert read(logs="").seed == 255224557
    assert read(input={"seed": "5"}).seed is None
    assert read(input={"seed": True}).seed is None
    assert read(input=None).seed is None
    assert read(logs="Using seed: -3\n").seed == -3


class Counting:
    """A pattern that counts the characters it is given."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern, self.characters = pattern, 0

    def finditer(self, text: str):
        self.characters += len(text)
        return self.pattern.finditer(text)


@pytest.fixture
def counted(monkeypatch):
    bars, seeds = Counting(prediction._BAR), Counting(prediction._SEED)
    monkeypatch.setattr(prediction, "_BAR", bars)
    monkeypatch.setattr(prediction, "_SEED", seeds)
    return lambda: max(bars.characters, seeds.characters)


@pytest.mark.parametrize("end", ["\n", "\r", ""], ids=["lines", "returns", "one line without end"])
def test_a_log_of_ten_megabytes_is_read_once_and_not_at_every_poll(counted, end):
    piece = f"{BAR}{end}".replace("12/25", "{:d}/999999") + ("some chatter" + end) * 8
    log, snapshot, polls = "", None, 60
    for n in range(1, polls + 1):
        log += piece.format(n) * (10 * 2**20 // polls // len(piece))
        snapshot = read(snapshot, logs=log)
        assert snapshot.step == n
    assert len(log) > 9 * 2**20
    assert counted() < len(log) + polls * 2000


def test_a_hostile_log_is_read_in_time_that_grows_with_its_length(counted):
    for unit in (
        "1%|",
        "1%|" + "a" * 400,
        "9%||1/1 [",
        "9%||1/1 [" + "," * 80,
        "Using seed: ",
        "100%|x| 1/1 [0,",
        "1" * 999,
    ):
        log = unit * (10**6 // len(unit))
        read(read(logs=log), logs=log + unit)
    assert counted() < 8 * 10**6


def test_a_number_of_thousands_of_digits_does_no_harm():
    for name in HOSTED:
        assert read(**{name: 10**5000}).id in (HOSTED["id"], None)


def test_what_is_shown_as_json_is_exactly_what_came():
    text = json.dumps({**HOSTED, "extra": {"b": 1, "a": [None, 1.0, "é"]}, "logs": BAR})
    assert json.dumps(Prediction.from_json(json.loads(text)).raw) == text
