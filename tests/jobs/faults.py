"""Jobs at a server that goes wrong on order, and each way in which it does."""

from __future__ import annotations

import contextlib
import re

import misbehaving as bad
import pytest
from misbehaving import CLIP, PAGE, Misbehaving, redirect, says, status

from animatediff_widget import AnimateDiffRequest, Client, Job, Journal
from animatediff_widget.errors import (
    AnimateDiffError,
)

KEY = "a-key-of-the-relay-1234567890"
MOST_REQUESTS = 40  # of one route in one job: more would be a loop that does not wait


def a_client(server: Misbehaving, **options) -> Client:
    return Client(server.endpoint, KEY, **{"answer_timeout": 0.3, "read_timeout": 0.2, **options})


def a_job(server: Misbehaving, *, timeout: float = 60.0, **options) -> Job:
    options = {"download_timeout": 0.3, **options}
    return Job(AnimateDiffRequest(prompt="a boat", steps=3), a_client(server, **options), timeout=timeout)


def ended(job: Job) -> Job:
    """Run a job to its end, which is an animation or an error of ours."""
    with contextlib.suppress(AnimateDiffError):
        assert job.result(60) is job.animation
    assert job.finished
    assert job._ended.is_set()
    if job.error is not None:
        assert isinstance(job.error, AnimateDiffError)
        sentence = str(job.error)
        assert sentence.endswith(".")
        assert not re.search(r"Traceback|unforeseen|Error\(|0x[0-9a-f]{8}", sentence)
        assert KEY not in sentence
        assert len(sentence) < 1200
    entry = Journal().get(job.key)
    assert entry.state == job.state
    assert entry.request == job.request
    assert entry.error == (job.error.message if job.error else None)
    if job.state == "succeeded":
        assert entry.output.read_bytes() == CLIP
    assert not list(Journal().animations.glob(".part-*"))
    return job


def no_loop(server: Misbehaving) -> bool:
    return all(len(server.asked(route)) <= MOST_REQUESTS for route in ("create", "get", "cancel", "list", "file"))


STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 520)

BROKEN = {
    "reset before the answer": bad.reset_before,
    "reset after the work": bad.reset_after,
    "reset in the middle": bad.reset_midway,
    "closed without a word": bad.close_before,
    "hanging": bad.hang,
    "headers byte by byte": bad.drip_head,
    "a body byte by byte": bad.drip_body,
    "truncated": bad.truncated,
    "broken chunks": bad.broken_chunks,
    "nonsense for chunks": bad.nonsense_chunks,
    "not http": bad.not_http,
    "too many headers": bad.endless_headers,
    "a web page": says(PAGE, effect=True, content_type="text/html"),
    "nothing": says(b"", effect=True),
    "broken JSON": says(b'{"id": "jo', effect=True),
    "a list": says(b"[1, 2]", effect=True),
    "a number": says(b"7", effect=True),
    "a string": says(b'"job001"', effect=True),
    "null": says(b"null", effect=True),
    "deep JSON": says(b'{"a":' * 5000 + b"1" + b"}" * 5000, effect=True),
    "a long number": says(b'{"a": ' + b"9" * 10**5 + b"}", effect=True),
    "a gzip bomb": bad.gzip_bomb,
    "a bomb in a bomb": bad.double_bomb,
    "wrongly packed": bad.wrong_packing,
    "over the cap": bad.over_the_cap,
    "a redirect elsewhere": redirect("https://elsewhere.invalid/v1/predictions"),
    "see other": redirect("https://elsewhere.invalid/done", 303),
    "a redirect in circles": bad.redirect_loop,
    "a redirect nowhere": status(302),
    "not modified": status(304, b""),
    "an odd status": status(999),
}
TURNED_AWAY = ("a redirect elsewhere", "a redirect in circles", "a redirect nowhere", "a long number")
every_fault = pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
every_status = pytest.mark.parametrize("code", STATUSES)
A_GATEWAY = {
    **{
        f"{code} web page": status(code, PAGE, content_type="text/html") for code in (403, 404, 409, 425, 429, 502, 503)
    },
    **{f"{code} empty": status(code, b"") for code in (302, 303, 307, 403, 404, 409, 425, 429, 503, 504)},
    "429 JSON of a gateway": status(429, b'{"message": "Too Many Requests"}', content_type="application/json"),
    "429 JSON of another gateway": status(429, b'{"error": "Rate limit exceeded"}', content_type="application/json"),
    "429 empty JSON": status(429, b"{}", content_type="application/json"),
    "503 problem": status(503, retry_after="1"),
    "500 problem": status(500),
}
FILE_FAULTS = {
    name: fault
    for name, fault in BROKEN.items()
    if name
    not in (
        "a gzip bomb",
        "broken JSON",
        "a list",
        "a number",
        "a string",
        "null",
        "deep JSON",
        "a long number",
        "over the cap",
    )
}


def canceled_while_running(job: Job) -> Job:
    job.observe(lambda _: job.cancel(), "prediction")
    return ended(job)
