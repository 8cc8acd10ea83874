"""The kill test of sweeps with few kills, and every night with hundreds."""

from __future__ import annotations

import pytest
from sweep_kill_test import run


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rounds", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_sweeps_whose_processes_are_killed_lose_no_cell_mix_up_none_and_pay_for_none_twice(tmp_path, rounds):
    figures = run(rounds, tmp_path / "journal", seed=3)
    assert figures.rounds == rounds
    assert figures.kills >= rounds // 3
    assert figures.kept_out or rounds < 100, "of two that take it up at once; one may be late"
    assert figures.finished == figures.cells > 0
