"""Stops and targets that are compared with another price than the last (`stop_basis`)."""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.position import Position
from daemon.market.book import Book


class Met(NamedTuple):
    """A position whose stop or target a price (paise) has met."""

    number: int
    price_paise: int


class OtherBases:
    """The positions whose levels go by the side that they leave on, or by the closes of candles."""

    def __init__(self) -> None:
        self._by_side: dict[int, dict[int, Position]] = {}
        self._by_close: dict[tuple[str, str], dict[int, Position]] = {}

    def add(self, position: Position, book: Book) -> None:
        """Watch a position, if its levels go by another price than the last."""
        basis = position.exits.stop_basis
        if basis == "exit_side":
            self._by_side.setdefault(book.index, {})[position.number] = position
            book.watch_sides(True)
        elif basis == "candle_close":
            key = (position.tradingsymbol, position.timeframe)
            self._by_close.setdefault(key, {})[position.number] = position

    def forget(self, position: Position, book: Book) -> None:
        """Watch a position no longer."""
        basis = position.exits.stop_basis
        if basis == "exit_side":
            there = self._by_side.get(book.index, {})
            there.pop(position.number, None)
            book.watch_sides(bool(there))
        elif basis == "candle_close":
            key = (position.tradingsymbol, position.timeframe)
            self._by_close.get(key, {}).pop(position.number, None)

    def met_by_side(self, book: Book) -> list[Met]:
        """Return what the tick just taken by a book has met, by number.

        Without a price on the side that a position leaves on the last price is compared.
        """
        watched = self._by_side.get(book.index)
        if not watched:
            return []
        found: list[Met] = []
        for number, position in sorted(watched.items()):
            price = (book.bid if position.sign > 0 else book.ask) or book.ltp
            if position.pending is None and is_level_met(position, price):
                found.append(Met(number, price))
        return found

    def by_close(self, symbol: str, timeframe: str) -> list[Position]:
        """Return the positions whose levels go by the closes of a symbol's bars, by number."""
        watched = self._by_close.get((symbol, timeframe))
        return [watched[number] for number in sorted(watched)] if watched else []


def is_level_met(position: Position, price: int) -> bool:
    """Return whether a price (paise) is at the stop or the target of a position, or beyond."""
    sign, stop, target = position.sign, position.stop_paise, position.target_paise
    if target is not None and sign * (price - target) >= 0:
        return True
    return stop is not None and sign * (price - stop) <= 0
