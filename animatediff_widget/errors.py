"""The errors this package raises: one small tree, each with a sentence for the person who meets it."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from traitlets import TraitError

from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import is_text, printable, shown

__all__ = [
    "AnimateDiffError",
    "AnswerError",
    "AnswerLost",
    "ApiError",
    "ConnectionFailed",
    "EndpointError",
    "EndpointGone",
    "InvalidArgument",
    "InvalidRequest",
    "JobCanceled",
    "JobError",
    "JobFailed",
    "JobTimeout",
    "JournalError",
    "KeyRefused",
    "MissingExtra",
    "NotConfirmed",
    "NothingToFollow",
    "OutputError",
    "OutputNotAllowed",
    "StorageError",
    "check",
]


class AnimateDiffError(Exception):
    """Base of every error the package raises.

    Parameters
    ----------
    message : Message or str
        What happened, what was kept, what to do. ``str()`` puts it into words in the environment's language;
        ``Texts(language).say(error)`` in another.
    """

    def __init__(self, message: Message | str) -> None:
        if not isinstance(message, Message):
            message = printable(message if isinstance(message, str) else shown(message))
        super().__init__(message)

    @property
    def message(self) -> Message | str:
        """The message, not yet in words."""
        message: Message | str = self.args[0]
        return message

    @property
    def code(self) -> str:
        """The message's code, such as ``"not_a_key"``; empty where it is plain text."""
        return self.message.code if isinstance(self.message, Message) else ""

    @property
    def params(self) -> Mapping[str, Any]:
        """What goes into the message's blanks."""
        return self.message.params if isinstance(self.message, Message) else {}

    def __str__(self) -> str:
        return str(self.message)


class InvalidRequest(AnimateDiffError, TraitError):
    """A field was given a value that it cannot take; `field` is its name, the message names it and its bounds."""

    def __init__(self, field: str, message: Message | str) -> None:
        super().__init__(message)
        self.field = field

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.field, self.message)


class InvalidArgument(AnimateDiffError, TraitError, TypeError, ValueError):
    """A function, or a trait, was given a value that it cannot take; the message names the argument."""


_WANTED = {str: "a_sound_text", int: "a_count", float: "a_seconds", Path: "a_path"}


def check(kind: Any, /, *, none: bool = False, **given: Any) -> None:
    """Raise `InvalidArgument` where an argument is not of a kind: of a class, or of one of some; or None, with `none`.

    `str` means text that can be encoded, `int` a whole number from 0, `float` seconds, `Path` a file's name, and some
    texts one of them.
    """
    for name, value in given.items():
        if not (_fits(kind, value) or (none and value is None)):
            problem = Message("must_be", name=name, wanted=_wanted(kind), value=shown(value))
            raise InvalidArgument(Message("value_refused", problem=problem))


def _fits(kind: Any, value: Any) -> bool:
    if kind is str:
        return is_text(value)
    if kind is Path:
        return isinstance(value, str) or (isinstance(value, os.PathLike) and isinstance(os.fspath(value), str))
    if kind in (int, float):
        number = isinstance(value, (int, kind)) and not isinstance(value, bool)
        return number and (0 <= value < 2**63 if kind is int else 0 <= value < 2**31 or value == math.inf)
    if isinstance(kind, tuple) and isinstance(kind[0], str):
        return isinstance(value, str) and value in kind
    # First what takes little: a protocol looks for each of its methods.
    return kind in type(value).__mro__ or isinstance(value, kind)


def _wanted(kind: Any) -> Message:
    if kind in _WANTED:
        return Message(_WANTED[kind])
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if isinstance(kinds[0], str):
        return Message("a_choice", choices=" / ".join(kinds))
    return Message("a_kind", kind=" / ".join(each.__name__ for each in kinds))


class KeyRefused(AnimateDiffError):
    """A key is missing, malformed, or would have to travel where it must not."""


class MissingExtra(AnimateDiffError):
    """A part of the package that is installed on request is not there."""


class JournalError(AnimateDiffError):
    """The journal cannot be read or written."""


class EndpointError(AnimateDiffError):
    """An exchange with the endpoint went wrong.

    `arrived`: whether the request may have reached the endpoint; only one that certainly did not may be repeated when
    that costs money. `passing`: whether asking again may work; `retry_after`: after how many seconds, where it said so.
    """

    def __init__(
        self, message: Message | str, *, arrived: bool = True, passing: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.arrived = arrived
        self.passing = passing
        self.retry_after = retry_after


class ConnectionFailed(EndpointError):
    """The endpoint could not be reached, or the connection broke or timed out."""


class AnswerError(EndpointError):
    """What came back is not an answer of this API: HTML, an empty or cut-off body, broken JSON, a redirect."""


class AnswerLost(EndpointError):
    """A job was posted, its answer was lost, and nobody can tell whether it was created."""


class ApiError(EndpointError):
    """The endpoint answered with an error: its HTTP `status` (200 at some relays), its JSON `body` without the key."""

    def __init__(self, message: Message | str, *, status: int, body: Any = None, **more: Any) -> None:
        super().__init__(message, **more)
        self.status = status
        self.body = body

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(type(self), status=self.status), self.args, self.__dict__


class EndpointGone(EndpointError):
    """The place itself is gone, with all that ran there: its jobs can be taken up elsewhere, where that is free."""


class OutputError(EndpointError):
    """The finished animation could not be fetched, read or stored."""


class OutputNotAllowed(OutputError):
    """The finished animation lies where nothing is fetched from unless the person allows it."""


class StorageError(OutputError):
    """The finished animation could not be written to the disk; it can be fetched again while the endpoint keeps it."""


class JobError(AnimateDiffError):
    """A job ended without an animation."""


class JobFailed(JobError):
    """The model failed or gave up."""


class JobCanceled(JobError):
    """The job was canceled."""


class JobTimeout(JobError):
    """Waiting took longer than the person allowed; the job itself may still be running."""


class NotConfirmed(AnimateDiffError):
    """A sweep is so large, where jobs cost money, that it is run only when that was confirmed."""


class NothingToFollow(JobError):
    """The endpoint accepted the job but returned no id."""
