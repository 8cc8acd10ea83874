"""The pocket engine: its files, its log and its manners."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import pickle
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from drawing import EXAMPLE, NEGATIVE, TOON, ask, frames, run
from PIL import Image

from animatediff_widget.engines import Canceled, encoder
from animatediff_widget.engines.pocket import PocketEngine, world_of
from animatediff_widget.engines.previews import MAX_BYTES, Preview
from animatediff_widget.errors import InvalidRequest


def test_the_file_has_sixteen_frames_of_whole_blocks_and_loops():
    data, _ = run(ask(EXAMPLE, NEGATIVE))
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size, image.n_frames, image.info["loop"]) == ("WEBP", (512, 512), 16, 0)
    pixels = frames(data)
    blocks = pixels.reshape(16, 64, 8, 64, 8, 3)
    assert (blocks == blocks[:, :, :1, :, :1]).all()
    assert len(data) < 600_000
    image.seek(1)
    image.load()
    assert image.info["duration"] == 125


def test_the_webp_holds_the_sampled_clip_exactly():
    clip = np.random.default_rng(0).random((16, 64, 64, 3)).astype(np.float32)
    pixels = frames(encoder.encode(clip, "webp"))[:, ::8, ::8]
    np.testing.assert_array_equal(pixels, np.round(clip * 255))


def test_a_process_with_one_core_of_its_own_compresses_without_threads(monkeypatch):
    clip = np.random.default_rng(0).random((4, 8, 8, 3))
    whole = encoder.encode(clip, "webp")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(encoder, "ThreadPoolExecutor", None)
    assert encoder.encode(clip, "webp") == whole


def test_a_gif_comes_on_request():
    data, _ = run(ask("sea, moon", steps=4, extra_input={"output_format": "gif"}))
    webp, _ = run(ask("sea, moon", steps=4))
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size, image.n_frames, image.info["loop"]) == ("GIF", (512, 512), 16, 0)
    assert np.abs(frames(data) - frames(webp)).mean() < 4


@pytest.mark.parametrize("suffix", ["webp", "gif"])
def test_frames_that_do_not_change_are_kept(suffix):
    clip = np.full((16, 64, 64, 3), 0.5, dtype=np.float32)
    assert len(frames(encoder.encode(clip, suffix))) == 16


def test_another_output_format_is_refused_in_a_sentence():
    with pytest.raises(InvalidRequest, match="output_format must be one of webp / gif, not 'mp4'"):
        run(ask("sea", extra_input={"output_format": "mp4"}))


def test_what_it_declares_is_what_it_writes():
    declared, _ = PocketEngine.inputs
    assert declared.choices == tuple(encoder.SUFFIXES)


@pytest.fixture(scope="module")
def example_hash() -> str:
    return hashlib.sha256(run(ask(EXAMPLE, "night", steps=6))[0]).hexdigest()


def hash_elsewhere(**variables: str) -> str:
    """Draw the same in another process."""
    code = (
        "import hashlib\n"
        "from animatediff_widget.model.request import AnimateDiffRequest as R\n"
        "from animatediff_widget.engines.pocket import PocketEngine\n"
        f"r = R(prompt={EXAMPLE!r}, n_prompt='night', steps=6, path={TOON!r}, motion_module='mm_sd_v14')\n"
        "o = PocketEngine().run(r, seed=1, log=lambda t: None, canceled=lambda: False)\n"
        "import sys; sys.stdout.write(hashlib.sha256(o.data).hexdigest())\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **variables}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout


def test_the_same_request_gives_the_same_bytes_in_another_process_with_more_threads(example_hash):
    assert hashlib.sha256(run(ask(EXAMPLE, "night", steps=6))[0]).hexdigest() == example_hash
    assert hash_elsewhere(PYTHONHASHSEED="77", OPENBLAS_NUM_THREADS="4") == example_hash


def test_an_older_processor_and_one_thread_give_the_same_bytes(example_hash):
    """Both libraries choose their loops by processor, which add in another order and round differently."""
    multiarray = np._core._multiarray_umath if hasattr(np, "_core") else np.core._multiarray_umath
    assert hash_elsewhere(
        NPY_DISABLE_CPU_FEATURES=" ".join(multiarray.__cpu_dispatch__),
        OPENBLAS_CORETYPE="Prescott",
        OPENBLAS_NUM_THREADS="1",
    ) == example_hash  # fmt: skip


def test_seeds_differ():
    clips = [frames(run(ask("a house on a hill", steps=8), seed)[0]) for seed in (1, 2, 3)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(clips[one] - clips[other]).mean() > 5


# Manners


def test_the_log_reads_like_the_real_models():
    _, log = run(ask(EXAMPLE, NEGATIVE, steps=25), seed=255224557)
    assert log.startswith("Using seed: 255224557\n")
    assert "pocket model (drawn world, offline)" in log
    assert "AnimateDiff" not in log
    counts = [int(count) for count in re.findall(r"\r *\d+%\|.{10}\| (\d+)/25 \[", log)]
    assert sorted(set(counts)) == list(range(26))
    assert log.endswith("\n")


def test_unknown_words_are_listed_in_the_log():
    _, log = run(ask("a zeppelin over the sea, 恐龙", NEGATIVE, steps=1))
    unknown = [line for line in log.splitlines() if "unknown words" in line]
    assert len(unknown) == 2
    assert "zeppelin" in unknown[0]
    assert "恐龙" in unknown[0]
    assert "sea" not in unknown[0]
    for word in NEGATIVE.split(", "):
        assert word in unknown[1]


def test_the_log_says_what_was_understood():
    _, log = run(ask("a boat on the sea, masterpiece", "night", steps=1))
    assert "Prompt, drawn: boat, sea\n" in log
    assert "Prompt, praise, so a little more of everything but light: masterpiece\n" in log
    assert "Negative prompt, kept away from: night\n" in log
    assert "no word in it is known" in run(ask("zeppelin", steps=1))[1]


def test_progress_comes_step_by_step():
    lines: list[str] = []
    PocketEngine().run(ask("sea", steps=9), seed=1, log=lines.append, canceled=lambda: False)
    for step in range(1, 10):
        assert sum(f" {step}/9 [" in line for line in lines) >= 1
        assert not any(f" {step}/9 [" in line and f" {step + 1}/9 [" in line for line in lines)


def test_a_picture_comes_out_of_noise_and_costs_the_clip_nothing():
    sent: list[bytes] = []
    seconds = itertools.count()
    request = ask("a boat on the sea", steps=12)
    output = PocketEngine().run(
        request, seed=1, log=lambda _: None, canceled=lambda: False, preview=Preview(sent.append, lambda: next(seconds))
    )
    assert output.data == run(request)[0]
    pictures = [np.asarray(Image.open(io.BytesIO(data)), np.int16) for data in sent]
    assert len(pictures) == 13
    roughness = [float(abs(np.diff(picture[::8, ::8], axis=0)).mean()) for picture in pictures]
    assert roughness[0] > 50
    assert roughness[-1] < 20
    assert abs(pictures[-1] - frames(output.data)[0]).mean() < 2
    assert max(map(len, sent)) <= MAX_BYTES


def test_steps_can_take_their_time_and_are_canceled_all_the_same():
    lines: list[str] = []
    looks = itertools.count()
    with pytest.raises(Canceled):
        PocketEngine().run(
            ask("sea", steps=50, extra_input={"step_seconds": 5}),
            seed=1,
            log=lines.append,
            canceled=lambda: any(" 1/50 [" in line for line in lines) and next(looks) > 2,
        )
    assert not any(" 2/50 [" in line for line in lines)
    with pytest.raises(InvalidRequest, match="step_seconds must be a number from 0 to 5"):
        run(ask("sea", extra_input={"step_seconds": 60}))


def test_no_thread_is_left_behind():
    before = set(threading.enumerate())
    run(ask("sea", steps=2))
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("after", [1, 4])
def test_cancel_takes_effect_within_a_step(after):
    lines: list[str] = []
    with pytest.raises(Canceled):
        PocketEngine().run(
            ask("sea", steps=50),
            seed=1,
            log=lines.append,
            canceled=lambda: any(f" {after}/50 [" in line for line in lines),
        )
    assert f" {after}/50 [" in "".join(lines)
    assert f" {after + 1}/50 [" not in "".join(lines)


def test_cancel_takes_effect_while_the_world_is_painted():
    asked = []

    def canceled() -> bool:
        asked.append(True)
        return len(asked) > 3

    lines: list[str] = []
    with pytest.raises(Canceled):
        PocketEngine().run(ask("sea"), seed=1, log=lines.append, canceled=canceled)
    assert len(asked) == 4
    assert "%|" not in "".join(lines)


def test_an_unknown_checkpoint_and_motion_module_fall_back_and_say_so():
    data, log = run(ask("sea", steps=2, path="my_own.safetensors", motion_module="mm_other"))
    assert re.search(r"my_own.*default", log)
    assert re.search(r"mm_other.*default", log)
    assert data == run(ask("sea", steps=2))[0]


@pytest.mark.parametrize(("steps", "scale"), [(1, 1), (1, 10), (100, 1), (100, 10)])
def test_the_whole_range_of_steps_and_guidance_works(steps, scale):
    assert len(frames(run(ask("winter, 1girl", "night", steps=steps, guidance_scale=scale))[0])) == 16


@pytest.mark.parametrize("prompt", ["", "zeppelin", "()", ", , ,", "1" * 500])
def test_a_prompt_without_a_known_word_still_gives_a_picture(prompt):
    data, _ = run(ask(prompt, steps=2))
    assert frames(data).std() > 10


def test_a_world_is_painted_once_for_jobs_that_differ_in_steps_and_guidance_alone(monkeypatch):
    painted = []

    def paint(request, seed, **more):
        painted.append(request.prompt)
        return world_of(request, seed, **more)

    monkeypatch.setattr("animatediff_widget.engines.pocket.world_of", paint)
    engine = PocketEngine()

    def draw(seed=3, **fields):
        request = ask("a boat on the sea", **fields)
        return engine.run(request, seed=seed, log=lambda text: None, canceled=lambda: False).data

    kept = [draw(steps=2), draw(steps=4, guidance_scale=2.0), draw(steps=2)]
    assert len(painted) == 1
    assert len(pickle.dumps(engine)) < 1000  # a copy for another process takes none along
    engine.close()
    assert [draw(steps=2), draw(steps=4, guidance_scale=2.0)] == kept[:2]
    assert kept[2] == kept[0]
    assert len(painted) == 2
    draw(seed=4), draw(n_prompt="boat"), draw(path="lyriel_v16.safetensors"), draw(motion_module="mm_sd_v15_v2")
    assert len(painted) == 6
