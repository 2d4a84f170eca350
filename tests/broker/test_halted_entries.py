"""What an account that is halted does with entries that have filled in part."""

from __future__ import annotations

from tests.exchange.depth_market import DepthMarket


def test_a_halt_cancels_the_rest_of_an_entry_and_keeps_what_it_bought() -> None:
    market = DepthMarket()
    market.depth_tick(asks=((100.00, 65),))
    market.signal("BUY", 130, 90.0)
    assert market.position.quantity == 65
    market.command("risk_halted")
    market.depth_tick(asks=((100.00, 650),))
    assert market.position.quantity == 65
    assert ("cancelled", "halted") in market.exchange_kinds()
