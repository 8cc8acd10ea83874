"""One run of an engine and what became of it, the same in a thread, in a process and on a cluster."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Texts

from . import Canceled, Engine, Output

if TYPE_CHECKING:
    from .previews import Preview

__all__ = ["Drawn", "draw"]

_ENGLISH = Texts("en")  # the hosted API's language, whatever the panel speaks


class Drawn(NamedTuple):
    """What became of one run: its output, a sentence why it failed, or None when it was canceled.

    `fault` is the traceback where the engine itself broke.
    """

    result: Output | str | None
    fault: str | None = None


def draw(
    engine: Engine,
    request: AnimateDiffRequest,
    seed: int,
    log: Callable[[str], None],
    canceled: Callable[[], bool],
    preview: Preview | None,
) -> Drawn:
    """Run an engine once, in whatever thread or process this is; nothing that it raises comes through."""
    try:
        return Drawn(engine.run(request, seed=seed, log=log, canceled=canceled, preview=preview))
    except Canceled:
        return Drawn(None)
    except AnimateDiffError as error:
        return Drawn(_ENGLISH.say(error))
    except ValueError as error:
        return Drawn(str(error))
    except BaseException as error:
        kind = type(error).__name__
        sentence = f"The engine stopped with an internal error ({kind}); the server's log has the details."
        return Drawn(sentence, traceback.format_exc())
