"""Map Kite's instrument_token to the index in the universe, whole columns at a time."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.instrument import Universe
from daemon.domain.ticks import UNKNOWN_INSTRUMENT, Int32s, Int64s
from feeds.kite.wire import CURRENCY_SEGMENTS, U32_MAX

Uint32s = npt.NDArray[np.uint32]


class TokenTable:
    """The universe's tokens in order, searched by bisection.

    Tokens that no packet can carry (outside 32 bits) and those of currency segments, whose prices
    are not paise, are left out and never found.
    """

    def __init__(self, universe: Universe) -> None:
        found = sorted(
            (instrument.instrument_token, index)
            for index, instrument in enumerate(universe)
            if 0 <= instrument.instrument_token <= U32_MAX
            and instrument.instrument_token & 0xFF not in CURRENCY_SEGMENTS
        )
        tokens = [token for token, _ in found]
        self._tokens: Final[Uint32s] = np.array(tokens, dtype=np.uint32)
        # A search beyond the last token ends on an entry that no token equals.
        self._found: Final[Int64s] = np.array([*tokens, -1], dtype=np.int64)
        self._indices: Final[Int32s] = np.array(
            [*(index for _, index in found), UNKNOWN_INSTRUMENT], dtype=np.int32
        )
        self._index_of: Final = dict(found)

    def index_of(self, token: int) -> int:
        """Return the index of one token, UNKNOWN_INSTRUMENT if it has none."""
        return self._index_of.get(token, UNKNOWN_INSTRUMENT)

    def find(self, tokens: Uint32s) -> tuple[Int32s, npt.NDArray[np.bool_] | None]:
        """Return the index of each token (int32) and a mask of known ones, None if all are known.

        The index of an unknown token is UNKNOWN_INSTRUMENT.
        """
        at = self._tokens.searchsorted(tokens)
        indices: Int32s = self._indices.take(at)
        known = self._found.take(at) == tokens
        if known.all():
            return indices, None
        indices[~known] = UNKNOWN_INSTRUMENT
        return indices, known
