"""Clips: the engine's own, to the last byte, and its denoiser against a sum over the pixels."""

from __future__ import annotations

import numpy as np
import pytest

from animatediff_widget.engines.pocket import PocketEngine
from animatediff_widget.teaching import Clips, add_noise, alpha_bars, timesteps

SIZE = 16 * 64 * 64 * 3 + 8


def test_the_last_step_is_what_the_engine_draws_for_that_request_and_seed(clips, request_):
    drawn = PocketEngine().run(request_, seed=7, log=lambda _: None, canceled=lambda: False).data
    steps = clips.trajectory(clips.start, steps=request_.steps, guidance_scale=request_.guidance_scale)
    assert clips.animation(steps[-1]).data == drawn
    assert (clips.animation(steps[-1]).seed, clips.request.prompt) == (7, request_.prompt)
    pixels = np.stack([np.asarray(frame)[::8, ::8] for frame in clips.animation(steps[-1].next).frames()])
    assert np.abs(pixels - 255 * clips.frames(steps[-1].next)).max() <= 0.5 + 1e-6
    ours = np.stack([np.asarray(frame)[::8, ::8] for frame in clips.animation(steps[-1]).frames()]).astype(int)
    assert np.abs(pixels - ours).max() <= 1


def test_ddim_written_out_over_whole_clips_goes_the_same_way(clips):
    x, visits, bars = clips.start, timesteps(3), alpha_bars()
    for step, t, b in zip(
        clips.trajectory(x, steps=3, guidance_scale=5.0), visits, [*bars[visits[1:]], 1], strict=True
    ):
        np.testing.assert_allclose(step.x, x, atol=1e-7)
        c, u = clips.denoise(x, t), clips.denoise(x, t, prompt=False)
        x0 = u.x0 + 5.0 * (c.x0 - u.x0)
        eps = (x - np.sqrt(bars[t]) * x0) / np.sqrt(1 - bars[t])
        x = np.sqrt(b) * x0 + np.sqrt(1 - b) * eps
        for part, expected in (
            (step.conditional.x0, c.x0),
            (step.unconditional.x0, u.x0),
            (step.direction, c.x0 - u.x0),
            (step.x0, x0),
            (step.eps, eps),
            (step.next, x),
        ):
            assert (part.shape, part.dtype) == ((SIZE,), np.float64)
            # The hidden numbers are up to 20000, so this is 1e-11 of them.
            np.testing.assert_allclose(part, expected, rtol=1e-10, atol=1e-6)
        np.testing.assert_allclose(step.weights, c.weights, atol=1e-9)
        assert step.weights.shape == (8,)


def test_the_denoiser_is_the_best_guess_over_the_amounts_of_a_composition(clips):
    # Where one composition is certain the amounts are Gaussian: their best guess is ridge regression on the pixels.
    t, rng = 300, np.random.default_rng(5)
    a = alpha_bars()[t]
    x = add_noise(clips.drawn(2), rng.standard_normal(SIZE), t)
    guess = clips.denoise(x, t)
    assert guess.weights[2] == pytest.approx(1)
    world = clips._world
    columns = clips._span.combined(world.ways[2])
    means, spreads = amounts_prior(clips, 2)
    precision = np.diag(spreads**-2) + a / (1 - a) * columns @ columns.T
    amounts = np.linalg.solve(precision, means / spreads**2 + np.sqrt(a) / (1 - a) * columns @ x)
    np.testing.assert_allclose(guess.x0[:-8], (amounts @ columns)[:-8], atol=1e-6)


def amounts_prior(clips: Clips, composition: int) -> tuple[np.ndarray, np.ndarray]:
    """Read a composition's means and standard deviations of the amounts off the mixture's covariance and centre."""
    mixture, ways = clips._world.conditional, clips._world.ways[composition]
    inverse = np.linalg.pinv(ways)
    means = mixture.centers[composition] @ inverse
    axes = mixture._axes[composition]
    return means, np.sqrt(np.diag(inverse.T @ axes.T @ axes @ inverse))


def test_a_drawn_composition_has_an_amount_of_one_of_everything(clips):
    point = clips.drawn(3)
    assert (point.shape, point.dtype) == ((SIZE,), np.float64)
    assert np.abs(point[:-8]).max() <= 0.5
    assert np.argmax(point[-8:]) == 3
    assert clips.denoise(add_noise(point, np.zeros(SIZE), 1), 1).weights[3] == pytest.approx(1)


def test_frames_are_what_their_shape_and_range_are_said_to_be(clips):
    frames = clips.frames(clips.start)
    assert (frames.shape, frames.dtype, frames.min(), frames.max()) == ((16, 64, 64, 3), np.float64, 0, 1)
    np.testing.assert_allclose(clips.frames(np.zeros(SIZE)), 0.5)
    assert clips.start.shape == (SIZE,) == (clips.size,)
    assert clips.start.std() == pytest.approx(1, abs=0.01)


def test_guidance_starts_above_what_is_drawn_and_comes_down_to_it(clips):
    steps = clips.trajectory(clips.start, steps=25, guidance_scale=7.5)
    assert tuple(steps[0].amounts) == clips.names
    assert {"light", "colour", "detail", "unwanted"} < set(clips.names)
    first, last = steps[0].amounts["colour"], steps[-1].amounts["colour"]
    assert first.unconditional < first.conditional < 1 < first.guided
    assert last.guided == pytest.approx(last.conditional, abs=0.05)
    assert first.guided == pytest.approx(first.unconditional + 7.5 * (first.conditional - first.unconditional))


def test_the_seed_is_the_requests_own_where_none_is_given(clips, request_):
    again = Clips(request_.copy(seed=7))
    np.testing.assert_array_equal(again.start, clips.start)
    assert again.request.seed == clips.request.seed == 7
