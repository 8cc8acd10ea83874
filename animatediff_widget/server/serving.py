"""The server's thread: an event loop that answers requests."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

from .base import DRAIN, MAX_BODY, Service
from .connections import Listener
from .handlers import make_application

__all__ = ["ServerThread"]

_FLUSH_SECONDS = 0.05


class ServerThread(threading.Thread):
    """Answers requests until it is stopped.

    Parameters
    ----------
    listening : socket.socket
        Where it listens; it closes it at its end.
    service : Service
        What it answers with.
    tidy_seconds : float
        How often what has outlived its time is removed.
    """

    def __init__(self, listening: socket.socket, service: Service, tidy_seconds: float) -> None:
        super().__init__(name="animatediff-server", daemon=True)
        self._listening = listening
        self._service = service
        self._tidy_seconds = tidy_seconds
        # A selector loop on every system: tornado needs one, and Windows has another by default.
        self._loop = asyncio.SelectorEventLoop()
        self._end = asyncio.Event()
        self._ready = threading.Event()
        self._failed = True

    def start(self) -> None:
        """Start, and return once it listens; RuntimeError when it ended before."""
        super().start()
        self._ready.wait()
        if self._failed:
            raise RuntimeError("The server's thread ended before it listened.")

    def wake(self, prediction_id: str) -> None:
        """Let the held answers of a prediction look at it again; callable from any thread."""
        with contextlib.suppress(RuntimeError):  # an engine that ignored its cancellation outlived the loop
            self._loop.call_soon_threadsafe(self._service.wake, prediction_id)

    def stop(self) -> None:
        """Stop, and return once all answers are sent and all connections closed; callable from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._end.set)
        if self is not threading.current_thread():
            self.join()

    def run(self) -> None:
        """Run the event loop."""
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
            rest = asyncio.all_tasks(self._loop)
            for task in rest:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()
            self._ready.set()  # after a failure too: start() waits for it

    async def _serve(self) -> None:
        listener = Listener(make_application(self._service), max_body_size=DRAIN + MAX_BODY)
        self._service.prove = listener.prove
        listener.add_socket(self._listening)
        tidying = asyncio.ensure_future(self._tidy())
        self._failed = False
        self._ready.set()
        await self._end.wait()
        tidying.cancel()
        listener.stop()
        self._service.release()
        await asyncio.sleep(_FLUSH_SECONDS)  # the answers that were held leave now
        await listener.close_all_connections()

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(self._tidy_seconds)
            self._service.store.tidy()
