"""The public face of a backend: talks to one endpoint, one exchange at a time."""

from __future__ import annotations

import itertools
import os
import uuid
from pathlib import Path
from typing import NoReturn, get_args
from urllib.parse import urlsplit

from animatediff_widget.errors import InvalidArgument, KeyRefused, check
from animatediff_widget.keys.credentials import Key, colab_refusal, find_key
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint, is_loopback
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .base import Backend, Language
from .http.transport import Limits
from .registry import default_endpoint, place

__all__ = ["Client"]

_SHORTEST, _LONGEST = 0.001, 1e6  # seconds that a socket can wait


@guarded_class
class Client:
    """Talks to one `endpoint`, through its `backend`.

    Every method does one exchange and either returns what was answered or raises an `EndpointError` whose text says
    what happened. Nothing is repeated here.

    Parameters
    ----------
    endpoint : Endpoint, optional
        Replicate where a key for it is at hand, else the built-in server, which starts with its first client.
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
    MissingExtra
        When the built-in server is asked for and the ``local`` extra is not installed.
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
        Endpoint.check(endpoint)
        check((str, Key), none=True, token=token)
        check(float, connect_timeout=connect_timeout, read_timeout=read_timeout)
        check(float, answer_timeout=answer_timeout, download_timeout=download_timeout)
        self.endpoint = endpoint or default_endpoint(token)
        self.key = key = find_key(self.endpoint, token)
        refused = colab_refusal(self.endpoint) if key is None else None
        if refused:
            raise KeyRefused(refused)
        plain = urlsplit(self.endpoint.url).scheme == "http" and not is_loopback(self.endpoint.url)
        if key and plain and not allow_plain_http:
            raise KeyRefused(Message("key_not_encrypted", url=self.endpoint.url))
        timeouts = (connect_timeout, read_timeout, answer_timeout, download_timeout)
        limits = Limits(*(min(max(seconds, _SHORTEST), _LONGEST) for seconds in timeouts))
        self.backend: Backend = place(self.endpoint.kind).open(self.endpoint, key, limits)

    def __repr__(self) -> str:
        endpoint = getattr(self, "endpoint", None)  # not yet there where a traceback shows a constructor that failed
        return f"<Client {endpoint.url if endpoint else '(not made)'}>"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise InvalidArgument(Message("client_not_copied"))

    def close(self) -> None:
        """Close the connections; the client can be used again all the same."""
        self.backend.close()

    @property
    def inputs(self) -> Inputs:
        """What the model takes, as far as the endpoint says: shown as a table of names, types, defaults and bounds.

        A model container is asked for its schema, which one that ``cog build`` made has; the built-in server, a cluster
        and a GPU of this machine say what their engine takes. Others do not say it, and their table is empty. What is
        no field of a request is sent as its `extra_input`.
        """
        return self.backend.inputs()

    def create(self, request: AnimateDiffRequest | Body) -> Prediction:
        """Post a job. Where a request's seed is None, one is drawn and sent.

        Raises
        ------
        InvalidRequest
            When the endpoint says what its model takes (`inputs`), and this is not it; nothing was posted.
        EndpointError
            When there was no good answer. Where its ``arrived`` is True the job may exist nonetheless, and cost money.
        """
        return self.backend.create(Body.of(request, seeded=True), uuid.uuid4().hex)

    def get(self, prediction_id: str, previous: Prediction | None = None) -> Prediction:
        """Ask how a job stands; the last snapshot of the same job, as `previous`, saves reading its log again."""
        check(str, prediction_id=prediction_id)
        check(Prediction, none=True, previous=previous)
        return self.backend.watch(prediction_id, previous)

    def cancel(self, prediction_id: str) -> Prediction:
        """Cancel a job and give it as it stands then; it may still be running for a moment."""
        check(str, prediction_id=prediction_id)
        return self.backend.cancel(prediction_id)

    def list(self, limit: int = 100) -> list[Prediction]:
        """List jobs, the newest first, `limit` at the most; some relays have no list.

        Further pages are fetched for it, from the endpoint's own origin only.
        """
        check(int, limit=limit)
        return [*itertools.islice(self.backend.list(), limit)]

    def download(self, url: str, to: str | os.PathLike[str]) -> Path:
        """Fetch one of a prediction's outputs into a file, which appears under its name when it is whole.

        Raises
        ------
        OutputError
            When it is gone, empty, too large, a web page, somewhere that is not fetched from (anything but https, the
            endpoint's own origin and ``data:``), or cannot be stored.
        ConnectionFailed
            When the connection failed.
        """
        check(str, url=url)
        check(Path, to=to)
        return self.backend.fetch(url, Path(to))

    def snippet(self, request: AnimateDiffRequest | Body, language: Language) -> str:
        """Write the same job for outside the notebook.

        Parameters
        ----------
        language : {"curl", "python"}
            A curl command for a POSIX shell, or a Python script that saves the animation. A person's key is only named,
            as a variable; the built-in server's own token, which ends with this process, stands in it.
        """
        check(get_args(Language), language=language)
        return self.backend.snippet(Body.of(request), language)
