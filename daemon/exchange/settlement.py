"""Settlement at expiry: an option at its intrinsic value, a future at the close itself."""

from __future__ import annotations

from daemon.domain.events import Fill
from daemon.domain.instrument import Instrument
from daemon.domain.order import Side


def settlement_price(instrument: Instrument, close_paise: int) -> int:
    """Return what one unit settles at on the official close of its underlying, paise."""
    if not instrument.is_option:
        return close_paise
    sign = 1 if instrument.instrument_type == "CE" else -1
    return max(0, sign * (close_paise - instrument.strike_paise))


def settlement_fill(
    side: Side, quantity: int, price_paise: int, *, close_paise: int, known_ts: int, now: int
) -> Fill:
    """Return the fill that settles a whole position: no spread, no slippage. Times UTC ns.

    `side` is the one that closes it.
    """
    return Fill(
        transaction_type=side,
        quantity=quantity,
        price_paise=price_paise,
        rule="settlement",
        base_half_paise=2 * price_paise,
        slippage_half_paise=0,
        ltp_paise=close_paise,
        bid_paise=0,
        ask_paise=0,
        quote_ts=known_ts,
        quote_age_ns=now - known_ts,
        bid_ask_paise=price_paise,
    )
