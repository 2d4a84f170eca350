"""`daemon.lab.simulate` decides what the `run` command journals, and tells of it in tables."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from daemon.cli.export import export_table
from daemon.domain.dates import MINUTE_NS
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError, UsageError
from daemon.export.tables import COLUMNS
from daemon.journal.explain import explain
from daemon.journal.show import export
from daemon.journal.store import JournalStore
from daemon.lab import Result, simulate
from daemon.lab.numbers import closed_trades, exposure
from daemon.lab.numbers.periods import PERIODS
from daemon.runtime.build import build
from daemon.settings.file import load_config
from strategies.ema_trend import EmaTrend
from tests.kit import golden
from tests.kit.cli import ROOT

SAMPLE = ROOT / golden.SAMPLE
SHORT: dict[str, Any] = {"feed.replay.end": "2026-11-18T11:30:00"}


@pytest.fixture(scope="module")
def short() -> Result:
    return simulate(SAMPLE, **SHORT)


@pytest.fixture(scope="module")
def journalled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return golden.replay(golden.SAMPLE, tmp_path_factory.mktemp("out"), SHORT).directory


class BuyOnce:
    """Buys at the first candle."""

    def __init__(self, quantity: int = 65) -> None:
        self.quantity = quantity
        self.done = False

    def on_candle(self, candle: Any, view: Any) -> list[OrderIntent]:
        if self.done:
            return []
        self.done = True
        return [
            OrderIntent(
                symbol="NIFTY26NOVFUT", signal=Signal.BUY, qty=self.quantity, sl_price=20_000.0
            )
        ]


def test_s4_the_hash_is_that_of_the_lines_of_journal_export(
    short: Result, journalled: Path, tmp_path: Path
) -> None:
    with JournalStore.open(journalled) as store:
        export(store, tmp_path / "lines")
    lines = (tmp_path / "lines").read_bytes()
    assert short.events_hash == hashlib.blake2b(lines, digest_size=16).hexdigest()
    assert lines.count(b"\n") == len(short.events) > 10


def test_s4_the_hash_tells_runs_apart(short: Result) -> None:
    assert simulate(SAMPLE, **SHORT).events_hash == short.events_hash
    assert simulate(SAMPLE, **SHORT, execution={"slippage_bps": 6}).events_hash != short.events_hash


@pytest.mark.parametrize("name", ["trades", "orders", "fills", "equity", "daily", "rounds"])
def test_tables_are_those_of_the_export_command(
    name: str, short: Result, journalled: Path, tmp_path: Path
) -> None:
    export_table(str(journalled), journalled.parents[1], tmp_path / "t.parquet", name)
    exported = pq.read_table(tmp_path / "t.parquet")
    found = getattr(short, name)
    assert found.column_names == [column.in_paise for column in COLUMNS[name]]
    assert found.equals(exported.replace_schema_metadata())
    assert len(found) > 0 or name == "rounds"


def test_explain_is_that_of_the_journal(short: Result, journalled: Path) -> None:
    order_id = short.orders.column("order_id")[0].as_py()
    with JournalStore.open(journalled) as store:
        assert short.explain(order_id) == explain(store, order_id)
    with pytest.raises(UsageError):
        short.explain("V3-20261118-999999")


def test_a_report_and_a_journal_are_written_on_request_only(
    short: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    simulate(SAMPLE, **SHORT)
    assert list(tmp_path.iterdir()) == []
    assert short.report().read_text(encoding="utf-8").startswith("<!doctype html>")
    kept = short.write_journal(tmp_path / "kept")
    with JournalStore.open(kept) as store:
        assert list(store.events()) == list(short.events)
        assert store.verify().events == len(short.events)


def test_a_class_in_hand_is_run_instead_of_the_configured_strategies() -> None:
    given = {"class": BuyOnce, "symbols": ["NIFTY26NOVFUT"], "params": {"quantity": 130}}
    bought = simulate(SAMPLE, [given], **SHORT)
    assert bought.orders.column("strategy").to_pylist() == ["BuyOnce"]
    assert bought.orders.column("quantity").to_pylist() == [130]


def test_a_class_takes_the_settings_of_its_configured_item(short: Result) -> None:
    alone = simulate(SAMPLE, [EmaTrend], **SHORT)
    config = load_config(SAMPLE, SHORT)
    assert alone.config.strategies.items == [config.strategies.items[0]]


def test_what_is_no_class_or_given_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected a class"):
        simulate(SAMPLE, ["strategies.ema_trend"])  # type: ignore[list-item]
    with pytest.raises(ConfigError, match="given twice"):
        simulate(SAMPLE, [BuyOnce, BuyOnce])
    with pytest.raises(ConfigError, match="on_candle"):
        simulate(SAMPLE, [Path])
    with pytest.raises(ConfigError, match="unknown field"):
        simulate(SAMPLE, [{"class": BuyOnce, "colour": "red"}])


def test_overrides_are_laid_over_a_configuration_in_hand_too(short: Result) -> None:
    config = load_config(SAMPLE, SHORT)
    assert simulate(config).events_hash == short.events_hash
    dotted: dict[str, Any] = {"execution.slippage_bps": 6}
    changed = simulate(config, **dotted).config.execution
    assert changed.slippage_bps == 6
    nested = simulate(config, execution={"slippage_bps": 6}).config.execution
    assert nested == changed
    with pytest.raises(ConfigError, match="overrides"):
        simulate(config, execution={"slippage": 6})


def test_it_runs_inside_an_event_loop(short: Result) -> None:
    async def inside() -> Result:
        return simulate(SAMPLE, **SHORT)

    assert asyncio.run(inside()).events_hash == short.events_hash


@pytest.mark.parametrize("path", [SAMPLE, ROOT / "configs/dev.yaml"])
def test_columns_of_a_block_are_read_only_from_the_feed_on(path: Path) -> None:
    keys: dict[str, Any] = {
        "feed.synthetic.ticks_per_second": 0.01, "feed.synthetic.speed": "max",
        "feed.synthetic.strikes_each_side": 1,
    }  # fmt: skip
    parts = build(load_config(path, keys))
    block = next(item for item in parts.feed.unpaced() if isinstance(item, Ticks))  # type: ignore[attr-defined]
    columns = [column for name in Ticks.__slots__ if (column := getattr(block, name)) is not None]
    assert len(columns) >= 4
    for column in columns:
        assert not column.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            column[:] = np.int64(1)


def test_n1_the_days_add_up_to_the_summary(short: Result) -> None:
    assert len(short.days.dates) == 1
    assert sum(short.days.changes_paise) == round(short.summary["net_pnl_with_open"] * 100)
    assert short.ratios.max_drawdown_rupees == short.summary["max_drawdown"]
    assert short.ratios.too_few_days


def test_n3_figures_are_those_of_the_summary(short: Result) -> None:
    told, figures = short.summary, short.trade_figures
    counts = {"trades": figures.trades, "wins": figures.wins, "losses": figures.losses}
    assert counts == {name: told[name] for name in counts}
    assert f"{figures.trades} trades" in repr(short)
    trades = closed_trades(short.events)
    assert all((trade.adverse_paise or 0) <= 0 <= (trade.favourable_paise or 0) for trade in trades)
    net = sum(trade.net_paise for trade in trades)
    for period in PERIODS:
        table = short.by(period)
        assert sum(table.column("net_paise").to_pylist()) == net
        assert sum(table.column("trades").to_pylist()) == figures.trades
    assert short.by("day").column("period").to_pylist() == ["2026-11-18"]
    assert short.by("weekday").column("period").to_pylist() == ["3"]
    assert short.by("days_to_expiry").column("period").to_pylist() == ["5"]


def test_n3_a_round_of_a_plan_counts_once() -> None:
    keys: dict[str, Any] = {
        "feed.synthetic.ticks_per_second": 0.02, "feed.synthetic.strikes_each_side": 2,
    }  # fmt: skip
    run = simulate(ROOT / "configs/plans/short-straddle.yaml", **keys)
    assert len(set(run.trades.column("order_id").to_pylist())) == 2
    assert (run.trade_figures.trades, len(run.rounds)) == (1, 1)
    assert (
        run.by("day").column("net_paise").to_pylist() == run.rounds.column("net_paise").to_pylist()
    )


def test_n3_exposure_is_the_share_of_minutes_with_a_position(short: Result) -> None:
    trades = closed_trades(short.events)
    date = short.days.dates[0]
    opens = min(trade.entry_ts for trade in trades) // MINUTE_NS * MINUTE_NS
    close = opens + 60 * MINUTE_NS
    minutes = {
        minute
        for trade in trades
        for minute in range(opens, close, MINUTE_NS)
        if minute + MINUTE_NS > trade.entry_ts and minute <= trade.closed_ts
    }
    assert exposure(trades, {date: (opens, close)}) == len(minutes) / 60 > 0
    whole = {
        minute for trade in trades
        for minute in range(trade.entry_ts // MINUTE_NS, trade.closed_ts // MINUTE_NS + 1)
    }  # fmt: skip
    assert short.exposure == len(whole) / 385  # contracts trade from 09:15 to 15:40
    assert exposure([], {date: (opens, opens + 60 * 10**9)}) == 0
    assert exposure([], {}) is None
