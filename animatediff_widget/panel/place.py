"""Where the notebook is open, as far as it matters to the panel."""

from __future__ import annotations

import sys

__all__ = ["shows_late_messages"]


def shows_late_messages() -> bool:
    """Whether the page shows what a background thread sends after the click is done.

    Colab does not (googlecolab/colabtools issue 3373): there the job has to run inside the click.
    """
    return "google.colab" not in sys.modules
