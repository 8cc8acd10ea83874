"""The pocket engine: its mathematics, its words, its pictures and its manners."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import re
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("tqdm")

from animatediff_widget.engines import Canceled, diffusion, encoder
from animatediff_widget.engines.painter import (
    LEXICON,
    MOTIONS,
    STYLES,
    Workshop,
    compose,
    paint,
    random_tags,
    read,
)
from animatediff_widget.engines.pocket import MATCHING, RANDOM, PocketEngine, build_world, to_clip
from animatediff_widget.model.request import AnimateDiffRequest

EXAMPLE = (
    "masterpiece, best quality, 1girl, solo, cherry blossoms, hanami, pink flower, white flower, spring season, "
    "wisteria, petals, flower, plum blossoms, outdoors, falling petals, white hair, black eyes"
)
NEGATIVE = (
    "badhandv4, easynegative, ng_deepnegative_v1_75t, verybadimagenegative_v1.3, bad-artist, bad_prompt_version2-neg, "
    "teeth"
)
TOON = "toonyou_beta3.safetensors"


def ask(prompt: str, n_prompt: str = "", **fields: object) -> AnimateDiffRequest:
    return AnimateDiffRequest(
        prompt=prompt, n_prompt=n_prompt, **{"path": TOON, "motion_module": "mm_sd_v14", **fields}
    )


def run(request: AnimateDiffRequest, seed: int = 1) -> tuple[bytes, str]:
    lines: list[str] = []
    output = PocketEngine().run(request, seed=seed, log=lines.append, canceled=lambda: False)
    return output.data, "".join(lines)


def frames(data: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(data))
    out = []
    for index in range(image.n_frames):
        image.seek(index)
        out.append(np.asarray(image.convert("RGB"), dtype=np.int16))
    return np.stack(out)


def sample(data: np.ndarray, matching: int, seed: int, steps: int, scale: float) -> np.ndarray:
    noise = np.random.default_rng([seed, 3]).standard_normal(data.shape[1], dtype=np.float32)
    *_, point = diffusion.ddim(noise, data, matching, steps=steps, guidance_scale=scale)
    return point


def painted(scene, style: str = "toonyou_beta3", motion: str = "mm_sd_v14") -> np.ndarray:
    return np.clip(paint(scene, Workshop(STYLES[style], MOTIONS[motion])), 0, 1)


# The mathematics


def test_the_schedule_is_the_scaled_linear_one():
    bars = diffusion.alpha_bars()
    assert bars.shape == (1000,)
    assert bars[0] == pytest.approx(1 - 0.00085)
    assert bars[-1] == pytest.approx(0.00466, abs=1e-5)
    assert np.all(np.diff(bars) < 0)


@pytest.mark.parametrize("steps", [1, 2, 7, 25, 100])
def test_timesteps_start_in_pure_noise_and_fall(steps):
    visits = diffusion.timesteps(steps)
    assert len(visits) == steps
    assert visits[0] == 999
    assert np.all(np.diff(visits) < 0)
    assert visits[-1] >= 0


def test_the_denoiser_is_the_posterior_mean():
    rng = np.random.default_rng(0)
    data, x, a = rng.normal(size=(5, 7)), rng.normal(size=7), 0.3
    density = np.array([np.exp(-np.sum((x - np.sqrt(a) * d) ** 2) / (2 * (1 - a))) for d in data])
    expected = (density / density.sum()) @ data
    np.testing.assert_allclose(diffusion.denoise(x, a, data), expected, rtol=1e-12)


def test_the_denoiser_does_not_overflow_when_hardly_any_noise_is_left():
    data = np.array([[1e3, 0.0], [0.0, 1e3]])
    np.testing.assert_allclose(diffusion.denoise(np.array([900.0, 0.0]), 1 - 1e-9, data), data[0])


@pytest.mark.parametrize("scale", [1.0, 2.5, 10.0])
def test_guidance_is_the_unconditional_guess_plus_the_scaled_difference(scale):
    rng = np.random.default_rng(1)
    data, x, a = rng.normal(size=(6, 9)), rng.normal(size=9), 0.4
    both, matching = diffusion.denoise(x, a, data), diffusion.denoise(x, a, data[:2])
    weights = diffusion.guided_weights(diffusion.log_likelihoods(x, a, data), 2, scale)
    np.testing.assert_allclose(weights @ data, both + scale * (matching - both), rtol=1e-9, atol=1e-12)


def test_a_ddim_step_follows_the_formula():
    rng = np.random.default_rng(2)
    x, x0, a, b = rng.normal(size=4), rng.normal(size=4), 0.2, 0.7
    eps = (x - np.sqrt(a) * x0) / np.sqrt(1 - a)
    np.testing.assert_allclose(diffusion.ddim_step(x, x0, a, b), np.sqrt(b) * x0 + np.sqrt(1 - b) * eps)
    np.testing.assert_allclose(diffusion.ddim_step(x, x0, a, 1.0), x0)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_sampling_is_denoising_guidance_and_ddim_step_after_step(scale):
    rng = np.random.default_rng(3)
    data, x, bars = rng.normal(size=(6, 40)) * 0.2, rng.normal(size=40), diffusion.alpha_bars()
    visits = diffusion.timesteps(9)
    points = list(diffusion.ddim(x, data, 3, steps=9, guidance_scale=scale))
    for index, step in enumerate(visits):
        a, b = bars[step], bars[visits[index + 1]] if index < 8 else 1.0
        everything, matching = diffusion.denoise(x, a, data), diffusion.denoise(x, a, data[:3])
        x = diffusion.ddim_step(x, everything + scale * (matching - everything), a, b)
        np.testing.assert_allclose(points[index], x, atol=1e-6)
    assert len(points) == 9


@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_an_impossible_number_of_steps_is_refused(steps):
    with pytest.raises(ValueError, match="steps"):
        diffusion.timesteps(steps)


# What the sliders do


@pytest.fixture(scope="module", params=[1, 2, 3])
def world(request):
    return request.param, build_world(ask("a boat on the sea"), request.param)


def nearest(point: np.ndarray, data: np.ndarray) -> float:
    """Distance to the nearest row, root mean square, where 1 is from black to white."""
    gap = min(float(np.mean((to_clip(point) - to_clip(row)) ** 2)) for row in data)
    return gap**0.5


def test_more_steps_come_nearer_to_a_world_that_matches():
    gaps = []
    for seed in range(1, 9):
        drawn = build_world(ask("a boat on the sea"), seed)
        points = [sample(drawn.data, drawn.matching, seed, steps, 7.5) for steps in (1, 2, 4, 8, 25)]
        gaps.append([nearest(point, drawn.data[:MATCHING]) for point in points])
    one, two, four, eight, many = np.mean(gaps, axis=0)
    assert one > 1.8 * two > 0
    assert two > 1.5 * four
    assert four > 2 * eight
    assert max(gap[-1] for gap in gaps) < 1 / 255
    assert many <= eight


def test_one_step_with_strong_guidance_burns_out(world):
    seed, drawn = world
    burnt = to_clip(sample(drawn.data, drawn.matching, seed, 1, 7.5))
    crisp = to_clip(sample(drawn.data, drawn.matching, seed, 25, 7.5))
    saturated = [np.mean((clip < 0.002) | (clip > 0.998)) for clip in (burnt, crisp)]
    assert saturated[0] > 0.3
    assert saturated[0] > 3 * saturated[1]


def test_guidance_leads_steadily_away_from_the_unconditional_mean(world):
    seed, drawn = world
    mean = drawn.data.mean(axis=0)
    gaps = [
        float(np.linalg.norm(sample(drawn.data, drawn.matching, seed, 1, scale) - mean)) for scale in (1, 2, 4, 7, 10)
    ]
    assert all(after > 1.2 * before for before, after in itertools.pairwise(gaps))


def test_guidance_one_with_one_step_is_a_blur_of_what_matches(world):
    seed, drawn = world
    blur = to_clip(sample(drawn.data, drawn.matching, seed, 1, 1.0))
    sharp = [to_clip(row) for row in drawn.data[:MATCHING]]
    edges = [float(np.abs(np.diff(clip, axis=2)).mean()) for clip in (blur, *sharp)]
    assert edges[0] < 0.75 * np.mean(edges[1:])


@pytest.mark.parametrize(
    ("prompt", "negative", "has"),
    [
        ("hills", "tree", lambda scene: "tree" in scene.things),
        ("sea", "night", lambda scene: scene.time == "night"),
    ],
)
def test_a_negative_word_gets_rarer(prompt, negative, has):
    without = with_it = 0
    for seed in range(14):
        drawn = build_world(ask(prompt, negative), seed)
        for data in (drawn.data[: MATCHING + RANDOM], drawn.data):
            point = sample(data, drawn.matching, seed, 8, 7.5)
            closest = int(np.argmin(((data - point) ** 2).sum(axis=1)))
            if len(data) == len(drawn.data):
                with_it += has(drawn.scenes[closest])
            else:
                without += has(drawn.scenes[closest])
    assert without >= 3
    assert with_it <= without / 2


def test_a_negative_prompt_only_adds_clips():
    plain, spoiled = build_world(ask("sea"), 5), build_world(ask("sea", "night"), 5)
    np.testing.assert_array_equal(plain.data, spoiled.data[: MATCHING + RANDOM])
    assert len(spoiled.data) > len(plain.data)
    assert all(scene.time == "night" for scene in spoiled.scenes[MATCHING + RANDOM :])


# Words


def test_at_least_thirty_words_are_known_in_both_languages():
    english = {LEXICON[word] for word in LEXICON if word.isascii()}
    chinese = {LEXICON[word] for word in LEXICON if not word.isascii()}
    assert len(english & chinese) >= 30
    assert english == chinese


def test_every_word_is_read_as_what_it_means():
    for word, tag in LEXICON.items():
        assert (word, read(word).tags, read(word).unknown) == (word, {tag}, ())
        assert read(f"({word.upper()}:1.3)").tags == {tag}


def without(scene, tag: str):
    """The same scene without what the tag says."""
    kind, _, value = tag.partition(":")
    if kind in ("time", "season"):
        other = {"day": "night", "spring": "winter"}.get(value, "day" if kind == "time" else "spring")
        return replace(scene, **{kind: other})
    figure = scene.figure
    if kind in ("girl", "boy", "figure"):
        return replace(scene, figure=None)
    if value in ("long", "short"):
        return replace(scene, figure=replace(figure, long=value != "long"))
    if kind in ("hair", "eyes", "dress"):
        return replace(scene, figure=replace(figure, **{kind: "green" if value != "green" else "red"}))
    if kind in ("kimono", "hat", "umbrella", "smile"):
        return replace(scene, figure=replace(figure, extras=figure.extras - {kind}))
    if value:
        colored = "flower" if kind == "rose" else kind
        assert value in scene.colors[colored]
        return replace(scene, colors={**scene.colors, colored: "green" if value != "green" else "red"})
    assert kind in scene.things
    return replace(scene, things=scene.things - {kind})


@pytest.mark.parametrize("tag", sorted(set(LEXICON.values())))
def test_every_word_shows_in_the_picture(tag):
    for seed in (1, 2):
        scene = compose({tag}, (seed,))
        change = np.abs(painted(scene) - painted(without(scene, tag)))
        # At the least an iris: a dozen pixels in most of the frames, or as much of something else.
        assert (change.max(axis=-1) > 0.08).sum() >= 60


def test_every_visual_word_of_the_example_is_known():
    reading = read(EXAMPLE)
    assert reading.unknown == ()
    assert set(reading.without_effect) == {"masterpiece", "best quality"}
    figure = compose(reading.tags, (1,)).figure
    assert (figure.kind, figure.hair, figure.eyes) == ("girl", "white", "black")
    assert {"cherry", "plum", "wisteria", "flowers", "petals", "hills"} <= compose(reading.tags, (1,)).things


@pytest.mark.parametrize(
    ("prompt", "tags"),
    [
        ("A boat on the sea, under the moon!", {"boat", "sea", "moon"}),
        ("(white hair:1.2), ((smile)), [cherry_blossoms]", {"hair:white", "smile", "cherry"}),
        ("月亮下的海上有一条小船", {"moon", "sea", "boat"}),
        ("樱花,白色的头发,黑眼睛,一个女孩", {"cherry", "hair:white", "eyes:black", "girl"}),
        ("a girl with long white hair", {"girl", "hair:white", "hair:long"}),
        ("黑色长发的少女", {"girl", "hair:black", "hair:long"}),
        ("SUNSET over Mountains", {"time:sunset", "mountain"}),
    ],
)
def test_prompts_are_read_in_many_forms(prompt, tags):
    reading = read(prompt)
    assert reading.tags == tags
    assert reading.unknown == ()


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
    assert "without effect here: masterpiece\n" in log
    assert "Negative prompt, kept away from: night\n" in log
    assert "no word in it is known" in run(ask("zeppelin", steps=1))[1]


# Pictures


def test_the_five_checkpoints_look_different():
    scene = compose(read(EXAMPLE).tags, (3,))
    clips = {name: painted(scene, name) for name in STYLES}
    assert len(clips) == 5
    names = list(clips)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            assert np.abs(clips[one] - clips[other]).mean() > 0.04, (one, other)
            # Not the palette alone: with equal means and spreads they still differ.
            equal = [(clips[n] - clips[n].mean((0, 1, 2))) / clips[n].std((0, 1, 2)) for n in (one, other)]
            assert np.abs(equal[0] - equal[1]).mean() > 0.1, (one, other)


def test_the_three_motion_modules_move_differently():
    scene = compose(read(EXAMPLE).tags, (3,))
    clips = [painted(scene, motion=name) for name in MOTIONS]
    assert len(clips) == 3
    # The backdrop: still, carried sideways, or magnified.
    moves = [float(np.abs(np.diff(clip, axis=0)).mean()) for clip in clips]
    assert min(moves[1:]) > 1.2 * moves[0] > 0
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(clips[one] - clips[other]).mean() > 0.03


@pytest.mark.parametrize("motion", sorted(MOTIONS))
@pytest.mark.parametrize(
    "prompt", [EXAMPLE, "sea, boat, moon, fireworks", "snow, house, night", "rain, city", "leaves"]
)
def test_a_clip_loops_without_a_seam(prompt, motion):
    clip = painted(compose(read(prompt).tags, (4,)), motion=motion)
    steps = np.abs(clip - np.roll(clip, 1, axis=0)).mean(axis=(1, 2, 3))
    assert steps[1:].min() > 0
    assert steps[0] <= 1.25 * steps[1:].max()


def test_night_is_darker_than_day():
    for prompt in ("sea", "hills", "city, 1girl"):
        day, night = (painted(compose(read(f"{prompt}, {hour}").tags, (2,))).mean() for hour in ("day", "night"))
        assert night < 0.7 * day


def test_sprites_from_the_shelf_change_no_picture():
    warm = Workshop(STYLES["rcnzCartoon3d_v10"], MOTIONS["mm_sd_v15"])
    scenes = [compose(random_tags(np.random.default_rng(k)), (k,)) for k in range(24)]
    for scene in scenes:
        paint(scene, warm)
    for scene in scenes:
        np.testing.assert_array_equal(paint(scene, warm), paint(scene, Workshop(warm.style, warm.motion)))


# Files


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


@pytest.mark.parametrize("asked", ["gif", "GIF"])
def test_a_gif_comes_on_request(asked):
    data, _ = run(ask("sea, moon", steps=4, extra_input={"output_format": asked}))
    webp, _ = run(ask("sea, moon", steps=4))
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size, image.n_frames, image.info["loop"]) == ("GIF", (512, 512), 16, 0)
    assert np.abs(frames(data) - frames(webp)).mean() < 4


@pytest.mark.parametrize("suffix", ["webp", "gif"])
def test_frames_that_do_not_change_are_kept(suffix):
    clip = np.full((16, 64, 64, 3), 0.5, dtype=np.float32)
    assert len(frames(encoder.encode(clip, suffix))) == 16


def test_another_output_format_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match=r"webp.*gif.*mp4"):
        run(ask("sea", extra_input={"output_format": "mp4"}))


def test_the_same_request_gives_the_same_bytes_in_another_process():
    here = hashlib.sha256(run(ask(EXAMPLE, "night", steps=6))[0]).hexdigest()
    assert hashlib.sha256(run(ask(EXAMPLE, "night", steps=6))[0]).hexdigest() == here
    code = (
        "import hashlib\n"
        "from animatediff_widget.model.request import AnimateDiffRequest as R\n"
        "from animatediff_widget.engines.pocket import PocketEngine\n"
        f"r = R(prompt={EXAMPLE!r}, n_prompt='night', steps=6, path={TOON!r}, motion_module='mm_sd_v14')\n"
        "o = PocketEngine().run(r, seed=1, log=lambda t: None, canceled=lambda: False)\n"
        "import sys; sys.stdout.write(hashlib.sha256(o.data).hexdigest())\n"
    )
    env = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)}
    there = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert there.stdout == here


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


def test_progress_comes_step_by_step():
    lines: list[str] = []
    PocketEngine().run(ask("sea", steps=9), seed=1, log=lines.append, canceled=lambda: False)
    for step in range(1, 10):
        assert sum(f" {step}/9 [" in line for line in lines) >= 1
        assert not any(f" {step}/9 [" in line and f" {step + 1}/9 [" in line for line in lines)


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
