"""Where the notebook is open, as far as it matters to the panel."""

from __future__ import annotations

import sys

__all__ = ["runs_in_background", "shows_late_messages"]


def shows_late_messages() -> bool:
    """Whether the page shows what a background thread sends after the click is done.

    Colab does not (googlecolab/colabtools issue 3373).
    """
    return "google.colab" not in sys.modules


def runs_in_background(forced: bool | None = None) -> bool:
    """Decide where a job runs: in the background, or inside the click that starts it.

    In the background it leaves the kernel free, and needs a page that shows late messages.

    Parameters
    ----------
    forced : bool, optional
        The answer, where somebody knows better. Colab's page on a kernel of one's own ("local runtime") cannot be
        recognized from the kernel, and needs False.
    """
    return shows_late_messages() if forced is None else forced
