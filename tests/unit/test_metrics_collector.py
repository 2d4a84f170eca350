"""The metrics are the committed journal and nothing else."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.order import Side
from daemon.domain.statistics import EngineStatistics, FeedStatus, RunStatistics
from daemon.metrics.collector import MetricsCollector
from daemon.metrics.fill_quality import FillProfile, whole_paise
from daemon.runtime.series import Series, equity_of
from daemon.settings.config import ExecutionConfig
from tests.kit.report_events import BANK_FUT, NIFTY_CE, EventScript, at, sample_day

PROFILE = FillProfile(mode="mid", slippage_bps=5, latency_ms=0)
NOW = at("15:00:00")
FIRST_KEYS = (
    "total_orders", "active_positions", "realized_pnl", "unrealized_pnl", "total_pnl", "engine",
    "feed_state", "feed_age_s", "ticks", "refusals", "refused_ticks", "orders_by_state",
    "pnl_by_strategy", "journal_lag", "as_of", "seq", "schema_version", "fill_profile",
    "optimistic_fills", "fills", "gross_pnl", "charges", "net_pnl", "bid_ask_pnl",
)  # fmt: skip
STATISTICS = RunStatistics(
    engine=EngineStatistics(
        engine="v2", ticks=5, refused_rows={"late": 2}, dropped_books=0, bad_sides=0,
        outside_session=4, late_for_candle=1, gaps=2, longest_gap_s=6, candles=7,
        settlements_pending=0,
    ),
    session_ts=NOW,
    feed={"rows": 9, "stalls": 1},
    timing={"late_decisions": 3, "longest_late_decision_ms": 250},
    strategies={"orb": {"intents": 3, "disabled_at": None}},
)  # fmt: skip
COUNTERS = {
    "ticks": 5, "dropped_books": 0, "bad_sides": 0, "outside_session": 4, "late_for_candle": 1,
    "gaps": 2, "longest_gap_s": 6, "candles": 7, "settlements_pending": 0,
    "round_valued_stale": 0, "rows": 9, "stalls": 1,
    "late_decisions": 3, "longest_late_decision_ms": 250,
}  # fmt: skip


def collected(
    events: list[TradingEvent],
    marks: dict[str, int] | None = None,
    statistics: RunStatistics | None = None,
) -> MetricsCollector:
    collector = MetricsCollector(PROFILE)
    collector.on_committed(events, seq=len(events), marks=marks or {}, statistics=statistics)
    return collector


def test_keys_come_in_the_order_that_dashboards_read() -> None:
    assert tuple(MetricsCollector(PROFILE).snapshot(now_ts=NOW))[: len(FIRST_KEYS)] == FIRST_KEYS


def test_the_sample_day_adds_up() -> None:
    shown = collected(sample_day().events, {NIFTY_CE: 11_650}).snapshot(now_ts=NOW)
    assert shown["total_orders"] == 7
    assert shown["active_positions"] == 1
    assert shown["realized_pnl"] == -4827.5
    assert shown["unrealized_pnl"] == 37.5
    assert shown["total_pnl"] == -4790.0
    assert shown["net_pnl"] == round(shown["gross_pnl"] - shown["charges"], 2)
    assert shown["refusals"] == {"lot_size": 2, "market_closed": 1}
    assert shown["pnl_by_strategy"]["orb"]["trades"] == 2
    assert shown["optimistic_fills"] is True
    assert shown["fills"] == {
        "total": 8,
        "optimistic": 8,
        "quote_older_than_1s": 1,
        "stale": 1,
        "candle_walked": 1,
        "after_gap": 1,
        "without_bid_ask": 0,
    }


def test_an_open_position_is_one_row_with_its_levels() -> None:
    script = EventScript()
    script.enter(at("09:20:00"), BANK_FUT, "SELL", 25, 5_000_000, stop=5_010_000)
    (row,) = collected(script.events, {BANK_FUT: 4_999_000}).snapshot(now_ts=NOW)["positions"]
    assert row == {
        "order_id": "V3-20261120-000001",
        "tradingsymbol": BANK_FUT,
        "quantity": -25,
        "average_price": 50_000.0,
        "ltp": 49_990.0,
        "stop": 50_100.0,
        "target": None,
        "unrealized": 250.0,
        "state": "ACTIVE",
    }


def test_a_position_without_a_price_is_counted_and_not_guessed() -> None:
    script = EventScript()
    script.enter(at("09:20:00"), NIFTY_CE, "BUY", 25, 10_000)
    collector = MetricsCollector(PROFILE, ledger=script.ledger)
    shown = collector.snapshot(now_ts=NOW)
    assert shown["unmarked_positions"] == 1
    assert shown["positions"][0]["unrealized"] is None
    collector.refresh(marks={NIFTY_CE: 10_100}, statistics=None)
    assert collector.snapshot(now_ts=NOW)["unrealized_pnl"] == 25.0


def test_bid_ask_fills_are_not_called_optimistic() -> None:
    script = EventScript()
    order_id = script.enter(at("09:20:00"), NIFTY_CE, "BUY", 25, 10_005, rule="ask")
    script.leave(at("09:30:00"), order_id, 10_100, "take_profit", rule="bid")
    shown = collected(script.events).snapshot(now_ts=NOW)
    assert shown["optimistic_fills"] is False
    assert shown["fills"]["optimistic"] == 0


def test_statistics_pass_through_and_nan_becomes_null() -> None:
    collector = collected([], statistics=STATISTICS)
    feed = FeedStatus(state="live", age_s=math.nan)
    shown = json.loads(json.dumps(collector.snapshot(now_ts=NOW, feed=feed), allow_nan=False))
    assert (shown["engine"], shown["feed_state"], shown["feed_age_s"]) == ("v2", "live", None)
    assert (shown["ticks"], shown["refused_ticks"]) == (5, {"late": 2})
    assert shown["counters"] == COUNTERS
    assert list(shown["counters"]) == sorted(COUNTERS)
    assert shown["strategies"] == {"orb": {"intents": 3, "disabled_at": None}}
    assert shown["session_time"] == shown["as_of"] == "2026-11-20T15:00:00.000000+05:30"


def test_a_summary_names_what_is_odd_and_no_count_of_rows() -> None:
    odd = {"outside_session", "late_for_candle", "gaps", "longest_gap_s", "candles", "stalls"}
    assert STATISTICS.oddities().keys() == odd | {"late_decisions", "longest_late_decision_ms"}


def test_a_batch_without_statistics_leaves_those_that_are_shown() -> None:
    collector = collected([], statistics=STATISTICS)
    collector.refresh(marks={}, statistics=None)
    assert collector.snapshot(now_ts=NOW)["ticks"] == 5


def test_a_point_of_the_equity_curve_is_net_and_marked() -> None:
    events = sample_day().events
    collector = collected(events, {NIFTY_CE: 11_650})
    shown = collector.snapshot(now_ts=NOW)
    assert collector.seq == shown["seq"] == 31
    net = round(shown["net_pnl"] + shown["unrealized_pnl"], 2)
    series = Series(symbols=(NIFTY_CE,), ts=(events[-1].ts,), ltp=((11_650,),))
    assert equity_of(events, series) == [(events[-1].ts, round(net * 100))]


def test_the_profile_is_the_configured_one() -> None:
    profile = FillProfile.of(ExecutionConfig(fill_mode="ltp", slippage_bps=2.5, latency_ms=40))
    assert profile.text() == "ltp fills, 2.5 bps slippage, 40 ms latency"


def test_journal_lag_is_what_was_decided_and_is_not_on_disk() -> None:
    assert collected(sample_day().events).snapshot(now_ts=NOW, decided_seq=34)["journal_lag"] == 3


def test_only_events_that_touch_a_position_ask_for_a_write() -> None:
    script = EventScript()
    script.refuse(at("09:16:00"), NIFTY_CE, "lot_size")
    script.submit(at("09:17:00"), NIFTY_CE)
    refused = len(script.events)
    order_id = script.enter(at("09:20:00"), NIFTY_CE, "BUY", 25, 10_000, stop=9_500)
    entered = len(script.events)
    script.move_stop(at("09:21:00"), order_id, 9_600, 10_100)
    collector = MetricsCollector(PROFILE)
    changes = [
        collector.on_committed(script.events[start:end], seq=end, marks={}, statistics=None)
        for start, end in ((0, refused), (refused, entered), (entered, entered + 1))
    ]
    assert changes == [False, True, True]


Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(st.sampled_from(["enter", "part", "leave", "refuse"]), st.integers(1, 400),
              st.integers(1, 9)),
    max_size=40,
)  # fmt: skip


def played(moves: list[Step]) -> EventScript:
    """A journal from random moves: prices in ticks, sizes in lots of 25."""
    script = EventScript()
    ts = at("09:15:00")
    for at_step, (move, ticks, size) in enumerate(moves):
        ts += 1_000_000_000
        symbol = (NIFTY_CE, BANK_FUT)[at_step % 2]
        held = script.ledger.open_positions()
        price = 5_000 + 5 * ticks
        if move == "enter":
            side: Side = "BUY" if size % 2 else "SELL"
            script.enter(ts, symbol, side, 25 * size, price, strategy=f"s{size % 3}")
        elif move == "refuse":
            script.refuse(ts, symbol, "lot_size")
        elif held and (move == "leave" or held[0].quantity <= 25):
            script.leave(ts, held[0].order_id, price, "time_stop")
        elif held:
            script.leave(ts, held[0].order_id, price, "stop_loss", quantity=25)
    return script


@given(moves=steps, cut=st.integers(0, 300), ltp=st.integers(1, 20_000))
def test_metrics_equal_the_journal_at_their_seq(moves: list[Step], cut: int, ltp: int) -> None:
    events = played(moves).events[: cut or None]
    collector = MetricsCollector(PROFILE)
    for event in events:  # any batching gives the same
        collector.on_committed([event], seq=event.seq, marks={}, statistics=None)
    collector.refresh(marks={NIFTY_CE: ltp, BANK_FUT: ltp}, statistics=None)
    shown = collector.snapshot(now_ts=NOW)
    cash, units, charges, gross = independent_sums(events)
    assert shown["seq"] == len(events)
    assert shown["total_pnl"] == (cash + units * ltp) / 100
    assert shown["realized_pnl"] == gross / 100
    assert shown["charges"] == whole_paise(charges) / 100
    assert shown["net_pnl"] == (gross - whole_paise(charges)) / 100
    assert sum(row["quantity"] for row in shown["positions"]) == units
    by_strategy = shown["pnl_by_strategy"].values()
    assert sum(round(each["realized"] * 100) for each in by_strategy) == gross
    assert msgspec.json.decode(msgspec.json.encode(shown)) == shown


def independent_sums(events: list[TradingEvent]) -> tuple[int, int, Decimal, int]:
    """Cash and units from the fills alone, without the ledger."""
    fills = [each.fill for each in events if isinstance(each, OrderMoved) and each.fill]
    signs = [1 if fill.transaction_type == "BUY" else -1 for fill in fills]
    cash = -sum(
        sign * fill.quantity * fill.price_paise for sign, fill in zip(signs, fills, strict=True)
    )
    units = sum(sign * fill.quantity for sign, fill in zip(signs, fills, strict=True))
    charges = sum((Decimal(fill.charges.total) for fill in fills), Decimal(0))
    return cash, units, charges, sum(fill.realized_paise for fill in fills)
