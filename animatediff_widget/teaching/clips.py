"""The pocket model's own clips as a model whose parts can be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from animatediff_widget.engines import clips, encoder
from animatediff_widget.engines.columns import LEVELS
from animatediff_widget.engines.painter import FRAMES, SIZE
from animatediff_widget.engines.pocket import world_of
from animatediff_widget.errors import check
from animatediff_widget.media.animation import Animation
from animatediff_widget.model.fields import MAX_SEED
from animatediff_widget.model.request import AnimateDiffRequest

from .arguments import Floats, count, points
from .model import Model, Step

__all__ = ["Clips"]

# How many numbers of all atoms are worked on at once: few, to stay in the processor's cache, and because larger
# products start threads, which on a busy machine wait for each other.
_PART = 1024


class _Span:
    """The pictures that a world is made of, and the hidden coordinates after them: the atoms of its mixtures."""

    def __init__(self, world: clips.World) -> None:
        self.gram = world.gram
        self.hidden = len(world.gram) - len(world.atoms)
        self.size = world.atoms.shape[1] + self.hidden
        self._world = world

    def products(self, point: Floats) -> Floats:
        """Give the products of a point with the atoms."""
        total = np.zeros(len(self._world.atoms))
        for part, block in self._blocks():
            total += block @ point[part]
        return np.concatenate([total / LEVELS, point[-self.hidden :]])

    def combined(self, coefficients: Floats) -> Floats:
        """Add up atoms."""
        out = np.empty((len(coefficients), self.size))
        seen = coefficients[:, : -self.hidden] / LEVELS
        for part, block in self._blocks():
            out[:, part] = seen @ block
        out[:, -self.hidden :] = coefficients[:, -self.hidden :]
        return out

    def amounts(self, coefficients: Floats, component: int) -> dict[str, list[float]]:
        """Find the amounts whose columns come nearest to the points, by least squares over the pixels."""
        ways = self._world.ways[component, :-1]
        onto = ways @ self.gram
        found = np.linalg.lstsq(onto @ ways.T, onto @ coefficients.T, rcond=1e-9)[0]
        return dict(zip(self._world.names, found.tolist(), strict=True))

    def _blocks(self) -> Iterator[tuple[slice, Floats]]:
        """Give the atoms part by part."""
        for start in range(0, self._world.atoms.shape[1], _PART):
            part = slice(start, min(start + _PART, self._world.atoms.shape[1]))
            yield part, self._world.atoms[:, part].astype(np.float64)


class Clips(Model):
    """The clips that a request asks the pocket model for, and those there are in general.

    A point is a whole clip as one row of numbers: 16 frames of 64 x 64 pixels in red, green and blue, 0 for medium
    grey, -0.5 for black and 0.5 for white, so that noise of standard deviation 1 hides it well. Behind them stand eight
    hidden numbers that no picture shows, as a latent of the large model has more in it than is seen: they say which of
    the eight compositions of the prompt the clip is. They are so large that the noise at the start decides which.

    Parameters
    ----------
    request : AnimateDiffRequest or str
        The request, or a prompt alone. Of a request its prompt, negative prompt, checkpoint and motion module are used;
        steps and guidance are given to `trajectory`.
    seed : int, optional
        0 to 4294967295. From it come the compositions and the noise that the engine starts from; when left out, the
        request's own.

    Attributes
    ----------
    request : AnimateDiffRequest
        What was asked for, with the seed.
    names : tuple of str
        What there may be more or less of in a clip, see `Step.amounts`: light, colour, tone, shape, detail, groups of
        prompted things, and "unwanted" where the negative prompt names something.
    start : numpy.ndarray
        The noise that the engine starts from, shape (196616,), float64.
    size : int
        196616: 16 * 64 * 64 * 3 + 8.

    Raises
    ------
    InvalidArgument
        Where an argument is none of these.
    """

    def __init__(self, request: AnimateDiffRequest | str, seed: int | None = None) -> None:
        check((AnimateDiffRequest, str), request=request)
        if isinstance(request, str):
            request = AnimateDiffRequest(prompt=request)
        seed = count("seed", request.seed if seed is None else seed, 0, MAX_SEED)
        self.request = request.copy(seed=seed)
        self._world = world = world_of(self.request, seed)
        self._span = _Span(world)
        super().__init__(self._span, world.conditional, world.unconditional)
        self.names = world.names
        self.start = np.concatenate([world.noise.astype(np.float64), world.products[-self._span.hidden :]])

    def __repr__(self) -> str:
        return f"<Clips of {self.request.prompt[:60]!r}, seed {self.request.seed}>"

    def drawn(self, composition: int = 0) -> Floats:
        """Give one of the compositions as it was drawn: a clean point with an amount of 1 of everything.

        Parameters
        ----------
        composition : int
            Which, 0 to 7.

        Returns
        -------
        numpy.ndarray
            Shape (196616,), float64; its pixels are from -0.5 to 0.5.

        Raises
        ------
        InvalidArgument
            Where there is no such composition.
        """
        index = count("composition", composition, 0, clips.COMPOSITIONS - 1)
        coefficients = self._world.ways[index, :-1].sum(axis=0)
        coefficients[-self._span.hidden :] = self._world.conditional.centers[index, -self._span.hidden :]
        return np.asarray(self._span.combined(coefficients[None])[0])

    def frames(self, x: Any) -> Floats:
        """Give a point as pictures.

        Parameters
        ----------
        x : array_like
            A point, clean or noisy, shape (196616,).

        Returns
        -------
        numpy.ndarray
            Shape (16, 64, 64, 3): frame, row, column, colour; float64 from 0 (black) to 1; what is beyond is clipped.

        Raises
        ------
        InvalidArgument
            Where `x` is no such point.
        """
        pixels = points("x", x, (self.size,), exact=True)[: -self._span.hidden]
        return np.clip(pixels + 0.5, 0.0, 1.0).reshape(FRAMES, SIZE, SIZE, 3)

    def animation(self, x: Any) -> Animation:
        """Give a point as a film that plays in the notebook.

        Parameters
        ----------
        x : Step or array_like
            A point, shape (196616,), or a step, of which `Step.next` is shown. The file of a trajectory's last step is,
            byte by byte, the one that the pocket engine writes.

        Returns
        -------
        Animation
            16 frames of 512 x 512, WebP.

        Raises
        ------
        InvalidArgument
            Where `x` is no such point or step.
        """
        if isinstance(x, Step) and x.next_timestep is None and len(x.coefficients) == len(self._world.gram):
            frames = clips.to_clip(self._world, x.coefficients)
        else:
            frames = self.frames(x.next if isinstance(x, Step) else x)
        return Animation(encoder.encode(frames, "webp"), self.request)
