"""The server's life: its thread, its start and its end."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import secrets
import socket
import threading
import weakref
from datetime import datetime, timezone
from types import TracebackType
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

from animatediff_widget.engines import Engine
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.texts import TEXTS

from .base import DRAIN, MAX_BODY, Service
from .handlers import make_application
from .store import Store

__all__ = ["LocalServer", "shared_server"]

_HOST = "127.0.0.1"
_BACKLOG = 512
_MAX_CONNECTIONS = 500  # select() on Windows takes 512
_IDLE_SECONDS = 60.0
_BODY_SECONDS = 30.0
_TIDY_SECONDS = 60.0


class _Listener(HTTPServer):
    """Takes so many connections and no more: whoever opens them would use up the whole process's files."""

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        if len(self._connections) < _MAX_CONNECTIONS:
            super().handle_stream(stream, address)
        else:
            stream.close()


class LocalServer:
    """A predictions server for this machine: the hosted API's paths, answers and errors, with an engine behind them.

    It listens on 127.0.0.1 only and answers only to who shows its token. It has a thread of its own, so that it works
    beside any event loop; the engine has another. Start it with `start` or ``with``; once closed it stays closed.

    Parameters
    ----------
    engine : Engine, optional
        What draws; the pocket engine when not given.
    port : int
        Where to listen; 0 lets the system choose a free port.
    token : str, optional
        What callers must show; a random one when not given.
    queue_size : int
        How many predictions may wait behind the running one; more are answered with 429.
    output_lifetime : float
        For how many seconds after its end a prediction's input, logs and output are kept.
    keep : int
        How many ended predictions are remembered; the oldest are forgotten first.

    Raises
    ------
    ValueError
        When the token cannot travel in a header, or a limit is not positive.

    Examples
    --------
    >>> with LocalServer() as server:
    ...     print(server)  # doctest: +SKIP
    <LocalServer http://127.0.0.1:43817>
    """

    def __init__(
        self,
        engine: Engine | None = None,
        *,
        port: int = 0,
        token: str | None = None,
        queue_size: int = 100,
        output_lifetime: float = 3600.0,
        keep: int = 1000,
    ) -> None:
        if token is None:
            token = secrets.token_urlsafe(32)
        if not token.isascii() or not token.isprintable() or token != token.strip() or not token:
            raise ValueError("token must be printable ASCII without spaces around it.")
        if queue_size < 1 or keep < 1 or output_lifetime <= 0:
            raise ValueError("queue_size, keep and output_lifetime must be positive.")
        self._engine = engine
        self._port = port
        self._token = token
        self._queue_size = queue_size
        self._output_lifetime = output_lifetime
        self._keep = keep
        self._state_lock = threading.Lock()
        self._pid = os.getpid()
        self._state = "new"
        self._socket: socket.socket | None = None
        self._store: Store | None = None
        self._service: Service | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"<LocalServer {self.base_url if self.running else self._state}>"

    def __enter__(self) -> LocalServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether it is started and not closed, in this process."""
        return self._state == "running" and self._pid == os.getpid()

    @property
    def base_url(self) -> str:
        """Its address, such as ``http://127.0.0.1:43817``, without a slash at the end.

        Raises
        ------
        RuntimeError
            Before it is started.
        """
        if self._state == "new":
            raise RuntimeError("The server has no address yet: start() it first.")
        return f"http://{_HOST}:{self._port}"

    @property
    def token(self) -> str:
        """What callers must show, as ``Authorization: Bearer TOKEN``."""
        return self._token

    def start(self) -> LocalServer:
        """Start listening. Does nothing when it is running already.

        Returns
        -------
        LocalServer
            Itself.

        Raises
        ------
        AnimateDiffError
            When the port cannot be had.
        RuntimeError
            After `close`.
        """
        with self._state_lock:
            if self.running:
                return self
            if self._state != "new":
                raise RuntimeError("This server is closed; make a new one.")
            engine = self._engine or _default_engine()
            try:
                self._socket = socket.create_server((_HOST, self._port), backlog=_BACKLOG)
            except (OSError, OverflowError) as error:
                why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
                text = TEXTS["port_taken" if self._port else "no_port"]
                raise AnimateDiffError(text.format(port=self._port, why=why)) from error
            self._socket.setblocking(False)
            self._port = self._socket.getsockname()[1]
            self._pid = os.getpid()
            # A selector loop on every system: tornado needs one, and Windows has another by default.
            self._loop = asyncio.SelectorEventLoop()
            self._store = Store(
                engine,
                queue_size=self._queue_size,
                output_lifetime=self._output_lifetime,
                keep=self._keep,
                on_end=self._ended,
            )
            self._service = Service(
                self._store,
                self._token,
                frozenset({f"{_HOST}:{self._port}", f"localhost:{self._port}"}),
                datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
            )
            ready = threading.Event()
            self._thread = threading.Thread(target=self._serve, args=(ready,), name="animatediff-server", daemon=True)
            self._store.start()
            self._thread.start()
            ready.wait()
            if self._stop is None:
                raise RuntimeError("The server's thread ended before it listened.")
            self._state = "running"
            _started.add(self)
            return self

    def close(self) -> None:
        """Cancel what runs, stop listening and end both threads. Does nothing when it is closed already."""
        with self._state_lock:
            state, self._state = self._state, "closed"
            if state != "running" or self._pid != os.getpid():
                return
            assert self._store
            assert self._loop
            assert self._stop
            assert self._thread
            self._store.close()
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._stop.set)
            if self._thread is not threading.current_thread():
                self._thread.join()
            _started.discard(self)
            self._store = self._service = None

    def _ended(self, prediction_id: str) -> None:
        """Carry the news of an end over to the server's thread."""
        service, loop = self._service, self._loop
        if service and loop:
            with contextlib.suppress(RuntimeError):  # an engine that ignored its cancellation outlived the loop
                loop.call_soon_threadsafe(service.wake, prediction_id)

    def _serve(self, ready: threading.Event) -> None:
        loop = self._loop
        assert loop
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._listen(ready))
            rest = asyncio.all_tasks(loop)
            for task in rest:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
            ready.set()  # or start() would wait for ever after a failure

    async def _listen(self, ready: threading.Event) -> None:
        assert self._service
        assert self._socket
        self._stop = asyncio.Event()
        server = _Listener(
            make_application(self._service),
            idle_connection_timeout=_IDLE_SECONDS,
            body_timeout=_BODY_SECONDS,
            max_body_size=DRAIN + MAX_BODY,
        )
        server.add_socket(self._socket)
        ready.set()
        tidying = asyncio.ensure_future(self._tidy())
        await self._stop.wait()
        tidying.cancel()
        server.stop()
        await asyncio.sleep(0.05)  # answers that were waiting for the end of their prediction leave now
        await server.close_all_connections()

    async def _tidy(self) -> None:
        assert self._store
        while True:
            await asyncio.sleep(min(_TIDY_SECONDS, max(1.0, self._output_lifetime)))
            self._store.tidy()

    def _forget(self) -> None:
        """Let go, in the child of a fork, of what belongs to the parent."""
        if self._socket:
            self._socket.close()


def _default_engine() -> Engine:
    from animatediff_widget.engines.pocket import PocketEngine  # numpy is loaded when it is needed

    return PocketEngine()


_started: weakref.WeakSet[LocalServer] = weakref.WeakSet()
_shared_lock = threading.Lock()
_shared: LocalServer | None = None


def shared_server() -> LocalServer:
    """Give this process's own server, started on first use and gone with the process.

    Returns
    -------
    LocalServer
        The same one every time; after a fork, or when it was closed, a new one.
    """
    global _shared
    with _shared_lock:
        if _shared is None or not _shared.running:
            _shared = LocalServer().start()
        return _shared


@atexit.register
def _close_all() -> None:
    for server in list(_started):
        server.close()


def _after_fork() -> None:
    global _shared, _shared_lock
    _shared_lock = threading.Lock()  # another thread of the parent may have held it
    _shared = None
    for server in list(_started):
        server._forget()
    _started.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
