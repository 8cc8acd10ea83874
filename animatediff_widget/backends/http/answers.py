"""Reading what an endpoint answers: its JSON, or the sentence that says what was wrong with it."""

from __future__ import annotations

import base64
import email.utils
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from animatediff_widget.errors import AnswerError, ApiError
from animatediff_widget.media.formats import MIMES, sniff
from animatediff_widget.texts import Message

__all__ = ["clock_ahead", "read_answer", "read_output", "retry_after", "shorten"]

_LONGEST = 400
_LONGEST_NUMBER = 300
_DEEPEST = 100
_URL = re.compile("https?://|data:", re.IGNORECASE)
_ABOUT_THE_REQUEST = (400, 401, 402, 405, 411, 413, 414, 415, 422, 431)
_ADVISED = (400, 401, 402, 403, 404, 409, 413, 422, 429)
_REFUSED = (
    r"^4(?!08)\d\d$|invalid.?(request|param|input|version|field)|api.?key|auth|quota|balance|credit|permission|forbidden"
    r"|model.?not.?found|rate.?limit"
)
"""What the type or code of a relay's error is like where it turned the request away."""


def read_answer(
    status: int,
    headers: Mapping[str, str],
    data: bytes,
    *,
    who: Message,
    what: Message,
    redact: Callable[[Any], Any] = lambda value: value,
) -> dict[str, Any]:
    """Read the body of an answer; `redact` takes the key out before anything is shortened, which could cut through it.

    Raises `ApiError` where it is an error, in any of the known shapes, and `AnswerError` where it is no JSON object.
    """
    body, problem = _parse(data, headers)
    body = redact(body)
    if 300 <= status < 400:
        target = shorten(redact(headers.get("Location", "")))[:200]
        raise AnswerError(Message("redirected", who=who, target=target or Message("nowhere")))
    if status >= 400 or _is_error(body):
        said = _explain(body) if isinstance(body, dict) else Message("it_sent", problem=problem)
        passing = status in (408, 429) or status >= 500
        advice = Message(f"advice_{status}") if status in _ADVISED else Message("advice_passing") if passing else ""
        details = Message("status_and_words", status=status, words=said) if said else str(status)
        raise ApiError(
            Message("refused", who=who, what=what, details=details, advice=advice),
            status=status,
            body=body,
            arrived=not _is_refusal(status, body),
            passing=passing,
            retry_after=retry_after(headers, body),
        )
    if problem:
        raise AnswerError(Message("unreadable", who=who, what=what, problem=problem), passing=True)
    return body  # type: ignore[no-any-return]


def read_output(headers: Mapping[str, str], data: bytes) -> Any:
    """Read an answer that is nothing but the output, a file or its url or some urls; None where it is not."""
    suffix = sniff(data[:16])
    if suffix in MIMES:
        return f"data:{MIMES[suffix]};base64,{base64.b64encode(data).decode()}"
    body, _ = _parse(data, headers)
    text = data.strip()
    if body is None and len(text.split()) == 1:  # as plain text
        body = text.decode("utf-8", "replace")
    urls = body if isinstance(body, list) else [body]
    return body if urls and all(isinstance(url, str) and _URL.match(url) for url in urls) else None


def _parse(data: bytes, headers: Mapping[str, str]) -> tuple[Any, Message | None]:
    """Read a body; give it with what is wrong with it, in words."""
    if not data.strip():
        return None, Message("an_empty_body")
    try:
        # JSON is UTF-8 whatever the header says; a log may hold a broken character all the same.
        body = json.loads(data.decode(json.detect_encoding(data), "replace"), parse_int=_whole)
    except RecursionError:
        return None, Message("too_deep_json")
    except ValueError:
        start = data[:200].lstrip().lower()
        html = start.startswith(b"<") or "html" in headers.get("Content-Type", "").lower()
        return None, Message("a_web_page" if html else "broken_json")
    if data.count(b"[") + data.count(b"{") > _DEEPEST and _is_too_deep(body):
        return None, Message("too_deep_json")
    return body, None if isinstance(body, dict) else Message("other_json", kind=type(body).__name__)


def _whole(digits: str) -> float:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float(digits)  # reading longer ones takes for ever


def _is_too_deep(body: Any) -> bool:
    """Whether JSON is so deep that walking through it could exhaust the stack."""
    level = [body]
    for _ in range(_DEEPEST):
        level = [
            item
            for node in level
            for item in (node.values() if isinstance(node, dict) else node)
            if isinstance(item, (dict, list))
        ]
        if not level:
            return False
    return True


def _is_error(body: Any) -> bool:
    """Whether a body is an error that came with a good status; a prediction has an id, or a status in words."""
    if not isinstance(body, dict) or body.get("id") or isinstance(body.get("status"), str):
        return False
    status = body.get("status")
    return bool(body.get("error")) or (isinstance(status, int) and 400 <= status < 600)


def _is_refusal(status: int, body: Any) -> bool:
    """Whether an error says for certain that the job was not created."""
    if status in (408, 499) or status >= 500:  # a gateway gave up on the way, though the job may go on behind it
        return False
    if status == 429:  # the API throttles in its own words, and creates nothing; a gateway's may come too late
        if not isinstance(body, dict):
            return False
        return bool(body.get("detail") or body.get("title")) or isinstance(body.get("error"), dict)
    if status >= 400:  # in the API's own words, or about the request itself; else it is a gateway that speaks
        return isinstance(body, dict) or status in _ABOUT_THE_REQUEST
    error = body.get("error")
    said = [body.get("status")]
    if isinstance(error, dict):
        said += [error.get("code"), error.get("type"), error.get("status")]
    return any(re.search(_REFUSED, str(item), re.IGNORECASE) for item in said)


def _explain(body: dict[str, Any]) -> str:
    """Find the words in an error body: RFC 7807, a relay's, or Cog's."""
    for name, where, what in (("invalid_fields", "field", "description"), ("detail", "loc", "msg")):
        items = body.get(name)
        if isinstance(items, list) and items:
            return shorten("; ".join(f"{_get(item, where)}: {_get(item, what)}" for item in items))
    error = body.get("error")
    if isinstance(error, dict):
        error = error.get("message") or error.get("code") or error.get("type")
    for text in (body.get("detail"), error, body.get("message"), body.get("title")):
        if isinstance(text, str) and text.strip():
            return shorten(text)
    return ""


def _get(item: Any, key: str) -> Any:
    value = item.get(key, "?") if isinstance(item, dict) else item
    return ".".join(str(part) for part in value if part != "body") if isinstance(value, list) else value


def shorten(text: str) -> str:
    """Give text as part of a sentence: on one line, not too long, every character writable."""
    text = " ".join(text[: 4 * _LONGEST].split()).rstrip(".").encode("utf-8", "replace").decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def retry_after(headers: Mapping[str, str], body: Any = None) -> float | None:
    """Find how long an endpoint asks to wait, by its headers or its words: 0 to 3600 s; None where it says nothing."""
    for name in ("Retry-After", "ratelimit-reset"):
        value = (headers.get(name) or "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
            return min(float(value), 3600.0)
        if (then := _date(value)) is not None:  # by the endpoint's own clock, where it tells: ours may be wrong
            return min(max(then - (_date(headers.get("Date")) or time.time()), 0.0), 3600.0)
    detail = body.get("detail") if isinstance(body, dict) else None
    found = re.search(r"resets in ~?(\d{1,5})s", detail) if isinstance(detail, str) else None
    return min(float(found[1]), 3600.0) if found else None


def clock_ahead(headers: Mapping[str, str]) -> float:
    """Find by how much an endpoint's clock is ahead of ours, in seconds; 0.0 where it does not tell, or they agree."""
    then = _date(headers.get("Date"))
    ahead = 0.0 if then is None else then + 0.5 - time.time()  # it is cut to whole seconds
    return ahead if abs(ahead) > 1.0 else 0.0


def _date(value: str | None) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(value or "").timestamp()
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return None
