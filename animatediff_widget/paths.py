"""Where this package keeps its files."""

from __future__ import annotations

import errno
import os
from pathlib import Path

__all__ = ["data_folder"]

_given: dict[str, Path] = {}


def data_folder() -> Path:
    """Give the person's data folder: ``ANIMATEDIFF_WIDGET_HOME``, else the place the system has for such data.

    A relative one is taken from where the process was when it was first asked for, so that a later ``chdir`` does not
    lose sight of it. `OSError` where there is no such place.
    """
    given = os.environ.get("ANIMATEDIFF_WIDGET_HOME")
    if not given:
        import platformdirs

        given = platformdirs.user_data_dir("animatediff-widget", appauthor=False)
    if given not in _given:
        try:
            _given[given] = Path(given).expanduser().absolute()
        except RuntimeError as error:  # there is no such user
            raise FileNotFoundError(errno.ENOENT, str(error), given) from None
    return _given[given]
