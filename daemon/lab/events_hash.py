"""One number for what a run decided: retries, machines and variants are compared by it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from daemon.domain.events import TradingEvent, encode_event

HASH_BYTES: Final = 16


def events_hash(events: Iterable[TradingEvent]) -> str:
    """Return BLAKE2b (16 bytes, in hex) over the lines of `journal export`."""
    total = hashlib.blake2b(digest_size=HASH_BYTES)
    for event in events:
        total.update(encode_event(event) + b"\n")
    return total.hexdigest()
