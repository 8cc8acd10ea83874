"""Error answers, as the hosted API gives them: RFC 7807 problems."""

from __future__ import annotations

from typing import Any

from tornado.web import HTTPError

__all__ = ["Problem", "invalid", "not_found", "throttled"]


class Problem(HTTPError):
    """An error to answer with: its status, what kind of error it is, what happened, further members and headers."""

    def __init__(
        self, status: int, title: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(status)
        self.body: dict[str, Any] = {"title": title, "detail": detail, "status": status, **more}
        self.headers = headers or {}


def not_found(detail: str = "The requested resource could not be found.") -> Problem:
    """Make the answer to an unknown address."""
    return Problem(404, "Not found", detail)


def throttled(seconds: int) -> Problem:
    """Make the answer where too many predictions wait already; one more may be taken after so many seconds."""
    detail = f"Request was throttled. Your rate limit resets in ~{seconds}s."
    problem = Problem(429, "Too Many Requests", detail, headers={"Retry-After": str(seconds)})
    problem.body = {"detail": detail}  # the hosted API's has no more
    return problem


def invalid(fields: list[dict[str, str]]) -> Problem:
    """Make the answer to a body with invalid fields: of each its `type` of error, `field` and `description`."""
    lines = [f"{each['field']}: {each['description']}" if each["field"] else each["description"] for each in fields]
    detail = "".join(f"- {line}\n" for line in lines)
    return Problem(422, "Input validation failed", detail, invalid_fields=fields)
