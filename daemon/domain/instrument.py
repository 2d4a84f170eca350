"""A tradable contract or an index, with Kite's names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from daemon.domain.dates import parse_date

InstrumentType = Literal["EQ", "FUT", "CE", "PE", "INDEX"]
DEFAULT_TICK_PAISE: Final = 5
DEFAULT_LOT_SIZE: Final = 1


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the contract table. Prices in paise, quantities in units (not lots).

    Raises ValueError for an `expiry` that is neither empty nor YYYY-MM-DD: expiries are compared as
    text everywhere, which is right only for that form.
    """

    instrument_token: int
    tradingsymbol: str
    exchange: str = "NFO"
    segment: str = "NFO-OPT"
    name: str = ""
    """The underlying's name (`NIFTY`), as in Kite's dump."""
    instrument_type: InstrumentType = "FUT"
    tick_paise: int = DEFAULT_TICK_PAISE
    lot_size: int = DEFAULT_LOT_SIZE
    expiry: str = ""
    """ISO date of the contract's own expiry, empty if it has none."""
    strike_paise: int = 0
    freeze_quantity: int = 0
    """Largest quantity of one order, 0 if unknown."""
    has_contract_row: bool = True
    """False if tick and lot are defaults because the symbol has no contract row."""

    def __post_init__(self) -> None:
        """Refuse any other form of `expiry`, whatever the source of the instrument."""
        if self.expiry and parse_date(self.expiry) != self.expiry:
            raise ValueError(f"expected an expiry as YYYY-MM-DD, was {self.expiry!r}")

    @property
    def is_index(self) -> bool:
        """True for an index, which has a price and cannot be traded."""
        return self.instrument_type == "INDEX"

    @property
    def is_option(self) -> bool:
        """True for CE and PE."""
        return self.instrument_type in ("CE", "PE")

    @property
    def is_contract(self) -> bool:
        """True for futures and options, which expire."""
        return self.instrument_type in ("FUT", "CE", "PE")


class Universe:
    """The instruments of a run in declaration order; the rest of the program uses their index."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.instruments: Final = tuple(instruments)
        self._by_symbol = {each.tradingsymbol: at for at, each in enumerate(self.instruments)}
        self._by_token = {each.instrument_token: at for at, each in enumerate(self.instruments)}
        if len(self._by_symbol) != len(self.instruments):
            raise ValueError("expected each tradingsymbol once in the universe")
        if len(self._by_token) != len(self.instruments):
            raise ValueError("expected each instrument_token once in the universe")

    def __len__(self) -> int:
        return len(self.instruments)

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self.instruments)

    def __getitem__(self, index: int) -> Instrument:
        return self.instruments[index]

    def index_of(self, tradingsymbol: str) -> int | None:
        """Return the index of a symbol, None if it is not in the universe."""
        return self._by_symbol.get(tradingsymbol)

    def index_of_token(self, instrument_token: int) -> int | None:
        """Return the index of a Kite instrument_token, None if it is not in the universe."""
        return self._by_token.get(instrument_token)

    @property
    def symbols(self) -> tuple[str, ...]:
        """All tradingsymbols in declaration order."""
        return tuple(each.tradingsymbol for each in self.instruments)
