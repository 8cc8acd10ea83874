"""The kill test, short; `kill_test.py` is the long one."""

from __future__ import annotations

from kill_test import run


def test_processes_that_are_killed_lose_no_job_and_pay_for_none_twice(tmp_path):
    figures = run(12, tmp_path / "journal", seed=7)
    assert figures.rounds == 12
    assert figures.kills >= 12
    assert figures.finished == figures.jobs > 0
    assert figures.resumed["running"]
