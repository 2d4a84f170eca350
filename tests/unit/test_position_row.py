"""One row of a position, and the three sets of names under which it is shown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest

from daemon.domain.dates import parse_ts
from daemon.domain.order import ExitRules
from daemon.domain.position import Position
from daemon.domain.position_row import PositionRow, position_row
from daemon.metrics.collector import MetricsCollector
from daemon.metrics.fill_quality import FillProfile
from daemon.report.fold import RunFold
from tests.kit.market import Market
from tests.kit.report_events import NIFTY_CE, EventScript, at

ENTRY_TS: Final = parse_ts("2026-11-20T09:20:00")


def a_short() -> Position:
    return Position(
        order_id="V3-1", number=1, tradingsymbol="NIFTY26NOVFUT", strategy_id="orb",
        timeframe="1m", product="NRML", sign=-1, lot_size=65, tick_paise=5, exits=ExitRules(),
        opened_quantity=130, quantity=65, entry_paise=10_000, entry_ts=ENTRY_TS, entry_input_no=1,
        cost_paise=650_000, entry_bid_ask_paise=10_000, stop_paise=10_500, realized_paise=4_200,
        charges=Decimal("12.345"),
    )  # fmt: skip


def a_row(**changes: Any) -> PositionRow:
    known: dict[str, Any] = {"state": "ACTIVE", "ltp_paise": 9_900, "bars_held": 3}
    return position_row(a_short(), **(known | changes))


def test_the_dialect_is_in_rupees_with_a_signed_quantity() -> None:
    assert a_row(best_paise=9_800, worst_paise=10_100).as_dict() == {
        "order_id": "V3-1",
        "tradingsymbol": "NIFTY26NOVFUT",
        "strategy_id": "orb",
        "product": "NRML",
        "side": "SHORT",
        "quantity": -65,
        "entry_time": "2026-11-20T09:20:00.000000+05:30",
        "average_price": 100.0,
        "last_price": 99.0,
        "stop_price": 105.0,
        "target_price": None,
        "unrealized_pnl": 65.0,
        "realized_pnl": 42.0,
        "charges": 12.34,
        "bars_held": 3,
        "best_price": 98.0,
        "worst_price": 101.0,
        "state": "ACTIVE",
    }


def test_the_metrics_file_has_the_fields_of_0_2_0() -> None:
    assert a_row().in_metrics() == {
        "order_id": "V3-1", "tradingsymbol": "NIFTY26NOVFUT", "quantity": -65,
        "average_price": 100.0, "ltp": 99.0, "stop": 105.0, "target": None, "unrealized": 65.0,
        "state": "ACTIVE",
    }  # fmt: skip


def test_the_summary_has_the_fields_of_0_2_0_and_the_side_for_a_sign() -> None:
    assert a_row().in_summary() == {
        "order_id": "V3-1", "strategy_id": "orb", "tradingsymbol": "NIFTY26NOVFUT",
        "side": "SHORT", "quantity": 65, "entry_time": "2026-11-20T09:20:00.000000+05:30",
        "entry_price": 100.0, "ltp": 99.0, "stop": 105.0, "target": None, "unrealized_pnl": 65.0,
        "state": "ACTIVE",
    }  # fmt: skip


@pytest.mark.parametrize("encode", [PositionRow.as_dict, PositionRow.in_metrics])
def test_without_a_last_price_nothing_is_made_up(encode: Any) -> None:
    row = encode(a_row(ltp_paise=None))
    assert row.get("last_price", row.get("ltp")) is None
    assert row.get("unrealized_pnl", row.get("unrealized")) is None


def test_helpers_metrics_and_report_show_the_same_position() -> None:
    script = EventScript()
    script.enter(at("09:20:00"), NIFTY_CE, "BUY", 75, 10_000)
    collector = MetricsCollector(FillProfile(mode="mid", slippage_bps=5, latency_ms=0))
    collector.on_committed(script.events, seq=len(script.events), marks={NIFTY_CE: 10_150})
    [in_metrics] = collector.snapshot(now_ts=at("09:30:00"))["positions"]
    [row] = RunFold(script.events).open_rows({NIFTY_CE: 10_150})
    assert row.in_metrics() == in_metrics
    assert row.open_charges == row.charges


def test_a_helper_shows_the_dialect() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 25, sl=95.0)
    market.tick(100)
    [shown] = market.engine.engine.get_positions()
    assert list(shown) == list(a_row().as_dict())
