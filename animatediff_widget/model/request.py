"""The request model: every field's type, bounds, default, label and help, written once."""

from __future__ import annotations

import copy
import json
import math
import re
import secrets
from typing import TYPE_CHECKING, Any

from traitlets import Dict, Float, HasTraits, Int, TraitType, Unicode

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.texts import TEXTS

if TYPE_CHECKING:
    from .endpoint import Endpoint

__all__ = [
    "CHECKPOINTS",
    "DEFAULT_VERSION",
    "EXAMPLE_PROMPT",
    "MAX_SEED",
    "MOTION_MODULES",
    "AnimateDiffRequest",
    "draw_seed",
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

MAX_SEED = 2**31 - 1

_INPUT_FIELDS = ("path", "seed", "steps", "prompt", "n_prompt", "motion_module", "guidance_scale")

# The parameter table of the interface document. It belongs to another model, but some endpoints insist on it.
_TABLE_FIELDS: dict[str, str] = {
    "seed": "integer",
    "image": "string",
    "steps": "integer",
    "prompt": "string",
    "cfg_scale": "integer",
    "scheduler": "string",
    "sampler_name": "string",
    "negative_prompt": "string",
    "denoising_strength": "number",
    "outpaint_direction": "string",
    "overlay_original_img": "boolean",
}

_VERSION = re.compile(r"(?:[\w.-]+/[\w.-]+(?::[0-9a-f]{64})?|[0-9a-f]{64})", re.ASCII)


def draw_seed() -> int:
    """Draw a seed.

    Returns
    -------
    int
        From 1 to 2147483647; never 0, which some builds of the model take as "random".
    """
    return 1 + secrets.randbelow(MAX_SEED)


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # a number of very many digits, a list that is too deep, a class of somebody's own
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _refuse(name: str, wanted: str, value: object) -> InvalidRequest:
    """Refuse a value that is not `wanted`, in words."""
    sentence = TEXTS["must_be"].format(name=name, wanted=wanted, value=_shown(value))
    return InvalidRequest(name, sentence + TEXTS["value_kept"])


def _no_object(name: str, value: object) -> InvalidRequest:
    sentence = TEXTS["must_be"].format(name=name, wanted=TEXTS["a_object"], value=_shown(value))
    return InvalidRequest(name, sentence + TEXTS["full_stop"])


def _name_of(trait: TraitType[Any, Any]) -> str:
    return trait.name or "value"


class _Text(Unicode):  # type: ignore[type-arg]  # traitlets 5.7 cannot be subscripted at run time
    """Text that can be sent as UTF-8."""

    def validate(self, obj: Any, value: Any) -> str:
        if not isinstance(value, str):
            raise _refuse(_name_of(self), TEXTS["a_text"], value)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _refuse(_name_of(self), TEXTS["a_sound_text"], value) from None
        return value


class _Name(_Text):
    """Text that cannot be blank."""

    def validate(self, obj: Any, value: Any) -> str:
        name: str = super().validate(obj, value).strip()
        if not name:
            sentence = TEXTS["must_not_be_blank"].format(name=_name_of(self))
            raise InvalidRequest(_name_of(self), sentence + TEXTS["value_kept"])
        return name


class _Whole(Int):  # type: ignore[type-arg]
    def validate(self, obj: Any, value: Any) -> Any:
        if value is None and self.allow_none:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not self.min <= value <= self.max:
            wanted = TEXTS["a_integer_between"].format(low=self.min, high=self.max)
            raise _refuse(_name_of(self), wanted + (TEXTS["or_none"] if self.allow_none else ""), value)
        return value


class _Number(Float):  # type: ignore[type-arg]
    def validate(self, obj: Any, value: Any) -> float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not self.min <= value <= self.max:  # NaN fails the comparison too
            wanted = TEXTS["a_number_between"].format(low=f"{self.min:g}", high=f"{self.max:g}")
            raise _refuse(_name_of(self), wanted, value)
        return float(value)


class _Version(_Text):
    def validate(self, obj: Any, value: Any) -> str:
        version: str = super().validate(obj, value).strip()
        if not _VERSION.fullmatch(version):
            raise _refuse(_name_of(self), TEXTS["a_version"], version)
        return version


class _Extra(Dict):
    """A JSON object that is merged into the body."""

    reserved: tuple[str, ...] = ()

    def __init__(self, reserved: tuple[str, ...], **more: Any) -> None:
        super().__init__(**more)
        self.reserved = reserved

    def validate(self, obj: Any, value: Any) -> dict[str, Any]:
        name = _name_of(self)
        if not isinstance(value, dict):
            raise _refuse(name, TEXTS["a_object"], value)
        for key in value:
            if key in self.reserved:
                sentence = TEXTS["must_not_hold"].format(name=name, key=repr(key))
                raise InvalidRequest(name, sentence + TEXTS["value_kept"])
            if key in _TABLE_FIELDS and not _has_type(value[key], _TABLE_FIELDS[key]):
                raise _refuse(f"{name}[{key!r}]", TEXTS[f"a_{_TABLE_FIELDS[key]}"], value[key])
        _check_json(name, value)
        return copy.deepcopy(value)


def _has_type(value: object, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "string":
        return isinstance(value, str)
    if isinstance(value, bool):
        return False
    return isinstance(value, int) if kind == "integer" else isinstance(value, (int, float))


def _check_json(name: str, value: object, depth: int = 0) -> None:
    """Refuse what JSON cannot say."""
    if depth > 100:
        raise _refuse(name, TEXTS["a_flatter_json"], "...")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise _refuse(name, TEXTS["a_json_with_text_keys"], key)
            _check_json(name, key, depth + 1)
            _check_json(name, item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_json(name, item, depth + 1)
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _refuse(name, TEXTS["a_sound_json"], value) from None
    elif not (value is None or _is_small(value) or (isinstance(value, float) and math.isfinite(value))):
        raise _refuse(name, TEXTS["a_json"], value)


def _is_small(value: object) -> bool:
    """Whether it is a whole number (or a truth value) that Python can write; it refuses those of 4300 digits."""
    return isinstance(value, int) and value.bit_length() <= 1000


class AnimateDiffRequest(HasTraits):
    """One request for an animation, as ``lucataco/animate-diff`` takes it.

    A wrong value is refused when it is assigned (`InvalidRequest`) and the value before it stays. Every field is a
    trait: observe it, link it, read its bounds and help from it.

    Parameters
    ----------
    **fields
        Values for the traits: `prompt`, `n_prompt`, `path`, `motion_module`, `steps` (1 to 100), `guidance_scale`
        (1 to 10), `seed` (0 to 2147483647, or None: one is drawn when the job is submitted), `version`,
        `extra_input`, `extra_body`.

    Raises
    ------
    InvalidRequest
        When a field is unknown or its value is refused.

    Examples
    --------
    >>> AnimateDiffRequest(prompt="a boat on the sea under the moon", steps=12, seed=7).body()["input"]["steps"]
    12
    """

    prompt = _Text(EXAMPLE_PROMPT, help="What should be seen: words or phrases, with commas between.").tag(
        label="Prompt"
    )
    n_prompt = _Text("", help="What should not be seen, in the same form.").tag(label="Negative prompt")
    path = _Name(CHECKPOINTS[0], help="The checkpoint: the drawing style. Pick one, or type another.").tag(
        label="Checkpoint", suggestions=CHECKPOINTS
    )
    motion_module = _Name(
        MOTION_MODULES[0],
        help="The motion module: how things move. Pick one, or type another.",
    ).tag(label="Motion module", suggestions=MOTION_MODULES)
    steps = _Whole(
        25, min=1, max=100, help="Denoising steps, 1 to 100: more is cleaner and takes longer; 25 is usual."
    ).tag(label="Steps", step=1)
    guidance_scale = _Number(
        7.5, min=1.0, max=10.0, help="How strictly to follow the prompt, 1 to 10; 7.5 is usual."
    ).tag(label="Guidance scale", step=0.1)
    seed = _Whole(
        None,
        min=0,
        max=MAX_SEED,
        allow_none=True,
        help="The same seed and settings give the same animation. 0 to 2147483647; many builds take 0 as random.",
    ).tag(label="Seed")
    version = _Version(
        DEFAULT_VERSION,
        help="The model's version: its 64-digit id, owner/name:id, or owner/name.",
    ).tag(label="Version")
    extra_input = _Extra(_INPUT_FIELDS, help="Further JSON fields, merged into input.").tag(label="Extra input")
    extra_body = _Extra(("version", "input"), help="Further JSON fields, merged beside version and input.").tag(
        label="Extra body"
    )

    def __init__(self, **fields: Any) -> None:
        unknown = sorted(set(fields) - set(self.trait_names()))
        if unknown:
            names = ", ".join(self.trait_names())
            raise InvalidRequest(unknown[0], TEXTS["no_such_field"].format(name=repr(unknown[0]), names=names))
        try:
            super().__init__(**fields)
        except InvalidRequest as error:  # there was no value before it
            sentence = str(error)
            if sentence.endswith(TEXTS["value_kept"]):
                sentence = sentence.removesuffix(TEXTS["value_kept"]) + TEXTS["full_stop"]
            raise InvalidRequest(error.field, sentence) from None

    def __repr__(self) -> str:
        seed = "random" if self.seed is None else self.seed
        return f"<AnimateDiffRequest {_shown(self.prompt)} steps={self.steps} seed={seed}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AnimateDiffRequest):
            return NotImplemented
        return self.trait_values() == other.trait_values()

    __hash__ = None  # type: ignore[assignment]

    def copy(self, **fields: Any) -> AnimateDiffRequest:
        """Copy the request, with some fields changed.

        Parameters
        ----------
        **fields
            The traits to change.
        """
        return AnimateDiffRequest(**{**self.trait_values(), **fields})

    def seeded(self) -> AnimateDiffRequest:
        """Copy the request for submission: where `seed` is None, the copy has a drawn one."""
        return self.copy(seed=draw_seed() if self.seed is None else self.seed)

    def body(self) -> dict[str, Any]:
        """Build the JSON body to post.

        Returns
        -------
        dict
            ``version`` and ``input`` in the order of the interface document, then the extras. With ``seed=None`` there
            is no seed in it: `Client.create` and `Job` draw one first (`seeded`).

        Raises
        ------
        InvalidRequest
            When an extra was changed in place into something that cannot be sent.
        """
        for name in ("extra_input", "extra_body"):
            setattr(self, name, getattr(self, name))  # a dict can be edited in place, past the check at assignment
        fields = {name: getattr(self, name) for name in _INPUT_FIELDS}
        if fields["seed"] is None:
            del fields["seed"]
        return {
            "version": self.version,
            "input": {**fields, **copy.deepcopy(self.extra_input)},
            **copy.deepcopy(self.extra_body),
        }

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> AnimateDiffRequest:
        """Build a request from a body; the inverse of `body`.

        Parameters
        ----------
        body : dict
            As `body` returns it. What is missing gets the model's default; unknown fields are kept in the extras.

        Raises
        ------
        InvalidRequest
            When `body` is not an object with an ``input`` object, or a field is refused.
        """
        if not isinstance(body, dict):
            raise _no_object("body", body)
        given = body.get("input", {})
        if not isinstance(given, dict):
            raise _no_object("input", given)
        fields: dict[str, Any] = {name: given[name] for name in _INPUT_FIELDS if name in given}
        if "version" in body:
            fields["version"] = body["version"]
        return cls(
            **fields,
            extra_input={key: value for key, value in given.items() if key not in _INPUT_FIELDS},
            extra_body={key: value for key, value in body.items() if key not in ("version", "input")},
        )

    def to_json(self) -> str:
        """Write the body as indented JSON, with every character as itself."""
        return json.dumps(self.body(), indent=2, ensure_ascii=False)

    def to_curl(self, endpoint: Endpoint | None = None) -> str:
        """Write the request as a curl command for a POSIX shell.

        Parameters
        ----------
        endpoint : Endpoint, optional
            Where to post; Replicate when not given. Its key appears only as an environment variable.
        """
        from animatediff_widget.backends.snippets import curl

        return curl(self, endpoint)

    def to_python(self, endpoint: Endpoint | None = None) -> str:
        """Write the request as a Python script that uses ``requests``, waits for the end and saves the animation.

        Parameters
        ----------
        endpoint : Endpoint, optional
            Where to post; Replicate when not given. Its key appears only as an environment variable.
        """
        from animatediff_widget.backends.snippets import python

        return python(self, endpoint)
