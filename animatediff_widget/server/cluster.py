"""A runner whose engine runs on the workers of a Dask cluster.

A worker draws and does nothing else: the POSTs, the journal and the keys stay in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from animatediff_widget._version import __version__
from animatediff_widget.engines.drawing import Drawn
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.model.body import Body
from animatediff_widget.model.cluster import Cluster
from animatediff_widget.texts import Message

from .cluster_code import PACKAGE, compare, make_task
from .runners import CLOSE_SECONDS, Run, report_end

__all__ = ["ClusterRunner"]

_log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
"""How long to wait for a scheduler's answer."""

_LOOK_SECONDS = 3.0  # between two looks at which runs wait for a worker

_LOOK_AT = 200  # runs at most, the oldest


@dataclass(eq=False)
class _Sent:
    """A run that is at the cluster."""

    run: Run
    future: Any
    attempts: list[str] = field(default_factory=list)  # the last is the one whose events are taken
    received: int = 0  # how much of its log
    waits: bool = False  # whether its log says that there is no worker for it


class ClusterRunner:
    """Runs an engine on a Dask cluster, as many runs at once as it has room for. Its own thread has the client's loop.

    A run whose worker is lost is drawn again elsewhere. When the scheduler is lost, `lost` is True from then on and no
    end is reported: nobody knows one.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.lost = False
        self.workers = 0  # how many runs had room when it was opened
        self._cluster = cluster
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
        except BaseException:  # a Ctrl-C: it is closed as soon as it is connected
            self._call(self._end.set)
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
            self._opened.set_result(None)
            looks = self._loop.create_task(self._look())
            await self._end.wait()
            looks.cancel()
            for sent in list(self._sent.values()):
                self._stop(sent)
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS / 2)
            for sent in list(self._sent.values()):
                self._ended(sent, Drawn(None))
            if client.status == "running":
                with contextlib.suppress(ValueError):  # there was no run
                    client.unsubscribe_topic(client.id)
        finally:
            await client.close()

    async def _look(self) -> None:
        """Look now and then which runs have no worker that could draw them, and say so in their logs."""
        needs = ", ".join(f"{name}={amount:g}" for name, amount in self._cluster.resources)
        sentence = f"The cluster has no worker{needs and f' with {needs}'}; this waits for one.\n"
        scheduler = self._client.scheduler
        while not self.lost:
            await asyncio.sleep(_LOOK_SECONDS)
            runs = {sent.future.key: sent for sent in islice(self._sent.values(), _LOOK_AT) if not sent.waits}
            with contextlib.suppress(OSError, asyncio.TimeoutError):  # the connection is lost: see `_follow`
                states = await scheduler.get_task_status(keys=[*runs]) if runs else {}
                hopeless = {"no-worker"}
                if "queued" in states.values() and not await scheduler.ncores():  # as if there were only busy ones
                    hopeless.add("queued")
                for sent in (runs[key] for key, state in states.items() if state in hopeless):
                    sent.waits = True
                    sent.run.reports.log(sent.run.id, f"\n{sentence}" if sent.attempts else sentence)

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _start(self, run: Run) -> None:
        if run.stop.is_set():
            return
        if self._client.status != "running":
            self.lost = True
            return
        # A client's own topic: the scheduler drops its events some time after the client has gone. Each time, as one
        # that has come back meanwhile, when nothing ran here, knows nothing of it.
        self._client.subscribe_topic(self._client.id, self._event)
        future = self._client.submit(
            make_task(__version__),
            self._cluster.engine,
            Body.of(run.request).text,
            run.seed,
            run.id,
            self._client.id,
            run.previews,
            key=f"animatediff-{run.id}",
            pure=False,
            resources=dict(self._cluster.resources) or None,
        )
        sent = self._sent[run.id] = _Sent(run, future)
        self._spawn(self._follow(sent))

    def _cancel(self, run_id: str) -> None:
        sent = self._sent.get(run_id)
        if sent:
            self._stop(sent)

    def _stop(self, sent: _Sent) -> None:
        """Take a run back. The scheduler tells the worker that draws it, and the engine looks at that."""
        sent.run.stop.set()
        if self.lost:
            self._ended(sent, Drawn(None))
        else:
            self._spawn(sent.future.cancel())

    async def _follow(self, sent: _Sent) -> None:
        """Report a run's end."""
        import distributed

        try:
            answer = await sent.future
        except distributed.CancelledError:
            if sent.run.stop.is_set():
                self._ended(sent, Drawn(None))
            else:
                self.lost = True
            return
        except distributed.KilledWorker:
            answer = "Each worker of the cluster that drew this was lost, perhaps for want of memory or of time."
        except Exception as error:
            answer = f"The cluster could not draw this ({type(error).__name__}: {error})."
        if isinstance(answer, str):
            self._ended(sent, Drawn(answer))
        else:
            self._ended(sent, *answer)

    def _event(self, event: tuple[float, dict[str, Any]]) -> None:
        """Take what a worker says of a run: that an attempt at it begins, a piece of its log, a picture."""
        _, message = event
        sent = self._sent.get(message.get("run", ""))  # the scheduler has things to say here too
        if sent is None or sent.run.stop.is_set():
            return
        attempt = message["attempt"]
        if attempt in sent.attempts[:-1]:  # its worker was thought lost
            return
        if attempt not in sent.attempts:
            if sent.attempts:
                sent.run.reports.log(sent.run.id, "\nThe worker that drew this is lost; another one draws it again.\n")
            sent.attempts.append(attempt)
            sent.received, sent.waits = 0, False
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
