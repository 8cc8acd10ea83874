"""The GPU of this computer, behind a server of this process."""

from __future__ import annotations

import contextlib
import ctypes.util
import glob
import os
import platform
import sys
from importlib import metadata
from importlib.util import find_spec
from typing import Any

from animatediff_widget.engines.named import inputs_of
from animatediff_widget.errors import MissingExtra
from animatediff_widget.keys.credentials import Key
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.texts import Message

from . import builtin
from .base import Place
from .hosted import HostedBackend

__all__ = ["PLACE"]

_PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "peft", "safetensors")
_SYSTEM: str = sys.platform
# What a driver leaves where a program can find it: NVIDIA's, also on Jetson and below Windows (WSL), and AMD's.
_SIGNS = ("/dev/nvidia[0-9]*", "/dev/nvhost-gpu", "/usr/lib/wsl/lib/libcuda.so.1", "/dev/kfd")


def _available(endpoint: Endpoint | None = None) -> Message | None:
    """Look for a GPU and for the packages; torch itself, which could tell, takes seconds to import."""
    if (endpoint is None or "device" not in endpoint.options) and not _has_gpu():
        return Message("gpu_not_in_colab" if "google.colab" in sys.modules else "gpu_not_found")
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        return Message("gpu_needs", names=", ".join(missing))
    if not (endpoint and endpoint.options.get("device") == "cpu"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            version = metadata.version("torch")
            if version.endswith("+cpu"):
                return Message("torch_without_gpu", version=version)
    return builtin.PLACE.available()


def _has_gpu() -> bool:
    if _SYSTEM == "darwin":
        return platform.machine() == "arm64"
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):  # it is there, but hidden on purpose
        return False
    if _SYSTEM == "win32":
        return ctypes.util.find_library("nvcuda") is not None
    return any(glob.glob(sign) for sign in _SIGNS)


def _open(endpoint: Endpoint, key: Key | None, limits: Any) -> HostedBackend:
    missing = PLACE.available(endpoint)
    if missing:
        raise MissingExtra(missing)
    from animatediff_widget.server import shared_server

    return builtin.OwnBackend(shared_server("gpu", **endpoint.options), endpoint, limits)


PLACE = Place(
    "gpu",
    lambda told: Endpoint.gpu(told or None),
    _open,
    may_be_told=True,
    free=True,
    inputs=lambda _: inputs_of("gpu"),
    previews=True,
    available=_available,
)
