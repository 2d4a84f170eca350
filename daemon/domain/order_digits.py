"""The id of an exchange order as a broker's digits, and back: YYMMDD, then nine digits.

An id of the engine is `X-YYYYMMDD-NUMBER` for an order without a trade and
`X-YYYYMMDD-NUMBER-COUNT` for one of a trade; `/PART` follows for a slice or a replacement. The nine
digits are two of a *form*, which says how the other seven are divided among the three numbers.
Orders take the first form that they fit, so that almost all have a 0 after the date.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, NamedTuple

_ID: Final = re.compile(r"X-(\d{8})-(\d{6}|[1-9]\d{6})(?:-([1-9]\d*))?(?:/([1-9]\d*))?", re.ASCII)
_DIGITS: Final = re.compile(r"\d{15}", re.ASCII)
_PAYLOAD: Final = 7
_NUMBER_WIDTH: Final = 6


class _Form(NamedTuple):
    """How many digits number, ordinal and part have; 0 for one that is absent."""

    number: int
    ordinal: int
    part: int


_FORMS: Final = (
    _Form(7, 0, 0), _Form(5, 0, 2), _Form(6, 0, 1), _Form(4, 0, 3), _Form(3, 0, 4),
    _Form(5, 2, 0), _Form(6, 1, 0), _Form(4, 2, 1), _Form(4, 3, 0), _Form(5, 1, 1),
    # with a 1 after the date
    _Form(3, 3, 1), _Form(4, 1, 2), _Form(3, 2, 2), _Form(3, 4, 0), _Form(2, 3, 2),
    _Form(3, 1, 3), _Form(2, 2, 3), _Form(2, 4, 1), _Form(2, 5, 0), _Form(1, 3, 3),
)  # fmt: skip


def order_digits(exchange_id: str) -> str:
    """Return the 15 digits of an engine's order id. Raises ValueError if it has none."""
    match = _ID.fullmatch(exchange_id)
    if match is None or not match[1].startswith("20"):
        raise ValueError(f"not the id of an exchange order: {exchange_id!r}")
    number, count, part = (int(each or 0) for each in match.groups()[1:])
    for at, form in enumerate(_FORMS):
        if _fits(number, form.number) and _fits(count, form.ordinal) and _fits(part, form.part):
            payload = "".join(
                f"{value:0{width}d}"
                for value, width in zip((number, count, part), form, strict=True)
                if width
            )
            return f"{match[1][2:]}{at:02d}{payload}"
    raise ValueError(f"{exchange_id!r} is beyond 15 digits")


def order_of_digits(digits: str) -> str | None:
    """Return the engine's order id behind 15 digits, None if no id has them."""
    if _DIGITS.fullmatch(digits) is None or int(digits[6:8]) >= len(_FORMS):
        return None
    form, payload = _FORMS[int(digits[6:8])], digits[8:]
    number = payload[: form.number]
    count = payload[form.number : form.number + form.ordinal]
    part = payload[form.number + form.ordinal :]
    found = f"X-20{digits[:6]}-{int(number):0{_NUMBER_WIDTH}d}"
    found += f"-{int(count)}" if count else ""
    found += f"/{int(part)}" if part else ""
    try:
        dt.date.fromisoformat(f"20{digits[:6]}")
        return found if order_digits(found) == digits else None
    except ValueError:
        return None


def _fits(value: int, width: int) -> bool:
    """Return whether a number fits a width; one that is absent (0) fits no width but 0."""
    return value < 10**width if width and value else not (value or width)
