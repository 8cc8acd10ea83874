"""What goes wrong on a GPU: half precision that overflows, and too little memory. Both are raised on purpose."""

from __future__ import annotations

import shutil

import diffusers
import pytest
import torch
from tiny import ask, draw, make_adapter

from animatediff_widget.engines.diffusers import DiffusersEngine, loading
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.media.formats import decode


def brightest(output) -> int:
    return max(high for frame in decode(output.data, output.suffix)[0] for _, high in frame.getextrema())


@pytest.fixture
def overflowing(weights, tmp_path):
    """A checkpoint whose VAE has numbers inside that half precision has not, and the same picture at the end."""
    folder = shutil.copytree(weights, tmp_path / "weights")
    vae = diffusers.AutoencoderKL.from_pretrained(folder / "checkpoint" / "vae")
    with torch.no_grad():
        vae.post_quant_conv.weight *= 1e5
        vae.post_quant_conv.bias *= 1e5
        vae.decoder.conv_in.weight /= 1e5
    vae.save_pretrained(folder / "checkpoint" / "vae")
    return folder


def test_where_half_precision_gives_no_picture_the_vae_decodes_again_in_single_precision(overflowing):
    engine = DiffusersEngine(device="cpu", dtype="float16")
    output, log = draw(engine, ask(overflowing))
    assert "Drawing on cpu in float16." in log
    assert "The VAE gave no picture in float16; it decodes again in float32.\n" in log
    assert brightest(output) > 50
    again, log = draw(engine, ask(overflowing))
    assert again == output
    assert "no picture" not in log  # it stays in single precision
    windows, _ = draw(engine, ask(overflowing, extra_input={"num_frames": 10, "context_length": 8}))
    assert brightest(windows) > 50
    engine.close()


def test_a_black_clip_is_decoded_again_too(weights, monkeypatch):
    real = diffusers.AutoencoderKL.decode

    def black_in_half(vae, latents, *more, **named):
        decoded = real(vae, latents, *more, **named)
        if vae.dtype != torch.float32:
            decoded.sample.fill_(-1.0)
        return decoded

    monkeypatch.setattr(diffusers.AutoencoderKL, "decode", black_in_half)
    engine = DiffusersEngine(device="cpu", dtype="bfloat16")
    output, log = draw(engine, ask(weights))
    assert "no picture in bfloat16" in log
    assert brightest(output) > 50
    engine.close()


def test_latents_that_are_no_numbers_are_one_sentence(shared_engine, weights, monkeypatch):
    monkeypatch.setattr(
        diffusers.UNetMotionModel, "forward", lambda unet, sample, *more, **named: _Sample(sample * float("nan"))
    )
    with pytest.raises(AnimateDiffError, match="numbers that are no picture, in float32"):
        draw(shared_engine, ask(weights))


class _Sample:
    def __init__(self, sample) -> None:
        self.sample = sample


@pytest.fixture
def small(monkeypatch):
    """Let the VAE decode so many frames at once."""
    real = diffusers.AutoencoderKL.decode
    tried: list[int] = []

    def limit(most: int) -> list[int]:
        def decode_few(vae, latents, *more, **named):
            tried.append(len(latents))
            if len(latents) > most:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return real(vae, latents, *more, **named)

        monkeypatch.setattr(diffusers.AutoencoderKL, "decode", decode_few)
        return tried

    return limit


def test_fewer_frames_are_decoded_at_once_where_the_memory_does_not_do(shared_engine, weights, small):
    request = ask(weights, steps=1, extra_input={"num_frames": 10})
    expected, _ = draw(shared_engine, request)
    tried = small(4)
    output, log = draw(shared_engine, request)
    assert tried == [10, 4, 4, 2]
    assert "There is not enough memory to decode all frames at once; now 4 at a time.\n" in log
    difference = [abs(a - b) for a, b in zip(_pixels(output), _pixels(expected), strict=True)]
    assert max(difference) <= 8  # other sums in another order, and a lossy file


def _pixels(output) -> list[int]:
    return [value for frame in decode(output.data, output.suffix)[0] for value in frame.tobytes()]


def test_then_each_part_is_on_the_gpu_only_while_it_works_and_no_step_is_drawn_twice(
    engine, weights, small, monkeypatch, tmp_path
):
    expected, _ = draw(engine, ask(weights))
    tried = small(0)

    def offload(models) -> bool:
        """Do what is done on a GPU, between the CPU and itself."""
        models._pipe.enable_model_cpu_offload(device=models.device)
        models.offloaded = True
        small(16)
        return True

    monkeypatch.setattr(loading.Models, "offload", offload)
    clip, log = draw(engine, ask(weights))
    assert tried == [4, 4, 1, 4]
    assert "again, with each part on the GPU only while it works" in log
    assert log.count("3/3") == 1
    assert clip == expected == draw(engine, ask(weights))[0]
    assert engine._models.offloaded
    make_adapter(tmp_path / "other", seed=1)
    draw(engine, ask(weights, motion_module=str(tmp_path / "other"), steps=1))
    assert not engine._models.offloaded  # another pipeline may do without
    assert draw(engine, ask(weights))[0] == expected


def test_then_a_sentence_says_what_to_lower(shared_engine, weights, small, monkeypatch):
    small(0)
    monkeypatch.setattr(loading.Models, "offload", lambda models: False)
    with pytest.raises(AnimateDiffError, match=r"not enough memory for 4 frames of 64x64. Lower num_frames"):
        draw(shared_engine, ask(weights))


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("MPS backend out of memory"), MemoryError()]
)
def test_the_same_while_it_draws(shared_engine, weights, monkeypatch, error):
    def fail(*args, **named):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(diffusers.UNetMotionModel, "forward", fail)
        with pytest.raises(AnimateDiffError, match="not enough memory"):
            draw(shared_engine, ask(weights))
    assert brightest(draw(shared_engine, ask(weights))[0]) > 50


def test_offloading_is_asked_of_a_gpu_alone(weights, monkeypatch):
    asked = []
    monkeypatch.setattr(
        diffusers.AnimateDiffPipeline, "enable_model_cpu_offload", lambda pipe, **how: asked.append(how)
    )
    models = loading.Models("cpu", torch.float32)
    assert not models.offload()
    models.device = "cuda"
    assert not models.offload()  # nothing is loaded
    models.device, models._pipe = "cuda", diffusers.AnimateDiffPipeline.__new__(diffusers.AnimateDiffPipeline)
    assert models.offload()
    assert not models.offload()  # it is so already
    assert asked == [{"device": "cuda"}]


def test_a_number_type_that_is_none_is_one_sentence(weights):
    with pytest.raises(AnimateDiffError, match="no number type float17"):
        draw(DiffusersEngine(device="cpu", dtype="float17"), ask(weights))


def test_a_device_that_can_hold_nothing_is_one_sentence(weights):
    with pytest.raises(AnimateDiffError, match="meta"):
        draw(DiffusersEngine(device="meta"), ask(weights))
