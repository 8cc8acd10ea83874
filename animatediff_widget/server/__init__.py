"""The built-in predictions server: the hosted API, on this machine, offline and without a key."""

from __future__ import annotations

from importlib.util import find_spec

from animatediff_widget.errors import MissingExtra
from animatediff_widget.texts import TEXTS

_missing = [name for name in ("tornado", "numpy", "PIL", "tqdm") if find_spec(name) is None]
if _missing:
    raise MissingExtra(TEXTS["server_missing"].format(names=", ".join(_missing)))

from .local import LocalServer, shared_server  # noqa: E402 - it imports what was looked for above

__all__ = ["LocalServer", "shared_server"]
