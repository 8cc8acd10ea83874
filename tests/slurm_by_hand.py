"""A sweep on SLURM. Run by hand, for it needs what no CI has: a SLURM with two free processors, and dask-jobqueue.

    python tests/slurm_by_hand.py

A worker is lost to ``scancel`` in mid-job, then all of them to ``scale(0)``, and each cell is drawn and kept. Last run:
Python 3.11, SLURM 22.05, distributed 2026.8, dask-jobqueue 0.9, 2 cores.
"""

import os
import subprocess
import sys
import tempfile
import time

import cloudpickle
import distributed

from animatediff_widget import AnimateDiffRequest, Endpoint, Sweep

REQUEST = AnimateDiffRequest(prompt="a small boat on the sea, full moon, stars", seed=7, steps=60)


class Slow(distributed.WorkerPlugin):
    """Lets each line of a worker's log take 0.1 s, so that there is time to break things."""

    def setup(self, worker):
        from animatediff_widget.engines import cluster
        from animatediff_widget.engines.named import make_engine

        engine, draw = make_engine("pocket"), make_engine("pocket").run
        engine.run = lambda *a, log, **k: draw(*a, log=lambda text: (log(text), time.sleep(0.1)), **k)
        cluster._engine = lambda name: engine


def sh(command):
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout


def until(seen, what):
    print(f"{what} ...", flush=True)
    end = time.monotonic() + 150
    while not seen():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def having(sweep, text):
    return sum(text in (job.prediction.logs or "") for job in sweep.jobs if job and job.prediction)


def finish(sweep):
    until(lambda: sweep.wait(0), str(sweep))
    rows = sweep.rows()
    assert len({row["file"] for row in rows if row["state"] == "succeeded"}) == len(sweep.cells), rows


def slurm():
    from dask_jobqueue import SLURMCluster

    options = {"cores": 1, "memory": "2GB", "log_directory": tempfile.mkdtemp()}
    with SLURMCluster(**options) as cluster, distributed.Client(cluster) as client:
        client.register_plugin(Slow())
        sweep = Sweep(REQUEST, Endpoint.dask(cluster), seed=6)
        sweep.start()
        until(lambda: having(sweep, "no worker"), "a job waits for a worker")
        cluster.adapt(minimum=1, maximum=2)
        until(lambda: having(sweep, "/60"), "SLURM's workers draw")
        sh(f"scancel {next(iter(cluster.workers.values())).job_id}")
        until(lambda: having(sweep, "draws it again"), "one is canceled; another one draws")
        cluster.scale(0)
        until(lambda: not client.scheduler_info()["workers"], "all are gone")
        cluster.scale(2)
        finish(sweep)


if __name__ == "__main__":
    os.environ["ANIMATEDIFF_WIDGET_HOME"] = tempfile.mkdtemp()
    cloudpickle.register_pickle_by_value(sys.modules["__main__"])
    slurm()
    print("ok")
