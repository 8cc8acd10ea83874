"""The whole job in one call."""

from __future__ import annotations

from typing import Any

from animatediff_widget.backends.client import Client
from animatediff_widget.keys.hiding import guarded
from animatediff_widget.media.animation import Animation
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.request import AnimateDiffRequest

from .job import Job
from .progress import say_further, show_progress

__all__ = ["animate"]


@guarded
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
        The animation; as the last line of a cell it plays. Where the model made several, it is the first, and a line on
        stderr says where the others are.

    Raises
    ------
    AnimateDiffError
        When the request is refused, or the job fails or is canceled. An interrupt cancels the job.
    """
    request = AnimateDiffRequest(prompt=prompt, **fields)
    job = Job(request, Client(endpoint, token))
    with show_progress(job):
        animation = job.run()
    say_further(job)
    return animation
