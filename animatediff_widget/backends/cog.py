"""A model container (Cog, https://cog.run/http): a job is one request, whose answer is its end.

The request is held open in a thread of its own; where its connection breaks, the container cancels the job. How a job
stands is told to whoever puts anything under its id. Once it has ended the container has forgotten it, and would run
what is put there: so what is put there to ask is no input at all, which it refuses before its model sees it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Any

from animatediff_widget.errors import ApiError, ConnectionFailed, EndpointError, JobFailed
from animatediff_widget.keys.credentials import Key
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.schema import read_schema
from animatediff_widget.texts import Message

from . import snippets
from .base import Abilities, Language, Place
from .hosted import HostedBackend
from .http.answers import read_answer, shorten
from .http.transport import Limits, Transport

__all__ = ["PLACE"]

_LONGEST_JOB = 7 * 24 * 3600.0
_LARGEST = 700 * 2**20  # an answer with its output in it, as base64
_QUESTION = {"input": "How far is it?"}  # an input is an object
_FIRST_LOOK = 0.1
_BETWEEN_LOOKS = 0.4
_LONGEST_LOOK = 5.0  # at its schema
_ON_ITS_WAY = 5.0  # how long the answer of a job that has just ended may take
_KEPT = 4  # ends that were told: who did not listen to the first time may ask again
_ABILITIES = Abilities(list=False, pushes=True, free=True, at_once=1)


@dataclass
class _Held:
    """The request of one job."""

    body: Body
    end: Future[dict[str, Any]] = field(default_factory=Future)
    told: bool = False  # who followed the job has its end


_held: dict[tuple[str, str], _Held] = {}  # by endpoint and id: a job that was left is taken up with another backend


class _CogBackend(HostedBackend):
    """Speaks to one container."""

    def __init__(self, endpoint: Endpoint, key: Key | None, limits: Limits) -> None:
        super().__init__(endpoint, key, limits, abilities=_ABILITIES)
        self._patient = dataclasses.replace(limits, read=_LONGEST_JOB)

    def inputs(self, version: str | None = None) -> Inputs:
        """See `Backend.inputs`; a container has a schema where ``cog build`` made it, and once it is set up."""
        url, until = (
            f"{self.endpoint.base_url}/openapi.json",
            time.monotonic() + min(_LONGEST_LOOK, self._limits.answer),
        )
        try:
            document, _ = self._ask("GET", url, Message("to_get"), deadline=until)
        except EndpointError:
            return Inputs()
        return read_schema(document) or Inputs()

    def create(
        self, body: Body, job_id: str, cancel_after: float | None = None, *, previews: bool = False
    ) -> Prediction:
        """See `Backend.create`; a container takes no deadline, but cancels the job when this process ends."""
        for name in [name for name, each in tuple(_held.items()) if each.told][:-_KEPT]:  # others do so too
            _held.pop(name, None)
        held = _held.get((self._url, job_id))
        if held is None or (held.end.done() and held.end.exception()):
            self.check(body)
            held = _held[self._url, job_id] = _Held(body)
            threading.Thread(target=self._hold, args=(job_id, held), name="animatediff-cog", daemon=True).start()
        deadline = time.monotonic() + self._limits.answer
        while time.monotonic() < deadline:
            wait([held.end], timeout=_FIRST_LOOK)
            if held.end.done():
                try:
                    return self._end_of(job_id, held)
                except ApiError as error:
                    raise self._explained(error) from None
            with contextlib.suppress(EndpointError):
                found = self._look(job_id)
                if found is not None:
                    return found
        raise ConnectionFailed(Message("cut_short", who=self.endpoint.label), passing=True)

    def watch(self, prediction_id: str, previous: Prediction | None = None, at_most: float = 0.0) -> Prediction:
        """See `Backend.watch`."""
        held = _held.get((self._url, prediction_id))
        if held is not None:
            wait([held.end], timeout=min(at_most, _BETWEEN_LOOKS))
        found = None
        if held is None or not held.end.done():
            found = self._look(prediction_id, previous)
        if found is None and held is not None:
            wait([held.end], timeout=_ON_ITS_WAY)
            with contextlib.suppress(EndpointError):  # its connection broke, so the container cancels it
                return self._end_of(prediction_id, held)
            found = self._look(prediction_id, previous)
        if found is None:
            raise ApiError(Message("cog_forgotten", who=self.endpoint.label), status=404)
        return found

    def snippet(self, body: Body, language: Language) -> str:
        """See `Backend.snippet`."""
        return snippets.write_held(language, self._url, {"input": body.to_json().get("input")})

    def _hold(self, job_id: str, held: _Held) -> None:
        """Send a job, and wait for its end."""
        line = Transport(self.endpoint.origin, self._key, self._patient)
        try:
            what, url = Message("to_create"), self._at(job_id)
            body = {"input": held.body.to_json().get("input")}
            with line.send("PUT", url, what, within=_LONGEST_JOB, body=body, once=True) as reply:
                try:
                    data = b"".join(reply.pieces(_LARGEST))
                except EndpointError as error:  # it ended, or it would not have answered
                    raise JobFailed(Message("cog_lost", who=self.endpoint.label, why=error)) from None
            answer = read_answer(
                reply.status, reply.headers, data, who=self.endpoint.label, what=what, redact=self._redact
            )
            if reply.status == 202:  # the same job runs, of a request whose connection broke: it is being canceled
                raise ApiError(Message("cog_busy", who=self.endpoint.label), status=409, arrived=False)
        except BaseException as error:
            held.end.set_exception(error)
        else:
            held.end.set_result(answer)
        finally:
            line.close()

    def _end_of(self, job_id: str, held: _Held) -> Prediction:
        """Give how a job ended; raise what became of its request."""
        if not held.end.done():
            raise ConnectionFailed(Message("cut_short", who=self.endpoint.label), passing=True)
        answer = held.end.result()
        held.told = True
        given = held.body.to_json().get("input")
        return dataclasses.replace(Prediction.from_json({"input": given, **answer}), id=job_id)

    def _look(self, job_id: str, previous: Prediction | None = None) -> Prediction | None:
        """Ask how a job stands; None where the container does not know it, or no longer."""
        try:
            answer, _ = self._ask("PUT", self._at(job_id), Message("to_get"), _QUESTION)
        except ApiError as error:
            if error.status in (409, 422):  # it draws another one, or minds what was asked with
                return None
            raise
        prediction = Prediction.from_json(answer, previous)
        return None if prediction.done else dataclasses.replace(prediction, id=job_id)

    def _explained(self, error: ApiError) -> ApiError:
        """Say why a container takes no job, and whether it will."""
        who = self.endpoint.label
        if error.status == 409:
            return ApiError(
                Message("cog_busy", who=who), status=409, body=error.body, arrived=False, passing=True, retry_after=1.0
            )
        if error.status != 503:
            return error
        health, _ = self._ask("GET", f"{self.endpoint.base_url}/health-check", Message("to_get"))
        standing, setup = health.get("status"), health.get("setup")
        if standing in ("STARTING", "READY", "BUSY"):
            return ApiError(
                Message("cog_starting", who=who), status=503, body=health, arrived=False, passing=True, retry_after=1.0
            )
        logs = str(setup.get("logs", "")).strip() if isinstance(setup, dict) else ""
        why = shorten(logs.rpartition("\n")[2]) or str(standing)
        return ApiError(Message("cog_broken", who=who, why=why), status=503, body=health, arrived=False)


PLACE = Place("cog", Endpoint.cog, _CogBackend, needs_url=True, example="cog_example", free=True, inputs=lambda _: None)
