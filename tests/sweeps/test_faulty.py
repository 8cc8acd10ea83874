"""A sweep at a server that spoils every sixth answer, whatever it did."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from kill_test import HURRY, FaultyServer, draw
from sweep_kill_test import recipe

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Sweep
from animatediff_widget.jobs.control import Control


class Server(FaultyServer):
    """Draws each cell's recipe."""

    def _file(self, call):
        given = self.jobs[call.path.removeprefix("/files/").removesuffix(".webp")]["input"]
        call.answer(200, draw(recipe(given["seed"], given["steps"])), content_type="image/webp")


@pytest.fixture
def _hurry(monkeypatch):
    """Let a job's clock go quicker, and what is certain after two minutes be so after a second."""
    wait = Control.wait
    monkeypatch.setattr(Control, "now", lambda self: time.monotonic() * HURRY)
    monkeypatch.setattr(Control, "wait", lambda self, seconds: wait(self, seconds / HURRY))
    monkeypatch.setattr("animatediff_widget.sweeps.settling._LISTED_AFTER", 1.0)
    monkeypatch.setattr("animatediff_widget.sweeps.holding._FIRST_WAIT", 0.05)


@pytest.mark.usefixtures("_hurry")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rounds", [1, pytest.param(100, marks=pytest.mark.slow)])
def test_no_cell_is_created_twice_or_left_out_where_answers_are_spoiled(journal, rounds):
    for seed in range(rounds):
        with Server(seed) as server:
            client = Client(Endpoint.relay(server.base_url), server.token, answer_timeout=2.0, read_timeout=0.5)
            request = AnimateDiffRequest(prompt="a boat")
            sweep = Sweep(request, client, 4, journal=journal, steps=[1, 2, 3], seed=[*range(8 * seed, 8 * seed + 8)])
            sweep.run(confirm=True)
            server.behaves = True
            sweep = Sweep.load(sweep.key, client, journal=journal).run()
            made = Counter((job["input"]["seed"], job["input"]["steps"]) for job in server.jobs.values())
            assert made == Counter((cell.settings["seed"], cell.settings["steps"]) for cell in sweep.cells)
            for cell, view in zip(sweep.cells, sweep.views, strict=True):
                own = recipe(cell.settings["seed"], cell.settings["steps"])
                assert view.animation.data == draw(own), (cell, view)
