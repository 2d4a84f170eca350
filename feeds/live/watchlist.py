"""What a live feed subscribes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol


class Watchlist(Protocol):
    """Follows the spot, and never lets go of what is held. Instruments are universe indices."""

    @property
    def spots(self) -> Mapping[str, int]:
        """Underlying -> the instrument whose price is its spot, as far as they are watched."""

    def follow(self, spot: int, ltp_paise: int) -> bool:
        """A new price of a spot; True if what is wanted has changed."""

    def wanted(self, held: Iterable[int]) -> frozenset[int]:
        """All instruments to subscribe to now."""

    def take_notes(self) -> list[str]:
        """What a trader should know of it, since the last call."""


class FixedWatchlist:
    """Everything in the universe, all day."""

    def __init__(self, size: int, spots: Mapping[str, int] | None = None) -> None:
        self.spots: Mapping[str, int] = dict(spots or {})
        self._all = frozenset(range(size))

    def follow(self, spot: int, ltp_paise: int) -> bool:
        """No price changes it."""
        return False

    def wanted(self, held: Iterable[int]) -> frozenset[int]:
        """All."""
        return self._all

    def take_notes(self) -> list[str]:
        """Nothing happens to it."""
        return []
