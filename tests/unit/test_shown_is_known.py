"""What is shown is what is known: marks, the feed's age, spreads nobody recorded, dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import DAY_NS, HOUR_NS, SECOND_NS, ist_ns
from daemon.domain.events import ExitDemand, Levels, OrderMoved
from daemon.domain.inputs import Input
from daemon.domain.order import OrderState
from daemon.domain.ticks import Ticks
from daemon.journal.explain import explain
from daemon.journal.store import JournalMeta, JournalStore
from daemon.metrics.fill_quality import FillProfile, FillQuality
from daemon.runtime.app import App
from daemon.runtime.build import build
from daemon.runtime.prepared_run import open_run
from daemon.runtime.series import PriceSampler, Series
from daemon.settings.file import load_config
from tests.kit.cli import tick_rows, write_config, write_ticks
from tests.kit.market import CLOSE, DATE, OPEN, Market
from tests.kit.sample_events import EventWriter

S = OrderState

# marks


def sampled(rows: Sequence[tuple[int, int, int]], size: int = 1000) -> tuple[PaperEngine, Series]:
    """The engine of two options after (ts, instrument, paise) rows, and what the sampler kept."""
    engine = Market().engine
    sampler = PriceSampler(engine.universe)
    engine.on_rows = sampler.observe
    for start in range(0, len(rows), size):
        ts, instrument, ltp = zip(*rows[start : start + size], strict=True)
        engine.handle(
            Ticks(
                ts=np.array(ts, dtype=np.int64),
                instrument=np.array(instrument, dtype=np.int32),
                ltp=np.array(ltp, dtype=np.int64),
            )
        )
    return engine, sampler.series()


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("odd", "counted"),
    [
        ((CLOSE + 15 * 60 * SECOND_NS, 0, 9_999_900), "outside_session"),
        ((CLOSE, 0, 9_999_900), "outside_session"),
        ((OPEN + HOUR_NS - 1, 0, 9_999_900), "late"),
        ((OPEN + 2 * HOUR_NS, -1, 9_999_900), "unknown_instrument"),
        ((OPEN + 2 * HOUR_NS, 2, 9_999_900), "unknown_instrument"),
        ((OPEN + 2 * HOUR_NS, 0, 0), "bad_price"),
        ((OPEN + 2 * HOUR_NS, 0, -5), "bad_price"),
        ((OPEN + 500 * DAY_NS, 0, 9_999_900), "future"),
    ],
)
def test_a_price_that_the_engine_does_not_believe_marks_nothing(
    odd: tuple[int, int, int], counted: str, size: int
) -> None:
    rows = [(OPEN + 5, 0, 10_000), (OPEN + 6, 1, 20_000), (OPEN + HOUR_NS, 0, 10_100)]
    engine, series = sampled([*rows, odd], size)
    stats = engine.stats()
    assert stats.refused_rows.get(counted, 0) + stats.outside_session == 1
    assert series == sampled(rows)[1]
    assert series.ltp[-1] == (10_100, 20_000)


def test_a_price_before_the_open_marks_nothing() -> None:
    _, series = sampled([(OPEN - 1, 0, 9_999_900), (OPEN, 1, 20_000)])
    assert series.ltp == ((0, 20_000),)


# what bid_ask fills would have given


def fill_quality(market: Market) -> FillQuality:
    mode = market.engine.config.fill_mode
    profile = FillProfile(mode=mode, slippage_bps=0, latency_ms=0)
    return FillQuality.of(market.engine.ledger, profile)


def round_trip(sides: dict[str, Any], **config: Any) -> dict[str, Any]:
    market = Market(**config)
    market.tick(100, **sides)
    market.signal("BUY", 25)
    market.tick(100, **sides)
    market.signal("EXIT")
    return fill_quality(market).as_dict()


@pytest.mark.parametrize("mode", ["mid", "ltp", "bid_ask"])
def test_without_bid_and_ask_the_figure_of_bid_ask_fills_is_unknown(mode: str) -> None:
    shown = round_trip({}, fill_mode=mode)
    assert shown["bid_ask_pnl"] is None
    assert shown["fills"]["without_bid_ask"] == shown["fills"]["total"] == 2
    assert shown["optimistic_fills"] is False


@pytest.mark.parametrize("mode", ["mid", "ltp", "bid_ask"])
def test_with_bid_and_ask_the_figure_of_bid_ask_fills_is_a_number(mode: str) -> None:
    shown = round_trip({"bid": 99, "ask": 101}, fill_mode=mode)
    assert shown["bid_ask_pnl"] == -50
    assert shown["fills"]["without_bid_ask"] == 0
    assert shown["fills"]["optimistic"] == (0 if mode == "bid_ask" else 2)


def test_a_run_without_fills_has_nothing_unknown() -> None:
    assert fill_quality(Market()).as_dict()["bid_ask_pnl"] == 0


def test_last_price_for_mid_is_optimistic_where_the_side_to_cross_was_there() -> None:
    only_ask = round_trip({"ask": 101}, fill_mode="mid")["fills"]
    assert (only_ask["optimistic"], only_ask["without_bid_ask"]) == (1, 1)
    only_bid = round_trip({"bid": 99}, fill_mode="mid")["fills"]
    assert (only_bid["optimistic"], only_bid["without_bid_ask"]) == (1, 1)


@pytest.mark.parametrize(
    ("mode", "side", "sides", "optimistic"),
    [
        ("mid", "BUY", {"bid": 95.0, "ask": 105.0}, 1),
        ("mid", "SELL", {"bid": 95.0, "ask": 105.0}, 1),
        ("ltp", "BUY", {"bid": 95.0, "ask": 105.0}, 1),
        ("ltp", "BUY", {"bid": 100.0, "ask": 105.0}, 0),
        ("bid_ask", "BUY", {"bid": 95.0, "ask": 105.0}, 0),
        ("bid_ask", "SELL", {"bid": 95.0, "ask": 105.0}, 0),
        ("mid", "BUY", {}, 0),
    ],
)
def test_a_forced_close_is_optimistic_where_it_was_better_than_crossing(
    mode: str, side: str, sides: dict[str, Any], optimistic: int
) -> None:
    market = Market(fill_mode=mode, enable_time_stop=False)
    market.tick(100)
    market.signal(side, 25)
    market.tick(100, **sides)
    market.minutes(380)
    last = next(e for e in reversed(market.events) if isinstance(e, OrderMoved) and e.fill)
    assert last.fill is not None
    assert (last.fill.rule, market.moves()[-2][0]) == ("last_quote", "CLOSED")
    assert fill_quality(market).fills.optimistic == optimistic


# the feed's age


class HeldFeed:
    """Gives the first input of a sound feed, then nothing until it is let go."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.let_go = anyio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def inputs(self) -> AsyncIterator[Input]:
        async for each in self._inner.inputs():
            yield each
            break
        await self.let_go.wait()


async def test_the_feed_grows_old_and_stale_while_no_input_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = write_ticks(tmp_path / "ticks.csv", tick_rows(10))
    path = write_config(tmp_path / "c.yaml", ticks)
    config = load_config(path, {"out": str(tmp_path), "account": "mine"})
    parts = build(config)
    feed = HeldFeed(parts.feed)
    app = App(open_run(parts._replace(feed=feed), tmp_path), out=tmp_path)  # type: ignore[arg-type]
    ahead, real = [0.0], anyio.current_time
    monkeypatch.setattr("anyio.current_time", lambda: real() + ahead[0])
    seen: list[tuple[str, float]] = []

    def look(after_s: float) -> None:
        ahead[0] = after_s
        shown = app.status.snapshot()
        seen.append((shown["feed_state"], shown["feed_age_s"]))

    first = app.status.snapshot()
    assert (first["feed_state"], first["feed_age_s"]) == ("connecting", None)
    assert (first["run_id"], first["account"]) == (app.directory.name, "mine")

    async def watch(_: App) -> None:
        while app.engine.intake.rows == 0:
            await anyio.lowlevel.checkpoint()
        for after_s in (0, 3, 6, 60, 3600):
            look(after_s)
        ahead[0] = 0
        feed.let_go.set()

    await app.run(watch)
    assert [state for state, _ in seen] == ["live", "live", "stale", "stale", "stale"]
    for (_, age), after_s in zip(seen, (0, 3, 6, 60, 3600), strict=True):
        assert after_s <= age < after_s + 2
    look(60)
    assert seen[-1][0] == "closed"


# a story of two days


def test_the_story_of_an_order_of_two_days_has_both_dates(tmp_path: Path) -> None:
    writer = EventWriter()
    order = writer.create("NIFTY26NOV25000CE", "BUY", 25, product="NRML")
    writer.move(order, S.CREATED, S.SUBMITTED, "submitted")
    writer.move(order, S.SUBMITTED, S.FILLED, "filled", fill=writer.fill("BUY", 25, 10_000))
    writer.move(order, S.FILLED, S.ACTIVE, "active", levels=Levels(anchor_paise=10_000))
    next_day = DATE + dt.timedelta(days=1)
    writer.next_input(ist_ns(next_day, dt.time(9, 15)) - writer.ts)
    due = ist_ns(DATE, dt.time(15, 30))
    demand = ExitDemand(quantity=25)
    writer.move(order, S.ACTIVE, S.EXIT_PENDING, "square_off", demand=demand, due_ts=due)
    fill = writer.fill("SELL", 25, 9_900, realized_paise=-2_500)
    writer.move(order, S.EXIT_PENDING, S.CLOSED, "square_off", fill=fill)
    with JournalStore.create(tmp_path / "run", JournalMeta(run_id="r", account="dev")) as store:
        store.append(writer.events, input_no=writer.input_no)
        lines = explain(store, order).splitlines()
    assert "2026-11-18" in lines[0]
    assert lines.count("2026-11-19:") == 1
    at = lines.index("2026-11-19:")
    assert not any("CLOSED" in each for each in lines[:at])
    assert lines[at + 1].startswith("09:15:00.000  EXIT_PENDING")
    assert lines[at + 1].endswith("(was due at 2026-11-18 15:30:00.000)")


def test_the_story_of_an_order_of_one_day_names_it_once(tmp_path: Path) -> None:
    writer = EventWriter()
    order = writer.create("NIFTY26NOV25000CE", "BUY", 60)
    writer.move(order, S.CREATED, S.REJECTED, "lot_size", numbers={"quantity": 60, "lot_size": 25})
    with JournalStore.create(tmp_path / "run", JournalMeta(run_id="r", account="dev")) as store:
        store.append(writer.events, input_no=writer.input_no)
        assert explain(store, order).count("2026-11-18") == 1
