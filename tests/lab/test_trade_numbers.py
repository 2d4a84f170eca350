"""N3 by hand: a plan's round is one bet, periods, days to expiry, exposure (docs/LAB.md)."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import msgspec
import pytest

from daemon.domain.dates import IST, MINUTE_NS, ist_date, parse_ts
from daemon.lab.numbers import ClosedTrade, by_period, exposure, trade_figures
from daemon.lab.numbers.trades import joined_rounds
from daemon.rules.loader import load_rulebook


def trade(net: int, closed: str = "2026-11-18T10:00", **more: Any) -> ClosedTrade:
    """A closed trade with a net in paise; half an hour long."""
    at = parse_ts(closed)
    keys: dict[str, Any] = {
        "order_id": "O-1", "strategy_id": "ema", "tradingsymbol": "NIFTY26D0125000CE",
        "quantity": 75, "entry_ts": at - 30 * MINUTE_NS, "closed_ts": at, "net_paise": net,
        "risk_paise": 0, "adverse_paise": None, "favourable_paise": None,
    }  # fmt: skip
    return ClosedTrade(**(keys | more))


def leg(net: int, round_id: str, closed: str, **more: Any) -> ClosedTrade:
    return trade(net, closed, round_id=round_id, **more)


ROUND = [
    leg(30_000, "S-20261118-1", "2026-11-18T11:00", risk_paise=20_000, adverse_paise=-4_000),
    leg(-10_000, "S-20261118-1", "2026-11-18T12:00", risk_paise=20_000, adverse_paise=-12_000),
]


def test_n3_figures_of_trades_by_hand() -> None:
    told = trade_figures(
        [
            trade(40_000, risk_paise=20_000, adverse_paise=-5_000, favourable_paise=60_000),
            trade(-10_000, risk_paise=20_000, adverse_paise=-15_000, favourable_paise=0),
            trade(-20_000),
            trade(0),
        ]
    )
    assert (told.trades, told.wins, told.losses, told.flat) == (4, 1, 2, 1)
    assert told.win_rate == 0.25
    assert told.payoff == pytest.approx(40_000 / 15_000)
    assert told.expectancy_r == pytest.approx((2.0 - 0.5) / 2)
    assert told.trades_without_stop == 2
    assert told.mean_adverse_rupees == -100.0
    assert told.mean_favourable_rupees == 300.0


def test_n3_a_round_of_a_plan_is_one_bet() -> None:
    told = trade_figures([*ROUND, trade(-5_000)])
    assert (told.trades, told.wins, told.losses) == (2, 1, 1)
    assert told.payoff == pytest.approx(20_000 / 5_000)
    assert told.expectancy_r == pytest.approx(20_000 / 40_000)
    assert told.trades_without_stop == 1
    assert told.mean_adverse_rupees == -80.0  # of the trades: a round's are not at worst together


def test_n3_a_round_with_a_leg_without_stop_has_none() -> None:
    told = trade_figures([*ROUND, leg(1_000, "S-20261118-1", "2026-11-18T12:30")])
    assert (told.trades, told.expectancy_r, told.trades_without_stop) == (1, None, 1)


def test_n3_a_round_that_is_not_over_has_come_to_nothing_yet() -> None:
    running = leg(9_000, "S-20261118-2", "2026-11-18T13:00", round_is_over=False)
    assert trade_figures([*ROUND, running]) == trade_figures(ROUND)


def test_n3_joined_rounds_stay_as_they_are() -> None:
    once = joined_rounds([*ROUND, trade(-5_000)])
    assert joined_rounds(once) == once
    assert [unit.net_paise for unit in once] == [-5_000, 20_000]  # by the last exit


@pytest.mark.parametrize(
    ("period", "keys"),
    [
        ("day", ["2026-11-18", "2026-12-31", "2027-01-01"]),
        ("week", ["2026-W47", "2026-W53"]),
        ("month", ["2026-11", "2026-12", "2027-01"]),
        ("weekday", ["3", "4", "5"]),
        ("hour", ["10", "12", "15"]),
    ],
)
def test_n3_periods_are_those_of_the_last_exit(period: Any, keys: list[str]) -> None:
    trades = [*ROUND, trade(100, "2026-12-31T15:20"), trade(-300, "2027-01-01T10:59")]
    rows = by_period(trades, period)
    assert [row.key for row in rows] == keys
    assert sum(row.net_paise for row in rows) == 19_800
    assert sum(row.trades for row in rows) == 3
    assert sum(row.wins for row in rows) == 2


def test_n3_days_to_expiry_are_counted_from_the_entry_to_the_nearest_contract() -> None:
    expiries = load_rulebook().expiries
    near, far = "NIFTY26N2425000CE", "NIFTY26DECFUT"
    spread = [
        leg(500, "R-1", "2026-11-20T10:00", tradingsymbol=near),
        leg(500, "R-1", "2026-11-20T10:00", tradingsymbol=far),
    ]
    alone = trade(-200, "2026-11-23T09:40", tradingsymbol=far)
    rows = by_period([*spread, alone, trade(7, tradingsymbol="INFY")], "days_to_expiry",
                     expiries.of_symbol)  # fmt: skip
    found = {row.key: row.net_paise for row in rows}
    last_tuesday = dt.date(2026, 12, 29)
    assert found == {"": 7, "4": 1_000, str((last_tuesday - dt.date(2026, 11, 23)).days): -200}
    assert [row.key for row in rows] == ["", "4", "36"]


def test_n3_exposure_counts_each_minute_once() -> None:
    opens = parse_ts("2026-11-18T09:15")
    day = dt.datetime.fromtimestamp(opens / 1e9, IST).date()
    hours = {day: (opens, opens + 60 * MINUTE_NS)}
    two = [trade(1, "2026-11-18T09:50"), trade(1, "2026-11-18T10:00")]  # 09:20-09:50, 09:30-10:00
    assert exposure(two, hours) == 41 / 60  # 09:20 to 10:00, both included
    assert exposure([trade(1, "2026-11-18T09:15")], hours) == 1 / 60  # cut at the open


def test_n3_exposure_of_overlapping_trades_over_days_is_that_of_their_minutes() -> None:
    """Against a set of minutes, for trades that begin and end anywhere, sessions or not."""
    dice = random.Random(5)
    opens = [parse_ts(f"2026-11-{day}T09:15") for day in (17, 18, 20)]
    hours = {ist_date(at): (at, at + 30 * MINUTE_NS) for at in opens}
    for _ in range(200):
        trades = []
        for _ in range(dice.randrange(1, 6)):
            entry = dice.choice(opens) + dice.randrange(-40, 60) * MINUTE_NS // 2
            closed = entry + dice.choice([0, 7, 45, 1_400, 3_000]) * MINUTE_NS // 2
            trades.append(msgspec.structs.replace(trade(1), entry_ts=entry, closed_ts=closed))
        minutes = {
            minute
            for open_ts, close_ts in hours.values()
            for minute in range(open_ts, close_ts, MINUTE_NS)
            if any(
                each.entry_ts < minute + MINUTE_NS and each.closed_ts >= minute for each in trades
            )
        }
        assert exposure(trades, hours) == len(minutes) / 90
