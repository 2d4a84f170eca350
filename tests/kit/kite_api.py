"""A server on this machine that answers as Kite's HTTP API does, or as it should not."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from daemon.domain.dates import parse_ts
from feeds.kite.credentials import Credentials, Secret
from feeds.kite.http import KiteHttp

CANARY: Final = "canaryAccessToken0123456789"
API_KEY: Final = "apikey12"
LOGIN: Final = Credentials(API_KEY, Secret(CANARY), parse_ts("2026-11-23T08:15:00"))
COLUMNS: Final = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,"
    "lot_size,instrument_type,segment,exchange"
)


class Request(NamedTuple):
    """What a client sent."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: str


class Reply(NamedTuple):
    """An answer. With `sent` only so many bytes of the body leave before the link is closed."""

    code: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    sent: int | None = None
    silent: bool = False
    """Never answer, until the server ends."""


Answer = Reply | Callable[[Request], Reply]


class FakeTime:
    """Seconds that pass only when someone sleeps, or by `step_s` at each look."""

    def __init__(self, step_s: float = 0.0) -> None:
        self.now = 1000.0
        self.step_s = step_s
        self.slept: list[float] = []

    def monotonic(self) -> float:
        self.now += self.step_s
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class KiteApi:
    """Answers in the order of `answers`; the last one again and again."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.ended = threading.Event()
        self.time = FakeTime()
        self.url = ""

    def client(self, credentials: Credentials | None = LOGIN, timeout_s: float = 30.0) -> KiteHttp:
        """A client of this server whose pauses take no time."""
        return KiteHttp(
            self.url,
            credentials,
            timeout_s=timeout_s,
            monotonic=self.time.monotonic,
            sleep=self.time.sleep,
        )

    def reply(self, request: Request) -> Reply:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        return answer(request) if callable(answer) else answer


def success(data: object, **more: Any) -> Reply:
    """Kite's answer to a good request."""
    return Reply(body=json.dumps({"status": "success", "data": data}).encode(), **more)


def refusal(code: int, error_type: str, message: str) -> Reply:
    """Kite's answer to a bad one."""
    told = {"status": "error", "message": message, "error_type": error_type, "data": None}
    return Reply(code, json.dumps(told).encode(), (("Content-Type", "application/json"),))


def gzipped(body: bytes, cut: int = 0) -> Reply:
    """A compressed answer, its last `cut` bytes missing though it looks complete."""
    packed = gzip.compress(body)
    return Reply(body=packed[: len(packed) - cut], headers=(("Content-Encoding", "gzip"),))


def dump(rows: int = 3, exchange: str = "NFO") -> bytes:
    """An instruments dump of made-up option rows."""
    lines = [
        f'{10_000_000 + 256 * at},{39062 + at},NIFTY26NOV{23000 + 50 * at}CE,"NIFTY",0,2026-11-23,'
        f"{23000 + 50 * at},0.05,65,CE,{exchange}-OPT,{exchange}"
        for at in range(rows)
    ]
    return ("\n".join([COLUMNS, *lines]) + "\n").encode()


@contextmanager
def kite_api(*answers: Answer) -> Iterator[KiteApi]:
    """A running server; it ends with the block."""
    api = KiteApi(answers)
    server = _Server(("127.0.0.1", 0), _handler(api))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        api.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True


def _handler(api: KiteApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # a link for each request: nothing stays open at the end

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            headers = dict(self.headers.items())
            reply = api.reply(
                Request(str(self.command), parts.path, parse_qs(parts.query), headers, body)
            )
            if reply.silent:
                api.ended.wait()
                return
            self.send_response(reply.code)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers:
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(reply.body[: reply.sent])
            except OSError:
                return  # the client has seen enough
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    return Handler
