"""Exact money: integer paise inside, rupees only at the edges (SEMANTICS, "Numbers")."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from daemon.domain.errors import BadNumber

PAISE_PER_RUPEE: Final = 100
# Far above any price or P&L of these markets, and far below what int64 columns can hold.
PAISE_MAX: Final = 10**15

Ratio = tuple[int, int]
"""An exact non-negative fraction: (numerator, denominator > 0)."""


def decimal_from(value: float | int | str | Decimal) -> Decimal:
    """Read a number as it was written, so that 0.1 is a tenth. Raises BadNumber if not finite."""
    try:
        exact = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise BadNumber(f"expected a number, was {value!r}") from error
    if not exact.is_finite():
        raise BadNumber(f"expected a finite number, was {value!r}")
    return exact


def paise_exact(rupees: float | int | str | Decimal) -> int:
    """Convert rupees to whole paise. Raises BadNumber for a fraction of a paisa (`not_paise`)."""
    exact = decimal_from(rupees)
    # first, because the product of an absurd exponent overflows even a decimal
    if exact.copy_abs() <= PAISE_MAX // PAISE_PER_RUPEE:
        paise = exact * PAISE_PER_RUPEE
        if paise == int(paise):
            return int(paise)
    raise BadNumber(f"expected whole paise, was {rupees!r} rupees")


@lru_cache(maxsize=64, typed=True)  # a configuration has a handful
def ratio(value: float | int | str | Decimal) -> Ratio:
    """Return a number as the exact fraction that was written: 0.3 is (3, 10), 2.5 is (5, 2)."""
    return decimal_from(value).as_integer_ratio()


def rupees(paise: int) -> float:
    """Return paise as a float of rupees, for people and JSON only."""
    return paise / PAISE_PER_RUPEE


def whole_paise(rupees: Decimal) -> int:
    """Return exact rupees as whole paise, half a paisa up: the only rounding of charges."""
    return int((rupees * PAISE_PER_RUPEE).quantize(Decimal(1), ROUND_HALF_UP))


def rupees_text(paise: int) -> str:
    """Format paise as rupees in Indian groups: 12345678 is 1,23,456.78; the minus is ASCII."""
    whole, part = divmod(abs(paise), PAISE_PER_RUPEE)
    return f"{'-' if paise < 0 else ''}{group_indian(whole)}.{part:02d}"


def group_indian(number: int) -> str:
    """Format a whole number >= 0 in Indian groups: the last three digits, then twos."""
    if number < 100_000:  # below this Indian and Western groups are the same
        return f"{number:,}"
    digits = str(number)
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return ",".join([*reversed(pairs), tail])


def floor_to_tick(numerator: int, denominator: int, tick: int) -> int:
    """Return the highest multiple of `tick` not above numerator/denominator (paise)."""
    return numerator // (denominator * tick) * tick


def ceil_to_tick(numerator: int, denominator: int, tick: int) -> int:
    """Return the lowest multiple of `tick` not below numerator/denominator (paise)."""
    return -(-numerator // (denominator * tick)) * tick


def nearest_tick(numerator: int, denominator: int, tick: int, *, ties_up: bool) -> int:
    """Return the multiple of `tick` nearest to numerator/denominator (paise); ties up or down."""
    step = 2 * denominator * tick
    if ties_up:
        return (2 * numerator + denominator * tick) // step * tick
    return -((-2 * numerator + denominator * tick) // step) * tick
