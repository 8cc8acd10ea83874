"""Weights in every form and under every name: checkpoints, motion modules with their samplers, motion LoRAs."""

from __future__ import annotations

import os
import shutil

import pytest
import torch
from tiny import ask, draw, make_adapter, make_lora, to_one_file, to_original_module

from animatediff_widget.engines.diffusers.catalog import BASE, CHECKPOINTS, MODULES, MOTION_LORAS, find_lora
from animatediff_widget.engines.diffusers.hub import weights_folder
from animatediff_widget.engines.diffusers.loading import make_scheduler
from animatediff_widget.errors import AnimateDiffError


@pytest.fixture
def at_home(weights):
    """Put the tiny model where weights of a repository are looked for, under any name."""

    def put(found, form) -> None:
        path = weights_folder() / found.repository / found.file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            return
        if form == "adapter" and found.file:
            shutil.copy(weights / "adapter" / "diffusion_pytorch_model.safetensors", path)
        elif form == "lora":
            make_lora(path if found.file else path / "diffusion_pytorch_model.safetensors", weights)
        elif form == "file":
            to_one_file(weights / "checkpoint", path)
        else:
            shutil.copytree(weights / form, path, dirs_exist_ok=True)

    return put


SCHEDULERS = {
    "mm_sd_v14": ("DDIM", [751, 501, 251, 1]),
    "mm_sd_v15": ("DDIM", [751, 501, 251, 1]),
    "mm_sd_v15_v2": ("DDIM", [751, 501, 251, 1]),
    "v3_sd15_mm": ("DDIM", [751, 501, 251, 1]),
    "animatediff_lightning_1step": ("EulerDiscrete", [999]),
    "animatediff_lightning_2step": ("EulerDiscrete", [999, 499]),
    "animatediff_lightning_4step": ("EulerDiscrete", [999, 749, 499, 249]),
    "animatediff_lightning_8step": ("EulerDiscrete", [999, 874, 749, 624, 499, 374, 249, 124]),
    "animatelcm": ("LCM", [999, 759, 499, 259]),
}


@pytest.mark.parametrize("name", MODULES)
def test_every_motion_module_has_the_sampler_that_it_was_made_for(name):
    module = MODULES[name]
    kind, times = SCHEDULERS[name]
    scheduler = make_scheduler(module.sampler)
    scheduler.set_timesteps(len(times))
    assert type(scheduler).__name__ == f"{kind}Scheduler"
    assert scheduler.timesteps.tolist() == times
    settings = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear", "steps_offset": 1}
    assert {key: scheduler.config[key] for key in settings} == settings
    assert scheduler.config.get("clip_sample", False) is False


@pytest.mark.parametrize("name", ["mm_sd_v15_v2.ckpt", "animatediff_lightning_2step", "AnimateLCM"])
def test_a_motion_module_is_found_by_its_name(engine, weights, at_home, name):
    module = MODULES[name.lower().removesuffix(".ckpt")]
    at_home(module.weights, "adapter")
    if module.lora:
        at_home(module.lora, "lora")
    low = {"steps": max(module.steps[0], 2), "guidance_scale": module.guidance[0]}
    clip, log = draw(engine, ask(weights, motion_module=name, **low))
    assert f"Motion module: {module.name} ({module.weights}), {SCHEDULERS[module.name.lower()][0]}Scheduler\n" in log
    plain, _ = draw(engine, ask(weights, **low))
    assert clip != plain or module.sampler == "ddim"


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_every_checkpoint_of_the_hosted_model_has_a_file(name):
    assert CHECKPOINTS[name].file.lower().startswith(name[:8])


def test_a_checkpoint_in_one_file_draws_as_its_folder_does(engine, weights, at_home, tmp_path):
    at_home(BASE, "checkpoint")
    at_home(CHECKPOINTS["toonyou_beta3"], "file")
    expected, _ = draw(engine, ask(weights))
    named, log = draw(engine, ask(weights, path="toonyou_beta3.safetensors"))
    assert named == expected
    assert "Checkpoint: guoyww/animatediff_t2i_backups/toonyou_beta3.safetensors\n" in log
    own = to_one_file(weights / "checkpoint", tmp_path / "own.ckpt")
    assert draw(engine, ask(weights, path=str(own)))[0] == expected


@pytest.mark.parametrize(("suffix", "positions", "mid_block"), [("ckpt", 24, False), ("safetensors", 32, True)])
def test_an_original_motion_module_draws_as_its_folder_does(engine, weights, tmp_path, suffix, positions, mid_block):
    folder = make_adapter(tmp_path / "adapter", positions=positions, mid_block=mid_block)
    file = to_original_module(folder, tmp_path / f"mine.{suffix}")
    clips = [draw(engine, ask(weights, motion_module=str(path)))[0] for path in (folder, file)]
    assert clips[0] == clips[1]
    with pytest.raises(AnimateDiffError, match=f"moves {positions} frames at most, not 33"):
        draw(engine, ask(weights, motion_module=str(file), extra_input={"num_frames": 33}))


def test_a_motion_lora_works_with_its_weight_and_goes_again(engine, weights, at_home):
    at_home(find_lora(MOTION_LORAS[0]), "lora")
    without, _ = draw(engine, ask(weights))
    clips = []
    for scale in (1.0, 0.5, 0.0):
        extra = {"motion_lora": "zoom-in", "motion_lora_scale": scale}
        clip, log = draw(engine, ask(weights, extra_input=extra))
        assert f"Motion LoRA: guoyww/animatediff-motion-lora-zoom-in, weight {scale:g}\n" in log
        clips.append(clip)
    assert len({clip.data for clip in clips}) == 3
    assert clips[2] == without
    long = {"motion_lora": "zoom-in", "num_frames": 10, "context_length": 8}
    windows = draw(engine, ask(weights, steps=1, extra_input=long))[0]
    assert windows != draw(engine, ask(weights, steps=1, extra_input={**long, "motion_lora": ""}))[0]
    assert draw(engine, ask(weights))[0] == without


def test_what_is_no_such_weights_is_refused_in_a_sentence(engine, weights, at_home, tmp_path):
    at_home(BASE, "checkpoint")
    junk = tmp_path / "junk.safetensors"
    junk.write_bytes(b"no tensors")
    (tmp_path / "empty").mkdir()
    program, run = tmp_path / "program.ckpt", tmp_path / "run"
    torch.save({"state_dict": _Program(run)}, program)
    expected, _ = draw(engine, ask(weights))
    lora = make_lora(tmp_path / "lora.safetensors", weights)
    for fields, sentence in (
        ({"path": str(junk)}, "junk.safetensors could not be read as what it should be"),
        ({"path": str(tmp_path / "empty")}, "empty has not all the files that are needed: tokenizer"),
        ({"path": str(tmp_path / "gone")}, "path names a file or folder that is not there"),
        ({"path": "toonyou_beta4"}, "toonyou_beta4. Choose one of toonyou_beta3.safetensors"),
        ({"motion_module": str(weights / "checkpoint" / "unet")}, "unet could not be read as what it should be"),
        ({"motion_module": str(lora)}, "lora.safetensors could not be read as what it should be: it has no"),
        ({"extra_input": {"motion_lora": str(junk)}}, "junk.safetensors could not be read"),
        ({"path": str(program)}, "program.ckpt could not be read"),
        ({"motion_module": str(program)}, "it has more in it than numbers, which could be a program, and is not run."),
        ({"extra_input": {"motion_lora": str(program)}}, "program.ckpt could not be read"),
    ):  # fmt: skip
        with pytest.raises(AnimateDiffError) as caught:
            draw(engine, ask(weights, **fields))
        assert sentence in str(caught.value)
        assert draw(engine, ask(weights))[0] == expected
    assert not run.exists()


class _Program:
    """In a pickle, it makes a folder when it is read."""

    def __init__(self, folder) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)
