"""What is wanted of one connection, what it was asked for, and the messages between the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, Literal, NamedTuple

import msgspec

Mode = Literal["ltp", "quote", "full"]
"""How much of an instrument Kite sends: last price; with volume and OHLC; with depth and OI."""

BATCH_TOKENS: Final = 200
"""Tokens in one message (domain.md section 1: what third parties found to be safe)."""


class Request(NamedTuple):
    """One message to Kite; `mode` is set where the action is `mode`, and only there."""

    action: Literal["subscribe", "unsubscribe", "mode"]
    tokens: tuple[int, ...]
    mode: Mode | None = None

    def encode(self) -> bytes:
        """As JSON, the way Kite's documentation has it."""
        value = self.tokens if self.mode is None else (self.mode, self.tokens)
        return msgspec.json.encode({"a": self.action, "v": value})


class Subscription:
    """The difference between what is wanted and what the connection was asked for.

    It is taken batch by batch: what is wanted may change between two of them, and a token that
    is no longer wanted by then is never asked for.
    """

    def __init__(self, batch_tokens: int = BATCH_TOKENS):
        self._batch_tokens = batch_tokens
        self._wanted: dict[int, Mode] = {}
        self._asked: dict[int, Mode] = {}

    def want(self, tokens: Mapping[int, Mode]) -> None:
        """Replace the whole wanted set; its order is the order in which tokens are asked for."""
        self._wanted = dict(tokens)

    def forget(self) -> None:
        """A new connection knows nothing of what the one before was asked for."""
        self._asked = {}

    def next_batch(self) -> list[Request]:
        """The next messages to send together, at most one batch of tokens; [] if all was asked.

        Kite gives a fresh subscription the quote mode, and some clients found it to give none,
        so the mode is always said, right after the tokens it is for. Tokens leave first: a
        connection may never hold more than its limit.
        """
        gone = self._some(token for token in self._asked if token not in self._wanted)
        if gone:
            for token in gone:
                del self._asked[token]
            return [Request("unsubscribe", gone)]
        mode = next((mode for _, mode in self._missing()), None)
        if mode is None:
            return []
        tokens = self._some(token for token, its in self._missing() if its == mode)
        new = tuple(token for token in tokens if token not in self._asked)
        self._asked.update(dict.fromkeys(tokens, mode))
        subscribe = [Request("subscribe", new)] if new else []
        return [*subscribe, Request("mode", tokens, mode)]

    def _missing(self) -> Iterator[tuple[int, Mode]]:
        asked = self._asked
        return (each for each in self._wanted.items() if asked.get(each[0]) != each[1])

    def _some(self, tokens: Iterator[int]) -> tuple[int, ...]:
        return tuple(islice(tokens, self._batch_tokens))
