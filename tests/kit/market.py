"""A small market for tests that tell a story: rupees in, one tick a second, events out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_ns
from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.inputs import Clock, Command
from daemon.domain.instrument import Instrument, InstrumentType, Universe
from daemon.domain.intent import Level, OrderIntent, Signal
from daemon.domain.ledger import Ledger
from daemon.domain.money import paise_exact
from daemon.domain.order import ExitRules, Order
from daemon.domain.position import Position
from daemon.domain.ticks import ABSENT, Ticks
from daemon.execution.context import Strategies
from daemon.execution.engine import ExecutionEngineV3
from daemon.market.book import Quote
from daemon.settings.config import ExecutionConfig, RiskConfig
from tests.kit.drive import FixedRules

DATE = dt.date(2026, 11, 18)
OPEN = ist_ns(DATE, dt.time(9, 15))
CLOSE = ist_ns(DATE, dt.time(15, 30))
CALL, PUT = "NIFTY26NOV25000CE", "NIFTY26NOV25000PE"


class Market:
    """Two options of lot 25 and tick 0.05; fills at ltp without slippage if not told otherwise."""

    def __init__(
        self,
        *,
        risk: RiskConfig | None = None,
        ledger: Ledger | None = None,
        strategies: Strategies | None = None,
        build_v3: Callable[..., ExecutionEngineV3] = ExecutionEngineV3,
        lot: int = 25,
        instrument_type: InstrumentType = "FUT",
        **config: Any,
    ) -> None:
        defaults: dict[str, Any] = {"fill_mode": "ltp", "slippage_bps": 0}
        self.engine = PaperEngine(
            ExecutionConfig(**(defaults | config)),
            universe=Universe(
                Instrument(
                    instrument_token=at,
                    tradingsymbol=symbol,
                    lot_size=lot,
                    instrument_type=instrument_type,
                )
                for at, symbol in enumerate((CALL, PUT), 1)
            ),
            rules=FixedRules({(DATE, "NFO-OPT"): (OPEN, CLOSE)}),
            risk=risk,
            ledger=ledger,
            strategies=strategies,
            build_v3=build_v3,
        )
        self.now = OPEN
        self.events: list[TradingEvent] = []

    def tick(
        self,
        ltp: float,
        *,
        bid: float | None = None,
        ask: float | None = None,
        symbol: str = CALL,
        after_s: float = 1,
    ) -> list[TradingEvent]:
        """One tick `after_s` later; returns what was decided at it."""
        self.now += round(after_s * SECOND_NS)
        index = self.engine.universe.index_of(symbol)
        block = Ticks(
            ts=np.array([self.now], dtype=np.int64),
            instrument=np.array([-1 if index is None else index], dtype=np.int32),
            ltp=np.array([paise_exact(ltp)], dtype=np.int64),
            bid=np.array([ABSENT if bid is None else paise_exact(bid)], dtype=np.int64),
            ask=np.array([ABSENT if ask is None else paise_exact(ask)], dtype=np.int64),
        )
        return self._keep(self.engine.handle(block))

    def clock(self, after_s: float) -> list[TradingEvent]:
        """Time passes without a tick."""
        self.now += round(after_s * SECOND_NS)
        return self._keep(self.engine.handle(Clock(self.now)))

    def minutes(self, count: int) -> list[TradingEvent]:
        """So many minutes pass without a tick."""
        return self.clock(count * MINUTE_NS / SECOND_NS)

    def command(self, command: Any, target: str = "") -> list[TradingEvent]:
        """A person says something."""
        return self._keep(self.engine.handle(Command(ts=self.now, command=command, target=target)))

    def signal(
        self,
        signal: str,
        qty: int = 0,
        sl: Level | None = None,
        tp: Level | None = None,
        *,
        symbol: str = CALL,
        **fields: Any,
    ) -> list[TradingEvent]:
        """An intent at the present time."""
        intent = OrderIntent(
            symbol=symbol,
            signal=Signal(signal),
            qty=qty,
            sl_price=sl,
            tp_price=tp,
            **({"strategy_id": "story"} | fields),
        )
        return self._keep(self.engine.process_signal(intent))

    def _keep(self, events: list[TradingEvent]) -> list[TradingEvent]:
        self.events += events
        return events

    # what can be asked

    @property
    def position(self) -> Position:
        """The one open position."""
        (found,) = self.engine.ledger.open_positions()
        return found

    @property
    def realized(self) -> float:
        """Gross realized profit in rupees."""
        return self.engine.ledger.realized_paise / 100

    @property
    def stop(self) -> float | None:
        """The stop of the one open position in rupees."""
        stop = self.position.stop_paise
        return None if stop is None else stop / 100

    def moves(self) -> list[tuple[str, str]]:
        """(state, reason) of every transition so far."""
        return [
            (str(each.to_state), each.reason)
            for each in self.events
            if isinstance(each, OrderMoved)
        ]


def quote(ltp: float, bid: float = 0, ask: float = 0) -> Quote:
    """A quote in rupees; a side that is 0 is absent."""
    sides = (paise_exact(ltp), paise_exact(bid), paise_exact(ask))
    return Quote(OPEN, *sides, input_no=1, walked=False, after_gap=False)


def an_order(**fields: Any) -> Order:
    """A CREATED order to buy two lots of 25."""
    defaults: dict[str, Any] = {
        "order_id": "V3-20261118-000001",
        "number": 1,
        "tradingsymbol": CALL,
        "transaction_type": "BUY",
        "quantity": 50,
        "lot_size": 25,
    }
    return Order(**(defaults | fields))


def a_position(
    side: str = "BUY",
    *,
    entry: float = 100,
    stop: float | None = 95,
    target: float | None = 112,
    qty: int = 50,
    lot: int = 25,
    **fields: Any,
) -> Position:
    """An open position, rupees; partial exits of half and a ladder of 0.5 R."""
    price = paise_exact(entry)
    stop_paise = None if stop is None else paise_exact(stop)
    rules = ExitRules(enable_partial_exit=True, enable_trailing=True, time_stop_bars=20)
    defaults: dict[str, Any] = {
        "order_id": "V3-20261118-000001",
        "number": 1,
        "tradingsymbol": CALL,
        "strategy_id": "story",
        "timeframe": "1m",
        "product": "MIS",
        "sign": 1 if side == "BUY" else -1,
        "lot_size": lot,
        "tick_paise": 5,
        "exits": rules,
        "opened_quantity": qty,
        "quantity": qty,
        "entry_paise": price,
        "entry_ts": OPEN,
        "entry_input_no": 1,
        "cost_paise": price * qty,
        "entry_bid_ask_paise": price,
        "initial_stop_paise": stop_paise,
        "stop_paise": stop_paise,
        "target_paise": None if target is None else paise_exact(target),
        "anchor_paise": price,
    }
    return Position(**(defaults | fields))
