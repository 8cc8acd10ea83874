"""The mathematics: each formula against one that is longer, slower and plainly right."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from animatediff_widget.engines import diffusion
from animatediff_widget.engines.diffusion import Mixture

DIMS, ATOMS, COLUMNS, COMPONENTS = 20, 6, 3, 4


class Example:
    """Four components of rank three in twenty dimensions, one column of them without any spread."""

    def __init__(self, seed: int = 0, wider: float = 1.0, shift: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        self.atoms = rng.normal(size=(ATOMS, DIMS))
        self.gram = self.atoms @ self.atoms.T
        self.ways = rng.normal(size=(COMPONENTS, COLUMNS, ATOMS))
        self.means = rng.normal(size=(COMPONENTS, COLUMNS)) + shift
        self.spreads = rng.uniform(0.1, 0.6, (COMPONENTS, COLUMNS)) * wider
        self.spreads[0, 1] = 0.0
        self.mixture = Mixture(self.ways, self.means, self.spreads, self.gram)

    def log_densities(self, x: np.ndarray, a: float) -> np.ndarray:
        """Of a noisy point, for each component, with covariances as full matrices."""
        logs = []
        for ways, means, spreads in zip(self.ways, self.means, self.spreads, strict=True):
            columns = (ways @ self.atoms).T
            covariance = a * (columns * spreads**2) @ columns.T + (1 - a) * np.eye(DIMS)
            rest = x - np.sqrt(a) * columns @ means
            logs.append(-0.5 * np.linalg.slogdet(covariance)[1] - 0.5 * rest @ np.linalg.solve(covariance, rest))
        return np.array(logs)

    def denoise(self, x: np.ndarray, a: float) -> np.ndarray:
        """The denoiser in the data space itself."""
        return self.mixture.denoise(self.atoms @ x, a).point @ self.atoms


# The schedule


def test_the_schedule_is_the_linear_one():
    bars = diffusion.alpha_bars()
    assert bars.shape == (1000,)
    assert bars[0] == pytest.approx(1 - 0.00085)
    assert bars[1] / bars[0] == pytest.approx(1 - (0.00085 + (0.012 - 0.00085) / 999))
    assert bars[-1] == pytest.approx(0.00158, abs=1e-5)
    assert np.all(np.diff(bars) < 0)


@pytest.mark.parametrize(
    ("steps", "first", "second"), [(2, 501, 1), (4, 751, 501), (25, 961, 921), (30, 958, 925), (100, 991, 981)]
)
def test_timesteps_are_leading_with_an_offset_of_one(steps, first, second):
    visits = diffusion.timesteps(steps)
    assert (len(visits), visits[0], visits[1], visits[-1]) == (steps, first, second, 1)
    assert len(set(np.diff(visits))) == 1


def test_a_single_step_is_the_last_one():
    assert diffusion.timesteps(1).tolist() == [1]


@pytest.mark.parametrize("steps", [0, -1, 1000])
def test_an_impossible_number_of_steps_is_refused(steps):
    with pytest.raises(ValueError, match="steps"):
        diffusion.timesteps(steps)


# The denoiser


@pytest.mark.parametrize("a", [0.02, 0.4, 0.97])
def test_the_denoiser_is_the_score_of_the_density(a):
    example, x = Example(), np.random.default_rng(1).normal(size=DIMS)

    def log_density(x: np.ndarray) -> float:
        return float(np.logaddexp.reduce(example.log_densities(x, a)))

    h = 1e-5
    score = np.array([(log_density(x + h * e) - log_density(x - h * e)) / (2 * h) for e in np.eye(DIMS)])
    # Tweedie's formula: E[x0 | x] = (x + (1 - a) score) / sqrt(a).
    np.testing.assert_allclose(example.denoise(x, a), (x + (1 - a) * score) / np.sqrt(a), atol=1e-6)


@pytest.mark.parametrize("a", [0.02, 0.4, 0.97])
def test_the_weights_are_the_components_posterior(a):
    example, x = Example(2), 0.3 * np.random.default_rng(1).normal(size=DIMS)
    logs = example.log_densities(x, a)
    expected = np.exp(logs - np.logaddexp.reduce(logs))
    np.testing.assert_allclose(example.mixture.denoise(example.atoms @ x, a).weights, expected, atol=1e-10)


def test_without_any_signal_the_guess_is_the_mean_of_everything():
    example = Example()
    mean = np.einsum("nk,nkr->r", example.means, example.ways) / COMPONENTS
    guess = example.mixture.denoise(np.random.default_rng(1).normal(size=ATOMS), 0.0)
    np.testing.assert_allclose(guess.point, mean)


def test_the_denoiser_does_not_overflow_when_hardly_any_noise_is_left():
    example = Example()
    clean = (example.means[2] + example.spreads[2]) @ example.ways[2]
    guess = example.mixture.denoise(example.gram @ clean, 1 - 1e-9)
    np.testing.assert_allclose(guess.weights, [0, 0, 1, 0], atol=1e-9)
    np.testing.assert_allclose(guess.point @ example.atoms, clean @ example.atoms, atol=1e-5)


# The sampler


@pytest.mark.parametrize(("steps", "scale"), [(1, 1.0), (9, 3.0), (25, 7.5)])
def test_sampling_in_coefficients_is_sampling_in_the_data_space(steps, scale):
    one, two = Example(3), Example(3, wider=1.1, shift=-0.2)
    noise = np.random.default_rng(4).normal(size=DIMS)
    way = list(diffusion.ddim(one.atoms @ noise, one.mixture, two.mixture, one.gram, steps=steps, guidance_scale=scale))
    x, bars, visits = noise, diffusion.alpha_bars(), diffusion.timesteps(steps)
    for step, visit, after in zip(way, visits, [*bars[visits[1:]], 1.0], strict=True):
        a = bars[visit]
        x0 = two.denoise(x, a) + scale * (one.denoise(x, a) - two.denoise(x, a))
        eps = (x - np.sqrt(a) * x0) / np.sqrt(1 - a)
        x = np.sqrt(after) * x0 + np.sqrt(1 - after) * eps
        np.testing.assert_allclose(step.noise * noise + step.point @ one.atoms, x, atol=1e-9)
        np.testing.assert_allclose(step.guided @ one.atoms, x0, atol=1e-9)
        assert step.timestep == visit
    assert way[-1].noise == 0


def test_a_step_shows_both_directions_and_what_guidance_makes_of_them():
    one, two = Example(3), Example(3, shift=-0.2)
    for step in diffusion.ddim(np.ones(ATOMS), one.mixture, two.mixture, one.gram, steps=3, guidance_scale=4.0):
        c, u = step.conditional.point, step.unconditional.point
        np.testing.assert_allclose(step.guided, 4 * c - 3 * u)
        assert step.conditional.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(("steps", "scale"), [(4, 1.0), (25, 7.5)])
def test_where_guidance_carries_a_gaussian_is_known_beforehand(steps, scale):
    gram = np.eye(3)
    ways, spreads = np.eye(3)[None], np.array([[0.5, 3.0, 7.0]])
    means_c, means_u = np.array([[1.0, -2.0, 8.0]]), np.array([[0.5, 1.0, 3.0]])
    c, u = Mixture(ways, means_c, spreads, gram), Mixture(ways, means_u, 1.2 * spreads, gram)
    p, q = diffusion.carried(spreads[0] ** 2, 1.2, steps=steps, guidance_scale=scale)
    # Without noise, which is its own mean, the sampler ends at the mean.
    *_, last = diffusion.ddim(np.zeros(3), c, u, gram, steps=steps, guidance_scale=scale)
    np.testing.assert_allclose(last.point, p * means_c[0] - q * means_u[0])


def test_with_guidance_one_the_samples_have_the_density_they_were_asked_for():
    ways = np.broadcast_to(np.eye(2), (2, 2, 2))
    means, spreads = np.array([[-3.0, 0.0], [3.0, 0.0]]), np.array([[0.5, 1.0], [0.5, 2.0]])
    mixture, rng = Mixture(ways, means, spreads, np.eye(2)), np.random.default_rng(0)
    ends = []
    for _ in range(300):
        *_, last = diffusion.ddim(rng.normal(size=2), mixture, mixture, np.eye(2), steps=50, guidance_scale=1.0)
        ends.append(last.point)
    points = np.array(ends)
    left, right = points[points[:, 0] < 0], points[points[:, 0] > 0]
    assert 0.35 < len(left) / len(points) < 0.65
    np.testing.assert_allclose([left.mean(axis=0), right.mean(axis=0)], means, atol=0.35)
    np.testing.assert_allclose([left.std(axis=0), right.std(axis=0)], spreads, rtol=0.2)


def test_guidance_leads_away_from_everything_else():
    c = Mixture(np.eye(2)[None], np.array([[2.0, 0.0]]), np.ones((1, 2)), np.eye(2))
    u = Mixture(np.eye(2)[None], np.array([[0.0, 0.0]]), 1.1 * np.ones((1, 2)), np.eye(2))
    ends = []
    for scale in (1, 2, 4, 7.5, 10):
        *_, last = diffusion.ddim(np.zeros(2), c, u, np.eye(2), steps=25, guidance_scale=scale)
        ends.append(last.point[0])
    assert all(after > before + 0.5 for before, after in itertools.pairwise(ends))
