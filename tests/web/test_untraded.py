"""The page shows what orders without a trade hold, what works of them, and what they made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.domain import account_totals
from daemon.domain.dates import ist_date
from daemon.domain.events import MarginMoved, PositionMarked, TradingEvent
from daemon.metrics.fill_quality import whole_paise
from daemon.report.fold import RunFold
from daemon.web.fold.book import Book
from daemon.web.sources.watched import Watched
from daemon.web.stream.follower import Follower
from daemon.web.stream.messages import market, snapshot_data
from tests.broker.test_gtt import OCO
from tests.broker.test_untraded_risk import ApiMarket, ApiWeek, opened
from tests.kit.market import CALL
from tests.kit.web import write_journal

CSS = Path(__file__).parents[2] / "daemon/web/assets/page.css"
ACCOUNT_KINDS = ("gtt", "risk", "mark", "margin")
NEUTRAL = ("mark", "operation", "cancelled")
"""Kinds that ask for no attention: they have the colours of every kind."""


@pytest.fixture(scope="module")
def session() -> ApiMarket:
    """A trade, a position without one that was closed in part, and an order that rests."""
    market = opened(enable_partial_exit=False)
    market.signal("BUY", 65)
    market.send("BUY", 195)
    market.depth_tick(110, bids=((109.95, 650),), asks=((110.05, 650),))
    market.send("SELL", 130)
    market.send("SELL", 65, kind="LIMIT", price_paise=150_00)
    market.depth_tick(110, bids=((109.95, 650),), asks=((110.05, 650),))
    assert market.held() == {f"{CALL}/NRML": 65}
    return market


@pytest.fixture
def follower(session: ApiMarket, tmp_path: Path) -> Iterator[Follower]:
    directory = tmp_path / "runs/one"
    with write_journal(directory, session.events):
        follower = Follower(Watched(directory=directory, out=tmp_path))
        yield follower
        follower.close()


def shown(follower: Follower, session: ApiMarket) -> dict[str, Any]:
    step = follower.step(session.now)
    while step.fault.startswith("event"):
        step = follower.step(session.now)
    assert not step.fault, step.fault
    found: dict[str, Any] = msgspec.json.decode(snapshot_data(step))
    return found


def test_positions_and_orders_without_a_trade_are_panels_of_their_own(
    follower: Follower, session: ApiMarket
) -> None:
    panels = shown(follower, session)["panels"]
    (position,) = panels["untraded"]
    wanted = {"position": f"{CALL}/NRML", "side": "LONG", "quantity": 65, "average_paise": 100_05}
    assert wanted.items() <= position.items()
    (order,) = panels["untraded_orders"]
    wanted = {"side": "SHORT", "state": "OPEN", "filled": 0, "pending": 65, "price_paise": 150_00}
    assert wanted.items() <= order.items()
    assert [row["symbol"] for row in panels["open"]] == [CALL]


def test_profit_and_loss_is_the_accounts_and_says_what_is_of_no_trade(
    follower: Follower, session: ApiMarket
) -> None:
    pnl, ledger = shown(follower, session)["panels"]["pnl"], session.engine.ledger
    assert pnl["gross_paise"] == account_totals.realized_paise(ledger) != 0
    assert pnl["charges_paise"] == whole_paise(account_totals.charges(ledger))
    assert pnl["untraded_realized_paise"] == 130 * (109_95 - 100_05)
    assert pnl["realized_today_paise"] == 130 * (109_95 - 100_05)
    (position,) = ledger.open_positions()
    (untraded,) = ledger.untraded.positions.values()
    opened = position.unrealized_paise(110_00) + untraded.cost.result_paise(110_00)
    assert pnl["open_ltp_paise"] == opened
    assert pnl["untraded_open_ltp_paise"] == untraded.cost.result_paise(110_00)
    (day,) = follower.book.days.values()
    assert day.row()["net_paise"] == pnl["net_paise"]
    assert (day.day, day.trades) == (ist_date(session.now).isoformat(), 0)
    assert follower.book.net.points()[-1][1] == pnl["net_paise"]


def test_the_market_moves_positions_without_a_trade_too(
    follower: Follower, session: ApiMarket
) -> None:
    panels = shown(follower, session)["panels"]
    data = msgspec.json.decode(market(follower.shown).partition(b"data: ")[2])
    assert data["untraded"] == panels["untraded"]


def test_an_account_without_such_orders_has_nothing_of_them(tmp_path: Path) -> None:
    story = opened(enable_partial_exit=False)
    story.signal("BUY", 65)
    directory = tmp_path / "runs/one"
    with write_journal(directory, story.events):
        follower = Follower(Watched(directory=directory, out=tmp_path))
        panels = shown(follower, story)["panels"]
        follower.close()
    assert (panels["untraded"], panels["untraded_orders"]) == ([], [])
    assert panels["pnl"]["untraded_net_paise"] is None


# the tape


def kinds_on_the_tape(events: list[TradingEvent]) -> set[str]:
    book = Book(RunFold())
    for event in events:
        book.take(event)
    return {row["kind"] for row in book.tape.newest()}


def test_what_happens_to_the_account_reaches_the_tape() -> None:
    story = opened()
    story.place(OCO)
    story.command("risk_reducing")
    assert kinds_on_the_tape(story.events) == {"gtt", "risk"}
    level = MarginMoved(
        seq=1,
        ts=story.now,
        input_no=1,
        from_level=0,
        level=90,
        blocked_rupees=95,
        cash_paise=10_000,
    )
    assert kinds_on_the_tape([level]) == {"margin"}


def test_marks_and_settlements_of_a_week_reach_the_tape() -> None:
    week = ApiWeek(restarts=False).run()
    assert any(isinstance(event, PositionMarked) for event in week.events)
    kinds = kinds_on_the_tape(week.events)
    assert {"mark", "fill", "exit"} <= kinds
    settled = [row for row in _rows(week.events) if "expiry" in row["words"]]
    assert settled
    assert {row["kind"] for row in settled} == {"exit"}


def test_each_kind_of_the_tape_has_a_colour_or_is_plain_on_purpose() -> None:
    coloured = set(re.findall(r'\[data-kind="(\w+)"\]', CSS.read_text(encoding="utf-8")))
    assert coloured == {"fill", "exit", "refused", "stop", "round", *ACCOUNT_KINDS} - {*NEUTRAL}


def _rows(events: list[TradingEvent]) -> list[dict[str, Any]]:
    book = Book(RunFold())
    for event in events:
        book.take(event)
    return book.tape.newest()
