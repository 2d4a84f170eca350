"""The exchange under load: far orders, orders at the touch, and the whole life of one."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.events import TradingEvent
from daemon.domain.exchange_order import OVER_STATES, ExchangeOrderState, OrderTerms
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.order import Side
from daemon.domain.ticks import Ticks
from daemon.exchange.arrival_checks import admit_all
from daemon.exchange.depth_book import ContractDay, MarketTick
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.paper_exchange import PaperExchange
from daemon.exchange.reports import ExecutionReport
from daemon.execution.context import NoStrategies
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.journal.store import JournalMeta, JournalStore
from daemon.market.book import Book
from daemon.process.memory import steady_memory
from daemon.settings.config import ReplayConfig, ReplayFile
from feeds.replay import ReplayFeed
from tests.bench.w1_cases import w1_engine_of

COMMIT_LIVES = 100
LOT = 65
STEP = 5
BLOCK = 65_536
_START = 1_763_437_800_000_000_000  # 2025-11-18, 09:20 IST


class Outside:
    """Orders without a trade at the exchange of an engine; one that is over is sent again.

    A buy joins the best bid, a sell the best ask; a far one is a buy at little more than half.
    """

    def __init__(self, engine: PaperEngine, symbol: str) -> None:
        desk = engine.engine.exchange
        assert isinstance(desk, ExchangeDesk)
        self._engine = engine
        self._desk = desk
        self._book = _book_of(engine, symbol)
        self._sides: list[tuple[Side, bool]] = []
        self.sent = 0
        # no trade answers for them
        desk._take = self._take  # type: ignore[method-assign]
        desk.exchange.floor.checks._admits = admit_all

    def send(self, side: Side, *, far: bool = False) -> None:
        """Send a LIMIT of one lot."""
        desk, book = self._desk, self._book
        desk._feed.sync(book)
        best = book.bid if side == "BUY" else book.ask
        terms = OrderTerms(
            instrument=book.index, side=side, quantity=LOT, kind="LIMIT",
            price_paise=book.ltp * 11 // 20 // STEP * STEP if far else best or book.ltp,
        )  # fmt: skip
        self.sent += 1
        self._sides.append((side, far))
        order_id = str(len(self._sides) - 1)
        desk.exchange.submit(order_id, terms, self._engine.at.now)
        assert not far or desk.exchange.orders[order_id].state is ExchangeOrderState.OPEN
        desk._feed.arm(book)

    def _take(self, reports: Sequence[ExecutionReport], book: Book | None = None) -> None:
        over = [report for report in reports if report.state in OVER_STATES]
        for report in over:
            side, far = self._sides[int(report.order_id)]
            self.send(side, far=far)
        self._desk._feed.arm(self._book)


def _book_of(engine: PaperEngine, symbol: str) -> Book:
    index = engine.universe.index_of(symbol)
    assert index is not None
    return engine.books[index]


def _engine(known: Universe) -> PaperEngine:
    return w1_engine_of(known, NoStrategies(), fill_mode="depth", stale_after_s=1e9)


def _timed(engine: PaperEngine, blocks: Sequence[Ticks]) -> dict[str, Any]:
    steady_memory()
    start = time.process_time()
    for block in blocks:
        engine.handle(block)
    seconds = time.process_time() - start
    return {"ticks": sum(map(len, blocks)), "seconds": seconds}


def far_orders(path: Path, count: int) -> dict[str, Any]:
    """A replay of a recording with depth, with `count` far orders at one instrument.

    `engine_s` is the engine's share of it.
    """
    feed = ReplayFeed(ReplayConfig(files=[ReplayFile(path=str(path))]), depth=True)
    engine = _engine(feed.universe)
    blocks = (item for item in feed.unpaced() if isinstance(item, Ticks))
    first = next(blocks)
    engine.handle(first)
    outside = Outside(engine, _busiest(feed.universe, first))
    for _ in range(count):
        outside.send("BUY", far=True)
    steady_memory()
    ticks, engine_s, start = 0, 0.0, time.process_time()
    for block in blocks:
        before = time.process_time()
        engine.handle(block)
        engine_s += time.process_time() - before
        ticks += len(block)
    assert outside.sent == count
    return {"ticks": ticks, "seconds": time.process_time() - start, "engine_s": engine_s}


def _busiest(known: Universe, block: Ticks) -> str:
    options = np.array([each.is_option for each in known])
    rows = np.bincount(block.instrument, minlength=len(known)) * options
    return known[int(rows.argmax())].tradingsymbol


def touch_market(path: Path, count: int) -> dict[str, Any]:
    """The rows of one option of a recording; `count` orders join its touch, over and over."""
    feed = ReplayFeed(ReplayConfig(files=[ReplayFile(path=str(path))]), depth=True)
    blocks = [item for item in feed.unpaced() if isinstance(item, Ticks)]
    symbol = _busiest(feed.universe, blocks[0])
    index = feed.universe.index_of(symbol)
    blocks = [block.take(block.instrument == index) for block in blocks]
    engine = _engine(feed.universe)
    engine.handle(blocks[0])
    outside = Outside(engine, symbol)
    for number in range(count):
        outside.send("BUY" if number % 2 else "SELL")
    return {**_timed(engine, blocks[1:]), "orders": outside.sent}


def touch_queue(count: int) -> dict[str, Any]:
    """`count` orders in a long queue at the touch, whose every row trades there or shows others."""
    known = Universe([Instrument(instrument_token=1, tradingsymbol="W0", lot_size=LOT)])
    engine = _engine(known)
    blocks = list(_queued(10))
    engine.handle(blocks[0])
    outside = Outside(engine, "W0")
    for number in range(count):
        outside.send("BUY" if number % 2 else "SELL")
    found = _timed(engine, blocks[1:])
    assert outside.sent == count
    return found


def _queued(blocks: int) -> Iterator[Ticks]:
    """A book of one step whose last price is the bid or the ask, with a lot of growth a row."""
    rows = np.arange(BLOCK)
    for number in range(blocks):
        random = np.random.default_rng(number)
        depth = np.zeros((10, 3, BLOCK), dtype=np.int64)
        for level in range(5):
            depth[level, 1], depth[5 + level, 1] = 10_000 - STEP * level, 10_005 + STEP * level
        depth[:, 0] = LOT * random.integers(1_000_000, 2_000_000, (10, BLOCK))
        at = number * BLOCK + rows
        yield Ticks(
            ts=_START + at * 10_000_000,
            instrument=np.zeros(BLOCK, dtype=np.int32),
            ltp=10_000 + STEP * (at % 2),
            bid=depth[0, 1].copy(),
            ask=depth[5, 1].copy(),
            ltq=np.full(BLOCK, LOT),
            volume=1_000 + LOT * at,
            depth=depth.transpose(2, 0, 1),
        )


def exchange_life(count: int) -> dict[str, Any]:
    """A LIMIT at the exchange alone: sent, filled in two parts by two rows, complete."""
    option = Instrument(instrument_token=1, tradingsymbol="W0", lot_size=LOT)
    exchange = PaperExchange([option], ExchangeSettings(), lambda _: True)
    terms = OrderTerms(instrument=0, side="BUY", quantity=2 * LOT, kind="LIMIT", price_paise=10_000)
    exchange.start_day(0, ContractDay(opens=_START, closes=_START * 2))
    bids = ((9_995, LOT),)
    away = ((10_005, LOT),)
    exchange.on_tick(0, MarketTick(_START, 10_000, 0, 1_000, bids, away))
    steady_memory()
    start = time.process_time()
    for number in range(1, count + 1):
        order_id, now = str(number), _START + number
        reports = exchange.submit(order_id, terms, now)
        for size in (LOT, 2 * LOT):  # half of it was taken
            asks = ((10_000, size),)
            reports += exchange.on_tick(0, MarketTick(now, 10_000, 0, 1_000, bids, asks))
        exchange.on_tick(0, MarketTick(now, 10_000, 0, 1_000, bids, away))
    elapsed = time.process_time() - start
    kinds = [report.kind for report in reports]
    assert kinds == ["accepted", "open", "filled", "filled"]
    assert all(order.is_over for order in exchange.orders.values())
    return {"lives": count, "seconds": elapsed}


def order_life(count: int) -> dict[str, Any]:
    """A trade's entry in two parts, its exit, and all events on disk, 100 trades a commit.

    `rows_s` is what the three rows of each cost without it.
    """
    known = Universe([Instrument(instrument_token=1, tradingsymbol="W0", lot_size=LOT)])
    engine = _engine(known)
    market = _Thin(engine)
    market.show(10_000)
    with tempfile.TemporaryDirectory() as place:
        store = JournalStore.create(Path(place) / "j", JournalMeta(run_id="b", account="bench"))
        steady_memory()
        start = time.process_time()
        for _ in range(count // COMMIT_LIVES):
            events: list[TradingEvent] = []
            for _ in range(COMMIT_LIVES):
                events += market.live()
            store.append(events, input_no=engine.input_no)
        elapsed = time.process_time() - start
        store.close()
    assert not engine.ledger.positions
    start = time.process_time()
    for _ in range(count):
        market.pass_by()
    return {"lives": count, "seconds": elapsed, "rows_s": time.process_time() - start}


class _Thin:
    """A market that shows one lot at the ask, so that two lots fill in two parts."""

    def __init__(self, engine: PaperEngine) -> None:
        self._engine = engine
        self._rows = 0

    def show(self, ltp: int) -> list[TradingEvent]:
        """One row, 10 ms after the last."""
        self._rows += 1
        depth = np.zeros((1, 10, 3), dtype=np.int64)
        depth[0, 0], depth[0, 5] = (2 * LOT, ltp, 1), (LOT, ltp + STEP, 1)
        block = Ticks(
            ts=np.array([_START + self._rows * 10_000_000]), instrument=np.zeros(1, np.int32),
            ltp=np.array([ltp]), bid=np.array([ltp]), ask=np.array([ltp + STEP]),
            volume=np.array([1_000 + self._rows]), depth=depth,
        )  # fmt: skip
        return self._engine.handle(block)

    def live(self) -> list[TradingEvent]:
        """Buy two lots, get one now and one at the next row, leave at the target."""
        intent = OrderIntent(
            symbol="W0", signal=Signal.BUY, qty=2 * LOT, sl_price=90, tp_price=105, product="NRML"
        )
        events = self._engine.process_signal(intent)
        return events + self.pass_by()

    def pass_by(self) -> list[TradingEvent]:
        """Three rows: the rest fills, the target is met, the price returns."""
        return self.show(9_990) + self.show(10_600) + self.show(10_000)
