"""One line that says how a job stands, under the cell or in the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from traitlets import HasTraits

from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import cut, printable

from .job import Job
from .status_line import describe

__all__ = ["say_further", "show_line", "show_progress"]


@contextlib.contextmanager
def show_progress(job: Job) -> Iterator[None]:
    """Show how a job goes, as `show_line` does."""

    def line() -> str:
        return f"{describe(job.view)}{f' · {job.notice}' if job.notice else ''}"

    with show_line(job, "view", line):
        yield


@contextlib.contextmanager
def show_line(watched: HasTraits, trait: str, line: Callable[[], str]) -> Iterator[None]:
    """Show a line whenever a trait changes, as long as the context lasts.

    It stands under the cell in a notebook, on stderr in a terminal, and is not shown elsewhere.
    """
    show = _in_notebook() or (_overwrite if _in_terminal() else None)
    if show is None:
        yield
        return

    def changed(_: Any = None) -> None:
        show(printable(line()))

    watched.observe(changed, trait)
    try:
        yield
    finally:
        watched.unobserve(changed, trait)
        changed()
        if show is _overwrite:
            _write("\n")


def say_further(job: Job) -> None:
    """Print where the further animations of a job are, where there are any."""
    files = [str(animation.path) for animation in job.animations[1:]]
    if files:
        _write(f"{Message('further_files', files=', '.join(files))}\n")


def _in_notebook() -> Any:
    """Give a function that shows one line under the cell, or None outside of a kernel."""
    if "ipykernel" not in sys.modules:
        return None
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        return None
    handle = display({"text/plain": ""}, raw=True, display_id=True)  # type: ignore[no-untyped-call]
    return lambda line: handle.update({"text/plain": line}, raw=True)


def _in_terminal() -> bool:
    with contextlib.suppress(AttributeError, ValueError):  # there is no stderr, as under pythonw; it was closed
        return sys.stderr.isatty()
    return False


def _overwrite(line: str) -> None:
    """Show a line in the terminal, over the one before."""
    width = 0
    with contextlib.suppress(OSError, ValueError):
        width = os.get_terminal_size(sys.stderr.fileno()).columns
    _write(f"\r\x1b[K{cut(' '.join(line.split()), (width or 80) - 1)}")


def _write(text: str) -> None:
    """Write on stderr; a terminal that is gone ends no job."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()
