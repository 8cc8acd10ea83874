"""Who paints what the catalogue lists: in each theme's file the function of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from . import (
    animals,
    beasts,
    buildings,
    costumes,
    fauna,
    garden,
    heavens,
    nature,
    swimmers,
    table,
    town,
    travel,
    water,
    worn,
)
from .canvas import Canvas
from .catalog import THINGS
from .scene import Scene

__all__ = ["Painter", "layer"]

Painter: TypeAlias = Callable[[Canvas, Scene], None]

_THEMES = (
    animals,
    beasts,
    buildings,
    costumes,
    fauna,
    garden,
    heavens,
    nature,
    swimmers,
    table,
    town,
    travel,
    water,
    worn,
)
_PAINTERS: dict[str, Painter] = {name: getattr(theme, name) for theme in _THEMES for name in theme.__all__}


def layer(name: str) -> list[tuple[str, Painter]]:
    """Give the things of one layer from back to front, and who paints each."""
    return [(thing.name, _PAINTERS[thing.name]) for thing in THINGS if thing.layer == name]
