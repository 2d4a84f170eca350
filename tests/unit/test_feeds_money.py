"""What a recording's form must not change: the fills, and the candles that a strategy is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from daemon.rules import load_rulebook
from daemon.runtime.build import build, sessions_of
from daemon.runtime.warmup import history
from daemon.settings.file import load_config
from tests.kit.cli import exported
from tests.kit.golden import replay
from tests.unit.test_feeds_kit import text_file

SYMBOL = "NIFTY2460623000CE"
OPTION = {
    "tradingsymbol": SYMBOL, "instrument_token": 11237378, "instrument_type": "CE",
    "name": "NIFTY", "lot_size": 25, "tick_size": 0.05, "strike": 23000, "expiry": "2024-06-06",
}  # fmt: skip
SCRIPT = [
    {"ts": "2024-06-06T10:45:05", "symbol": SYMBOL, "signal": "SELL", "qty": 25},
    {"ts": "2024-06-06T10:45:20", "symbol": SYMBOL, "signal": "EXIT"},
]


def kite_tick(second: int, bid: float, ask: float) -> dict[str, Any]:
    """An illiquid option: its last trade is long ago, and Kite's empty level is all zeros."""
    sides = {"buy": bid, "sell": ask}
    return {
        "instrument_token": 11237378,
        "last_price": 50.0,
        "exchange_timestamp": f"2024-06-06 10:45:{second:02d}",
        "depth": {
            side: [{"quantity": 25 if price else 0, "price": price, "orders": 1}]
            for side, price in sides.items()
        },
    }


def configured(tmp_path: Path, file: dict[str, Any], strategy: dict[str, Any], **more: Any) -> Path:
    path = tmp_path / "c.yaml"
    config: dict[str, Any] = {
        "version": 1,
        "feed": {"kind": "replay", "replay": {"files": [file], **more}},
        "universe": {"instruments": [OPTION]},
        "execution": {"fill_mode": "bid_ask", "slippage_bps": 0},
        "strategies": {"list": [strategy]},
    }
    path.write_text(yaml.safe_dump(config))
    return path


def fills(tmp_path: Path, recording: Path) -> list[tuple[str, int]]:
    """(rule, paise) of each fill of the script on a recording."""
    script = text_file(tmp_path / "i.jsonl", [json.dumps(line) for line in SCRIPT])
    strategy = {
        "id": "s", "module": "strategies.scripted", "class": "Scripted",
        "params": {"file": str(script)},
    }  # fmt: skip
    config = configured(tmp_path, {"path": str(recording)}, strategy)
    events = exported(replay(str(config), tmp_path / recording.name.replace(".", "-")).directory)
    made = [json.loads(line).get("fill") for line in events.splitlines()]
    return [(fill["rule"], fill["price_paise"]) for fill in made if fill]


@pytest.mark.parametrize("ask", [0.0, 10.5])
def test_a_sale_gets_the_bid_whatever_the_recordings_form_is(tmp_path: Path, ask: float) -> None:
    ticks = [kite_tick(second, 10.0, ask) for second in range(30)]
    dicts = text_file(tmp_path / "t.jsonl", [json.dumps(each) for each in ticks])
    index = {"instrument_token": 256265, "last_price": 23000.5}
    quote = {name: value for name, value in ticks[0].items() if name != "depth"}
    late = [index | {"exchange_timestamp": "2024-06-06 10:44:59"}, quote, *ticks[1:]]
    begun = text_file(tmp_path / "late.jsonl", [json.dumps(each) for each in late])
    rows = [f"{each['exchange_timestamp']},11237378,50.0,10.0,{ask}" for each in ticks]
    head = "exchange_timestamp,instrument_token,last_price,bid,ask"
    table = text_file(tmp_path / "t.csv", [head, *rows])
    bought = ("ask", 1050) if ask else ("ltp_for_ask", 5000)
    for recording in (dicts, begun, table):
        assert fills(tmp_path, recording) == [("bid", 1000), bought]


def test_day_candles_warm_a_strategy_with_their_own_prices(tmp_path: Path) -> None:
    lines = ["date,open,high,low,close,volume"]
    lines += [f"2024-06-0{day} 00:00:00+05:30,100,110,95,10{day},1000" for day in (3, 4, 5)]
    days = text_file(tmp_path / "day.csv", lines)
    ticks = text_file(tmp_path / "t.csv", ["ts,ltp", "2024-06-06 09:15:00,100"])
    older = {"path": str(days), "kind": "candles", "timeframe": "1d", "symbol": SYMBOL}
    strategy = {
        "id": "e", "module": "strategies.ema_trend", "class": "EmaTrend", "timeframe": "1d",
        "symbols": [SYMBOL],
    }  # fmt: skip
    path = configured(tmp_path, {"path": str(ticks), "symbol": SYMBOL}, strategy, warmup=[older])
    config, rules = load_config(path), load_rulebook()
    parts = build(config)
    shown = [
        (each.open, each.high, each.low, each.close, each.volume)
        for each in history(
            config, parts.feed.universe, rules, parts.strategies, session=sessions_of(rules),
        )
    ]  # fmt: skip
    assert shown == [(100, 110, 95, 100 + day, 1000) for day in (3, 4, 5)]
