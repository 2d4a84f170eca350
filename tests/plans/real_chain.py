"""An hour of NIFTY's June 2023 chain, where the recordings are: four timestamps a minute.

The bars have no index, so it is the synthetic price of the strike whose call and put are nearest.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tests.kit.golden import data_directory
from tests.oracle.plan_scenario import (
    SECOND,
    Contract,
    Input,
    Plan,
    Scenario,
    Session,
    Setup,
    moment,
    paise,
)

DAY: Final = dt.date(2023, 6, 5)
EXPIRY: Final = dt.date(2023, 6, 29)
LOT: Final = 50
_INDEX: Final = Contract("NIFTY 50", "NIFTY", "INDEX")
_STEPS: Final = {"open": 0, "first": 20, "second": 40, "close": 59}
"""Seconds into a bar: its open, the extremes, its close."""


class Bar(NamedTuple):
    """Four prices of a contract's minute, paise, in the order in which they are taken."""

    ts: int
    symbol: str
    prices: tuple[int, int, int, int]


def chain_file() -> Path | None:
    """Return the file of bars, None where it is not."""
    found = data_directory()
    file = None if found is None else found / "nifty-option-chain-1min-2023-06-05/chain.csv.gz"
    return file if file is not None and file.is_file() else None


needs_chain: Final = pytest.mark.skipif(
    chain_file() is None,
    reason="the real option chain is not here; FNO_DATA may name the directory of recordings",
)


def real_scenario(plans: Sequence[Plan]) -> Scenario:
    """Return plans on the real chain, which opens at 09:15 and ends at 10:16."""
    file = chain_file()
    assert file is not None
    bars = list(_bars(file))
    contracts = {bar.symbol: _contract(bar.symbol) for bar in bars}
    rows = sorted(_rows(bars, contracts), key=lambda row: row[0])
    inputs = [
        Input(ts, number, "tick", symbol=symbol, ltp_paise=price)
        for number, (ts, symbol, price) in enumerate(rows, 1)
    ]
    end = Input(inputs[-1].ts, len(inputs) + 1, "end")
    setup = Setup(
        plans=plans,
        contracts=[_INDEX, *(contracts[symbol] for symbol in sorted(contracts))],
        sessions=[Session(DAY, moment(DAY, "09:15"), moment(DAY, "15:30"), moment(DAY, "15:20"))],
        quote_max_age_s=120,
        stale_after_s=60,
    )
    return Scenario(setup, (*inputs, end))


def _bars(file: Path) -> Iterator[Bar]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            start = dt.datetime.fromisoformat(row["date"])
            first, high, low, last = (
                int(paise(row[name])) for name in ("open", "high", "low", "close")
            )
            between = (low, high) if last >= first else (high, low)
            ts = int(start.timestamp()) * SECOND
            yield Bar(ts, row["tradingsymbol"], (first, *between, last))


def _contract(symbol: str) -> Contract:
    return Contract(
        symbol=symbol,
        underlying="NIFTY",
        kind="CE" if symbol.endswith("CE") else "PE",
        strike_paise=int(symbol[10:-2]) * 100,
        expiry=EXPIRY,
        lot=LOT,
        closes=moment(EXPIRY, "15:30"),
    )


def _rows(bars: Sequence[Bar], contracts: dict[str, Contract]) -> Iterator[tuple[int, str, int]]:
    """Yield (ts, symbol, price): the chain of a timestamp, then the index that it makes."""
    minutes: dict[int, list[Bar]] = {}
    for bar in bars:
        minutes.setdefault(bar.ts, []).append(bar)
    for start, found in sorted(minutes.items()):
        for place, second in enumerate(_STEPS.values()):
            ts = start + second * SECOND
            prices = {bar.symbol: bar.prices[place] for bar in found}
            yield from ((ts, symbol, price) for symbol, price in prices.items())
            yield ts, _INDEX.symbol, _parity(prices, contracts)


def _parity(prices: dict[str, int], contracts: dict[str, Contract]) -> int:
    """Return K + CE - PE of the strike where they differ least, paise."""
    pairs: list[tuple[int, int]] = []
    for symbol, call in prices.items():
        put = prices.get(f"{symbol[:-2]}PE")
        if symbol.endswith("CE") and put is not None:
            pairs.append((contracts[symbol].strike_paise, call - put))
    strike, gap = min(pairs, key=lambda pair: (abs(pair[1]), pair[0]))
    return strike + gap


def monthly(plan: dict[str, Any]) -> dict[str, Any]:
    """Return a plan whose weekly legs are those of the month, the only expiry of the chain."""
    legs = [
        leg | ({"expiry": "monthly"} if leg["expiry"] == "weekly" else {}) for leg in plan["legs"]
    ]
    return plan | {"legs": legs}
