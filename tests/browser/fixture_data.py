"""A snapshot of the page's contract with something in every panel."""

from __future__ import annotations

import time
from typing import Any

Json = dict[str, Any]
BASE = "V3-20261118-00000"
OPENING_MS = 1_794_973_500_000
"""2026-11-18 09:15:00 IST."""
CLOSING_MS = OPENING_MS + 375 * 60_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def header(**more: Any) -> Json:
    return {
        "paper": True, "account": "desk", "run": None, "mode": "live",
        "fill_profile": "bid/ask, 5 bps",
        "session": {"name": "NFO", "is_open": True, "closes_ms": CLOSING_MS, "opens_ms": None},
        "feed": {"kind": "kite", "age_ms": 240, "is_stale": False},
        "token": {"state": "ok", "until_ms": CLOSING_MS},
        "engine": "v3",
        "daemon": {"is_alive": True, "beat_ms": now_ms(), "pid": 4711, "started_ms": OPENING_MS,
                   "version": "0.3.0"},
        "now_ms": now_ms(), "clock_ms": OPENING_MS + 93 * 60_000, "pace": None, "notes": [],
    } | more  # fmt: skip


def pnl(move: int = 0) -> Json:
    return {
        "gross_paise": -2_466_675, "charges_paise": 384_334, "net_paise": -2_851_009,
        "open_ltp_paise": 1_832_450 + move, "open_exit_side_paise": 1_790_200 + move,
        "net_at_ltp_paise": -1_018_559 + move, "net_at_exit_side_paise": -1_060_809 + move,
        "day_low_paise": -3_120_440, "daily_loss_limit_paise": 5_000_000,
        "to_limit_paise": 2_533_325, "realized_today_paise": -2_466_675, "halted": None,
        "margin_used_paise": 46_318_200, "margin_free_paise": 3_681_800,
        "margin_peak_paise": 51_204_400, "hedge_benefit_paise": 12_845_300,
        "m2m_open_paise": -325_000,
        "untraded_realized_paise": 412_500, "untraded_charges_paise": 6_220,
        "untraded_net_paise": 406_280, "untraded_open_ltp_paise": -48_750 + move,
    }  # fmt: skip


def open_row(number: int, symbol: str, side: str, ltp: int, **more: Any) -> Json:
    return {
        "trade": f"{BASE}{number}", "strategy": "short_straddle", "symbol": symbol, "side": side,
        "quantity": 130, "lots": 2, "lot_size": 65, "entry_ms": OPENING_MS + number * 420_000,
        "entry_paise": ltp - 1_240, "ltp_paise": ltp, "bid_paise": ltp - 15, "ask_paise": ltp + 20,
        "quote_age_ms": 380, "stop_paise": ltp - 4_300, "stop_points_paise": 4_300,
        "stop_rupees_paise": 559_000, "target_paise": ltp + 8_800, "r_now": 0.42,
        "time_left_s": 1_130, "unrealized_paise": 161_200, "realized_paise": 0,
        "charges_paise": 8_412, "state": "ACTIVE",
    } | more  # fmt: skip


def untraded_row(ltp: int, **more: Any) -> Json:
    symbol = "NIFTY26NOV25100CE"
    return {
        "position": f"{symbol}/NRML", "symbol": symbol, "product": "NRML", "side": "LONG",
        "quantity": 195, "lots": 3, "average_paise": ltp + 250, "ltp_paise": ltp,
        "bid_paise": ltp - 10, "ask_paise": ltp + 15, "unrealized_paise": -48_750, "closing": None,
    } | more  # fmt: skip


def untraded_order() -> Json:
    return {
        "order": "X-20261118-000009", "symbol": "NIFTY26NOV25100CE", "product": "NRML",
        "side": "SHORT", "quantity": 195, "lots": 3, "kind": "LIMIT", "state": "OPEN",
        "tag": "gtt", "told_ms": OPENING_MS + 88 * 60_000, "filled": 65, "pending": 130,
        "price_paise": 14_250, "trigger_paise": None,
    }  # fmt: skip


def closed_row(number: int, net: int, words: str) -> Json:
    return {
        "trade": f"{BASE}{number}", "part": 1, "is_last": True, "strategy": "ema_trend",
        "symbol": "NIFTY26NOVFUT", "side": "SHORT", "quantity": 130, "lots": 2,
        "entry_ms": OPENING_MS + number * 600_000, "exit_ms": OPENING_MS + number * 900_000,
        "entry_paise": 2_489_670, "exit_paise": 2_506_380, "reason": "stop_loss", "words": words,
        "gross_paise": net + 95_108, "charges_paise": 95_108, "net_paise": net,
    }  # fmt: skip


def strategy(name: str, *, is_on: bool = True, net: int = 0, why: str | None = None) -> Json:
    return {
        "id": name, "is_on": is_on, "why_off": why, "open": 1, "trades": 4, "won": 1,
        "gross_paise": net + 120_000, "charges_paise": 120_000, "net_paise": net, "errors": 0,
    }  # fmt: skip


def tape_row(seq: int, kind: str, words: str, trade: str | None) -> Json:
    symbol = "NIFTY26NOVFUT" if trade else None
    at = OPENING_MS + seq * 71_000
    return {"seq": seq, "at_ms": at, "kind": kind, "trade": trade, "symbol": symbol, "words": words}


def trade_detail(trade: str) -> Json:
    fill = {"side": "sell", "kind": "entry", "quantity": 130, "price_paise": 2_489_670,
            "at_ms": OPENING_MS + 2_580_000, "gross_paise": 0, "charges": "857.80"}  # fmt: skip
    return {
        "trade": trade, "strategy": "ema_trend", "symbol": "NIFTY26NOVFUT", "side": "SHORT",
        "quantity": 130, "lots": 2, "lot_size": 65, "product": "MIS", "state": "CLOSED",
        "created_ms": OPENING_MS + 2_580_000, "asked_stop_paise": 2_504_890,
        "asked_target_paise": None, "stops": [],
        "fills": [fill, fill | {"kind": "exit", "gross_paise": -1_086_150, "charges": "93.2842"}],
    }  # fmt: skip


def snapshot() -> Json:
    return {
        "journal": "c0ffee01", "seq": 40,
        "panels": {
            "header": header(), "pnl": pnl(),
            "open": [
                open_row(5, "NIFTY26NOVFUT", "LONG", 2_506_070, strategy="ema_trend"),
                open_row(6, "NIFTY26NOV24950CE", "SHORT", 19_875, stop_paise=25_960, r_now=-0.35,
                         unrealized_paise=-98_750, target_paise=None, time_left_s=None),
            ],
            "untraded": [
                untraded_row(12_480),
                untraded_row(9_815, position="NIFTY26NOV24800PE/MIS", symbol="NIFTY26NOV24800PE",
                             product="MIS", side="SHORT", unrealized_paise=None, ltp_paise=None,
                             closing="margin_shortfall"),
            ],
            "untraded_orders": [untraded_order()],
            "waiting": [{
                "trade": f"{BASE}8", "strategy": "opening_range", "symbol": "NIFTY26NOV25000PE",
                "side": "LONG", "quantity": 65, "lots": 1, "state": "SUBMITTED",
                "sent_ms": OPENING_MS + 90 * 60_000, "reason": None, "kind": "MARKET",
                "price_paise": None, "trigger_paise": None, "filled": 0, "pending": 65,
            }],
            "refused": [{
                "trade": f"{BASE}7", "at_ms": OPENING_MS + 80 * 60_000, "strategy": "ema_trend",
                "symbol": "NIFTY26NOVFUT", "side": "LONG", "quantity": 2_600, "lots": 40,
                "reason": "max_order_quantity",
                "words": "the order is larger than risk.max_order_quantity allows (2,600 > 1,800)",
            }],
            "closed": [closed_row(4, -1_181_258, "stop loss"), closed_row(3, 425_627, "target")],
            "strategies": [
                strategy("ema_trend", net=-755_631),
                strategy("opening_range", net=-1_579_334),
                strategy("short_straddle", is_on=False, why="turned off by a person at 10:41:00"),
            ],
        },
        "tape": [
            tape_row(40, "stop", "stop from 25,125.00 to 25,048.90: 1 step gained", f"{BASE}5"),
            tape_row(38, "exit", "bought 130 NIFTY26NOVFUT at 25,063.80: stop loss", f"{BASE}4"),
            tape_row(33, "operation", "the daemon started", None),
            tape_row(31, "refused", "NIFTY26NOVFUT: larger than allowed", f"{BASE}7"),
            tape_row(30, "fill", "sold 130 NIFTY26NOVFUT at 24,896.70", f"{BASE}4"),
            tape_row(29, "gtt", "GTT 1 of NIFTY26NOV25100CE fired leg 1 at Rs 142.50", None),
            tape_row(28, "risk", "risk state REDUCING: a person said so", None),
            tape_row(27, "margin", "margin: more than 90 % of the cash is used", None),
            tape_row(26, "mark", "65 NIFTY26DECFUT carried over night, marked to the close", None),
        ],
    }  # fmt: skip
