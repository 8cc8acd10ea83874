"""The painter: looping clips of a small drawn world, 16 frames of 64x64, from tags and a seed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np

from . import creatures, flowers, land, sky, space, tales, things, trees, weather
from .canvas import SIZE, Canvas, Workshop
from .figure import figure
from .lexicon import LEXICON, Reading, read
from .motions import DEFAULT_MOTION, FRAMES, MOTIONS, Motion
from .presence import shows, without
from .scene import WORN, Figure, Scene, compose
from .sprites import Floats
from .styles import DEFAULT_STYLE, STYLES, Style
from .themes import Painter, layer

__all__ = [
    "DEFAULT_MOTION",
    "DEFAULT_STYLE",
    "FRAMES",
    "LEXICON",
    "MOTIONS",
    "SIZE",
    "STYLES",
    "Figure",
    "Motion",
    "Reading",
    "Scene",
    "Style",
    "Workshop",
    "compose",
    "front_to_back",
    "paint",
    "read",
    "shows",
    "without",
]

# From back to front: an element's name, and who paints it.
_ORDER: tuple[tuple[str, Painter], ...] = (
    ("stars", sky.stars),
    ("aurora", sky.aurora),
    *layer("heaven"),
    ("sun", sky.sun_or_moon),
    ("rainbow", sky.rainbow),
    ("clouds", sky.clouds),
    *layer("storm"),
    ("fireworks", sky.fireworks),
    *layer("mountains"),
    ("mountain", land.mountain),
    ("balloon", things.balloon),
    ("rocket", space.rocket),
    *layer("sky"),
    ("city", land.city),
    ("hills", land.hills),
    ("forest", land.forest),
    *layer("far"),
    ("birds", creatures.birds),
    ("sea", land.sea),
    *layer("water"),
    ("lighthouse", things.lighthouse),
    ("boat", things.boat),
    *layer("afloat"),
    ("castle", tales.castle),
    ("dragon", tales.dragon),
    ("ground", land.ground),
    *layer("ground"),
    ("bamboo", trees.bamboo),
    ("tree", partial(trees.tree, name="tree")),
    ("pine", trees.pine),
    ("house", things.house),
    ("torii", things.torii),
    *layer("middle"),
    ("plum", partial(trees.tree, name="plum")),
    ("cherry", partial(trees.tree, name="cherry")),
    ("fog", sky.fog),
    ("flowers", flowers.flowers),
    ("lantern", things.lantern),
    ("sunflower", flowers.sunflowers),
    ("wisteria", flowers.wisteria),
    *layer("road"),
    ("fire", tales.fire),
    ("horse", tales.horse),
    ("robot", space.robot),
    ("astronaut", space.astronaut),
    *layer("near"),
    ("cat", creatures.cat),
    ("petals", weather.petals),
    ("leaves", weather.leaves),
    *layer("behind"),
    ("figure", figure),
    *layer("worn"),
    ("butterflies", creatures.butterflies),
    ("fireflies", creatures.fireflies),
    ("petals", weather.near_petals),
    ("snow", weather.snow),
    ("rain", weather.rain),
)

# Who paints what has no painter of its own; what a person has or wears is in front of the person.
_PAINTED_BY = {"moon": "sun", "crescent": "sun", "meadow": "ground", "beach": "ground", "flower": "flowers",
               "rose": "flowers", "girl": "figure", "boy": "figure"}  # fmt: skip
_WITH_A_PERSON = ("old", "dress", "kimono", "umbrella", "hair", "eyes", "beard", "glasses", "smile", "hat", "crown")


def front_to_back(tags: Iterable[str]) -> list[str]:
    """Sort tags by what hides what; the time and the season, which change everything, come last."""
    names = [name for name, _ in _ORDER]

    def depth(tag: str) -> tuple[int, int, str]:
        kind = tag.partition(":")[0]
        if kind in ("time", "season"):
            return len(names), 0, tag
        if kind in _WITH_A_PERSON:
            return len(names) - 1 - names.index("figure"), -1 - _WITH_A_PERSON.index(kind), tag
        return len(names) - 1 - names.index(_PAINTED_BY.get(kind, kind)), 0, tag

    return sorted(tags, key=depth)


def paint(scene: Scene, workshop: Workshop) -> Floats:
    """Paint a scene.

    Parameters
    ----------
    scene : Scene
        What to paint, as `compose` gives it.
    workshop : Workshop
        The style and the motion; sprites finished for one clip serve the next.

    Returns
    -------
    numpy.ndarray
        Shape (16, 64, 64, 3), float32, about 0 to 1, looping: frame 15 leads back to frame 0.
    """
    canvas = Canvas(workshop, sky.LIGHTS[scene.time])
    worn = scene.figure.extras if scene.figure else frozenset()
    present = scene.things - WORN | worn | {"ground"}
    if "moon" in present:
        present |= {"sun"}
    sky.sky(canvas, scene)
    for name, draw in _ORDER:
        if name in present:
            draw(canvas, scene)
    canvas.zoom(SIZE * 0.6)
    film = scene.chance("film").standard_normal((SIZE, SIZE, 1)).astype(np.float32)
    return workshop.style.develop(canvas.pixels, film)
