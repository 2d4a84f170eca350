"""What a strategy sees: quotes, chains with Greeks, its own trades, history, indicators."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, ClassVar

import numpy as np
import pytest
from talipp.indicators import RSI, SuperTrend  # type: ignore[import-untyped]
from talipp.ohlcv import OHLCV  # type: ignore[import-untyped]

from daemon.control.client_ids import ClientIds
from daemon.domain.candle import Candle
from daemon.domain.dates import ist_ns
from daemon.domain.ticks import Ticks
from daemon.execution.margin_desk import MarginTerms
from daemon.pricing.black76 import greeks
from daemon.runtime.live_feed import looked_at
from daemon.runtime.machine import Machine
from daemon.runtime.series import PriceSampler
from daemon.settings.config import StrategyConfig
from strategies.strategy import Actions, BaseStrategy, Chain, Due, Quote, TickView, Timer, View
from tests.kit.strategy_run import (
    EXPIRY,
    FUT,
    NEXT_EXPIRY,
    SPOT,
    STRIKES,
    Life,
    Row,
    at,
    block,
    option,
    universe,
)

HERE = __name__
CE, PE = option(25_000, "CE"), option(25_000, "PE")


class Looks(BaseStrategy):
    """Calls `look` at 09:16 and at each candle of its timeframes."""

    seen: ClassVar[list[Any]] = []
    look: ClassVar[Any] = None
    shown: ClassVar[Any] = None

    def schedule(self, timer: Timer) -> None:
        timer.at("09:16", self.at_time)
        timer.at("09:17", self.at_time)

    def at_time(self, due: Due, view: View) -> Actions:
        if Looks.look is None:
            return None
        found = Looks.look(self, view)
        self.seen.append(found)
        return None

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None if Looks.shown is None else Looks.shown(self, candle, view)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Looks.seen, Looks.look, Looks.shown = [], None, None


def life(class_: str = "Looks", **more: Any) -> Life:
    config = {"symbols": [FUT], "timeframe": "1m"} | more.pop("config", {})
    return Life(StrategyConfig(id="a", module=HERE, class_=class_, **config), **more)


def priced(spot: float = 25_012.0) -> list[Row]:
    """A tick of everything at 09:15:59, options at Black-76 like prices."""
    rows = [Row("09:15:59", SPOT, spot), Row("09:15:59", FUT, spot + 30)]
    for expiry, width in ((EXPIRY, 120.0), (NEXT_EXPIRY, 170.0)):
        for strike in STRIKES:
            far = width * math.exp(-(((strike - spot) / 400) ** 2))
            ce, pe = max(spot - strike, 0) + far, max(strike - spot, 0) + far
            for kind, price in (("CE", ce), ("PE", pe)):
                price = round(price * 20) / 20
                rows.append(
                    Row("09:15:59", option(strike, kind, expiry), price, price - 1, price + 1)
                )
    return rows


def looked(look: Any, **more: Any) -> Any:
    Looks.look = look
    day = life(**more)
    day.rows(*priced(), Row("09:16:00", SPOT, 25_012.0), size=100)
    assert day.runs.take_faults() == []
    return Looks.seen[0]


def test_a_chain_has_rows_by_strike_and_knows_its_moment() -> None:
    chain: Chain = looked(lambda s, v: v.chain("NIFTY", "weekly"))
    assert (len(chain), bool(chain), chain.expiry, chain.ts) == (5, True, EXPIRY, at("09:16:00"))
    assert [row.strike for row in chain] == list(STRIKES)
    row = chain.row(25_000)
    assert row is not None
    assert (row.ce.symbol, row.pe.symbol, row.ce.kind, row.ce.expiry) == (CE, PE, "CE", EXPIRY)
    assert chain.spot == 25_012.0
    assert row.ce.ltp is not None
    assert row.pe.ltp is not None
    assert chain.forward == pytest.approx(25_000 + row.ce.ltp - row.pe.ltp)
    assert chain.row(24_999) is None


def test_a_chain_that_the_run_has_not_is_false_and_empty() -> None:
    for expiry in ("2027-01-26", "next_monthly"):
        chain = looked(lambda s, v, e=expiry: v.chain("NIFTY", e))
        assert not chain
        assert (list(chain), chain.atm(), chain.offset(1, "CE"), chain.forward) == (
            [],
            None,
            None,
            None,
        )
        Looks.seen.clear()
    assert not looked(lambda s, v: v.chain("SENSEX", "weekly"))


def test_an_expiry_may_be_a_date() -> None:
    by_date = looked(lambda s, v: v.chain("NIFTY", dt.date(2026, 12, 8)))
    assert (by_date.expiry, by_date.date) == (NEXT_EXPIRY, dt.date(2026, 12, 8))


def test_choices_are_those_of_plans() -> None:
    chain: Chain = looked(lambda s, v: v.chain("NIFTY", "next_weekly"))
    atm = chain.atm()
    assert atm is not None
    assert atm.strike == 25_000

    def symbol(quote: Quote | None) -> str | None:
        return None if quote is None else quote.symbol

    assert symbol(chain.offset(2, "CE")) == option(25_100, "CE", NEXT_EXPIRY)
    assert symbol(chain.offset(2, "PE")) == option(24_900, "PE", NEXT_EXPIRY)
    assert symbol(chain.offset(-1, "CE")) == option(24_950, "CE", NEXT_EXPIRY)
    assert chain.offset(3, "CE") is None
    premiums = {row.strike: row.ce.ltp or 0 for row in chain}
    closest = min(premiums, key=lambda strike: abs(premiums[strike] - 230))
    assert symbol(chain.by_premium(230, "CE")) == option(int(closest), "CE", NEXT_EXPIRY)
    most = max(p for p in premiums.values() if p <= 230)
    found = chain.by_premium(230, "CE", "at_most")
    assert found is not None
    assert found.ltp == most
    assert chain.by_premium(1, "CE", "at_most") is None
    deltas = {row.strike: abs(row.pe.delta or 9) for row in chain}
    nearest = min(deltas, key=lambda strike: abs(deltas[strike] - 0.4))
    assert symbol(chain.by_delta(-0.4, "PE")) == option(int(nearest), "PE", NEXT_EXPIRY)


def test_at_takes_the_place_of_the_spot() -> None:
    chain: Chain = looked(lambda s, v: v.chain("NIFTY", EXPIRY, at=25_099.0))
    atm, out = chain.atm(), chain.offset(1, "PE")
    assert atm is not None
    assert out is not None
    assert (atm.strike, out.strike) == (25_100, 25_050)


def test_rule_9_greeks_are_those_of_the_pricing_room_rounded() -> None:
    chain: Chain = looked(lambda s, v: v.chain("NIFTY", "weekly"))
    row = chain.row(25_050)
    assert row is not None
    years = (ns("2026-12-01") - at("09:16:00")) / 1e9 / 31_557_600
    price = np.array([(row.pe.bid + row.pe.ask) / 2])  # type: ignore[operator]
    expected = greeks(
        price, np.array(chain.forward), np.array(25_050.0), np.array(years), np.array(-1.0)
    )
    shown = (row.pe.iv, row.pe.delta, row.pe.gamma, row.pe.theta, row.pe.vega)
    assert shown == tuple(float(each[0]) for each in expected)
    assert row.pe.delta is not None
    assert -1 < row.pe.delta < 0
    assert row.pe.iv == round(row.pe.iv or 0, 6)


def ns(date: str) -> int:
    return ist_ns(dt.date.fromisoformat(date), dt.time(15, 30))


def test_a_price_that_is_not_believed_has_no_greeks_and_is_not_chosen() -> None:
    Looks.look = lambda s, v: v.chain("NIFTY", EXPIRY)
    day = life(quote_max_age_s=30)
    day.rows(*(row._replace(at="09:15:01") for row in priced()), size=100)
    day.rows(*priced()[:4], Row("09:16:00", SPOT, 25_012.0), size=100)
    chain: Chain = Looks.seen[0]
    fresh, old = chain.row(24_900), chain.row(25_100)
    assert fresh is not None
    assert old is not None
    assert (old.ce.believed, old.ce.delta, old.ce.ltp is None) == (False, None, False)
    assert fresh.ce.believed
    assert chain.by_premium(100, "CE") is None  # half of them are needed


def test_a_chain_is_frozen_and_shared_within_a_moment() -> None:
    held: list[Chain] = []

    def look(s: Any, v: Any) -> float | None:
        held.append(v.chain("NIFTY", EXPIRY))
        row = held[0].row(25_000)
        return None if row is None else row.ce.ltp

    Looks.look = look
    day = life()
    day.rows(*priced(), Row("09:16:00", CE, 500.0), Row("09:17:00", CE, 400.0), size=1)
    assert Looks.seen[0] == Looks.seen[1]
    now = held[1].row(25_000)
    assert now is not None
    assert now.ce.ltp == 500.0


class Ticks1(BaseStrategy):
    """Reads the chain at every tick of the future."""

    seen: ClassVar[list[tuple[float, float | None, float | None, int]]] = []

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None

    def on_tick(self, tick: TickView, view: View) -> Actions:
        chain = view.chain("NIFTY", EXPIRY)
        row = chain.row(25_000)
        quote = view.quote(CE)
        self.seen.append((tick.ltp, None if row is None else row.ce.ltp, quote.ltp, chain.ts))
        return None


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_rule_2_a_tick_sees_the_chain_of_the_last_timestamp_and_the_quote_of_now(size: int) -> None:
    Ticks1.seen = []
    day = life("Ticks1")
    day.rows(
        *priced(), Row("09:16:00", FUT, 1.0), Row("09:16:01", CE, 130.0), Row("09:16:01", FUT, 2.0),
        Row("09:16:02", CE, 131.0), Row("09:16:02", FUT, 3.0), Row("09:16:03", FUT, 4.0),
        size=size,
    )  # fmt: skip
    first = Ticks1.seen[0]  # the first ask for it, within a timestamp
    assert (first[1], first[3]) == (None, 0)
    before = Ticks1.seen[1][1]
    assert before is not None
    assert Ticks1.seen[1:] == [
        (1.0, before, before, at("09:15:59")), (2.0, before, 130.0, at("09:16:00")),
        (3.0, 130.0, 131.0, at("09:16:01")), (4.0, 131.0, 131.0, at("09:16:02")),
    ]  # fmt: skip


def test_p8_the_chain_that_a_strategy_asks_for_is_wanted_with_its_spot_and_future() -> None:
    Ticks1.seen = []
    day = life("Ticks1")
    machine = Machine(day.runs, day.engine, PriceSampler(universe()), ClientIds())
    assert not looked_at(machine)
    day.rows(*priced(), Row("09:16:00", FUT, 1.0))
    wanted = [universe()[index] for index in looked_at(machine)]
    assert {each.tradingsymbol for each in wanted if not each.is_option} == {SPOT, FUT}
    assert [each.expiry for each in wanted if each.is_option] == [EXPIRY] * 2 * len(STRIKES)


def test_a_quote_tells_what_is_known_and_none_for_the_rest() -> None:
    quote: Quote = looked(lambda s, v: v.quote(CE))
    assert (quote.symbol, quote.kind, quote.strike, quote.expiry) == (CE, "CE", 25_000.0, EXPIRY)
    assert quote.ltp is not None
    assert (quote.bid, quote.ask) == (quote.ltp - 1, quote.ltp + 1)
    assert (quote.age_s, quote.believed, quote.iv, quote.depth) == (1.0, True, None, None)
    Looks.seen.clear()
    Looks.look = lambda s, v: v.quote(CE)
    day = life()
    day.rows(Row("09:15:00", FUT, 25_000.0), Row("09:16:00", FUT, 25_000.0))
    [nothing] = Looks.seen
    assert (nothing.ltp, nothing.age_s, nothing.believed) == (None, None, False)


def test_a_symbol_that_the_run_has_not_is_a_value_error() -> None:
    Looks.look = lambda s, v: v.quote("NIFTY99")
    day = life()
    day.rows(Row("09:15:00", FUT, 25_000.0), Row("09:16:00", FUT, 25_000.0))
    [fault] = day.runs.take_faults()
    assert "expected a symbol of the universe, was 'NIFTY99'" in fault.error


@pytest.mark.parametrize("size", [1, 3])
def test_depth_volume_and_open_interest_come_with_the_tick_after_the_first_ask(size: int) -> None:
    Looks.look = lambda s, v: v.quote(CE)
    day = life()
    rows = [
        Row("09:15:00", CE, 200.0), Row("09:16:00", FUT, 25_000.0), Row("09:16:30", CE, 201.0),
        Row("09:17:00", FUT, 25_000.0),
    ]  # fmt: skip
    depth = np.zeros((4, 10, 3), dtype=np.int64)
    depth[:, 0] = (650, 20_000, 3)
    depth[:, 5] = (130, 20_200, 1)
    whole = block(rows)
    for start in range(0, 4, size):
        part = slice(start, start + size)
        day.take(
            Ticks(
                ts=whole.ts[part], instrument=whole.instrument[part], ltp=whole.ltp[part],
                volume=np.array([100, 5, 300, 6][part]), oi=np.array([7, 8, 9, 10][part]),
                depth=depth[part],
            )
        )  # fmt: skip
    first, second = Looks.seen
    assert (first.depth, first.volume, first.oi) == (None, None, None)
    assert (second.volume, second.oi) == (300, 9)
    assert second.depth.bids[0] == (20_000, 650, 3)
    assert second.depth.asks[0] == (20_200, 130, 1)


def test_trades_pnl_and_groups_are_the_strategys_own() -> None:
    def shown(s: Any, candle: Candle, view: Any) -> Actions:
        if candle.bar == 1:
            return [s.buy(CE, 65, stop=150.0, tag="a"), s.sell(PE, 65, tag="b")]
        found = (view.trades(), view.trades(tag="b"), view.trades(CE), view.pnl, view.group("a"))
        Looks.seen.append((found, view.trade(found[0][0].id), view.trade("V3-20261124-000099")))
        return s.close(found[0][0].id) if candle.bar == 2 else None

    Looks.shown = shown
    day = life(charges=False)
    day.rows(
        Row("09:15:00", FUT, 25_000.0), Row("09:15:10", CE, 200.0), Row("09:15:10", PE, 100.0),
        Row("09:16:00", FUT, 25_000.0), Row("09:16:10", CE, 210.0), Row("09:16:20", PE, 90.0),
        Row("09:17:00", FUT, 25_000.0), Row("09:18:00", FUT, 25_000.0),
    )  # fmt: skip
    assert day.runs.take_faults() == []
    (both, tagged, calls, pnl, group), own, foreign = Looks.seen[0]
    assert [(each.symbol, each.side, each.open, each.entry, each.stop) for each in both] == [
        (CE, "BUY", 65, 200.0, 150.0), (PE, "SELL", 65, 100.0, None),
    ]  # fmt: skip
    assert ([each.tag for each in tagged], [each.tag for each in calls]) == (["b"], ["a"])
    assert (pnl.realized, pnl.open, pnl.charges, pnl.net) == (0.0, 1300.0, 0.0, 1300.0)
    assert (group.open, group.net, own, foreign) == (650.0, 650.0, both[0], None)
    (both, _, _, pnl, group), _, _ = Looks.seen[1]
    assert both[0].is_over
    assert (pnl.realized, pnl.open, group.realized) == (650.0, 650.0, 650.0)


def test_the_margin_is_none_where_it_is_not_computed() -> None:
    margin = looked(lambda s, v: v.margin)
    assert (margin.used, margin.free, margin.limit) == (None, None, None)
    Looks.seen.clear()
    terms = MarginTerms(50_000_000, lambda date, instrument: pytest.fail("not asked here"))
    margin = looked(lambda s, v: v.margin, margin=terms)
    assert margin.limit == 500_000.0


def test_several_timeframes_are_shown_and_have_their_history() -> None:
    def shown(s: Any, candle: Candle, view: Any) -> None:
        if candle.timeframe == "2m":
            Looks.seen.append((candle.end_ts, len(view.history(FUT)), len(view.history(FUT, "2m"))))

    Looks.shown = shown
    day = life(config={"timeframes": ["2m"]})
    day.rows(*(Row(f"09:{minute}:00", FUT, 25_000.0 + minute) for minute in range(15, 22)))
    assert Looks.seen == [
        (at("09:17:00"), 2, 1), (at("09:19:00"), 4, 2), (at("09:21:00"), 6, 3)
    ]  # fmt: skip


def test_another_timeframe_than_its_own_has_no_history() -> None:
    Looks.shown = lambda s, candle, view: view.history(FUT, "5m")
    day = life()
    day.rows(Row("09:15:00", FUT, 25_000.0), Row("09:16:00", FUT, 25_000.0))
    [fault] = day.runs.take_faults()
    assert "expected one of the strategy's timeframes, 1m, was '5m'" in fault.error


def test_indicators_are_talipps_by_name() -> None:
    def shown(s: Any, candle: Candle, view: Any) -> None:
        Looks.seen.append((
            view.ind("RSI", FUT, 3), view.ind("supertrend", FUT, atr_period=3, mult=2),
            view.ind("RSI", FUT, 3, back=1),
        ))  # fmt: skip

    Looks.shown = shown
    day = life()
    closes = [100, 102, 101, 105, 103, 108, 107, 111]
    day.rows(*(Row(f"09:{15 + n}:00", FUT, close) for n, close in enumerate(closes)))
    rsi, trend = RSI(3), SuperTrend(3, 2)
    for number, (close, found) in enumerate(zip(closes, Looks.seen, strict=False)):
        before = rsi[-1] if number else None
        rsi.add(float(close))
        trend.add(OHLCV(close, close, close, close, 0))
        assert found == (rsi[-1], trend[-1], before)
    assert Looks.seen[-1][0] is not None
    assert day.runs.take_faults() == []


def test_an_indicator_that_is_asked_for_late_begins_on_the_history() -> None:
    late: list[Any] = []
    early: list[Any] = []

    def shown(s: Any, candle: Candle, view: Any) -> None:
        early.append(view.ind("SMA", FUT, 3))
        if candle.bar >= 5:
            late.append(view.ind("SMA", FUT, period=3))

    Looks.shown = shown
    day = life()
    day.rows(*(Row(f"09:{15 + n}:00", FUT, 100.0 + n * n) for n in range(9)))
    assert late == early[4:]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda v: v.ind("SuperTrnd", FUT, 3), "was 'SuperTrnd'; did you mean SuperTrend?"),
        (lambda v: v.ind("RSI", CE, 3), "expected one of the strategy's own symbols"),
        (lambda v: v.ind("RSI", FUT), "RSI: "),
        (lambda v: v.ind("RSI", FUT, 100_000), "RSI: expected at most 5000 candles, was 100000"),
        (lambda v: v.ind("FibonacciRetracement", FUT), "expected an indicator of talipp"),
    ],
)
def test_an_indicator_that_is_none_is_a_value_error(call: Any, said: str) -> None:
    Looks.shown = lambda s, candle, view: call(view)
    day = life()
    day.rows(Row("09:15:00", FUT, 25_000.0), Row("09:16:00", FUT, 25_000.0))
    [fault] = day.runs.take_faults()
    assert said in fault.error
