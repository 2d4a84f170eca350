"""W17, what follows from the time too: no stop, uncovered options, a limit, a day, a daemon."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.alerts.conditions import Conditions
from daemon.alerts.cover import naked_options
from daemon.alerts.message import Message
from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_ns
from daemon.domain.events import ExchangeOrderMoved, ExitDemand, Levels
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.order import Side
from daemon.settings.config import Config, ExecutionConfig, FeedConfig, RiskConfig
from daemon.web.sources.watched import Setup, Watched
from daemon.web.stream.follower import Follower
from tests.alerts.rig import NOON, outbox_at
from tests.kit.sample_events import EventWriter, S
from tests.kit.web import write_journal

DAY = dt.date(2026, 11, 18)
CE, PE, FAR = "NIFTY26NOV25000CE", "NIFTY26NOV24000PE", "NIFTY26DEC26000CE"
ROWS = (
    Instrument(instrument_token=1, tradingsymbol=CE, name="NIFTY", instrument_type="CE",
               expiry="2026-11-24"),
    Instrument(instrument_token=2, tradingsymbol=PE, name="NIFTY", instrument_type="PE",
               expiry="2026-11-24"),
    Instrument(instrument_token=3, tradingsymbol=FAR, name="NIFTY", instrument_type="CE",
               expiry="2026-12-29"),
)  # fmt: skip
UNIVERSE = Universe(ROWS)
CONFIG = Config(
    feed=FeedConfig(kind="kite"),
    risk=RiskConfig(daily_loss_rupees=1000),
    execution=ExecutionConfig(square_off_before_close_min=20),
)


OPEN_AT = dt.time(15, 40)


def opened(
    writer: EventWriter, symbol: str, side: Side, quantity: int, stop: int | None = None
) -> str:
    """Return an order that filled at 100.00."""
    writer.next_input()
    order = writer.create(symbol, side, quantity, sl_paise=stop)
    writer.move(order, S.CREATED, S.SUBMITTED, "submitted")
    writer.move(order, S.SUBMITTED, S.FILLED, "filled", fill=writer.fill(side, quantity, 10_000))
    writer.move(order, S.FILLED, S.ACTIVE, "active", levels=Levels(stop_paise=stop))
    return order


def leaves(writer: EventWriter, order: str, side: Side, quantity: int, realized: int) -> None:
    writer.next_input()
    demand = ExitDemand(quantity=quantity)
    writer.move(order, S.ACTIVE, S.EXIT_PENDING, "signal_exit", demand=demand)
    fill = writer.fill(side, quantity, 10_000, realized_paise=realized)
    writer.move(order, S.EXIT_PENDING, S.CLOSED, "signal_exit", fill=fill)


def later(writer: EventWriter, ns: int) -> None:
    """Let the market's time pass: an order that is refused."""
    writer.next_input(ns)
    order = writer.create(CE, "BUY", 60)
    writer.move(order, S.CREATED, S.REJECTED, "lot_size")


def looked(
    place: Path, writer: EventWriter, now: int = 0, config: Config = CONFIG
) -> dict[str, Message]:
    """What is true of an account at `now`, by default right after its last event."""
    return at_moments(place, writer, [now or writer.ts], config)[0]


def at_moments(
    place: Path, writer: EventWriter, moments: list[int], config: Config = CONFIG
) -> list[dict[str, Message]]:
    directory = place / "accounts" / "a"
    with write_journal(directory, writer.events):
        pass
    follower = Follower(Watched(directory=directory, out=place, given=config))
    follower.setup = Setup(config=config, instruments=ROWS)
    conditions, found = Conditions(), []
    for now in moments:
        shown = follower.step(now)
        assert not shown.fault
        found.append(conditions.of(follower.view(now)))
    follower.close()
    return found


def kinds(found: dict[str, Message]) -> list[str]:
    return sorted(message.kind for message in found.values() if message.kind != "daemon_gone")


def test_w17_a_position_without_any_stop_is_told_once_it_is_no_longer_fresh(
    tmp_path: Path,
) -> None:
    writer = EventWriter()
    order = opened(writer, CE, "BUY", 50)
    assert kinds(looked(tmp_path / "fresh", writer)) == []
    later(writer, 10 * SECOND_NS)
    found = looked(tmp_path / "later", writer)
    assert kinds(found) == ["unprotected"]
    assert found[f"unprotected:{order}"].text == f"50 {CE} has no stop: {order}, strategy orb"


def test_w17_a_stop_of_its_own_or_of_its_plan_protects(tmp_path: Path) -> None:
    writer = EventWriter()
    opened(writer, CE, "BUY", 50, stop=9_500)
    later(writer, MINUTE_NS)
    assert kinds(looked(tmp_path / "own", writer)) == []
    planned = EventWriter()
    planned.next_input()
    opened(planned, CE, "BUY", 50)
    later(planned, MINUTE_NS)
    plan = {
        "id": "orb", "underlying": "NIFTY", "overall": {"stop": {"rupees": 500}},
        "entry": {"at": "09:45:00"}, "exit": {"at": "15:05:00"},
        "legs": [{"id": "a", "side": "buy", "type": "CE", "expiry": "weekly", "strike": "ATM"}],
    }  # fmt: skip
    values = {**msgspec.to_builtins(CONFIG), "plans": {"list": [plan]}}
    config = msgspec.convert(values, type=Config)
    assert kinds(looked(tmp_path / "plan", planned, config=config)) == []


@pytest.mark.parametrize(
    ("held", "naked"),
    [
        ({CE: -50}, {("NIFTY", "CE"): 50}),
        ({CE: -50, PE: -25}, {("NIFTY", "CE"): 50, ("NIFTY", "PE"): 25}),
        ({CE: -50, FAR: 50}, {}),  # it expires later
        ({CE: 50, FAR: -50}, {("NIFTY", "CE"): 50}),  # what covers is gone before
        ({CE: -50, FAR: 25}, {("NIFTY", "CE"): 25}),
        ({CE: -50, PE: 50}, {("NIFTY", "CE"): 50}),
        ({CE: 50, PE: 50}, {}),
        ({"NIFTY26NOVFUT": -50}, {}),
        ({}, {}),
    ],
)
def test_w17_a_short_option_is_covered_by_one_that_expires_no_earlier(
    held: dict[str, int], naked: dict[tuple[str, str], int]
) -> None:
    assert naked_options(held, UNIVERSE) == naked


def test_w17_an_uncovered_short_is_told_and_a_covered_one_is_not(tmp_path: Path) -> None:
    writer = EventWriter()
    opened(writer, CE, "SELL", 50, stop=12_000)
    later(writer, 10 * SECOND_NS)
    found = looked(tmp_path / "one", writer)
    assert found["naked_short:NIFTY CE"].text == (
        "50 units of NIFTY CE are sold and no option covers them"
    )
    opened(writer, FAR, "BUY", 50, stop=5_000)
    later(writer, 10 * SECOND_NS)
    assert kinds(looked(tmp_path / "two", writer)) == []


def test_w17_an_exit_that_was_triggered_and_has_no_fill_is_told(tmp_path: Path) -> None:
    writer = EventWriter()
    order = opened(writer, CE, "BUY", 50, stop=9_500)
    writer.next_input()
    demand = ExitDemand(quantity=50, level_paise=9_500, ltp_paise=9_400)
    writer.move(order, S.ACTIVE, S.SL_PENDING, "stop_loss", demand=demand)
    assert kinds(looked(tmp_path / "fresh", writer)) == []
    later(writer, 10 * SECOND_NS)
    [(_, message)] = [
        each for each in looked(tmp_path / "later", writer).items() if each[1].kind == "unfilled"
    ]
    assert message.text == (
        f"the exit of 50 {CE} was triggered (stop_loss) and has no fill: {order}"
    )


def entry_event(writer: EventWriter, order: str, kind: str, **more: Any) -> None:
    given: dict[str, Any] = {
        "seq": len(writer.events) + 1, "ts": writer.ts, "input_no": writer.input_no,
        "order_id": order, "exchange_id": f"{order}-1", "kind": kind, "state": "OPEN",
        "side": "BUY", "order_type": "SL", "quantity": 50, "limit_paise": 10_000,
        "trigger_paise": 9_900,
    }  # fmt: skip
    writer.events.append(ExchangeOrderMoved(**(given | more)))


@pytest.mark.parametrize(
    ("more", "is_told"),
    [({}, True), ({"filled": 25}, False), ({"is_exit": True}, False),
     ({"order_type": "LIMIT"}, False), ({"state": "TRIGGER PENDING"}, False)],
)  # fmt: skip
def test_w17_an_entry_that_was_triggered_and_has_no_fill_is_told_once_it_is_no_longer_fresh(
    more: dict[str, Any], is_told: bool, tmp_path: Path
) -> None:
    writer = EventWriter()
    writer.next_input()
    order = writer.create(CE, "BUY", 50, sl_paise=9_500)
    writer.move(order, S.CREATED, S.SUBMITTED, "submitted")
    entry_event(writer, order, "trigger_pending", state="TRIGGER PENDING")
    writer.next_input()
    entry_event(writer, order, "triggered", **more)
    assert kinds(looked(tmp_path / "fresh", writer)) == []
    later(writer, 10 * SECOND_NS)
    found = looked(tmp_path / "later", writer)
    assert kinds(found) == (["unfilled"] if is_told else [])
    if is_told:
        assert found[f"unfilled:{order}-1"].text == (
            f"the entry BUY 50 {CE} was triggered and has no fill: {order}"
        )


@pytest.mark.parametrize(("lost", "is_told"), [(79_900, False), (80_000, True)])
def test_w17_four_fifths_of_the_daily_limit_are_told_once_a_day(
    tmp_path: Path, lost: int, is_told: bool
) -> None:
    writer = EventWriter()
    leaves(writer, opened(writer, CE, "BUY", 50, stop=9_500), "SELL", 50, -lost)
    found = looked(tmp_path, writer)
    assert ("2026-11-18/daily_limit" in found) == is_told
    if is_told:
        assert found["2026-11-18/daily_limit"].text == (
            "Rs 800.00 of the day's limit of Rs 1,000.00 is lost"
        )


def test_w17_the_square_off_is_told_five_minutes_before(tmp_path: Path) -> None:
    writer = EventWriter(ts=ist_ns(DAY, dt.time(15, 0)))
    opened(writer, CE, "BUY", 50, stop=9_500)
    closes = ist_ns(DAY, OPEN_AT)
    at = closes - 20 * MINUTE_NS
    later(writer, at - 5 * MINUTE_NS - writer.ts - 1)
    assert kinds(looked(tmp_path / "before", writer)) == []
    later(writer, 1)
    found = looked(tmp_path / "soon", writer)
    assert found["2026-11-18/square_off"].text == (
        "in 5 minutes 1 intraday position will be squared off"
    )
    later(writer, 5 * MINUTE_NS)
    assert kinds(looked(tmp_path / "after", writer)) == []


def test_w17_a_day_is_summed_up_when_its_session_is_over(tmp_path: Path) -> None:
    writer = EventWriter()
    leaves(writer, opened(writer, CE, "BUY", 50, stop=9_500), "SELL", 50, 50_000)
    evening = ist_ns(DAY, dt.time(16, 0))
    during, after = at_moments(tmp_path, writer, [writer.ts, evening])
    assert "2026-11-18/day_summary" not in during
    assert after["2026-11-18/day_summary"].text == (
        "2026-11-18: 1 trade closed, gross Rs 500.00, charges Rs 47.20, net Rs 452.80; "
        "0 positions open"
    )


def test_w17_a_daemon_that_is_gone_in_a_session_is_told_and_outside_it_is_not(
    tmp_path: Path,
) -> None:
    writer = EventWriter()
    opened(writer, CE, "BUY", 50, stop=9_500)
    noon = ist_ns(DAY, dt.time(12, 0))
    night = ist_ns(DAY, dt.time(20, 0))
    moments = [noon, noon + 14 * SECOND_NS, noon + 15 * SECOND_NS, night, night + MINUTE_NS]
    found = [each.get("daemon_gone") for each in at_moments(tmp_path, writer, moments)]
    assert [message is not None for message in found] == [False, False, True, False, False]
    assert found[2] is not None
    assert found[2].text == "no daemon runs; 1 position open and not watched"


def test_w17_a_daemon_that_holds_its_account_is_not_gone(tmp_path: Path) -> None:
    writer = EventWriter()
    opened(writer, CE, "BUY", 50, stop=9_500)
    directory, noon = tmp_path / "accounts" / "a", ist_ns(DAY, dt.time(12, 0))
    with write_journal(directory, writer.events):  # and its lock is held
        follower = Follower(Watched(directory=directory, out=tmp_path, given=CONFIG))
        follower.setup = Setup(config=CONFIG, instruments=ROWS)
        conditions = Conditions()
        for now in (noon, noon + MINUTE_NS):
            follower.step(now)
            assert "daemon_gone" not in conditions.of(follower.view(now))
        follower.close()


def test_w17_a_condition_is_told_once_while_it_lasts_and_again_when_it_comes_back(
    tmp_path: Path,
) -> None:
    told = Message(kind="unprotected", text="x")
    day = Message(kind="day_summary", text="y")
    with outbox_at(tmp_path) as outbox:
        both = {"unprotected:1": told, "2026-11-18/day_summary": day}
        assert outbox.tell(both, now=NOON) == 2
    with outbox_at(tmp_path) as outbox:
        assert outbox.tell(both, now=NOON) == 0
        assert outbox.tell({}, now=NOON) == 0
        assert outbox.tell(both, now=NOON) == 1  # a day's stays told
        assert [each.message.text for each in outbox.waiting("phone", 9)] == ["x", "y", "x"]
