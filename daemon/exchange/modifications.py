"""What a modification does when it arrives (F42)."""

from __future__ import annotations

from msgspec import structs

from daemon.domain.exchange_order import (
    MAX_MODIFICATIONS,
    ExchangeOrder,
    ExchangeOrderState,
    Modification,
    OrderTerms,
)
from daemon.domain.order_kind import STOP_KINDS
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.floor import Floor
from daemon.exchange.order_checks import bad_level, bad_validity
from daemon.exchange.refusals import Asked, Refused
from daemon.exchange.reports import Reports
from daemon.exchange.timers import Due, Timers

_S = ExchangeOrderState
_MINUTE_NS = 60_000_000_000


def terms_after(order: ExchangeOrder, change: Modification) -> OrderTerms:
    """Return the terms that an order would have; a stop that was triggered is a LIMIT."""
    kind = "LIMIT" if order.triggered else order.kind
    if change.kind is not None and not (order.triggered and change.kind in STOP_KINDS):
        kind = change.kind
    price = order.limit_paise if change.price_paise is None else change.price_paise
    trigger = order.trigger_paise if change.trigger_paise is None else change.trigger_paise
    return structs.replace(
        order.terms,
        quantity=order.quantity if change.quantity is None else change.quantity,
        kind=kind,
        price_paise=0 if kind == "SL-M" else price,
        trigger_paise=trigger if kind in STOP_KINDS else 0,
        validity=order.validity if change.validity is None else change.validity,
        ttl_minutes=change.ttl_minutes or order.terms.ttl_minutes,
        disclosed_quantity=(
            order.terms.disclosed_quantity
            if change.disclosed_quantity is None
            else change.disclosed_quantity
        ),
        market_protection=(
            order.terms.market_protection
            if change.market_protection is None
            else change.market_protection
        ),
    )


def changed_prices(order: ExchangeOrder, change: Modification) -> OrderTerms:
    """Return terms with the prices that a modification changes: judged when it is sent.

    An order of the API that becomes another kind is judged as that kind too.
    """
    kind = change.kind if order.terms.is_api and change.kind not in (None, order.kind) else None
    return structs.replace(
        order.terms,
        kind=kind or "LIMIT",
        market_protection=change.market_protection,
        price_paise=change.price_paise or 0,
        trigger_paise=change.trigger_paise or 0,
    )


def fault_when_sent(order: ExchangeOrder, change: Modification, book: DepthBook) -> Refused | None:
    """Return what is wrong with a modification by the order as it is now, None if over."""
    if order.is_over:
        return None
    terms, freeze = terms_after(order, change), book.day.freeze_quantity
    if order.state is not _S.OPEN and (refused := bad_level(terms, book.step)):
        return refused
    if 0 < freeze < terms.quantity and terms.quantity > order.quantity:
        return Refused("freeze_quantity", {"quantity": terms.quantity, "freeze_quantity": freeze})
    return None


def _fault(terms: OrderTerms, book: DepthBook, filled: int) -> Refused | None:
    """Return what is wrong with an order as a modification makes it."""
    refused = bad_validity(terms)
    if refused is not None:
        return refused
    if terms.quantity <= 0 or terms.quantity < filled or terms.quantity % book.lot:
        return Refused("bad_quantity", {"quantity": terms.quantity, "filled": filled})
    return bad_level(terms, book.step)


class Modifications:
    """Judge and apply modifications of orders at the exchange."""

    def __init__(self, floor: Floor, reports: Reports, timers: Timers) -> None:
        self._floor = floor
        self._reports = reports
        self._timers = timers

    def crosses(self, order: ExchangeOrder, change: Modification, book: DepthBook) -> bool:
        """Return whether a modification would take liquidity on the book as it is."""
        terms = terms_after(order, change)
        if terms.kind in STOP_KINDS or self._refusal(order, change, book) is not None:
            return False
        if terms.kind == "MARKET" and order.kind != "MARKET":
            return True
        if not loses_place(order, terms):
            return False
        return self._floor.reaches_other_side(order, terms.price_paise)

    def apply(
        self, order: ExchangeOrder, change: Modification, book: DepthBook, sent_ts: int
    ) -> None:
        """Apply a modification, sent at `sent_ts`, that has arrived, or refuse it."""
        refused = self._refusal(order, change, book)
        if refused is not None:
            self._reports.add(order, "modify_refused", refused.reason, refused.numbers)
            return
        terms = terms_after(order, change)
        if terms.quantity == order.filled:
            order.count_modification()
            self._floor.cancel(order, "modified_to_filled")
            return
        self._change(order, terms, change, book, sent_ts)

    def _refusal(
        self, order: ExchangeOrder, change: Modification, book: DepthBook
    ) -> Refused | None:
        if order.is_over:
            reason = "already_filled" if order.state is _S.COMPLETE else "not_open"
            return Refused(reason, {})
        if order.modifications >= MAX_MODIFICATIONS:
            return Refused("too_many_modifications", {"modifications": order.modifications})
        terms = terms_after(order, change)
        if order.state is _S.OPEN and terms.kind in STOP_KINDS:
            return Refused("not_open", {"order_type": terms.kind})
        fault = _fault(terms, book, order.filled)
        if fault is not None:
            return fault
        asked = Asked(terms, book, terms.price_paise)
        return self._floor.checks.first(order, asked, self._reports.now)

    def _change(
        self,
        order: ExchangeOrder,
        terms: OrderTerms,
        change: Modification,
        book: DepthBook,
        sent_ts: int,
    ) -> None:
        loses = loses_place(order, terms)
        acts = terms.kind not in STOP_KINDS and loses
        if loses:
            self._floor.withdraw(order)
        order.count_modification()
        self._rewrite(order, terms, change, book, sent_ts)
        order.move(_S.TRIGGER_PENDING if terms.kind in STOP_KINDS else _S.OPEN, "modified")
        self._reports.add(order, "modified")
        if terms.validity == "TTL" and (change.validity or change.ttl_minutes):
            end_after(order, self._reports.now, self._timers)
        if acts:
            self._floor.act(order)
        elif loses:
            self._floor.stops.watch(order)
        elif terms.validity == "IOC":
            self._floor.cancel(order, "ioc_rest")

    def _rewrite(
        self,
        order: ExchangeOrder,
        terms: OrderTerms,
        change: Modification,
        book: DepthBook,
        sent_ts: int,
    ) -> None:
        room = self._room(order, terms)
        limit = terms.price_paise
        if terms.kind == "MARKET":
            is_new = order.kind != "MARKET"
            limit = self._protected(order, terms, book) if is_new else terms.price_paise
        kind = terms.kind
        if order.triggered and kind == "LIMIT" and change.kind != "LIMIT":
            kind = order.kind
        order.rewrite(terms, kind, room, limit, sent_ts)

    def _protected(self, order: ExchangeOrder, terms: OrderTerms, book: DepthBook) -> int:
        return self._floor.protect(order, book.ltp, terms.market_protection)

    def _room(self, order: ExchangeOrder, terms: OrderTerms) -> int:
        """Return what an order may have pending: of an exit never more than is open for it."""
        wanted = terms.quantity - order.filled
        if not terms.group or wanted <= order.pending:
            return wanted
        room = self._floor.group(terms.group).room_for(order.root, terms.kind, order)
        return min(wanted, max(room, order.pending))


def end_after(order: ExchangeOrder, now: int, timers: Timers) -> None:
    """Let the minutes of an order's TTL begin at `now` (UTC ns)."""
    ends = now + order.terms.ttl_minutes * _MINUTE_NS
    order.end_at(ends)
    timers.add(ends, Due.EXPIRY, (order, "ttl_over"), order.number)


def loses_place(order: ExchangeOrder, terms: OrderTerms) -> bool:
    """Return whether a change of price, trigger or kind, or a larger quantity, costs the queue."""
    if terms.quantity > order.quantity:
        return True
    if terms.kind != ("LIMIT" if order.triggered else order.kind):
        return True
    if terms.kind in STOP_KINDS and terms.trigger_paise != order.trigger_paise:
        return True
    return terms.kind != "SL-M" and terms.price_paise != order.limit_paise
