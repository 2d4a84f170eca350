"""What programs, charting services and ticker clients may send to the page's process, damaged.

Requests go to the applications themselves, as a server hands them over. A fault of the program
comes out of an application as the exception that it is.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import anyio
import msgspec
from starlette.websockets import WebSocket

from daemon.control.request_messages import Answer, Outcome
from daemon.domain.external_signal import ExternalSignal
from daemon.domain.instrument import Instrument
from daemon.web.hooks.app import Hooks
from daemon.web.hooks.store import HOOKS_FILE, Hook, HookBook, hash_of, write_hooks
from daemon.web.kite.historical import Candle
from daemon.web.kite.market_data import Recorded
from daemon.web.kite.ticker_client import TickerClient
from daemon.web.kite.ticker_requests import TOKENS_MAX
from tests.kit.market import CALL
from tests.kite_api.desk import FORM, LISTED, Desk, desk_in, order_form

JSON: Final = "application/json"
OF_ONE_DESK: Final = 200
"""Requests until an account begins again: its orders of a day grow, and reading them slower."""
ERROR_TYPES: Final = frozenset(
    f"{name}Exception" for name in ("General", "Input", "Margin", "Order", "Token", "Network",
                                    "Permission", "Data")
)  # fmt: skip
TOKEN: Final = "t" * 43
DAY: Final = "2026-11-18"
MINUTES: Final = tuple(Candle(minute, 100, 110, 90, 105, 65, 650) for minute in range(555, 600, 7))
LOTS: Final = 3


# the paper API: a line `METHOD ADDRESS TYPE`, then the body


class _Desks:
    """The account of now, and how many requests it has had."""

    def __init__(self) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="fno-fuzz-desk-"))
        atexit.register(shutil.rmtree, self._place, ignore_errors=True)
        self._asked = 0
        self._begin()

    def next(self) -> Desk:
        """Return an account, a tick later than the request before."""
        if self._asked and self._asked % OF_ONE_DESK == 0:
            self._open.__exit__(None, None, None)
            self._begin()
        self._asked += 1
        self._desk.book()
        return self._desk

    def _begin(self) -> None:
        recorded = Recorded(
            dumps=self._place, minutes_of=lambda *_: MINUTES, days_of=lambda: [DAY],
        )  # fmt: skip
        self._open = desk_in(self._place / str(self._asked), recorded=recorded)
        self._desk = self._open.__enter__()


_desks = lru_cache(maxsize=1)(_Desks)


def kite_requests() -> list[bytes]:
    """Return one request for most addresses, as it is taken."""
    gtt = {
        "type": "single",
        "condition": json.dumps({"exchange": "NFO", "tradingsymbol": CALL,
                                 "trigger_values": [95], "last_price": 100}),
        "orders": json.dumps([{"exchange": "NFO", "tradingsymbol": CALL, "quantity": 65,
                               "transaction_type": "SELL", "order_type": "LIMIT",
                               "product": "NRML", "price": 94.5}]),
    }  # fmt: skip
    convert = {"exchange": "NFO", "tradingsymbol": CALL, "transaction_type": "BUY", "quantity": 65,
               "position_type": "day", "old_product": "NRML", "new_product": "MIS"}  # fmt: skip
    legs = [order_form(variety="regular", trigger_price=0), order_form(transaction_type="SELL")]
    notes = [order_form(order_id="1", average_price=100)]
    more = ({"order_type": "MARKET", "market_protection": -1, "tag": "a"},
            {"order_type": "SL", "trigger_price": 101, "price": 102},
            {"variety": "iceberg", "iceberg_legs": 2, "iceberg_quantity": 65, "quantity": 130},
            {"autoslice": "true", "quantity": 1_950, "validity": "TTL",
             "validity_ttl": 2})  # fmt: skip
    places = [order_form(**each) for each in ({}, *more)]
    forms = [("POST", f"/orders/{each.get('variety', 'regular')}", each) for each in places]
    forms += [
        ("PUT", "/orders/regular/261118000000001", {"price": 98.5, "quantity": 130}),
        ("PUT", "/portfolio/positions", convert), ("POST", "/gtt/triggers", gtt),
        ("PUT", "/kite/gtt/triggers/1", gtt),
        ("POST", "/session/token", {"api_key": "paper", "request_token": "r", "checksum": "c"}),
    ]  # fmt: skip
    bodies = [("/margins/orders", legs[:1]), ("/margins/basket?consider_positions=true", legs),
              ("/charges/orders", notes)]  # fmt: skip
    bare = [
        ("GET", path)
        for path in (
            "/orders",
            "/orders/261118000000001/trades",
            "/trades",
            "/portfolio/positions",
            "/user/margins/equity",
            "/gtt/triggers/1",
            "/user/profile",
        )
    ]
    bare += [("DELETE", "/orders/regular/261118000000001?parent_order_id=")]
    return [
        *(_written(method, path, FORM, urlencode(form)) for method, path, form in forms),
        *(_written("POST", path, JSON, json.dumps(value)) for path, value in bodies),
        *(_written(method, path, "", "") for method, path in bare),
    ]


def market_requests() -> list[bytes]:
    """Return one request for each address of market data, and each way to ask it."""
    span = urlencode({"from": f"{DAY} 09:15:00", "to": f"{DAY} 15:30:00", "oi": 1})
    days = urlencode({"from": DAY, "to": DAY, "continuous": 0})
    keys = f"i=NFO:{CALL}&i=NSE:NIFTY 50&i=3"
    paths = [
        *(f"{at}?{keys}" for at in ("/quote", "/quote/ohlc", "/kite/quote/ltp")),
        "/instruments",
        "/instruments/NFO",
        *(f"/instruments/historical/1/{each}?{span}" for each in ("minute", "60minute")),
        f"/instruments/historical/1/day?{days}",
    ]
    return [_written("GET", path, "", "") for path in paths]


def _written(method: str, path: str, kind: str, body: str) -> bytes:
    return f"{method} {path} {kind}\n{body}".encode()


def read_kite(data: bytes, _place: Path) -> None:
    """Every request has an answer in Kite's envelope, and the next one is answered too.

    The list of instruments alone is a file.
    """
    head, body = (*data.split(b"\n", 1), b"")[:2]
    method, path, kind = (*head.decode("latin-1").split(" ", 2), "", "", "")[:3]
    desk = _desks().next()
    asked = "/" + quote(path.removeprefix("/"), safe="/?&=%+:")

    async def main() -> None:
        answer = await desk.raw(method or "GET", asked, body, content_type=kind)
        is_file = answer.headers.get("content-type", "").startswith("text/csv")
        told = {} if is_file else answer.json()
        if is_file:
            assert answer.status == 200
            assert answer.body.startswith(b"instrument_token,")
        elif answer.status == 200:
            assert told.keys() == {"status", "data"}, told
        else:
            assert 400 <= answer.status < 500 or answer.status == 503, answer
            assert told["error_type"] in ERROR_TYPES, told
            assert told["message"], told
        assert (await desk.raw("GET", "/orders")).status == 200

    anyio.run(main)


# hooks: the body


def hook_messages() -> list[bytes]:
    """Return alerts of both services."""
    alert = {"symbol": f"NSE:{CALL}", "action": "buy", "lots": 2, "stop": 90.5, "target": 120,
             "comment": "cross", "market_position": "long"}  # fmt: skip
    scan = {"stocks": f"{CALL},NIFTY26NOVFUT", "trigger_prices": "1,2", "scan_name": "breakouts"}
    return [json.dumps(each).encode() for each in (alert, alert | {"action": "exit"}, scan)]


def read_hook(data: bytes, place: Path) -> None:
    """What is handed to the daemon it can read, and is no more than the hook may ask for."""
    common: dict[str, Any] = {"hash": hash_of(TOKEN), "strategy": "ext", "lots": LOTS}
    hooks = [Hook(id="t", map="tradingview", **common),
             Hook(id="c", map="chartink", action="SELL", **common)]  # fmt: skip
    for hook in hooks:
        write_hooks(place / HOOKS_FILE, [hook])
        anyio.run(_post, HookBook(place / HOOKS_FILE), data)


async def _post(book: HookBook, data: bytes) -> None:
    from tests.kit import web

    listed: dict[str, Instrument] = {each.tradingsymbol: each for each in LISTED}
    asked: list[ExternalSignal] = []

    async def ask(signal: ExternalSignal, _: str) -> Answer:
        asked.append(signal)
        return Answer(id=1, outcome=Outcome.DONE, text="done", input_no=1)

    app = Hooks(book, lambda: listed, ask).app
    answer = await web.ask(app, "POST", f"/hook/{TOKEN}", {"host": "x"}, data)
    assert answer.status in (202, 400, 413), answer
    assert (answer.status == 202) == bool(asked)
    for signal in asked:
        assert msgspec.json.decode(msgspec.json.encode(signal), type=ExternalSignal) == signal
        for intent in signal.intents:
            assert 0 <= intent.qty <= LOTS * listed[intent.symbol].lot_size


# the ticker: a message a line


def ticker_messages() -> list[bytes]:
    """Return what a client asks for in a session."""
    lines = ['{"a":"subscribe","v":[1,2,256265]}', '{"a":"mode","v":["full",[1,2]]}',
             '{"a":"unsubscribe","v":[2]}']  # fmt: skip
    return [each.encode() for each in (*lines, "\n".join(lines))]


def read_ticker(data: bytes, _: Path) -> None:
    """A client that says anything is kept within its tokens, and heard again afterwards."""
    anyio.run(_converse, data.split(b"\n"))


async def _converse(lines: Sequence[bytes]) -> None:
    last = {"a": "unsubscribe", "v": [7]}
    messages = [_message(each) for each in lines]
    messages += [{"type": "websocket.receive", "text": json.dumps(last)},
                 {"type": "websocket.disconnect", "code": 1000}]  # fmt: skip
    coming = iter([{"type": "websocket.connect"}, *messages])

    async def receive() -> dict[str, Any]:
        await anyio.lowlevel.checkpoint()
        return next(coming)

    async def send(_: Any) -> None:
        await anyio.lowlevel.checkpoint()

    socket = WebSocket({"type": "websocket", "headers": []}, receive, send)
    await socket.accept()
    client = TickerClient(socket, lambda wanted: bytes(len(wanted)))
    client.subscription.modes[7] = "full"
    with anyio.fail_after(10):
        await client.serve()
    assert 7 not in client.subscription.modes
    assert len(client.subscription.modes) <= TOKENS_MAX
    assert set(client.subscription.modes.values()) <= {"ltp", "quote", "full"}


def _message(line: bytes) -> dict[str, Any]:
    """Return a line as a server hands it over: bytes where it is no text."""
    try:
        return {"type": "websocket.receive", "text": line.decode()}
    except UnicodeDecodeError:
        return {"type": "websocket.receive", "bytes": line}
