"""The market as the daemon believes it: its quotes map, followed and opened again at a restart."""

from __future__ import annotations

from pathlib import Path

from daemon.domain.instrument import Instrument
from daemon.quotes.place import find_map
from daemon.quotes.reader import QuotesReader, QuotesRefused, SharedQuote


class Market:
    """The last quotes by symbol. `look` at every tick; without a map there are none."""

    def __init__(self, directory: Path) -> None:
        self.problem = ""
        """Why there are no quotes; empty where there are some."""
        self.clock_ns = 0
        """The engine's time: that of the latest row, UTC ns, 0 before the first."""
        self.moved_ns = 0
        """When this process last saw a row arrive, UTC ns of the wall clock."""
        self.instruments: dict[str, Instrument] = {}
        self.moved: list[str] = []
        """The symbols whose rows arrived between the last two looks."""
        self._directory = directory
        self._reader: QuotesReader | None = None
        self._sequences: list[int] = []
        self._places: dict[str, int] = {}
        self._quotes: dict[str, SharedQuote] = {}

    def look(self, now: int) -> bool:
        """Take the rows that arrived since the last look; return whether there were any.

        `now` is the wall clock, UTC ns.
        """
        self.moved = []
        reader = self._open()
        if reader is None:
            return False
        for index, instrument in enumerate(reader.instruments):
            if self._take(reader, index, instrument.tradingsymbol):
                self.moved.append(instrument.tradingsymbol)
        if self.moved:
            self.moved_ns = now
        return bool(self.moved)

    def refresh(self) -> None:
        """Open the map of a daemon that has started since; `newest` needs that."""
        self._open()

    def newest(self, symbol: str) -> SharedQuote | None:
        """Return the quote that a symbol has by now, None before its first.

        Costs nothing of the others, which `look` reads; what it takes, `moved` does not tell.
        """
        index = self._places.get(symbol)
        if self._reader is not None and index is not None:
            self._take(self._reader, index, symbol)
        return self._quotes.get(symbol)

    def quote(self, symbol: str) -> SharedQuote | None:
        """Return the last quote of a symbol, None before its first."""
        return self._quotes.get(symbol)

    def symbols(self) -> list[str]:
        """Return the symbols that have a quote."""
        return list(self._quotes)

    @property
    def beat_ns(self) -> int:
        """When the daemon last said that it lives, UTC ns; 0 without a map."""
        return 0 if self._reader is None else self._reader.heartbeat

    def is_alive(self, now: int) -> bool:
        """Return whether the daemon beats, at `now` (UTC ns)."""
        return self._reader is not None and not self._reader.is_stale(now)

    def close(self) -> None:
        """Unmap the file; harmless twice."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _take(self, reader: QuotesReader, index: int, symbol: str) -> bool:
        """Take a row if another one is there than before."""
        sequence = reader.sequence(index)
        quote = None if sequence == self._sequences[index] else reader.quote(index)
        if quote is None:
            return False
        self._sequences[index] = sequence
        self._quotes[symbol] = quote
        self.clock_ns = max(self.clock_ns, quote.ts)
        return True

    def _open(self) -> QuotesReader | None:
        reader = self._reader
        if reader is not None and not reader.is_replaced():
            return reader
        try:
            fresh = QuotesReader(find_map(self._directory))
        except QuotesRefused as error:
            self.problem = str(error)
            return reader  # what was seen last stays true
        self.close()
        self.problem = ""
        self.clock_ns = 0
        self._reader = fresh
        self._sequences = [0] * len(fresh.instruments)
        self._quotes.clear()
        self._places = {each.tradingsymbol: at for at, each in enumerate(fresh.instruments)}
        self.instruments = {each.tradingsymbol: each for each in fresh.instruments}
        return fresh
