"""The request model: every field's type, bounds, default, label and help, written once."""

from __future__ import annotations

import copy
import json
from typing import Any

from traitlets import HasTraits

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.keys.hiding import guarded_class, hide_keys, is_named_as_key
from animatediff_widget.texts import Message

from .fields import (
    CHECKPOINTS,
    DEFAULT_VERSION,
    EXAMPLE_PROMPT,
    INPUT_FIELDS,
    MAX_SEED,
    MOTION_MODULES,
    Extra,
    Name,
    Number,
    Text,
    Version,
    Whole,
    draw_seed,
    no_object,
)

__all__ = ["AnimateDiffRequest"]


@guarded_class
class AnimateDiffRequest(HasTraits):
    """One request for an animation, as ``lucataco/animate-diff`` takes it.

    A wrong value is refused when it is assigned (`InvalidRequest`) and the value before it stays. Every field is a
    trait: observe it, link it, read its bounds and help from it.

    Parameters
    ----------
    **fields
        Values for the traits: `prompt`, `n_prompt`, `path`, `motion_module`, `steps` (1 to 100), `guidance_scale`
        (1 to 10), `seed` (0 to 4294967295, or None: one is drawn when the job is submitted), `version`,
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

    prompt = Text(EXAMPLE_PROMPT, help="What should be seen: words or phrases, with commas between.").tag(
        label="Prompt"
    )
    n_prompt = Text("", help="What should not be seen, in the same form.").tag(label="Negative prompt")
    path = Name(CHECKPOINTS[0], help="The checkpoint: the drawing style. Pick one, or type another.").tag(
        label="Checkpoint", suggestions=CHECKPOINTS
    )
    motion_module = Name(MOTION_MODULES[0], help="The motion module: how things move. Pick one, or type another.").tag(
        label="Motion module", suggestions=MOTION_MODULES
    )
    steps = Whole(
        25, min=1, max=100, help="Denoising steps, 1 to 100: more is cleaner and takes longer; 25 is usual."
    ).tag(label="Steps", step=1)
    guidance_scale = Number(
        7.5, min=1.0, max=10.0, help="How strictly to follow the prompt, 1 to 10; 7.5 is usual."
    ).tag(label="Guidance scale", step=0.1)
    seed = Whole(
        None,
        min=0,
        max=MAX_SEED,
        allow_none=True,
        help="The same seed and settings give the same animation. 0 to 4294967295; many builds take 0 as random.",
    ).tag(label="Seed")
    version = Version(DEFAULT_VERSION, help="The model's version: its 64-digit id, owner/name:id, or owner/name.").tag(
        label="Version"
    )
    extra_input = Extra(INPUT_FIELDS, help="Further JSON fields, merged into input.").tag(label="Extra input")
    extra_body = Extra(("version", "input"), help="Further JSON fields, merged beside version and input.").tag(
        label="Extra body"
    )

    def __init__(self, **fields: Any) -> None:
        unknown = sorted(set(fields) - set(self.trait_names()))
        if any(map(is_named_as_key, unknown)):
            raise InvalidRequest(unknown[0], Message("key_not_a_field", names=", ".join(unknown)))
        if unknown:
            names = ", ".join(self.trait_names())
            raise InvalidRequest(unknown[0], Message("no_such_field", name=repr(unknown[0]), names=names))
        try:
            super().__init__(**fields)
        except InvalidRequest as error:  # there was no value before it
            raise InvalidRequest(error.field, Message("value_refused", **error.params)) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            value = hide_keys(value)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        seed = "random" if self.seed is None else self.seed
        return f"<AnimateDiffRequest {self.prompt[:60]!r} steps={self.steps} seed={seed}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AnimateDiffRequest):
            return NotImplemented
        return self.trait_values() == other.trait_values()

    __hash__ = None  # type: ignore[assignment]

    def copy(self, **fields: Any) -> AnimateDiffRequest:
        """Copy the request, with some fields changed."""
        return AnimateDiffRequest(**{**self.trait_values(), **fields})

    def seeded(self) -> AnimateDiffRequest:
        """Copy the request for submission: where `seed` is None, the copy has a drawn one."""
        return self.copy(seed=draw_seed() if self.seed is None else self.seed)

    def body(self) -> dict[str, Any]:
        """Build the JSON body to post: ``version`` and ``input`` in the interface document's order, then the extras.

        With ``seed=None`` there is no seed in it: `Client.create` and `Job` draw one first (`seeded`).

        Raises
        ------
        InvalidRequest
            When an extra was changed in place into something that cannot be sent.
        """
        for name in ("extra_input", "extra_body"):
            setattr(self, name, getattr(self, name))  # a dict can be edited in place, past the check at assignment
        fields = {name: getattr(self, name) for name in INPUT_FIELDS}
        if fields["seed"] is None:
            del fields["seed"]
        return {
            "version": self.version,
            "input": {**fields, **copy.deepcopy(self.extra_input)},
            **copy.deepcopy(self.extra_body),
        }

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> AnimateDiffRequest:
        """Build a request from a body, as `body` returns it.

        What is missing gets the model's default; unknown fields are kept in the extras.

        Raises
        ------
        InvalidRequest
            When `body` is not an object with an ``input`` object, or a field is refused.
        """
        if not isinstance(body, dict):
            raise no_object("body", body)
        given = body.get("input", {})
        if not isinstance(given, dict):
            raise no_object("input", given)
        fields: dict[str, Any] = {name: given[name] for name in INPUT_FIELDS if name in given}
        if "version" in body:
            fields["version"] = body["version"]
        return cls(
            **fields,
            extra_input={key: value for key, value in given.items() if key not in INPUT_FIELDS},
            extra_body={key: value for key, value in body.items() if key not in ("version", "input")},
        )

    def to_json(self) -> str:
        """Write the body as indented JSON, with every character as itself."""
        return json.dumps(self.body(), indent=2, ensure_ascii=False)
