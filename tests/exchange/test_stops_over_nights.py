"""What lies at the exchange over a close, a night and a restart (F6)."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import SECOND_NS, ist_ns
from daemon.domain.events import ExchangeOrderMoved
from daemon.domain.ledger import Ledger
from tests.exchange.depth_market import DepthMarket
from tests.exchange.test_stops_and_targets import alerts, at, kinds, lying
from tests.exchange.test_trades import check
from tests.kit.drive import inputs_of, run_engine
from tests.kit.market import CLOSE, DATE
from tests.kit.restarts import Process
from tests.kit.scenario import random_scenario
from tests.kit.tiers import seeds
from tests.properties.test_restart import hold

NEXT_DATE = DATE + dt.timedelta(days=1)
NEXT_OPEN = ist_ns(NEXT_DATE, dt.time(9, 15))
NEXT_CLOSE = ist_ns(NEXT_DATE, dt.time(15, 30))


class TwoDays(DepthMarket):
    """The market of the stories with a session on the next date, and positions that stay."""

    def __init__(self, **config: Any) -> None:
        usual: dict[str, Any] = {
            "enable_trailing": False, "enable_time_stop": False, "enable_partial_exit": False,
            "stop_style": "sl_limit", "target_style": "limit",
        }  # fmt: skip
        super().__init__(**(usual | config))
        sessions = self.engine.engine.rules._sessions  # type: ignore[attr-defined]
        sessions[NEXT_DATE, "NFO-OPT"] = (NEXT_OPEN, NEXT_CLOSE)
        self.depth_tick()

    def night(self) -> None:
        """Let the session end, and the next one begin."""
        self.now = CLOSE
        self.clock(1)
        self.now = NEXT_OPEN
        self.volume = 1_000

    def restart(self) -> None:
        """Let another process go on from the ledger and what is carried over, as on a new day."""
        old = self.engine
        self.engine = PaperEngine(
            old.config,
            universe=old.universe,
            rules=old.engine.rules,
            ledger=msgspec.json.decode(msgspec.json.encode(old.ledger), type=Ledger),
            carry=old.engine.carry(),
            first_input_no=old.input_no,
        )


@pytest.mark.parametrize("mode", ["depth", "bid_ask"])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_f6_stop_and_target_are_placed_again_at_the_first_believed_quote(
    mode: str, is_restarted: bool
) -> None:
    made = TwoDays(fill_mode=mode, slippage_bps=0)
    made.signal("BUY", 65, 90.0, 110.0, product="NRML")
    made.night()
    assert kinds(made, "SL")[-1] == kinds(made, "LIMIT")[-1] == ("cancelled", "day_over")
    if is_restarted:
        made.restart()
    made.clock(1)
    assert not lying(made)
    at(made, 101.00, 100.95)
    assert lying(made) == [("SL", 65, 90.00, 89.00), ("LIMIT", 65, 0.00, 110.00)]
    at(made, 90.00, 89.95)
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    assert made.fills()[-1] == ("SELL", 65, 89.95)
    ids = [e.exchange_id for e in made.events if isinstance(e, ExchangeOrderMoved)]
    sent = [e.exchange_id for e in made.events
            if isinstance(e, ExchangeOrderMoved) and e.kind == "accepted"]  # fmt: skip
    assert len(sent) == len(set(sent)), "an id came twice"
    assert set(sent) == set(ids)
    check(made)


@pytest.mark.parametrize("is_restarted", [False, True])
def test_f6_a_trigger_that_the_night_has_met_leaves_at_the_market(is_restarted: bool) -> None:
    made = TwoDays()
    made.signal("BUY", 65, 90.0, 110.0, product="NRML")
    made.night()
    if is_restarted:
        made.restart()
    at(made, 80.00, 79.95)
    assert made.fills()[-1] == ("SELL", 65, 79.95)
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    assert kinds(made, "SL")[-1] == ("cancelled", "day_over")
    check(made)


def test_f6_a_target_that_the_night_has_met_fills_at_the_better_price() -> None:
    made = TwoDays()
    made.signal("BUY", 65, 90.0, 110.0, product="NRML")
    made.night()
    at(made, 115.00, 114.95)
    assert made.fills()[-1] == ("SELL", 65, 114.95)
    assert made.moves()[-2:] == [("TP_PENDING", "take_profit"), ("CLOSED", "take_profit")]
    check(made)


def test_f6_a_stop_that_stood_open_at_the_close_leaves_at_the_next_tick() -> None:
    made = TwoDays(escalate="never")
    made.signal("BUY", 65, 90.0, product="NRML")
    at(made, 85.00, 84.95)
    made.night()
    assert made.moves()[-1] == ("SL_PENDING", "stop_loss")
    at(made, 95.00, 94.95)
    assert made.fills()[-1] == ("SELL", 65, 94.95)
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    check(made)


def test_f33_what_was_refused_on_one_day_is_tried_again_on_the_next() -> None:
    made = TwoDays(instrument_type="CE")
    made.signal("BUY", 65, 45.0, product="NRML")
    assert alerts(made) == ["stop_not_at_exchange"]
    made.night()
    at(made, 80.00, 79.95)
    assert lying(made) == [("SL", 65, 45.00, 44.00)]
    check(made)


def test_a_position_of_the_day_is_forced_out_whole_at_the_last_best_bid() -> None:
    made = TwoDays()
    made.signal("BUY", 650, 90.0, 110.0)
    made.depth_tick(100.00, bids=((99.90, 65),), asks=((100.10, 65),))
    made.now = CLOSE - 5 * SECOND_NS
    made.clock(0)
    assert made.moves()[-1] == ("EXIT_PENDING", "square_off")
    made.now = CLOSE
    made.clock(1)
    last = [event for event in made.events if getattr(event, "to_state", "") == "CLOSED"][-1]
    fill = last.fill  # type: ignore[union-attr]
    assert fill is not None
    assert (fill.price_paise, fill.stale, fill.rule) == (99_90, True, "last_quote")
    assert not lying(made)
    check(made)


@pytest.mark.random
@pytest.mark.parametrize("seed", seeds(12))
def test_a_restart_at_any_input_is_as_none_with_stops_and_targets_at_the_exchange(
    seed: int, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    scenario = random_scenario(seed)
    execution = structs.replace(
        scenario.execution,
        fill_mode=("depth", "bid_ask", "mid")[seed % 3],
        stop_style="sl_limit",
        target_style=rng.choice(("limit", "engine_market")),
        refusals={"far_limit": rng.choice(("on", "off"))},
    )
    scenario = replace(scenario, execution=execution)
    inputs = list(inputs_of(scenario, rng.choice((1, 3, 50))))
    expected, _ = run_engine(scenario, 1)
    every = rng.choice((2, 5, 17, 60))
    process = Process(scenario, tmp_path, rng)
    lives = since = 0
    while process.taken < len(inputs):
        process.take(inputs[process.taken])
        since += 1
        if since >= every and lives < 20:
            process.crash()
            lives, since = lives + 1, 0
            process = Process(scenario, tmp_path, rng)
    process.commit()
    process.stop()
    hold(tmp_path, expected)


def test_the_scenarios_with_restarts_place_and_trigger_stops() -> None:
    met = set()
    for seed in range(12):
        scenario = random_scenario(seed)
        execution = structs.replace(
            scenario.execution, fill_mode="depth", stop_style="sl_limit", target_style="limit",
            refusals={"far_limit": "off"},
        )  # fmt: skip
        events, _ = run_engine(replace(scenario, execution=execution), 1)
        met |= {(e.order_type, e.kind) for e in events if isinstance(e, ExchangeOrderMoved)}
    assert {("SL", "triggered"), ("SL", "modified"), ("LIMIT", "filled")} <= met
