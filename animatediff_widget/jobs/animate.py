"""The whole job in one call."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from typing import Any

from animatediff_widget.backends.client import Client
from animatediff_widget.keys.credentials import hide
from animatediff_widget.media.animation import Animation
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.request import AnimateDiffRequest

from .job import Job
from .status_line import describe

__all__ = ["animate", "show_progress"]


def animate(prompt: str, *, endpoint: Endpoint | None = None, token: str | None = None, **fields: Any) -> Animation:
    """Animate a prompt: post the job, wait with progress shown, fetch the animation.

    Parameters
    ----------
    prompt : str
        What should be seen.
    endpoint : Endpoint, optional
        Where to run. Replicate where a key for it is at hand, else the built-in server (offline, no key).
    token : str, optional
        The endpoint's key. Looked for in the environment and in Colab's secrets when not given.
    **fields
        The other fields of `AnimateDiffRequest`, such as ``steps=25`` or ``seed=7``.

    Returns
    -------
    Animation
        The animation; as the last line of a cell it plays.

    Raises
    ------
    AnimateDiffError
        When the request is refused, or the job fails or is canceled. An interrupt cancels the job.
    """
    token = hide(token) if token else None
    request = AnimateDiffRequest(prompt=prompt, **fields)
    job = Job(request, Client(endpoint, token))
    with show_progress(job):
        return job.run()


@contextlib.contextmanager
def show_progress(job: Job) -> Iterator[None]:
    """Show how a job goes, for as long as the context lasts: under the cell in a notebook, on stderr in a terminal.

    Parameters
    ----------
    job : Job
        The job.
    """
    show = _in_notebook() or (_overwrite if sys.stderr.isatty() else None)
    if show is None:
        yield
        return

    def changed(_: Any = None) -> None:
        show(f"{describe(job)}{f' · {job.notice}' if job.notice else ''}")

    names = ["prediction", "state", "notice"]
    job.observe(changed, names)
    try:
        yield
    finally:
        job.unobserve(changed, names)
        changed()
        if show is _overwrite:
            print(file=sys.stderr)


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


def _overwrite(line: str) -> None:
    """Show a line in the terminal, over the one before."""
    width = shutil.get_terminal_size().columns
    print(f"\r\x1b[K{line[: width - 1]}", end="", file=sys.stderr, flush=True)
