"""The sampler: its formulas, and what steps, guidance and a negative prompt do to a world of clips."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from drawing import ask

from animatediff_widget.engines import diffusion
from animatediff_widget.engines.pocket import MATCHING, RANDOM, build_world, to_clip


def sample(data: np.ndarray, matching: int, seed: int, steps: int, scale: float) -> np.ndarray:
    noise = np.random.default_rng([seed, 3]).standard_normal(data.shape[1], dtype=np.float32)
    *_, point = diffusion.ddim(noise, data, matching, steps=steps, guidance_scale=scale)
    return point


def logs(x: np.ndarray, a: float, data: np.ndarray) -> np.ndarray:
    return diffusion.log_likelihoods(data @ x, (data**2).sum(axis=1), a)


def denoise(x: np.ndarray, a: float, data: np.ndarray) -> np.ndarray:
    return diffusion.posterior(logs(x, a, data)) @ data


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
    np.testing.assert_allclose(denoise(x, a, data), expected, rtol=1e-12)


def test_the_denoiser_does_not_overflow_when_hardly_any_noise_is_left():
    data = np.array([[1e3, 0.0], [0.0, 1e3]])
    np.testing.assert_allclose(denoise(np.array([900.0, 0.0]), 1 - 1e-9, data), data[0])


@pytest.mark.parametrize("scale", [1.0, 2.5, 10.0])
def test_guidance_is_the_unconditional_guess_plus_the_scaled_difference(scale):
    rng = np.random.default_rng(1)
    data, x, a = rng.normal(size=(6, 9)), rng.normal(size=9), 0.4
    both, matching = denoise(x, a, data), denoise(x, a, data[:2])
    weights = diffusion.guided_weights(logs(x, a, data), 2, scale)
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
        everything, matching = denoise(x, a, data), denoise(x, a, data[:3])
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


@pytest.mark.parametrize("seeds", [3, pytest.param(8, marks=pytest.mark.slow)])
def test_more_steps_come_nearer_to_a_world_that_matches(seeds):
    gaps = []
    for seed in range(1, seeds + 1):
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


def has_tree(scene) -> bool:
    return "tree" in scene.things


def is_night(scene) -> bool:
    return scene.time == "night"


@pytest.mark.parametrize(
    ("prompt", "negative", "has", "seeds"),
    [
        # Seeds whose clip shows what the word says, as long as the negative prompt is empty.
        ("hills", "tree", has_tree, (0, 5, 6)),
        ("sea", "night", is_night, (8, 10, 12)),
        pytest.param("hills", "tree", has_tree, range(14), marks=pytest.mark.slow),
        pytest.param("sea", "night", is_night, range(14), marks=pytest.mark.slow),
    ],
)
def test_a_negative_word_gets_rarer(prompt, negative, has, seeds):
    without = with_it = 0
    for seed in seeds:
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
