"""Engines: what draws an animation behind the built-in server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from animatediff_widget.model.request import AnimateDiffRequest

__all__ = ["Canceled", "Engine", "Output"]


class Canceled(Exception):
    """Raised by an engine that was asked to stop."""


@dataclass(frozen=True)
class Output:
    """The file an engine made.

    Parameters
    ----------
    data : bytes
        The whole file.
    suffix : str
        Its file name's suffix without a dot, such as ``"webp"``.
    mime : str
        Its media type, such as ``"image/webp"``.
    """

    data: bytes
    suffix: str
    mime: str


class Engine(Protocol):
    """What the server asks of an engine."""

    @property
    def name(self) -> str:
        """What the engine calls itself in front of people."""

    def run(
        self,
        request: AnimateDiffRequest,
        *,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
    ) -> Output:
        """Draw one animation.

        Parameters
        ----------
        request : AnimateDiffRequest
            A valid request. Its own ``seed`` is ignored.
        seed : int
            The seed to draw from. The same request and seed give the same bytes.
        log : callable
            Takes text to append to the prediction's log; may be called for every step.
        canceled : callable
            Returns True once the run should stop; looked at before every step.

        Returns
        -------
        Output
            The animation's file.

        Raises
        ------
        Canceled
            When `canceled` said so.
        ValueError
            When the request asks for something this engine cannot do; the text is for the person.
        """
