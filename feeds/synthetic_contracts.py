"""List the instruments of a synthetic market: an index, its future, and option chains."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

import msgspec

from daemon.domain.dates import MONTHS, ist_ns
from daemon.domain.instrument import Instrument
from daemon.domain.symbols import WEEKLY_MONTHS
from daemon.errors import ConfigError
from daemon.settings.config import SyntheticConfig

SessionTimes = Callable[[dt.date, Instrument], tuple[int, int] | None]
"""Open and close (UTC ns) of an instrument on a date, None on a day without a session."""
ExpiryShift = Callable[[dt.date], dt.date]
"""Gives the day on which a contract actually expires for the day by the weekday rule."""

_TUESDAY: Final = 1
_FIRST_EXCHANGE_TOKEN: Final = 40_000
_NFO: Final = 2
_FUTURES: Final = 3
"""As many months as the exchange lists futures of."""


class Underlying(msgspec.Struct, frozen=True):
    """The contract terms of an index; prices in paise, strike step in rupees."""

    symbol: str
    token: int
    lot: int
    freeze: int
    strike_step: int
    weekly: bool


UNDERLYINGS: Final = {
    "NIFTY": Underlying("NIFTY 50", 256_265, 65, 1800, 50, weekly=True),
    "BANKNIFTY": Underlying("NIFTY BANK", 260_105, 30, 600, 100, weekly=False),
}


class Tokens:
    """Made-up tokens in Kite's form, one per symbol, in the order in which they are requested."""

    def __init__(self) -> None:
        self._tokens: dict[str, int] = {}

    def of(self, symbol: str) -> int:
        """Return the symbol's token."""
        exchange_token = _FIRST_EXCHANGE_TOKEN + len(self._tokens)
        return self._tokens.setdefault(symbol, exchange_token << 8 | _NFO)


class Chain(msgspec.Struct, frozen=True):
    """The contracts of one day: future and options of the nearest expiry, then those further out.

    What is further out comes last everywhere, so that it changes nothing of what is near.
    """

    date: dt.date
    index: Instrument
    future: Instrument
    options: tuple[Instrument, ...]
    further: tuple[Instrument, ...]
    future_expiries: tuple[str, ...]
    option_expiries: tuple[str, ...]

    @property
    def near(self) -> tuple[Instrument, ...]:
        """Return the index, the future, then the options of the nearest expiry."""
        return (self.index, self.future, *self.options)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return the near ones, then those further out."""
        return (*self.near, *self.further)

    def rank(self, contract: Instrument) -> int:
        """Return how many expiries of its kind come before a future's or option's."""
        listed = self.option_expiries if contract.is_option else self.future_expiries
        return listed.index(contract.expiry)


def default_session(date: dt.date, instrument: Instrument) -> tuple[int, int] | None:
    """Return 09:15 to 15:30 on weekdays, for use without a calendar."""
    del instrument
    if date.weekday() >= 5:
        return None
    return ist_ns(date, dt.time(9, 15)), ist_ns(date, dt.time(15, 30))


def no_shift(expiry: dt.date) -> dt.date:
    """Return the expiry by the weekday rule, for use without a calendar."""
    return expiry


def session_days(config: SyntheticConfig, session: SessionTimes) -> list[dt.date]:
    """Return the dates of the sessions. Raises ConfigError if the first one has no session."""
    index = index_of(config)
    try:
        day = dt.date.fromisoformat(config.date)
    except ValueError as error:
        raise ConfigError(f"feed.synthetic.date: expected YYYY-MM-DD, {error}") from error
    if session(day, index) is None:
        raise ConfigError(
            f"feed.synthetic.date: {config.date} ({day:%A}) has no session; choose a trading day"
        )
    days: list[dt.date] = []
    tried = 0
    while len(days) < config.sessions:
        if session(day, index) is not None:
            days.append(day)
            tried = 0
        tried += 1
        if tried > 30:
            raise ConfigError(f"feed.synthetic.sessions: no session for a month before {day}")
        day += dt.timedelta(days=1)
    return days


def index_of(config: SyntheticConfig) -> Instrument:
    """Return the index instrument with Kite's own token."""
    terms = UNDERLYINGS[config.underlying]
    return Instrument(
        instrument_token=terms.token, tradingsymbol=terms.symbol, exchange="NSE",
        segment="INDICES", name=terms.symbol, instrument_type="INDEX",
    )  # fmt: skip


def chain_of(
    config: SyntheticConfig, date: dt.date, spot: float, shift: ExpiryShift, tokens: Tokens
) -> Chain:
    """Return the contracts of one day around a spot (rupees)."""
    name, count = config.underlying, config.expiries
    terms = UNDERLYINGS[name]
    months = coming_expiries(date, shift, count, weekly=False)
    expiries = coming_expiries(date, shift, count, weekly=terms.weekly)
    if count > 1:
        expiries = sorted({*expiries, *months})
    middle = round(spot / terms.strike_step)
    steps = range(-config.strikes_each_side, config.strikes_each_side + 1)
    strikes = [strike for step in steps if (strike := (middle + step) * terms.strike_step) > 0]

    def options(expiry: dt.date) -> Iterable[Instrument]:
        for strike in strikes:
            for kind in ("CE", "PE"):
                yield _option(name, expiry, strike, kind, tokens, weekly=expiry not in months)

    return Chain(
        date=date,
        index=index_of(config),
        future=_future(name, months[0], spot, tokens),
        options=tuple(options(expiries[0])),
        further=(
            *(_future(name, month, spot, tokens) for month in months[1:_FUTURES]),
            *(option for expiry in expiries[1:] for option in options(expiry)),
        ),
        future_expiries=tuple(map(dt.date.isoformat, months[:_FUTURES])),
        option_expiries=tuple(map(dt.date.isoformat, expiries)),
    )


def next_expiry(date: dt.date, shift: ExpiryShift, *, weekly: bool) -> dt.date:
    """Return the first expiry on or after `date`: Tuesdays, or the last Tuesday of a month."""
    return coming_expiries(date, shift, 1, weekly=weekly)[0]


def coming_expiries(
    date: dt.date, shift: ExpiryShift, count: int, *, weekly: bool
) -> list[dt.date]:
    """Return the first expiries on or after `date`, in order."""
    nominal = _tuesdays(date - dt.timedelta(days=10), weekly=weekly)
    actual = (day for day in map(shift, nominal) if day >= date)
    return list(islice(actual, count))


def settles_at(contract: Instrument) -> int:
    """Return when the time value of a future or option is over, UTC ns."""
    return ist_ns(dt.date.fromisoformat(contract.expiry), dt.time(15, 30))


def all_instruments(chains: Iterable[Chain]) -> list[Instrument]:
    """Return every instrument of the chains once, in order of first appearance, near ones first."""
    known = list(chains)
    near = (instrument for chain in known for instrument in chain.near)
    further = (instrument for chain in known for instrument in chain.further)
    return list(dict.fromkeys((*near, *further)))


def _tuesdays(start: dt.date, *, weekly: bool) -> Iterable[dt.date]:
    day = start + dt.timedelta(days=(_TUESDAY - start.weekday()) % 7)
    for _ in range(60):
        last = day.day + 7 > calendar.monthrange(day.year, day.month)[1]
        if weekly or last:
            yield day
        day += dt.timedelta(days=7)


def _future(name: str, expiry: dt.date, spot: float, tokens: Tokens) -> Instrument:
    terms = UNDERLYINGS[name]
    return Instrument(
        instrument_token=tokens.of(symbol := f"{name}{_month(expiry)}FUT"),
        tradingsymbol=symbol, name=name, segment="NFO-FUT", instrument_type="FUT",
        tick_paise=5 if spot <= 15_000 else 10 if spot <= 30_000 else 20, lot_size=terms.lot,
        expiry=expiry.isoformat(), freeze_quantity=terms.freeze,
    )  # fmt: skip


def _option(
    name: str, expiry: dt.date, strike: int, kind: str, tokens: Tokens, *, weekly: bool
) -> Instrument:
    terms = UNDERLYINGS[name]
    code = _week(expiry) if weekly else _month(expiry)
    return Instrument(
        instrument_token=tokens.of(symbol := f"{name}{code}{strike}{kind}"),
        tradingsymbol=symbol, name=name, segment="NFO-OPT",
        instrument_type="CE" if kind == "CE" else "PE", lot_size=terms.lot,
        expiry=expiry.isoformat(), strike_paise=strike * 100, freeze_quantity=terms.freeze,
    )  # fmt: skip


def _month(expiry: dt.date) -> str:
    return f"{expiry:%y}{MONTHS[expiry.month - 1]}"


def _week(expiry: dt.date) -> str:
    return f"{expiry:%y}{WEEKLY_MONTHS[expiry.month - 1]}{expiry:%d}"
