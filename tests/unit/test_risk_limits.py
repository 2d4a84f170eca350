"""Limits on what is open, pauses after losses, the day's loss, and the risk states."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS, iso_ist, ist_day, ist_midnight
from daemon.domain.events import OrderMoved, RiskMoved, TradingEvent, decode_event, encode_event
from daemon.domain.ledger import Ledger
from daemon.domain.risk_state import RiskState
from daemon.errors import ConfigError
from daemon.journal.account_words import standing_sentence
from daemon.metrics.collector import MetricsCollector
from daemon.metrics.fill_quality import FillProfile
from daemon.settings.check import check_config, fingerprint
from daemon.settings.config import Config, MaxLotsConfig, RiskConfig
from tests.kit.market import CALL, DATE, PUT, Market

MIDNIGHT = ist_midnight(DATE + dt.timedelta(days=1))


def opened(**risk: Any) -> Market:
    market = Market(risk=RiskConfig(**risk), enable_partial_exit=False)
    market.tick(100)
    market.tick(50, symbol=PUT)
    return market


def refusal(market: Market) -> tuple[str, dict[str, int | str] | None]:
    last = market.events[-1]
    assert isinstance(last, OrderMoved)
    assert last.to_state == "REJECTED"
    return last.reason, last.numbers


def is_admitted(market: Market) -> bool:
    return market.moves()[-1] == ("ACTIVE", "active")


def risk_moves(market: Market) -> list[tuple[str, str, int]]:
    return [(e.state, e.reason, e.until_ts) for e in market.events if isinstance(e, RiskMoved)]


def next_day(market: Market) -> None:
    market.engine.engine.start_day(DATE + dt.timedelta(days=1))
    market.events += market.engine.engine.lifecycle.take_events()


# what is open


def test_the_lots_of_a_strategy_count_open_and_waiting_together() -> None:
    market = opened(max_lots=MaxLotsConfig(strategy=3))
    market.signal("BUY", 50)
    market.signal("SELL", 50, symbol=PUT)
    numbers = {"of": "strategy", "held": 2, "lots": 2, "limit": 3}
    assert refusal(market) == ("max_lots", numbers)
    market.signal("SELL", 50, symbol=PUT, strategy_id="another")
    assert is_admitted(market)
    market.signal("BUY", 25)
    assert is_admitted(market)


def test_the_lots_of_an_underlying_count_over_all_strategies() -> None:
    market = opened(max_lots=MaxLotsConfig(underlying=3))
    market.signal("BUY", 50)
    market.signal("BUY", 50, symbol=PUT, strategy_id="another")
    assert is_admitted(market)  # without a name each contract is its own underlying
    market.signal("BUY", 50, strategy_id="another")
    assert refusal(market)[1] == {"of": "underlying", "held": 2, "lots": 2, "limit": 3}


def test_contract_value_counts_what_is_open_waiting_and_asked_for() -> None:
    market = opened(max_notional_rupees=6_250)
    market.signal("BUY", 25)
    market.signal("BUY", 50, symbol=PUT)
    assert is_admitted(market)
    market.signal("BUY", 50, symbol=PUT)
    numbers = {"held_paise": 5_000_00, "order_paise": 2_500_00, "limit_paise": 6_250_00}
    assert refusal(market) == ("max_notional", numbers)
    market.signal("BUY", 25, symbol=PUT)
    assert is_admitted(market)


def test_entries_are_counted_by_the_minute_of_the_clock() -> None:
    market = opened(max_orders_per_minute=2)
    for _ in range(3):
        market.signal("BUY", 25)
    minute = market.now // MINUTE_NS + 1
    numbers = {"orders": 2, "limit": 2, "until_ts": minute * MINUTE_NS}
    assert refusal(market) == ("max_orders_per_minute", numbers)
    market.tick(100, after_s=(minute * MINUTE_NS - market.now) / SECOND_NS)
    market.signal("BUY", 25)
    assert is_admitted(market)


def test_a_strategy_pauses_after_its_own_loss_and_is_told_until_when() -> None:
    market = opened(cooldown_after_loss_s=30)
    market.signal("BUY", 25)
    market.tick(99)
    market.signal("EXIT")
    lost = market.now
    market.signal("BUY", 25)
    assert refusal(market) == ("cooldown", {"lost_ts": lost, "until_ts": lost + 30 * SECOND_NS})
    market.signal("BUY", 25, strategy_id="another")
    assert is_admitted(market)
    market.tick(99, after_s=30)
    market.signal("BUY", 25)
    assert is_admitted(market)


# the day's loss


def test_open_losses_count_where_the_configuration_says_so() -> None:
    for counts, admitted in (("realized", True), ("net_open", False)):
        market = opened(daily_loss_rupees=100, daily_loss_counts=counts)
        market.signal("BUY", 25)
        market.tick(96)
        market.signal("BUY", 25, symbol=PUT)
        assert is_admitted(market) == admitted
    numbers = {"net_open_paise": -100_00, "limit_paise": 100_00}
    assert refusal(market) == ("daily_loss", numbers)


def test_a_loss_seen_at_a_full_minute_halts_the_account_until_the_day_is_over() -> None:
    market = opened(daily_loss_rupees=100, daily_loss_counts="net_open")
    market.signal("BUY", 25)
    market.tick(96)
    market.tick(96, after_s=60)
    assert risk_moves(market) == [("HALTED", "daily_loss", MIDNIGHT)]
    market.tick(101)
    market.signal("BUY", 25)
    assert refusal(market) == ("halted", {"because": "daily_loss", "until_ts": MIDNIGHT})
    assert len(market.engine.ledger.positions) == 1


@pytest.mark.parametrize("counts", ["realized", "net_open"])
def test_flatten_closes_everything_once_the_limit_is_reached(counts: str) -> None:
    market = opened(daily_loss_rupees=100, daily_loss_counts=counts, on_daily_loss="flatten")
    market.signal("BUY", 25)
    market.signal("BUY", 25, symbol=PUT, strategy_id="another")
    market.tick(96)
    market.signal("EXIT")
    market.tick(50, symbol=PUT, after_s=60)
    assert market.engine.ledger.positions == {}
    assert market.moves()[-1] == ("CLOSED", "daily_loss")


def test_the_default_limit_makes_no_event_and_looks_at_nothing_between_entries() -> None:
    market = opened(daily_loss_rupees=100)
    market.signal("BUY", 25)
    market.tick(90)
    market.signal("EXIT")
    market.tick(90, after_s=120)
    market.signal("BUY", 25)
    assert refusal(market)[0] == "daily_loss"
    assert risk_moves(market) == []


# states


def folded(events: list[TradingEvent]) -> Ledger:
    ledger = Ledger()
    for event in events:
        ledger.apply(decode_event(encode_event(event)))
    return ledger


def test_the_metrics_say_in_which_state_the_account_is_and_until_when() -> None:
    market = opened(daily_loss_rupees=100, daily_loss_counts="net_open")
    collector = MetricsCollector(FillProfile(mode="mid", slippage_bps=0, latency_ms=0))
    shown = collector.snapshot(now_ts=0)["risk"]
    assert shown == {"state": "ACTIVE", "reason": "", "until": None}
    market.command("risk_reducing")
    market.signal("BUY", 25)
    market.command("risk_active")
    market.signal("BUY", 25)
    market.tick(90)
    market.tick(90, after_s=60)
    seen = []
    for event in market.events:
        collector.on_committed([event], seq=event.seq)
        if isinstance(event, RiskMoved):
            seen.append(collector.snapshot(now_ts=0)["risk"])
    assert seen == [
        {"state": "REDUCING", "reason": "command", "until": None},
        {"state": "ACTIVE", "reason": "command", "until": None},
        {"state": "HALTED", "reason": "daily_loss", "until": iso_ist(MIDNIGHT)},
    ]
    assert standing_sentence(folded(market.events).risk) == (
        "risk state HALTED: the day's loss limit was reached; new entries are refused and waiting "
        "ones cancelled, exits work, until 2026-11-19 00:00 IST"
    )
    assert standing_sentence(Ledger().risk) == ""


def test_reducing_refuses_entries_and_lets_exits_work() -> None:
    market = opened()
    market.signal("BUY", 25, sl=95.0)
    market.command("risk_reducing")
    market.signal("BUY", 25)
    assert refusal(market) == ("reducing", {"because": "command"})
    market.tick(94)
    assert market.moves()[-1] == ("CLOSED", "stop_loss")
    market.command("risk_active")
    market.tick(100)
    market.signal("BUY", 25)
    assert is_admitted(market)


def test_halted_cancels_what_waits_and_reducing_does_not() -> None:
    for command, left in (("risk_reducing", 1), ("risk_halted", 0)):
        market = Market(latency_ms=500)
        market.tick(100)
        market.signal("BUY", 25)
        market.command(command)
        waiting = [o for o in market.engine.ledger.orders.values() if o.state == "SUBMITTED"]
        assert len(waiting) == left
    assert market.moves()[-1] == ("CANCELLED", "halted")


def test_the_same_command_twice_is_one_move() -> None:
    market = opened()
    market.command("risk_halted")
    market.command("risk_halted")
    assert risk_moves(market) == [("HALTED", "command", 0)]


def test_a_state_outlives_a_start_and_a_day_s_lockout_ends_with_its_day() -> None:
    market = opened(daily_loss_rupees=100, daily_loss_counts="net_open")
    market.signal("BUY", 25)
    market.tick(96)
    market.tick(96, after_s=60)
    again = Market(ledger=folded(market.events))
    again.now = market.now
    again.tick(96)
    again.signal("BUY", 25)
    assert refusal(again)[0] == "halted"
    next_day(again)
    assert risk_moves(again) == [("ACTIVE", "day_over", 0)]
    assert again.engine.ledger.risk.state is RiskState.ACTIVE
    assert again.engine.ledger.positions[market.position.order_id].tradingsymbol == CALL


def test_the_end_of_a_lockout_is_told_with_the_time_of_the_next_day_s_first_input() -> None:
    market = opened(daily_loss_rupees=100, daily_loss_counts="net_open")
    market.signal("BUY", 25)
    market.tick(96)
    market.tick(96, after_s=60)
    again = Market(ledger=folded(market.events))
    again.now = market.now
    again.clock(24 * 3600)
    assert risk_moves(again) == [("ACTIVE", "day_over", 0)]
    assert (again.events[0].ts, again.events[0].input_no) == (again.now, 1)


def test_a_command_holds_over_nights() -> None:
    market = opened()
    market.command("risk_reducing")
    next_day(market)
    assert market.engine.ledger.risk.state is RiskState.REDUCING


def test_what_the_state_is_already_makes_no_event() -> None:
    market = opened()
    market.command("risk_active")
    assert risk_moves(market) == []


def test_a_person_s_word_holds_again_when_a_day_s_lockout_is_over() -> None:
    market = opened(daily_loss_rupees=100, daily_loss_counts="net_open")
    market.signal("BUY", 25)
    market.command("risk_reducing")
    market.tick(96)
    market.tick(96, after_s=60)
    assert folded(market.events).risk.ordered is RiskState.REDUCING
    next_day(market)
    assert risk_moves(market)[1:] == [
        ("HALTED", "daily_loss", MIDNIGHT),
        ("REDUCING", "day_over", 0),
    ]


def test_flatten_closes_everything_also_where_a_person_halted_the_account() -> None:
    market = opened(daily_loss_rupees=100, daily_loss_counts="net_open", on_daily_loss="flatten")
    market.signal("BUY", 25)
    market.command("risk_halted")
    market.tick(96)
    market.tick(96, after_s=60)
    assert market.moves()[-1] == ("CLOSED", "daily_loss")
    assert risk_moves(market) == [("HALTED", "command", 0)]


def test_a_minute_of_an_earlier_day_is_judged_by_the_result_of_that_day() -> None:
    market = opened(daily_loss_rupees=100, daily_loss_counts="net_open")
    market.signal("BUY", 25, product="NRML")
    market.tick(110)
    market.signal("EXIT")  # 250 realized on the first day
    market.signal("BUY", 25, product="NRML")
    market.tick(102)  # 200 of it are open loss
    assert market.engine.engine.admission.result_of(ist_day(market.now)) == 50_00
    market.clock(18 * 3600)
    assert risk_moves(market) == []


# the configuration


@pytest.mark.parametrize(
    "setting", [{"on_daily_loss": "flatten"}, {"daily_loss_counts": "net_open"}]
)
def test_what_the_loss_does_needs_a_limit(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"risk\.\w+: \w+ has no effect without risk\.daily"):
        check_config(Config(version=1, risk=RiskConfig(**setting)))
    check_config(Config(version=1, risk=RiskConfig(**setting, daily_loss_rupees=1)))


def test_a_configuration_without_the_new_keys_keeps_its_fingerprint() -> None:
    plain = fingerprint(Config(version=1))
    assert fingerprint(Config(version=1, risk=RiskConfig(on_daily_loss="halt"))) == plain
    for risk in (
        RiskConfig(max_lots=MaxLotsConfig(strategy=1)), RiskConfig(max_orders_per_minute=1),
        RiskConfig(cooldown_after_loss_s=1), RiskConfig(max_notional_rupees=1),
    ):  # fmt: skip
        assert fingerprint(Config(version=1, risk=risk)) != plain
