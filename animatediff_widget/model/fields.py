"""What the fields of a request can hold: their types, their choices, and what is refused in which words."""

from __future__ import annotations

import copy
import json
import math
import numbers
import re
import secrets
from typing import Any

from traitlets import Bunch, Dict, Float, Int, Unicode

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import is_text, shown

__all__ = [
    "CHECKPOINTS",
    "DEFAULT_VERSION",
    "EXAMPLE_PROMPT",
    "INPUT_FIELDS",
    "MAX_SEED",
    "MOTION_MODULES",
    "TABLE_FIELDS",
    "Extra",
    "Name",
    "Number",
    "Text",
    "Version",
    "Whole",
    "draw_seed",
    "no_object",
]

DEFAULT_VERSION = "beecf59c4aee8d81bf04f0381033dfa10dc16e845b4ae00d281e2fa377e48a9f"
"""The version of ``lucataco/animate-diff`` that the interface document names."""

EXAMPLE_PROMPT = (
    "masterpiece, best quality, 1girl, solo, cherry blossoms, hanami, pink flower, white flower, spring season, "
    "wisteria, petals, flower, plum blossoms, outdoors, falling petals, white hair, black eyes"
)

CHECKPOINTS = (
    "toonyou_beta3.safetensors",
    "lyriel_v16.safetensors",
    "rcnzCartoon3d_v10.safetensors",
    "majicmixRealistic_v5Preview.safetensors",
    "realisticVisionV40_v20Novae.safetensors",
)
"""The checkpoints that the hosted model lists; an endpoint may offer others."""

MOTION_MODULES = ("mm_sd_v14", "mm_sd_v15", "mm_sd_v15_v2")
"""The motion modules that the hosted model lists; an endpoint may offer others."""

MAX_SEED = 2**32 - 1
"""The largest seed that the hosted model draws; its schema has no bounds."""

INPUT_FIELDS = ("path", "seed", "steps", "prompt", "n_prompt", "motion_module", "guidance_scale")

# The parameter table of the interface document. It belongs to another model, but some endpoints insist on it.
TABLE_FIELDS = {
    **dict.fromkeys(("seed", "steps", "cfg_scale"), "integer"),
    **dict.fromkeys(
        ("image", "prompt", "scheduler", "sampler_name", "negative_prompt", "outpaint_direction"), "string"
    ),
    "denoising_strength": "number",
    "overlay_original_img": "boolean",
}

_PYTHON_TYPES: dict[str, Any] = {"boolean": bool, "string": str, "integer": int, "number": (int, float)}

_VERSION = re.compile(r"(?:[\w.-]+/[\w.-]+(?::[0-9a-f]{64})?|[0-9a-f]{64})", re.ASCII)


def draw_seed() -> int:
    """Draw a seed from 1 to 2147483647; never 0, which some builds of the model take as "random"."""
    return 1 + secrets.randbelow(2**31 - 1)


def _refuse(name: str, code: str, **params: Any) -> InvalidRequest:
    """Make the error for a value that is assigned to a field, which keeps the value before it."""
    return InvalidRequest(name, Message("value_kept", problem=Message(code, name=name, **params)))


def _must_be(name: str, wanted: Message, value: object) -> InvalidRequest:
    return _refuse(name, "must_be", wanted=wanted, value=shown(value))


def no_object(name: str, value: object) -> InvalidRequest:
    """Make the error for a part of a body that is no JSON object."""
    problem = Message("must_be", name=name, wanted=Message("a_object"), value=shown(value))
    return InvalidRequest(name, Message("value_refused", problem=problem))


class Text(Unicode):  # type: ignore[type-arg]  # traitlets 5.7 cannot be subscripted at run time
    """Text that can be sent as UTF-8."""

    def validate(self, obj: Any, value: Any) -> str:
        """Check a value."""
        if not is_text(value):
            raise _must_be(str(self.name), Message("a_sound_text"), value)
        return value


class Name(Text):
    """Text that cannot be blank."""

    def validate(self, obj: Any, value: Any) -> str:
        """Check a value."""
        name: str = super().validate(obj, value).strip()
        if not name:
            raise _refuse(str(self.name), "must_not_be_blank")
        return name


class Whole(Int):  # type: ignore[type-arg]
    """A whole number within bounds."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Check a value."""
        if value is None and self.allow_none:
            return None
        value = _plain(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not self.min <= value <= self.max:
            code = "a_integer_between_or_none" if self.allow_none else "a_integer_between"
            raise _must_be(str(self.name), Message(code, low=self.min, high=self.max), value)
        return value


class Number(Float):  # type: ignore[type-arg]
    """A finite number within bounds."""

    def validate(self, obj: Any, value: Any) -> float:
        """Check a value."""
        value = _plain(value)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not self.min <= value <= self.max:  # NaN fails the comparison too
            wanted = Message("a_number_between", low=f"{self.min:g}", high=f"{self.max:g}")
            raise _must_be(str(self.name), wanted, value)
        return float(value)


class Version(Text):
    """A model's version: its id, ``owner/name:id`` or ``owner/name``."""

    def validate(self, obj: Any, value: Any) -> str:
        """Check a value."""
        version: str = super().validate(obj, value).strip()
        if not _VERSION.fullmatch(version):
            raise _must_be(str(self.name), Message("a_version"), version)
        return version


class Extra(Dict):
    """A JSON object that is merged into the body."""

    def __init__(self, reserved: tuple[str, ...], **more: Any) -> None:
        super().__init__(**more)
        self.reserved = reserved

    def validate(self, obj: Any, value: Any) -> dict[str, Any]:
        """Check a value."""
        name = str(self.name)
        if not isinstance(value, dict):
            raise _must_be(name, Message("a_object"), value)
        for key in value:
            if key in self.reserved:
                raise _refuse(name, "must_not_hold", key=repr(key))
            if key in TABLE_FIELDS and not _has_type(value[key], TABLE_FIELDS[key]):
                raise _must_be(f"{name}[{key!r}]", Message(f"a_{TABLE_FIELDS[key]}"), value[key])
        _check_json(name, value)
        return copy.deepcopy(value)

    def set(self, obj: Any, value: Any) -> None:
        """Set a value; whoever watches is told also where only Python has it equal, as ``true`` and ``1``."""
        name = str(self.name)
        before = getattr(obj, name)
        super().set(obj, value)
        after = getattr(obj, name)
        if before == after and json.dumps(before) != json.dumps(after):
            obj.notify_change(Bunch(name=name, old=before, new=after, owner=obj, type="change"))


def _plain(value: Any) -> Any:
    """Give numpy's numbers as Python's."""
    return value.item() if isinstance(value, numbers.Number) and hasattr(value, "item") else value


def _has_type(value: object, kind: str) -> bool:
    return isinstance(value, _PYTHON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _check_json(name: str, value: object, depth: int = 0) -> None:
    """Refuse what JSON cannot say."""
    if depth > 100:
        raise _must_be(name, Message("a_flatter_json"), "...")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise _must_be(name, Message("a_json_with_text_keys"), key)
            _check_json(name, key, depth + 1)
            _check_json(name, item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_json(name, item, depth + 1)
    elif isinstance(value, str):
        if not is_text(value):
            raise _must_be(name, Message("a_sound_json"), value)
    elif not (value is None or _is_small(value) or (isinstance(value, float) and math.isfinite(value))):
        raise _must_be(name, Message("a_json"), value)


def _is_small(value: object) -> bool:
    """Whether it is a whole number (or a truth value) that Python can write; it refuses those of 4300 digits."""
    return isinstance(value, int) and value.bit_length() <= 1000
