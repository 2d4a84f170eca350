"""A short way to write an exchange's day: prices in rupees, times in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.domain.exchange_order import ExchangeOrder
from daemon.domain.money import paise_exact
from tests.exchange.driver import MS, Driver

SYMBOL = "NIFTY25D1626000CE"
ASKS = ((100.00, 130), (100.05, 195), (100.10, 260), (100.20, 325), (100.50, 650))
BIDS = ((99.95, 65), (99.90, 195), (99.85, 260), (99.80, 325), (99.70, 650))
DAY_MS = 22_500_000
Price = float
Side = Sequence[tuple[Price, int]]


def instrument(**changed: Any) -> dict[str, Any]:
    """Return the option of the contract's worked examples."""
    row = {
        "symbol": SYMBOL, "lot": 65, "step_paise": 5, "kind": "option", "opens": 0,
        "closes": DAY_MS * MS, "freeze": None, "band": None,
    }  # fmt: skip
    return row | changed


class Desk:
    """One exchange with its clock in milliseconds; the first instrument unless another is named."""

    def __init__(self, *instruments: dict[str, Any], date: str = "", **execution: Any) -> None:
        rows = list(instruments) or [instrument()]
        self.driver = Driver({"instruments": rows, "execution": execution, "date": date})
        self.exchange = self.driver.exchange
        self.ms = 0
        self.volume = 0

    def tick(
        self,
        ltp: Price = 100.00,
        *,
        growth: int | None = 0,
        ltq: int | None = None,
        bids: Side | None = BIDS,
        asks: Side | None = ASKS,
        after_ms: int = 100,
        at: int = 0,
        **more: Any,
    ) -> list[dict[str, Any]]:
        """Show a tick; `growth` None is a tick without volume. Return its events."""
        self.ms += after_ms
        if growth is not None:
            self.volume += growth
        symbol = list(self.driver.symbols)[at]
        row = {
            "symbol": symbol, "ltp": paise_exact(ltp), "ltq": ltq,
            "volume": None if growth is None else self.volume,
            "bids": _side(bids), "asks": _side(asks), **more,
        }  # fmt: skip
        return self._take({"tick": row})

    def first(self, ltp: Price = 100.00, **more: Any) -> None:
        """Show the first row of the day, which has no growth; something was traded before."""
        self.volume = 1_000
        self.tick(ltp, **more)

    def clock(self, after_ms: int = 100) -> list[dict[str, Any]]:
        """Let time pass."""
        self.ms += after_ms
        return self._take({"clock": {}})

    def gap(self) -> list[dict[str, Any]]:
        """Report that data was missed."""
        return self._take({"gap": {}})

    def new(self, label: str, side: str, quantity: int, **terms: Any) -> list[dict[str, Any]]:
        """Send an order; prices in rupees."""
        symbol = terms.pop("symbol", SYMBOL)
        row = {"new": label, "side": side, "quantity": quantity, "symbol": symbol, **terms}
        return self._send(row)

    def limit(self, label: str, side: str, quantity: int, price: Price, **terms: Any) -> Any:
        """Send a LIMIT."""
        return self.new(label, side, quantity, order_type="LIMIT", price=price, **terms)

    def stop(
        self, label: str, side: str, quantity: int, trigger: Price, price: Price, **terms: Any
    ) -> Any:
        """Send an SL."""
        return self.new(
            label, side, quantity, order_type="SL", trigger=trigger, price=price, **terms
        )

    def modify(self, label: str, **change: Any) -> list[dict[str, Any]]:
        """Send a modification; prices in rupees."""
        return self._send({"modify": label, **change})

    def cancel(self, label: str, reason: str = "user") -> list[dict[str, Any]]:
        """Send a cancel."""
        return self._send({"cancel": label, "reason": reason})

    def order(self, label: str) -> ExchangeOrder:
        """Return an order as it stands."""
        return self.exchange.orders[label]

    def fills(self, label: str | None = None) -> list[tuple[int, float]]:
        """Return (quantity, price in rupees) of what an order filled so far."""
        return [
            (event["quantity"], event["price"] / 100)
            for event in self.driver.events
            if event["event"] == "filled" and label in (None, event["order"])
        ]

    def status(self, label: str) -> str:
        """Return the state of an order."""
        return self.order(label).state.value

    def ahead(self, label: str) -> int | None:
        """Return the units ahead of an order."""
        return self.exchange.floor.resting[0].ahead_of(self.order(label))

    def _take(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        before = len(self.driver.events)
        self.driver.take({"ts": self.ms * MS, **row})
        return self.driver.events[before:]

    def _send(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        for name in ("price", "trigger"):
            if row.get(name) is not None:
                row[name] = paise_exact(row[name])
        before = len(self.driver.events)
        self.driver.send(row)
        return self.driver.events[before:]


def _side(levels: Side | None) -> list[tuple[int, int]] | None:
    return None if levels is None else [(paise_exact(price), size) for price, size in levels]


def told(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return (event, reason) of events, in order."""
    return [(event["event"], event["reason"]) for event in events]
