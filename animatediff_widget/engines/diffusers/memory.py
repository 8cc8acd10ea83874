"""Running out of memory: how it is told, and how memory is given back."""

from __future__ import annotations

import gc

__all__ = ["is_out_of_memory", "release"]

# What a GPU of NVIDIA or Apple, and the CPU, say of it where it is no `torch.OutOfMemoryError`.
_SAYINGS = ("out of memory", "can't allocate memory", "not enough memory", "cublas_status_alloc_failed")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is not enough memory."""
    import torch

    said = isinstance(error, RuntimeError) and any(saying in str(error).lower() for saying in _SAYINGS)
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or said


def release() -> None:
    """Give what nothing refers to back to the system."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
