"""What a strategy saves for the next process, and up to where it had seen and heard by then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from daemon.domain.candle import Candle
from daemon.domain.carry_over import SavedState
from daemon.domain.update import Update
from daemon.errors import ConfigError

STATE_BYTES_MAX: Final = 65_536
_encoder: Final = msgspec.json.Encoder(order="deterministic")


class Memory:
    """The state of one strategy, saved only after something was shown to it."""

    def __init__(self) -> None:
        self.boundary = -1
        """The end of the candles (UTC ns) that were shown before it was saved."""
        self.seq = 0
        """The last update that was heard before it was saved."""
        self.saved: SavedState | None = None
        self._latest_boundary = -1
        self._latest_seq = 0
        self._is_changed = False

    def note(self, shown: object) -> None:
        """Note what a strategy is shown."""
        self._is_changed = True
        if isinstance(shown, Candle):
            self._latest_boundary = shown.end_ts
        elif isinstance(shown, Update):
            self._latest_seq = max(self._latest_seq, shown.seq)

    def save(self, save: Callable[[], Any]) -> str:
        """Save the state if it may have changed; return what is wrong with it, else nothing.

        The state before stays then.
        """
        if not self._is_changed:
            return ""
        self._is_changed = False
        try:
            state = save()
            if not isinstance(state, dict):
                return f"save: expected a dict, was {type(state).__name__}"
            encoded = _encoder.encode(state)
        except Exception as error:  # noqa: BLE001  (the boundary to the user's code)
            return f"save: {type(error).__name__}: {error}"
        if len(encoded) > STATE_BYTES_MAX:
            return f"save: expected at most {STATE_BYTES_MAX} bytes of JSON, was {len(encoded)}"
        self.saved = SavedState(self._latest_seq, self._latest_boundary, encoded.decode())
        return ""

    def load(self, strategy_id: str, load: Callable[[Any], Any], saved: SavedState) -> None:
        """Give a strategy what it saved. Raises ConfigError with what it raises."""
        try:
            load(msgspec.json.decode(saved.state))
        except Exception as error:
            raise ConfigError(
                f"strategy {strategy_id!r}: load: {type(error).__name__}: {error}"
            ) from error
        self.saved = saved
        self.boundary = self._latest_boundary = saved.boundary
        self.seq = self._latest_seq = saved.seq
