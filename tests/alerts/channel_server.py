"""A service of its own on this machine, which takes texts, fails or sends elsewhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final

SECRET: Final = "canarychannel0004"


class ChannelServer(HTTPServer):
    """Answers with `status`, or sends elsewhere; keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.location = ""
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.taken: list[str] = []
        """The texts that it answered 200 to."""

    @property
    def address(self) -> str:
        return f"json://user:{SECRET}@127.0.0.1:{self.server_port}/{SECRET}"


class _Handler(BaseHTTPRequestHandler):
    server: ChannelServer

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        message = json.loads(self.rfile.read(length))
        status = self.server.status
        if status == 200:
            self.server.taken.append(message["message"])
        self.server.got.append((self.path, message))
        self.send_response(status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def channel_server() -> Iterator[ChannelServer]:
    """Run one until the block ends."""
    with ChannelServer() as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield found
        finally:
            found.shutdown()
            thread.join()
