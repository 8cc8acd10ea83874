"""Error answers, as the hosted API gives them: RFC 7807 problems."""

from __future__ import annotations

from typing import Any

from tornado.web import HTTPError

__all__ = ["Problem", "bad_request", "invalid", "not_found", "throttled", "unauthenticated"]


class Problem(HTTPError):
    """An error to answer with.

    Parameters
    ----------
    status : int
        The HTTP status.
    body : dict
        The JSON to send as ``application/problem+json``.
    headers : dict, optional
        Further headers.
    """

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.body = body
        self.headers = headers or {}

    @classmethod
    def of(cls, status: int, title: str, detail: str, **more: Any) -> Problem:
        """Make a problem from its parts.

        Parameters
        ----------
        status : int
            The HTTP status.
        title, detail : str
            What kind of error it is, and what happened this time.
        **more
            Further members of the body.
        """
        return cls(status, {"title": title, "detail": detail, "status": status, **more})


def unauthenticated() -> Problem:
    """Make the answer to a missing or wrong token."""
    problem = Problem.of(401, "Unauthenticated", "You did not pass a valid authentication token")
    problem.headers["WWW-Authenticate"] = "Bearer"
    return problem


def not_found(detail: str = "The requested resource could not be found.") -> Problem:
    """Make the answer to an unknown address.

    Parameters
    ----------
    detail : str
        What was not found.
    """
    return Problem.of(404, "Not found", detail)


def bad_request(detail: str) -> Problem:
    """Make the answer to a request that cannot be read.

    Parameters
    ----------
    detail : str
        What is wrong with it.
    """
    return Problem.of(400, "Bad request", detail)


def throttled(seconds: int) -> Problem:
    """Make the answer to a prediction that the full queue cannot take.

    Parameters
    ----------
    seconds : int
        After how many seconds asking again is worth it.
    """
    detail = f"Request was throttled. Your rate limit resets in ~{seconds}s."
    return Problem(429, {"detail": detail}, {"Retry-After": str(seconds)})


def invalid(fields: list[dict[str, str]]) -> Problem:
    """Make the answer to a body with invalid fields.

    Parameters
    ----------
    fields : list of dict
        For each refused field its ``type`` of error, ``field`` (such as ``input.steps``) and ``description``.
    """
    detail = "".join(
        f"- {field['field']}: {field['description']}\n" if field["field"] else f"- {field['description']}\n"
        for field in fields
    )
    return Problem.of(422, "Input validation failed", detail, invalid_fields=fields)
