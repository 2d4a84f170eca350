"""Count Kite's text messages, which hold no market data; one kind is shown."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

MOST_TEXT_BYTES: Final = 64 * 1024
"""An order postback has 2 KB. Much longer messages are counted without decoding them."""
MOST_KINDS: Final = 32
"""Kinds counted by name; later ones are counted together."""
SHOWN_CHARACTERS: Final = 200
KIND_CHARACTERS: Final = 40


class _Text(msgspec.Struct):
    type: str
    data: msgspec.Raw = msgspec.Raw()


class TextCounts:
    """Counts of text messages by kind, and of those that could not be decoded.

    `order` postbacks come unasked for the user's orders placed elsewhere; this process places none
    and ignores them. Kite adds new kinds without notice.
    """

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.malformed = 0

    def take(self, text: bytes) -> str | None:
        """Count one message; return its text if it is an error that Kite reports."""
        if len(text) > MOST_TEXT_BYTES:
            self.malformed += 1
            return None
        try:
            message = msgspec.json.decode(text, type=_Text)
            is_error = message.type == "error"
            words = msgspec.json.decode(message.data, type=str) if is_error else None
        except (msgspec.DecodeError, ValueError, RecursionError):
            self.malformed += 1
            return None
        self.kinds[self._kind(message.type)] += 1
        return words

    def _kind(self, kind: str) -> str:
        short = kind[:KIND_CHARACTERS]
        return short if short in self.kinds or len(self.kinds) < MOST_KINDS else "others"


def printable(text: str, secrets: tuple[str, ...]) -> str:
    """Return the other side's text for one log line: short, printable, without secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    line = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(line[:SHOWN_CHARACTERS].split())
