"""The JSON of one job, fixed from the moment it is made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from animatediff_widget.errors import InvalidRequest
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import is_text

from .request import AnimateDiffRequest

__all__ = ["Body"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class Body:
    """What is posted for one job, as JSON text. Nothing that is changed later, in the form or in a copy, reaches it."""

    text: str

    @classmethod
    def of(cls, request: AnimateDiffRequest | Body, *, seeded: bool = False) -> Body:
        """Make the body of a request as it stands now, or `seeded` as for submission; a body is handed back as it is.

        `InvalidRequest` where it is neither, such as a key in a wrong place.
        """
        if isinstance(request, Body):
            return request
        if not isinstance(request, AnimateDiffRequest):
            raise InvalidRequest("request", Message("not_a_request"))
        return cls.from_json((request.seeded() if seeded else request).body())

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Body:
        """Make the body of a JSON object; a server's may hold halves of characters, which are kept as escapes."""
        text = json.dumps(value, ensure_ascii=False)
        return cls(text if is_text(text) else json.dumps(value))

    def to_json(self) -> dict[str, Any]:
        """Give the JSON object, a new one each time."""
        value: dict[str, Any] = json.loads(self.text)
        return value

    def request(self) -> AnimateDiffRequest:
        """Give the request that this is the body of: a new one each time, to look at or to change for another job.

        `InvalidRequest` where it is no body of this model, or no JSON, as in a damaged record.
        """
        try:
            value = self.to_json()
        except (ValueError, RecursionError):
            raise InvalidRequest("body", Message("body_damaged")) from None
        return AnimateDiffRequest.from_body(value)

    @cached_property
    def _json(self) -> dict[str, Any]:
        """The JSON object; an empty one where there is none, as in a damaged record."""
        try:
            value = self.to_json()
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def input(self) -> dict[str, Any]:
        """The model's input; empty where there is none."""
        given = self._json.get("input")
        return given if isinstance(given, dict) else {}

    def _input(self, name: str, kind: type[_T]) -> _T | None:
        value = self.input.get(name)
        return value if isinstance(value, kind) and not isinstance(value, bool) else None

    @property
    def version(self) -> str | None:
        """The model's version; None where there is none."""
        version = self._json.get("version")
        return version if is_text(version) else None

    @property
    def prompt(self) -> str:
        """The prompt; empty where there is none."""
        return self._input("prompt", str) or ""

    @property
    def seed(self) -> int | None:
        """The seed; None where none is sent."""
        return self._input("seed", int)

    @property
    def steps(self) -> int | None:
        """The denoising steps; None where none are sent, or so many that no model takes them."""
        steps = self._input("steps", int)
        return steps if steps is not None and abs(steps) < 2**63 else None

    def __repr__(self) -> str:
        return f"<Body {self.prompt[:60]!r} seed={self.seed}>"
