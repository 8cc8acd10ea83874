"""Reading a create request, and describing what it may hold: both from the request model."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from traitlets import Float, Int

from animatediff_widget._version import __version__
from animatediff_widget.errors import InvalidRequest
from animatediff_widget.model.request import DEFAULT_VERSION, AnimateDiffRequest
from animatediff_widget.texts import TEXTS

from .problem import bad_request, invalid

__all__ = ["MODEL", "identify", "openapi_schema", "parse_json", "read_request"]

MODEL = "lucataco/animate-diff"
"""The model whose interface this server offers."""

# JSON Schema's words, which are also those in the hosted API's descriptions.
_JSON_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}

_EXTRA_ITEM = re.compile(r"extra_(?P<where>input|body)(?:\['(?P<key>.*)'\])?", re.DOTALL)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parse_json(body: bytes) -> Any:
    """Read JSON strictly.

    Parameters
    ----------
    body : bytes
        UTF-8 text.

    Returns
    -------
    object
        What it says.

    Raises
    ------
    Problem
        400 when it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except RecursionError:
        raise bad_request("JSON parse error - the body is nested too deeply.") from None
    except ValueError as error:
        raise bad_request(f"JSON parse error - {error}") from None


def read_request(body: Any, *, model: str | None = None) -> AnimateDiffRequest:
    """Check a create request's body with the request model.

    Parameters
    ----------
    body : object
        The parsed JSON.
    model : str, optional
        ``owner/name`` where the path named the model; the body then needs no ``version``.

    Returns
    -------
    AnimateDiffRequest
        The valid request.

    Raises
    ------
    Problem
        422 naming every refused field.
    """
    if not isinstance(body, dict):
        raise invalid([_wrong_type("", "object", body)])
    missing = [name for name in ("version", "input") if name not in body and not (name == "version" and model)]
    if missing:
        raise invalid([{"type": "required", "field": "", "description": f"{name} is required"} for name in missing])
    if not isinstance(body["input"], dict):
        raise invalid([_wrong_type("input", "object", body["input"])])
    if model:
        body = {**body, "version": model}
    with TEXTS.speaking("en"):  # the hosted API's language, whatever the panel speaks
        try:
            return AnimateDiffRequest.from_body(body)
        except InvalidRequest as error:
            raise invalid(_all_problems(body) or [_explain(error, None)]) from None


def _all_problems(body: dict[str, Any]) -> list[dict[str, str]]:
    """Try the fields one by one, as the model stops at the first it refuses."""
    given = body["input"]
    own = [name for name in AnimateDiffRequest.class_trait_names() if name in given]
    parts: list[tuple[dict[str, Any], Any]] = [({"version": body["version"], "input": {}}, body["version"])]
    parts += [({"input": {name: given[name]}}, given[name]) for name in own]
    parts.append(({"input": {name: value for name, value in given.items() if name not in own}}, None))
    parts.append(({**{name: value for name, value in body.items() if name != "version"}, "input": {}}, None))
    problems = []
    for part, value in parts:
        try:
            AnimateDiffRequest.from_body(part)
        except InvalidRequest as error:
            problems.append(_explain(error, value))
    return problems


def _wrong_type(field: str, expected: str, value: Any) -> dict[str, str]:
    given = _JSON_TYPES[type(value)]
    return {
        "type": "invalid_type",
        "field": field,
        "description": f"Invalid type. Expected: {expected}, given: {given}",
    }


def _explain(error: InvalidRequest, value: Any) -> dict[str, str]:
    """Say what the model refused in the hosted API's words, where it has words for it."""
    name = error.field
    extra = _EXTRA_ITEM.match(name)
    if extra:
        path = "input" if extra["where"] == "input" else ""
        if not extra["key"]:
            return {"type": "invalid", "field": path, "description": str(error).replace(name, path or "body", 1)}
        field = f"{path}.{extra['key']}".lstrip(".")
        return {"type": "invalid", "field": field, "description": str(error).replace(name, extra["key"], 1)}
    field = name if name == "version" else f"input.{name}"
    trait = AnimateDiffRequest.class_traits().get(name)
    if isinstance(trait, (Int, Float)):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and value > trait.max:
            text = f"Must be less than or equal to {_plain(trait.max)}"
            return {"type": "number_lte", "field": field, "description": text}
        if number and value < trait.min:
            text = f"Must be greater than or equal to {_plain(trait.min)}"
            return {"type": "number_gte", "field": field, "description": text}
        return _wrong_type(field, _json_type(trait), value)
    if not isinstance(value, str):
        return _wrong_type(field, "string", value)
    return {"type": "invalid", "field": field, "description": str(error)}


def _plain(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"


def _json_type(trait: Any) -> str:
    return "integer" if isinstance(trait, Int) else "number" if isinstance(trait, Float) else "string"


def identify(version: str) -> tuple[str, str]:
    """Split a version into the ``model`` and ``version`` of a prediction.

    Parameters
    ----------
    version : str
        The id, ``owner/name:id`` or ``owner/name``.

    Returns
    -------
    tuple of str
        ``owner/name``, and the id; as the hosted API does, ``"hidden"`` for a model that was named without one.
    """
    if "/" not in version:
        return MODEL, version
    model, _, version_id = version.partition(":")
    return model, version_id or (DEFAULT_VERSION if model == MODEL else "hidden")


def openapi_schema() -> dict[str, Any]:
    """Describe the inputs and the output, as a hosted model version does.

    Returns
    -------
    dict
        An OpenAPI document whose ``Input`` is written from the request model's own fields.
    """
    properties: dict[str, Any] = {}
    traits = AnimateDiffRequest.class_own_traits()
    names = [name for name in vars(AnimateDiffRequest) if name in traits]  # the order in which they are declared
    for order, name in enumerate(names):
        if name == "version" or name.startswith("extra_"):
            continue
        trait = traits[name]
        field = {"type": _json_type(trait), "title": trait.metadata["label"], "description": trait.help}
        field["x-order"] = order
        if trait.default_value is not None:
            field["default"] = trait.default_value
        if isinstance(trait, (Int, Float)):
            field.update(minimum=trait.min, maximum=trait.max)
        if "suggestions" in trait.metadata:
            field["examples"] = list(trait.metadata["suggestions"])
        properties[name] = field
    schemas = {
        "Input": {"type": "object", "title": "Input", "properties": properties},
        "Output": {"type": "string", "title": "Output", "format": "uri"},
    }
    return {
        "openapi": "3.0.2",
        "info": {"title": "animatediff-widget", "version": __version__},
        "paths": {},
        "components": {"schemas": schemas},
    }
