"""The kill test of sweeps: their processes are killed at random, and no cell is lost, mixed up or paid for twice.

    python tests/sweep_kill_test.py --rounds 200

Each round, a process runs a sweep of some 30 cells against a real built-in server, as at a relay where each job costs
money, and is killed with SIGKILL. Others then take it up, two at a time, of which one gets it; some are killed too. At
the end of each round, counted at the server:

- no cell's job was created twice;
- every cell has its animation, drawn by its own recipe, under its own key; none is missing;
- there is no job at the server that belongs to no cell, no lock of the dead, and nothing is left to be taken up.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from unittest import mock

from kill_test import LONGEST_RUN, SECOND_KILL, _client, _hurry, draw

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Journal, Sweep
from animatediff_widget.engines import Engine, Output
from animatediff_widget.engines.previews import Preview
from animatediff_widget.errors import JobError
from animatediff_widget.server import LocalServer
from animatediff_widget.sweeps import settling

STEPS = (1, 2, 3)
AT_ONCE = 4
LONGEST_ROUND = 2 * LONGEST_RUN
MOST_SEEDS = 12


def recipe(seed: int, steps: int) -> int:
    """Give a number that stands for a cell's settings."""
    return seed * 10 + steps


class RecipeEngine(Engine):
    """Draws the recipe, one after another, in some 20 ms: a sweep takes about as long as a process may live."""

    name = "recipes"

    def run(
        self,
        request: AnimateDiffRequest,
        *,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
        preview: Preview | None,
    ) -> Output:
        log(f"Using seed: {seed}\n")
        time.sleep(recipe(seed, request.steps) * 104729 % 40 / 1000)
        return Output(draw(recipe(seed, request.steps)), "webp", "image/webp")


@dataclass
class Figures:
    """What happened, over all rounds."""

    rounds: int = 0
    kills: int = 0
    kept_out: int = 0
    never_written: int = 0
    cells: int = 0
    finished: int = 0
    sent_again: int = 0


# --- in the processes that are killed ---------------------------------------------------------------------------------


def _hurry_all() -> None:
    """As for jobs; and of a lost job it is certain sooner that it was not created: this server lists them at once."""
    _hurry()
    settling._LISTED_AFTER = 1.0


def work(url: str, token: str, home: str, key: str, seeds: list[int], ready: Connection) -> None:
    """Run a sweep."""
    _hurry_all()
    request = AnimateDiffRequest(prompt="a boat")
    sweep = Sweep(
        request, _client(url, token), AT_ONCE, journal=Journal(home), key=key, steps=list(STEPS), seed=list(seeds)
    )
    ready.send(None)
    sweep.run(confirm=True)


def take_up(url: str, token: str, home: str, key: str, ready: Connection) -> None:
    """Take a sweep up, where nobody has it."""
    _hurry_all()
    sweep = Sweep.load(key, _client(url, token), journal=Journal(home))
    try:
        sweep.start()
    except JobError as error:
        ready.send(error.code)
        return
    ready.send("")
    sweep.wait()


# --- in the process that watches --------------------------------------------------------------------------------------


def run(rounds: int, home: Path, *, seed: int = 1, say: Callable[[str], object] = lambda _: None) -> Figures:
    """Run the test; `AssertionError` when something was lost, mixed up or created twice."""
    chance = random.Random(seed)
    figures = Figures()
    processes = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    if os.name == "posix":
        from multiprocessing import forkserver

        processes.set_forkserver_preload(["kill_test", "sweep_kill_test"])
        with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):  # it looks for these modules there
            forkserver.ensure_running()

    def start(target: Callable[..., None], *arguments: object) -> tuple[BaseProcess, Connection]:
        here, there = processes.Pipe(duplex=False)
        process = processes.Process(target=target, args=(server.base_url, server.token, str(home), *arguments, there))
        process.start()
        there.close()
        return process, here

    def kill(process: BaseProcess, longest: float) -> None:
        time.sleep(chance.random() * longest)
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
            figures.kills += 1
        process.join()

    journal = Journal(home)
    with LocalServer(RecipeEngine(), keep=10**6, output_lifetime=1e6, queue_size=1000) as server:
        for number in range(1, rounds + 1):
            key = journal.new_key()
            seeds = [number * 100 + place for place in range(chance.randint(2, MOST_SEEDS))]
            process, here = start(work, key, seeds)
            here.recv()
            kill(process, LONGEST_ROUND)
            while journal.sweep(key) is not None and key in {each.key for each in journal.sweeps_to_pick_up()}:
                pair = [start(take_up, key) for _ in range(2)]
                got = [here.recv() for _, here in pair]
                assert "" in got, "nobody got it"
                assert set(got) <= {"", "sweep_runs_elsewhere"}
                figures.kept_out += len(got) - got.count("")
                for each, _ in pair:
                    if chance.random() < SECOND_KILL:
                        kill(each, LONGEST_ROUND)
                    each.join()
                    assert each.exitcode in (0, -signal.SIGKILL), f"taking it up failed with {each.exitcode}"
            figures.rounds = number
            _check(server, journal, key, seeds, figures)
            if number % 10 == 0:
                say(f"{number} rounds: {figures}")
        with Client(Endpoint.relay(server.base_url), server.token) as client:
            assert len(client.list(10**6)) == figures.finished
    return figures


def _check(server: LocalServer, journal: Journal, key: str, seeds: list[int], figures: Figures) -> None:
    wanted = {recipe(seed, steps) for seed in seeds for steps in STEPS}
    with Client(Endpoint.relay(server.base_url), server.token) as client:
        made = {
            job.id: recipe(job.raw["input"]["seed"], job.raw["input"]["steps"])
            for job in client.list(len(wanted) + 100)
            if job.raw["input"]["seed"] in seeds
        }
    counts = Counter(made.values())
    assert max(counts.values(), default=0) <= 1, "created twice"
    left = journal.to_pick_up()
    assert not left, f"offered by itself: {left}"
    locks = {path.name for path in (journal.folder / "locks").iterdir()} - {"journal"}
    assert not locks, "locks of the dead are left"
    if journal.sweep(key) is None:
        assert not made
        figures.never_written += 1
        return
    assert journal.sweep(key).state == "finished"
    sweep = Sweep.load(key, _client(server.base_url, server.token), journal=journal)
    assert [cell.key for cell in sweep.cells] == [entry.key for entry in _by_cell(journal, key)]
    figures.cells += len(sweep.cells)
    for cell, view in zip(sweep.cells, sweep.views, strict=True):
        entry, own = journal.get(cell.key), recipe(cell.settings["seed"], cell.settings["steps"])
        assert entry.body == cell.body
        assert entry.state == "succeeded", entry
        assert made[entry.prediction.id] == own, f"under another's recipe: {entry}"
        assert view.animation.data == draw(own), f"another's animation: {entry}"
        figures.finished += 1
    nowhere = [entry for entry in journal.cells(key) if entry.prediction_id is None]
    assert {entry.state for entry in nowhere} <= {"failed"}, "nobody knows of it"
    assert set(made) == {entry.prediction_id for entry in journal.cells(key)} - {None}, "not in the journal"
    figures.sent_again += len(nowhere)


def _by_cell(journal: Journal, key: str) -> list:
    """Give the last job of each cell."""
    last = {entry.part.cell: entry for entry in journal.cells(key)}
    return [last[number] for number in sorted(last)]


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        figures = run(arguments.rounds, Path(home), seed=arguments.seed, say=print)
    print(f"{figures}\n{time.monotonic() - began:.0f} s; nothing lost, nothing mixed up, nothing created twice")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    # As a module of its own, which the processes can import.
    import sweep_kill_test

    sweep_kill_test.main()
