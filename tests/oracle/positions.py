"""Positions and cash by counting a list of fills again from its beginning, without any state.

Written from what a broker's statement says, with the formulas of Kite's own sample answers; it
imports nothing of the program. Prices in paise, values as fractions, so nothing is rounded here: a
program that keeps whole paise may differ by one paisa for every night a position is carried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple


class Traded(NamedTuple):
    """One fill; `trade` is whose it is, a position of its own for the cash of futures."""

    day: int
    trade: str
    symbol: str
    product: str
    side: str
    quantity: int
    price: int


class Row(NamedTuple):
    """One position as a broker shows it; quantities in units, values in paise."""

    quantity: int
    overnight_quantity: int
    buy_quantity: int
    buy_value: Fraction
    sell_quantity: int
    sell_value: Fraction
    average: Fraction
    pnl: Fraction
    m2m: Fraction


class Carried(NamedTuple):
    """What a position begins a day with: signed units, and what they cost or brought."""

    quantity: int
    value: Fraction


def carried_into(fills: Sequence[Traded], day: int) -> Carried:
    """Return what one position's fills before a day leave open, at the average of its side."""
    past = sorted({each.day for each in fills if each.day < day})
    held = Carried(0, Fraction(0))
    for each in past:
        bought, sold = sides(held, [fill for fill in fills if fill.day == each])
        quantity = bought.quantity - sold.quantity
        larger = bought if quantity > 0 else sold
        share = Fraction(abs(quantity), larger.quantity) if quantity else Fraction(0)
        held = Carried(quantity, larger.value * share)
    return held


def sides(held: Carried, today: Sequence[Traded]) -> tuple[Carried, Carried]:
    """Return what was bought and what was sold, what was carried included."""
    totals = []
    for side, sign in (("BUY", 1), ("SELL", -1)):
        own = [fill for fill in today if fill.side == side]
        is_held = held.quantity * sign > 0
        totals.append(
            Carried(
                sum(fill.quantity for fill in own) + (abs(held.quantity) if is_held else 0),
                sum((Fraction(fill.quantity * fill.price) for fill in own), Fraction(0))
                + (held.value if is_held else 0),
            )
        )
    return totals[0], totals[1]


def net_row(fills: Sequence[Traded], day: int, last: int, close: int) -> Row:
    """Return the net position of one symbol and product on a day."""
    held = carried_into(fills, day)
    today = [fill for fill in fills if fill.day == day]
    bought, sold = sides(held, today)
    marked = Carried(held.quantity, Fraction(abs(held.quantity) * close))
    marked_bought, marked_sold = sides(marked, today)
    quantity = bought.quantity - sold.quantity
    larger = bought if quantity > 0 else sold
    worth = quantity * last
    return Row(
        quantity=quantity,
        overnight_quantity=held.quantity,
        buy_quantity=bought.quantity,
        buy_value=bought.value,
        sell_quantity=sold.quantity,
        sell_value=sold.value,
        average=larger.value / larger.quantity if quantity else Fraction(0),
        pnl=sold.value - bought.value + worth,
        m2m=marked_sold.value - marked_bought.value + worth,
    )


def cash(fills: Sequence[Traded], capital: int, options: Mapping[str, bool]) -> Fraction:
    """Return capital, premium and realized results of futures, before charges.

    A trade of a future leaves the proportional share of what it cost at each exit.
    """
    total = Fraction(capital)
    for fill in fills:
        if options[fill.symbol]:
            total -= (1 if fill.side == "BUY" else -1) * fill.quantity * fill.price
    for trade in {fill.trade for fill in fills if not options[fill.symbol]}:
        total += realized([fill for fill in fills if fill.trade == trade])
    return total


def realized(fills: Sequence[Traded]) -> Fraction:
    """Return what the exits of one trade brought over the share of its cost that left."""
    units, cost, result = 0, Fraction(0), Fraction(0)
    for fill in fills:
        signed = fill.quantity if fill.side == "BUY" else -fill.quantity
        if units * signed >= 0:
            units, cost = units + signed, cost + signed * fill.price
            continue
        share = cost * Fraction(-signed, units)
        result += -signed * fill.price - share
        units, cost = units + signed, cost - share
    return result
