"""A small NIFTY market of one moment: contracts, last prices in rupees, deltas by symbol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from daemon.chain.choice import Choice, Chosen, Never, NotYet
from daemon.chain.choose import Market, WantedOption, choose
from daemon.chain.contracts import contracts_of
from daemon.chain.expiries import ExpiryWord, listed_expiries
from daemon.chain.quotes import LastQuote
from daemon.chain.reference import ReferenceKind
from daemon.chain.strike_forms import parse_strike
from daemon.chain.strikes import OptionKind
from daemon.domain.instrument import Instrument, InstrumentType, Universe
from daemon.domain.money import paise_exact

WEEK, MONTH, NEXT_MONTH = "2026-12-01", "2026-12-29", "2027-01-25"
TODAY = "2026-11-30"


class Prices:
    """Quotes and deltas by index; what has no price had no tick."""

    def __init__(
        self,
        universe: Universe,
        ltp: Mapping[str, float],
        stale: Iterable[str] = (),
        deltas: Mapping[str, float] | None = None,
    ) -> None:
        def index(symbol: str) -> int:
            at = universe.index_of(symbol)
            assert at is not None, symbol
            return at

        old = set(stale)
        self._last = {
            index(symbol): LastQuote(paise_exact(price), 1, symbol not in old)
            for symbol, price in ltp.items()
        }
        self._deltas = {index(symbol): delta for symbol, delta in (deltas or {}).items()}

    def last(self, index: int, /) -> LastQuote | None:
        return self._last.get(index)

    def delta(self, index: int, /) -> float | None:
        return self._deltas.get(index)


def option(strike: float, kind: OptionKind, expiry: str = WEEK) -> str:
    """Return the name of a test option; it need not be an exchange's symbol."""
    return f"{expiry}:{strike:g}{kind}"


def universe_of(
    strikes: Sequence[float],
    expiries: Sequence[str] = (WEEK,),
    futures: Sequence[str] = (MONTH,),
    without: Iterable[str] = (),
    order: int = 1,
) -> Universe:
    rows: list[tuple[str, InstrumentType, str, float]] = [("NIFTY 50", "INDEX", "", 0)]
    rows += [(f"{expiry}:FUT", "FUT", expiry, 0) for expiry in futures]
    kinds: tuple[OptionKind, ...] = ("CE", "PE")
    rows += [
        (option(strike, kind, expiry), kind, expiry, strike)
        for expiry in expiries
        for strike in strikes
        for kind in kinds
    ]
    missing = set(without)
    kept = [row for row in rows if row[0] not in missing][::order]
    return Universe(
        Instrument(
            instrument_token=token,
            tradingsymbol=symbol,
            name="NIFTY",
            instrument_type=kind,
            expiry=expiry,
            strike_paise=paise_exact(strike),
            lot_size=65,
        )
        for token, (symbol, kind, expiry, strike) in enumerate(kept, 1)
    )


def market_of(
    universe: Universe,
    ltp: Mapping[str, float],
    stale: Iterable[str] = (),
    deltas: Mapping[str, float] | None = None,
    first: str = TODAY,
) -> Market:
    prices = Prices(universe, ltp, stale, deltas)
    contracts = contracts_of(universe, "NIFTY")
    listed = listed_expiries((WEEK, "2026-12-08", MONTH, NEXT_MONTH), (MONTH, NEXT_MONTH))
    return Market(contracts, listed, first, prices, prices if deltas is not None else None)


def pick(
    market: Market,
    strike: object,
    kind: OptionKind = "CE",
    *,
    expiry: ExpiryWord | str = "weekly",
    reference: ReferenceKind = "spot",
    at: float | None = None,
    leg: float | None = None,
) -> Choice:
    return choose(
        WantedOption(
            kind=kind,
            expiry=expiry,
            strike=parse_strike(strike),
            reference=reference,
            at_paise=None if at is None else paise_exact(at),
            leg_strike_paise=None if leg is None else paise_exact(leg),
        ),
        market,
    )


def strike_of(choice: Choice) -> float:
    assert isinstance(choice, Chosen), choice
    return choice.strike_paise / 100


def waits(choice: Choice) -> str:
    assert isinstance(choice, NotYet), choice
    return choice.reason


def refused(choice: Choice) -> str:
    assert isinstance(choice, Never), choice
    return choice.reason
