"""Which front end shows the notebook, as far as it matters to the panel. Nothing else in the panel asks."""

from __future__ import annotations

import os
import sys
from typing import Any

from animatediff_widget.media.animation import may_embed

__all__ = ["has_kernel_per_page", "may_show", "running_cell", "runs_in_background", "saves_widgets"]


def has_kernel_per_page() -> bool:
    """Whether every page, a reloaded one too, has a kernel of its own.

    So it is in Voilà, whose kernels have ``VOILA_PREHEAT`` in their environment.
    """
    return "VOILA_PREHEAT" in os.environ


def saves_widgets() -> bool:
    """Whether the page saves the widgets with the notebook, and what they show with them. Colab does, always."""
    return "google.colab" in sys.modules


def may_show(embed: bool | None = None) -> bool:
    """Whether the panel may show media: not where that would save them in a notebook that is to have none."""
    return not saves_widgets() or may_embed(embed)


def runs_in_background(forced: bool | None = None) -> bool:
    """Decide where a job runs: in the background, or inside the click that starts it.

    In the background it leaves the kernel free, and needs a page that shows what is sent after the click is done.
    Colab's does not (googlecolab/colabtools issue 3373). Its page on a kernel of one's own ("local runtime") cannot be
    recognized from the kernel, so that somebody who knows better has the last word.
    """
    return not saves_widgets() if forced is None else forced


def running_cell() -> tuple[str, int]:
    """Give the cell of the notebook that runs, and the number of that run; an empty name where it is unknown."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    try:
        return str(shell.get_parent()["metadata"]["cellId"]), int(shell.execution_count)
    except (AttributeError, KeyError, TypeError):
        return "", 0
