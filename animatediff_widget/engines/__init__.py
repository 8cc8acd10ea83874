"""Engines: what draws an animation. An engine knows no HTTP, no queue and no thread that it runs in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from animatediff_widget.model.inputs import Input, Rule
    from animatediff_widget.model.request import AnimateDiffRequest

    from .previews import Preview

__all__ = ["Canceled", "Engine", "Output"]


class Canceled(Exception):
    """Raised by an engine that was asked to stop."""


@dataclass(frozen=True)
class Output:
    """The file an engine made, its suffix without a dot, and its media type: ``"webp"``, ``"image/webp"``."""

    data: bytes
    suffix: str
    mime: str


@runtime_checkable
class Engine(Protocol):
    """What the server asks of an engine. One that derives from this has only `run` to write."""

    inputs: tuple[Input, ...] = ()
    """What it takes in ``extra_input``."""

    rules: tuple[Rule, ...] = ()
    """What must go together of its inputs and the request's own fields."""

    def run(
        self,
        request: AnimateDiffRequest,
        *,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
        preview: Preview | None,
    ) -> Output:
        """Draw one animation.

        Parameters
        ----------
        request : AnimateDiffRequest
            A valid request. Its own ``seed`` is ignored.
        seed : int
            The seed to draw from, 0 to 4294967295. The same request and seed give the same bytes.
        log : callable
            Takes text to append to the prediction's log; may be called for every step.
        canceled : callable
            Returns True once the run should stop; looked at before every step.
        preview : Preview or None
            Takes the first frame as it stands, whenever one is `due`; None where nobody looks.

        Raises
        ------
        Canceled
            When `canceled` said so.
        ValueError
            When the request asks for something this engine cannot do; the text becomes the prediction's error.
        """

    def close(self) -> None:
        """Let go of memory; the engine can be used again all the same."""
        return
