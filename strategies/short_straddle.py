"""Sell the at-the-money straddle once a day."""

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
"""Kite's name of the index of an option's underlying, where the two differ."""


class ShortStraddle(BaseStrategy):
    """Sells the call and the put nearest to the underlying's spot, nearest expiry, once a day.

    It enters at the first candle that closes at or after `at` once both premiums are known, never
    one leg alone. Each leg has its own stop, `stop_pct` above its premium, and no target. It closes
    what is left at the first candle that closes at or after `exit_at`. The spot is the index, or
    the nearest future while the index has no price. Give it all symbols (`symbols: []`), or at
    least one that trades often.

    `configs/plans/short-straddle.yaml` is the same idea as a plan.

    There are no other exits: no partial exit, no trailing stop, no time stop.

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
        """Enter or leave when it is time; any candle of its symbols serves as the clock."""
        day, time = ist_day(candle.ts), time_of_day(candle.end_ts)
        if time >= self._exit_at and self._exited_day != day:
            self._exited_day = day
            return self._leave(view)
        if self._at <= time < self._exit_at and self._entered_day != day:
            return self._enter(day, candle, view)
        return None

    def _leave(self, view: View) -> Intents:
        legs = [contract.tradingsymbol for contract in self._contracts(view) if contract.is_option]
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
        """Return the call and put of the strike nearest to spot (the lower at a tie), or ()."""
        spot = self._spot(today, view)
        options = [
            contract
            for contract in self._contracts(view)
            if contract.is_option and contract.expiry >= today
        ]
        if spot is None or not options:
            return ()
        expiry = min(option.expiry for option in options)
        chain = {
            (option.strike_paise, option.instrument_type): option
            for option in options
            if option.expiry == expiry
        }
        strikes = [strike for strike, kind in chain if kind == "CE" and (strike, "PE") in chain]
        if not strikes:
            return ()
        best = min(strikes, key=lambda strike: (abs(strike - spot * 100), strike))
        return chain[best, "CE"], chain[best, "PE"]

    def _spot(self, today: str, view: View) -> float | None:
        name = INDEX_SYMBOLS.get(self._underlying, self._underlying)
        futures = []
        for instrument in map(view.instrument, view.symbols):
            if instrument.is_index and name in (instrument.tradingsymbol, instrument.name):
                if (price := view.ltp(instrument.tradingsymbol)) is not None:
                    return price
            elif instrument.instrument_type == "FUT" and instrument.name == self._underlying:
                futures.append(instrument)
        alive = [future for future in futures if future.expiry >= today]
        nearest = min(alive, key=lambda future: future.expiry, default=None)
        return view.ltp(nearest.tradingsymbol) if nearest else None

    def _contracts(self, view: View) -> list[Instrument]:
        contracts = map(view.instrument, view.symbols)
        return [contract for contract in contracts if contract.name == self._underlying]
