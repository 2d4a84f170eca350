"""A day of a few contracts for strategies that hear of their trades: rupees in, events out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.carry_over import CarryOver
from daemon.domain.dates import ist_ns
from daemon.domain.events import OrderMoved, TradingEvent, encode_event
from daemon.domain.inputs import Clock, Input
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ledger import Ledger
from daemon.domain.money import paise_exact
from daemon.domain.ticks import ABSENT, Ticks
from daemon.execution.margin_desk import MarginTerms
from daemon.settings.config import ExecutionConfig, RiskConfig, StrategiesConfig, StrategyConfig
from strategies.engine import StrategyEngineV2
from tests.kit.drive import FixedRules

DATE = dt.date(2026, 11, 24)  # a Tuesday, on which the weekly contracts expire
OPEN, CLOSE = ist_ns(DATE, dt.time(9, 15)), ist_ns(DATE, dt.time(15, 30))
SPOT, FUT = "NIFTY 50", "NIFTY26NOVFUT"
STRIKES = (24_900, 24_950, 25_000, 25_050, 25_100)
EXPIRY, NEXT_EXPIRY = "2026-12-01", "2026-12-08"


def option(strike: int, kind: str, expiry: str = EXPIRY) -> str:
    """The symbol of an option."""
    return f"NIFTY{expiry.replace('-', '')[2:]}{strike}{kind}"


CE_25000, PE_25000 = option(25_000, "CE"), option(25_000, "PE")


def universe() -> Universe:
    """The index, a future, and two expiries of calls and puts of lot 65."""
    rows: list[Instrument] = [
        Instrument(
            instrument_token=1, tradingsymbol=SPOT, name="NIFTY", exchange="NSE",
            instrument_type="INDEX", lot_size=1,
        ),
        Instrument(
            instrument_token=2, tradingsymbol=FUT, name="NIFTY", instrument_type="FUT",
            expiry="2026-12-29", lot_size=65,
        ),
    ]  # fmt: skip
    for expiry in (EXPIRY, NEXT_EXPIRY):
        for strike in STRIKES:
            for kind in ("CE", "PE"):
                rows.append(
                    Instrument(
                        instrument_token=len(rows) + 1,
                        tradingsymbol=option(strike, kind, expiry),
                        name="NIFTY", instrument_type="CE" if kind == "CE" else "PE",
                        expiry=expiry, strike_paise=strike * 100, lot_size=65,
                    )
                )  # fmt: skip
    return Universe(rows)


class Row(NamedTuple):
    """A tick: a time such as "09:16:00", a symbol and prices in rupees."""

    at: str
    symbol: str
    ltp: float
    bid: float | None = None
    ask: float | None = None


def at(time: str) -> int:
    """A time of the day in UTC ns."""
    return ist_ns(DATE, dt.time.fromisoformat(time))


def block(rows: Sequence[Row]) -> Ticks:
    """Rows as one block."""
    names = universe()
    return Ticks(
        ts=np.array([at(row.at) for row in rows], dtype=np.int64),
        instrument=np.array([names.index_of(row.symbol) for row in rows], dtype=np.int32),
        ltp=np.array([paise_exact(row.ltp) for row in rows], dtype=np.int64),
        bid=np.array([_paise(row.bid) for row in rows], dtype=np.int64),
        ask=np.array([_paise(row.ask) for row in rows], dtype=np.int64),
    )


def _paise(price: float | None) -> int:
    return ABSENT if price is None else paise_exact(price)


class Life:
    """One engine with strategies, and all that it decided."""

    def __init__(
        self,
        *items: StrategyConfig,
        ledger: Ledger | None = None,
        carry: CarryOver | None = None,
        first_input_no: int = 0,
        risk: RiskConfig | None = None,
        margin: MarginTerms | None = None,
        errors: int = 3,
        **config: Any,
    ) -> None:
        defaults: dict[str, Any] = {
            "fill_mode": "ltp", "slippage_bps": 0, "charges": False, "enable_partial_exit": False,
            "enable_trailing": False, "enable_time_stop": False, "quote_max_age_s": 3600,
            "stale_after_s": 3600,
        }  # fmt: skip
        self.runs = StrategyEngineV2(
            StrategiesConfig(items=list(items), max_strategy_errors=errors), universe()
        )
        session = (OPEN, CLOSE)
        dates = [DATE, dt.date(2026, 12, 1), dt.date(2026, 12, 8), dt.date(2026, 12, 29)]
        spans = {
            (date, segment): (
                ist_ns(date, dt.time(9, 15)), ist_ns(date, dt.time(15, 30)),
            ) if date != DATE else session
            for date in dates
            for segment in ("NFO-OPT", "NFO-FUT", "INDICES")
        }  # fmt: skip
        self.engine = PaperEngine(
            ExecutionConfig(**(defaults | config)),
            universe=universe(),
            rules=FixedRules(spans),
            risk=risk,
            ledger=ledger,
            carry=carry,
            strategies=self.runs,
            first_input_no=first_input_no,
            margin=margin,
        )
        self.events: list[TradingEvent] = []

    def take(self, item: Input) -> list[TradingEvent]:
        """Take one input."""
        events = self.engine.handle(item)
        self.events += events
        return events

    def rows(self, *rows: Row, size: int = 1) -> list[TradingEvent]:
        """Take rows in blocks of a size."""
        found: list[TradingEvent] = []
        for start in range(0, len(rows), size):
            found += self.take(block(rows[start : start + size]))
        return found

    def clock(self, time: str) -> list[TradingEvent]:
        """Time passes."""
        return self.take(Clock(at(time)))

    def moves(self, since: int = 0) -> list[tuple[str, str]]:
        """(state, reason) of every move of a trade."""
        moves = [event for event in self.events[since:] if isinstance(event, OrderMoved)]
        return [(str(event.to_state), event.reason) for event in moves]

    def bytes(self) -> bytes:
        """All events as they would be journaled."""
        return lines(self.events)


def lines(events: Iterable[TradingEvent]) -> bytes:
    """Events as they would be journaled."""
    return b"\n".join(map(encode_event, events))
