"""Keep a window of strikes around the spot."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Final

from daemon.domain.money import ratio
from feeds.contracts.underlyings import nearest
from feeds.kite.sockets import MOST_SOCKETS, MOST_TOKENS

MOST_SUBSCRIBED: Final = MOST_SOCKETS * MOST_TOKENS
_HALF: Final = Fraction(1, 2)


class AtmWindow:
    """One expiry's options around the spot; empty until the first spot is known.

    `grid` has the instruments (indices) of each strike (paise). The middle stays until the spot is
    past the midpoint to a neighbour by more than `hysteresis` of the step to it; then it moves to
    the nearest strike at once, however far. At an end of the grid the window is shorter, and
    `notes` states that once.
    """

    def __init__(
        self,
        label: str,
        spot_index: int,
        grid: Mapping[int, Iterable[int]],
        *,
        each_side: int,
        hysteresis: float,
    ) -> None:
        self.label: Final = label
        self.spot_index: Final = spot_index
        self.strikes: Final = tuple(sorted(grid))
        self.wanted: frozenset[int] = frozenset()
        """The instruments (indices) in the window."""
        self.atm_paise = 0
        """The middle strike; 0 before the first."""
        self.notes: list[str] = []
        self._rows = [frozenset(grid[strike]) for strike in self.strikes]
        self._each_side = each_side
        self._band = _HALF + Fraction(*ratio(hysteresis))
        self._is_cut = False
        # The middle stays while _lower <= spot <= _upper; at first no spot is within.
        self._lower, self._upper = (1, 0) if grid else (-sys.maxsize, sys.maxsize)

    def follow(self, spot_paise: int) -> bool:
        """Take a new spot price; return whether `wanted` changed."""
        if self._lower <= spot_paise <= self._upper:
            return False
        return self._move(spot_paise)

    def _move(self, spot: int) -> bool:
        if spot <= 0:
            return False  # the index has not been computed yet
        strikes, side = self.strikes, self._each_side
        at = nearest(strikes, spot)
        self.atm_paise = middle = strikes[at]
        last = len(strikes) - 1
        # The spot is in whole paise, so it is past a bound exactly if past its integer part.
        self._lower = middle - int(self._band * (middle - strikes[at - 1])) if at else -sys.maxsize
        self._upper = (
            middle + int(self._band * (strikes[at + 1] - middle)) if at < last else sys.maxsize
        )
        if (at < side or at + side > last) and not self._is_cut:
            self._is_cut = True
            self.notes.append(self._cut(at))
        before = self.wanted
        self.wanted = frozenset[int]().union(*self._rows[max(at - side, 0) : at + side + 1])
        return self.wanted != before

    def _cut(self, at: int) -> str:
        low, high = self.strikes[0] / 100, self.strikes[-1] / 100
        below, above = min(at, self._each_side), min(len(self.strikes) - 1 - at, self._each_side)
        return (
            f"{self.label}: the dump's strikes are {low:g} to {high:g}; at {self.atm_paise / 100:g}"
            f" the window has {below} below and {above} above instead of {self._each_side}"
        )


class SpotWatchlist:
    """The watchlist of a live feed whose windows follow the spots.

    `fixed` is always wanted, and so is what is held. `mute` are instruments that Kite has no token
    for (any more); they are never requested. All are indices of the universe.
    """

    def __init__(
        self,
        fixed: frozenset[int],
        windows: Sequence[AtmWindow],
        spots: Mapping[str, int],
        mute: frozenset[int] = frozenset(),
    ) -> None:
        self.spots: Mapping[str, int] = dict(spots)
        """Underlying -> the instrument whose price is its spot."""
        self._fixed = fixed - mute
        self._windows = tuple(windows)
        self._of_spot: dict[int, list[AtmWindow]] = {}
        for window in windows:
            self._of_spot.setdefault(window.spot_index, []).append(window)
        self._mute = mute
        self._open = self._union()

    def follow(self, spot: int, ltp_paise: int) -> bool:
        """Take a spot's new price; return whether what is wanted changed."""
        moved = False
        for window in self._of_spot.get(spot, ()):
            moved |= window.follow(ltp_paise)
        if moved:
            self._open = self._union()
        return moved

    def wanted(self, held: Iterable[int], looked_at: Iterable[int] = ()) -> frozenset[int]:
        """Return all instruments to subscribe to now.

        If they exceed Kite's limit, strikes of windows give way, then those that plans and
        strategies look at, never what is held.
        """
        must, looked = self._fixed.union(held) - self._mute, frozenset(looked_at) - self._mute
        wanted = must | self._open | looked
        if len(wanted) <= MOST_SUBSCRIBED:
            return wanted
        room = max(MOST_SUBSCRIBED - len(must), 0)
        first = sorted(wanted - must, key=lambda index: (index not in looked, index))
        return must.union(first[:room])

    def take_notes(self) -> list[str]:
        """Return the windows' notes since the last call."""
        notes = [note for window in self._windows for note in window.notes]
        for window in self._windows:
            window.notes = []
        return notes

    def _union(self) -> frozenset[int]:
        return frozenset[int]().union(*(window.wanted for window in self._windows)) - self._mute
