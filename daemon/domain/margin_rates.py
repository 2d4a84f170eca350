"""The rates of margin of one underlying on one date, as whole parts of a million."""

from __future__ import annotations

import msgspec


class MarginRates(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the scenarios and the exposure of an underlying are made of; ppm is 1e-6 of a value."""

    is_index: bool
    scan_ppm: int
    """The price scan range: how far the scenarios move the price."""
    far_option_scan_ppm: int
    """The same for options that expire in more than nine months."""
    volatility_ppm: int
    """How far the scenarios move the volatility; 40,000 is four points."""
    extreme_cover_ppm: int
    """The part of the loss that counts where the price moves twice as far."""
    exposure_ppm: int
    expiry_day_ppm: int
    """Added to the exposure of short options on their expiry day."""
    calendar_ppm: int
    """Of the value of the smaller of two opposite deltas."""
    calendar_on_expiry_day: bool
    """Whether an expiry offsets the others on its own last day."""
    delivery_ppm: int
    """Of the value of shares for delivery."""
    intraday_ppm: int
    """Of the value of shares within the day."""
