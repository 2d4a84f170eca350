"""Trades at the exchange: blocks by columns give the events of the row path, and of any cut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clockwork import rows as row_path
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import SECOND_NS, ist_ns
from daemon.domain.events import ExchangeOrderMoved, TradingEvent
from daemon.domain.exchange_order import OrderTerms
from daemon.domain.inputs import TimedIntent
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.tick_view import TickView
from daemon.domain.ticks import Ticks
from daemon.execution import entry_orders
from daemon.execution.context import NoStrategies
from daemon.settings.config import ExecutionConfig, RiskConfig
from strategies.views import Desk
from tests.exchange.driver import MS
from tests.exchange.random_market import LOT, MIDDLE, ROWS, STEP, RandomMarket
from tests.kit.drive import FixedRules
from tests.kit.tiers import examples, seeds

pytestmark = pytest.mark.random

NEVER_FAST = 10**9
DATE = dt.date(2025, 12, 15)
OPEN = ist_ns(DATE, dt.time(9, 15))
CLOSE = OPEN + ROWS * 100 * MS + 5 * SECOND_NS
SYMBOLS = ("AAA25DECFUT", "BBB25DECFUT")


class Orders(NoStrategies):
    """Sends orders at known times, and at the ticks that it watches, by price and time alone."""

    def __init__(self, seed: int, watched: frozenset[int]) -> None:
        random = np.random.default_rng(seed)
        super().__init__(
            [
                TimedIntent(
                    ts=OPEN + int(random.integers(0, ROWS * 100)) * MS,
                    intent=_intent(*random.integers(0, 10**6, 3).tolist()),
                )
                for _ in range(int(random.integers(2, 30)))
            ]
        )
        self.timed_intents.sort(key=lambda timed: timed.ts)
        self.tick_instruments = watched

    def on_tick(self, tick: TickView, desk: Desk, /) -> list[OrderIntent]:
        draw = hash((tick.ts // 1000, round(tick.ltp * 100)))
        return [_intent(draw, draw // 7, draw // 5)] if draw % 31 == 0 else []


def _intent(at: int, side: int, price: int) -> OrderIntent:
    """An intent; its tag is the price of a LIMIT, none for a MARKET."""
    is_buy = side % 2 == 0
    limit = (MIDDLE + price % 17 - 8) * STEP
    return OrderIntent(
        symbol=SYMBOLS[at % 2],
        signal=Signal.EXIT if side % 9 == 0 else Signal.BUY if is_buy else Signal.SELL,
        qty=LOT * (1 + price % 5),
        sl_price=90.0 if is_buy else 110.0,
        tp_price=100.4 if is_buy else 99.6,
        strategy_id="s",
        tag=str(limit) if price % 4 else "",
        product="NRML",
    )


def _terms(**terms: Any) -> OrderTerms:
    if terms.get("tag"):
        terms |= {"kind": "LIMIT", "price_paise": int(terms["tag"])}
    return OrderTerms(**terms)


def blocks_of(seed: int, size: int) -> list[Ticks]:
    """Two instruments, row by row in turns."""
    each = [RandomMarket(2 * seed + at, depth=True, volume=True).block for at in (0, 1)]
    order = np.arange(2 * ROWS) // 2 + ROWS * (np.arange(2 * ROWS) % 2)
    both = Ticks(
        ts=OPEN + np.concatenate([each[0].ts, each[1].ts + 40 * MS])[order],
        instrument=np.repeat(np.arange(2, dtype=np.int32), ROWS)[order],
        **{
            name: np.concatenate([getattr(block, name) for block in each])[order]
            for name in ("ltp", "bid", "ask", "ltq", "volume", "depth")
        },
    )
    return [both.rows(at, min(at + size, len(both))) for at in range(0, len(both), size)]


def run(
    seed: int, fast_rows: int, size: int, watched: Sequence[int], **execution: Any
) -> tuple[list[TradingEvent], bytes, dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_path, "FAST_ROWS", fast_rows)
        patch.setattr(row_path, "FAST_ROWS_EACH", 0)
        patch.setattr(entry_orders, "OrderTerms", _terms)
        engine = PaperEngine(
            ExecutionConfig(fill_mode="depth", charges=False, **execution),
            universe=Universe(
                Instrument(
                    instrument_token=at, tradingsymbol=symbol, lot_size=LOT, tick_paise=STEP,
                    instrument_type="FUT",
                )
                for at, symbol in enumerate(SYMBOLS, 1)
            ),
            rules=FixedRules({(DATE, "NFO-OPT"): (OPEN, CLOSE)}),
            risk=RiskConfig(max_open_positions=20),
            strategies=Orders(seed, frozenset(watched)),
        )  # fmt: skip
        events = [event for block in blocks_of(seed, size) for event in engine.handle(block)]
    desk = engine.engine.exchange
    assert desk is not None
    orders = {name: msgspec.structs.asdict(o) for name, o in desk.exchange.orders.items()}
    return events, msgspec.json.encode(engine.ledger), orders


def moves(events: list[TradingEvent]) -> list[str]:
    return [event.kind for event in events if isinstance(event, ExchangeOrderMoved)]


@settings(max_examples=examples(25), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    fast_rows=st.sampled_from((1, 5, 40)),
    size=st.sampled_from((7, 50, 300, 65_536)),
    watched=st.sampled_from(((), (0,), (0, 1))),
)
def test_columns_give_the_events_of_the_row_path(
    seed: int, fast_rows: int, size: int, watched: Sequence[int]
) -> None:
    found = run(seed, fast_rows, size, watched)
    assert found == run(seed, NEVER_FAST, size, watched)


@pytest.mark.parametrize("seed", seeds(8))
def test_columns_equal_the_row_path_on_the_checked_in_seeds(seed: int) -> None:
    latency_ms = 250 * (seed % 2)
    by_columns = run(seed, 1, 65_536, (1,), latency_ms=latency_ms)
    assert by_columns == run(seed, NEVER_FAST, 65_536, (1,), latency_ms=latency_ms)
    assert "filled" in moves(by_columns[0]) or not moves(by_columns[0])
