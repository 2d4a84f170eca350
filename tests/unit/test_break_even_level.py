"""The price that break-even waits for is a fraction of R beyond the entry, to the paisa."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.order import ExitRules
from daemon.execution.costs import Costs
from daemon.execution.exits.break_even import BreakEvenManager
from daemon.market.moment import Moment
from tests.kit.drive import FixedRules
from tests.kit.market import CALL, DATE, a_position


@pytest.mark.parametrize(("at_r", "beyond"), [(0.5, 250), (0.3, 150), (0.001, 5), (1.0, 500)])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_break_even_waits_for_its_fraction_of_r(side: str, at_r: float, beyond: int) -> None:
    sign = 1 if side == "BUY" else -1
    rules = FixedRules({(DATE, "NFO-OPT"): (0, 1)})
    rule = BreakEvenManager(Costs(rules, Universe([]), Moment(), charged=False))
    position = a_position(side, entry=100, stop=100 - sign * 5)
    position = msgspec.structs.replace(position, exits=ExitRules(break_even_at_r=at_r))
    level = position.entry_paise + sign * beyond
    assert rule.ahead(position) == level
    assert rule.stop_at(position, level - sign) is None
    move = rule.stop_at(position, level)
    assert move is not None
    assert (move.stop_paise, move.reason) == (position.entry_paise, "break_even")


def test_a_short_whose_charges_no_price_above_zero_pays_has_no_cost() -> None:
    class Dear(FixedRules):
        def charges(self, *_: Any, **__: Any) -> Charges:
            return Charges(total="30")

    at = Moment()
    at.begin_date(DATE)
    universe = Universe([Instrument(instrument_token=1, tradingsymbol=CALL)])
    rule = BreakEvenManager(Costs(Dear({}), universe, at, charged=True))
    exits = ExitRules(break_even_at_r=1, break_even_with_charges=True)
    position = a_position("SELL", entry=1, stop=2, qty=25)  # 23.75 at 0.05
    position = msgspec.structs.replace(position, exits=exits)
    assert rule.ahead(position) is None
    larger = a_position("SELL", entry=1, stop=2, qty=50)
    larger = msgspec.structs.replace(larger, exits=exits)
    assert rule.better_cost(larger) == 40
