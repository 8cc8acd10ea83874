"""The built-in server's start and end, alone and shared by a process."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from gated_server import Caller, GatedEngine, run_python, serving

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.server import LocalServer, shared_server
from animatediff_widget.server.store import Store


def test_closing_leaves_no_thread_and_no_open_port():
    gc.collect()
    before = set(threading.enumerate())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with serving() as (caller, _):
            assert len(set(threading.enumerate()) - before) == 2
            caller.create(wait=True)
            port = int(caller.server.base_url.rpartition(":")[2])
        gc.collect()
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_closing_leaves_no_open_files():
    descriptors = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    counts = []
    for _ in range(3):
        with serving() as (caller, _):
            caller.create(wait=True)
        gc.collect()
        counts.append(len(os.listdir(descriptors)))
    assert counts[2] <= counts[1] <= counts[0]  # fewer where what an earlier test has left is closed meanwhile


def test_closing_cancels_what_runs_and_answers_who_waits():
    with ThreadPoolExecutor() as pool:
        with serving(GatedEngine()) as (caller, engine):
            others = [Caller(caller.server), Caller(caller.server)]
            running = pool.submit(others[0].create, wait=True)
            engine.begun.acquire()
            queued = pool.submit(others[1].create, wait=True)
            while len(caller.get(f"{caller.base}/predictions").json()["results"]) < 2:
                time.sleep(0.002)
        assert running.result()["status"] == queued.result()["status"] == "canceled"
        for each in others:
            each.close()
        assert len(engine.prompts) == 1


def test_starting_and_closing_twice_does_no_harm_but_a_closed_server_stays_closed():
    server = LocalServer(GatedEngine())
    with pytest.raises(RuntimeError, match="start"):
        _ = server.base_url
    assert server.start() is server.start()
    assert server.running
    server.close()
    server.close()
    assert not server.running
    with pytest.raises(RuntimeError, match="closed"):
        server.start()


def test_a_close_that_was_cut_short_is_finished_by_the_next(monkeypatch):
    def interrupted(store: Store) -> None:
        raise KeyboardInterrupt

    before = set(threading.enumerate())
    server = LocalServer(GatedEngine()).start()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "close", interrupted)
        with pytest.raises(KeyboardInterrupt):
            server.close()
    assert not server.running
    server.close()
    assert set(threading.enumerate()) == before


def test_a_server_that_never_started_can_be_closed():
    LocalServer(GatedEngine()).close()


def test_a_port_that_is_taken_is_told_in_a_sentence():
    with serving() as (caller, _):
        port = int(caller.server.base_url.rpartition(":")[2])
        with pytest.raises(AnimateDiffError, match=f"Port {port} cannot be used: .*in use. Choose another."):
            LocalServer(GatedEngine(), port=port).start()


@pytest.mark.parametrize(
    "options",
    [{"token": ""}, {"token": "a\nb"}, {"token": "é"}, {"queue_size": 0}, {"keep": 0}, {"output_lifetime": 0}],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match="must be"):
        LocalServer(GatedEngine(), **options)


def test_a_token_of_ones_own_works():
    with serving(token="of-my-own") as (caller, _):
        assert caller.server.token == "of-my-own"
        assert caller.create()["id"]


def test_tokens_are_random_and_long():
    tokens = {LocalServer(GatedEngine()).token for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 43 for token in tokens)


def test_the_token_is_in_no_representation():
    with serving() as (caller, _):
        server = caller.server
        assert repr(server) == f"<LocalServer {server.base_url}>"
        assert server.token not in repr(server._thread.service)
    assert repr(server) == "<LocalServer closed>"


def test_it_serves_while_the_main_thread_runs_a_loop_of_its_own():
    async def main() -> str:
        with serving() as (caller, _):
            loop = asyncio.get_running_loop()
            return (await loop.run_in_executor(None, lambda: caller.create(wait=True)))["status"]

    assert asyncio.run(main()) == "succeeded"


def test_a_blocked_main_thread_loop_does_not_stop_it():
    async def main() -> str:
        with serving() as (caller, _):
            return str(caller.create(wait=True)["status"])  # blocks this loop, as a notebook's cell does

    assert asyncio.run(main()) == "succeeded"


def test_one_server_is_shared_by_the_whole_process_until_it_is_closed():
    with ThreadPoolExecutor(8) as pool:
        servers = set(pool.map(lambda _: shared_server(), range(8)))
    assert len(servers) == 1
    [server] = servers
    server.close()
    other = shared_server()
    assert other is not server
    other.close()


def test_the_process_ends_with_the_shared_server_running_and_prints_nothing():
    done = run_python("""
        import requests
        from animatediff_widget.server import shared_server
        server = shared_server()
        body = {"version": "a/b", "input": {"steps": 100}}
        key = {"Authorization": "Bearer " + server.token}
        requests.post(server.base_url + "/v1/predictions", json=body, headers=key)
        requests.get(server.base_url + "/nowhere")
        requests.get(server.base_url + "/nowhere", headers=key)
        requests.post(server.base_url + "/v1/predictions", data="{", headers=key)
        import socket
        with socket.create_connection(("127.0.0.1", int(server.base_url.rpartition(":")[2]))) as raw:
            raw.sendall(b"NONSENSE\\r\\n\\r\\n")
            raw.recv(1000)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_the_child_of_a_fork_gets_a_server_of_its_own_and_the_parents_goes_on():
    done = run_python("""
        import os, requests, socket, warnings
        warnings.simplefilter("ignore")
        from animatediff_widget.server import shared_server

        def works(server):
            key = {"Authorization": "Bearer " + server.token}
            return requests.get(server.base_url + "/v1/predictions", headers=key).status_code == 200

        mine = shared_server()
        assert works(mine)
        child = os.fork()
        if child == 0:
            assert not mine.running
            theirs = shared_server()
            assert theirs is not mine and theirs.base_url != mine.base_url and works(theirs)
            mine.close()
            theirs.close()
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert shared_server() is mine and works(mine)
    """)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_child_does_not_keep_the_parents_port_open():
    done = run_python("""
        import os, signal, socket, time, warnings
        warnings.simplefilter("ignore")
        from animatediff_widget.server import LocalServer
        server = LocalServer().start()
        child = os.fork()
        if child == 0:
            time.sleep(60)
        port = int(server.base_url.rpartition(":")[2])
        server.close()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            print("gone")
        os.kill(child, signal.SIGKILL)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "gone\n", "")


@pytest.mark.parametrize("absent", ["tornado", "numpy", "PIL", "tqdm"])
def test_a_missing_extra_is_told_in_a_sentence(absent):
    done = run_python(f"""
        import sys
        sys.modules[{absent!r}] = None
        from animatediff_widget.errors import MissingExtra
        try:
            import animatediff_widget.server
        except MissingExtra as error:
            print(error)
    """)
    assert done.stdout == (
        f'The built-in server needs {absent}, which cannot be found here: pip install "animatediff-widget[local]"\n'
    )


def test_the_server_knows_nothing_of_the_client_side():
    done = run_python("""
        import sys, animatediff_widget.server
        for name in ("backends", "journal", "jobs", "panel", "cli", "engines.pocket"):
            assert f"animatediff_widget.{name}" not in sys.modules, name
        for name in ("ipywidgets", "numpy", "PIL"):
            assert name not in sys.modules, name
    """)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_the_child_of_a_fork_need_not_wait_for_a_cluster_that_its_parent_is_connecting_to():
    pytest.importorskip("distributed")
    done = run_python(
        """
        import os, signal, socket, threading, warnings
        from animatediff_widget import AnimateDiffError
        from animatediff_widget.model.cluster import Cluster
        from animatediff_widget.server.cluster_server import cluster_server

        silent = socket.create_server(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        threading.Thread(target=cluster_server, args=[Cluster.of(address)], daemon=True).start()
        peer, _ = silent.accept()
        warnings.simplefilter("ignore")
        child = os.fork()
        if child == 0:
            signal.alarm(30)
            try:
                cluster_server(Cluster.of("tcp://127.0.0.1:1x"))
            except AnimateDiffError:
                os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)
        os._exit(0)
        """
    )
    assert done.stdout == "0\n", done.stderr
