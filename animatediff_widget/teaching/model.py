"""What `Plane` and `Clips` have in common: an exact denoiser, its score, and every part of every step."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from animatediff_widget.engines import diffusion
from animatediff_widget.errors import check

from .arguments import Floats, count, number, points, step_count, timestep

__all__ = ["Amount", "Guess", "Model", "Space", "Step"]

_LARGEST_SCALE = 100.0


class Guess(NamedTuple):
    """What the exact denoiser makes of noisy points.

    Attributes
    ----------
    x0 : numpy.ndarray
        The mean of all clean points that may have become the noisy one, each as likely as it is: E[x0 | x_t]. Shape as
        that of the noisy points, float64.
    weights : numpy.ndarray
        How likely each component is (an island of the plane, a composition of the clips), given the noisy point. Shape
        (..., n), float64, 0 to 1, sums to 1.
    """

    x0: Floats
    weights: Floats


class Amount(NamedTuple):
    """How much of something is in the guesses of a step: 0 is none, 1 is as drawn.

    Attributes
    ----------
    conditional, unconditional, guided : float
        In the guess with the prompt, in the one without it, and in the guided one.
    """

    conditional: float
    unconditional: float
    guided: float


class Space(Protocol):
    """What is between the points of a model and the coefficients of the engine's atoms, R of them."""

    size: int
    gram: Floats

    def products(self, point: Floats) -> Floats:
        """Give the products of a point with the atoms, shape (R,)."""

    def combined(self, coefficients: Floats) -> Floats:
        """Give the points, shape (n, size), that coefficients of the atoms, shape (n, R), make."""

    def amounts(self, coefficients: Floats, component: int) -> dict[str, list[float]]:
        """Say how much of what is in points, given as coefficients, shape (n, R)."""


class Model:
    """A density of clean points, for a prompt and in general, whose denoiser is known in closed form.

    Not made by itself: see `Plane` and `Clips`. A point is a row of `size` numbers.

    Attributes
    ----------
    size : int
        How many numbers a point has: 2 on the plane, 196616 for clips.
    """

    def __init__(self, space: Space, conditional: diffusion.Mixture, unconditional: diffusion.Mixture) -> None:
        self.size = space.size
        self._space = space
        self._conditional = conditional
        self._unconditional = unconditional

    def denoise(self, x: Any, t: int, *, prompt: bool = True) -> Guess:
        """Guess which clean point a noisy one was: exactly, as no network does it.

        Parameters
        ----------
        x : array_like
            Noisy points, shape (size,), or several, shape (..., size).
        t : int
            The timestep, 0 to 999, that says how noisy they are.
        prompt : bool
            Whether the clean points are those of the prompt, or those in general (what is called unconditional).

        Returns
        -------
        Guess
            The clean points, shape (..., size), and the weights of what they are made of, shape (..., n).

        Raises
        ------
        InvalidArgument
            Where an argument is none of these.
        """
        check(bool, prompt=prompt)
        noisy, a = points("x", x, (self.size,)), float(diffusion.alpha_bars()[timestep("t", t)])
        mixture = self._conditional if prompt else self._unconditional
        guesses = [mixture.denoise(self._space.products(point), a) for point in noisy.reshape(-1, self.size)]
        x0 = self._space.combined(np.array([guess.point for guess in guesses]))
        weights = np.array([guess.weights for guess in guesses])
        return Guess(x0.reshape(noisy.shape), weights.reshape(*noisy.shape[:-1], -1))

    def score(self, x: Any, t: int, *, prompt: bool = True) -> Floats:
        """Say in which direction a noisy point becomes more likely: the gradient of log p(x_t).

        By Tweedie's formula it is ``(sqrt(alpha_bar) * x0 - x) / (1 - alpha_bar)``, with the denoiser's guess x0.

        Parameters
        ----------
        x, t, prompt
            As for `denoise`, which also says what is raised.

        Returns
        -------
        numpy.ndarray
            Shape as `x`, float64.
        """
        x0 = self.denoise(x, t, prompt=prompt).x0
        a = float(diffusion.alpha_bars()[t])
        return np.asarray((np.sqrt(a) * x0 - np.asarray(x, dtype=np.float64)) / (1.0 - a))

    def step(self, x: Any, t: int, next_t: int | None = None, *, guidance_scale: float = 1.0) -> Step:
        """Take one DDIM step with classifier-free guidance.

        Parameters
        ----------
        x : array_like
            A noisy point, shape (size,).
        t : int
            Its timestep, 0 to 999.
        next_t : int, optional
            The timestep to go to, less than `t`; None for a clean point.
        guidance_scale : float
            0 to 100. 1 is the prompt alone, 0 is no prompt.

        Returns
        -------
        Step
            The step with all its parts.

        Raises
        ------
        InvalidArgument
            Where an argument is none of these.
        """
        start = points("x", x, (self.size,), exact=True)
        t = count("t", t, 0 if next_t is None else 1, diffusion.TRAIN_STEPS - 1)
        if next_t is not None:
            next_t = count("next_t", next_t, 0, t - 1)
        scale = number("guidance_scale", guidance_scale, 0.0, _LARGEST_SCALE)
        stride = diffusion.stride(t, next_t)
        taken = diffusion.take(stride, self._space.products(start), self._conditional, self._unconditional, scale)
        return Step(self._space, start, (np.zeros_like(taken.point), 1.0), taken, scale)

    def trajectory(self, x: Any, *, steps: int = 25, guidance_scale: float = 7.5) -> list[Step]:
        """Go the whole way from noise to a clean point, by the sampler that the pocket engine draws with.

        Parameters
        ----------
        x : array_like
            Where to start: standard normal noise, shape (size,).
        steps : int
            1 to 999.
        guidance_scale : float
            0 to 100. 1 is the prompt alone, more pushes further away from what is true in general.

        Returns
        -------
        list of Step
            As many as `steps`. ``steps[-1].next`` is the clean point.

        Raises
        ------
        InvalidArgument
            Where an argument is none of these.
        """
        start, steps = points("x", x, (self.size,), exact=True), step_count(steps)
        scale = number("guidance_scale", guidance_scale, 0.0, _LARGEST_SCALE)
        gram = self._space.gram
        way = diffusion.ddim(
            self._space.products(start), self._conditional, self._unconditional, gram, steps=steps, guidance_scale=scale
        )
        before, out = (np.zeros(len(gram)), 1.0), []
        for taken in way:
            out.append(Step(self._space, start, before, taken, scale))
            before = (taken.point, taken.noise)
        return out


class Step:
    """One step of the sampler and all its parts, made by `Model.step` and `Model.trajectory`.

    The arrays are computed when they are asked for, so that a trajectory of clips needs little memory. With a for
    alpha_bar at `timestep` and a' at `next_timestep` (1 for None), the step is

    ``eps = (x - sqrt(a) * x0) / sqrt(1 - a)`` and ``next = sqrt(a') * x0 + sqrt(1 - a') * eps``

    (DDIM: Song et al., arXiv:2010.02502, equation 12 with sigma 0), where
    ``x0 = unconditional.x0 + guidance_scale * direction`` (Ho & Salimans, arXiv:2207.12598).

    Attributes
    ----------
    timestep : int
        That of `x`, 0 to 999.
    next_timestep : int or None
        That of `next`; None where it is clean.
    guidance_scale : float
        How far along `direction` the guess lies.
    coefficients : numpy.ndarray
        `next`, less its share of the starting noise, as the engine has it: as coefficients of the vectors that it adds
        up. Shape (R,), float64.
    """

    def __init__(
        self,
        space: Space,
        start: Floats,
        before: tuple[Floats, float],
        taken: diffusion.Step,
        guidance_scale: float,
    ) -> None:
        self.timestep = taken.timestep
        self.next_timestep = taken.following
        self.guidance_scale = guidance_scale
        self._space = space
        self._start = start
        self._before = before
        self._taken = taken
        self.coefficients = taken.point

    def __repr__(self) -> str:
        after = "clean" if self.next_timestep is None else self.next_timestep
        return f"<Step {self.timestep} -> {after}, guidance_scale {self.guidance_scale:g}>"

    def _point(self, coefficients: Floats, noise: float = 0.0) -> Floats:
        return np.asarray(self._space.combined(coefficients[None])[0] + noise * self._start)

    @property
    def x(self) -> Floats:
        """The noisy point before the step; shape (size,), float64."""
        return self._point(*self._before)

    @property
    def conditional(self) -> Guess:
        """What the denoiser of the prompt makes of `x`: a guess of shape (size,) and weights of shape (n,)."""
        guess = self._taken.conditional
        return Guess(self._point(guess.point), guess.weights)

    @property
    def unconditional(self) -> Guess:
        """What the denoiser without a prompt makes of `x`: a guess of shape (size,) and weights of shape (n,)."""
        guess = self._taken.unconditional
        return Guess(self._point(guess.point), guess.weights)

    @property
    def direction(self) -> Floats:
        """From the guess without the prompt to the one with it; shape (size,), float64."""
        return self._point(self._taken.conditional.point - self._taken.unconditional.point)

    @property
    def x0(self) -> Floats:
        """The guided guess, with which the step is taken; shape (size,), float64."""
        return self._point(self._taken.guided)

    @property
    def eps(self) -> Floats:
        """The noise that is in `x` if `x0` is right; shape (size,), float64."""
        a = float(diffusion.alpha_bars()[self.timestep])
        return np.asarray((self.x - np.sqrt(a) * self.x0) / np.sqrt(1.0 - a))

    @property
    def weights(self) -> Floats:
        """How likely each component is for the prompt, given `x`; shape (n,), float64, 0 to 1, sums to 1."""
        return self._taken.conditional.weights

    @property
    def next(self) -> Floats:
        """The point after the step; shape (size,), float64."""
        return self._point(self._taken.point, self._taken.noise)

    @property
    def amounts(self) -> dict[str, Amount]:
        """How much of what is in the guesses: for clips of their light, colour, ..., on the plane of x and y.

        The names of what the prompt asks for are those of the pocket model's log.
        """
        taken = self._taken
        guesses = np.array([taken.conditional.point, taken.unconditional.point, taken.guided])
        found = self._space.amounts(guesses, int(taken.conditional.weights.argmax()))
        return {name: Amount(*values) for name, values in found.items()}
