"""A stand-in for a model container that tells its schema and does nothing else."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCHEMA = {"components": {"schemas": {"Input": {"properties": {
    "prompt": {"type": "string"}, "num_frames": {"type": "integer", "default": 16, "minimum": 8, "maximum": 32},
}}}}}  # fmt: skip


class Container(ThreadingHTTPServer):
    """Answers with its schema, once `answers` is set."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = threading.Event()
        self.schema: dict | None = SCHEMA
        container = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                container.asked.append(self.path)
                container.answers.wait(30)
                body = json.dumps(container.schema).encode()
                self.send_response(200 if container.schema else 503)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"
