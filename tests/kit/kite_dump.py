"""A small made-up day of Kite's instruments, with what real days have: a monthly expiry that a
holiday moved, weeklies of one index only, strikes that lie further apart far out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from daemon.domain.instrument import Instrument, InstrumentType
from feeds.contracts.lookup import Contracts
from tests.kit.kite_api import COLUMNS

DAY: Final = dt.date(2026, 11, 18)
MONTHLIES: Final = ("2026-11-23", "2026-12-29", "2027-01-25")
WEEKLIES: Final = ("2026-12-01", "2026-12-08", "2026-12-15")
NIFTY_STRIKES: Final = tuple(range(24_000, 26_001, 50))
BANKNIFTY_STRIKES: Final = (54_000, 54_500, *range(55_000, 57_001, 100), 57_500, 58_000)
_SEGMENT_BYTE: Final = {"NSE": 1, "NFO": 2, "BSE": 4, "BFO": 5, "INDICES": 9}
_TICKS: Final[dict[InstrumentType, int]] = {"FUT": 10, "CE": 5, "PE": 5, "EQ": 10, "INDEX": 5}


class Listing:
    """Gives every instrument its token, as an exchange does."""

    def __init__(self) -> None:
        self.rows: list[Instrument] = []

    def add(
        self,
        symbol: str,
        kind: InstrumentType,
        *,
        exchange: str = "NFO",
        name: str = "",
        lot: int = 1,
        expiry: str = "",
        strike: int = 0,
    ) -> None:
        """One more row; `strike` in rupees."""
        suffix = {"EQ": "", "FUT": "-FUT", "INDEX": ""}.get(kind, "-OPT")
        segment = "INDICES" if kind == "INDEX" else f"{exchange}{suffix}"
        token = (1000 + len(self.rows)) << 8 | _SEGMENT_BYTE.get(segment, _SEGMENT_BYTE[exchange])
        self.rows.append(
            Instrument(
                instrument_token=token, tradingsymbol=symbol, exchange=exchange, segment=segment,
                name=name or symbol, instrument_type=kind, tick_paise=_TICKS[kind], lot_size=lot,
                expiry=expiry, strike_paise=strike * 100,
            )
        )  # fmt: skip

    def add_options(
        self, name: str, expiry: str, strikes: Iterable[int], lot: int, exchange: str = "NFO"
    ) -> None:
        """A call and a put of each strike (rupees). Symbols are not Kite's, on purpose."""
        for strike in strikes:
            for kind in ("CE", "PE"):
                self.add(
                    f"{name}/{expiry[2:].replace('-', '')}/{strike}{kind}", kind, name=name,
                    exchange=exchange, lot=lot, expiry=expiry, strike=strike,
                )  # fmt: skip

    def add_futures(
        self, name: str, expiries: Iterable[str], lot: int, exchange: str = "NFO"
    ) -> None:
        """A future of each expiry."""
        for expiry in expiries:
            self.add(
                f"{name}/{expiry[2:4]}{expiry[5:7]}FUT", "FUT", name=name, exchange=exchange,
                lot=lot, expiry=expiry,
            )  # fmt: skip


def day_rows() -> list[Instrument]:
    """NIFTY with weeklies, BANKNIFTY and RELIANCE without, SENSEX of the other exchange."""
    listing = Listing()
    listing.add("NIFTY 50", "INDEX", exchange="NSE")
    listing.add("NIFTY BANK", "INDEX", exchange="NSE")
    listing.add("SENSEX", "INDEX", exchange="BSE")
    for exchange in ("NSE", "BSE"):
        listing.add("RELIANCE", "EQ", exchange=exchange, name="RELIANCE INDUSTRIES")
    for name, lot in (("NIFTY", 65), ("BANKNIFTY", 30), ("RELIANCE", 500)):
        listing.add_futures(name, MONTHLIES, lot)
    listing.add_futures("SENSEX", ("2026-11-26", "2026-12-31"), 20, "BFO")
    for expiry in sorted((*MONTHLIES, *WEEKLIES)):
        listing.add_options("NIFTY", expiry, NIFTY_STRIKES, 65)
    for expiry in MONTHLIES:
        listing.add_options("BANKNIFTY", expiry, BANKNIFTY_STRIKES, 30)
        listing.add_options("RELIANCE", expiry, range(1_200, 1_801, 20), 500)
    for expiry in ("2026-11-19", "2026-11-26", "2026-12-03"):
        listing.add_options("SENSEX", expiry, range(80_000, 82_001, 100), 20, "BFO")
    return listing.rows


def day_contracts() -> Contracts:
    """The made-up day as `select` takes it."""
    return Contracts(day_rows())


def csv_text(rows: Sequence[Instrument]) -> str:
    """The rows as Kite writes them."""
    lines = [COLUMNS]
    for each in rows:
        kind = "EQ" if each.is_index else each.instrument_type
        tick, lot = ("0", "0") if each.is_index else (f"{each.tick_paise / 100:g}", each.lot_size)
        lines.append(
            f"{each.instrument_token},{each.instrument_token >> 8},{each.tradingsymbol},"
            f'"{each.name}",0,{each.expiry},{each.strike_paise / 100:g},{tick},{lot},{kind},'
            f"{each.segment},{each.exchange}"
        )
    return "\n".join(lines) + "\n"


def write_dump(path: Path, rows: Sequence[Instrument]) -> Path:
    """A dump file of these rows."""
    path.write_text(csv_text(rows))
    return path


def over_on(date: dt.date, *, closed: bool = False) -> IsOverOn:
    """What is over on a date, during its session or after it."""
    return IsOverOn(date, closed)


class IsOverOn:
    """`is_over` without a rulebook."""

    def __init__(self, date: dt.date, closed: bool) -> None:
        self._date, self._closed = date.isoformat(), closed

    def __call__(self, contract: Instrument) -> bool:
        """Whether it expired before the date, or on it with the session closed."""
        if not contract.expiry:
            return False
        return contract.expiry < self._date or (contract.expiry == self._date and self._closed)
