"""A server's thread, whose event loop answers requests until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from typing import Any

from animatediff_widget.model.inputs import Inputs

from .address import Address
from .base import DRAIN, MAX_BODY, Service
from .connections import Listener
from .handlers import make_application
from .runners import Runner
from .store import Store

__all__ = ["ServerThread"]

_TIDY_SECONDS = 60.0
_FLUSH_SECONDS = 0.05


class ServerThread(threading.Thread):
    """The thread of one server."""

    def __init__(
        self,
        address: Address,
        listening: socket.socket,
        runner: Runner,
        token: str,
        inputs: Inputs,
        limits: dict[str, Any],
    ) -> None:
        super().__init__(name="animatediff-server", daemon=True)
        # A selector loop on every system: tornado needs one, and Windows has another by default.
        self._loop = asyncio.SelectorEventLoop()
        self._end = asyncio.Event()
        self.listening = listening
        self._tidy_seconds = min(_TIDY_SECONDS, max(1.0, limits["output_lifetime"]))
        self.runner = runner
        self.store = Store(runner, on_change=self._wake, **limits)
        self.service = Service(self.store, token, address, inputs)

    def run(self) -> None:
        """Run the event loop."""
        # For Python to print it, Tornado logs who speaks no TLS, or does not trust the certificate.
        logger = logging.getLogger("tornado.general")
        logger.addFilter(self._logged_elsewhere)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            logger.removeFilter(self._logged_elsewhere)
            self._loop.close()

    def _logged_elsewhere(self, record: logging.LogRecord) -> bool:
        return record.thread != self.ident

    def stop(self, *, silently: bool = False) -> None:
        """Cancel what runs; return once all answers are sent and all connections closed. Callable from any thread.

        `silently`, nobody is told of a cancellation.
        """
        if not silently:
            self.store.close()
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._end.set)
        if self is not threading.current_thread():
            self.join()
        if silently:
            self.store.close()

    def _wake(self, prediction_id: str) -> None:
        with contextlib.suppress(RuntimeError):  # an engine that ignored its cancellation outlived the loop
            self._loop.call_soon_threadsafe(self.service.wake, prediction_id)

    async def _serve(self) -> None:
        tls = self.service.address.tls
        listener = Listener(make_application(self.service), max_body_size=DRAIN + MAX_BODY, ssl_options=tls)
        self.service.prove = listener.prove
        listener.add_socket(self.listening)
        ended = asyncio.ensure_future(self._end.wait())
        while not ended.done():
            await asyncio.wait([ended], timeout=self._tidy_seconds)
            self.store.tidy()
        listener.stop()  # closes the socket too
        self.service.release()
        await asyncio.sleep(_FLUSH_SECONDS)  # the answers that were held leave now
        await listener.close_all_connections()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
