"""Decide what a live feed subscribes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol


class Watchlist(Protocol):
    """Follows the spot and always keeps what is held. Instruments are universe indices."""

    @property
    def spots(self) -> Mapping[str, int]:
        """Return the watched underlyings mapped to the instrument whose price is their spot."""

    def follow(self, spot: int, ltp_paise: int) -> bool:
        """Take a spot's new price; return whether the wanted instruments changed."""

    def wanted(self, held: Iterable[int], looked_at: Iterable[int] = ()) -> frozenset[int]:
        """Return all instruments to subscribe to now; those `looked_at` give way to those held."""

    def take_notes(self) -> list[str]:
        """Return what a trader should know of the watchlist since the last call."""


class FixedWatchlist:
    """The whole universe, all day."""

    def __init__(self, size: int, spots: Mapping[str, int] | None = None) -> None:
        self.spots: Mapping[str, int] = dict(spots or {})
        self._all = frozenset(range(size))

    def follow(self, spot: int, ltp_paise: int) -> bool:
        """Return False: no price changes the list."""
        return False

    def wanted(self, held: Iterable[int], looked_at: Iterable[int] = ()) -> frozenset[int]:
        """Return the whole universe."""
        return self._all

    def take_notes(self) -> list[str]:
        """Return no notes."""
        return []
