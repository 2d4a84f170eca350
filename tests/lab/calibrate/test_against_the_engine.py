"""Runs of the engine itself as real orders: what they paid is what is measured, to the paisa."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.domain.booked_fills import BookedFills
from daemon.domain.dates import iso_ist
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.ledger import Ledger
from daemon.journal.history import History
from daemon.lab import Result, simulate
from daemon.lab.calibrate.calibrate import Given, calibrate
from daemon.lab.calibrate.decisions import Decision, decisions_of
from daemon.lab.calibrate.tradebook import read_tradebooks
from daemon.settings.config import Config
from tests.kit.cli import ROOT
from tests.lab.calibrate.kit import replay_of
from tests.lab.calibrate.made_up_books import HEADER

pytestmark = pytest.mark.ci
SYMBOL = "NIFTY26NOVFUT"
LOTS = 4


class BuyAtEachMinute:
    """Buys at the end of every minute; time stops close what it bought."""

    def on_candle(self, candle: Any, view: Any) -> list[OrderIntent]:
        return [OrderIntent(symbol=SYMBOL, signal=Signal.BUY, qty=LOTS * 65)]


def run(config: Config, mode: str, latency_ms: int) -> Result:
    given = {"class": BuyAtEachMinute, "symbols": [SYMBOL]}
    execution = {
        "fill_mode": mode, "slippage_bps": 0, "latency_ms": latency_ms, "time_stop_bars": 3,
    }  # fmt: skip
    return simulate(config, [given], execution=execution)


def tradebook(result: Result) -> str:
    """Return the fills of a run as the tradebook of a broker, each part with its own order."""
    fills, rows = BookedFills(), list[str]()
    for event in result.events:
        booked = fills.take(event)
        if booked is None:
            continue
        fill, number, at = booked.fill, len(rows), iso_ist(event.ts)[:19]
        order = f"{event.order_id}-{booked.is_entry}"
        rows.append(
            f"{SYMBOL},,{at[:10]},NSE,FO,,{fill.transaction_type.lower()},false,{fill.quantity},"
            f"{fill.price_paise / 100:.2f},{number},{order},{at},2026-11-24"
        )
    return "\n".join([HEADER, *rows]) + "\n"


@pytest.fixture(scope="module")
def config() -> Config:
    found = replay_of(ROOT / "configs/sample_depth.parquet")
    replay = replace(found.feed.replay, end="2026-11-18T10:45:00")
    return replace(found, feed=replace(found.feed, replay=replay))


@pytest.fixture(scope="module")
def decisions(config: Config) -> list[Decision]:
    events = iter(run(config, "bid_ask", 0).events)
    return decisions_of(History(Ledger(), events, is_whole=True))


@pytest.mark.parametrize(
    ("mode", "latency_ms"),
    [("ltp", 150), ("mid", 500), ("bid_ask", 0), ("depth", 300), ("depth", 1_000)],
)
def test_the_rule_and_latency_of_a_run_are_found_exactly(
    mode: str, latency_ms: int, config: Config, decisions: list[Decision], tmp_path: Path
) -> None:
    path = tmp_path / "tradebook.csv"
    path.write_text(tradebook(run(config, mode, latency_ms)))
    found = calibrate(config, Given([path.name], read_tradebooks([path]), decisions))
    said = found.suggestion
    assert found.orders > 30
    assert mode in (said.nearest_mode, *said.alike_modes)
    assert said.nearest_latency_ms == latency_ms
    assert said.alike_latencies_ms == []
    rounded = 0.05 if mode == "depth" else 0  # a fill over levels has its mean in whole paise
    assert found.nearest.distance_ticks <= rounded
