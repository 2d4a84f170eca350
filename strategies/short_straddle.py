"""Selling the at-the-money straddle once a day."""

from __future__ import annotations

from typing import Final

from daemon.domain.candle import Candle
from daemon.domain.dates import ist_date, ist_day
from daemon.domain.instrument import Instrument
from daemon.domain.intent import ExitOverrides
from strategies.params import PositiveFloat, Quantity, TimeOfDay, since_midnight, time_of_day
from strategies.strategy import BaseStrategy, Intents, View

INDEX_SYMBOLS: Final = {
    "NIFTY": "NIFTY 50",
    "BANKNIFTY": "NIFTY BANK",
    "FINNIFTY": "NIFTY FIN SERVICE",
    "MIDCPNIFTY": "NIFTY MID SELECT",
    "NIFTYNXT50": "NIFTY NEXT 50",
}
"""What Kite calls the index of an option's underlying, where the two names differ."""


class ShortStraddle(BaseStrategy):
    """Sells the call and the put nearest to the underlying's spot, nearest expiry, once a day.

    It enters at the first candle that closes at or after `at` and finds both premiums, never one
    leg alone. Each leg has its own stop above its premium and no target; what is left is closed
    at the first candle at or after `exit_at`. Spot is the index, or the nearest future while the
    index has no price. Give it all symbols (`symbols: []`) or at least one that trades often.

    Its exits are these alone: no partial exit, no trailing stop, no time stop.

    underlying ("NIFTY"): the options' name. at ("09:20"), exit_at ("15:00"): IST. quantity (0):
    units per leg, 0 = one lot. stop_pct (30): percent of the premium.
    """

    default_exits = ExitOverrides(
        enable_partial_exit=False, enable_trailing=False, enable_time_stop=False
    )

    def __init__(
        self,
        *,
        underlying: str = "NIFTY",
        at: TimeOfDay = "09:20",
        quantity: Quantity = 0,
        stop_pct: PositiveFloat = 30.0,
        exit_at: TimeOfDay = "15:00",
    ) -> None:
        if at >= exit_at:
            raise ValueError(f"expected at before exit_at, was {at} and {exit_at}")
        self._underlying = underlying
        self._at, self._exit_at = since_midnight(at), since_midnight(exit_at)
        self._quantity = quantity
        self._stop_pct = stop_pct
        self._entered_day = self._exited_day = 0

    def on_candle(self, candle: Candle, view: View) -> Intents:
        """Any candle of any of its symbols is the clock."""
        day, time = ist_day(candle.ts), time_of_day(candle.end_ts)
        if time >= self._exit_at and self._exited_day != day:
            self._exited_day = day
            return self._leave(view)
        if self._at <= time < self._exit_at and self._entered_day != day:
            return self._enter(day, candle, view)
        return None

    def _leave(self, view: View) -> Intents:
        legs = [each.tradingsymbol for each in self._contracts(view) if each.is_option]
        held = [leg for leg in legs if view.position(leg) or view.waiting(leg)]
        return [self.exit(leg, reason="exit_at") for leg in held]

    def _enter(self, day: int, candle: Candle, view: View) -> Intents:
        pair = self._at_the_money(ist_date(candle.ts).isoformat(), view)
        premiums = [view.ltp(leg.tradingsymbol) for leg in pair]
        if not premiums or None in premiums:
            return None
        self._entered_day = day
        return [
            self.sell(
                leg.tradingsymbol,
                self.size(self._quantity, leg.tradingsymbol, view),
                stop=round(premium * (100 + self._stop_pct) / 100, 2),
                reason="straddle",
            )
            for leg, premium in zip(pair, premiums, strict=True)
            if premium is not None
        ]

    def _at_the_money(self, today: str, view: View) -> tuple[Instrument, ...]:
        """The call and the put of the strike nearest to spot (the lower at a tie), or nothing."""
        spot = self._spot(today, view)
        options = [e for e in self._contracts(view) if e.is_option and e.expiry >= today]
        if spot is None or not options:
            return ()
        expiry = min(each.expiry for each in options)
        chain = {(e.strike_paise, e.instrument_type): e for e in options if e.expiry == expiry}
        strikes = [strike for strike, kind in chain if kind == "CE" and (strike, "PE") in chain]
        if not strikes:
            return ()
        best = min(strikes, key=lambda strike: (abs(strike - spot * 100), strike))
        return chain[best, "CE"], chain[best, "PE"]

    def _spot(self, today: str, view: View) -> float | None:
        name = INDEX_SYMBOLS.get(self._underlying, self._underlying)
        futures = []
        for each in map(view.instrument, view.symbols):
            if each.is_index and name in (each.tradingsymbol, each.name):
                if (price := view.ltp(each.tradingsymbol)) is not None:
                    return price
            elif each.instrument_type == "FUT" and each.name == self._underlying:
                futures.append(each)
        alive = [each for each in futures if each.expiry >= today]
        nearest = min(alive, key=lambda each: each.expiry, default=None)
        return view.ltp(nearest.tradingsymbol) if nearest else None

    def _contracts(self, view: View) -> list[Instrument]:
        contracts = map(view.instrument, view.symbols)
        return [each for each in contracts if each.name == self._underlying]
