"""Keeping a key in the system's keyring: the public names of `animatediff_widget.keys`."""

from .keys.credentials import forget_key, remember_key, save_key

__all__ = ["forget_key", "remember_key", "save_key"]
