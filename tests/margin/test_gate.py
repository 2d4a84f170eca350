"""The gate and the figures in the engine (docs/MARGIN.md)."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import ist_ns
from daemon.domain.events import OrderMoved
from daemon.domain.instrument import Instrument, InstrumentType, Universe
from daemon.domain.ledger import Ledger
from daemon.domain.statistics import MarginStatus
from daemon.execution.margin_desk import MarginTerms
from daemon.margin.models import Model, margins
from daemon.margin.portfolio import Holding, Underlying
from daemon.margin.scenario_margin import UnderlyingMargin, margin_of
from daemon.settings.config import ExecutionConfig
from tests.kit.market import Market
from tests.margin.portfolios import RULES
from tests.margin.portfolios import Market as Prices

DATE = dt.date(2026, 11, 18)
SPOT, FUTURE = "NIFTY 50", "NIFTY26DECFUT"
CALL, HEDGE, NEAR = "NIFTY26DEC24500CE", "NIFTY26DEC24800CE", "NIFTY26NOV24000PE"
EXPIRY, NEAR_EXPIRY = "2026-12-29", "2026-11-23"


def contract(
    token: int, symbol: str, kind: InstrumentType, expiry: str = "", strike: int = 0
) -> Instrument:
    return Instrument(
        instrument_token=token, tradingsymbol=symbol, name="NIFTY", instrument_type=kind,
        segment="NFO-FUT" if kind == "FUT" else "NFO-OPT", lot_size=65, expiry=expiry,
        strike_paise=strike * 100,
    )  # fmt: skip


UNIVERSE = Universe(
    [
        Instrument(
            instrument_token=1, tradingsymbol=SPOT, exchange="NSE", segment="INDICES",
            name=SPOT, instrument_type="INDEX",
        ),
        contract(2, FUTURE, "FUT", EXPIRY),
        contract(3, CALL, "CE", EXPIRY, 24_500),
        contract(4, HEDGE, "CE", EXPIRY, 24_800),
        contract(5, NEAR, "PE", NEAR_EXPIRY, 24_000),
    ]
)  # fmt: skip


def market(
    capital: float | None = None,
    *,
    universe: Universe = UNIVERSE,
    ledger: Ledger | None = None,
    ticks: bool = True,
    **config: Any,
) -> Market:
    story = Market()
    settings: dict[str, Any] = {"fill_mode": "ltp", "slippage_bps": 0, "enable_time_stop": False}
    terms = MarginTerms(None if capital is None else round(capital * 100), RULES.margin_rates)
    story.engine = PaperEngine(
        ExecutionConfig(**(settings | config)), universe=universe, rules=RULES, ledger=ledger,
        margin=terms,
    )  # fmt: skip
    story.now = ist_ns(DATE, dt.time(11, 0)) + 10**9
    if ticks:
        for symbol, price in ((SPOT, 24_000), (FUTURE, 24_100), (CALL, 300), (HEDGE, 200)):
            story.tick(price, symbol=symbol)
    return story


def status(story: Market) -> MarginStatus:
    found = story.engine.stats().margin
    assert found is not None
    return found


def refused(story: Market) -> dict[str, int | str]:
    last = story.events[-1]
    assert isinstance(last, OrderMoved)
    assert (last.to_state, last.reason) == ("REJECTED", "insufficient_margin")
    assert last.numbers is not None
    return last.numbers


def blocked(now: str, **held: int) -> int:
    """What the model gives for calls at 300 and 200, by hand."""
    prices = Prices(now, spot=24_000, forward=24_100)
    contracts = {
        "call": prices.contract("CE", EXPIRY, 300, 24_500),
        "hedge": prices.contract("CE", EXPIRY, 200, 24_800),
    }
    # the session of that day ends at 15:45, and expiring index contracts at 15:30
    some = [Holding(contract=contracts[name], held=units) for name, units in held.items()]
    return margin_of(prices.underlying(some)).held.blocked


def test_without_a_capital_nothing_is_refused_and_nothing_computed_at_an_order() -> None:
    story = market()
    story.signal("SELL", 1_300, symbol=CALL)
    assert story.moves()[-1] == ("ACTIVE", "active")
    assert story.engine.stats().margin is None
    story.clock(60)
    assert status(story) == MarginStatus(
        used_rupees=blocked("2026-11-18 11:01", call=-1_300),
        peak_rupees=blocked("2026-11-18 11:01", call=-1_300),
        free_paise=None,
    )


def test_figures_are_those_of_the_last_passed_minute_and_the_peak_stays() -> None:
    story = market()
    story.signal("SELL", 65, symbol=CALL)
    story.signal("BUY", 65, symbol=HEDGE)
    story.clock(60)
    first = status(story)
    assert first.used_rupees == blocked("2026-11-18 11:01", call=-65, hedge=65)
    assert first.hedge_benefit_rupees == blocked("2026-11-18 11:01", call=-65) - first.used_rupees
    story.tick(200, symbol=HEDGE)
    story.signal("EXIT", symbol=HEDGE)
    assert status(story) == first
    story.clock(58)
    naked = status(story)
    assert naked.used_rupees == blocked("2026-11-18 11:02", call=-65) == naked.peak_rupees
    story.tick(300, symbol=CALL)
    story.signal("EXIT", symbol=CALL)
    story.clock(60)
    assert status(story) == MarginStatus(peak_rupees=naked.peak_rupees)


def test_nothing_is_computed_while_nothing_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(some: list[Underlying], model: Model) -> list[UnderlyingMargin]:
        calls.append(len(some))
        return margins(some, model)

    monkeypatch.setattr("daemon.execution.margin_desk.margins", counted)
    story = market()
    story.minutes(5)
    assert calls == []
    story.signal("SELL", 65, symbol=CALL)
    for _ in range(50):
        story.tick(301, symbol=CALL)
    assert calls == []
    story.clock(10)
    assert calls == [1]
    story.tick(301, symbol=CALL)
    story.signal("EXIT", symbol=CALL)
    story.minutes(10)
    assert calls == [1, 0]


def test_an_entry_passes_with_its_last_paisa_and_not_with_less() -> None:
    wanted = refused_with(1_000.0)
    required = int(wanted["required_paise"])
    assert wanted["available_paise"] == 100_000
    assert wanted["blocked_before_paise"] == 0
    assert required == int(wanted["blocked_after_paise"]) + int(wanted["charges_paise"])
    assert wanted["blocked_after_paise"] == 100 * blocked("2026-11-18 11:00", call=-65)
    assert wanted["premium_paise"] == 0
    assert refused_with(required / 100 - 0.01)["available_paise"] == required - 1
    enough = market(required / 100)
    enough.signal("SELL", 65, symbol=CALL)
    assert enough.moves()[-1] == ("ACTIVE", "active")


def refused_with(capital: float) -> dict[str, int | str]:
    story = market(capital)
    story.signal("SELL", 65, symbol=CALL)
    return refused(story)


def test_a_bought_option_needs_its_premium_at_the_protected_limit() -> None:
    story = market(20_000)
    story.signal("BUY", 65, symbol=CALL)
    assert story.moves()[-1] == ("ACTIVE", "active")
    tight = market(19_700)
    tight.signal("BUY", 65, symbol=CALL)
    numbers = refused(tight)
    assert numbers["premium_paise"] == 65 * 306_00
    assert numbers["blocked_after_paise"] == 0


def test_a_hedge_that_is_filled_pays_for_the_short() -> None:
    hedged = 100_000.0
    alone = market(hedged)
    alone.signal("SELL", 65, symbol=CALL)
    refused(alone)
    both = market(hedged)
    both.signal("BUY", 65, symbol=HEDGE)
    both.signal("SELL", 65, symbol=CALL)
    assert both.moves()[-1] == ("ACTIVE", "active")
    after = status(both)
    assert after.used_rupees == blocked("2026-11-18 11:00", call=-65, hedge=65)
    cash = 10_000_000 - 65 * 200_00 + 65 * 300_00
    spent = math.ceil(both.engine.ledger.charges * 100)
    assert after.free_paise == cash - after.used_rupees * 100 - spent


def test_what_lowers_the_margin_is_never_refused() -> None:
    story = market(200_000)
    story.signal("SELL", 65, symbol=CALL)
    assert story.moves()[-1] == ("ACTIVE", "active")
    story.tick(5_000, symbol=CALL)
    story.minutes(1)
    free = status(story).free_paise
    assert free is not None
    assert free < -1_000_000
    story.tick(200, symbol=HEDGE)
    story.signal("SELL", 65, symbol=HEDGE)
    refused(story)
    story.signal("BUY", 65, symbol=HEDGE)
    assert story.moves()[-1] == ("ACTIVE", "active")
    story.tick(5_000, symbol=CALL)
    story.signal("EXIT", symbol=CALL)
    assert story.moves()[-1][0] == "CLOSED"


@pytest.mark.parametrize("symbol", [CALL, HEDGE])
def test_what_lowers_the_margin_is_refused_beyond_what_it_releases(symbol: str) -> None:
    """One lot short does not pay for twenty lots bought."""
    story = market(200_000)
    story.signal("SELL", 65, symbol=CALL)
    story.signal("BUY", 65 * 20, symbol=symbol, strategy_id="other")
    numbers = refused(story)
    assert numbers["premium_paise"] > numbers["available_paise"]  # type: ignore[operator]
    story.signal("BUY", 65, symbol=symbol, strategy_id="other")
    assert story.moves()[-1] == ("ACTIVE", "active")
    free = status(story).free_paise
    assert free is not None
    assert free >= 0


def test_a_short_that_is_covered_by_a_buy_of_the_same_contract_lowers_nothing_yet() -> None:
    """An entry counts as it works: the worst case is that it does not fill."""
    story = market(200_000)
    story.signal("SELL", 65, symbol=CALL)
    before = status(story).used_rupees
    story.signal("BUY", 65, symbol=CALL, strategy_id="other")
    assert story.moves()[-1] == ("ACTIVE", "active")
    story.clock(60)
    assert status(story).used_rupees == 0
    assert status(story).peak_rupees >= before


def test_a_margin_that_cannot_be_known_is_refused_in_words() -> None:
    blind = market(10**9, ticks=False)
    blind.tick(300, symbol=CALL)
    blind.signal("SELL", 65, symbol=CALL)
    assert refused(blind) == {"not_known": "NIFTY has no price yet, nor has its future"}
    unquoted = market(10**9)
    unquoted.signal("SELL", 65, symbol=NEAR)
    assert refused(unquoted) == {"not_known": f"{NEAR} has no price yet"}


def test_a_contract_without_an_expiry_trades_and_its_margin_is_not_known() -> None:
    """`universe.instruments` may describe one so."""

    def of_bare(capital: float | None) -> Market:
        story = market(capital, universe=Universe([contract(2, FUTURE, "FUT")]), ticks=False)
        story.tick(24_100, symbol=FUTURE)
        story.signal("SELL", 65, symbol=FUTURE)
        story.clock(60)
        return story

    assert refused(of_bare(10**9)) == {"not_known": f"{FUTURE} has no expiry"}
    assert of_bare(None).moves()[-1] == ("ACTIVE", "active")


def test_a_date_before_the_rates_is_refused_with_a_capital_and_shown_without_margin() -> None:
    def of_2019(capital: float | None) -> Market:
        story = market(capital, ticks=False)
        story.now = ist_ns(dt.date(2019, 11, 18), dt.time(11, 0))
        for symbol, price in ((SPOT, 24_000), (FUTURE, 24_100), (CALL, 300)):
            story.tick(price, symbol=symbol)
        story.signal("SELL", 65, symbol=CALL)
        story.minutes(2)
        return story

    gated = of_2019(10**9)
    last = [event for event in gated.events if isinstance(event, OrderMoved)][-1]
    assert "margins of 2019-11-18 are not known" in str((last.numbers or {})["not_known"])
    free = of_2019(None)
    assert free.moves()[-1] == ("ACTIVE", "active")
    assert free.engine.stats().margin is None


def test_positions_of_the_day_before_are_watched_from_the_open() -> None:
    story = market()
    story.signal("SELL", 65, symbol=CALL, product="NRML")
    later = market(ledger=story.engine.ledger, ticks=False)
    later.now = ist_ns(dt.date(2026, 11, 19), dt.time(9, 15)) + 10**9
    for symbol, price in ((SPOT, 24_000), (FUTURE, 24_100), (CALL, 300)):
        later.tick(price, symbol=symbol)
    assert later.engine.stats().margin is None
    later.minutes(1)
    assert status(later).used_rupees == blocked("2026-11-19 09:16", call=-65)


@pytest.mark.parametrize("mode", ["mid", "bid_ask", "depth"])
def test_every_fill_mode_is_gated(mode: str) -> None:
    story = market(1_000, fill_mode=mode)
    story.signal("SELL", 65, symbol=CALL)
    assert "required_paise" in refused(story)


def test_an_entry_that_waits_counts_until_it_is_over() -> None:
    story = market(400_000, latency_ms=2_000)
    story.signal("SELL", 65, symbol=CALL)
    story.signal("SELL", 65, symbol=CALL)
    assert [state for state, _ in story.moves()] == ["SUBMITTED", "SUBMITTED"]
    two = status(story).used_rupees
    assert two == blocked("2026-11-18 11:00", call=-130)
    story.signal("SELL", 65, symbol=CALL)
    numbers = refused(story)
    assert numbers["blocked_before_paise"] == two * 100
    story.minutes(1)  # no price came: both are over
    assert status(story).used_rupees == 0


def test_waiting_buys_reserve_their_premium() -> None:
    story = market(50_000, latency_ms=2_000)
    story.signal("BUY", 65, symbol=CALL)
    story.signal("BUY", 130, symbol=CALL)
    numbers = refused(story)
    assert numbers["reserved_paise"] == 65 * 306_00
    assert numbers["premium_paise"] == 130 * 306_00


def test_a_modification_asks_for_what_it_adds_at_its_own_limit() -> None:
    story = market(50_000, latency_ms=2_000)
    story.signal("BUY", 65, symbol=CALL)
    (order,) = story.engine.ledger.orders.values()
    desk = story.engine.engine.admission.margin
    assert desk is not None
    index = UNIVERSE.index_of(CALL)
    assert index is not None
    refusal = desk.refusal(order, index, units=130, limit_paise=310_00)
    assert refusal is not None
    assert refusal.numbers["premium_paise"] == 130 * 310_00
    assert refusal.numbers["reserved_paise"] == 65 * 306_00
    assert desk.refusal(order, index, units=65, limit_paise=310_00) is None
