"""Track what one connection should carry and what it was asked for, and make the messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, Literal, NamedTuple

import msgspec

Mode = Literal["ltp", "quote", "full"]
"""The amount that Kite sends per instrument: last price, plus volume and OHLC, plus depth."""

BATCH_TOKENS: Final = 200
"""Tokens in one message (what third parties found to be safe)."""


class Request(NamedTuple):
    """A message to Kite; `mode` is set only where the action is `mode`."""

    action: Literal["subscribe", "unsubscribe", "mode"]
    tokens: tuple[int, ...]
    mode: Mode | None = None

    def encode(self) -> bytes:
        """Return the message as JSON in the form of Kite's documentation."""
        value = self.tokens if self.mode is None else (self.mode, self.tokens)
        return msgspec.json.encode({"a": self.action, "v": value})


class Subscription:
    """The difference between what is wanted and what the connection was asked for.

    It is taken batch by batch. What is wanted may change in between, and a token no longer wanted
    by then is never requested.
    """

    def __init__(self, batch_tokens: int = BATCH_TOKENS):
        self._batch_tokens = batch_tokens
        self._wanted: dict[int, Mode] = {}
        self._asked: dict[int, Mode] = {}

    def want(self, tokens: Mapping[int, Mode]) -> None:
        """Replace the wanted set; tokens are requested in its order."""
        self._wanted = dict(tokens)

    def forget(self) -> None:
        """Forget all requests, for a new connection."""
        self._asked = {}

    def next_batch(self) -> list[Request]:
        """Return the next messages to send together, at most one batch of tokens; [] if none are
        left.

        By documentation Kite gives a fresh subscription the quote mode, but some clients found none
        set, so the mode is always sent right after its tokens. Unwanted tokens leave first: a
        connection may never exceed its limit.
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
        return (entry for entry in self._wanted.items() if asked.get(entry[0]) != entry[1])

    def _some(self, tokens: Iterator[int]) -> tuple[int, ...]:
        return tuple(islice(tokens, self._batch_tokens))
