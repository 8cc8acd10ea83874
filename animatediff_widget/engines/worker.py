"""A process that draws: messages come by its standard input and go by its standard output."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from queue import SimpleQueue
from typing import Any, BinaryIO, NamedTuple

from animatediff_widget.model.body import Body

from .drawing import Drawn, draw
from .previews import Preview

__all__ = ["Cancel", "Log", "Order", "Shown", "main", "receive", "send"]

_LENGTH = 8  # bytes before each message, which say how long it is


class Order(NamedTuple):
    """To the worker: draw this."""

    run_id: str
    body: Body
    seed: int
    previews: bool


class Cancel(NamedTuple):
    """To the worker: stop drawing this."""

    run_id: str


class Log(NamedTuple):
    """From the worker: text for the run's log. What follows the last is a `Drawn`."""

    text: str


class Shown(NamedTuple):
    """From the worker, between the logs: a picture of how the run stands."""

    data: bytes


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message to an unbuffered stream."""
    data = pickle.dumps(message)
    rest = memoryview(len(data).to_bytes(_LENGTH, "big") + data)
    while rest:
        rest = rest[stream.write(rest) :]


def receive(stream: BinaryIO) -> Any:
    """Read one message from an unbuffered stream; `EOFError` where the other side is gone."""
    length = int.from_bytes(_read(stream, _LENGTH), "big")
    return pickle.loads(_read(stream, length))  # noqa: S301 - the pipe is between a process and its own child


def _read(stream: BinaryIO, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = stream.read(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)


def main() -> None:
    """Take an engine, say so with None, then draw order after order until the standard input ends."""
    orders, reports = open(os.dup(0), "rb", buffering=0), open(os.dup(1), "wb", buffering=0)  # noqa: SIM115
    os.dup2(2, 1)  # what a library prints must not get between the messages
    sys.stdin = open(os.devnull)  # noqa: SIM115
    engine = receive(orders)
    send(reports, None)
    waiting: SimpleQueue[tuple[Order, threading.Event]] = SimpleQueue()
    threading.Thread(target=_listen, args=(orders, waiting), daemon=True).start()
    while True:
        order, stop = waiting.get()
        preview = Preview(lambda data: send(reports, Shown(data))) if order.previews else None
        drawn: Drawn = draw(
            engine, order.body.request(), order.seed, lambda text: send(reports, Log(text)), stop.is_set, preview
        )
        send(reports, drawn)


def _listen(orders: BinaryIO, waiting: SimpleQueue[tuple[Order, threading.Event]]) -> None:
    """Take orders, and stop them; end this process at once when the other side is gone, even if that was killed."""
    stops: dict[str, threading.Event] = {}
    try:
        while True:
            message = receive(orders)
            if isinstance(message, Order):
                stops = {message.run_id: threading.Event()}  # the one before has ended: there is one at a time
                waiting.put((message, stops[message.run_id]))
            elif message.run_id in stops:
                stops[message.run_id].set()
    except BaseException:  # without this thread nobody would notice that the other side is gone
        os._exit(0)
