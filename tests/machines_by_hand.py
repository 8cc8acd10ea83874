"""A sweep on several machines. Run by hand, as root on Linux: each machine is a network namespace.

    unshare --net python tests/machines_by_hand.py

The cable of one is pulled in mid-job, then the scheduler is killed, and each cell is drawn and kept. Last run: Python
3.11, distributed 2026.8, 2 cores.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import cloudpickle
import distributed
import slurm_by_hand
from slurm_by_hand import REQUEST, Slow, finish, having, sh, until

from animatediff_widget import Endpoint, Sweep

SCHEDULER = "tcp://10.99.0.1:8786"


@contextlib.contextmanager
def machines_up() -> Iterator[None]:
    """A scheduler here and a worker on each of the other machines; the scheduler is killed first."""
    running = []
    for machine in ("m0", "m1", "m2"):
        what = ["worker", SCHEDULER, "--nthreads", "1", "--no-nanny"] if running else ["scheduler", "--host", SCHEDULER]
        inside, home = ["ip", "netns", "exec", machine] if running else [], tempfile.mkdtemp()
        command = [*inside, "unshare", "--uts", "sh", "-c", f'hostname {machine}; exec "$@"', "sh", sys.executable]
        command += ["-m", "dask", *what, "--no-dashboard"]
        options = {"cwd": home, "env": {**os.environ, "HOME": home}, "stderr": subprocess.DEVNULL}
        running.append(subprocess.Popen(command, **options))
    try:
        with distributed.Client(SCHEDULER) as client:
            client.wait_for_workers(2)
            client.register_plugin(Slow())
            yield
            running[0].kill()
    finally:
        for process in running:
            process.kill()
            process.wait()


def main() -> None:
    assert "eth0" not in sh("ip -br link"), "run it with unshare --net"
    sh("ip link set lo up; ip link add br0 type bridge; ip link set br0 up; ip addr add 10.99.0.1/24 dev br0")
    try:
        for n in (1, 2):
            sh(f"ip netns add m{n}; ip link add v{n} master br0 up type veth peer eth0 netns m{n}")
            sh(f"ip netns exec m{n} sh -c 'ip addr add 10.99.0.{n + 1}/24 dev eth0; ip link set eth0 up'")
        with machines_up():
            sweep = Sweep(REQUEST, Endpoint.dask(SCHEDULER), seed=6)
            sweep.start()
            until(lambda: having(sweep, "/60") >= 2, "both workers draw")
            sh("ip link set v1 down")
            finish(sweep)  # Dask takes some 60 s to give a worker up that is silent
            sh("ip link set v1 up")
        with machines_up():
            sweep = Sweep(REQUEST, Endpoint.dask(SCHEDULER), seed=6)
            sweep.start()
            until(lambda: having(sweep, "/60") >= 2, "both workers draw")
        until(lambda: sweep.wait(0), "the scheduler is killed")
        print(sweep.progress.notice)
        with machines_up():
            finish(Sweep.load(sweep.key, Endpoint.dask(SCHEDULER)).start())
    finally:
        sh("ip netns del m1; ip netns del m2")


if __name__ == "__main__":
    os.environ["ANIMATEDIFF_WIDGET_HOME"] = tempfile.mkdtemp()
    cloudpickle.register_pickle_by_value(slurm_by_hand)
    main()
    print("ok")
