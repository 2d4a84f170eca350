"""Values as text: Indian time with its zone, rupees, and text from outside that stays text."""

from __future__ import annotations

import datetime as dt
from typing import Final

from daemon.domain.dates import iso_ist
from daemon.export.columns import Kind, Value, rupees_plain
from daemon.visible import visible

_FORMULA: Final = "=+-@\uff1d\uff0b\uff0d\uff20"
"""Characters with which a formula begins in a spreadsheet, in full width too."""


def plain_text(kind: Kind, value: Value) -> str:
    """Return a value as text, empty for None. Text may still begin as a formula does."""
    match kind, value:
        case _, None:
            return ""
        case Kind.FLAG, bool():
            return "yes" if value else "no"
        case Kind.MONEY, int():
            return rupees_plain(value)
        case Kind.TIME, int():
            return iso_ist(value)
        case Kind.DATE, dt.date():
            return value.isoformat()
    return visible(str(value))


def harmless(kind: Kind, value: Value) -> str:
    """Return a value as text that no spreadsheet computes: such text begins with an apostrophe."""
    text = plain_text(kind, value)
    return f"'{text}" if kind is Kind.TEXT and text.startswith(tuple(_FORMULA)) else text
