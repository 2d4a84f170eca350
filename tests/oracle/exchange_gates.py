"""Section 8 read aloud: what a request is refused for, at sending and at arrival."""

from __future__ import annotations

from collections import Counter

from tests.oracle import exchange_prices as prices
from tests.oracle.exchange_fills import Fills
from tests.oracle.exchange_market import Market
from tests.oracle.exchange_orders import Order
from tests.oracle.exchange_scenario import SECOND, Modify, New, Setup

MOST_SLICES = 10
STOPS = ("SL", "SL-M")
ALWAYS = ("trigger_already_met",)
RATES = ((SECOND, 10), (60 * SECOND, 400), (24 * 3600 * SECOND, 5000))


class Gates(Fills):
    """Refusals: a reason, or "" if it may go on."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.api_sent: Counter[tuple[int, int]] = Counter()

    def asked(self, reason: str) -> bool:
        """Whether a refusal is on; `lpp`, and all in the simple modes, must be switched on."""
        if reason in ALWAYS:
            return True
        off = reason == "lpp" or self.simple
        return bool(self.keys["refusals"].get(reason, "off" if off else "on") == "on")

    # -------------------------------------------------------------- at sending

    def refuse_shape(self, new: New) -> str:
        """What is no order at all, after the gates that ask for the session and whole lots."""
        market = self.markets[new.symbol]
        contract, sign = market.contract, 1 if new.side == "BUY" else -1
        open_now = contract.opens <= self.now < contract.closes
        endless = new.validity == "TTL" and not new.ttl_minutes
        checks = (
            ("market_closed", not open_now),
            ("lot_size", new.quantity <= 0 or new.quantity % contract.lot != 0),
            ("bad_validity", new.validity == "IOC" and new.order_type in STOPS),
            ("bad_validity", endless),
            ("bad_level", self.bad_level(market, new.order_type, sign, new.trigger, new.price)),
        )
        for reason, refused in checks:
            if refused:
                return reason
        return ""

    def refuse_new(self, new: New) -> str:
        """A new order at sending, in the order of the table."""
        market = self.markets[new.symbol]
        market_like = new.order_type in ("MARKET", "SL-M")
        unsafe = new.is_api and market_like and new.market_protection == 0
        return self.refuse_prices(market, new.price, new.trigger) or self.first_of(
            ("untraded_contract", self.untraded(market, new)),
            (
                "slm_on_options",
                new.order_type == "SL-M" and market.contract.kind == "option",
            ),
            ("no_protection", unsafe),
        )

    def first_of(self, *checks: tuple[str, bool]) -> str:
        for reason, refused in checks:
            if refused and self.asked(reason):
                return reason
        return ""

    def bad_level(
        self, market: Market, kind: str, sign: int, trigger: int | None, price: int | None
    ) -> bool:
        """F30: a buy has T <= L, a sell T >= L; a level that is missing or under one step."""
        step = market.contract.step_paise
        if kind in ("LIMIT", "SL") and (price or 0) < step:
            return True
        if kind in STOPS and (trigger or 0) < step:
            return True
        return kind == "SL" and sign * (trigger or 0) > sign * (price or 0)

    def refuse_prices(self, market: Market, price: int | None, trigger: int | None) -> str:
        """`price_step`, `price_band`, `far_limit`."""
        contract = market.contract
        both = [each for each in (price, trigger) if each is not None]
        off_step = any(each % contract.step_paise or each <= 0 for each in both)
        band = contract.band
        outside = band is not None and any(not band[0] <= each <= band[1] for each in both)
        far = False
        if contract.kind == "option" and market.ltp is not None and market.ltp >= 10_000:
            far = price is not None and (2 * price > 5 * market.ltp or 2 * price < market.ltp)
        return self.first_of(("price_step", off_step), ("price_band", outside), ("far_limit", far))

    def untraded(self, market: Market, new: New) -> bool:
        return (
            new.order_type == "MARKET"
            and market.contract.kind == "option"
            and market.volume == 0
            and not new.is_exit
        )

    def over_the_rate(self) -> bool:
        """`order_rate`: over 10 a second, 400 a minute, 5,000 a day, by the exchange's calendar."""
        keys = [((span, self.now // span), most) for span, most in RATES]
        if any(self.api_sent[key] >= most for key, most in keys):
            return True
        for key, _ in keys:
            self.api_sent[key] += 1
        return False

    def refuse_slices(self, market: Market, quantity: int) -> str:
        """F60: above the freeze quantity."""
        size = self.slice_size(market)
        if size == 0 or quantity <= (market.contract.freeze or 0):
            return ""
        if not self.keys["autoslice"]:
            return "freeze_quantity"
        return "too_many_slices" if -(-quantity // size) > MOST_SLICES else ""

    def slice_size(self, market: Market) -> int:
        """F60: floor(freeze / lot) x lot."""
        freeze, lot = market.contract.freeze, market.contract.lot
        return 0 if freeze is None else freeze // lot * lot

    # -------------------------------------------------------------- at arrival

    def refuse_arrival(self, order: Order) -> str:
        """`market_range`, `lpp`, `trigger_already_met`."""
        market = order.market
        assert market.ltp is not None
        met = order.kind in STOPS and self.met(order, order.trigger)
        return self.first_of(
            ("market_range", order.kind == "MARKET" and self.out_of_range(order)),
            ("lpp", order.kind == "LIMIT" and self.beyond_lpp(order, order.limit)),
            ("trigger_already_met", met),
        )

    def met(self, order: Order, trigger: int | None) -> bool:
        assert trigger is not None
        assert order.market.ltp is not None
        return order.sign * order.market.ltp >= order.sign * trigger

    def beyond_lpp(self, order: Order, price: int | None) -> bool:
        """F62."""
        assert price is not None
        reference = order.market.reference(self.now)
        return not prices.lpp_allows(order.market.contract, order.sign, price, reference)

    def out_of_range(self, order: Order) -> bool:
        """17182: the best that it would take, whatever its protection, lies beyond the range."""
        market = order.market
        assert market.ltp is not None
        if market.contract.kind != "option":
            return False
        for price, _ in market.levels[order.sign]:
            if market.available(order.sign, price):
                return prices.beyond_market_range(price, market.ltp)
        return False

    # ----------------------------------------------------------- modifications

    def refuse_change(self, order: Order, change: Modify) -> str:
        """A modification at sending: what it changes, by the order as it is now."""
        if order.done:
            return ""
        kind, price, trigger = self.merged(order, change)
        waits = order.mode in ("flight", "pending")
        if waits and self.bad_level(order.market, kind, order.sign, trigger, price):
            return "bad_level"
        if change.quantity is not None and change.quantity > order.quantity:
            freeze = order.market.contract.freeze
            if freeze is not None and change.quantity > freeze:
                return "freeze_quantity"
        return self.refuse_prices(
            order.market, change.price, change.trigger
        ) or self.refuse_new_kind(order, change)

    def refuse_new_kind(self, order: Order, change: Modify) -> str:
        """An API's order that becomes another kind: what a new order of that kind is refused for.

        The contract is silent; a broker asks it of orders that programs send.
        """
        kind = change.order_type
        if not order.is_api or kind is None or kind == order.kind:
            return ""
        is_option = order.market.contract.kind == "option"
        is_untraded = is_option and order.market.volume == 0 and not order.is_exit
        return self.first_of(
            ("untraded_contract", kind == "MARKET" and is_untraded),
            ("slm_on_options", kind == "SL-M" and is_option),
        )

    def refuse_modification(self, order: Order, change: Modify) -> str:
        """F42 at arrival: what leaves the order as it was."""
        if order.done:
            return "already_filled" if order.status == "COMPLETE" else "not_open"
        if order.modifications >= 25:
            return "too_many_modifications"
        kind, price, trigger = self.merged(order, change)
        if order.working and not order.triggered and kind in STOPS:
            return "not_open"
        stop = order.mode == "pending" and kind in STOPS
        validity = change.validity or order.validity
        minutes = change.ttl_minutes or order.ttl_minutes
        quantity = order.quantity if change.quantity is None else change.quantity
        if (stop and validity == "IOC") or (validity == "TTL" and not minutes):
            return "bad_validity"
        if quantity < order.filled or quantity <= 0 or quantity % order.market.contract.lot:
            return "bad_quantity"
        levels = "LIMIT" if order.triggered and kind in STOPS else kind
        if self.bad_level(order.market, levels, order.sign, trigger, price):
            return "bad_level"
        if stop:
            moved = trigger != order.trigger and self.met(order, trigger)
            return self.first_of(("trigger_already_met", moved))
        limited = kind == "LIMIT" or order.triggered
        return self.first_of(
            ("lpp", kind != "MARKET" and limited and self.beyond_lpp(order, price))
        )

    def merged(self, order: Order, change: Modify) -> tuple[str, int | None, int | None]:
        """Kind, price and trigger after the change; a triggered SL is a LIMIT (F42)."""
        kind = change.order_type or order.kind
        if order.triggered and kind in STOPS:
            kind = order.kind
        base = order.price if order.limit is None else order.limit
        price = base if change.price is None else change.price
        trigger = order.trigger if change.trigger is None else change.trigger
        return kind, price, trigger
