"""From tags to a scene: what must be there is there, and chance decides what the words leave open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from .catalog import THINGS

__all__ = ["WORN", "Figure", "Scene", "compose"]

# What a person may wear or show: the `extras` of a `Figure`.
WORN = frozenset({"kimono", "hat", "umbrella", "smile", "beard", "old", "glasses", "crown"}
                 | {thing.name for thing in THINGS if thing.layer in ("behind", "worn")})  # fmt: skip

# What a tag brings along when the words do not say otherwise.
_TIMES = {"moon": "night", "crescent": "night", "stars": "night", "fireworks": "night", "fireflies": "night",
          "aurora": "night", "lantern": "night", "sun": "day", "rainbow": "day", "butterflies": "day",
          **{thing.name: thing.time for thing in THINGS if thing.time}}  # fmt: skip
_SEASONS = {"snow": "winter", "cherry": "spring", "plum": "spring", "wisteria": "spring", "petals": "spring",
            "leaves": "autumn", "sunflower": "summer", "rainbow": "summer", "fireflies": "summer", "beach": "summer",
            "butterflies": "spring",
            **{thing.name: thing.season for thing in THINGS if thing.season}}  # fmt: skip
_BRINGS = {"boat": "sea", "lighthouse": "sea", "beach": "sea", **dict.fromkeys(WORN, "figure"), "girl": "figure",
           "boy": "figure", "sunflower": "meadow", "flowers": "meadow", "crescent": "moon",
           "forest": "hills", **{thing.name: thing.brings for thing in THINGS if thing.brings}}  # fmt: skip
_NEAR = tuple(thing.name for thing in THINGS if thing.stands and thing.layer in ("near", "road"))
# In the order in which they choose their places.
_TALL = (*_NEAR, "cherry", "plum", "tree", "pine", "bamboo", "house", "torii", "lighthouse", "lantern", "cat", "castle",
         "horse", "robot", "astronaut", "fire",
         *(thing.name for thing in THINGS if thing.stands and thing.name not in _NEAR))  # fmt: skip
_COLORED = ("cat", "balloon", "dragon", "horse", "robot", *(thing.name for thing in THINGS if thing.colored))
# What fills the land; without any of it chance adds hills or the like.
_LANDS = {"sea", "mountain", "hills", "forest", "city", *(thing.name for thing in THINGS if thing.land)}
# Where nothing grows that nobody asked for.
_BARREN = {"sea", "city", *(thing.name for thing in THINGS if thing.land)}
_ABOVE = ("heaven", "storm", "sky", "far")
# What a tree that nobody asked for might hide.
_EYECATCHERS = {*_TALL, "balloon", "rocket", "dragon", "figure", "fireworks",
                *(it.name for it in THINGS if it.land or it.brings == "sea" or it.layer in _ABOVE)}  # fmt: skip
_BOYS, _GIRLS = ({thing.name for thing in THINGS if thing.who == who} for who in ("boy", "girl"))
_HEAVENLY = {thing.name for thing in THINGS if thing.layer == "heaven"}
_AFLOAT = {thing.name for thing in THINGS if thing.brings == "sea"}
_GROUNDED = {*_TALL, "meadow", "flowers", "sunflower", "beach", "figure", "rose"}
# What shows a season that was asked for.
_SHOWS = {"spring": "flowers", "summer": "flowers", "autumn": "leaves", "winter": "snow"}
# Nobody who asks for these alone thinks of the night.
_SUNNY = {"cherry", "plum", "wisteria", "flowers", "petals", "hills", "meadow", "beach", "sunflower", "balloon", "hat"}
_COLORS = ("white", "black", "red", "blue", "green", "pink", "purple", "yellow", "brown", "orange")


@dataclass(frozen=True)
class Figure:
    """What a person looks like.

    Parameters
    ----------
    kind : str
        ``"girl"`` or ``"boy"``.
    hair, eyes, dress : str
        Names of colours.
    long : bool
        Whether the hair is long.
    extras : frozenset of str
        Of `WORN`.
    """

    kind: str
    hair: str
    eyes: str
    dress: str
    long: bool
    extras: frozenset[str]


@dataclass(frozen=True)
class Scene:
    """One composition, ready to be painted.

    Parameters
    ----------
    things : frozenset of str
        The elements that are there.
    time, season : str
        ``day``, ``night``, ``sunset``, ``dawn``; ``spring``, ``summer``, ``autumn``, ``winter``.
    horizon, ground : int
        Rows at which the land (or the sea) and the near ground begin; the ground at 64 is out of the picture.
    places : dict
        The column of each thing that stands somewhere, in pixels of the picture.
    colors : dict
        Colours that words gave to things: ``flower`` and `_COLORED`.
    figure : Figure or None
        The person, if any.
    seed : tuple of int
        What the painter's own chances are drawn from.
    """

    things: frozenset[str]
    time: str
    season: str
    horizon: int
    ground: int
    places: dict[str, int]
    colors: dict[str, str]
    figure: Figure | None
    seed: tuple[int, ...]

    def chance(self, element: str) -> Generator:
        """Return an element's own random numbers, so that one more element moves none of the others."""
        return np.random.default_rng([*self.seed, *element.encode()])


def compose(tags: Iterable[str], seed: tuple[int, ...]) -> Scene:
    """Decide on a scene.

    Parameters
    ----------
    tags : iterable of str
        What must be there, as `read` gives it.
    seed : tuple of int
        What everything else is drawn from.

    Returns
    -------
    Scene
        Holds every tag; times, seasons, colours, places and company that the tags leave open are random.
    """
    rng = np.random.default_rng([*seed, 1])
    asked = frozenset(tags)
    said: dict[str, str] = {}
    for tag in sorted(asked):
        kind, _, value = tag.partition(":")
        if value:
            said[f"{kind}:{value}" if value in ("long", "short") else kind] = value
    things = {tag for tag in asked if ":" not in tag}
    if {"flower", "rose"} & said.keys():
        things |= {"flowers"}
    things |= {kind for kind in _COLORED if kind in said}
    if {"hair", "eyes", "dress", "hair:long", "hair:short"} & said.keys():
        things.add("figure")
    for tag in sorted(things):
        things |= {_BRINGS[tag]} if tag in _BRINGS else set()
    # Every open question takes its own number, asked or not, so that one answer does not change the others.
    dice = rng.random(16)
    sunny = bool(things & _SUNNY) or said.get("season") in ("spring", "summer")
    hours = {"day": 7, "sunset": 1, "dawn": 1} if sunny else {"day": 5, "sunset": 2, "night": 2, "dawn": 1}
    time = said.get("time") or _first(_TIMES, things) or _pick(dice[0], hours)
    season = said.get("season") or _first(_SEASONS, things) or _pick(
        dice[1], {"spring": 4, "summer": 4, "autumn": 2, "winter": 2}
    )  # fmt: skip
    if not things & {*_LANDS, "meadow"}:
        things.add(_pick(dice[2], {"hills": 5, "sea": 2, "mountain": 2, "city": 1}))
    if "season" in said and dice[12] < 0.7 and not things & set(_SHOWS.values()):
        things.add(_SHOWS[season])
    _add_company(things, time, season, dice)
    figure = _figure(things, said, rng) if "figure" in things else None
    sea = "sea" in things
    horizon = int(rng.integers(35, 40) if sea else rng.integers(38, 43))
    ground = int(rng.integers(46, 50))
    if sea:
        ground = int(rng.integers(53, 56)) if things & _GROUNDED or "season" in said else 64
    colors: dict[str, str] = {kind: said[kind] for kind in ("flower", *_COLORED) if kind in said}
    if "rose" in said:
        colors["flower"] = said["rose"]
    colors_of_flowers = sorted(tag.partition(":")[2] for tag in asked if tag.startswith(("flower:", "rose:")))
    if len(colors_of_flowers) > 1:
        colors["flower"] = " ".join(colors_of_flowers)
    return Scene(
        frozenset(things), time, season, horizon, ground, _places(things, rng), colors, figure, tuple(seed)
    )  # fmt: skip


def _first(table: dict[str, str], things: set[str]) -> str:
    return next((value for tag, value in table.items() if tag in things), "")


def _pick(die: float, shares: dict[str, int]) -> str:
    at = die * sum(shares.values())
    for name, share in shares.items():
        at -= share
        if at < 0:
            return name
    return next(reversed(shares))


def _add_company(things: set[str], time: str, season: str, dice: np.ndarray) -> None:
    """Add the small things that make a picture: never so many that they hide what was asked for."""
    dark = time == "night"
    if dark and not things & {"rain", "snow", "fog"} and dice[3] < 0.85:
        things.add("stars")
    if not things & {"sun", "moon", "rain", "aurora", "fireworks", *_HEAVENLY} and dice[4] < 0.5:
        things.add("moon" if dark else "sun")
    if not things & _HEAVENLY and dice[5] < (0.25 if dark else 0.7):
        things.add("clouds")
    if not dark and "balloon" not in things and dice[6] < 0.3:
        things.add("birds")
    if "sea" in things and not things & _AFLOAT and dice[7] < 0.3:
        things.add("boat")
    if not things & _BARREN and season in ("spring", "summer") and dice[8] < 0.5:
        things.add("flowers")
    if not things & _EYECATCHERS and dice[9] < 0.4:
        things.add("tree")
    if not things & _LANDS:
        things.add("hills" if dice[10] < 0.7 else "mountain")
    if season == "spring" and things & {"cherry", "plum"} and dice[11] < 0.7:
        things.add("petals")


def _figure(things: set[str], said: dict[str, str], rng: Generator) -> Figure:
    dice = rng.random(5)
    kind = "boy" if things & {"boy", "beard", "old", *_BOYS} and "girl" not in things else "girl"
    if not things & {"girl", "boy", *_GIRLS} and dice[0] < 0.3 and "dress" not in said:
        kind = "boy"
    long = "hair:long" in said or ("hair:short" not in said and kind == "girl" and dice[1] < 0.75)
    return Figure(
        kind,
        said.get("hair")
        or ("white" if things & {"old", "wizard"} else "")
        or ("black", "brown", "yellow", "red", "pink", "blue", "white", "purple")[int(dice[2] * 8)],
        said.get("eyes") or ("blue", "green", "brown", "purple", "red")[int(dice[3] * 5)],
        said.get("dress") or _dress(dice[4], said.get("hair"), things),
        long,
        frozenset(things & WORN),
    )


def _dress(die: float, hair: str | None, things: set[str]) -> str:
    colors = [name for name in ("white", "blue", "red", "pink", "yellow", "green") if name != hair]
    if "kimono" in things:
        colors = [name for name in ("red", "pink", "blue", "purple") if name != hair]
    elif things & {"wizard", "witch"}:
        colors = [name for name in ("purple", "black", "blue", "green") if name != hair]
    return colors[int(die * len(colors))]


def _places(things: set[str], rng: Generator) -> dict[str, int]:
    """Give everything that stands somewhere a column of its own."""
    side = 1 if rng.random() < 0.5 else -1
    places: dict[str, int] = {}
    free = [32 + side * 21, 32 - side * 21, 32 + side * 4, 32 - side * 10, 32 + side * 13, 32 - side * 28]
    if "figure" in things:
        places["figure"] = 32 - side * int(rng.integers(4, 13))
        free = [32 + side * 23, 32 - side * 29, 32 + side * 13, 32 - side * 24, 32 + side * 29, 32]
    for name in _TALL:
        if name in things:
            places[name] = (free.pop(0) if free else int(rng.integers(6, 58))) + int(rng.integers(-2, 3))
    # Sun and moon keep clear of the tallest thing, of a face and of a peak.
    edge = "figure" in things or "mountain" in things
    places["light"] = 32 - side * (int(rng.integers(21, 26)) if edge else int(rng.integers(6, 22)))
    tall = any(name in things for name in _TALL)
    places["mountain"] = 32 - side * (int(rng.integers(1, 7)) if tall else int(rng.integers(-8, 3)))
    # What floats keeps clear of a person.
    away = int(rng.integers(2, 20))
    places["boat"] = 32 + side * (13 + away // 2) if "figure" in things else 32 - side * away
    return places
