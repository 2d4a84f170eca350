"""Why an order was refused at the exchange, or ended there, in a trader's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from daemon.domain.money import rupees_text
from daemon.exchange.refusals import SENTENCES

REFUSED: Final[dict[str, str]] = {
    "price_step": "the price is not on the contract's price step",
    "price_band": "the price is outside the day's limits",
    "far_limit": "the limit is too far from the last price for an option",
    "untraded_contract": "this option has not traded today, so it takes no order at the market",
    "market_range": "at the market it would trade too far from the last price",
    "slm_on_options": "options take no stop at the market; use SL with a limit",
    "no_protection": "an order at the market needs a market protection",
    "order_rate": "more orders were sent than a broker takes in that time",
    "lpp": "the limit is beyond the exchange's limit price protection",
    "trigger_already_met": "the last price was at the trigger or beyond it already",
    "too_many_slices": "it would need more slices than may be sent",
    "bad_validity": "the validity does not fit the kind of order",
    "bad_quantity": "the quantity is below what is filled, or no multiple of the lot",
    "too_many_modifications": "an order can be modified 25 times",
    "already_filled": "it had filled completely by then",
    "not_open": "nothing of it was open any more",
    "wide_spread": "bid and ask were further apart than the configuration allows",
    "unknown_order": "no such order of today is known",
    "order_of_trade": "it belongs to a trade, which manages its orders itself: leave the trade",
    "not_sent_yet": "this slice has not been sent yet; ask again in a second",
    "position_leaves": "the position is being closed, and its close is left alone",
    "same_product": "the position has that product already",
    "bad_iceberg": "an iceberg is a LIMIT or MARKET order in 2 to 10 equal legs of whole lots",
}
"""Why a request was refused. Words of `words.REFUSALS` that an exchange uses too are there."""

ENDED: Final[dict[str, str]] = {
    "ttl_over": "its minutes (TTL) were over",
    "day_over": "the session was over, and with it the DAY order",
    "ioc_rest": "what could not be taken at once is cancelled (IOC)",
    "unfilled_rest": "the rest of an entry at the market did not fill in time",
    "replaced": "a new order took its place",
    "exit_group": "other exits of the trade left nothing open for it",
    "exit_began": "the trade began to leave, so its entry is withdrawn",
    "entry_dropped": "the entry was withdrawn",
    "cancel_asked": "its strategy or program asked for the cancel",
    "modified_to_filled": "its quantity was set to what had filled",
}
"""Why what was left of an order was cancelled."""

TOLD: Final[dict[str, str]] = {
    "stop_unfilled": "a second after its trigger some of the stop was still not filled",
    "stop_not_at_exchange": "the stop cannot lie at the exchange, so the engine watches it",
    "target_not_at_exchange": "the target cannot lie at the exchange, so the engine watches it",
    "exit_refused": "the exit was refused and is sent again at the next tick",
}
"""What a trader must know while nothing ends."""

GATES: Final[dict[str, str]] = {
    "insufficient_margin": (
        "Insufficient funds. Required margin is {required_paise} but available margin is "
        "{available_paise}."
    ),
}
"""What Kite says where the program's own gate refuses what a broker would."""

_FIELD: Final = re.compile(r"\{(\w+)\}")


def kite_sentence(reason: str, numbers: Mapping[str, int | str] | None) -> str:
    """Return what Kite says of a refusal, with its numbers in rupees; empty if not known."""
    sentence, given = SENTENCES.get(reason) or GATES.get(reason, ""), numbers or {}
    if not sentence or any(name not in given for name in _FIELD.findall(sentence)):
        return ""
    return _FIELD.sub(lambda field: _number(field[1], given[field[1]]), sentence)


def _number(name: str, value: int | str) -> str:
    is_money = name.endswith("_paise") and isinstance(value, int)
    return rupees_text(int(value)) if is_money else str(value)
