"""Quotes after a silence of the feed, and the square-off that a person asks for."""

from __future__ import annotations

from daemon.domain.events import OrderMoved
from tests.kit.market import CALL, PUT, Market


def after_gap(market: Market, symbol: str) -> bool:
    """Whether a fill on this symbol's quote is marked as the first after a silence."""
    fills = [
        each.fill
        for each in market.signal("BUY", 25, symbol=symbol)
        if isinstance(each, OrderMoved) and each.fill is not None
    ]
    [fill] = fills
    return fill.after_gap


def test_the_first_quote_of_each_symbol_after_a_silence_is_marked() -> None:
    market = Market()
    market.tick(100)
    market.tick(200, symbol=PUT)
    assert not after_gap(market, CALL)
    market.tick(100, after_s=12)
    assert after_gap(market, CALL)
    market.tick(101)
    assert not after_gap(market, CALL)
    market.tick(200, symbol=PUT)  # the first of this one, seconds later
    assert after_gap(market, PUT)
    market.tick(200, symbol=PUT)
    assert not after_gap(market, PUT)


def test_a_square_off_by_command_closes_what_can_fill() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 25)
    market.command("square_off")
    assert market.engine.ledger.positions == {}
    assert market.engine.ledger.exits == {"square_off": 1}
