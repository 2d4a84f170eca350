"""Flatten recordings of Upstox's WebSocket: frames of many instruments, or records of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from feeds.files.columns import Column, array_of

_NAMES: Final = (
    "ts", "symbol", "ltp", "exchange_ts", "ltq", "bid", "ask", "volume", "oi",
)  # fmt: skip


def is_upstox(held: Any) -> bool:
    """Return whether a JSON document is such a recording."""
    first = held[0] if isinstance(held, list) and held else held
    return isinstance(first, Mapping) and ("feeds" in first or "fullFeed" in first)


def upstox_columns(held: Any) -> dict[str, Column]:
    """Return the rows that have a price, in the order received, under our names."""
    rows = [_row(*found) for found in _feeds(held if isinstance(held, list) else [held])]
    priced = [row for row in rows if row["ltp"] is not None]
    return {name: array_of([row.get(name) for row in priced]) for name in _NAMES}


def _feeds(items: Sequence[Any]) -> Iterator[tuple[Any, str, Mapping[str, Any]]]:
    """Yield time of receipt, instrument and what was sent."""
    for item in items:
        if "feeds" in item:
            for key, feed in item["feeds"].items():
                yield item.get("currentTs"), key, feed
        elif "instrumentKey" in item:
            yield item.get("_insertion_time"), item["instrumentKey"], item


def _row(received: Any, key: str, feed: Mapping[str, Any]) -> dict[str, Any]:
    full = feed.get("fullFeed", {})
    sent = full.get("marketFF") or full.get("indexFF") or feed
    last = sent.get("ltpc", {})
    quotes = sent.get("marketLevel", {}).get("bidAskQuote") or [{}]
    volume = sent.get("vtt")
    return {
        "ts": None if received is None else str(received), "symbol": key, "ltp": last.get("ltp"),
        "exchange_ts": last.get("ltt"), "ltq": last.get("ltq"), "bid": quotes[0].get("bidP"),
        "ask": quotes[0].get("askP"), "volume": None if volume is None else str(volume),
        "oi": sent.get("oi"),
    }  # fmt: skip
