"""Kite's text messages: none of them is market data; all are counted, one kind is shown."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

MOST_TEXT_BYTES: Final = 64 * 1024
"""An order postback has 2 KB. What is much longer is counted and not looked into."""
MOST_KINDS: Final = 32
"""Kinds counted by name; those met after them are counted together."""
SHOWN_CHARACTERS: Final = 200
KIND_CHARACTERS: Final = 40


class _Text(msgspec.Struct):
    type: str
    data: msgspec.Raw = msgspec.Raw()


class TextCounts:
    """How many text messages came, by kind, and how many were no message at all.

    `order` postbacks come unasked for orders placed anywhere by the user: this process has
    none, so they are no concern of it. Kite adds new kinds without notice.
    """

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.malformed = 0

    def take(self, text: bytes) -> str | None:
        """Count one message; the words of it if it is an error that Kite reports."""
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


def shown(text: str, secrets: tuple[str, ...]) -> str:
    """Words of the other side, fit for one line of ours: short, printable, without secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    line = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(line[:SHOWN_CHARACTERS].split())
