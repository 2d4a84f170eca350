"""The errors of the vocabulary itself."""

from __future__ import annotations


class BadNumber(ValueError):
    """A number that cannot be money: not finite, not whole paise, or out of range."""


class BadIntent(ValueError):
    """An intent with a field of a wrong type, which no journal could hold."""


class InvalidTransition(Exception):
    """A move that is not in the state table; nothing was changed."""

    def __init__(self, order_id: str, state: str, to: str) -> None:
        super().__init__(f"order {order_id}: {state} -> {to} is not a legal move")
        self.order_id = order_id
        self.state = state
        self.to = to
