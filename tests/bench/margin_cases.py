"""The margin of a portfolio, as the gate and a passed minute compute it."""

from __future__ import annotations

import time
from typing import Any

from daemon.margin.portfolio import Holding, Kind, Underlying
from daemon.margin.scenario_margin import margins
from tests.margin.portfolios import Market

ROUNDS = 60


def portfolio(positions: int) -> list[Underlying]:
    """Return options and futures of two underlyings, half of them with entries that work."""
    found = []
    for name, share in (("NIFTY", (positions + 1) // 2), ("BANKNIFTY", positions // 2)):
        market = Market("2026-11-18 11:00", spot=24_000, name=name)
        holdings = []
        for number in range(share):
            expiry = ("2026-11-23", "2026-12-29")[number % 2]
            if number % 25 == 24:
                contract = market.contract("FUT", expiry, 24_010 + number)
            else:
                is_call, strike = number % 4 < 2, 23_000 + 100 * (number // 4)
                inner = max(0, (24_000 - strike) * (1 if is_call else -1))
                kind: Kind = "CE" if is_call else "PE"
                contract = market.contract(kind, expiry, inner + 40 + 3 * (number % 20), strike)
            holdings.append(
                Holding(
                    contract=contract,
                    held=65 * (number % 5 - 2),
                    buys=65 * (number % 2),
                    sells=65 * (number % 3),
                )
            )
        found.append(market.underlying(holdings))
    return found


def margin(positions: int) -> dict[str, Any]:
    """Compute the margin again and again; processor time of one."""
    underlyings = portfolio(positions)
    margins(underlyings)
    start = time.process_time()
    for _ in range(ROUNDS):
        margins(underlyings)
    return {"seconds": (time.process_time() - start) / ROUNDS}
