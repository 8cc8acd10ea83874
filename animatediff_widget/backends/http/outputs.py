"""What a job has made, and how it is fetched: from where it may lie, in so many bytes at most."""

from __future__ import annotations

import base64
import binascii
import contextlib
import itertools
import re
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from animatediff_widget.errors import AnswerError, OutputError, OutputNotAllowed, StorageError
from animatediff_widget.keys.credentials import Key
from animatediff_widget.media.files import write_file
from animatediff_widget.media.formats import sniff
from animatediff_widget.model.endpoint import origin_of
from animatediff_widget.texts import Message

from .answers import retry_after
from .transport import TRUSTED, Limits, Transport, resolve

__all__ = ["Outputs"]

_OUTPUT_CAP = 512 * 2**20
_PREVIEW_CAP = 2**16
_REDIRECTS = 5
_TO_DOWNLOAD = Message("to_download")


@dataclass(frozen=True)
class Outputs:
    """The outputs of an endpoint's jobs. A url may be relative to that where they were created."""

    url: str
    key: Key | None
    limits: Limits
    transport: Transport

    def fetch(self, output: str, to: Path) -> Path:
        """Fetch an output into a file, which appears under its name when it is whole and on the disk."""
        with contextlib.closing(_data_uri(output) if output[:5].lower() == "data:" else self._pieces(output)) as pieces:
            first = next(pieces, b"")
            if not first:
                raise OutputError(Message("not_fetched_empty"), passing=True)
            try:
                to.parent.mkdir(parents=True, exist_ok=True)
                write_file(to, itertools.chain([first], pieces), private=True)
            except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
                why = getattr(error, "strerror", None) or error
                raise StorageError(Message("not_stored", path=to, why=why)) from None
        return to

    def preview(self, url: str) -> bytes:
        """Fetch a JPEG from the endpoint's own origin."""
        at = resolve(self.url, url)
        if at is None or not self.transport.is_own(at):
            raise self._elsewhere(at or url)
        within = self.limits.answer
        with self.transport.send("GET", at, _TO_DOWNLOAD, within=within, compressed=False) as reply:
            _check_output(reply.status, reply.headers, urlsplit(at).hostname)
            data = b"".join(reply.pieces(_PREVIEW_CAP))
        if sniff(data[:16]) != "jpg":
            raise OutputError(Message("not_fetched_kind", host=urlsplit(at).hostname, kind=sniff(data[:16])))
        return data

    def _pieces(self, url: str) -> Generator[bytes, None, None]:
        """Yield an output as it comes, following redirects to where outputs may lie."""
        deadline = time.monotonic() + self.limits.download
        at: str | None = resolve(self.url, url)
        if at and self.key and self.transport.is_own(at):
            at = self.key.restore(at)
        for _ in range(_REDIRECTS):
            if at is None or not (self.transport.trusts(at) or urlsplit(at).scheme in ("http", "https")):
                raise self._elsewhere(at or url)
            if not (self.transport.trusts(at) or urlsplit(at).scheme == "https"):
                raise OutputNotAllowed(Message("output_not_allowed", origin=origin_of(at), variable=TRUSTED))
            within = max(deadline - time.monotonic(), 0.001)
            with self.transport.send("GET", at, _TO_DOWNLOAD, within=within, compressed=False) as reply:
                target = reply.headers.get("Location")
                if target and reply.status in (301, 302, 303, 307, 308):
                    url, at = target, resolve(at, target)
                    continue
                _check_output(reply.status, reply.headers, urlsplit(at).hostname)
                try:
                    yield from reply.pieces(_OUTPUT_CAP)
                except AnswerError as error:
                    raise OutputError(Message("not_fetched", why=error), passing=error.passing) from None
                return
        raise OutputError(Message("not_fetched_circles"), passing=True)

    def _elsewhere(self, url: str) -> OutputError:
        url = self.key.redact(url) if self.key else url
        return OutputError(Message("output_elsewhere", url=repr(url[:80])))


def _check_output(status: int, headers: Any, host: str | None) -> None:
    """Raise where an answer is not an output."""
    if status != 200:  # a store that has many copies may know of the file a little later in some of them
        raise OutputError(
            Message("not_fetched_status", host=host, status=status), passing=True, retry_after=retry_after(headers)
        )
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/json", "application/problem+json"):  # a gateway's excuse, or a login
        raise OutputError(Message("not_fetched_kind", host=host, kind=kind), passing=True)


def _data_uri(uri: str) -> Generator[bytes, None, None]:
    """Yield the content of a ``data:`` URI (RFC 2397), as forgiving as a browser (https://fetch.spec.whatwg.org)."""
    head, comma, text = uri.partition(",")
    if len(text) > _OUTPUT_CAP * 4 // 3 + 4:
        raise OutputError(Message("output_too_large", size=_OUTPUT_CAP // 2**20))
    try:
        if not comma:
            raise ValueError
        data = unquote_to_bytes(text)
        if re.search("; *base64 *$", head, re.IGNORECASE):
            data = data.translate(None, b" \t\r\n\f").rstrip(b"=")
            data = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
        yield data
    except (ValueError, binascii.Error):
        raise OutputError(Message("data_uri_broken")) from None
