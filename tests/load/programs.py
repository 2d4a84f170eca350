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
from typing import Any, Final

import httpx
import numpy as np

A_SECOND: Final = 100
EACH_ORDER: Final = 10
"""One of so many requests is an order, a change of one, or a cancel, in turns."""
OPEN_MAX: Final = 200
"""Requests that wait at one time; one more is not sent, and is counted."""
WITHIN_S: Final = 30.0
LOT: Final = 65
READS: Final = (
    "/quote", "/quote/ltp", "/portfolio/positions", "/quote", "/quote/ohlc", "/orders",
    "/quote/ltp", "/quote", "/user/margins",
)  # fmt: skip
_MARKET_DATA: Final = "/quote"


class Programs:
    """All of them, as one client with many connections."""

    def __init__(self, client: httpx.AsyncClient, symbol: str) -> None:
        self._client = client
        self._symbol = symbol
        self._price = 0.0
        self._resting: deque[str] = deque()
        self._open: set[asyncio.Task[None]] = set()
        self._waited: dict[str, list[float]] = {"reads": [], "orders": []}
        self._answers: Counter[str] = Counter()
        self._not_sent = 0

    async def run(self, seconds: float) -> None:
        """Ask for `seconds`, and wait for the last answers."""
        await self._find_price()
        began = time.perf_counter()
        for number in range(round(seconds * A_SECOND)):
            due = began + number / A_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if len(self._open) >= OPEN_MAX:
                self._not_sent += 1
                continue
            place, rest = divmod(number, EACH_ORDER)
            asked = self._order(place, due) if rest == 0 else self._read(number - place - 1, due)
            task = asyncio.create_task(asked)
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        if self._open:
            await asyncio.wait(set(self._open))

    async def _find_price(self) -> None:
        name = f"NFO:{self._symbol}"
        async with asyncio.timeout(WITHIN_S):
            while not self._price:
                answer = await self._client.get("/quote/ltp", params={"i": name})
                found = answer.raise_for_status().json()["data"]
                self._price = float(found[name]["last_price"]) if name in found else 0.0
                await asyncio.sleep(0.1)

    async def _read(self, number: int, due: float) -> None:
        path = READS[number % len(READS)]
        asked = {"i": f"NFO:{self._symbol}"} if path.startswith(_MARKET_DATA) else None
        await self._ask("reads", due, "GET", path, path, params=asked)

    async def _order(self, number: int, due: float) -> None:
        """Place a LIMIT that rests far from the price, change one, or cancel one."""
        kind = number % 3 if self._resting else 0
        limit = round(self._price * 0.98)
        if kind == 0:
            form = {"exchange": "NFO", "tradingsymbol": self._symbol, "transaction_type": "BUY",
                    "quantity": LOT, "product": "NRML", "order_type": "LIMIT", "price": limit,
                    "tag": "load"}  # fmt: skip
            path = "/orders/regular"
            found = await self._ask("orders", due, "POST", path, "place", data=form)
            if found is not None:
                self._resting.append(found["order_id"])
            return
        order = self._resting.popleft()
        method, what = ("PUT", "modify") if kind == 1 else ("DELETE", "cancel")
        data = {"price": limit - 1 - number % 5} if kind == 1 else None
        await self._ask("orders", due, method, f"/orders/regular/{order}", what, data=data)
        if kind == 1:
            self._resting.append(order)

    async def _ask(
        self, kind: str, due: float, method: str, path: str, what: str, **more: Any
    ) -> Any:
        """Return the data of the answer, None unless it is 200."""
        try:
            answer = await self._client.request(method, path, **more)
        except httpx.TransportError as error:
            self._answers[f"{what} {type(error).__name__}"] += 1
            return None
        self._waited[kind].append((time.perf_counter() - due) * 1_000)
        self._answers[f"{what} {answer.status_code}"] += 1
        return answer.json()["data"] if answer.status_code == 200 else None

    def figures(self) -> dict[str, Any]:
        """Return how long answers took, milliseconds, and which they were."""
        waited = {kind: _spread(found) for kind, found in self._waited.items()}
        return {**waited, "answers": dict(self._answers), "not_sent": self._not_sent}


def _spread(waited: list[float]) -> dict[str, float]:
    if not waited:
        return {"number": 0}
    p50, p99 = np.percentile(waited, [50, 99])
    return {
        "number": len(waited), "p50_ms": round(float(p50), 1), "p99_ms": round(float(p99), 1),
        "slowest_ms": round(max(waited), 1),
    }  # fmt: skip


async def _use(url: str, keys: dict[str, str], seconds: float, symbol: str) -> dict[str, Any]:
    program = {"authorization": f"token {keys['api_key']}:{keys['access_token']}"}
    limits = httpx.Limits(max_connections=OPEN_MAX // 2)
    async with httpx.AsyncClient(
        base_url=url, headers=program, timeout=WITHIN_S, limits=limits
    ) as client:
        programs = Programs(client, symbol)
        await programs.run(seconds)
    return programs.figures()


def main() -> None:
    """Use the API as the arguments say and print the figures."""
    url, credentials, seconds, symbol = sys.argv[1:]
    keys = json.loads(Path(credentials).read_text())
    print(json.dumps(asyncio.run(_use(url, keys, float(seconds), symbol))))


if __name__ == "__main__":
    main()
