"""Reading a create request, and describing what it may hold: both from the request model."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, NoReturn

from animatediff_widget._version import __version__
from animatediff_widget.errors import InvalidRequest
from animatediff_widget.model.fields import DEFAULT_VERSION
from animatediff_widget.model.inputs import Input, Inputs
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Texts

from .problem import Problem, invalid

__all__ = ["MODEL", "identify", "openapi_schema", "parse_json", "read_request"]

MODEL = "lucataco/animate-diff"
"""The model whose interface this server offers."""

# JSON Schema's words, which are also those in the hosted API's descriptions.
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}

_ENGLISH = Texts("en")  # the hosted API's language, whatever the panel speaks
_EXTRA_ITEM = re.compile(r"extra_(?P<where>input|body)(?:\['(?P<key>.*)'\])?", re.DOTALL)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parse_json(body: bytes) -> Any:
    """Read JSON strictly: no NaN, no infinity; a `Problem` with 400 when it is not JSON, or nested too deeply."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except RecursionError:
        raise Problem(400, "Bad request", "JSON parse error - the body is nested too deeply.") from None
    except ValueError as error:
        raise Problem(400, "Bad request", f"JSON parse error - {error}") from None


def read_request(body: Any, inputs: Inputs, *, model: str | None = None) -> AnimateDiffRequest:
    """Check a create request's body with the request model and the engine's inputs; a `Problem` names what is wrong.

    Where the path named the `model`, as ``owner/name``, the body needs no ``version``.
    """
    if not isinstance(body, dict):
        raise invalid([_wrong_type("", "object", body)])
    missing = [name for name in ("version", "input") if name not in body and not (name == "version" and model)]
    if missing:
        raise invalid([_refused("required", "", f"{name} is required") for name in missing])
    if not isinstance(body["input"], dict):
        raise invalid([_wrong_type("input", "object", body["input"])])
    if model:
        body = {**body, "version": model}
    try:
        request = AnimateDiffRequest.from_body(body)
        inputs.check(body["input"])
    except InvalidRequest as error:
        raise invalid(_all_problems(body, inputs) or [_explain(error, None, inputs)]) from None
    return request


def _all_problems(body: dict[str, Any], inputs: Inputs) -> list[dict[str, str]]:
    """Try the fields one by one, as the model stops at the first it refuses."""
    given = body["input"]
    own = [name for name in AnimateDiffRequest.class_trait_names() if name in given]
    further = {name: value for name, value in given.items() if name not in own}
    parts: list[tuple[dict[str, Any], Any]] = [({"version": body["version"], "input": {}}, body["version"])]
    parts += [({"input": {name: given[name]}}, given[name]) for name in own]
    parts.append(({"input": further}, None))
    parts.append(({**{name: value for name, value in body.items() if name != "version"}, "input": {}}, None))
    problems = []
    for part, value in parts:
        try:
            AnimateDiffRequest.from_body(part)
        except InvalidRequest as error:
            problems.append(_explain(error, value, inputs))
    # What must go together is told of sound values only.
    found = replace(inputs, rules=()).problems(further) if problems else inputs.problems(given)
    return problems + [_explain(error, given.get(error.field), inputs) for error in found]


def _refused(kind: str, field: str, description: str) -> dict[str, str]:
    return {"type": kind, "field": field, "description": description}


def _wrong_type(field: str, expected: str, value: Any) -> dict[str, str]:
    return _refused(
        "invalid_type", field, f"Invalid type. Expected: {expected}, given: {_JSON_TYPES.get(type(value), 'null')}"
    )


def _explain(error: InvalidRequest, value: Any, inputs: Inputs) -> dict[str, str]:
    """Say what was refused in the hosted API's words, where it has words for it."""
    name = error.field
    sentence = _ENGLISH.say(error)
    extra = _EXTRA_ITEM.match(name)
    if extra:
        path = "input" if extra["where"] == "input" else ""
        key = extra["key"]
        field = f"{path}.{key}".lstrip(".") if key else path
        return _refused("invalid", field, sentence.replace(name, key or path or "body", 1))
    field = name if name == "version" else f"input.{name}"
    one = inputs[name] or Input(name)
    if one.choices:
        allowed = ", ".join(json.dumps(choice) for choice in one.choices)
        return _refused("enum", field, f"{field} must be one of the following: {allowed}")
    if one.type in ("integer", "number") and isinstance(value, (int, float)) and not isinstance(value, bool):
        if one.maximum is not None and value > one.maximum:
            return _refused("number_lte", field, f"Must be less than or equal to {one.maximum:.10g}")
        if one.minimum is not None and value < one.minimum:
            return _refused("number_gte", field, f"Must be greater than or equal to {one.minimum:.10g}")
    if not (one.fits(value) or (one.type == "string" and isinstance(value, str))):
        return _wrong_type(field, one.type, value)
    return _refused("invalid", field, sentence)


def identify(version: str) -> tuple[str, str]:
    """Split a version into the ``model`` and ``version`` of a prediction.

    As on the hosted API, the version of a model that was named without one is ``"hidden"``.
    """
    if "/" not in version:
        return MODEL, version
    model, _, version_id = version.partition(":")
    return model, version_id or (DEFAULT_VERSION if model == MODEL else "hidden")


def openapi_schema(inputs: Inputs) -> dict[str, Any]:
    """Describe the inputs and the output in OpenAPI, as a hosted model version does."""
    properties: dict[str, Any] = {}
    choices: dict[str, Any] = {}
    for order, each in enumerate(inputs.fields):
        field = {"title": each.label_in(_ENGLISH), "description": each.help_in(_ENGLISH), "x-order": order}
        bounds = {"default": each.default, "minimum": each.minimum, "maximum": each.maximum, "multipleOf": each.step}
        field |= {name: value for name, value in bounds.items() if value is not None}
        if each.choices:
            choices[each.name] = {"type": each.type, "title": each.name, "enum": list(each.choices)}
            field["allOf"] = [{"$ref": f"#/components/schemas/{each.name}"}]
        elif each.type != "json":
            field["type"] = each.type
        if each.suggestions:
            field["examples"] = list(each.suggestions)
        properties[each.name] = field
    schemas = {
        "Input": {"type": "object", "title": "Input", "properties": properties},
        "Output": {"type": "string", "title": "Output", "format": "uri"},
        **choices,
    }
    return {
        "openapi": "3.0.2",
        "info": {"title": "animatediff-widget", "version": __version__},
        "paths": {},
        "components": {"schemas": schemas},
    }
