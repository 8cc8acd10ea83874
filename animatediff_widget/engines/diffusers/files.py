"""Which files of a repository, or of a folder, are needed: no more than these are fetched."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

__all__ = ["FOLDERS", "PARTS", "Kind", "choose", "weights_of"]

Kind = Literal["file", "pipeline", "config", "adapter", "lora"]

PARTS = ("unet", "vae", "text_encoder")
"""The parts of a pipeline that have weights."""

FOLDERS = ("", *PARTS, "tokenizer")
"""Where, inside a folder, all that is needed lies."""

_WEIGHTS = re.compile(r"(diffusion_pytorch_model|model|pytorch_model|pytorch_lora_weights)(\.fp16)?\.(safetensors|bin)")


def weights_of(names: Collection[str], folder: str, half: bool) -> str | None:
    """Give the weights in a folder: safetensors before pickles, then those of the wanted precision."""
    start = f"{folder}/" if folder else ""
    found = [name for name in names if name.startswith(start) and _WEIGHTS.fullmatch(name[len(start) :])]
    return min(
        found, key=lambda name: (name.endswith(".bin"), (".fp16." in name) != half, len(name), name), default=None
    )


def choose(names: Collection[str], kind: Kind, file: str = "", half: bool = False) -> list[str] | None:
    """Give those of the names that are needed; None where something is missing among them.

    The kinds are a file by its name, a pipeline's folder, that without its weights, a motion adapter's, a LoRA's.
    """
    if kind == "file":
        return [file] if file in names else None
    wanted: list[str | None] = []
    if kind == "lora":
        wanted = [weights_of(names, "", half)]
    elif kind == "adapter":
        wanted = [_if_there("config.json", names), weights_of(names, "", half)]
    else:
        tokenizer = [name for name in names if re.fullmatch(r"tokenizer/[^/]*\.(json|txt)", name)]
        wanted = [_if_there(f"{part}/config.json", names) for part in PARTS]
        wanted += tokenizer or [None]
        if kind == "config":
            wanted.append(_if_there("model_index.json", names))
        else:
            wanted += [weights_of(names, part, half) for part in PARTS]
    chosen = [name for name in wanted if name]
    return chosen if len(chosen) == len(wanted) else None


def _if_there(name: str, names: Collection[str]) -> str | None:
    return name if name in names else None
