"""Which positions a broker's risk desk would close until the cash covers the rest.

Intraday before carried ones, what blocks margin before bought options, then the oldest first; at
last those without a trade, by name. One whose end would leave the account shorter, such as the
hedge of a short option, is passed over until that has changed.
"""

from __future__ import annotations

from daemon.domain.instrument import Instrument
from daemon.execution.margin_desk import MarginDesk
from daemon.execution.margin_held import Held, OpenPosition
from daemon.margin.levels import Use
from daemon.margin.models import Model
from daemon.margin.portfolio import Holding
from daemon.margin.scenarios import OptionRisks


class Shortfall:
    """Choose the positions to close; nothing is computed before a minute that is short."""

    def __init__(self, margin: MarginDesk) -> None:
        self._margin = margin

    def to_close(self) -> list[OpenPosition]:
        """Return the positions to close, in order; none if a margin is not known.

        Entries do not count, as they are cancelled; nor do positions whose exit is on its way.
        """
        held = self._margin.held()
        if held is None:
            return []
        book = _Book(held, self._margin.model)
        ordered = sorted(held.positions, key=lambda each: _turn(each, held.instrument_of(each)))
        for position in ordered:
            if position.is_leaving:
                book.close(position)
        left = [position for position in ordered if not position.is_leaving]
        chosen = []
        while book.use.shortfall > 0 and (found := book.first_that_helps(left)) is not None:
            book.close(found)
            left.remove(found)
            chosen.append(found)
        return chosen


class _Book:
    """What is held if some of the positions are closed at the last price."""

    def __init__(self, held: Held, model: Model) -> None:
        self._held = held
        self._model = model
        self._underlyings = dict(held.underlyings)
        names = list(held.underlyings)
        risks = model.risks_of(list(held.underlyings.values()))
        self._risks: dict[str, OptionRisks] = dict(zip(names, risks, strict=True))
        self._blocked = {name: self._blocked_of(name) for name in names}
        self._cash = held.cash

    @property
    def use(self) -> Use:
        """What is used of the cash."""
        return Use(sum(self._blocked.values()), 0, self._cash)

    def close(self, position: OpenPosition) -> None:
        """Take a position out."""
        name, holding = self._out(position)
        self._underlyings[name] = self._underlyings[name].with_added([holding])
        self._blocked[name] = self._blocked_of(name)
        self._cash += self._held.cash_of_closing(position)

    def first_that_helps(self, positions: list[OpenPosition]) -> OpenPosition | None:
        """Return the first position whose end makes the shortfall smaller."""
        before = self.use.shortfall
        return next((each for each in positions if self._shortfall_without(each) < before), None)

    def _shortfall_without(self, position: OpenPosition) -> int:
        name, holding = self._out(position)
        underlying = self._underlyings[name].with_added([holding])
        blocked = self._model.margin_with(underlying, self._risks[name]).held.blocked
        rest = sum(self._blocked.values()) - self._blocked[name]
        return Use(rest + blocked, 0, self._cash + self._held.cash_of_closing(position)).shortfall

    def _out(self, position: OpenPosition) -> tuple[str, Holding]:
        name, contract = self._held.contract_of(position)
        return name, Holding(contract=contract, held=-position.cost.quantity)

    def _blocked_of(self, name: str) -> int:
        return self._model.margin_with(self._underlyings[name], self._risks[name]).held.blocked


def _turn(position: OpenPosition, instrument: Instrument) -> tuple[bool, bool, tuple[int, str]]:
    is_bought_option = instrument.is_option and position.cost.quantity > 0
    return position.product != "MIS", is_bought_option, position.age
