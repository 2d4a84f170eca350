"""Programs that use the paper API as fast as they may: 90 reads and 10 orders a second.

`python -m tests.load.programs URL CREDENTIALS SECONDS SYMBOL` prints what they waited, as JSON. A
request is due at its time whether or not the one before was answered, and waits from then on.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import numpy as np

from tests.load.hammer import answer_of

A_SECOND: Final = 100
EACH_ORDER: Final = 10
"""One of so many requests is an order, a change of one, or a cancel, in turns."""
CONNECTIONS: Final = 24
WAITING_MAX: Final = 200
"""Requests that wait for a connection; one more is not sent, and is counted."""
PRICE_WITHIN_S: Final = 30.0
MINUTE_S: Final = 60
LOT: Final = 65
READS: Final = (
    "/quote", "/quote/ltp", "/portfolio/positions", "/quote", "/quote/ohlc", "/orders",
    "/quote/ltp", "/quote", "/user/margins",
)  # fmt: skip
_MARKET_DATA: Final = "/quote"
_ORDERS: Final = "/orders/regular"


class _Asked(NamedTuple):
    """A request: when it was due, and which order it is; -1 for a read."""

    due: float
    what: str
    order: int = -1


class _Waited(NamedTuple):
    """An answer: when it was due, seconds from the begin, and how long it took."""

    due_s: float
    ms: float


class Programs:
    """All of them, over connections that stay open."""

    def __init__(self, url: str, keys: dict[str, str], symbol: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._head = (
            f"Host: {self._host}:{self._port}\r\n"
            f"Authorization: token {keys['api_key']}:{keys['access_token']}\r\n"
        )
        self._symbol = symbol
        self._limit = 0
        self._resting: deque[str] = deque()
        self._queue: asyncio.Queue[_Asked] = asyncio.Queue(WAITING_MAX)
        self._waited: dict[str, list[_Waited]] = {"reads": [], "orders": []}
        self._began = 0.0
        self._answers: Counter[str] = Counter()
        self._not_sent = 0

    async def run(self, seconds: float) -> None:
        """Ask for `seconds`, and wait for the last answers."""
        async with asyncio.TaskGroup() as tasks:
            workers = [tasks.create_task(self._work()) for _ in range(CONNECTIONS)]
            await self._find_limit()
            began = self._began = time.perf_counter()
            for number in range(round(seconds * A_SECOND)):
                due = began + number / A_SECOND
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                order, rest = divmod(number, EACH_ORDER)
                is_order = rest == EACH_ORDER - 1
                asked = (
                    _Asked(due, "order", order)
                    if is_order
                    else _Asked(due, READS[rest % len(READS)])
                )
                try:
                    self._queue.put_nowait(asked)
                except asyncio.QueueFull:
                    self._not_sent += 1
            await self._queue.join()
            for worker in workers:
                worker.cancel()

    async def _find_limit(self) -> None:
        async with asyncio.timeout(PRICE_WITHIN_S):
            while not self._limit:
                self._queue.put_nowait(_Asked(time.perf_counter(), "/quote/ltp"))
                await self._queue.join()
                await asyncio.sleep(0.1)

    async def _work(self) -> None:
        """Send one request after the other on a connection, and open it again once it is cut."""
        line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while True:
            asked = await self._queue.get()
            try:
                line = line or await asyncio.open_connection(self._host, self._port)
                await self._ask(asked, *line)
            except (OSError, asyncio.IncompleteReadError) as error:
                self._answers[f"{asked.what} {type(error).__name__}"] += 1
                line = None
            finally:
                self._queue.task_done()

    async def _ask(
        self, asked: _Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if asked.order < 0:
            what, order = asked.what, ""
            query = f"?i={quote(f'NFO:{self._symbol}')}" if what.startswith(_MARKET_DATA) else ""
            writer.write(self._request("GET", what + query))
        else:
            what, order = self._next_order(asked.order)
            writer.write(self._order(what, order, asked.order))
        status, body = await answer_of(reader)
        kind = "reads" if asked.order < 0 else "orders"
        now = time.perf_counter()
        self._waited[kind].append(_Waited(asked.due - self._began, (now - asked.due) * 1_000))
        self._answers[f"{what} {status}"] += 1
        if status == 200 and (asked.order >= 0 or not self._limit):
            # to parse every list of a day's orders, 11 MB, would keep all of them from asking
            self._learn(what, order, json.loads(body)["data"])

    def _next_order(self, number: int) -> tuple[str, str]:
        """Return what is asked, and of which order; each has one request at a time."""
        kind = ("place", "modify", "cancel")[number % 3]
        if not self._resting or kind == "place":
            return "place", ""
        return kind, self._resting.popleft()

    def _order(self, what: str, order: str, number: int) -> bytes:
        if what == "cancel":
            return self._request("DELETE", f"{_ORDERS}/{order}")
        if what == "modify":
            return self._request("PUT", f"{_ORDERS}/{order}", {"price": self._limit - number % 5})
        form = {"exchange": "NFO", "tradingsymbol": self._symbol, "transaction_type": "BUY",
                "quantity": LOT, "product": "NRML", "order_type": "LIMIT", "price": self._limit,
                "tag": "load"}  # fmt: skip
        return self._request("POST", _ORDERS, form)

    def _learn(self, what: str, order: str, data: Any) -> None:
        """Keep the orders that rest, and a limit far below the price."""
        if what == "place":
            self._resting.append(data["order_id"])
        elif what == "modify":
            self._resting.append(order)
        elif what == "/quote/ltp" and not self._limit:
            for found in data.values():
                self._limit = round(found["last_price"] * 0.98)

    def _request(self, method: str, path: str, form: dict[str, Any] | None = None) -> bytes:
        body = urlencode(form or {})
        kind = "Content-Type: application/x-www-form-urlencoded\r\n" if form else ""
        length = f"Content-Length: {len(body)}\r\n"
        return f"{method} {path} HTTP/1.1\r\n{self._head}{kind}{length}\r\n{body}".encode()

    def figures(self) -> dict[str, Any]:
        """Return how long answers took, milliseconds, and which they were."""
        waited = {kind: _spread(found) for kind, found in self._waited.items()}
        return {
            **waited, "answers": dict(self._answers), "not_sent": self._not_sent,
            "clients_cpu_s": round(time.process_time(), 1),
        }  # fmt: skip


def _spread(waited: list[_Waited]) -> dict[str, Any]:
    """Return how long answers took, of all and of each minute: what grows is seen there."""
    if not waited:
        return {"number": 0}
    found = np.array([each.ms for each in waited])
    minutes = np.array([int(each.due_s // MINUTE_S) for each in waited])
    p50, p99 = np.percentile(found, [50, 99])
    by_minute = [np.percentile(found[minutes == each], 99) for each in np.unique(minutes)]
    return {
        "number": len(waited), "p50_ms": round(float(p50), 1), "p99_ms": round(float(p99), 1),
        "slowest_ms": round(float(found.max()), 1),
        "p99_ms_by_minute": [round(float(each), 1) for each in by_minute],
    }  # fmt: skip


def main() -> None:
    """Use the API as the arguments say and print the figures."""
    url, credentials, seconds, symbol = sys.argv[1:]
    programs = Programs(url, json.loads(Path(credentials).read_text()), symbol)
    asyncio.run(programs.run(float(seconds)))
    print(json.dumps(programs.figures()))


if __name__ == "__main__":
    main()
