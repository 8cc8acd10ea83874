"""The server's addresses: the hosted API's paths, bodies, statuses and errors."""

from __future__ import annotations

import asyncio
import functools
import re
from typing import Any

from tornado.web import Application

from animatediff_widget.model.fields import DEFAULT_VERSION
from animatediff_widget.model.status import DONE_STATUSES

from .base import Handler, Service
from .problem import Problem, not_found
from .validation import MODEL, openapi_schema, parse_json, read_request

__all__ = ["make_application"]

LOG_SECONDS = 0.25
"""For how long changes of the log alone are gathered before a held answer is sent."""

_ENDED = DONE_STATUSES | {"removed", ""}  # what an ETag calls one whose data is removed, and one that is forgotten
_PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait(?:\s*=\s*\"?(\d{1,9})\"?)?\s*(?=$|[,;])", re.IGNORECASE)
_PREFER_PREVIEWS = re.compile(r"(?:^|[,;\s])previews\s*(?=$|[,;])", re.IGNORECASE)
_DURATION = re.compile(r"(?=[\d.])(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6}(?:\.\d+)?)s?)?")
_CURSOR = re.compile(r"first|before-(?P<before>\d{1,19})|after-(?P<after>\d{1,19})")
_VERSION_ID = re.compile(r"[0-9a-f]{64}")


class _Create(Handler):
    """A new prediction. With ``Prefer: previews`` its ``urls`` name the first frame as it stands, while it is drawn."""

    async def do_post(self, prefix: str, owner: str | None = None, name: str | None = None) -> None:
        body = parse_json(bytes(self.received))
        request = read_request(body, self.service.inputs, model=f"{owner}/{name}" if owner else None)
        deadline = _read_deadline(self.request.headers.get("Cancel-After"))
        prefer = self.request.headers.get("Prefer", "")
        store = self.service.store
        previews = _PREFER_PREVIEWS.search(prefer) is not None
        snapshot = store.create(request, body["input"], self.taken, previews=previews)
        self.received = bytearray()
        if deadline is not None:
            cancel = functools.partial(store.cancel, snapshot.id, late=True)
            asyncio.get_running_loop().call_later(deadline, cancel)
        seconds = _read_wait(prefer)
        if seconds:
            snapshot = await self.hold(snapshot, seconds, lambda tag: 0 if _status(tag) in _ENDED else seconds)
        self.send_prediction(snapshot, prefix, 201)


class _Predictions(_Create):
    async def do_get(self, prefix: str) -> None:
        cursor = _CURSOR.fullmatch(self.get_query_argument("cursor", "first"))
        if cursor is None:
            raise not_found("Invalid cursor.")
        page = self.service.store.page(**{side: int(number) for side, number in cursor.groupdict().items() if number})
        here = f"{self.origin}{prefix}/predictions?cursor="
        results = [self.with_urls(snapshot, prefix) for snapshot in page.results]
        for result in results:
            del result["logs"]  # the hosted list has none either
        self.send(
            {
                "previous": page.newer and f"{here}after-{page.newer}",
                "next": page.older and f"{here}before-{page.older}",
                "results": results,
            }
        )


class _Prediction(Handler):
    """One prediction. With ``Prefer: wait=N`` the answer is held until the prediction changed, or for N seconds.

    Changed since what: the version whose ETag is sent as ``If-None-Match``, or the version when the request came. A new
    status is answered at once; a longer log, or another preview, after `LOG_SECONDS`: a hundred quick steps do not take
    a hundred requests. An ended prediction is never held. The answer is the whole prediction with 200 in every case.
    """

    async def do_get(self, prefix: str, prediction_id: str) -> None:
        snapshot = self.service.store.get(prediction_id)
        if snapshot is None:
            raise not_found()
        seconds = _read_wait(self.request.headers.get("Prefer", ""))
        if seconds:
            self.set_header("Preference-Applied", f"wait={seconds}")
            known = self.request.headers.get("If-None-Match", snapshot.tag)
            snapshot = await self.hold(snapshot, seconds, lambda tag: _patience(tag, known, seconds))
        self.send_prediction(snapshot, prefix)


class _Cancel(Handler):
    async def do_post(self, prefix: str, prediction_id: str) -> None:
        snapshot = self.service.store.cancel(prediction_id)
        if snapshot is None:
            raise not_found()
        self.send_prediction(snapshot, prefix)


class _Versions(Handler):
    """Versions and their schemas; the official client's ``run`` reads there what kind of output to expect."""

    async def do_get(self, prefix: str, owner: str, name: str, version_id: str | None = None) -> None:
        if version_id is None:
            known = [DEFAULT_VERSION] if f"{owner}/{name}" == MODEL else []
            self.send({"previous": None, "next": None, "results": [self.describe(each) for each in known]})
        elif _VERSION_ID.fullmatch(version_id):
            self.send(self.describe(version_id))
        else:
            raise not_found()

    def describe(self, version_id: str) -> dict[str, Any]:
        return {
            "id": version_id,
            "created_at": self.service.started_at,
            "cog_version": "0.3.9",  # there is no Cog here; the schema marks its types as that version's does
            "openapi_schema": openapi_schema(self.service.inputs),
        }


class _Files(Handler):
    """Output files and previews: their secret path is enough to read them, as on the hosted API's delivery host."""

    def is_open(self) -> bool:
        return self.service.store.has_file(self.path_args[0].partition("/")[0])

    async def do_get(self, path: str) -> None:
        key, _, name = path.partition("/")
        output = self.service.store.file(key, name)
        if output is None:
            raise not_found()
        self.set_header("Content-Type", output.mime)
        self.finish(output.data)

    do_head = do_get


def _status(tag: str) -> str:
    """Read the status from an ETag, ``"STATUS-N"``, weak or not."""
    return tag.removeprefix("W/").strip('"').partition("-")[0]


def _patience(tag: str, known: str, seconds: float) -> float:
    """For how long to go on holding an answer, given the prediction's ETag now and the one the caller knows."""
    status = _status(tag)
    if status in _ENDED or status != _status(known):
        return 0
    return seconds if tag == known.removeprefix("W/") else LOG_SECONDS


def _read_wait(prefer: str) -> int:
    """Read ``wait`` or ``wait=N`` from a ``Prefer`` header: seconds from 1 to 60, or 0 for no wait."""
    found = _PREFER_WAIT.search(prefer)
    if not found:
        return 0
    return 60 if found[1] is None else min(60, int(found[1]))


def _read_deadline(cancel_after: str | None) -> float | None:
    """Read ``30``, ``90s``, ``1m``, ``1h30m``: seconds, or None for no deadline."""
    if cancel_after is None:
        return None
    found = _DURATION.fullmatch(cancel_after.strip())
    hours, minutes, seconds = found.groups(default="0") if found else ("0", "0", "0")
    deadline = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if deadline <= 0:
        raise Problem(400, "Bad request", "Cancel-After must be a duration such as 30, 90s, 1m or 1h30m.")
    return deadline


def make_application(service: Service) -> Application:
    """Build the server's application; its handlers share `service`."""
    shared = {"service": service}
    prefix, part = "(/v1|/replicate/v1)", "([^/]+)"
    return Application(
        [
            (rf"{prefix}/predictions", _Predictions, shared),
            (rf"{prefix}/predictions/{part}", _Prediction, shared),
            (rf"{prefix}/predictions/{part}/cancel", _Cancel, shared),
            (rf"{prefix}/models/{part}/{part}/predictions", _Create, shared),
            (rf"{prefix}/models/{part}/{part}/versions", _Versions, shared),
            (rf"{prefix}/models/{part}/{part}/versions/{part}", _Versions, shared),
            (r"/files/(.*)", _Files, shared),
        ],
        default_handler_class=Handler,
        default_handler_args=shared,
        log_function=lambda handler: None,  # no access log: it would be printed into the notebook
    )
