"""The kill test with few kills, and every night with 200."""

from __future__ import annotations

import pytest
from kill_test import run


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rounds", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_processes_that_are_killed_lose_no_job_and_pay_for_none_twice(tmp_path, rounds):
    figures = run(rounds, tmp_path / "journal", seed=7)
    assert figures.rounds == rounds
    assert figures.kills >= rounds
    assert figures.finished == figures.jobs > 0
    assert figures.resumed["running"]
