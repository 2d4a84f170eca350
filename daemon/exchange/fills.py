"""The price that an order gets (SEMANTICS, "Fills")."""

from __future__ import annotations

from typing import Final, Literal

from daemon.domain.events import Charges, Fill
from daemon.domain.instrument import Instrument
from daemon.domain.order import Order, Side
from daemon.exchange.slippage import Slippage
from daemon.market.book import Quote
from daemon.settings.config import ExecutionConfig

FillMode = Literal["mid", "bid_ask", "ltp"]
_NO_CHARGES: Final = Charges()


class FillEngine:
    """Price every order, entry or exit, by one model and keep the evidence."""

    def __init__(self, config: ExecutionConfig) -> None:
        # what `depth` does not fill at the exchange, a forced close, crosses the spread
        self.mode: FillMode = "bid_ask" if config.fill_mode == "depth" else config.fill_mode
        self._slippage = Slippage(config.slippage, config.slippage_ticks)

    def determine_fill_price(
        self, quote: Quote, side: Side, tick_paise: int, mode: FillMode | None = None
    ) -> int:
        """Return the price in paise that an order on `side` gets on this quote."""
        base, _ = base_half(quote.ltp, quote.bid, quote.ask, side, mode or self.mode)
        return self._slippage.price(base, side, tick_paise)

    def fill_order(
        self,
        order: Order | Instrument,
        quote: Quote,
        *,
        ts: int,
        side: Side,
        quantity: int,
        stale: bool = False,
    ) -> Fill:
        """Return a fill of `quantity` units at `ts` (UTC ns) with its evidence, not yet charged.

        `order` has the price step, or the contract where there is no trade. `stale` marks a fill
        that was forced on a quote too old to trust.
        """
        base, rule = base_half(quote.ltp, quote.bid, quote.ask, side, self.mode)
        price = self._slippage.price(base, side, order.tick_paise)
        away = 2 * price - base
        crossing, _ = base_half(quote.ltp, quote.bid, quote.ask, side, "bid_ask")
        crossed = price
        if crossing != base:
            crossed = self._slippage.price(crossing, side, order.tick_paise)
        return Fill(
            transaction_type=side,
            quantity=quantity,
            price_paise=price,
            rule="last_quote" if stale else rule,
            base_half_paise=base,
            slippage_half_paise=away if side == "BUY" else -away,
            ltp_paise=quote.ltp,
            bid_paise=quote.bid,
            ask_paise=quote.ask,
            quote_ts=quote.ts,
            quote_age_ns=ts - quote.ts,
            bid_ask_paise=crossed,
            stale=stale,
            walked=quote.walked,
            after_gap=quote.after_gap,
            charges=_NO_CHARGES,
        )


def base_half(ltp: int, bid: int, ask: int, side: Side, mode: FillMode) -> tuple[int, str]:
    """Return the base price in half paise and the rule that chose it; bid and ask 0 if absent."""
    if mode == "ltp":
        return 2 * ltp, "ltp"
    if mode == "mid":
        if bid and ask:
            return bid + ask, "mid"
        return 2 * ltp, "ltp_for_mid"
    if side == "BUY":
        return (2 * ask, "ask") if ask else (2 * ltp, "ltp_for_ask")
    return (2 * bid, "bid") if bid else (2 * ltp, "ltp_for_bid")
