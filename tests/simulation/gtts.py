"""What the simulated account asks of GTTs, as the script of a strategy: lines at random times."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any, Final

from daemon.domain.dates import SECOND_NS
from daemon.domain.instrument import Instrument
from tests.simulation.market import SimMarket

FILE: Final = "gtts.jsonl"


def script_of(draw: random.Random, market: SimMarket, spans: Sequence[tuple[int, float]]) -> str:
    """Return requests for each life: `spans` are (start ns, seconds)."""
    prices = dict(zip(market.universe.symbols, market.prices, strict=True))
    lines: list[dict[str, Any]] = []
    for start, seconds in sorted(spans):
        times = sorted(draw.uniform(1, seconds) for _ in range(draw.choice((0, 3, 8, 15))))
        lines += (
            {"ts": start + round(at * SECOND_NS)} | _request(draw, market, prices) for at in times
        )
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def _request(draw: random.Random, market: SimMarket, prices: dict[str, int]) -> dict[str, Any]:
    """Return a line that places, modifies or deletes; now and then one that is refused."""
    kind = draw.random()
    if kind < 0.15:
        return {"do": "gtt", "gtt": draw.randint(1, 12)}
    contract = draw.choice(list(market.universe))
    if contract.is_index and draw.random() < 0.9:
        contract = market.universe[1]
    legs = _legs(draw, contract, prices[contract.tradingsymbol])
    line: dict[str, Any] = {
        "do": "gtt", "symbol": contract.tradingsymbol, "legs": legs,
        "last_price": prices[contract.tradingsymbol] / 100,
    }  # fmt: skip
    return line | ({"gtt": draw.randint(1, 12)} if kind < 0.3 else {})


def _legs(draw: random.Random, contract: Instrument, price: int) -> list[dict[str, Any]]:
    """Return one leg or two around a price, near enough to fire within a life."""
    step, lot = contract.tick_paise * max(1, price // 20_000), contract.lot_size
    legs = []
    for way in (-1, 1):
        trigger = max(contract.tick_paise, price + way * step * draw.choice((1, 2, 4, 10, 40)))
        limit = max(contract.tick_paise, trigger + step * draw.randint(-10, 10))
        legs.append(
            {
                "trigger": trigger / 100, "side": draw.choice(("BUY", "SELL")),
                "qty": lot * draw.choice((1, 1, 2, 5)) + draw.choice((0,) * 20 + (1,)),
                "price": limit / 100,
            }
        )  # fmt: skip
    return legs if draw.random() < 0.5 else [draw.choice(legs)]
