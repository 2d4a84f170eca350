"""Why the exchange refuses or ends an order: each reason with the sentence that is shown for it.

Where Kite has words of its own for a refusal, these are its words, code first. The numbers that
were compared are shown behind a sentence, so none are in it.
"""

from __future__ import annotations

from typing import Final

REFUSED: Final[dict[str, str]] = {
    "price_step": "the price or the trigger is not a multiple of the contract's tick size",
    "price_band": "the price exceeds the circuit limits of the day",
    "far_limit": "the limit price is too far from the last price of an option",
    "untraded_contract": (
        "17181: market orders are blocked for a contract without trades today; place a limit order"
    ),
    "slm_on_options": (
        "16052: SL-M orders are blocked for options; place an SL order with a limit price"
    ),
    "no_protection": "market orders without market protection are not allowed",
    "order_rate": "more orders were sent in a second, a minute or a day than are allowed",
    "market_range": (
        "17182: the market order would trade too far from the last price; place a limit order"
    ),
    "lpp": "the limit price is outside the range of the limit price protection",
    "trigger_already_met": "the last price had met the trigger already when the stop arrived",
    "bad_validity": "an IOC order has no trigger, a TTL order needs minutes, and no other has any",
    "bad_quantity": "the quantity is below what is filled, or not whole lots",
    "too_many_slices": "the quantity is above ten times the freeze quantity",
    "too_many_modifications": "the order had been modified 25 times",
    "wide_spread": "the spread was wider than `max_spread_pct`",
    "already_filled": "the order had been filled completely",
    "not_open": "the order is not open any more",
}
"""Why a request was refused; nothing of it was done."""

ENDED: Final[dict[str, str]] = {
    "ttl_over": "its minutes were over",
    "day_over": "the session ended, and with it every order",
    "ioc_rest": "what an IOC order does not get at once is cancelled",
    "unfilled_rest": "what is left of a market order is cancelled",
    "replaced": "another order takes its place",
    "exit_group": "nothing was left to close",
    "exit_began": "the exit of the position began, so no more is bought",
    "entry_dropped": "it rested at an exchange that was not resumed",
    "cancel_asked": "its strategy asked for the cancel",
    "modified_to_filled": "it was modified to the quantity that is filled",
}
"""Why an order that worked is over without being filled completely."""
