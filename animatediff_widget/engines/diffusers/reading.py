"""Reading weights from files that are on this machine. A file that is no such thing is said in a sentence."""

from __future__ import annotations

import contextlib
import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.texts import Message

from .files import weights_of
from .memory import is_out_of_memory

__all__ = ["Parts", "named", "quiet", "read_adapter", "read_parts"]


@dataclass
class Parts:
    """A checkpoint's models, on the CPU; `unet` draws single pictures and stays here for the next motion module."""

    vae: Any
    text_encoder: Any
    tokenizer: Any
    unet: Any


def read_parts(path: Path, base: Path | None, dtype: Any) -> Parts:
    """Read a checkpoint: a folder as diffusers writes it, or one file, with the configuration in the folder `base`."""
    import diffusers
    import transformers

    tokenizer = transformers.CLIPTokenizer.from_pretrained(str((base or path) / "tokenizer"))
    if base:
        pipe = diffusers.StableDiffusionPipeline.from_single_file(
            str(path),
            config=str(base),
            scheduler=diffusers.DDIMScheduler(steps_offset=1, clip_sample=False),  # any: it is not used
            tokenizer=tokenizer,
            **dict.fromkeys(("safety_checker", "feature_extractor", "image_encoder")),
            **_as(dtype),
        )
        return Parts(pipe.vae, pipe.text_encoder.to(dtype), tokenizer, pipe.unet)
    return Parts(
        _from_folder(diffusers.AutoencoderKL, path / "vae", dtype),
        _from_folder(transformers.CLIPTextModel, path / "text_encoder", dtype),
        tokenizer,
        _from_folder(diffusers.UNet2DConditionModel, path / "unet", dtype),
    )


def read_adapter(path: Path, dtype: Any) -> Any:
    """Read a motion module: a folder as diffusers writes it, or a file in either form."""
    import diffusers

    if path.is_dir():
        return _from_folder(diffusers.MotionAdapter, path, dtype)
    state = _original_to_diffusers(_state(path))
    adapter = diffusers.MotionAdapter(**_shape(state))
    # The table of positions is a formula, which the model has computed; of the original's only the length counts.
    known = {name: value for name, value in state.items() if "pos_encoder" not in name}
    missing, unexpected = adapter.load_state_dict(known, strict=False)
    if unexpected or any(not name.endswith(".pos_embed.pe") for name in missing):
        raise ValueError(f"{len(missing)} weights are missing, {len(unexpected)} belong to something else")
    return adapter.to(dtype)


def _from_folder(kind: Any, folder: Path, dtype: Any) -> Any:
    import torch

    half = dtype != torch.float32
    name = weights_of([each.name for each in folder.iterdir()], "", half) or ""
    more: dict[str, Any] = {} if kind.__module__.startswith("transformers.") else _as(dtype)
    model, told = kind.from_pretrained(
        str(folder),
        variant="fp16" if ".fp16." in name else None,
        use_safetensors=not name.endswith(".bin"),
        output_loading_info=True,
        local_files_only=True,
        **more,
    )
    if told.get("missing_keys"):  # they would be left as chance has it
        raise ValueError(f"{len(told['missing_keys'])} weights are missing")
    return model.to(dtype)


def _as(dtype: Any) -> dict[str, Any]:
    """Say a precision in the word of this version of diffusers."""
    import diffusers

    version = tuple(map(int, re.findall(r"\d+", diffusers.__version__)[:2]))
    return {"dtype" if version >= (0, 40) else "torch_dtype": dtype}


def _state(path: Path) -> dict[str, Any]:
    """Read a file of tensors; of a pickle nothing else is taken."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return dict(load_file(str(path)))
    import torch

    try:
        state = torch.load(str(path), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # torch would say how to run what is in it all the same
        raise ValueError("it has more in it than numbers, which could be a program, and is not run") from None
    while isinstance(state, dict) and "state_dict" in state:
        state = state["state_dict"]
    return {name.removeprefix("module."): value for name, value in state.items() if isinstance(value, torch.Tensor)}


def _original_to_diffusers(state: dict[str, Any]) -> dict[str, Any]:
    """Name the weights of an original motion module as diffusers does; others keep their names."""
    renamed = {}
    for name, value in state.items():
        for old, new in (
            (".temporal_transformer", ""),
            (".norms.0", ".norm1"),
            (".norms.1", ".norm2"),
            (".ff_norm", ".norm3"),
            (".attention_blocks.0", ".attn1"),
            (".attention_blocks.1", ".attn2"),
        ):
            name = name.replace(old, new)
        renamed[name] = value
    return renamed


def _shape(state: dict[str, Any]) -> dict[str, Any]:
    """Tell a motion module's shape by its weights."""
    widths: dict[int, int] = {}
    layers: dict[int, int] = {}
    for name, value in state.items():
        found = re.fullmatch(r"down_blocks\.(\d+)\.motion_modules\.(\d+)\.proj_in\.weight", name)
        if found:
            block, layer = map(int, found.groups())
            widths[block] = int(value.shape[0])
            layers[block] = max(layers.get(block, 0), layer + 1)
    if not widths:
        raise ValueError("it has no motion modules")
    positions = next((int(value.shape[1]) for name, value in state.items() if name.endswith(".pe")), 32)
    return {
        "block_out_channels": tuple(widths[block] for block in sorted(widths)),
        "motion_layers_per_block": tuple(layers[block] for block in sorted(layers)),
        "motion_max_seq_length": positions,
        "use_motion_mid_block": any(name.startswith("mid_block.") for name in state),
    }


@contextlib.contextmanager
def named(what: object) -> Iterator[None]:
    """Say which weights cannot be read, whatever a library raises over them; want of memory is not about the file."""
    try:
        yield
    except AnimateDiffError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        why = " ".join(str(error).split())[:300].rstrip(".")
        raise AnimateDiffError(Message("weights_not_read", name=what, why=why or type(error).__name__)) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' bars and remarks out of the notebook; the job's log says what happens."""
    import diffusers.utils.logging
    import transformers.utils.logging

    both = (diffusers.utils.logging, transformers.utils.logging)
    levels = [each.get_verbosity() for each in both]
    bars = [each.is_progress_bar_enabled() for each in both]
    for each in both:
        each.set_verbosity_error()
        each.disable_progress_bar()
    try:
        yield
    finally:
        for each, level, shown in zip(both, levels, bars, strict=True):
            each.set_verbosity(level)
            if shown:
                each.enable_progress_bar()
