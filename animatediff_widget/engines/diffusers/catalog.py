"""Names of weights, and what stands behind them: checkpoints, motion modules and their samplers, motion LoRAs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Literal

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.texts import Message

__all__ = [
    "ANIMATEDIFF",
    "BASE",
    "CHECKPOINTS",
    "MODULES",
    "MOTION_LORAS",
    "Module",
    "Sampler",
    "Weights",
    "find_checkpoint",
    "find_lora",
    "find_module",
]

Sampler = Literal["ddim", "euler", "lcm"]

_SUFFIXES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")


@dataclass(frozen=True)
class Weights:
    """Where weights come from: files of a repository of huggingface.co, or a file or folder of this machine."""

    repository: str = ""
    file: str = ""  # of the repository; all that is needed where there is none
    path: str = ""  # on this machine, instead of a repository

    def __str__(self) -> str:
        return self.path or "/".join(filter(None, (self.repository, self.file)))


@dataclass(frozen=True)
class Module:
    """A motion module: its weights, for how many frames it has positions, and which settings it was made for."""

    name: str
    weights: Weights
    sampler: Sampler = "ddim"
    steps: tuple[int, int] = (1, 100)
    guidance: tuple[float, float] = (1.0, 10.0)
    positions: int | None = None  # how many frames its table has; its weights say it where it is not known
    lora: Weights | None = None  # that belongs to it, with its weight
    lora_scale: float = 1.0
    motion_loras: bool = True  # whether they were made for its family


BASE = Weights("stable-diffusion-v1-5/stable-diffusion-v1-5")
"""Has the configuration and the vocabulary that a checkpoint in one file lacks."""

_BACKUPS = "guoyww/animatediff_t2i_backups"

CHECKPOINTS = {
    "toonyou_beta3": Weights(_BACKUPS, "toonyou_beta3.safetensors"),
    "lyriel_v16": Weights(_BACKUPS, "lyriel_v16.safetensors"),
    "rcnzcartoon3d_v10": Weights(_BACKUPS, "rcnzCartoon3d_v10.safetensors"),
    "majicmixrealistic_v5preview": Weights(_BACKUPS, "majicmixRealistic_v5Preview.safetensors"),
    # The same model under the name that its file was given later.
    "realisticvisionv40_v20novae": Weights(_BACKUPS, "realisticVisionV60B1_v20Novae.safetensors"),
}
"""The checkpoints that the hosted model lists, by their names in lower case and without the suffix."""

_ADAPTER = "guoyww/animatediff-motion-adapter-v1-"
_LIGHTNING = "animatediff_lightning_{}step"
_LCM = "wangfuyun/AnimateLCM"

ANIMATEDIFF = (
    Module("mm_sd_v14", Weights(_ADAPTER + "4"), positions=24, motion_loras=False),
    Module("mm_sd_v15", Weights(_ADAPTER + "5"), positions=24, motion_loras=False),
    Module("mm_sd_v15_v2", Weights(_ADAPTER + "5-2"), positions=32),
    Module("v3_sd15_mm", Weights(_ADAPTER + "5-3"), positions=32),
)

# ByteDance/AnimateDiff-Lightning says: exactly so many steps, no guidance, Euler's method with trailing steps.
_LIGHTNINGS = tuple(
    Module(
        _LIGHTNING.format(steps),
        Weights("ByteDance/AnimateDiff-Lightning", f"{_LIGHTNING.format(steps)}_diffusers.safetensors"),
        sampler="euler",
        steps=(steps, steps),
        guidance=(1.0, 1.0),
        positions=32,
    )
    for steps in (1, 2, 4, 8)
)

# wangfuyun/AnimateLCM shows 4 to 8 steps and a guidance of 1.5 to 2; its LoRA goes into the checkpoint at 0.8.
_ANIMATE_LCM = Module(
    "AnimateLCM",
    Weights(_LCM),
    sampler="lcm",
    steps=(4, 10),
    guidance=(1.0, 2.5),
    positions=32,
    lora=Weights(_LCM, "AnimateLCM_sd15_t2v_lora.safetensors"),
    lora_scale=0.8,
)

MODULES = {module.name.lower(): module for module in (*ANIMATEDIFF, *_LIGHTNINGS, _ANIMATE_LCM)}
"""The motion modules by their names in lower case."""

MOTION_LORAS = (
    *("zoom-in", "zoom-out", "pan-left", "pan-right"),
    *("tilt-up", "tilt-down", "rolling-clockwise", "rolling-anticlockwise"),
)
"""The motion LoRAs that have names here."""


def find_checkpoint(text: str) -> Weights:
    """Give a checkpoint's weights by name, path or hub id; `InvalidRequest` where it is none of them."""
    return CHECKPOINTS.get(_name(text)) or _elsewhere("path", text, [each.file for each in CHECKPOINTS.values()])


def find_module(text: str) -> Module:
    """Give a motion module by name, path or hub id; `InvalidRequest` where it is none of them.

    A file or a repository that bears a known module's name has that module's sampler.
    """
    known = MODULES.get(_name(text))
    if known:
        return known
    weights = _elsewhere("motion_module", text, [module.name for module in MODULES.values()])
    named = MODULES.get(_name(PurePath(str(weights)).name).removesuffix("_diffusers"), Module("", weights))
    return replace(named, name=text.strip(), weights=weights)


def find_lora(text: str) -> Weights:
    """Give a motion LoRA's weights by name, path or hub id; `InvalidRequest` where it is none of them."""
    if _name(text) in MOTION_LORAS:
        return Weights(f"guoyww/animatediff-motion-lora-{_name(text)}")
    return _elsewhere("motion_lora", text, list(MOTION_LORAS))


def _name(text: str) -> str:
    name = text.strip().lower()
    return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)


def _elsewhere(field: str, text: str, names: list[str]) -> Weights:
    """Take a text as a path where there is such a file or folder, or where it can be nothing else; else as a hub id."""
    text = text.strip()
    try:
        path = Path(text).expanduser()
        if path.exists():
            return Weights(path=str(path.absolute()))
    except (OSError, RuntimeError, ValueError):  # a name that no file can have, or a home that nobody has
        path = Path()
    if path.is_absolute() or text.startswith((".", "~")) or "\\" in text:
        raise InvalidRequest(field, Message("weights_no_file", field=field, path=text))
    parts = text.split("/")
    if len(parts) < 2 or not all(re.fullmatch(r"\w[\w.-]*", part, re.ASCII) for part in parts):
        raise InvalidRequest(field, Message("weights_unknown", field=field, name=text, names=", ".join(names)))
    return Weights("/".join(parts[:2]), "/".join(parts[2:]))
