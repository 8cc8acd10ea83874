"""Reading what an endpoint answers: its JSON, or the sentence that says what was wrong with it."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping
from typing import Any

from .errors import AnswerError, ApiError

__all__ = ["read_answer", "retry_after"]

_ADVICE = {
    400: "Check the fields and the version.",
    401: "Check the key: type it again, or set it in the environment.",
    402: "The account has no credit left; top it up, then run again.",
    403: "The key is not allowed to do this; check its account and permissions.",
    404: "Check the base url and the version; or what was asked for is gone.",
    409: "The endpoint is busy with another job; run again when it is done.",
    413: "The request is too large; shorten it.",
    422: "Correct the fields and run again.",
    429: "Too many requests; wait and try again.",
}
_LONGEST = 400


def read_answer(status: int, headers: Mapping[str, str], data: bytes, *, who: str, what: str) -> dict[str, Any]:
    """Read the body of an answer.

    Parameters
    ----------
    status : int
        The HTTP status.
    headers : mapping
        The answer's headers.
    data : bytes
        The whole body.
    who : str
        The endpoint, in words.
    what : str
        What was asked of it, in words: "create the job".

    Returns
    -------
    dict
        The JSON object.

    Raises
    ------
    ApiError
        When the endpoint answered with an error, in any of the known shapes.
    AnswerError
        When what came is no JSON object.
    """
    body: Any = None
    problem = "an empty body"
    if data.strip():
        try:
            body = json.loads(data)
            problem = "" if isinstance(body, dict) else f"JSON that is not an object ({type(body).__name__})"
        except RecursionError:
            problem = "JSON that is nested too deeply"
        except ValueError:  # of broken JSON and of broken text alike
            start = data[:200].lstrip().lower()
            html = start.startswith(b"<") or "html" in headers.get("Content-Type", "").lower()
            problem = "a web page instead of JSON" if html else "broken or cut-off JSON"

    if 300 <= status < 400:
        target = headers.get("Location", "nowhere")[:200]
        raise AnswerError(
            f"{who} redirected to {target}; redirects are not followed. If you trust that address, use it as base url.",
            arrived=False,
        )
    if status >= 400 or _is_error(body):
        said = explain(body) if isinstance(body, dict) else (f"it sent {problem}" if problem else "")
        passing = status in (408, 429) or status >= 500
        advice = _ADVICE.get(status, "That may pass; try again in a moment." if passing else "")
        raise ApiError(
            f"{who} did not {what} ({status}{': ' + said if said else ''}). {advice}".strip(),
            status=status,
            body=body,
            # A throttle turns the request away at the door; so does a gateway's bare 503.
            arrived=not (400 <= status < 500 or (status == 503 and not isinstance(body, dict))),
            passing=passing,
            retry_after=retry_after(headers, body),
        )
    if problem:
        raise AnswerError(
            f"{who} was asked to {what} and sent {problem}. Check the base url; if it is right, try again later.",
            passing=True,
        )
    return body  # type: ignore[no-any-return]


def _is_error(body: Any) -> bool:
    """Whether a body is a relay's error that came with status 200; a prediction has an id or a status."""
    return isinstance(body, dict) and bool(body.get("error")) and "id" not in body and "status" not in body


def explain(body: dict[str, Any]) -> str:
    """Find the words in an error body: RFC 7807, a relay's, or Cog's."""
    fields = body.get("invalid_fields")
    if isinstance(fields, list) and fields:
        return _shorten("; ".join(f"{_get(f, 'field')}: {_get(f, 'description')}" for f in fields))
    detail = body.get("detail")
    if isinstance(detail, list) and detail:
        return _shorten("; ".join(f"{_location(_get(item, 'loc'))}: {_get(item, 'msg')}" for item in detail))
    error = body.get("error")
    if isinstance(error, dict):
        error = error.get("message") or error.get("code") or error.get("type")
    for text in (detail, error, body.get("message"), body.get("title")):
        if isinstance(text, str) and text.strip():
            return _shorten(text)
    return ""


def _get(item: Any, key: str) -> Any:
    return item.get(key, "?") if isinstance(item, dict) else item


def _location(loc: Any) -> str:
    return ".".join(str(part) for part in loc if part != "body") if isinstance(loc, list) else str(loc)


def _shorten(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def retry_after(headers: Mapping[str, str], body: Any = None, now: float | None = None) -> float | None:
    """Find how long an endpoint asks to wait.

    Parameters
    ----------
    headers : mapping
        The answer's headers: ``Retry-After`` in seconds or as an HTTP date, or ``ratelimit-reset`` in seconds.
    body : object
        The answer's JSON; Replicate's throttle says "Your rate limit resets in ~30s."
    now : float, optional
        The time, in seconds since the epoch.

    Returns
    -------
    float or None
        Seconds, 0 to 3600; None where nothing was said.
    """
    for name in ("Retry-After", "ratelimit-reset"):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
            return min(float(value), 3600.0)
        if value:
            try:
                then = email.utils.parsedate_to_datetime(value).timestamp()
            except (ValueError, TypeError, OverflowError):
                continue
            return min(max(then - (time.time() if now is None else now), 0.0), 3600.0)
    detail = body.get("detail") if isinstance(body, dict) else None
    found = re.search(r"resets in ~?(\d{1,5})s", detail) if isinstance(detail, str) else None
    return min(float(found[1]), 3600.0) if found else None
