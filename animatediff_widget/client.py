"""HTTP with an endpoint: one exchange at a time."""

from __future__ import annotations

import base64
import binascii
import contextlib
import logging
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import requests
import urllib3.exceptions
from requests.auth import AuthBase

from ._answers import read_answer
from ._version import __version__
from .credentials import Key, find_key
from .endpoint import Endpoint, default_endpoint, is_loopback, origin_of
from .errors import AnswerError, ConnectionFailed, EndpointError, KeyRefused, OutputError, StorageError
from .prediction import Prediction
from .request import AnimateDiffRequest

__all__ = ["Client"]

logger = logging.getLogger(__name__)

_JSON_CAP = 16 * 2**20
_OUTPUT_CAP = 512 * 2**20
_REDIRECTS = 5
_Predictions = list[Prediction]


class _Bearer(AuthBase):
    """Put the key on requests to one origin. Being an auth of its own, it also keeps ``.netrc`` out."""

    def __init__(self, key: Key | None, origin: str) -> None:
        self._key = key
        self._origin = origin

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None and origin_of(request.url or "") == self._origin:
            request.headers["Authorization"] = self._key.header()
        return request


class Client:
    """Talks to one endpoint.

    Every method does one exchange and either returns what was answered or raises an `EndpointError` whose text says
    what happened. Nothing is repeated here.

    Parameters
    ----------
    endpoint : Endpoint, optional
        Where to. Replicate where a key for it is at hand, else the built-in server.
    token : str or Key, optional
        The key. Looked for in the environment and in Colab's secrets when not given.
    connect_timeout, read_timeout : float
        The longest to wait for a connection, and for the next bytes of an answer, in seconds.
    answer_timeout : float
        The longest that one JSON answer may take in all, in seconds.
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
        allow_plain_http: bool = False,
    ) -> None:
        self.endpoint = endpoint or default_endpoint(token)
        self._key = find_key(self.endpoint, token)
        local = is_loopback(self.endpoint.url)
        if self._key and urlsplit(self.endpoint.url).scheme != "https" and not (local or allow_plain_http):
            raise KeyRefused(
                f"{self.endpoint.url} is not encrypted, so everyone on the way could read the key. "
                "Use its https address; Client(..., allow_plain_http=True) sends it all the same."
            )
        self._timeout = (connect_timeout, read_timeout)
        self._answer_timeout = answer_timeout
        self._auth = _Bearer(self._key, self.endpoint.origin)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"animatediff-widget/{__version__}"
        # A proxy from the environment can neither reach this machine's own server nor should it see its key.
        self._session.trust_env = not local

    def __repr__(self) -> str:
        return f"<Client {self.endpoint.url}>"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client can be used again all the same."""
        self._session.close()

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
        self._session.close()
        return Prediction.from_json(self._ask("POST", self.endpoint.url, "create the job", request.seeded().body()))

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
        answer = self._ask("GET", self.endpoint.prediction_url(prediction_id), "tell how the job stands")
        return Prediction.from_json(answer, previous)

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
        return Prediction.from_json(self._ask("POST", self.endpoint.cancel_url(prediction_id), "cancel the job"))

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
        while len(found) < limit and url not in seen:
            seen.add(url)
            page = self._ask("GET", url, "list the jobs")
            results = page.get("results")
            if not isinstance(results, _list):
                raise AnswerError(f"{self.endpoint.name} sent a list of jobs without results; it may not keep one.")
            found += [Prediction.from_json(item) for item in results if isinstance(item, dict)]
            further = page.get("next")
            if not isinstance(further, str) or not self._is_own(urljoin(url, further)):
                break
            url = urljoin(url, further)
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
            When it is gone, cut off, too large, somewhere that is not fetched from, or cannot be stored.
        ConnectionFailed
            When the connection failed.
        """
        path = Path(to)
        pieces = _data_uri(url, cap) if url[:5].lower() == "data:" else self._fetch(url, cap)
        with contextlib.closing(pieces):
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
                    os.unlink(name)
                    raise
            except OSError as error:
                raise StorageError(
                    f"The animation could not be written to {path}: {error.strerror or error}. "
                    "It stays at the endpoint for an hour; make room or choose another folder, then resume the job."
                ) from None
        return path

    def _is_own(self, url: str) -> bool:
        try:
            return origin_of(url) == self.endpoint.origin
        except ValueError:
            return False

    def _fetch(self, url: str, cap: int) -> Generator[bytes, None, None]:
        url = urljoin(self.endpoint.url, url)
        for _ in range(_REDIRECTS):
            if not self._is_own(url) and urlsplit(url).scheme != "https":
                raise OutputError(
                    f"The output is at {url[:80]!r}, which is neither https nor the endpoint's own address."
                )
            response = self._send("GET", url, "fetch the animation")
            with contextlib.closing(response):
                if response.is_redirect:
                    url = urljoin(url, response.headers["Location"])
                    continue
                if response.status_code in (404, 410):
                    raise OutputError("The animation is gone: endpoints delete outputs after about an hour.")
                if response.status_code != 200:
                    passing = response.status_code in (408, 429) or response.status_code >= 500
                    raise OutputError(
                        f"The animation could not be fetched: {urlsplit(url).hostname} answered "
                        f"{response.status_code}.",
                        passing=passing,
                    )
                yield from self._read(response, cap, "fetch the animation", None)
                return
        raise OutputError("The animation could not be fetched: its address redirects in circles.")

    def _ask(self, method: str, url: str, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do one exchange of JSON."""
        deadline = time.monotonic() + self._answer_timeout
        response = self._send(method, url, what, body)
        with contextlib.closing(response):
            data = b"".join(self._read(response, _JSON_CAP, what, deadline))
        try:
            return read_answer(response.status_code, response.headers, data, who=self.endpoint.name, what=what)
        except EndpointError as error:
            if self._key:  # some servers repeat a key that they refuse
                error.args = (self._key.redact(str(error)),)
            raise

    def _send(self, method: str, url: str, what: str, body: dict[str, Any] | None = None) -> requests.Response:
        def send() -> requests.Response:
            return self._session.request(
                method, url, json=body, auth=self._auth, timeout=self._timeout, stream=True, allow_redirects=False
            )

        response: requests.Response = self._guard(send, what)
        return response

    def _read(self, response: requests.Response, cap: int, what: str, deadline: float | None) -> Iterator[bytes]:
        """Yield a body piece by piece, as it comes."""
        size = 0
        while True:
            piece = self._guard(lambda: response.raw.read1(2**16, decode_content=True), what)
            if not piece:
                break
            size += len(piece)
            if size > cap:
                raise OutputError(f"{self.endpoint.name} sent more than {cap // 2**20} MiB; the rest was not read.")
            if deadline is not None and time.monotonic() > deadline:
                raise ConnectionFailed(
                    f"{self.endpoint.name} took longer than {self._answer_timeout:g} s to {what}.", passing=True
                )
            yield piece
        # read1 does not mind a body that ends too early.
        if response.raw.length_remaining:
            raise ConnectionFailed(f"{self.endpoint.name} broke off in the middle of its answer.", passing=True)

    def _guard(self, act: Callable[[], Any], what: str) -> Any:
        """Do something with the network; what goes wrong there becomes an error of ours.

        The error is raised outside the handler, so that no traceback leads into frames that hold headers.
        """
        failure: EndpointError
        try:
            return act()
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            failure = self._explain(error, what)
        logger.debug("%s: %s", what, failure)
        raise failure

    def _explain(self, error: Exception, what: str) -> EndpointError:
        host = urlsplit(self.endpoint.url).netloc
        causes = list(_causes(error))

        def any_is(*kinds: type[BaseException]) -> bool:
            return any(isinstance(cause, kinds) for cause in causes)

        if any_is(ssl.SSLCertVerificationError):
            return ConnectionFailed(
                f"{host} could not prove who it is (TLS certificate). Nothing was sent.", arrived=False
            )
        if any_is(urllib3.exceptions.NewConnectionError, requests.ConnectTimeout, ConnectionRefusedError):
            return ConnectionFailed(
                f"{host} could not be reached. Check the base url and the network; nothing was sent.",
                arrived=False,
                passing=True,
            )
        if any_is(requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, UnicodeError):
            return ConnectionFailed(f"{host} is not an address that can be asked.", arrived=False)
        if any_is(requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
            return ConnectionFailed(f"{host} was asked to {what} and did not answer in time.", passing=True)
        return ConnectionFailed(f"The connection to {host} broke while it was asked to {what}.", passing=True)


_list = list  # inside the class the name is the method's


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that it wraps: requests keeps urllib3's, urllib3 keeps the socket's."""
    seen: set[int] = set()
    todo = [error]
    while todo:
        current = todo.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        todo += [item for item in inner if isinstance(item, BaseException)]


def _data_uri(uri: str, cap: int) -> Generator[bytes, None, None]:
    """Yield the content of a ``data:`` URI (RFC 2397)."""
    head, comma, text = uri.partition(",")
    if len(text) > cap * 4 // 3 + 4:
        raise OutputError(f"The endpoint sent more than {cap // 2**20} MiB; it was not read.")
    try:
        if not comma:
            raise ValueError
        yield base64.b64decode(text, validate=True) if head.lower().endswith(";base64") else unquote_to_bytes(text)
    except (ValueError, binascii.Error):
        raise OutputError("The endpoint sent the animation as a data URI that cannot be decoded.") from None
