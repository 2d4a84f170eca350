"""A made run of many days: weekly options bought and sold, each with a stop and a target."""

from __future__ import annotations

import datetime as dt
from random import Random

from daemon.domain.dates import MINUTE_NS
from daemon.metrics.fill_quality import FillProfile
from daemon.report.html import ReportData
from daemon.report.model import Point, RunFacts
from daemon.report.reader import report_data_from_journal
from tests.kit.report_events import EventScript, at

FIRST_DAY = dt.date(2026, 6, 1)
SAMPLES = 2_000
"""As many as `series.json` keeps of a run, however long it is."""
STRATEGIES = ("opening_range", "ema_trend", "short_straddle")
REASONS = ("stop_loss", "take_profit", "time_stop", "square_off")
FACTS = RunFacts(
    run_id="replay-120-days", profile=FillProfile(mode="bid_ask", slippage_bps=5, latency_ms=0)
)


def trading_days(days: int) -> list[dt.date]:
    """The first weekdays from `FIRST_DAY` on."""
    dates = (FIRST_DAY + dt.timedelta(days=number) for number in range(days * 2))
    return [date for date in dates if date.weekday() < 5][:days]


def long_run(days: int = 120, trades_a_day: int = 10) -> ReportData:
    """The data of its report."""
    random, script, dates = Random(120), EventScript(), trading_days(days)
    equity: list[Point] = []
    prices: dict[str, list[Point]] = {}
    for number, date in enumerate(dates):
        symbols = [f"NIFTY{_expiry(date):%y%b%d}{strike}CE".upper() for strike in (24_500, 25_000)]
        walk = _walk(random, date, days)
        for symbol in symbols:
            prices.setdefault(symbol, []).extend(walk)
        for trade in range(trades_a_day):
            _trade(script, random, date, trade, symbols[trade % 2])
        script.refuse(at("15:20:00", date), symbols[0], "max_open_positions", open=5, limit=5)
        equity += [(ts, 40 * number * 100 + paise) for ts, paise in walk]
    return report_data_from_journal(script.events, FACTS, prices=prices, equity=equity)


def _expiry(date: dt.date) -> dt.date:
    return date + dt.timedelta(days=(1 - date.weekday()) % 7)


def _walk(random: Random, date: dt.date, days: int) -> list[Point]:
    step = max(1, 375 * days // SAMPLES)
    paise, points = 12_000, []
    for minute in range(0, 376, step):
        paise = max(500, paise + int(random.gauss(0, 150)))
        points.append((at("09:15:00", date) + minute * MINUTE_NS, paise))
    return points


def _trade(script: EventScript, random: Random, date: dt.date, trade: int, symbol: str) -> None:
    start = at("09:20:00", date) + (trade * 30 + random.randrange(10)) * MINUTE_NS
    price = 10_000 + random.randrange(4_000)
    order_id = script.enter(
        start, symbol, "BUY", 75, price, stop=price - 1_000, target=price + 2_000,
        strategy=STRATEGIES[trade % 3],
    )  # fmt: skip
    script.move_stop(start + 5 * MINUTE_NS, order_id, price - 500, price)
    reason = REASONS[random.randrange(4)]
    script.leave(
        start + random.randrange(6, 25) * MINUTE_NS, order_id,
        price + random.randrange(-1_000, 1_200), reason,
    )  # fmt: skip
