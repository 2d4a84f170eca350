"""A short hand for plans written by hand: NIFTY, lot 65, strikes 50 apart, step 0.05."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

from tests.oracle.plan_engine import Oracle
from tests.oracle.plan_scenario import (
    SECOND,
    Contract,
    Input,
    Plan,
    Row,
    Scenario,
    Session,
    Setup,
    moment,
    paise,
)

DAY = dt.date(2026, 11, 30)
WEEKLY = dt.date(2026, 12, 1)
NEXT_WEEKLY = dt.date(2026, 12, 8)
MONTHLY = dt.date(2026, 12, 29)


def name(strike: int, kind: str, expiry: dt.date = WEEKLY) -> str:
    """Return the symbol of an option, its weekly's without a date."""
    return f"{strike}{kind}" + ("" if expiry == WEEKLY else f"@{expiry:%d%b}")


def chain(
    strikes: range = range(23_500, 24_550, 50),
    expiries: tuple[dt.date, ...] = (WEEKLY, NEXT_WEEKLY, MONTHLY),
    lot: int = 65,
) -> list[Contract]:
    found = [Contract("NIFTY", "NIFTY", "INDEX")]
    closes = moment(MONTHLY, "15:30")
    found.append(Contract("FUT", "NIFTY", "FUT", expiry=MONTHLY, lot=lot, closes=closes))
    for expiry in expiries:
        for strike in strikes:
            for kind in ("CE", "PE"):
                option = Contract(
                    symbol=name(strike, kind, expiry),
                    underlying="NIFTY",
                    kind=kind,
                    strike_paise=strike * 100,
                    expiry=expiry,
                    lot=lot,
                    closes=moment(expiry, "15:30"),
                )
                found.append(option)
    return found


def session(day: dt.date = DAY, square_off: str | None = "15:20") -> Session:
    off = None if square_off is None else moment(day, square_off)
    return Session(day, moment(day, "09:15"), moment(day, "15:30"), off)


def leg(id_: str, side: str, type_: str, **more: Any) -> dict[str, Any]:
    given = {"id": id_, "side": side, "type": type_, "expiry": "weekly", "strike": "ATM"}
    return given | {"lots": 1} | more


def plan(*legs: dict[str, Any], **more: Any) -> dict[str, Any]:
    entry = {"at": "09:20:00"} | more.pop("entry", {})
    given = {"id": "p", "underlying": "NIFTY", "entry": entry, "exit": {"at": "15:15:00"}}
    return given | {"legs": list(legs)} | more


def straddle(stop: Any = None, **more: Any) -> dict[str, Any]:
    """Return worked example 4: short 24000 CE and PE, 25 %."""
    stop = {"percent": 25} if stop is None else stop
    extra = more.pop("leg", {})
    legs = [leg("ce", "sell", "CE", stop=stop, **extra), leg("pe", "sell", "PE", stop=stop)]
    return plan(*legs, **more)


class Script:
    """Inputs in order; each method returns the script."""

    def __init__(self, *plans: Plan, day: dt.date = DAY, **setup: Any) -> None:
        given: dict[str, Any] = {"contracts": chain(), "sessions": [session(day)]}
        # what a test writes may not change by what the oracle does with it
        self.setup = Setup(plans=copy.deepcopy(list(plans)), **(given | setup))
        self.day = day
        self.ts = moment(day, "09:15")
        self.inputs: list[Input] = []

    def at(self, clock: str, day: dt.date | None = None) -> Script:
        self.day = day or self.day
        self.ts = moment(self.day, clock)
        return self

    def put(self, what: Any, **fields: Any) -> Script:
        self.inputs.append(Input(self.ts, len(self.inputs) + 1, what, **fields))
        return self

    def clock(self) -> Script:
        return self.put("clock")

    def ticks(self, **prices: float) -> Script:
        return self.rows(prices)

    def rows(self, prices: dict[str, float]) -> Script:
        """Ticks of one timestamp; then a second goes by."""
        for symbol, price in prices.items():
            self.put("tick", symbol=symbol, ltp_paise=int(paise(price)))
        self.ts += SECOND
        return self

    def run(self) -> list[Row]:
        self.inputs.append(Input(self.ts, len(self.inputs) + 1, "end"))
        oracle = Oracle(self.setup)
        for item in self.inputs:
            oracle.deliver(item)
        self.inputs.pop()
        return oracle.rows

    @property
    def scenario(self) -> Scenario:
        return Scenario(self.setup, tuple(self.inputs))


def trades(rows: list[Row]) -> list[tuple[Any, ...]]:
    """(what, leg, attempt, reason, rupees) of entries and exits."""
    return [
        (row["what"], row["leg"], row["attempt"], row["reason"], row["price_paise"] / 100)
        for row in rows
        if row["what"] in ("entry", "exit") and row["price_paise"] is not None
    ]


def moves(rows: list[Row]) -> list[tuple[str, str]]:
    """(state, reason) of each move of a round to another state."""
    return [
        (row["to"], row["reason"])
        for row in rows
        if row["what"] == "round" and row["from"] != row["to"]
    ]


def notes(rows: list[Row]) -> list[tuple[str, str]]:
    """(reason, leg) of what is said of a round."""
    return [
        (row["reason"], row["leg"])
        for row in rows
        if row["what"] == "round" and row["from"] == row["to"]
    ]


def pnl(rows: list[Row], leg: str | None = None) -> float:
    """Return rupees realized."""
    exits = [row for row in rows if row["what"] == "exit" and leg in (None, row["leg"])]
    return float(sum(row["numbers"]["pnl"] for row in exits)) / 100


def levels(rows: list[Row], leg: str) -> list[float | None]:
    """Return the stops of a leg in rupees: at its entries, then where they moved."""
    found = [row for row in rows if row["leg"] == leg and "stop" in row["numbers"]]
    return [
        None if row["numbers"]["stop"] is None else row["numbers"]["stop"] / 100 for row in found
    ]
