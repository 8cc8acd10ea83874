"""Whether a scene shows what a word says, and the same scene without it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .canvas import SIZE
from .catalog import THINGS
from .scene import WORN, Scene

__all__ = ["shows", "without"]

_PEOPLE = frozenset({"girl", "boy", "figure"})
_BODY = frozenset({"hair", "eyes", "dress"})
# Another name of the thing that a word with a colour is about.
_THINGS = {"flower": "flowers", "rose": "flowers"}
# What floats in the air when something else goes.
_STANDS_ON = {"sea": {"boat", "lighthouse", "beach", *(thing.name for thing in THINGS if thing.brings == "sea")},
              "moon": {"crescent"}}  # fmt: skip
_OTHER_TIMES = {"day": "sunset"}
_OTHER_SEASONS = {"spring": "autumn", "summer": "autumn"}
_LAND = 48


def shows(scene: Scene, tag: str) -> bool:
    """Say whether a scene shows what a tag says; a colour that the scene leaves to chance counts as shown."""
    kind, _, value = tag.partition(":")
    if kind in ("time", "season"):
        return bool(getattr(scene, kind) == value)
    person = scene.figure
    if kind in _BODY:
        return person is not None and value in (getattr(person, kind), "long" if person.long else "short")
    if kind in _PEOPLE:
        return person is not None and kind in ("figure", person.kind)
    if kind in WORN:
        return person is not None and kind in person.extras
    thing = _THINGS.get(kind, kind)
    return thing in scene.things and (not value or value in scene.colors.get(thing.removesuffix("s"), value))


def without(scene: Scene, tags: Iterable[str]) -> Scene:
    """Take what the tags say out of a scene: every other thing keeps its place and its chances."""
    for tag in tags:
        scene = _without(scene, *tag.partition(":")[::2])
    return scene


def _without(scene: Scene, kind: str, value: str) -> Scene:
    person = scene.figure
    if kind == "time":
        return replace(scene, time=_OTHER_TIMES.get(value, "day"))
    if kind == "season":
        return replace(scene, season=_OTHER_SEASONS.get(value, "summer"))
    if kind in _PEOPLE:
        return replace(scene, things=scene.things - _PEOPLE, figure=None)
    if kind in _BODY | WORN:
        if person is None:
            return scene
        if kind in WORN:
            return replace(scene, figure=replace(person, extras=person.extras - {kind}))
        if value in ("long", "short"):
            return replace(scene, figure=replace(person, long=value != "long"))
        colors: dict[str, Any] = {kind: "brown" if value != "brown" else "black"}
        return replace(scene, figure=replace(person, **colors))
    gone = {_THINGS.get(kind, kind)}
    gone |= _STANDS_ON.get(kind, set())
    # The sea may reach down to the lower edge: where it goes there is land.
    ground = _LAND if kind == "sea" and scene.ground >= SIZE else scene.ground
    return replace(scene, things=scene.things - gone, ground=ground)
