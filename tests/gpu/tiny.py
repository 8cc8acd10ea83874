"""A tiny random AnimateDiff on the disk, in the forms that real weights have, and what the tests ask of it."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path
from typing import Any

import torch
from diffusers import AnimateDiffPipeline, AutoencoderKL, MotionAdapter, UNet2DConditionModel, UNetMotionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from animatediff_widget.engines import Output
from animatediff_widget.engines.diffusers import DiffusersEngine
from animatediff_widget.model.request import AnimateDiffRequest

WIDTHS = (32, 32)
VAE_WIDTHS = (8, 8, 8, 8)  # so that a pixel of the latents is 8 pixels wide, as ever


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
        block_out_channels=VAE_WIDTHS,
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
    index = {
        "_class_name": "StableDiffusionPipeline",
        "feature_extractor": ["transformers", "CLIPImageProcessor"],
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "scheduler": ["diffusers", "PNDMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (folder / "model_index.json").write_text(json.dumps(index))
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


def make_lora(path: Path, weights: Path, seed: int = 0) -> Path:
    """Write a LoRA of the motion modules, as a file of that name."""
    import peft

    torch.manual_seed(seed)
    unet = UNetMotionModel.from_unet2d(
        UNet2DConditionModel.from_pretrained(weights / "checkpoint" / "unet"),
        MotionAdapter.from_pretrained(weights / "adapter"),
    )
    unet.add_adapter(peft.LoraConfig(r=2, lora_alpha=2, target_modules=r".*motion_modules.*\.to_q"))
    for name, weight in unet.named_parameters():
        if "lora" in name:
            torch.nn.init.normal_(weight, std=2.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    layers = {name: weight.contiguous() for name, weight in peft.get_peft_model_state_dict(unet).items()}
    AnimateDiffPipeline.save_lora_weights(path.parent, unet_lora_layers=layers, weight_name=path.name)
    return path


def to_original_module(adapter: Path, path: Path) -> Path:
    """Write a motion module as AnimateDiff's own training does; .ckpt is a pickle."""
    state = {}
    for name, weight in MotionAdapter.from_pretrained(adapter).state_dict().items():
        for part in re.split(r"(?<=motion_modules\.\d)", name, maxsplit=1)[1:]:
            original = name.removesuffix(part) + ".temporal_transformer" + part
            for new, old in (("norm1", "norms.0"), ("norm2", "norms.1"), ("norm3", "ff_norm")):
                original = original.replace(f"transformer_blocks.0.{new}.", f"transformer_blocks.0.{old}.")
            original = original.replace(".attn1.", ".attention_blocks.0.").replace(".attn2.", ".attention_blocks.1.")
            for n in range(2) if "pos_embed" in name else ():
                state[original.replace("pos_embed", f"attention_blocks.{n}.pos_encoder")] = weight.clone()
            if "pos_embed" not in name:
                state[original] = weight
    return _write(state, path)


def to_one_file(checkpoint: Path, path: Path) -> Path:
    """Write a checkpoint as Stable Diffusion's own training does, in one file; .ckpt is a pickle."""
    unet = UNet2DConditionModel.from_pretrained(checkpoint / "unet").state_dict()
    vae = AutoencoderKL.from_pretrained(checkpoint / "vae").state_dict()
    text = CLIPTextModel.from_pretrained(checkpoint / "text_encoder").state_dict()
    state = {f"model.diffusion_model.{_original_unet(name)}": weight for name, weight in unet.items()}
    for name, weight in vae.items():
        is_square = "attentions" in name and weight.ndim == 2  # they were convolutions
        state[f"first_stage_model.{_original_vae(name)}"] = weight[:, :, None, None] if is_square else weight
    for name, weight in text.items():
        state[f"cond_stage_model.transformer.text_model.{name.removeprefix('text_model.')}"] = weight
    # What real ones have besides.
    state["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    state["alphas_cumprod"], state["model_ema.decay"] = torch.ones(1000), torch.tensor(0.9999)
    return _write(state, path)


def _write(state: dict[str, torch.Tensor], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".safetensors":
        save_file({name: weight.contiguous() for name, weight in state.items()}, path)
    else:
        torch.save({"state_dict": state}, path)
    return path


_RESNET = (
    *(("norm1", "in_layers.0"), ("conv1", "in_layers.2"), ("time_emb_proj", "emb_layers.1")),
    *(("norm2", "out_layers.0"), ("conv2", "out_layers.3"), ("conv_shortcut", "skip_connection")),
)


def _original_unet(name: str) -> str:
    """Name a weight of the tiny UNet as Stable Diffusion does: blocks in one row, with two layers (up: three) each."""
    for new, old in (
        *(("time_embedding.linear_1", "time_embed.0"), ("time_embedding.linear_2", "time_embed.2")),
        *(("conv_in", "input_blocks.0.0"), ("conv_norm_out", "out.0"), ("conv_out", "out.2")),
        *(("down_blocks.0.downsamplers.0.conv", "input_blocks.3.0.op"), ("mid_block.attentions.0", "middle_block.1")),
        *(("mid_block.resnets.0", "middle_block.0"), ("mid_block.resnets.1", "middle_block.2")),
        ("up_blocks.0.upsamplers.0.conv", "output_blocks.2.1.conv"),
    ):
        if name.startswith(new + "."):
            name = old + name.removeprefix(new)
    found = re.match(r"(down|up)_blocks\.(\d)\.(resnets|attentions)\.(\d)", name)
    if found:
        way, block, kind, layer = found[1], int(found[2]), found[3], int(found[4])
        start = f"input_blocks.{1 + 3 * block + layer}" if way == "down" else f"output_blocks.{3 * block + layer}"
        name = f"{start}.{int(kind == 'attentions')}{name.removeprefix(found[0])}"
    if re.match(r"(input_blocks|output_blocks)\.\d\.0|middle_block\.[02]", name):
        for new, old in _RESNET:
            name = name.replace(f".{new}.", f".{old}.")
    return name


def _original_vae(name: str) -> str:
    """Name a weight of the tiny VAE as Stable Diffusion does."""
    found = re.search(r"(down|up)_blocks\.(\d)\.", name)
    if found:
        level = int(found[2]) if found[1] == "down" else len(VAE_WIDTHS) - 1 - int(found[2])
        name = name.replace(found[0], f"{found[1]}.{level}.")
    for pattern, old in (
        *((r"\.resnets\.", ".block."), (r"conv_shortcut", "nin_shortcut"), (r"(down|up)samplers\.0", r"\1sample")),
        *((r"mid_block\.attentions\.0", "mid.attn_1"), (r"conv_norm_out", "norm_out"), (r"group_norm", "norm")),
        *((r"to_out\.0", "proj_out"), (r"\.to_([qkv])\.", r".\1.")),
    ):
        name = re.sub(pattern, old, name)
    return re.sub(r"mid_block\.block\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", name)
