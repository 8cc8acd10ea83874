"""What a sweep's axes and their values are called where a person sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Texts
from animatediff_widget.texts.plain import printable

__all__ = ["axis_label", "cell_state", "settings_label", "value_label"]


def axis_label(name: str, texts: Texts) -> str:
    """Give a field's label; of a field that is not the request's own, its name."""
    trait = AnimateDiffRequest.class_traits().get(name)
    return texts.get(f"label_{name}") or (trait.metadata["label"] if trait is not None else printable(name))


def value_label(name: str, value: Any) -> str:
    """Write a value of an axis: short where it is a number or a file's name, else as it is."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str):
        return printable(Path(value).stem if name == "path" else value) or "–"
    return printable(json.dumps(value, ensure_ascii=False))


def settings_label(settings: dict[str, Any], texts: Texts) -> str:
    """Write what tells a cell from the others, such as ``Steps 4, Seed 7``."""
    return ", ".join(f"{axis_label(name, texts)} {value_label(name, value)}" for name, value in settings.items())


def cell_state(state: str, texts: Texts) -> str:
    """Say how a cell's job stands; one that was not begun waits."""
    return texts["sheet_waits"] if state == "new" else texts.get(f"state_{state}", state)
