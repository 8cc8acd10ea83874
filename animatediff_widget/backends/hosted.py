"""The hosted API: Replicate, its relays, and our own server."""

from __future__ import annotations

import dataclasses
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from animatediff_widget.errors import AnswerError, EndpointError
from animatediff_widget.keys.credentials import Key
from animatediff_widget.keys.hiding import holds_key
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint, origin_of
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.model.prediction import Prediction, read_time
from animatediff_widget.texts import Message

from . import snippets
from .base import Abilities, Language
from .http.answers import clock_ahead, read_answer, read_output
from .http.outputs import Outputs
from .http.transport import Limits, Reply, Transport, resolve

__all__ = ["HostedBackend"]

_JSON_CAP = 16 * 2**20
_SHORTEST_DEADLINE = 5.0  # the hosted API takes no shorter Cancel-After
_LONGEST_DEADLINE = 7 * 24 * 3600.0  # who waits longer than a week, or for ever, wants none


class HostedBackend:
    """Speaks the hosted API at `url`, the endpoint's own when not given. A `snippet_token` is no person's key."""

    def __init__(
        self,
        endpoint: Endpoint,
        key: Key | None,
        limits: Limits,
        *,
        url: str | None = None,
        abilities: Abilities = Abilities(),  # noqa: B008 - it is frozen
        inputs: Inputs = Inputs(),  # noqa: B008 - it is frozen
        snippet_token: str | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.abilities = abilities
        self.clock_ahead = 0.0
        self._url = url or endpoint.url
        self._key = key
        self._limits = limits
        self._inputs = inputs
        self._snippet_token = snippet_token
        # Where it pushes: the ETag of each running prediction's last answer.
        self._tags: dict[str | None, str | None] = {}
        self._transport = Transport(origin_of(self._url), key, limits)
        self._outputs = Outputs(self._url, key, limits, self._transport)

    def close(self) -> None:
        """Close the connections; the backend can be used again all the same."""
        self._transport.close()

    def inputs(self, version: str | None = None) -> Inputs:
        """See `Backend.inputs`."""
        return self._inputs

    def create(
        self, body: Body, job_id: str, cancel_after: float | None = None, *, previews: bool = False
    ) -> Prediction:
        """See `Backend.create`."""
        self.check(body)
        headers = {"Prefer": "previews"} if previews and self.abilities.previews else {}
        if cancel_after is not None and cancel_after <= _LONGEST_DEADLINE:
            headers["Cancel-After"] = f"{math.ceil(max(cancel_after, _SHORTEST_DEADLINE))}s"
        answer, tag = self._ask(
            "POST",
            self._url,
            Message("to_create"),
            body.to_json(),
            headers=headers,
            read=self._read_creation,
            once=True,
        )
        prediction = Prediction.from_json(answer)
        self._keep_tag(prediction, tag)
        return prediction

    def check(self, body: Body) -> None:
        """Refuse a body that the model would refuse, as far as that is known."""
        self.inputs(body.version).check(body.input)

    def watch(self, prediction_id: str, previous: Prediction | None = None, at_most: float = 0.0) -> Prediction:
        """See `Backend.watch`."""
        headers, tag = {}, self._tags.get(prediction_id)
        if self.abilities.pushes and at_most >= 1.0 and tag is not None:
            headers = {"Prefer": f"wait={at_most:.0f}", "If-None-Match": tag}
        answer, tag = self._ask("GET", self._at(prediction_id), Message("to_get"), headers=headers)
        prediction = Prediction.from_json(answer, previous)
        if not (prediction.id or prediction.status or prediction.outputs):
            raise AnswerError(Message("no_prediction", who=self.endpoint.label), passing=True)
        # What a relay passes on may bear no id, or the upstream's; the job is known here by the one that was asked for.
        prediction = dataclasses.replace(prediction, id=prediction_id)
        self._keep_tag(prediction, tag)
        return prediction

    def cancel(self, prediction_id: str) -> Prediction:
        """See `Backend.cancel`."""
        answer, _ = self._ask("POST", f"{self._at(prediction_id)}/cancel", Message("to_cancel"))
        return dataclasses.replace(Prediction.from_json(answer), id=prediction_id)

    def list(self, since: float | None = None) -> Iterator[Prediction]:
        """See `Backend.list`; further pages are fetched from the endpoint's own url only."""
        url: str | None = self._url
        seen: set[str | None] = set()
        deadline = time.monotonic() + self._limits.answer
        while url is not None and url not in seen:
            seen.add(url)
            page, _ = self._ask("GET", url, Message("to_list"), deadline=deadline)
            results = page.get("results")
            if not isinstance(results, _list):
                raise AnswerError(Message("no_results", who=self.endpoint.label))
            earliest = -math.inf if since is None else since + self.clock_ahead
            jobs = [item for item in results if isinstance(item, dict)]
            times = [read_time(item.get("created_at")) or math.inf for item in jobs]
            for item, created in zip(jobs, times, strict=True):
                if created < earliest:
                    continue
                job = Prediction.from_json(item)
                # A job that is made between two pages moves another one from the first to the second.
                if job.id is None or f"id {job.id}" not in seen:
                    seen.add(f"id {job.id}")
                    yield job
            if not jobs or times[0] >= times[-1] < earliest:  # some relays list the oldest first
                return
            url = self._further_page(url, page.get("next"))

    def _further_page(self, url: str, further: Any) -> str | None:
        """Give the url of the next page; a relay may pass on the upstream's, where its key is not to go."""
        resolved = resolve(url, further)
        if resolved is None or self._transport.is_own(resolved):
            return resolved
        query = urlsplit(resolved).query
        return f"{self._url}?{query}" if query else None

    def fetch(self, output: str, to: Path) -> Path:
        """See `Backend.fetch`; an output is https, at the endpoint's own origin, or a ``data:`` URI."""
        return self._outputs.fetch(output, to)

    def preview(self, url: str) -> bytes:
        """See `Backend.preview`; one lies at the endpoint's own origin, and nowhere else."""
        return self._outputs.preview(url)

    def snippet(self, body: Body, language: Language) -> str:
        """See `Backend.snippet`; a key is only named, as a variable."""
        own = self.endpoint.own_key_variable
        variable = own if os.environ.get(own) else self.endpoint.key_variable
        return snippets.write(language, self._url, body, variable, self._snippet_token)

    def _keep_tag(self, prediction: Prediction, tag: str | None) -> None:
        if self.abilities.pushes and not prediction.done:
            self._tags[prediction.id] = tag
        else:
            self._tags.pop(prediction.id, None)

    def _read_creation(self, reply: Reply, data: bytes) -> dict[str, Any] | None:
        """Read an answer to a create that is not a prediction, but names one or is its output; None where it is not."""
        target = resolve(self._url, reply.headers.get("Location")) if reply.status in (302, 303) else None
        if target and self._transport.is_own(target):
            named = re.search(r"/predictions/([^/?#]+)/?$", urlsplit(target).path)
            return {"id": unquote(named[1])} if named else None
        output = read_output(reply.headers, data) if 200 <= reply.status < 300 else None
        return {"output": output} if output else None

    def _at(self, prediction_id: str) -> str:
        """Give the url of one prediction, always at this endpoint's own base."""
        if not prediction_id.strip(". ") or holds_key(prediction_id):  # it would be another place, or told, in the url
            raise EndpointError(Message("not_an_id", id=repr(prediction_id)), arrived=False)
        return f"{self._url}/{quote(prediction_id, safe='')}"

    def _ask(
        self,
        method: str,
        url: str,
        what: Message,
        body: dict[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
        once: bool = False,
        read: Callable[[Reply, bytes], dict[str, Any] | None] = lambda reply, data: None,
    ) -> tuple[dict[str, Any], str | None]:
        """Do one exchange of JSON; give the answer, as `read` or else `read_answer` understands it, and its ETag."""
        within = self._limits.answer if deadline is None else max(deadline - time.monotonic(), 0.001)
        failure: EndpointError
        try:
            with self._transport.send(method, url, what, within=within, body=body, headers=headers, once=once) as reply:
                data = b"" if 300 <= reply.status < 400 else b"".join(reply.pieces(_JSON_CAP))
            self.clock_ahead = clock_ahead(reply.headers)
            answer = self._redact(read(reply, data)) or read_answer(
                reply.status, reply.headers, data, who=self.endpoint.label, what=what, redact=self._redact
            )
            return answer, reply.headers.get("ETag")
        except EndpointError as error:
            failure = error
        # Raised outside the handler: some servers repeat a key that they refuse, and it would stand in a frame there.
        data = b""
        failure.args = (self._redact(failure.message),)
        raise failure.with_traceback(None)

    def _redact(self, value: Any) -> Any:
        return self._key.redact(value) if self._key and value is not None else value


_list = list  # inside the class the name is the method's
