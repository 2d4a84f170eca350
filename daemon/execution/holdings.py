"""Open positions by instrument and strategy."""

from __future__ import annotations

from daemon.domain.position import Position


class Holdings:
    """Index the open positions, and keep each strategy's signed quantity.

    An instrument is its index. A position is dropped when its quantity is 0.
    """

    def __init__(self, size: int) -> None:
        self._quantities: list[dict[str, int]] = [{} for _ in range(size)]
        self._positions: list[dict[str, dict[int, Position]]] = [{} for _ in range(size)]
        self._intraday: dict[int, Position] = {}
        self.moved: set[int] = set()
        """The instruments whose quantities have changed; whoever reads this clears it."""

    def opened(self, position: Position, index: int) -> None:
        """Add a position."""
        self.enlarged(position, index, position.quantity)

    def enlarged(self, position: Position, index: int, quantity: int) -> None:
        """Add `quantity` units that a position has gained, perhaps after it had left whole."""
        strategies = self._positions[index]
        strategies.setdefault(position.strategy_id, {})[position.number] = position
        if position.product == "MIS":
            self._intraday[position.number] = position
        self._add(position.strategy_id, index, position.sign * quantity)

    def reduced(self, position: Position, index: int, quantity: int) -> None:
        """Subtract `quantity` units that a position has lost; drop one that is closed."""
        self._add(position.strategy_id, index, -position.sign * quantity)
        if position.quantity:
            return
        self._intraday.pop(position.number, None)
        own = self._positions[index][position.strategy_id]
        del own[position.number]
        if not own:
            del self._positions[index][position.strategy_id]

    def quantity(self, index: int, strategy_id: str) -> int:
        """Return a strategy's signed open quantity of an instrument."""
        return self._quantities[index].get(strategy_id, 0)

    def net(self, index: int) -> int:
        """Return the signed open quantity of an instrument over all strategies."""
        return sum(self._quantities[index].values())

    def of(self, index: int, strategy_id: str) -> list[Position]:
        """Return a strategy's positions of an instrument, by number."""
        own = self._positions[index].get(strategy_id)
        return [] if own is None else [own[number] for number in sorted(own)]

    def intraday(self) -> list[Position]:
        """Return the positions that are squared off, by number."""
        return [self._intraday[number] for number in sorted(self._intraday)]

    def _add(self, strategy_id: str, index: int, quantity: int) -> None:
        self.moved.add(index)
        held = self._quantities[index]
        now = held.get(strategy_id, 0) + quantity
        if now:
            held[strategy_id] = now
        else:
            held.pop(strategy_id, None)
