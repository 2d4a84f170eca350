"""A server of the page's contract that says what a test tells it to: states that a real run has
rarely (a lost server, a reset, thousands of updates) at will."""

from __future__ import annotations

import json
import math
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.browser import fixture_data as data
from tests.kit.source import ROOT

ASSETS: Final = ROOT / "daemon/web/assets"
CHARTS: Final = ROOT / "daemon/charts/assets"
TYPES: Final = {"js": "text/javascript", "css": "text/css", "html": "text/html"}
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
EXPLAIN: Final = [
    "V3-20261118-000004: SELL 130 NIFTY26NOVFUT (MIS), strategy ema_trend, 2026-11-18",
    "09:58:00.092  CREATED: asked to sell 130 (2 lots of 65), stop Rs 25,048.90.",
    "              The strategy said: ema_cross",
    "09:58:00.092  FILLED: sold 130 at Rs 24,896.70, priced from the bid.",
    "10:06:08.176  CLOSED: bought 130 at Rs 25,063.80, priced from the ask.",
    "",
    "Result: gross -Rs 10,861.50, charges Rs 951.08, net -Rs 11,812.58.",
]

ROUND: Final = [
    "straddle-0920-20261118-1: a round of plan straddle-0920, 2026-11-18, times in IST",
    "09:20:00.092  WAITING: the round begins; ce, pe would enter at once.",
    "09:20:00.092  OPEN: all first legs are in.",
    "",
    "So far: gross -Rs 3,276.00, charges Rs 91.20, net -Rs 3,367.20.",
]


class Fixture:
    """What the server says; `send` hands an event to every stream that is open."""

    def __init__(self) -> None:
        self.snapshot = data.snapshot()
        self.asked: list[data.Json] = []
        self.order_answer: data.Json = {"accepted": True, "text": "accepted", "orders": []}
        self.streams: list[queue.Queue[bytes | None]] = []
        self.last_ids: list[str] = []
        self.chains: list[dict[str, str]] = []
        """What was asked of the chain."""
        self.refuse_stream = 0
        self.connections: set[socket.socket] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, event: str, body: Any, seq: int | None = None) -> None:
        """Send one event to each stream."""
        for stream in list(self.streams):
            stream.put(self.block(event, body, seq))

    def block(self, event: str, body: Any, seq: int | None = None) -> bytes:
        """Return an event as it stands in a stream."""
        number = "" if seq is None else f"id: {self.snapshot['journal']}-{seq}\n"
        return f"event: {event}\n{number}data: {json.dumps(body)}\n\n".encode()

    def drop(self) -> None:
        """End every stream."""
        for stream in list(self.streams):
            stream.put(None)

    def die(self) -> None:
        """Cut every connection, as a server does that is killed."""
        self.drop()
        for connection in list(self.connections):
            with suppress(OSError):  # the page may have closed it
                connection.shutdown(socket.SHUT_RDWR)

    def candles(self, symbol: str) -> data.Json:
        start = data.OPENING_MS // 1000
        candles = []
        for minute in range(93):
            price = 24_900 + 130 * math.sin(minute / 14) + 22 * math.sin(minute / 2.3)
            end = 24_900 + 130 * math.sin((minute + 1) / 14) + 22 * math.sin((minute + 1) / 2.3)
            high, low = max(price, end) + 6, min(price, end) - 7
            candles.append([start + 60 * minute, price, high, low, end, 900 + 37 * (minute % 13)])
        fills = [
            {"t": start + 2_580, "price": 24_896.7, "side": "sell", "kind": "entry", "won": None,
             "text": "sold 130 at 24,896.70", "trade": f"{data.BASE}4"},
            {"t": start + 3_060, "price": 25_063.8, "side": "buy", "kind": "exit", "won": False,
             "text": "stop loss at 25,063.80", "trade": f"{data.BASE}4"},
        ]  # fmt: skip
        steps = [{"name": "stop", "trade": f"{data.BASE}4",
                  "points": [[start + 2_580, 25_048.9], [start + 3_060, None]]}]  # fmt: skip
        line = f"{symbol}: 93 candles of 1 minute, 1 entry and 1 exit."
        return {"title": f"{symbol}, 1 minute", "line": line, "candles": candles, "fills": fills,
                "steps": steps}  # fmt: skip

    def curve(self, title: str, kind: str) -> data.Json:
        start = data.OPENING_MS // 1000
        points = [[start + 60 * at, -300 * at + 4_000 * math.sin(at / 9)] for at in range(93)]
        return {"title": title, "line": f"{title}, minute by minute.", "unit": "rupees",
                "series": [{"name": title, "kind": kind, "points": points}]}  # fmt: skip

    def answer(self, path: str, query: dict[str, str]) -> Any:
        """Return what a GET of JSON answers."""
        if path == "/api/session":
            return {"csrf": "word", "account": "desk", "run": None, "can_command": True,
                    "version": "0.3.0"}  # fmt: skip
        if path == "/api/now":
            return self.snapshot
        if path.startswith("/api/trade/"):
            trade = path.rsplit("/", 1)[1]
            return {"trade": data.trade_detail(trade), "explain": EXPLAIN}
        if path.startswith("/api/round/"):
            return {"round": path.rsplit("/", 1)[1], "explain": ROUND}
        if path == "/api/chain":
            self.chains.append(query)
            return data.chain(**({"expiry": query["expiry"]} if query.get("expiry") else {}))
        if path == "/api/candles":
            return self.candles(query["symbol"])
        if path == "/api/contracts":
            return [{"symbol": "NIFTY26NOV25100CE", "exchange": "NFO", "lot_size": 65,
                     "tick_paise": 5}]  # fmt: skip
        if path == "/api/curves":
            return {"equity": self.curve("P&L of the day", "net"),
                    "drawdown": self.curve("Drawdown of the day", "drawdown")}  # fmt: skip
        return self.past(path, query)

    def past(self, path: str, query: dict[str, str]) -> Any:
        """Return what the routes of history and comparison answer."""
        totals = {"trades": 9, "won": 2, "gross_paise": -3_578_575, "charges_paise": 1_343_116,
                  "net_paise": -4_921_691}  # fmt: skip
        if path == "/api/days":
            return [totals | {"day": f"2026-11-{day}", "run": "desk", "day_low_paise": -5_000_000}
                    for day in range(18, 10, -1)]  # fmt: skip
        if path == "/api/runs":
            run = totals | {"started_ms": data.OPENING_MS, "ended_ms": None, "kind": "replay",
                            "strategies": ["ema_trend"]}  # fmt: skip
            return [run | {"run": f"replay-{at}", "is_running": at == 1} for at in range(1, 4)]
        if path == "/api/history":
            rows = [data.closed_row(at, 1_000 * at - 4_000, "target") for at in range(1, 9)]
            return {"rows": rows, "next": None if query.get("after") else "more"}
        assert path == "/api/compare", path
        return {
            "a": totals, "b": totals | {"net_paise": 1_000},
            "curves": self.curve("Both", "net"), "by_strategy": [], "trades_only_a": [],
            "trades_only_b": [], "different": [],
        }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Answers for the fixture that its class holds."""

    fixture: Fixture
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Remember the connection."""
        super().setup()
        self.fixture.connections.add(self.connection)

    def finish(self) -> None:
        """Forget it."""
        self.fixture.connections.discard(self.connection)
        with suppress(OSError):  # it was cut
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path, _, text = self.path.partition("?")
        query = dict(pair.split("=", 1) for pair in text.split("&") if pair)
        if path == "/api/stream":
            return self.stream()
        if path.startswith("/api/"):
            return self.send(200, json.dumps(self.fixture.answer(path, query)).encode(), "json")
        name = {"/": "/assets/page.html", "/login": "/assets/login.html"}.get(path, path)
        _, place, rest = name.split("/", 2)
        file = (CHARTS if place == "charts" else ASSETS) / rest
        if not file.is_file():
            return self.send(404, b"{}", "json")
        return self.send(200, file.read_bytes(), file.suffix[1:])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/do":
            self.fixture.asked.append(body)
            answer = {"accepted": True, "text": f"{body['do']} {body['target']}: accepted"}
            return self.send(200, json.dumps(answer).encode(), "json")
        if self.path == "/api/ticket":
            self.fixture.asked.append(body)
            answer = self.fixture.order_answer
            return self.send(200, json.dumps(answer).encode(), "json")
        return self.send(200, b'{"csrf": "word"}', "json")

    def send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", TYPES.get(kind, "application/json") + "; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", CSP)
        self.end_headers()
        self.wfile.write(body)

    def stream(self) -> None:
        fixture = self.fixture
        fixture.last_ids.append(self.headers.get("Last-Event-ID", ""))
        if fixture.refuse_stream:
            return self.send(fixture.refuse_stream, b'{"error": "no"}', "json")
        events: queue.Queue[bytes | None] = queue.Queue()
        events.put(fixture.block("snapshot", fixture.snapshot, fixture.snapshot["seq"]))
        fixture.streams.append(events)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(OSError):  # the page has gone
            self.copy(events)
        fixture.streams.remove(events)
        self.close_connection = True

    def copy(self, events: queue.Queue[bytes | None]) -> None:
        while True:
            try:
                block = events.get(timeout=1)
            except queue.Empty:
                block = b": beat\n\n"
            if block is None:
                return
            self.wfile.write(block)


@contextmanager
def serve(fixture: Fixture, port: int = 0) -> Iterator[Fixture]:
    """Serve a fixture on a port of this machine, a free one or the one that is given."""
    handler = type("Bound", (Handler,), {"fixture": fixture})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    fixture.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fixture
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        fixture.die()
