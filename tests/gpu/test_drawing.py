"""The diffusers engine: its clips, its log, and what it keeps, with a tiny random model on the CPU."""

from __future__ import annotations

import io
import threading

import diffusers
import pytest
import torch
from PIL import Image
from tiny import ask, draw, make_adapter, make_checkpoint

from animatediff_widget.engines import Canceled, Engine
from animatediff_widget.engines.diffusers import DiffusersEngine, decoding, loading
from animatediff_widget.engines.previews import Preview
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.media.formats import decode, encode_images
from animatediff_widget.model.prediction import Prediction


def test_a_clip_has_the_frames_that_were_asked_for(shared_engine, weights):
    assert isinstance(shared_engine, Engine)
    output, log = draw(shared_engine, ask(weights, extra_input={"num_frames": 6, "width": 72, "fps": 5}))
    image = Image.open(io.BytesIO(output.data))
    assert (image.format, image.size, image.n_frames, image.info["loop"]) == ("WEBP", (72, 64), 6, 0)
    assert (output.suffix, output.mime) == ("webp", "image/webp")
    frames, duration = decode(output.data, "webp")
    assert duration == 200
    assert len({frame.tobytes() for frame in frames}) == 6  # they move
    assert f"Checkpoint: {weights / 'checkpoint'}" in log
    assert str(weights / "adapter") in log


def test_a_video_is_made_where_nothing_else_is_asked_for(shared_engine, weights):
    request = ask(weights, extra_input={"fps": 10, "output_format": None})
    output, _ = draw(shared_engine, request)
    assert (output.suffix, output.mime) == ("mp4", "video/mp4")
    frames, duration = decode(output.data, "mp4")
    assert (len(frames), frames[0].size, duration) == (4, (64, 64), 100)


def bare_pipeline(weights):
    """Load as the documentation of diffusers does, with the hosted model's scheduler."""
    adapter = diffusers.MotionAdapter.from_pretrained(weights / "adapter")
    parts = {
        name: getattr(library, kind).from_pretrained(weights / "checkpoint" / name)
        for name, library, kind in (
            ("vae", diffusers, "AutoencoderKL"),
            ("unet", diffusers, "UNet2DConditionModel"),
            ("text_encoder", __import__("transformers"), "CLIPTextModel"),
            ("tokenizer", __import__("transformers"), "CLIPTokenizer"),
        )
    }
    scheduler = diffusers.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="linear", steps_offset=1, clip_sample=False
    )
    return diffusers.AnimateDiffPipeline(**parts, motion_adapter=adapter, scheduler=scheduler)


def test_the_frames_are_those_of_the_bare_pipeline(shared_engine, weights):
    request = ask(weights, n_prompt="rain", guidance_scale=6.0)
    frames = bare_pipeline(weights)(
        "a boat",
        negative_prompt="rain",
        num_frames=4,
        width=64,
        height=64,
        num_inference_steps=3,
        guidance_scale=6.0,
        generator=torch.Generator("cpu").manual_seed(7),
    ).frames[0]
    assert draw(shared_engine, request)[0].data == encode_images(frames, 125, "webp", quality=90)


def test_a_job_that_waits_for_the_one_before_it_can_be_canceled(engine, weights):
    canceled = []

    def log(text):  # called while the first job has its turn
        if not canceled:
            with pytest.raises(Canceled):
                draw(engine, ask(weights), canceled=lambda: True)
            canceled.append("the second job")

    engine.run(ask(weights), seed=7, log=log, canceled=lambda: False, preview=None)
    assert canceled


def test_the_same_request_and_seed_give_the_same_clip_and_another_seed_another(shared_engine, engine, weights):
    first, again, fresh = (draw(each, ask(weights))[0] for each in (shared_engine, shared_engine, engine))
    assert first == again == fresh
    assert draw(shared_engine, ask(weights), seed=8)[0] != first
    assert draw(shared_engine, ask(weights, guidance_scale=1.0))[0] != first


def test_the_log_says_each_step_and_the_seed(shared_engine, weights):
    steps: list[str] = []
    draw(shared_engine, ask(weights), log=steps)
    read = [Prediction.from_json({"logs": "".join(steps[: n + 1])}) for n in range(len(steps))]
    assert [step for step in dict.fromkeys((each.step, each.total) for each in read) if step[1]] == [
        (0, 3), (1, 3), (2, 3), (3, 3)
    ]  # fmt: skip
    assert read[-1].seed == 7


@pytest.mark.parametrize("looks", [3, 7, 9])
def test_a_job_stops_between_two_steps_and_within_one(shared_engine, weights, looks):
    asked, log = iter(range(100)), []
    with pytest.raises(Canceled):
        shared_engine.run(ask(weights), seed=7, log=log.append, canceled=lambda: next(asked) >= looks, preview=None)
    assert next(asked) == looks + 1  # it stopped at once
    assert draw(shared_engine, ask(weights))[0] == draw(shared_engine, ask(weights))[0]


def test_whoever_asks_sees_the_first_frame_as_it_stands(shared_engine, weights):
    sent: list[bytes] = []
    draw(shared_engine, ask(weights), preview=Preview(sent.append, clock=iter(range(1000)).__next__))
    assert len(sent) == 3
    pictures = [Image.open(io.BytesIO(data)) for data in sent]
    assert {picture.size for picture in pictures} == {(8, 8)}
    assert len(set(sent)) == 3


def test_a_sketch_has_the_colours_of_the_latents():
    latents = torch.zeros(1, 4, 2, 1, 2)
    latents[0, 0, 0, 0, 1] = 1.0
    left, right = decoding.sketch(latents)[0]
    assert left.tolist() == [128, 128, 128]
    assert right.tolist() == [round(127.5 + 127.5 * factor) for factor in (0.298, 0.207, 0.208)]
    assert decoding.sketch(latents.half() * 1e4).std() > 0


@pytest.fixture
def reads(monkeypatch):
    """What is read from the disk, in order."""
    done: list[str] = []
    for name in ("read_parts", "read_adapter"):
        real = getattr(loading, name)
        monkeypatch.setattr(
            loading, name, lambda path, *more, real=real: (done.append(path.name), real(path, *more))[1]
        )
    return done


def test_only_what_changed_is_loaded_anew(engine, weights, tmp_path, reads):
    make_adapter(tmp_path / "other", seed=1, positions=24, mid_block=False)
    make_checkpoint(tmp_path / "style", seed=1)
    clips = []
    for fields in (
        {},
        {"prompt": "a tree", "steps": 2},
        {"motion_module": str(tmp_path / "other")},
        {"motion_module": str(tmp_path / "other"), "path": str(tmp_path / "style")},
        {"path": str(tmp_path / "style")},
        {},
    ):
        clips.append(draw(engine, ask(weights, **fields))[0].data)
    assert reads == ["checkpoint", "adapter", "other", "style", "adapter", "checkpoint"]
    assert len(set(clips)) == 5
    assert clips[0] == clips[-1]


def idle_timers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "animatediff-idle"]


def test_memory_is_given_back_on_close_and_after_an_idle_time(weights, reads):
    of_others = idle_timers()
    engine = DiffusersEngine(device="cpu", idle_seconds=0.0)
    draw(engine, ask(weights))
    for timer in idle_timers():
        if timer not in of_others:
            timer.join(60)
    assert engine._models is None
    engine = DiffusersEngine(device="cpu")
    first = draw(engine, ask(weights))[0]
    engine.close()
    assert engine._models is None
    assert engine._timer is None
    assert draw(engine, ask(weights))[0] == first
    engine.close()
    assert reads == ["checkpoint", "adapter"] * 3


def test_a_long_clip_is_drawn_in_windows_and_the_next_one_whole(engine, weights):
    whole, _ = draw(engine, ask(weights))
    long, log = draw(engine, ask(weights, steps=1, extra_input={"num_frames": 34, "context_length": 16}))
    assert Image.open(io.BytesIO(long.data)).n_frames == 34
    assert "windows of 16 frames" in log
    assert draw(engine, ask(weights))[0] == whole
    short, log = draw(engine, ask(weights, extra_input={"context_length": 16}))
    assert short == whole
    assert "windows" not in log


def test_a_clip_longer_than_the_table_of_positions_is_refused(shared_engine, weights):
    with pytest.raises(AnimateDiffError, match=r"moves 32 frames at most, not 33.*context_length"):
        draw(shared_engine, ask(weights, extra_input={"num_frames": 33}))


def test_what_is_too_long_for_the_text_encoder_is_said(shared_engine, weights):
    _, log = draw(shared_engine, ask(weights, prompt="x " * 75 + "yz", n_prompt="rain", guidance_scale=1.0, steps=1))
    assert "Prompt, too long, so without effect: yz" in log
    assert "Negative prompt: without effect" in log
