"""The kill test with few kills, and every night with hundreds."""

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
    assert figures.resumed.total(), "every kill fell between two jobs"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rounds", [5, pytest.param(250, marks=pytest.mark.slow)])
def test_nor_do_they_where_the_server_is_faulty_and_they_are_interrupted_and_stopped_too(tmp_path, rounds):
    figures = run(rounds, tmp_path / "journal", faulty=True, seed=7)
    assert figures.kills + figures.stops + figures.interrupts >= rounds
    assert figures.finished + figures.canceled == figures.jobs > 0


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rounds", [4, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("faulty", [False, True], ids=["behaves", "faulty"])
def test_nor_do_jobs_that_are_driven_together(tmp_path, rounds, faulty):
    figures = run(rounds, tmp_path / "journal", faulty=faulty, together=True, seed=7)
    assert figures.rounds == rounds
    assert figures.finished + figures.canceled == figures.jobs > 0
