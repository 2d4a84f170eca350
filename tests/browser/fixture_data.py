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
        "limit_counts": "realized",
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
        "price_paise": 14_250, "trigger_paise": None, "validity": "DAY", "can_change": True,
    }  # fmt: skip


def gtt_leg(when: str, trigger: int, away: int | None, **more: Any) -> Json:
    return {
        "when": when, "trigger_paise": trigger, "away_paise": away,
        "away_share": None if away is None or away <= 0 else away / 12_480, "side": "SELL",
        "quantity": 195, "lots": 3, "price_paise": trigger - 50, "product": "NRML",
    } | more  # fmt: skip


def gtt_row(number: int, *legs: Json, **more: Any) -> Json:
    return {
        "gtt": number, "symbol": "NIFTY26NOV25100CE", "state": "active", "words": None,
        "kind": "two-leg" if len(legs) > 1 else "single", "told_ms": OPENING_MS + 80 * 60_000,
        "expires": "2027-11-18", "ltp_paise": 12_480, "legs": list(legs),
    } | more  # fmt: skip


def leg_row(leg: str, number: int, side: str, state: str, **more: Any) -> Json:
    return {
        "key": f"{leg}-{number}", "leg": leg, "attempt": number, "trade": f"{BASE}{number + 5}",
        "symbol": "NIFTY26NOV24950CE", "side": side, "quantity": 65, "lots": 1, "state": state,
        "words": None, "entry_paise": 20_000, "exit_paise": None, "ltp_paise": 19_000,
        "stop_paise": 25_000, "target_paise": None, "pnl_paise": 65_000,
    } | more  # fmt: skip


def plan_row(pnl: int = 91_000, **more: Any) -> Json:
    return {
        "plan": "straddle-0920", "underlying": "NIFTY", "is_on": True, "why_off": None,
        "round": "straddle-0920-20261118-1", "state": "OPEN", "began_ms": OPENING_MS + 300_000,
        "status": None,
        "legs": [
            leg_row("ce", 0, "SELL", "OVER", words="stop_loss", exit_paise=25_040, ltp_paise=None,
                    stop_paise=None, pnl_paise=-327_600),
            leg_row("pe", 0, "SELL", "OPEN", symbol="NIFTY26NOV24950PE"),
            leg_row("ce", 1, "SELL", "OPEN", entry_paise=25_040),
            {"key": "hedge-waits", "leg": "hedge", "attempt": None, "trade": None,
             "symbol": "NIFTY26NOV25100CE", "side": "BUY", "state": "WAITING", "quantity": None,
             "lots": None, "entry_paise": None, "exit_paise": None, "ltp_paise": None,
             "stop_paise": None, "target_paise": None, "pnl_paise": None,
             "words": "hedge waits to buy in NIFTY26NOV25100CE: for its momentum, from Rs 42.00."},
        ],
        "reentries": [{"of": "ce", "after": "stop", "most": 2, "left": 1}],
        "lines": [
            {"seq": 31, "at_ms": OPENING_MS + 400_000, "words": "reentry: ce is entered again."},
            {"seq": 12, "at_ms": OPENING_MS + 300_000, "words": "OPEN: all first legs are in."},
        ],
        "credit_paise": 2_470_000, "pnl_paise": pnl, "counts_charges": False,
        "stop_paise": -300_000, "floor_paise": -250_000, "floor_by": "trail",
        "to_floor_paise": pnl + 250_000, "target_paise": 600_000, "to_target_paise": 600_000 - pnl,
        "rounds": 14, "done": 12, "won": 8, "skips": 2, "net_paise": 1_284_550,
        "worst_paise": -411_275, "skipped": "no_premium 1, late_start 1",
    } | more  # fmt: skip


def idle_plan() -> Json:
    skipped = "SKIPPED: no_premium: no premium fitted in time; ce: only 2 of the 11 CE within 5"
    return plan_row(
        plan="condor-late", round="condor-late-20261118-1", state=None, began_ms=None, legs=[],
        reentries=[], status="Today's round is over", credit_paise=None, pnl_paise=None,
        stop_paise=None, floor_paise=None, floor_by=None, to_floor_paise=None, target_paise=None,
        to_target_paise=None,
        lines=[{"seq": 25, "at_ms": OPENING_MS + 900_000, "words": skipped}],
    )  # fmt: skip


def order_row(number: int, **more: Any) -> Json:
    return {
        "order": f"{BASE}{number}-1", "trade": f"{BASE}{number}", "symbol": "NIFTY26NOV24950CE",
        "side": "BUY", "is_exit": False, "kind": "LIMIT", "validity": "DAY", "tag": None,
        "state": "OPEN", "quantity": 65, "lots": 1, "filled": 0, "pending": 65,
        "price_paise": 19_500, "trigger_paise": None, "ltp_paise": 19_875, "away_paise": 395,
        "nearest_paise": 35, "nearest_ms": OPENING_MS + 400_000, "seen_ms": OPENING_MS + 390_000,
        "ahead": 1_300, "ahead_at_first": 2_600, "words": None,
    } | more  # fmt: skip


def order_over_row(number: int, **more: Any) -> Json:
    return order_row(
        number, state="CANCELLED", pending=0, near_misses=4, over_ms=OPENING_MS + 500_000,
        reason="ttl_over: its minutes (TTL) were over",
    ) | more  # fmt: skip


def chain(**more: Any) -> Json:
    def side(strike: int, sign: int) -> Json:
        ltp = max(500, 20_000 - sign * (strike - 24_950) * 60)
        return {
            "symbol": f"NIFTY26NOV{strike}{'CE' if sign > 0 else 'PE'}", "bid_paise": ltp - 5,
            "ask_paise": ltp + 10, "ltp_paise": ltp, "oi": 1_245_000, "age_ms": 400, "iv": 0.1345,
            "delta": sign * 0.52, "own": -130 if strike == 24_950 and sign > 0 else None,
            "own_lots": None,
        }  # fmt: skip

    rows = [
        {"strike_paise": strike * 100, "is_atm": strike == 24_950, "ce": side(strike, 1),
         "pe": side(strike, -1)}
        for strike in range(24_450, 25_500, 50)
    ]  # fmt: skip
    return {
        "underlyings": ["NIFTY", "BANKNIFTY"], "underlying": "NIFTY",
        "expiries": ["2026-11-24", "2026-12-01"], "expiry": "2026-11-24", "rows": rows,
        "clock_ms": OPENING_MS, "spot_paise": 2_496_120, "forward_paise": 2_497_460,
        "atm_paise": 2_495_000, "closes_ms": OPENING_MS + 20_000_000,
    } | more  # fmt: skip


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
            "gtts": [
                gtt_row(7, gtt_leg("below", 9_500, 2_980), gtt_leg("above", 18_050, 5_570)),
                gtt_row(9, gtt_leg("above", 1_05_000, None, side="BUY", quantity=1_950, lots=30),
                        symbol="BANKNIFTY26NOV52500PE", state="disabled", ltp_paise=None,
                        words="the contract has another lot now"),
            ],
            "plans": [plan_row(), idle_plan()],
            "orders": [
                order_row(8),
                order_row(9, side="SELL", is_exit=True, kind="SL", state="TRIGGER PENDING",
                          trigger_paise=24_000, price_paise=23_800, ahead=None, away_paise=2_100,
                          ahead_at_first=None, words="waits for its trigger"),
                order_row(10, price_paise=17_000, ahead=None, ahead_at_first=None,
                          away_paise=2_895, nearest_paise=2_600,
                          words="beyond the fifth level: the exchange does not show how many "
                                "units are ahead"),
            ],
            "orders_over": [order_over_row(7)],
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
