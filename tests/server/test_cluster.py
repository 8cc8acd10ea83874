"""Drawing on a Dask cluster: real workers, in two processes of a local cluster, or joined by address."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from acting import ActingEngine, Reported, start

from animatediff_widget import (
    AnimateDiffError,
    AnimateDiffPanel,
    AnimateDiffRequest,
    Client,
    Endpoint,
    Job,
    Journal,
    Sweep,
    __version__,
)
from animatediff_widget.engines import cluster as on_worker
from animatediff_widget.media.formats import sniff
from animatediff_widget.model.body import Body
from animatediff_widget.model.cluster import Cluster
from animatediff_widget.server import cluster as server_side
from animatediff_widget.server.cluster import ClusterRunner
from animatediff_widget.server.cluster_code import PACKAGE, make_task
from animatediff_widget.server.cluster_server import cluster_server
from animatediff_widget.server.runners import Run

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

HERE = str(os.getpid())

# What a worker knows of the installed package.
RECORDED = """import distributed.versions as versions
versions.found = getattr(versions, "found", versions.get_package_info)
versions.get_package_info = lambda names: {{**versions.found(names), "animatediff_widget": {!r}}}
"""


class Acting(distributed.WorkerPlugin):
    """Lets a worker, also one that comes later, draw with the engine of these tests."""

    def __init__(self, folder: Path) -> None:
        self.engine = ActingEngine(folder)

    def setup(self, worker: Any) -> None:
        on_worker._engine = lambda name: self.engine


@contextmanager
def local(folder: Path | None = None, **options: Any) -> Iterator[Any]:
    """Start a cluster, with the engine of these tests where there is a folder for it."""
    options = {"threads_per_worker": 1, "dashboard_address": ":0", "memory_limit": 0, **options}
    original = on_worker._engine
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        if folder:
            client.register_plugin(Acting(folder), name="acting")
        yield cluster
    on_worker._engine = original


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("acting")


@pytest.fixture(scope="module")
def cluster(folder) -> Iterator[Any]:
    """Two processes with a worker each."""
    with local(folder, n_workers=2, processes=True) as cluster:
        yield cluster


@pytest.fixture
def runner(cluster) -> Iterator[ClusterRunner]:
    runner = ClusterRunner(Cluster.of(cluster))
    yield runner
    runner.close()


@pytest.fixture
def reported() -> Reported:
    return Reported()


def all_logged(reported: Reported, count: int) -> None:
    """Wait until so many runs have logged, and so draw."""
    seen: set[str] = set()
    while len(seen) < count:
        seen.add(reported.logged.get(timeout=60)[0])


def test_runs_are_drawn_at_the_same_time_by_processes_of_the_cluster(runner, reported):
    ids = start(runner, reported, "meet 2", "meet 2")
    pids = reported.ends(2)
    assert {*pids} == {*ids}
    assert len({*pids.values(), HERE}) == 3
    assert {reported.begun.get(timeout=60) for _ in ids} == {*ids}
    assert reported.logs == {run_id: f"{pid}\n" for run_id, pid in pids.items()}


def test_a_picture_of_a_run_crosses_the_cluster(runner, reported):
    [shows] = start(runner, reported, "show 90", previews=True)
    run_id, picture = reported.shown.get(timeout=60)
    assert (run_id, sniff(picture)) == (shows, "jpg")
    runner.cancel(shows)
    assert reported.ends(1) == {shows: "None"}


def test_a_run_is_stopped_where_it_is_drawn_and_one_that_waits_is_dropped(runner, reported):
    ids = start(runner, reported, "wait", "wait", "wait", "say hello")
    all_logged(reported, 2)
    runner.cancel(ids[2])
    runner.cancel(ids[0])
    assert reported.ends(2) == {ids[0]: "None", ids[3]: "hello"}
    runner.cancel(ids[1])
    assert reported.ends(1) == {ids[1]: "None"}
    assert ids[2] not in {reported.begun.get(timeout=60) for _ in range(3)}


def test_a_worker_that_is_killed_costs_only_the_time_of_its_run(runner, reported):
    [lost] = start(runner, reported, "once")
    _, pid = reported.logged.get(timeout=60)
    others = start(runner, reported, "say hello", "say again")
    assert reported.ends(2) == dict(zip(others, ("hello", "again"), strict=True))
    psutil.Process(int(pid)).kill()
    assert reported.ends(1)[lost] not in (pid.strip(), HERE)
    assert reported.logs[lost].count("another one draws it again") == 1
    assert reported.begun.qsize() == 3


def test_a_run_that_loses_each_worker_fails_in_a_sentence(cluster, runner, reported):
    cluster.scheduler.allowed_failures = 0
    [dies] = start(runner, reported, "die 9")
    assert "was lost" in reported.ends(1)[dies]
    [says] = start(runner, reported, "say hello")
    assert reported.ends(1) == {says: "hello"}


def test_a_run_after_the_connection_was_lost_and_came_back_shows_how_it_stands(runner, reported):
    client = runner._client
    lost = client.scheduler_comm
    runner._call(lost.comm.abort)
    while client.scheduler_comm in (lost, None) or client.status != "running":
        client.loop.add_callback(lambda: None)
    [waits] = start(runner, reported, "wait")
    assert reported.begun.get(timeout=60) == waits
    runner.cancel(waits)
    assert reported.ends(1) == {waits: "None"}


def test_an_interrupt_while_it_connects_leaves_nothing_behind(cluster, monkeypatch):
    def interrupted(opened: Any) -> None:
        raise KeyboardInterrupt

    before = set(threading.enumerate())
    monkeypatch.setattr(server_side.Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ClusterRunner(Cluster.of(cluster))
    [thread] = set(threading.enumerate()) - before
    thread.join(60)
    assert not thread.is_alive()


def test_an_engine_that_breaks_on_a_worker_tells_the_log_of_this_process(runner, reported, caplog):
    with caplog.at_level(logging.ERROR):
        [breaks] = start(runner, reported, "break")
        sentence = reported.ends(1)[breaks]
    assert "internal error (KeyError)" in sentence
    assert "secret" not in sentence
    assert "secret" in caplog.text


@pytest.mark.parametrize("count", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_of_many_tiny_runs_none_is_lost_or_mixed_up(runner, reported, count):
    ids = start(runner, reported, *(f"say {number}" for number in range(count)))
    assert reported.ends(count) == {run_id: str(number) for number, run_id in enumerate(ids)}
    assert reported.ended.empty()


def test_closing_stops_what_is_drawn_and_leaves_nothing_here_or_there(cluster, reported):
    def left(dask_scheduler: Any) -> tuple[list[str], int]:
        return [key for key in dask_scheduler.tasks if "animatediff" in str(key)], len(dask_scheduler.clients)

    before = set(threading.enumerate())
    with distributed.Client(cluster, set_as_default=False) as client:
        clients = client.run_on_scheduler(left)[1]
        runner = ClusterRunner(Cluster.of(client))
        ids = start(runner, reported, "wait", "wait", "wait")
        all_logged(reported, 2)
        runner.close()
        assert len(reported.ends(2).keys() & {*ids}) == 2
        assert client.run_on_scheduler(left) == ([], clients)
    ours = [thread.name for thread in set(threading.enumerate()) - before]
    assert [name for name in ours if not name.startswith("Dask-Offload")] == []  # Dask's own pool, one in a process


def test_what_a_killed_notebook_left_stops(cluster, folder, runner, reported):
    with distributed.Client(cluster, set_as_default=False) as client:  # to the scheduler it goes as a killed one does
        body = Body.of(AnimateDiffRequest(prompt="once")).text
        for seed in (-1, -2):
            client.submit(make_task(__version__), "pocket", body, seed, "", client.id, False, pure=False, key=str(seed))
        while len({*folder.glob("once--*")}) < 2:
            client.sync(asyncio.sleep, 0.01)
    start(runner, reported, "wait", "wait")
    all_logged(reported, 2)


def test_another_version_that_is_installed_on_a_worker_is_said_before(cluster, monkeypatch):
    found = distributed.versions.get_package_info
    monkeypatch.setattr(server_side, "__version__", "9.9")
    monkeypatch.setattr(distributed.versions, "get_package_info", lambda names: {**found(names), PACKAGE: "9.9"})
    with pytest.raises(AnimateDiffError, match=r"is 9\.9 here, and another version on workers .*tcp://.*: "):
        ClusterRunner(Cluster.of(cluster))


@pytest.mark.parametrize("installed", [__version__, None])
def test_sources_that_are_newer_than_what_was_installed_are_compared_by_the_worker(
    cluster, reported, monkeypatch, installed
):
    monkeypatch.setattr(server_side, "__version__", "9.9")
    found = distributed.versions.get_package_info
    here = {PACKAGE: installed}
    with distributed.Client(cluster, set_as_default=False) as client:
        client.run(exec, RECORDED.format(installed), {})
        monkeypatch.setattr(distributed.versions, "get_package_info", lambda names: {**found(names), **here})
        runner = ClusterRunner(Cluster.of(cluster))
        client.run(exec, "import distributed.versions as versions; versions.get_package_info = versions.found", {})
    start(runner, reported, "say hello")
    assert "is 9.9 here and" in next(iter(reported.ends(1).values()))
    runner.close()


# --- clusters of another kind -----------------------------------------------------------------------------------------


def test_a_worker_that_comes_later_is_used(tmp_path, reported, monkeypatch):
    monkeypatch.setattr(server_side, "_LOOK_SECONDS", 0.01)
    with local(tmp_path, n_workers=0, processes=False) as cluster:
        runner = ClusterRunner(Cluster.of(cluster))
        ids = start(runner, reported, *["meet 2"] * 4)
        all_logged(reported, 4)
        assert {reported.logs[run_id] for run_id in ids} == {"The cluster has no worker; this waits for one.\n"}
        cluster.adapt(minimum=1, maximum=2, interval="50ms", target_duration="50ms")
        assert {*reported.ends(4)} == {*ids}
        runner.close()


def test_each_gpu_has_one_job_and_one_that_no_worker_can_do_says_so(tmp_path, reported, monkeypatch):
    monkeypatch.setattr(server_side, "_LOOK_SECONDS", 0.01)
    with local(tmp_path, n_workers=1, processes=False, threads_per_worker=4, resources={"GPU": 2}) as cluster:
        runner, other, many = (
            ClusterRunner(Cluster.of(cluster, "gpu", needs)) for needs in ({"GPU": 1}, None, {"GPU": 4})
        )
        ids = start(runner, reported, "wait", "wait", "wait")
        all_logged(reported, 2)
        [without] = start(other, reported, "say hello")
        assert reported.ends(1) == {without: "hello"}
        [impossible] = start(many, reported, "say hello")
        while reported.logged.get(timeout=60)[0] != impossible:
            pass
        assert reported.logs[impossible] == "The cluster has no worker with GPU=4; this waits for one.\n"
        begun = [reported.begun.get(timeout=60) for _ in range(3)]
        assert reported.begun.empty()
        [first, *_] = {*begun} & {*ids}
        runner.cancel(first)
        assert reported.ends(1) == {first: "None"}
        assert {*begun, reported.begun.get(timeout=60)} == {*ids, without}
        for each in (runner, other, many):
            each.close()


def test_a_worker_that_cannot_draw_with_the_real_model_says_what_it_needs(reported, monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    request = AnimateDiffRequest(prompt="a boat", extra_input={"output_format": "webp"})
    with local(n_workers=1, processes=False) as cluster:
        runner = ClusterRunner(Cluster.of(cluster, "gpu"))
        runner.start(Run("one", request, 1, reported))
        sentence = reported.ends(1)["one"]
        assert sentence.startswith("On the worker ")
        assert sentence.endswith('needs diffusers: pip install "animatediff-widget[gpu]"')
        runner.close()


# As where it is not installed: it can neither be imported, nor has it a version.
WITHOUT = """import sys, distributed.versions as versions
sys.modules["animatediff_widget"] = None
found = versions.get_package_info
versions.get_package_info = lambda packages: found(name for name in packages if "animatediff" not in name)
"""


@contextmanager
def worker(address: str) -> Iterator[None]:
    """Run what ``dask worker tcp://...`` runs."""
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}  # for the engine of these tests
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, *options]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    yield
    process.terminate()
    process.wait()


def test_workers_that_were_started_elsewhere_are_used_and_those_without_the_package_are_named(tmp_path, reported):
    with local(tmp_path, n_workers=0, processes=True) as cluster:
        address = cluster.scheduler_address
        with worker(address), worker(address), distributed.Client(cluster, set_as_default=False) as client:
            runner = ClusterRunner(Cluster.of(address.removeprefix("tcp://")))
            start(runner, reported, "meet 2", "meet 2")
            assert len({*reported.ends(2).values(), HERE}) == 3
            client.run(exec, WITHOUT, {})
            [refused] = start(runner, reported, "say hello")
            assert "install animatediff-widget" in reported.ends(1)[refused]
            with pytest.raises(AnimateDiffError, match=f"is missing on workers of the Dask cluster at {address}"):
                ClusterRunner(Cluster.of(client))
            runner.close()


# --- as an endpoint ---------------------------------------------------------------------------------------------------

IN_THIS_PROCESS = {"n_workers": 1, "processes": False, "threads_per_worker": 2}


def test_a_job_on_a_cluster_is_a_job_as_any_other_and_gives_the_same_bytes():
    request = AnimateDiffRequest(prompt="a boat at night", steps=3, seed=7)
    with local(**IN_THIS_PROCESS) as cluster:
        endpoint = Endpoint.dask(cluster)
        job = Job(request, Client(endpoint))
        job.run()
        entry = Journal().get(job.key)
        assert Endpoint.restore(entry.endpoint, entry.kind) == endpoint
        assert job.client.backend is not Client(endpoint).backend
        assert job.client.snippet(request, "curl").startswith("curl")
        panel = AnimateDiffPanel(request, endpoint=endpoint)
        panel.run()
        assert panel.job.result(timeout=60).data == job.animation.data
        panel.close()
        cluster_server(Cluster.of(cluster)).close()
    here = Job(request, Client(Endpoint.builtin()))
    assert here.run().data == job.animation.data


def test_a_scheduler_that_dies_ends_its_jobs_in_a_sentence_and_a_sweep_goes_on_at_another_cluster(cluster, folder):
    request = AnimateDiffRequest(prompt="once", steps=3, seed=7)
    with local(folder, n_workers=1, processes=True) as other:
        first = Sweep(request, Endpoint.dask(other), at_once=1, steps=[1, 2, 3])
        first.start()
        while not (folder / "once-7").exists():
            first.wait(0.01)
    assert first.wait(60)
    assert [view.state for view in first.views] == ["left", "new", "new"]
    assert "taken up again, there or on another cluster" in str(first.views[0].error)
    assert first.progress.notice == first.views[0].error.message
    again = Sweep.load(first.key, Endpoint.dask(cluster)).run()
    assert [row["state"] for row in again.rows()] == ["succeeded"] * 3
    cluster_server(Cluster.of(cluster)).close()


def test_what_answers_as_no_scheduler_is_told_in_a_sentence_and_leaves_nothing(monkeypatch, capfd):
    monkeypatch.setattr(server_side, "CONNECT_SECONDS", 0.2)
    before = set(threading.enumerate())
    with pytest.raises(AnimateDiffError, match=r"No Dask scheduler answers at tcp://127.0.0.1:1: .*Nothing was sent"):
        Client(Endpoint.dask("127.0.0.1:1"))
    assert [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("animatediff")] == []
    assert capfd.readouterr().err == ""
