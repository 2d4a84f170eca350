"""A strategy without a base class: an object with `on_candle`, and what a view could be asked."""

from __future__ import annotations

from typing import Any


class Asking:
    """Asks everything that a view of version 0.2.0 answers, and trades nothing."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_candle(self, candle: Any, view: Any) -> None:
        symbol = candle.tradingsymbol
        self.seen.append((
            view.now, view.session_open, view.symbols, view.ltp(symbol), view.position(symbol),
            view.waiting(symbol), view.instrument(symbol).lot_size, len(view.history(symbol)),
        ))  # fmt: skip
        assert isinstance(view.now, int)
        assert isinstance(view.session_open, int)
        assert symbol in view.symbols
        assert view.ltp(symbol) is not None
