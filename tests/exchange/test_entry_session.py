"""A scripted session with entries that rest: pinned line by line, in any blocks, over any crash."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from daemon.clockwork.paper_engine import PaperEngine
from daemon.control.client_ids import ClientIds
from daemon.domain.dates import SECOND_NS
from daemon.domain.events import ExchangeOrderMoved, OrderMoved, TradingEvent, encode_event
from daemon.domain.inputs import Command, Input, TimedIntent
from daemon.domain.intent import EntryChange, OrderIntent, Signal
from daemon.execution.context import NoStrategies
from daemon.journal.store import JournalStore
from daemon.journal.words import wall_time
from daemon.runtime.machine import Machine
from daemon.runtime.series import PriceSampler
from feeds.recording.format import LogHeader
from tests.exchange.depth_market import DepthMarket
from tests.kit import golden
from tests.kit.market import CALL, OPEN
from tests.kit.restarts import Process
from tests.kit.scenario import random_scenario
from tests.kit.tiers import with_more_in_ci

EXAMPLE = "configs/examples/limit-entries.yaml"
PINNED = Path(__file__).with_name("entry_session.txt")


# the example, pinned


def lines(events: list[TradingEvent]) -> list[str]:
    return [line for event in events if (line := _line(event))]


def _line(event: TradingEvent) -> str:
    order = int(event.order_id[-6:])
    if isinstance(event, OrderMoved):
        return f"{wall_time(event.ts)} {order} {event.from_state}->{event.to_state} {event.reason}"
    if not isinstance(event, ExchangeOrderMoved):
        return ""
    last = (event.last_quantity, event.last_paise)
    numbers = (event.filled, event.quantity, event.limit_paise, *last)
    told = " ".join(map(str, numbers))
    return (
        f"{wall_time(event.ts)} {order} {event.exchange_id} {event.order_type} {event.kind} "
        f"{event.state} {told} {event.reason or event.rule or '-'}"
    )


def session(out: Path, **overrides: Any) -> list[TradingEvent]:
    done = golden.replay(EXAMPLE, out, overrides)
    with JournalStore.open(done.directory) as store:
        return list(store.events())


def test_the_example_trades_as_it_is_pinned(tmp_path: Path) -> None:
    found = lines(session(tmp_path))
    kinds = {line.split()[4] for line in found if line.split()[2].startswith("X-")}
    assert kinds >= {"modified", "cancelled", "filled", "triggered", "rejected"}
    assert found == PINNED.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("mode", ["depth", "mid"])
@pytest.mark.parametrize("rows", [97, 5_000])
def test_the_size_of_blocks_changes_nothing_for_orders_that_rest(
    mode: str, rows: int, tmp_path: Path
) -> None:
    shown: dict[str, Any] = {
        "execution.fill_mode": mode, "feed.replay.start": "2026-11-18T09:29:00",
        "feed.replay.end": "2026-11-18T10:06:00",
    }  # fmt: skip
    usual = session(tmp_path / "usual", **shown)
    cut = session(tmp_path / "cut", **shown, **{"feed.replay.block_rows": rows})
    assert [*map(encode_event, cut)] == [*map(encode_event, usual)]
    assert sum(isinstance(event, ExchangeOrderMoved) for event in usual) > 15


# a crash at any input


def script() -> list[TimedIntent]:
    def at(seconds: float, intent: OrderIntent | EntryChange) -> TimedIntent:
        return TimedIntent(ts=OPEN + round(seconds * SECOND_NS), intent=intent)

    def entry(tag: str, **fields: Any) -> OrderIntent:
        usual: dict[str, Any] = {
            "symbol": CALL, "signal": Signal.BUY, "qty": 260, "sl_price": 80.0, "tag": tag,
            "strategy_id": "s",
        }  # fmt: skip
        return OrderIntent(**(usual | fields))

    return [
        at(5, entry("limit", order_type="LIMIT", price=99.90)),
        at(9, entry("stop", order_type="SL", trigger_price=100.6, price=101.0, validity="TTL",
                    validity_ttl=1)),
        at(7, entry("far", order_type="LIMIT", price=60.0, sl_price=50.0)),
        at(20, EntryChange(tag="limit", strategy_id="s", price=99.95, qty=390)),
        at(30, EntryChange(tag="far", strategy_id="s", price=60.05, qty=130)),
        at(40, entry("short", signal=Signal.SELL, order_type="LIMIT", price=100.4, sl_price=120.0)),
        at(55, EntryChange(tag="short", strategy_id="s", cancel=True)),
        at(60, entry("market", qty=130)),
    ]  # fmt: skip


def inputs(mode: str, seed: int) -> list[Input]:
    """A random market; what reaches the engine, in order."""
    taken: list[Input] = []
    market = DepthMarket(fill_mode=mode)
    handle = market.engine.handle

    def keep(item: Input) -> list[TradingEvent]:
        taken.append(item)
        return handle(item)

    market.engine.handle = keep  # type: ignore[method-assign]
    rng, ltp = random.Random(seed), 10_000
    for step in range(120):
        ltp += 5 * rng.randint(-3, 3)
        bids = tuple(((ltp - 5 * n) / 100, 65 * rng.randint(1, 4)) for n in range(1, 6))
        asks = tuple(((ltp + 5 * n) / 100, 65 * rng.randint(1, 4)) for n in range(1, 6))
        market.depth_tick(
            ltp / 100, bids=bids, asks=asks, growth=65 * rng.randint(0, 3),
            after_s=rng.choice((0.2, 0.7, 1.1)),
        )  # fmt: skip
        if step % 20 == 7:
            market.clock(0.4)
    market._keep(market.engine.handle(Command(ts=market.now, command="kill_switch")))
    bids, asks = (((ltp - 5) / 100, 6_500),), (((ltp + 5) / 100, 6_500),)
    for _ in range(3):
        market.depth_tick(ltp / 100, bids=bids, asks=asks)
    return taken


class Account(Process):
    """A process that dies: its engine has the script, and the mode that is asked for."""

    mode = "depth"

    def _make(self, header: LogHeader | None) -> Machine:
        made = _bare(self.mode)
        return Machine(made.strategies, made, PriceSampler(made.universe), ClientIds())  # type: ignore[arg-type]


def _bare(mode: str) -> PaperEngine:
    return DepthMarket(
        fill_mode=mode, slippage_bps=0, strategies=NoStrategies(script()), latency_ms=300
    ).engine


def _after_crashes(mode: str, seed: int, out: Path) -> list[TradingEvent]:
    """The journal after a life with a crash about every ninth input."""
    rng = random.Random(seed)
    kind = type("Life", (Account,), {"mode": mode})
    process = kind(random_scenario(1), out, rng)
    items = inputs(mode, seed)
    while process.taken < len(items):
        process.take(items[process.taken])
        if rng.random() < 0.11:
            process.crash()
            process = kind(random_scenario(1), out, rng)
    process.commit()
    found = list(process.account.store.events())
    process.account.store.close()
    return found


@pytest.mark.parametrize("mode", ["depth", "bid_ask"])
@pytest.mark.parametrize("seed", with_more_in_ci(1, more=[2, 3]))
def test_a_crash_at_any_input_changes_nothing(mode: str, seed: int, tmp_path: Path) -> None:
    whole = _bare(mode)
    expected = [event for item in inputs(mode, seed) for event in whole.handle(item)]
    kinds = {event.kind for event in expected if isinstance(event, ExchangeOrderMoved)}
    assert kinds >= {"modified", "filled"}
    assert not whole.ledger.positions  # the kill switch, and then somebody to trade with
    for event in expected:
        if isinstance(event, ExchangeOrderMoved) and event.kind == "filled" and event.limit_paise:
            sign = 1 if event.side == "BUY" else -1
            assert sign * (event.limit_paise - event.last_paise) >= 0
    found = _after_crashes(mode, seed, tmp_path)
    assert [*map(encode_event, found)] == [*map(encode_event, expected)]
