"""Positions per (tradingsymbol, product), net and of the day, with Kite's fields.

Kite's formulas, checked against its own sample: value = sell value - buy value; pnl = value +
quantity x last price; m2m is the same with what was carried over night valued at its last close.
All sums are whole paise. A position carried over night begins the next day at the average price of
its side, to the nearest paisa; what that leaves of the day's result is banked, so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import structs

from daemon.broker.executions import Execution

MULTIPLIER: Final = 1
"""Units of the underlying per unit of quantity: 1 for shares and their derivatives."""


class Mark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last price of a contract and the close of its day before, paise; 0 = not known."""

    last_paise: int = 0
    close_paise: int = 0


NO_MARK: Final = Mark()


class NetPosition(msgspec.Struct, kw_only=True, gc=False):
    """The sums of one position today; quantities in units, values in paise, never negative.

    `overnight_quantity` is signed; `overnight_paise` is what it cost, or brought if it is short.
    """

    tradingsymbol: str
    product: str
    overnight_quantity: int = 0
    overnight_paise: int = 0
    day_buy_quantity: int = 0
    day_buy_paise: int = 0
    day_sell_quantity: int = 0
    day_sell_paise: int = 0

    @property
    def quantity(self) -> int:
        """Return the open quantity, below 0 for a short."""
        return self.overnight_quantity + self.day_buy_quantity - self.day_sell_quantity

    @property
    def is_touched(self) -> bool:
        """True if it was traded today."""
        return bool(self.day_buy_quantity or self.day_sell_quantity)

    def take(self, execution: Execution) -> None:
        """Add an execution."""
        if execution.side == "BUY":
            self.day_buy_quantity += execution.quantity
            self.day_buy_paise += execution.value_paise
        else:
            self.day_sell_quantity += execution.quantity
            self.day_sell_paise += execution.value_paise

    @property
    def spent_paise(self) -> int:
        """Return what buying cost less what selling brought, what was carried included."""
        held = self.overnight_paise if self.overnight_quantity > 0 else -self.overnight_paise
        return held + self.day_buy_paise - self.day_sell_paise

    def open_cost_paise(self) -> int:
        """Return the open quantity at the average price of its side, signed, to the nearest paisa.

        That is what it cost, or below 0 what a short brought.
        """
        quantity, held = self.quantity, self.overnight_quantity
        if quantity >= 0:
            paise = self.day_buy_paise + (self.overnight_paise if held > 0 else 0)
            return _share(paise, quantity, self.day_buy_quantity + max(held, 0))
        paise = self.day_sell_paise + (self.overnight_paise if held < 0 else 0)
        return -_share(paise, -quantity, self.day_sell_quantity + max(-held, 0))


class PositionRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A position at a mark: Kite's fields; values in paise, averages are value by quantity."""

    tradingsymbol: str
    product: str
    quantity: int
    overnight_quantity: int
    close_paise: int
    last_paise: int
    open_paise: int
    """What the open quantity is worth, signed."""
    buy_quantity: int
    buy_paise: int
    buy_m2m_paise: int
    sell_quantity: int
    sell_paise: int
    sell_m2m_paise: int
    day_buy_quantity: int
    day_buy_paise: int
    day_sell_quantity: int
    day_sell_paise: int

    @property
    def value_paise(self) -> int:
        """Return what selling brought less what buying cost."""
        return self.sell_paise - self.buy_paise

    @property
    def pnl_paise(self) -> int:
        """Return the whole result of the row at the last price, gross."""
        return self.value_paise + self.open_paise

    @property
    def m2m_paise(self) -> int:
        """Return the result since the last close, gross."""
        return self.sell_m2m_paise - self.buy_m2m_paise + self.open_paise


def net_row(position: NetPosition, mark: Mark) -> PositionRow:
    """Return the row of `net`: the day on top of what was carried into it.

    Without a last price the open quantity is worth its last close, without that what it cost, so
    that pnl shows what was closed. Without a close, what was carried counts at its own cost.
    """
    return _row(position, mark)


def day_row(position: NetPosition, mark: Mark) -> PositionRow:
    """Return the row of `day`: what was bought and sold today alone."""
    day = structs.replace(position, overnight_quantity=0, overnight_paise=0)
    return _row(day, mark)


def _row(position: NetPosition, mark: Mark) -> PositionRow:
    held, held_paise = position.overnight_quantity, position.overnight_paise
    bought, sold = max(held, 0), max(-held, 0)
    at_close = abs(held) * mark.close_paise if mark.close_paise else held_paise
    price = mark.last_paise or mark.close_paise
    return PositionRow(
        tradingsymbol=position.tradingsymbol,
        product=position.product,
        quantity=position.quantity,
        overnight_quantity=held,
        close_paise=mark.close_paise,
        last_paise=mark.last_paise,
        open_paise=position.quantity * price if price else position.open_cost_paise(),
        buy_quantity=position.day_buy_quantity + bought,
        buy_paise=position.day_buy_paise + (held_paise if bought else 0),
        buy_m2m_paise=position.day_buy_paise + (at_close if bought else 0),
        sell_quantity=position.day_sell_quantity + sold,
        sell_paise=position.day_sell_paise + (held_paise if sold else 0),
        sell_m2m_paise=position.day_sell_paise + (at_close if sold else 0),
        day_buy_quantity=position.day_buy_quantity,
        day_buy_paise=position.day_buy_paise,
        day_sell_quantity=position.day_sell_quantity,
        day_sell_paise=position.day_sell_paise,
    )


class PositionBook:
    """All positions of an account, in the order in which they were first traded."""

    def __init__(self) -> None:
        self._positions: dict[tuple[str, str], NetPosition] = {}
        self.banked_paise = 0
        """The result of earlier days, gross."""

    def take(self, execution: Execution) -> None:
        """Add an execution to its position."""
        found = self._positions.get(execution.key)
        if found is None:
            found = self._positions[execution.key] = NetPosition(
                tradingsymbol=execution.tradingsymbol, product=execution.product
            )
        found.take(execution)

    def roll(self) -> None:
        """Begin another day: what is open is carried, what is flat leaves."""
        carried: dict[tuple[str, str], NetPosition] = {}
        for key, position in self._positions.items():
            cost = position.open_cost_paise()
            if position.quantity:
                carried[key] = NetPosition(
                    tradingsymbol=position.tradingsymbol,
                    product=position.product,
                    overnight_quantity=position.quantity,
                    overnight_paise=abs(cost),
                )
            self.banked_paise += cost - position.spent_paise
        self._positions = carried

    def net(self, marks: Mapping[str, Mark]) -> list[PositionRow]:
        """Return the rows of `net`; `marks` by tradingsymbol."""
        return [
            net_row(each, marks.get(each.tradingsymbol, NO_MARK))
            for each in self._positions.values()
        ]

    def day(self, marks: Mapping[str, Mark]) -> list[PositionRow]:
        """Return the rows of `day`: those that were traded today."""
        return [
            day_row(each, marks.get(each.tradingsymbol, NO_MARK))
            for each in self._positions.values()
            if each.is_touched
        ]

    def quantity(self, tradingsymbol: str, product: str) -> int:
        """Return the net open quantity, below 0 for a short."""
        found = self._positions.get((tradingsymbol, product))
        return 0 if found is None else found.quantity


def _share(paise: int, quantity: int, of: int) -> int:
    if not quantity:
        return 0
    return (2 * paise * quantity + of) // (2 * of)
