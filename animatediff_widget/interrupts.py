"""Holding an interrupt, and other threads, back while something must not be cut short."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

__all__ = ["Turns", "uninterrupted"]

_is_held_back = False  # by a context that the main thread is inside


@contextlib.contextmanager
def uninterrupted() -> Iterator[bool]:
    """Hold an interrupt back until the context ends; it comes then.

    Gives whether this is the main thread, which alone can be interrupted.
    """
    global _is_held_back
    if threading.current_thread() is not threading.main_thread():
        yield False
        return
    if _is_held_back:
        yield True
        return
    held: list[Any] = []
    if signal.getsignal(signal.SIGINT) is None:  # not Python's own handler: it cannot be put back
        yield False
        return
    try:
        before = signal.signal(signal.SIGINT, lambda *arguments: held.append(arguments))
    except ValueError:
        yield False
        return
    _is_held_back = True
    try:
        yield True
    finally:
        _is_held_back = False
        signal.signal(signal.SIGINT, before)
        if held and callable(before):
            before(*held[0])


class Turns:
    """What one thread does at a time; in the main thread, an interrupt waits until it is done."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for this thread's turn, and have it until the context ends; it may be taken within itself."""
        with uninterrupted(), self._lock:
            yield
