"""`LocalServer`: a server's start and end, and the one that a process shares."""

from __future__ import annotations

import atexit
import os
import secrets
import ssl
import threading
from typing import Any

from animatediff_widget.engines import Engine
from animatediff_widget.engines.named import inputs_of, make_engine
from animatediff_widget.errors import InvalidArgument, check
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.model.cluster import EngineName
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.texts import Message

from .address import Address
from .loop import ServerThread
from .processes import cores
from .runners import LocalRunner, Runner, check_copied

__all__ = ["LocalServer", "shared_server"]


@guarded_class
class LocalServer:
    """A predictions server: the hosted API's paths, answers and errors, with an engine behind them.

    It listens on 127.0.0.1, unless told otherwise, and answers only requests with its token; all who have it see each
    other's predictions. It has a thread of its own, so that it works beside any event loop; the engine has another, and
    processes where several predictions run at once. Start it with `start` or ``with``; once closed it stays closed.

    Parameters
    ----------
    engine : Engine, optional
        What draws; the pocket engine when not given.
    port : int
        Where to listen; 0 lets the system choose a free port.
    token : str, optional
        What callers must send; a random one when not given.
    host : str
        The address, or a name of it, to listen at; ``"0.0.0.0"``, or ``"::"``, for all that this machine has. At any
        but a loopback address other machines can ask, and without `tls` the token and all else travels in the clear.
    tls : ssl.SSLContext, optional
        A server's context with its certificate: then it speaks https only.
    public_url : str, optional
        The base url by which callers come where a tunnel or a proxy stands between; the urls in its answers to them
        begin with it.
    workers : int, optional
        How many predictions run at once. When not given: the pocket engine has one for each processor, another engine
        one. More than one need an engine that can be pickled, as they run in processes of their own, which start when
        there is work for them.
    queue_size : int
        How many predictions may wait behind the running ones; more are answered with 429.
    output_lifetime : float
        For how many seconds after its end a prediction's input, log and output are kept, a minute more at most.
    keep : int
        How many ended predictions are remembered; the oldest are forgotten first.

    Raises
    ------
    AnimateDiffError
        When the token cannot travel in a header, a number is not positive, `public_url` is no base url, or the engine
        cannot be pickled and there shall be several workers.

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
        host: str = Address.host,
        tls: ssl.SSLContext | None = None,
        public_url: str | None = None,
        workers: int | None = None,
        queue_size: int = 100,
        output_lifetime: float = 3600.0,
        keep: int = 1000,
    ) -> None:
        if token is None:
            token = secrets.token_urlsafe(32)
        check(Engine, none=True, engine=engine)
        check(str, token=token, host=host)
        check(ssl.SSLContext, none=True, tls=tls)
        check(int, none=True, workers=workers)
        check(int, port=port, queue_size=queue_size, keep=keep)
        check(float, output_lifetime=output_lifetime)
        if not token.isascii() or not token.isprintable() or token != token.strip() or not token:
            raise InvalidArgument(Message("not_a_token"))
        if workers is None:
            workers = cores() if engine is None else 1
        if workers < 1 or queue_size < 1 or keep < 1 or output_lifetime <= 0:
            raise InvalidArgument(Message("not_positive", names="workers, queue_size, keep, output_lifetime"))
        if engine and workers > 1:
            check_copied(engine)
        self._engine = engine
        self._workers = workers
        public = "" if public_url is None else Endpoint.relay(public_url).base_url
        self._address = Address(host, port, tls, public)
        self._token = token
        self._limits: dict[str, Any] = {"queue_size": queue_size, "output_lifetime": output_lifetime, "keep": keep}
        self._state_lock = threading.Lock()
        self._state = "new"
        self._thread: ServerThread | None = None

    def __repr__(self) -> str:
        state = getattr(self, "_state", "not made")  # not yet there where a traceback shows a constructor that failed
        return f"<LocalServer {self.base_url if state == 'running' else state}>"

    def __enter__(self) -> LocalServer:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether it is started and not closed, in this process."""
        return self._state == "running"

    @property
    def workers(self) -> int:
        """How many predictions run at once."""
        return self._workers

    @property
    def inputs(self) -> Inputs:
        """What its engine takes: the request's own fields, and what it declares (`Engine.inputs`)."""
        engine = self._engine
        return inputs_of("pocket") if engine is None else Inputs.of_engine(engine.inputs, engine.rules)

    @property
    def base_url(self) -> str:
        """Its address for this machine, such as ``http://127.0.0.1:43817``, without a slash at the end.

        Raises
        ------
        RuntimeError
            Before it is started.
        """
        if self._state == "new":
            raise RuntimeError("The server has no address yet: start() it first.")
        return self._address.base_url

    @property
    def address(self) -> Address:
        """Where it listens, or will."""
        return self._address

    @property
    def token(self) -> str:
        """What callers must send, as ``Authorization: Bearer TOKEN``."""
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
            When the address or the port cannot be had.
        RuntimeError
            After `close`.
        """
        with self._state_lock:
            if self.running:
                return self
            if self._state != "new":
                raise RuntimeError("This server is closed; make a new one.")
            runner = self._make_runner()
            try:
                self._address, listening = self._address.listen()
            except BaseException:
                runner.close()
                raise
            self._thread = ServerThread(self._address, listening, runner, self._token, self.inputs, self._limits)
            self._thread.start()
            self._state = "running"
            _running.add(self)
            return self

    def _make_runner(self) -> Runner:
        return LocalRunner(self._engine or make_engine("pocket"), self._workers)

    def abandon(self) -> None:
        """Be closed in the child of a fork, which has no thread of it; the parent's goes on."""
        assert self._thread
        self._thread.runner.abandon()
        self._thread.listening.close()  # or the parent's port would stay open for as long as the child lives
        self._state, self._thread = "closed", None

    def close(self) -> None:
        """Cancel what runs, stop listening and end both threads. Does nothing when it is closed already."""
        self._close()

    def _close(self, *, silently: bool = False) -> None:
        with self._state_lock:
            self._state = "closed"
            if self._thread:  # also where a Ctrl-C has cut a close short
                self._thread.stop(silently=silently)
                self._thread = None
                _running.discard(self)


_running: set[LocalServer] = set()
_shared_lock = threading.Lock()
_shared: dict[tuple[Any, ...], LocalServer] = {}


def shared_server(engine: EngineName = "pocket", **options: str) -> LocalServer:
    """Give this process's own server for an engine with these options, started on first use.

    After a fork, or when it was closed, it is a new one.
    """
    with _shared_lock:
        name = engine, *sorted(options.items())
        server = _shared.get(name)
        if server is None or not server.running:
            server = _shared[name] = LocalServer(None if engine == "pocket" else make_engine(engine, **options)).start()
        return server


@atexit.register
def _close_all() -> None:
    for server in list(_running):
        # A job of this process would write down that it was canceled, and be taken up no more.
        server._close(silently=True)  # noqa: SLF001


def _after_fork() -> None:
    """Let a child have none of its parent's servers: their threads were not copied."""
    global _shared_lock
    _shared_lock = threading.Lock()  # another thread of the parent may have held it
    for server in _running:
        server.abandon()
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
