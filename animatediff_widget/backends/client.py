"""HTTP with an endpoint: one exchange at a time."""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import os
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from animatediff_widget.errors import AnswerError, ApiError, EndpointError, KeyRefused, OutputError, StorageError
from animatediff_widget.keys.credentials import Key, colab_refusal, find_key, hide
from animatediff_widget.model.endpoint import Endpoint, default_endpoint, is_loopback
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import TEXTS

from .http.answers import clock_ahead, read_answer, retry_after
from .http.transport import Transport

__all__ = ["Client"]

_JSON_CAP = 16 * 2**20
_OUTPUT_CAP = 512 * 2**20
_REDIRECTS = 5
_Predictions = list[Prediction]


class Client:
    """Talks to one endpoint.

    Every method does one exchange and either returns what was answered or raises an `EndpointError` whose text says
    what happened. Nothing is repeated here.

    Parameters
    ----------
    endpoint : Endpoint, optional
        Where to. Replicate where a key for it is at hand, else the built-in server.
    token : str or Key, optional
        The key. Looked for as `find_key` does when not given.
    connect_timeout, read_timeout : float
        The longest to wait for a connection, and for the next bytes of an answer, in seconds.
    answer_timeout : float
        The longest that one JSON answer may take in all, in seconds.
    download_timeout : float
        The longest that fetching an output may take in all, in seconds.
    allow_plain_http : bool
        Send the key over unencrypted http to another machine as well.

    Raises
    ------
    KeyRefused
        When the key is malformed, or would have to travel unencrypted.
    """

    def __init__(
        self,
        endpoint: Endpoint | None = None,
        token: str | Key | None = None,
        *,
        connect_timeout: float = 10.0,
        read_timeout: float = 30.0,
        answer_timeout: float = 60.0,
        download_timeout: float = 600.0,
        allow_plain_http: bool = False,
    ) -> None:
        if isinstance(token, str):  # should anything fail here, tracebacks that show variables show stars
            token = hide(token)
        self.endpoint = endpoint or default_endpoint(token)
        self._key = find_key(self.endpoint, token)
        refused = colab_refusal(self.endpoint) if self._key is None else None
        if refused:
            raise KeyRefused(refused)
        plain = urlsplit(self.endpoint.url).scheme != "https" and not is_loopback(self.endpoint.url)
        if self._key and plain and not allow_plain_http:
            raise KeyRefused(TEXTS["key_not_encrypted"].format(url=self.endpoint.url))
        self._answer_timeout = answer_timeout
        self._download_timeout = download_timeout
        self._transport = Transport(
            self.endpoint.origin, self._key, connect_timeout=connect_timeout, read_timeout=read_timeout
        )
        self.clock_ahead = 0.0
        """How far the endpoint's clock is ahead of ours, in seconds, by its last answer."""

    def __repr__(self) -> str:
        endpoint = getattr(self, "endpoint", None)  # not yet there where a traceback shows a constructor that failed
        return f"<Client {endpoint.url if endpoint else '(not made)'}>"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client holds a key and connections, and is not pickled or copied; make another one.")

    def close(self) -> None:
        """Close the connections; the client can be used again all the same."""
        self._transport.close()

    def create(self, request: AnimateDiffRequest) -> Prediction:
        """Post a job.

        Parameters
        ----------
        request : AnimateDiffRequest
            What to run. Where its seed is None, one is drawn and sent.

        Returns
        -------
        Prediction
            The endpoint's first answer.

        Raises
        ------
        EndpointError
            When there was no good answer. Where its ``arrived`` is True the job may exist nonetheless, and cost money.
        """
        # An idle connection may have been closed at the other end, and then nobody could tell whether the post arrived.
        self._transport.close()
        return Prediction.from_json(self._ask("POST", self.endpoint.url, TEXTS["to_create"], request.seeded().body()))

    def get(self, prediction_id: str, previous: Prediction | None = None) -> Prediction:
        """Ask how a job stands.

        Parameters
        ----------
        prediction_id : str
            Its id.
        previous : Prediction, optional
            The last snapshot of the same job; saves reading its log again.

        Raises
        ------
        EndpointError
            When there was no good answer.
        """
        answer = self._ask("GET", self.endpoint.prediction_url(_checked(prediction_id)), TEXTS["to_get"])
        prediction = Prediction.from_json(answer, previous)
        if not (prediction.id or prediction.status or prediction.outputs):
            raise AnswerError(TEXTS["no_prediction"].format(who=self.endpoint.name), passing=True)
        # What a relay passes on may bear no id, or the upstream's; the job is known here by the one that was asked for.
        return dataclasses.replace(prediction, id=prediction_id)

    def cancel(self, prediction_id: str) -> Prediction:
        """Cancel a job.

        Parameters
        ----------
        prediction_id : str
            Its id.

        Returns
        -------
        Prediction
            The job as it stands then; it may still be running for a moment.

        Raises
        ------
        EndpointError
            When there was no good answer.
        """
        answer = self._ask("POST", self.endpoint.cancel_url(_checked(prediction_id)), TEXTS["to_cancel"])
        return dataclasses.replace(Prediction.from_json(answer), id=prediction_id)

    def list(self, limit: int = 100) -> _Predictions:
        """List jobs, the newest first.

        Parameters
        ----------
        limit : int
            The most to list. Further pages are fetched for it, from the endpoint's own origin only.

        Raises
        ------
        EndpointError
            When there was no good answer; some relays have no list.
        """
        found: _Predictions = []
        url, seen = self.endpoint.url, set()
        deadline = time.monotonic() + self._answer_timeout
        while len(found) < limit and url not in seen:
            seen.add(url)
            page = self._ask("GET", url, TEXTS["to_list"], deadline=deadline)
            results = page.get("results")
            if not isinstance(results, _list):
                raise AnswerError(TEXTS["no_results"].format(who=self.endpoint.name))
            found += [Prediction.from_json(item) for item in results if isinstance(item, dict)]
            further = _resolve(url, page.get("next"))
            if not results or not further or not self._transport.is_own(further):
                break
            url = further
        return found[:limit]

    def download(self, url: str, to: str | os.PathLike[str], *, cap: int = _OUTPUT_CAP) -> Path:
        """Fetch an output into a file.

        The file appears under its name only when it is whole and on the disk.

        Parameters
        ----------
        url : str
            One of a prediction's outputs: https, or the endpoint's own origin, or a ``data:`` URI.
        to : path
            The file to write.
        cap : int
            The most to accept, in bytes.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        OutputError
            When it is gone, empty, too large, a web page, somewhere that is not fetched from, or cannot be stored.
        ConnectionFailed
            When the connection failed.
        """
        path = Path(to)
        pieces = _data_uri(url, cap) if url[:5].lower() == "data:" else self._fetch(url, cap)
        with contextlib.closing(_not_empty(pieces)) as pieces:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
                try:
                    with open(handle, "wb") as file:
                        for piece in pieces:
                            file.write(piece)
                        file.flush()
                        os.fsync(file.fileno())
                    os.replace(name, path)
                except BaseException:
                    with contextlib.suppress(OSError):
                        os.unlink(name)
                    raise
            except OSError as error:
                raise StorageError(TEXTS["not_stored"].format(path=path, why=error.strerror or error)) from None
        return path

    def _fetch(self, url: str, cap: int) -> Generator[bytes, None, None]:
        what = TEXTS["to_download"]
        deadline = time.monotonic() + self._download_timeout
        place: str | None = _resolve(self.endpoint.url, url)
        for _ in range(_REDIRECTS):
            if place is None or not (self._transport.is_own(place) or urlsplit(place).scheme == "https"):
                raise OutputError(TEXTS["output_elsewhere"].format(url=repr((place or url)[:80])))
            within = max(deadline - time.monotonic(), 0.001)
            with self._transport.send("GET", place, what, within=within, packed=False) as reply:
                target = reply.headers.get("Location")
                if target and reply.status in (301, 302, 303, 307, 308):
                    url, place = target, _resolve(place, target)
                    continue
                _check_output(reply.status, reply.headers, urlsplit(place).hostname)
                try:
                    yield from reply.pieces(cap)
                except AnswerError as error:
                    raise OutputError(TEXTS["not_fetched"].format(why=error), passing=error.passing) from None
                return
        raise OutputError(TEXTS["not_fetched_circles"])

    def _ask(
        self, method: str, url: str, what: str, body: dict[str, Any] | None = None, *, deadline: float | None = None
    ) -> dict[str, Any]:
        """Do one exchange of JSON."""
        within = self._answer_timeout if deadline is None else max(deadline - time.monotonic(), 0.001)
        failure: EndpointError
        try:
            with self._transport.send(method, url, what, within=within, body=body) as reply:
                data = b"" if 300 <= reply.status < 400 else b"".join(reply.pieces(_JSON_CAP))
            self.clock_ahead = clock_ahead(reply.headers) or 0.0
            answer = read_answer(reply.status, reply.headers, data, who=self.endpoint.name, what=what)
            return answer if self._key is None else self._key.redact(answer)
        except EndpointError as error:
            failure = error
        # Raised outside the handler: some servers repeat a key that they refuse, and it would stand in a frame there.
        data = b""
        if self._key:
            failure.args = (self._key.redact(str(failure)),)
            if isinstance(failure, ApiError):
                failure.body = self._key.redact(failure.body)
        raise failure.with_traceback(None)


_list = list  # inside the class the name is the method's


def _checked(prediction_id: str) -> str:
    if not prediction_id.strip(". "):  # it would be another place in the url
        raise EndpointError(TEXTS["not_an_id"].format(id=repr(prediction_id)), arrived=False)
    return prediction_id


def _resolve(base: str, url: Any) -> str | None:
    """Give a url relative to another; None where it is none."""
    if not isinstance(url, str) or not url:
        return None
    try:
        resolved = urljoin(base, url)
        return resolved if urlsplit(resolved).hostname else None
    except ValueError:
        return None


def _check_output(status: int, headers: Any, host: str | None) -> None:
    """Raise where an answer is not an output."""
    if status in (404, 410):
        raise OutputError(TEXTS["gone"])
    if status != 200:
        raise OutputError(
            TEXTS["not_fetched_status"].format(host=host, status=status),
            passing=status in (408, 429) or status >= 500,
            retry_after=retry_after(headers),
        )
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/json", "application/problem+json"):  # a gateway's excuse, or a login
        raise OutputError(TEXTS["not_fetched_kind"].format(host=host, kind=kind), passing=True)


def _not_empty(pieces: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    empty = True
    with contextlib.closing(pieces):
        for piece in pieces:
            empty = empty and not piece
            yield piece
    if empty:
        raise OutputError(TEXTS["not_fetched_empty"], passing=True)


def _data_uri(uri: str, cap: int) -> Generator[bytes, None, None]:
    """Yield the content of a ``data:`` URI (RFC 2397)."""
    head, comma, text = uri.partition(",")
    if len(text) > cap * 4 // 3 + 4:
        raise OutputError(TEXTS["output_too_large"].format(size=cap // 2**20))
    try:
        if not comma:
            raise ValueError
        yield base64.b64decode(text, validate=True) if head.lower().endswith(";base64") else unquote_to_bytes(text)
    except (ValueError, binascii.Error):
        raise OutputError(TEXTS["data_uri_broken"]) from None
