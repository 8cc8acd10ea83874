"""A tiny random AnimateDiff on the disk, in the forms that real weights have, and what the tests ask of it."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, MotionAdapter, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from animatediff_widget.engines import Output
from animatediff_widget.engines.diffusers import DiffusersEngine
from animatediff_widget.model.request import AnimateDiffRequest

WIDTHS = (32, 32)


def make_checkpoint(folder: Path, seed: int = 0) -> Path:
    """Write a checkpoint as diffusers does."""
    torch.manual_seed(seed)
    unet = UNet2DConditionModel(
        block_out_channels=WIDTHS,
        layers_per_block=2,
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=8,
        attention_head_dim=8,
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=2,
    )
    config = CLIPTextConfig(
        hidden_size=8, intermediate_size=16, num_attention_heads=2, num_hidden_layers=2, vocab_size=1000
    )
    letters = string.ascii_lowercase + string.digits + ",.-"
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={word: n for n, word in enumerate(words)}, merges=[], model_max_length=77)
    for name, part in (("unet", unet), ("vae", vae), ("text_encoder", CLIPTextModel(config)), ("tokenizer", tokenizer)):
        part.save_pretrained(folder / name)
    (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    return folder


def make_adapter(folder: Path, seed: int = 0, positions: int = 32, mid_block: bool = True) -> Path:
    """Write a motion module as diffusers does; its last layers, which start as zeros, move things too."""
    torch.manual_seed(seed)
    adapter = MotionAdapter(block_out_channels=WIDTHS, motion_max_seq_length=positions, use_motion_mid_block=mid_block)
    for name, weight in adapter.named_parameters():
        if "proj_out" in name:
            torch.nn.init.normal_(weight, std=0.5)
    adapter.save_pretrained(folder)
    return folder


def ask(folder: Path, **fields: Any) -> AnimateDiffRequest:
    """Ask for a small clip of the tiny model in a folder."""
    extra = {"width": 64, "height": 64, "num_frames": 4, "output_format": "webp", **fields.pop("extra_input", {})}
    given = {"prompt": "a boat", "path": str(folder / "checkpoint"), "motion_module": str(folder / "adapter")}
    return AnimateDiffRequest(**{**given, "steps": 3, "extra_input": extra, **fields})


def draw(engine: DiffusersEngine, request: AnimateDiffRequest, seed: int = 7, **more: Any) -> tuple[Output, str]:
    log: list[str] = more.pop("log", [])
    output = engine.run(request, seed=seed, log=log.append, **{"canceled": lambda: False, "preview": None, **more})
    return output, "".join(log)
