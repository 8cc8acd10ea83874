"""The hub's interface over a folder, as far as fetching needs it: what a repository has, and its files in parts."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMIT = "c0ffee" * 6 + "c0ff"


class Hub(http.server.ThreadingHTTPServer):
    """Serves ``owner/name`` folders; the next answer longer than `most` stops there, and the connection with `cut`."""

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.most: int | None = None
        self.cut = False
        self.closing = threading.Event()
        self.asked: list[tuple[str, str]] = []  # each path, with the range that was asked for

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        return

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.server.asked.append((self.path.partition("?")[0], self.headers.get("Range", "")))
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        listed = re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/\w+)?", path)
        wanted = re.fullmatch(r"/([^/]+/[^/]+)/resolve/\w+/(.+)", path)
        folder = self.server.root / ((listed or wanted)[1] if listed or wanted else "none")
        if listed and folder.is_dir():
            files = [each for each in folder.rglob("*") if each.is_file()]
            names = [{"rfilename": each.relative_to(folder).as_posix(), "size": each.stat().st_size} for each in files]
            self._send(json.dumps({"id": listed[1], "modelId": listed[1], "sha": COMMIT, "siblings": names}).encode())
        elif wanted and (folder / wanted[2]).is_file():
            self._send((folder / wanted[2]).read_bytes())
        else:
            self._send(b"{}", 404, {"X-Error-Code": "EntryNotFound" if folder.is_dir() else "RepoNotFound"})

    def _send(self, data: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        tag, whole = hashlib.sha256(data).hexdigest(), len(data)
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if found and status == 200:
            start, end = int(found[1]), int(found[2] or whole - 1)
            status, data = 206, data[start : end + 1]
            headers = {"Content-Range": f"bytes {start}-{end}/{whole}"}
        self.send_response(status)
        for name, value in {
            "Content-Length": str(len(data)),
            "ETag": f'"{tag}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD" or self.path.startswith("/api/"):
            self.wfile.write(data if self.command == "GET" else b"")
            return
        most, self.server.most = self.server.most, None
        if most is not None and len(data) > most:
            self.wfile.write(data[:most])
            self.close_connection = True
            if not self.server.cut:
                self.server.closing.wait()
        else:
            self.wfile.write(data)


@contextmanager
def serving(root: Path) -> Iterator[Hub]:
    with Hub(root) as hub:
        thread = threading.Thread(target=hub.serve_forever, daemon=True)
        thread.start()
        yield hub
        hub.closing.set()
        hub.shutdown()
        thread.join()
