"""Why a program's request was refused, in the broker's words or a trader's."""

from __future__ import annotations

from daemon.domain.order_results import RefusedRequest
from daemon.journal.account_words import GTT_REASONS
from daemon.journal.exchange_reasons import kite_sentence
from daemon.journal.words import numbers_text, refusal_text


def request_refusal(refusal: RefusedRequest) -> str:
    """Return what Kite would say, where that is known, else the reason with its numbers."""
    said = kite_sentence(refusal.reason, refusal.numbers)
    if said:
        return said
    words = GTT_REASONS.get(refusal.reason)
    if words is None:
        return refusal_text(refusal.reason, refusal.numbers)
    behind = numbers_text(refusal.numbers)
    return f"{refusal.reason}: {words}{f' ({behind})' if behind else ''}."
