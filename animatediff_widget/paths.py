"""Where this package keeps its files."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["data_folder"]

_given: dict[str, Path] = {}


def data_folder() -> Path:
    """Give the person's data folder: ``ANIMATEDIFF_WIDGET_HOME``, else the place the system has for such data.

    Returns
    -------
    pathlib.Path
        An absolute path; a relative ``ANIMATEDIFF_WIDGET_HOME`` is taken from where the process was when it was first
        asked for, so that a later ``chdir`` does not lose sight of it.
    """
    given = os.environ.get("ANIMATEDIFF_WIDGET_HOME")
    if given:
        return _given.setdefault(given, Path(given).expanduser().absolute())
    import platformdirs

    return Path(platformdirs.user_data_dir("animatediff-widget", appauthor=False))
