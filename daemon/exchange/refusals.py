"""What an exchange or a broker refuses, asked in this order (SEMANTICS, "The exchange").

Each rule is one function, the date from which it is in force, and the sentence that Kite shows.
Every one can be switched in `execution.refusals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from daemon.domain.exchange_order import OrderTerms
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.reports import Numbers

_FAR_FROM_PAISE: Final = 10_000
_RANGE_PAISE: Final = 1_000


class Refused(NamedTuple):
    """Why a request was refused, and the numbers that were compared."""

    reason: str
    numbers: Numbers


class Asked(NamedTuple):
    """What a rule looks at: the order as it would be, and its instrument's book."""

    terms: OrderTerms
    book: DepthBook
    limit_paise: int = 0


class Rule(NamedTuple):
    """One refusal: `since` is an ISO date, "" for always; `asks` returns what it compared."""

    reason: str
    since: str
    sentence: str
    asks: Callable[[Asked], Numbers | None]


def _price_step(asked: Asked) -> Numbers | None:
    terms, step = asked.terms, asked.book.step
    for price in (terms.price_paise, terms.trigger_paise):
        if price % step:
            return {"price_paise": price, "tick_paise": step}
    return None


def _price_band(asked: Asked) -> Numbers | None:
    day = asked.book.day
    for price in (asked.terms.price_paise, asked.terms.trigger_paise):
        above = day.high_band_paise and price > day.high_band_paise
        if price and (above or price < day.low_band_paise):
            return {
                "price_paise": price,
                "low_paise": day.low_band_paise,
                "high_paise": day.high_band_paise,
            }
    return None


def _far_limit(asked: Asked) -> Numbers | None:
    terms, ltp = asked.terms, asked.book.ltp
    if not asked.book.instrument.is_option or ltp < _FAR_FROM_PAISE or not terms.price_paise:
        return None
    if 2 * terms.price_paise > 5 * ltp or 2 * terms.price_paise < ltp:
        return {"price_paise": terms.price_paise, "ltp_paise": ltp}
    return None


def _untraded_contract(asked: Asked) -> Numbers | None:
    terms, book = asked.terms, asked.book
    if terms.kind != "MARKET" or terms.is_exit or not book.instrument.is_option:
        return None
    return {"volume": 0} if book.volume == 0 else None


def _slm_on_options(asked: Asked) -> Numbers | None:
    is_refused = asked.terms.kind == "SL-M" and asked.book.instrument.is_option
    return {"trigger_paise": asked.terms.trigger_paise} if is_refused else None


def _no_protection(asked: Asked) -> Numbers | None:
    terms = asked.terms
    if terms.is_api and terms.kind in ("MARKET", "SL-M") and terms.market_protection == 0:
        return {"market_protection": 0}
    return None


def _market_range(asked: Asked) -> Numbers | None:
    terms, book = asked.terms, asked.book
    if terms.kind != "MARKET" or not book.instrument.is_option:
        return None
    is_buy = terms.side == "BUY"
    levels = (level for level in book.to_take(is_buy) if book.available(is_buy, level))
    price = next(levels, (book.ltp, 0))[0]
    if 5 * abs(price - book.ltp) > max(book.ltp, 5 * _RANGE_PAISE):
        return {"price_paise": price, "ltp_paise": book.ltp}
    return None


SENDING: Final = (
    Rule(
        "price_step", "",
        "Tick size for this contract is {tick_paise}. Enter the price in multiples of it.",
        _price_step,
    ),
    Rule(
        "price_band", "",
        "Price exceeds circuit limits. Place an order within {low_paise} to {high_paise}.",
        _price_band,
    ),
    Rule(
        "far_limit", "",
        "The limit price {price_paise} is too far from the last price {ltp_paise}.",
        _far_limit,
    ),
    Rule(
        "untraded_contract", "2022-05-01",
        "17181: no trades in this contract today. Try placing a LIMIT order.",
        _untraded_contract,
    ),
    Rule(
        "slm_on_options", "2021-09-27",
        "16052: SL-M orders are not accepted on options. Use SL with a limit price.",
        _slm_on_options,
    ),
    Rule(
        "no_protection", "2026-04-01",
        "Market orders without market protection are not allowed via API.",
        _no_protection,
    ),
)  # fmt: skip
ARRIVAL: Final = (
    Rule(
        "market_range", "2022-05-01",
        "17182: the market order would trade at {price_paise}, too far from {ltp_paise}.",
        _market_range,
    ),
)  # fmt: skip
SENTENCES: Final = {rule.reason: rule.sentence for rule in (*SENDING, *ARRIVAL)}


class RefusalList:
    """The refusals of one moment that are switched on."""

    def __init__(self, rules: Iterable[Rule], settings: ExchangeSettings) -> None:
        default = not settings.is_simple
        self._rules = [rule for rule in rules if settings.refusals.get(rule.reason, default)]

    def first(self, asked: Asked) -> Refused | None:
        """Return the first refusal in force on the book's date, None if nothing is refused."""
        date = asked.book.day.date
        for rule in self._rules:
            if date >= rule.since or not date:
                numbers = rule.asks(asked)
                if numbers is not None:
                    return Refused(rule.reason, numbers)
        return None
