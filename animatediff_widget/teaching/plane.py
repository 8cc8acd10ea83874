"""A model whose points lie on a plane, so that all of it can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from animatediff_widget.engines import diffusion
from animatediff_widget.errors import check

from .arguments import Floats, count, length, timestep
from .arguments import points as checked
from .drawing import Scatter, draw_plane
from .model import Model
from .schedule import add_noise
from .svg import Picture

__all__ = ["Plane"]

_MOST_ISLANDS = 1000
_MOST_POINTS = 100_000
_DOTS = 350
_ARROWS = 17  # of the field, in a row


class _Axes:
    """The plane's own two axes, the atoms of its mixtures."""

    size = 2
    gram = np.eye(2)

    def products(self, point: Floats) -> Floats:
        """Give the point itself."""
        return point

    def combined(self, coefficients: Floats) -> Floats:
        """Give the points themselves."""
        return coefficients

    def amounts(self, coefficients: Floats, component: int) -> dict[str, list[float]]:
        """Give their coordinates."""
        return {"x": coefficients[:, 0].tolist(), "y": coefficients[:, 1].tolist()}


class Plane(Model):
    """Islands of points on a plane: those that a prompt asks for, and those that there are in general.

    Each island is a Gaussian, and all are equally likely. The default is a small picture of the pocket model: on which
    island a point lies stands for the composition of a clip, how high it lies for how much of the prompted things it
    shows. The prompt's points lie higher, and vary less in height.

    Parameters
    ----------
    centers : array_like
        Where the prompt's islands lie, shape (n, 2), n from 1 to 1000.
    spreads : array_like
        Their standard deviations along the two axes, 0 to 1000, of any shape that broadcasts to (n, 2). 0 makes an
        island a single point.
    general_centers, general_spreads : array_like
        The same for what there is in general, which does not follow the prompt's islands.

    Attributes
    ----------
    centers, spreads, general_centers, general_spreads : numpy.ndarray
        Shape (n, 2), float64.
    size : int
        2.

    Raises
    ------
    InvalidArgument
        Where an argument is none of these.
    """

    def __init__(
        self,
        centers: Any = ((-2.0, 1.4), (2.0, 1.4)),
        spreads: Any = 0.4,
        *,
        general_centers: Any = ((-2.0, 0.7), (2.0, 0.7)),
        general_spreads: Any = (0.45, 0.5),
    ) -> None:
        self.centers, self.spreads = _islands("centers", centers, "spreads", spreads)
        self.general_centers, self.general_spreads = _islands(
            "general_centers", general_centers, "general_spreads", general_spreads
        )
        super().__init__(
            _Axes(), _mixture(self.centers, self.spreads), _mixture(self.general_centers, self.general_spreads)
        )

    def noise(self, number: int, seed: int = 0) -> Floats:
        """Draw noise to start from.

        Parameters
        ----------
        number : int
            How many points, 1 to 100000.
        seed : int
            0 to 4294967295; the same seed gives the same points.

        Returns
        -------
        numpy.ndarray
            Shape (number, 2), float64, standard normal.

        Raises
        ------
        InvalidArgument
            Where an argument is none of these.
        """
        rng = np.random.default_rng(count("seed", seed, 0, 2**32 - 1))
        return rng.standard_normal((count("number", number, 1, _MOST_POINTS), 2))

    def sample(self, number: int, seed: int = 0, *, prompt: bool = True) -> Floats:
        """Draw clean points from the islands themselves, as a data set has them.

        Parameters
        ----------
        number : int
            How many, 1 to 100000.
        seed : int
            0 to 4294967295; the same seed gives the same points.
        prompt : bool
            From the prompt's islands, or from those in general.

        Returns
        -------
        numpy.ndarray
            Shape (number, 2), float64.

        Raises
        ------
        InvalidArgument
            Where an argument is none of these.
        """
        check(bool, prompt=prompt)
        rng = np.random.default_rng([count("seed", seed, 0, 2**32 - 1), 1 if prompt else 2])
        centers, spreads = (self.centers, self.spreads) if prompt else (self.general_centers, self.general_spreads)
        chosen = rng.integers(0, len(centers), count("number", number, 1, _MOST_POINTS))
        return np.asarray(centers[chosen] + spreads[chosen] * rng.standard_normal((len(chosen), 2)))

    def picture(
        self,
        *,
        t: int | None = None,
        points: Any = None,
        paths: Any = None,
        arrows: Mapping[str, Any] | None = None,
        field: bool = False,
        general: bool = False,
        title: str = "",
    ) -> Picture:
        """Draw the plane, from -5 to 5 across and from -3.5 to 5 up.

        Blue dots are points of the prompt, grey ones points in general: 350 of each.

        Parameters
        ----------
        t : int, optional
            Draw the dots as they are at this timestep, 0 to 999; without it as they are without noise.
        points : array_like, optional
            Large dots, shape (n, 2).
        paths : sequence of array_like, optional
            Lines through points, each of shape (n, 2), with a large dot at the end.
        arrows : mapping, optional
            Arrows by their labels: each two points, from and to, shape (2, 2). Their colours are, in order, blue, grey,
            red and green, as of the guesses with the prompt, without it, and of the guided one.
        field : bool
            Also draw the prompt's score at timestep `t`, or at 0, as small arrows; the longer, the larger it is.
        general : bool
            Draw the grey dots too.
        title : str
            Written above.

        Returns
        -------
        Picture
            Shows itself as the last line of a cell.

        Raises
        ------
        InvalidArgument
            Where an argument is none of these.
        """
        check(str, title=title)
        check(bool, field=field, general=general)
        check(Mapping, none=True, arrows=arrows)
        check((Sequence, np.ndarray), none=True, paths=paths)
        for label in arrows or {}:
            check(str, arrows=label)
        clouds = [self.sample(_DOTS)]
        if general:
            clouds.insert(0, self.sample(_DOTS, prompt=False))
        if t is not None:
            t = timestep("t", t)
            clouds = [add_noise(cloud, self.noise(_DOTS, seed), t) for seed, cloud in enumerate(clouds)]
        return draw_plane(
            Scatter(
                prompt=clouds[-1],
                general=clouds[0] if general else None,
                points=None if points is None else checked("points", points, (None, 2), exact=True),
                paths=[checked("paths", path, (None, 2), exact=True) for path in ([] if paths is None else paths)],
                arrows={
                    str(label): checked("arrows", arrow, (2, 2), exact=True) for label, arrow in (arrows or {}).items()
                },
                field=self._field(t or 0) if field else None,
            ),
            title,
        )

    def _field(self, t: int) -> tuple[Floats, Floats]:
        """Give the places of the field's arrows and the score there, shape (n, 2) both."""
        across = np.linspace(-4.7, 4.7, _ARROWS)
        up = np.arange(-3.2, 4.9, across[1] - across[0])
        places = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        return places, self.score(places, t)


def _islands(name: str, centers: Any, other: str, spreads: Any) -> tuple[Floats, Floats]:
    """Check the centers and the standard deviations of islands."""
    places = checked(name, centers, (None, 2), exact=True, least=-1000.0, most=1000.0)
    length(name, places, _MOST_ISLANDS)
    widths = checked(other, spreads, (), least=0.0, most=1000.0)
    try:
        return places, np.broadcast_to(widths, places.shape)
    except ValueError:
        return places, checked(other, spreads, places.shape, exact=True, least=0.0, most=1000.0)


def _mixture(centers: Floats, spreads: Floats) -> diffusion.Mixture:
    """Make the engine's mixture, whose atoms are the two axes."""
    return diffusion.Mixture(np.broadcast_to(np.eye(2), (len(centers), 2, 2)), centers, spreads, np.eye(2))
