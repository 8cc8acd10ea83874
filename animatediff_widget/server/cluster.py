"""A runner whose engine runs on the workers of a Dask cluster, and the server in front of it.

A worker draws and does nothing else: the POSTs, the journal and the keys stay in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from animatediff_widget._version import __version__
from animatediff_widget.engines.declared import INPUTS
from animatediff_widget.engines.drawing import Drawn
from animatediff_widget.errors import AnimateDiffError, EndpointGone
from animatediff_widget.model.body import Body
from animatediff_widget.model.cluster import Cluster
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.texts import Message

from .cluster_code import PACKAGE, compare, make_stop, make_task
from .local import LocalServer
from .runners import CLOSE_SECONDS, Run, Runner, report_end

__all__ = ["ClusterRunner", "ClusterServer", "cluster_server"]

_log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
"""How long to wait for a scheduler's answer."""

_QUEUE = 100_000  # the cluster itself is the queue


@dataclass(eq=False)
class _Sent:
    """A run that is at the cluster."""

    run: Run
    attempts: list[str] = field(default_factory=list)  # the last is the one whose events are taken
    received: int = 0  # how much of its log
    worker: str = ""
    future: Any = None


class ClusterRunner:
    """Runs an engine on a Dask cluster, as many runs at once as it has room for. Its own thread has the client's loop.

    A run whose worker is lost is drawn again elsewhere. When the scheduler is lost, `lost` is True from then on and no
    end is reported: nobody knows one.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.lost = False
        self.workers = 0  # how many runs had room when it was opened
        self._cluster = cluster
        self._topic = f"animatediff-{uuid.uuid4().hex}"
        self._sent: dict[str, _Sent] = {}  # used in the thread only, as all below
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: Any = None
        self._opened: Future[None] = Future()
        self._loop = asyncio.SelectorEventLoop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._work, name="animatediff-dask", daemon=True)
        self._thread.start()
        try:
            self._opened.result()
        except AnimateDiffError:
            self._thread.join()
            raise

    def start(self, run: Run) -> None:
        """See `Runner.start`."""
        self._call(self._start, run)

    def cancel(self, run_id: str) -> None:
        """See `Runner.cancel`."""
        self._call(self._cancel, run_id)

    def close(self) -> None:
        """See `Runner.close`."""
        self._call(self._end.set)
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_SECONDS)

    def abandon(self) -> None:
        """See `Runner.abandon`: the thread is not there in the child, and the connection is the parent's."""

    def _call(self, function: Callable[..., Any], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(function, *arguments)

    # --- in the thread ---

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        # Distributed prints tracebacks of a connection that is lost; here it is told in a sentence.
        logger, thread = logging.getLogger("distributed.client"), threading.get_ident()

        def of_others(record: logging.LogRecord) -> bool:
            return record.thread != thread

        logger.addFilter(of_others)
        try:
            self._loop.run_until_complete(self._serve())
        except Exception as error:
            if self._opened.done():
                _log.warning("The connection to the Dask cluster was not closed in order: %r", error)
            elif isinstance(error, AnimateDiffError):
                self._opened.set_exception(error)
            else:  # what a scheduler of another version answers
                why = Message("cluster_silent", address=self._cluster.address, why=repr(error))
                self._opened.set_exception(AnimateDiffError(why))
        finally:
            logger.removeFilter(of_others)
            self._loop.close()

    async def _serve(self) -> None:
        from distributed import Client

        address = self._cluster.address
        self._client = client = Client(
            address,
            asynchronous=True,
            security=self._cluster.security,
            timeout=CONNECT_SECONDS,
            set_as_default=False,
            name="animatediff-widget",
        )
        try:
            await client
        except Exception as error:  # of the network, of TLS, of a protocol that is not installed, of another version
            await client.close()
            why = str(error) or type(error).__name__
            raise AnimateDiffError(Message("cluster_silent", address=address, why=why)) from None
        try:
            compare(address, __version__, await client.get_versions(packages=[PACKAGE]))
            self.workers = sum((await client.nthreads()).values())
            client.subscribe_topic(self._topic, self._event)
            self._opened.set_result(None)
            await self._end.wait()
            for sent in list(self._sent.values()):
                self._stop(sent)
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS / 2)
            for sent in list(self._sent.values()):
                self._ended(sent, Drawn(None))
            if client.status == "running":
                client.unsubscribe_topic(self._topic)
        finally:
            await client.close()

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _start(self, run: Run) -> None:
        if run.stop.is_set():
            return
        sent = self._sent[run.id] = _Sent(run)
        self._spawn(self._follow(sent))

    def _cancel(self, run_id: str) -> None:
        sent = self._sent.get(run_id)
        if sent:
            self._stop(sent)

    def _stop(self, sent: _Sent) -> None:
        """Take a run back that has not begun; stop it on its worker where it has."""
        sent.run.stop.set()
        if self.lost:
            self._ended(sent, Drawn(None))
        elif sent.worker:
            self._spawn(self._stop_there(sent.run.id, sent.worker))
        elif sent.future is not None:
            self._spawn(sent.future.cancel())

    async def _stop_there(self, run_id: str, worker: str) -> None:
        await self._client.run(make_stop(), run_id, workers=[worker], on_error="ignore")

    async def _follow(self, sent: _Sent) -> None:
        """Submit a run and report its end."""
        import distributed

        run, cluster = sent.run, self._cluster
        try:
            if self._client.status != "running":
                raise distributed.CancelledError
            sent.future = self._client.submit(
                make_task(__version__),
                cluster.engine,
                Body.of(run.request).text,
                run.seed,
                run.id,
                self._topic,
                run.previews,
                key=f"animatediff-{run.id}",
                pure=False,
                resources=dict(cluster.resources) or None,
            )
            answer = await sent.future
        except distributed.CancelledError:
            if run.stop.is_set():
                self._ended(sent, Drawn(None))
            else:
                self.lost = True
            return
        except distributed.KilledWorker:
            answer = "Each worker of the cluster that drew this was lost, perhaps for want of memory."
        except Exception as error:
            answer = f"The cluster could not draw this ({type(error).__name__}: {error})."
        if isinstance(answer, str):
            self._ended(sent, Drawn(answer))
        else:
            self._ended(sent, *answer)

    def _event(self, event: tuple[float, dict[str, Any]]) -> None:
        """Take what a worker says of a run: that an attempt at it begins, or a piece of its log."""
        _, message = event
        attempt, worker, sent = message["attempt"], message["worker"], self._sent.get(message["run"])
        if sent is None or sent.run.stop.is_set() or attempt in sent.attempts[:-1]:  # it was canceled, or thought lost
            self._spawn(self._stop_there(message["run"], worker))
            return
        if attempt not in sent.attempts:
            if sent.attempts:
                sent.run.reports.log(sent.run.id, "\nThe worker that drew this is lost; another one draws it again.\n")
            sent.attempts.append(attempt)
            sent.received, sent.worker = 0, worker
            if len(sent.attempts) == 1 and not sent.run.reports.begin(sent.run.id):
                self._stop(sent)
                return
        self._log(sent, message["at"], message["text"])
        if "preview" in message:
            sent.run.reports.preview(sent.run.id, message["preview"])

    def _log(self, sent: _Sent, at: int, text: str) -> None:
        new = text[max(0, sent.received - at) :]
        if new:
            sent.received = at + len(text)
            sent.run.reports.log(sent.run.id, new)

    def _ended(self, sent: _Sent, drawn: Drawn, log: str = "") -> None:
        """Report a run's end, with what of its log has not come as events, which go another way than the result."""
        if self._sent.pop(sent.run.id, None) is None:
            return
        sent.future = None  # the cluster forgets the result
        if not sent.attempts and (drawn.result is None or not sent.run.reports.begin(sent.run.id)):
            return
        self._log(sent, 0, log)
        report_end(sent.run, drawn)


class ClusterServer(LocalServer):
    """A `LocalServer` whose engine runs on a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(queue_size=_QUEUE)
        self._cluster = cluster
        self._runner: ClusterRunner | None = None

    @property
    def inputs(self) -> Inputs:
        """See `LocalServer.inputs`."""
        return Inputs.of_engine(INPUTS[self._cluster.engine])

    @property
    def lost(self) -> bool:
        """Whether the connection to the scheduler is lost, and all that ran there."""
        return self._runner is not None and self._runner.lost

    def check(self) -> None:
        """Raise where the scheduler is lost; what was refused then certainly does not run."""
        if self.lost:
            raise EndpointGone(Message("cluster_gone", address=self._cluster.address), arrived=False)

    def _make_runner(self) -> Runner:
        self._runner = ClusterRunner(self._cluster)
        self._workers = self._runner.workers
        return self._runner


_lock = threading.Lock()
_servers: dict[Cluster, ClusterServer] = {}


def cluster_server(cluster: Cluster) -> ClusterServer:
    """Give this process's server for a cluster, started on first use; a new one where its scheduler was lost."""
    with _lock:
        server = _servers.get(cluster)
        if server is not None and server.running and not server.lost:
            return server
        if server is not None:
            server.close()
        server = ClusterServer(cluster)
        server.start()
        _servers[cluster] = server
        return server
