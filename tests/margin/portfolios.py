"""Portfolios for the tests of margins, written in rupees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from daemon.domain.dates import ist_ns, parse_ts
from daemon.domain.instrument import Instrument
from daemon.domain.margin_rates import MarginRates
from daemon.margin.portfolio import HALF_PAISE, Contract, Holding, Kind, Underlying
from daemon.rules import load_rulebook

RULES = load_rulebook()
CLOSE = dt.time(15, 30)


def half(rupees: float) -> int:
    exact = round(rupees * HALF_PAISE)
    assert abs(exact - rupees * HALF_PAISE) < 1e-6, rupees
    return exact


def rates_of(name: str, date: dt.date) -> MarginRates:
    return RULES.margin_rates(date, Instrument(instrument_token=1, tradingsymbol="X", name=name))


class Market:
    """One underlying at one time (`2026-05-29 15:30`, IST); contracts close at 15:30."""

    def __init__(self, now: str, *, spot: float = 0, forward: float = 0, name: str = "NIFTY"):
        self.now = parse_ts(now)
        self.today = now[:10]
        self.spot, self.forward, self.name = spot, forward, name
        self.rates = rates_of(name, dt.date.fromisoformat(self.today))

    def contract(self, kind: Kind, expiry: str, price: float, strike: float = 0) -> Contract:
        forward = self.forward or self.spot
        return Contract(
            symbol=f"{self.name}-{expiry}-{strike}-{kind}",
            kind=kind,
            price_half=half(price),
            forward_half=half(price if kind == "FUT" else forward),
            expiry=expiry,
            strike_paise=round(strike * 100),
            left_ns=ist_ns(dt.date.fromisoformat(expiry), CLOSE) - self.now,
        )

    def underlying(
        self, holdings: Sequence[Holding], rates: MarginRates | None = None
    ) -> Underlying:
        return Underlying(
            name=self.name,
            rates=rates or self.rates,
            today=self.today,
            spot_half=half(self.spot),
            holdings=tuple(holdings),
        )
