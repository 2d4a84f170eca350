"""Every reason for which an intent is refused, through the engine, with its numbers."""

from __future__ import annotations

import pytest

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.events import OrderMoved
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import StrategyLimits
from daemon.execution.context import NoStrategies
from daemon.settings.config import RiskConfig
from tests.kit.drive import FixedRules
from tests.kit.market import CALL, CLOSE, DATE, OPEN, PUT, Market


def refusal(market: Market) -> tuple[str, dict[str, int | str] | None]:
    last = market.events[-1]
    assert isinstance(last, OrderMoved)
    assert last.to_state == "REJECTED"
    return last.reason, last.numbers


def opened(risk: RiskConfig | None = None) -> Market:
    market = Market(risk=risk)
    market.tick(100)
    return market


def lose(market: Market, rupees_per_unit: float, lots: int = 1) -> None:
    market.tick(100)
    market.signal("BUY", 25 * lots)
    market.tick(100 - rupees_per_unit)
    market.signal("EXIT")
    market.tick(100)


@pytest.mark.parametrize("qty", [0, -25, 1, 26, 49])
def test_a_quantity_is_a_positive_multiple_of_the_lot(qty: int) -> None:
    market = opened()
    market.signal("BUY", qty)
    assert refusal(market) == ("lot_size", {"quantity": qty, "lot_size": 25})


def test_a_symbol_is_of_the_universe() -> None:
    market = opened()
    market.signal("BUY", 25, symbol="NOBODY")
    assert refusal(market) == ("unknown_symbol", {"symbol": "NOBODY"})


def test_the_market_is_open_or_the_order_is_refused() -> None:
    market = Market()
    market.now = OPEN - 10**9
    market.clock(0.5)
    market.signal("BUY", 25)
    assert refusal(market) == ("market_closed", {"open_ts": OPEN, "close_ts": CLOSE})
    market.clock(0.5)
    market.signal("BUY", 25)
    assert market.moves()[-1] == ("SUBMITTED", "submitted")


def test_an_index_has_a_price_and_takes_no_orders() -> None:
    index = Instrument(
        instrument_token=1, tradingsymbol=CALL, segment="INDICES", instrument_type="INDEX"
    )
    market = Market()
    market.engine = PaperEngine(
        market.engine.config,
        universe=Universe([index]),
        rules=FixedRules({(DATE, "INDICES"): (OPEN, CLOSE)}),
    )
    market.tick(100)
    market.signal("BUY", 1)
    assert refusal(market) == ("not_tradable", {"symbol": CALL})


def test_the_largest_order_is_what_was_configured() -> None:
    market = opened(RiskConfig(max_order_quantity=50))
    market.signal("BUY", 75)
    assert refusal(market) == ("max_order_quantity", {"quantity": 75, "limit": 50})
    market.signal("BUY", 50)
    assert market.position.quantity == 50


def test_the_freeze_quantity_of_the_contract_or_of_the_rulebook_holds() -> None:
    class Freezing(FixedRules):
        def freeze_quantity(self, date: object, instrument: Instrument, /) -> int:
            return 1800 if instrument.name == "NIFTY" else 0

    def make(**fields: int | str) -> Market:
        market = Market()
        base = {"instrument_token": 1, "tradingsymbol": CALL, "lot_size": 25}
        market.engine = PaperEngine(
            market.engine.config,
            universe=Universe([Instrument(**(base | fields))]),  # type: ignore[arg-type]
            rules=Freezing({(DATE, "NFO-OPT"): (OPEN, CLOSE)}),
        )
        market.tick(100)
        market.signal("BUY", 2000)
        return market

    assert refusal(make(freeze_quantity=1000)) == (
        "freeze_quantity",
        {"quantity": 2000, "limit": 1000},
    )
    assert refusal(make(name="NIFTY")) == ("freeze_quantity", {"quantity": 2000, "limit": 1800})
    assert make(name="OTHER").position.quantity == 2000


def test_open_positions_and_waiting_entries_count_together() -> None:
    market = opened(RiskConfig(max_open_positions=2))
    market.signal("BUY", 25)
    market.signal("BUY", 25, symbol=PUT)  # waits: the put has no price
    market.signal("BUY", 25)
    assert refusal(market) == ("max_open_positions", {"open": 2, "limit": 2})
    market.signal("EXIT")
    market.signal("BUY", 25)
    assert market.moves()[-1] == ("ACTIVE", "active")


def test_the_loss_of_the_day_stops_every_strategy() -> None:
    market = opened(RiskConfig(daily_loss_rupees=100))
    lose(market, 2)
    market.signal("BUY", 25, strategy_id="other")
    assert market.moves()[-1] == ("ACTIVE", "active")
    market.signal("EXIT", strategy_id="other")
    lose(market, 2)
    market.signal("BUY", 25, strategy_id="other")
    numbers = {"realized_today_paise": -10_000, "limit_paise": 10_000}
    assert refusal(market) == ("daily_loss", numbers)


class Limited(NoStrategies):
    """The strategy `story` has limits of its own."""

    def __init__(self, story: StrategyLimits) -> None:
        super().__init__()
        self.story = story

    def limits(self, strategy_id: str, /) -> StrategyLimits | None:
        return self.story if strategy_id == "story" else None


def limited(limits: StrategyLimits) -> Market:
    market = Market(strategies=Limited(limits))
    market.tick(100)
    return market


def test_a_strategys_trades_of_the_day_are_limited() -> None:
    market = limited(StrategyLimits(max_trades_per_day=2))
    market.signal("BUY", 25)
    market.signal("BUY", 25, symbol=PUT)  # waiting counts
    market.signal("BUY", 25)
    assert refusal(market) == ("max_trades_per_day", {"trades": 2, "limit": 2})
    market.signal("BUY", 25, strategy_id="other")
    assert market.moves()[-1] == ("ACTIVE", "active")
    market.signal("EXIT", symbol=PUT)  # what never filled was no trade
    market.signal("BUY", 25)
    assert market.moves()[-1] == ("ACTIVE", "active")


def test_a_streak_of_losses_stops_a_strategy_and_a_profit_ends_it() -> None:
    market = limited(StrategyLimits(max_loss_streak=2))
    lose(market, 1)
    lose(market, -1)
    lose(market, 1)
    lose(market, 1)
    market.signal("BUY", 25)
    assert refusal(market) == ("max_loss_streak", {"streak": 2, "limit": 2})


def test_the_gates_are_asked_in_their_order() -> None:
    market = opened(RiskConfig(max_order_quantity=1))
    market.command("kill_switch")
    market.signal("BUY", 26, 100, 90)
    assert refusal(market)[0] == "kill_switch"
    market = opened(RiskConfig(max_order_quantity=1))
    market.signal("BUY", 26, 100, 90)
    assert refusal(market)[0] == "lot_size"
    market.signal("BUY", 25, 100, 90)
    assert refusal(market)[0] == "bad_level"
    market.signal("BUY", 25, 90, 100)
    assert refusal(market)[0] == "max_order_quantity"
