"""What is used of the cash, as a sentence for the log and the page."""

from __future__ import annotations

from typing import Final

from daemon.domain.events import MarginMoved
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.journal.words import money

_ALL: Final = 100


def margin_text(event: MarginMoved) -> str:
    """Return which level was passed, up or down, with what was compared."""
    used = event.blocked_rupees * PAISE_PER_RUPEE + event.reserved_paise
    numbers = f"{money(used)} of {money(event.cash_paise)}"
    if not event.is_alert:
        return f"margin: no more than {event.from_level} % of the cash is used, {numbers}"
    if event.level >= _ALL:
        short = money(used - event.cash_paise)
        return f"margin: more than the cash is used, {numbers}: short of {short}"
    return f"margin: more than {event.level} % of the cash is used, {numbers}"
