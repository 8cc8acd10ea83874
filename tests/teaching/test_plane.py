"""The plane: everything on it against plain sums over its densities."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from animatediff_widget.teaching import Plane, add_noise, alpha_bars, timesteps

POINTS = np.array([[-2.0, 1.0], [0.3, -0.4], [2.2, 2.0]])


def density(plane: Plane, x: np.ndarray, a: float) -> np.ndarray:
    """Of each island, at noisy points, shape (..., n)."""
    variances = a * plane.spreads**2 + 1 - a
    rest = x[..., None, :] - np.sqrt(a) * plane.centers
    return np.exp(-0.5 * (rest**2 / variances).sum(axis=-1)) / np.sqrt(variances.prod(axis=-1))


@pytest.mark.parametrize("t", [20, 400, 900])
def test_the_guess_is_the_mean_of_all_clean_points_that_may_have_become_the_noisy_one(t):
    plane, a, x = Plane(), alpha_bars()[t], np.array([0.7, 0.2])
    across, up = np.meshgrid(np.linspace(-6, 6, 601), np.linspace(-4, 6, 501))
    clean = np.stack([across, up], axis=-1).reshape(-1, 2)
    how_likely = density(plane, clean, 1.0).sum(axis=1)
    how_likely *= np.exp(-0.5 * ((x - np.sqrt(a) * clean) ** 2).sum(axis=1) / (1 - a))
    guess = plane.denoise(x, t)
    np.testing.assert_allclose(guess.x0, how_likely @ clean / how_likely.sum(), atol=1e-6)
    islands = density(plane, x, a)
    np.testing.assert_allclose(guess.weights, islands / islands.sum(), atol=1e-12)


@pytest.mark.parametrize("t", [20, 400, 900])
def test_the_score_is_the_slope_of_the_logarithm_of_the_density(t):
    plane, a, h = Plane(), alpha_bars()[t], 1e-5

    def log(points: np.ndarray) -> np.ndarray:
        return np.log(density(plane, points, a).sum(axis=-1))

    slopes = [(log(POINTS + h * axis) - log(POINTS - h * axis)) / (2 * h) for axis in np.eye(2)]
    np.testing.assert_allclose(plane.score(POINTS, t), np.stack(slopes, axis=-1), atol=1e-6)


def test_islands_without_any_spread_are_a_data_set_of_points():
    a, x = alpha_bars()[300], np.array([0.1, 0.6])
    logs = -0.5 * ((x - np.sqrt(a) * POINTS) ** 2).sum(axis=1) / (1 - a)
    weights = np.exp(logs) / np.exp(logs).sum()
    guess = Plane(POINTS, 0).denoise(x, 300)
    np.testing.assert_allclose(guess.weights, weights)
    np.testing.assert_allclose(guess.x0, weights @ POINTS)


def test_many_points_are_denoised_as_one_by_one():
    plane = Plane()
    guess = plane.denoise(POINTS[None], 500, prompt=False)
    assert (guess.x0.shape, guess.weights.shape) == ((1, 3, 2), (1, 3, 2))
    assert guess.x0.dtype == guess.weights.dtype == np.float64
    np.testing.assert_allclose(guess.weights.sum(axis=-1), 1)
    np.testing.assert_array_equal(guess.x0[0, 1], plane.denoise(POINTS[1], 500, prompt=False).x0)


def test_a_step_is_ddim_with_guidance():
    plane, x, t, after = Plane(), np.array([0.5, -1.0]), 601, 441
    step = plane.step(x, t, after, guidance_scale=3.0)
    c, u = plane.denoise(x, t).x0, plane.denoise(x, t, prompt=False).x0
    a, b = alpha_bars()[[t, after]]
    x0 = u + 3 * (c - u)
    eps = (x - np.sqrt(a) * x0) / np.sqrt(1 - a)
    for part, expected in (
        (step.x, x),
        (step.conditional.x0, c),
        (step.unconditional.x0, u),
        (step.direction, c - u),
        (step.x0, x0),
        (step.eps, eps),
        (step.next, np.sqrt(b) * x0 + np.sqrt(1 - b) * eps),
    ):
        assert (part.shape, part.dtype) == ((2,), np.float64)
        np.testing.assert_allclose(part, expected, atol=1e-12)
    assert step.amounts["y"] == pytest.approx((c[1], u[1], x0[1]))
    np.testing.assert_array_equal(step.weights, step.conditional.weights)
    np.testing.assert_allclose(plane.step(x, t, guidance_scale=3.0).next, x0)


def test_a_trajectory_is_its_steps_one_after_the_other():
    plane, x = Plane(), np.array([0.4, -0.3])
    steps = plane.trajectory(x, steps=9, guidance_scale=2.5)
    assert [step.timestep for step in steps] == timesteps(9).tolist()
    assert [step.next_timestep for step in steps] == [*timesteps(9)[1:], None]
    for step in steps:
        np.testing.assert_allclose(step.x, x, atol=1e-12)
        single = plane.step(step.x, step.timestep, step.next_timestep, guidance_scale=2.5)
        np.testing.assert_allclose(single.next, step.next, atol=1e-12)
        x = step.next


def test_guidance_leads_further_up_and_narrows_what_comes_out():
    plane = Plane()
    heights = []
    for scale in (1, 2, 4):
        ways = [plane.trajectory(x, steps=25, guidance_scale=scale) for x in plane.noise(12, 3)]
        heights.append([steps[-1].next[1] for steps in ways])
    assert all(np.mean(after) > np.mean(before) + 0.3 for before, after in itertools.pairwise(heights))
    assert np.std(heights[0]) > np.std(heights[2])


def test_the_weights_start_even_and_end_with_one_island():
    steps = Plane().trajectory([0.1, -0.5], steps=25, guidance_scale=1.0)
    assert steps[0].weights.max() < 0.55
    assert 0.55 < steps[14].weights.max() < 0.95
    assert steps[-1].weights.max() > 0.99


def test_samples_and_noise_are_as_stated_and_come_again_with_their_seed():
    plane = Plane([[-2, 0], [2, 0]], [[0.1, 0.5]])
    points, noise = plane.sample(4000, 1), plane.noise(4000, 1)
    for array in (points, noise):
        assert (array.shape, array.dtype) == ((4000, 2), np.float64)
    np.testing.assert_array_equal(points, plane.sample(4000, 1))
    assert not np.array_equal(points, plane.sample(4000, 2))
    np.testing.assert_allclose([noise.mean(axis=0), noise.std(axis=0)], [[0, 0], [1, 1]], atol=0.06)
    right = points[points[:, 0] > 0]
    assert len(right) == pytest.approx(2000, abs=150)
    np.testing.assert_allclose([right.mean(axis=0), right.std(axis=0)], [[2, 0], [0.1, 0.5]], atol=0.03)


def test_noise_is_added_as_the_schedule_says():
    x0, noise = POINTS, Plane().noise(3, 5)
    for t in (0, 500, 999):
        expected = np.sqrt(alpha_bars()[t]) * x0 + np.sqrt(1 - alpha_bars()[t]) * noise
        np.testing.assert_array_equal(add_noise(x0, noise, t), expected)
    assert add_noise(POINTS, noise[0], 3).shape == (3, 2)


def test_the_schedule_is_the_engines():
    bars = alpha_bars()
    assert (bars.shape, bars.dtype) == ((1000,), np.float64)
    assert (bars[0], bars[-1]) == pytest.approx((0.99915, 0.00158), abs=1e-5)
    assert timesteps(25).dtype == np.int64
    assert timesteps(25)[:2].tolist() == [961, 921]
