"""Two short trading days for the crash tests: every kind of order and exit in few rows.

Everything is drawn from a seed, and nothing reads a file that must be decoded in threads: the
process that forks the runs must have none.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from daemon.domain.dates import MINUTE_NS, SECOND_NS, iso_ist, ist_midnight
from daemon.domain.ticks import Ticks

SEED: Final = 20_261_118
ACCOUNT: Final = "crash"
DAYS: Final = (dt.date(2026, 11, 18), dt.date(2026, 11, 19))
SYMBOLS: Final = ("NIFTY26NOVFUT", "NIFTY26DECFUT")
LOT: Final = 65
BLOCK_ROWS: Final = 20
AT_EXCHANGE: Final = {
    "fill_mode": "depth", "latency": {"enter_ms": 1500, "cancel_ms": 2500}, "candle_grace_ms": 1000,
    "escalate_after_ms": 2000, "reject_after_s": 10,
}  # fmt: skip
RISK: Final = {
    "daily_loss_rupees": 60_000, "daily_loss_counts": "net_open", "on_daily_loss": "flatten",
}  # fmt: skip
"""Open positions count, those of GTTs too; the limit is reached on one of the days."""
_LEGS: Final = (
    {"id": "near", "side": "sell", "type": "FUT", "expiry": "monthly", "stop": {"points": 4},
     "reentry_on_stop": {"as": "cost", "most": 5}, "target": {"points": 12},
     "reentry_on_target": {"as": "asap", "most": 5}},
    {"id": "far", "side": "buy", "type": "FUT", "expiry": "next_monthly", "stop": {"points": 6},
     "trail": {"every": {"points": 2}, "by": {"points": 1}}},
)  # fmt: skip
PLANS: Final = (
    {"id": "day", "underlying": "NIFTY", "reference": "future", "entry": {"at": "09:15:10"},
     "exit": {"at": "15:25:00"}, "legs": _LEGS,
     "overall": {"stop": {"rupees": 1500}, "lock": {"at": 300, "keep": 100, "every": 100, "by": 50},
                 "reentry_on_stop": {"as": "asap", "most": 3}}},
    {"id": "night", "underlying": "NIFTY", "reference": "future", "product": "NRML",
     "entry": {"at": "09:15:40"}, "exit": {"sessions": 1, "at": "09:16:10"},
     "legs": [leg | {"stop": {"points": 500}} for leg in _LEGS]},
)  # fmt: skip
"""One that comes back all morning, one that is held over the night."""
_OPEN_NS: Final = (9 * 60 + 15) * MINUTE_NS
_SQUARE_OFF_NS: Final = (15 * 60 + 19) * MINUTE_NS
_END_NS: Final = (15 * 60 + 31) * MINUTE_NS


def opened_ns(day: int) -> int:
    """When the daemon is started on a day: at its open, UTC ns."""
    return ist_midnight(DAYS[day]) + _OPEN_NS


def session(day: int, rows: int) -> Ticks:
    """The morning's `rows` ticks, and a few around the square-off and the close."""
    draw = random.Random(SEED + day)
    midnight = ist_midnight(DAYS[day])
    late = range(_SQUARE_OFF_NS, _END_NS, 40 * SECOND_NS)
    times = [midnight + _OPEN_NS + each * SECOND_NS for each in range(rows)]
    times += [midnight + each for each in late]
    price, ltp = 2_500_000, []
    for _ in times:
        price += draw.choice((-30, -20, -10, 0, 10, 20, 30)) * draw.choice((1, 1, 1, 5))
        ltp.append(price)
    prices = np.array(ltp, dtype=np.int64)
    return Ticks(
        ts=np.array(times, dtype=np.int64),
        instrument=np.array([draw.randrange(2) for _ in times], dtype=np.int32),
        ltp=prices,
        bid=prices - 10,
        ask=prices + 10,
        depth=np.array([_levels(draw, price) for price in ltp], dtype=np.int64),
    )


def _levels(draw: random.Random, price: int) -> list[tuple[int, int, int]]:
    """Few levels a side, of a lot: an order of three walks, or rests, and at times finds none."""
    levels: list[tuple[int, int, int]] = []
    for sign in (-1, 1):
        shown = draw.choice((0, 1, 1, 2, 5))
        levels += [(LOT, price + sign * 10 * level, 1) for level in range(1, shown + 1)]
        levels += [(0, 0, 0)] * (5 - shown)
    return levels


def script(day: int, rows: int) -> list[dict[str, Any]]:
    """Intents with near stops and targets, some that are refused, some that stay overnight."""
    draw = random.Random(SEED * 2 + day)
    block = session(day, rows)
    lines = []
    for row in range(5, rows - 5, 6):
        sign = draw.choice((1, -1))
        ltp = int(block.ltp[row]) // 100
        line: dict[str, Any] = {
            "ts": int(block.ts[row]) + 1,
            "symbol": SYMBOLS[int(block.instrument[row])],
            "signal": "EXIT" if draw.random() < 0.15 else "BUY" if sign > 0 else "SELL",
            "product": draw.choice(("MIS", "NRML")),
        }
        if line["signal"] != "EXIT":
            risk = draw.choice((1, 2, 5, 40))
            line |= {
                "qty": LOT * draw.choice((1, 2, 3, 400)),
                "sl_price": ltp - sign * risk,
                "tp_price": ltp + sign * risk * draw.choice((1, 2, 3)),
                "time_stop_bars": draw.choice((0, 1, 2)),
            }
        lines.append(line)
    return lines


def gtts(rows: int) -> list[dict[str, Any]]:
    """GTTs of the first day: some fire on it, the others wait over the night for the next.

    One goes on with trading after the morning, an OCO is placed shortly before the close with its
    two levels outside what is left of the day, one leg of it always beyond the next day's first
    prices or soon reached.
    """
    block = session(0, rows)
    lines = []
    for row, steps in ((8, 2), (20, 4), (40, 8), (60, 3)):
        ltp, symbol = int(block.ltp[row]), SYMBOLS[row % 2]
        below, above = ltp - 10 * steps, ltp + 10 * steps
        legs = [_leg(below, "SELL", -1), _leg(above, "BUY", 1)]
        lines.append(_gtt(int(block.ts[row]) + 1, symbol, legs[: 1 + row % 8 // 4], ltp))
    late = rows + 5
    left = block.ltp[late - 1 :]
    legs = [_leg(int(left.min()) - 10, "SELL", -1), _leg(int(left.max()) + 10, "SELL", -40)]
    ts = int(block.ts[late]) + 1
    lines += [_gtt(ts, symbol, legs, int(block.ltp[late])) for symbol in SYMBOLS]
    far = [_leg(10_000, "SELL", 0), _leg(90_000_000, "SELL", -1)]
    return [*lines, _gtt(ts, SYMBOLS[0], far, int(block.ltp[late]))]


def _leg(trigger: int, side: str, steps: int) -> dict[str, Any]:
    limit = trigger + 10 * steps
    return {"trigger": trigger / 100, "side": side, "qty": LOT, "price": limit / 100}


def _gtt(ts: int, symbol: str, legs: list[dict[str, Any]], ltp: int) -> dict[str, Any]:
    return {"ts": ts, "do": "gtt", "symbol": symbol, "legs": legs, "last_price": ltp / 100}


def write_files(
    place: Path, rows: int, *, at_exchange: bool = False, with_plans: bool = False
) -> None:
    """`live.yaml` and `replay.yaml` in `place`, with what they name.

    `at_exchange`: the live account's orders work at the paper exchange, and are underway for long;
    there are GTTs, and a day's loss closes everything.
    """
    lines = [each for day in range(len(DAYS)) for each in script(day, rows)]
    lines += gtts(rows) if at_exchange else []
    (place / "script.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    (place / "ticks.csv").write_text("\n".join(["ts,symbol,ltp,bid,ask", *_csv(rows)]) + "\n")
    replay = {"kind": "replay", "replay": {"files": [{"path": str(place / "ticks.csv")}]}}
    kite = {"ticker_url": "ws://127.0.0.1:9", "clock": "exchange", "history": False}
    for name, feed in (("replay", replay), ("live", {"kind": "kite", "kite": kite})):
        config = _config(place, feed)
        if at_exchange and name == "live":
            config |= {"execution": AT_EXCHANGE, "risk": RISK}
        if with_plans and name == "live":
            config |= {"plans": {"list": json.loads(json.dumps(PLANS))}}
        (place / f"{name}.yaml").write_text(yaml.safe_dump(config))


def _csv(rows: int) -> list[str]:
    block = session(0, rows)
    columns = zip(*(getattr(block, each).tolist() for each in _CSV), strict=True)
    return [
        f"{iso_ist(ts)},{SYMBOLS[index]},{ltp / 100},{bid / 100},{ask / 100}"
        for ts, index, ltp, bid, ask in columns
    ]


_CSV: Final = ("ts", "instrument", "ltp", "bid", "ask")


def _config(place: Path, feed: dict[str, Any]) -> dict[str, Any]:
    instruments = [
        {
            "tradingsymbol": symbol, "instrument_token": 256 * (number + 1) + 2,
            "exchange": "NFO", "segment": "NFO-FUT", "name": "NIFTY", "instrument_type": "FUT",
            "lot_size": LOT, "tick_size": 0.1, "expiry": dt.date(2026, 11 + number, 24),
        }
        for number, symbol in enumerate(SYMBOLS)
    ]  # fmt: skip
    scripted = {
        "id": "script", "module": "strategies.scripted", "class": "Scripted",
        "params": {"file": str(place / "script.jsonl")},
    }  # fmt: skip
    return {
        "version": 1,
        "account": ACCOUNT,
        "feed": feed,
        "universe": {"instruments": instruments},
        "execution": {"fill_mode": "bid_ask", "slippage_bps": 1, "candle_grace_ms": 1000},
        "strategies": {"list": [scripted]},
        "metrics": {"interval_s": 0.1},
    }
