"""What a client of the ticker asks for: JSON text, as Kite's own clients send it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from feeds.kite.wire import U32_MAX, Mode

TOKENS_MAX: Final = 3_000
"""Instruments of one connection, as at Kite."""
DEFAULT_MODE: Final[Mode] = "quote"

Token = Annotated[int, Meta(ge=0, le=U32_MAX)]
Tokens = Annotated[list[Token], Meta(max_length=TOKENS_MAX)]


class _Subscribe(msgspec.Struct, frozen=True, tag_field="a", tag="subscribe"):
    v: Tokens


class _Unsubscribe(msgspec.Struct, frozen=True, tag_field="a", tag="unsubscribe"):
    v: Tokens


class _SetMode(msgspec.Struct, frozen=True, tag_field="a", tag="mode"):
    v: tuple[Literal["ltp", "quote", "full"], Tokens]


_decoder: Final = msgspec.json.Decoder(_Subscribe | _Unsubscribe | _SetMode)


class NotUnderstood(ValueError):
    """A client's message that is no request, or one too many; it changed nothing."""


class Subscription:
    """The instruments of one connection and the mode of each."""

    def __init__(self) -> None:
        self.modes: dict[int, Mode] = {}
        """By instrument token."""

    def obey(self, message: str | bytes) -> set[int]:
        """Do what a message asks; return the tokens whose quotes it wants now.

        A mode for an instrument that is not subscribed subscribes it. Raises NotUnderstood.
        """
        try:
            asked = _decoder.decode(message)
        except (ValueError, RecursionError) as error:
            raise NotUnderstood(f"not a request: {error}") from error
        if isinstance(asked, _Unsubscribe):
            for token in asked.v:
                self.modes.pop(token, None)
            return set()
        if isinstance(asked, _SetMode):
            mode, tokens = asked.v
            return self._set(dict.fromkeys(tokens, mode))
        return self._set({token: self.modes.get(token, DEFAULT_MODE) for token in asked.v})

    def _set(self, wanted: dict[int, Mode]) -> set[int]:
        together = len(self.modes.keys() | wanted.keys())
        if together > TOKENS_MAX:
            raise NotUnderstood(
                f"a connection has at most {TOKENS_MAX} instruments, this would make {together}"
            )
        self.modes.update(wanted)
        return set(wanted)
